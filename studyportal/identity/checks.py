"""`manage.py check`: the keys of identities have the shape of keys."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from studyportal.identity import sealing


@register()
def keys_are_keys(**kwargs: Any) -> list[CheckMessage]:
    if settings.IDENTITY_CLOSED:
        return []
    wrong = sealing.faults(
        settings.IDENTITY_KEYS, settings.IDENTITY_INDEX_KEY, other_secrets=(settings.SECRET_KEY or "",)
    )
    return [Error(said, id="identity.E001") for said in wrong]
