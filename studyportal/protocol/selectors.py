"""Reads: the JSON Schema, the registered versions."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from .schema import Protocol

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from .models import ProtocolVersion


@cache
def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the protocol file. Checks across parts, such as names, are the loader's alone."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Protocol.model_json_schema(),
        "title": "Protocol of a cohort study",
    }


def versions() -> QuerySet[ProtocolVersion]:
    """Registered versions, newest first, without their texts."""
    from .models import ProtocolVersion

    return ProtocolVersion.objects.defer("text")
