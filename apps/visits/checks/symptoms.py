"""What is asked about symptoms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studyportal.crf.outcomes import Finding


def fainting_asks_for_event(values: Mapping[str, Any], context: Mapping[str, Any]) -> Iterable[Finding]:
    if values.get("fainting") is True:
        yield Finding(
            "fainting", "fainting", "Fainting is reported. Was it hypoglycaemia, and is the event recorded?"
        )
