"""A field of this app's own."""

from __future__ import annotations

from typing import Any

from apps.celldose.rules import identifiers
from studyportal.crf.fields import TextField


class IdentifierField(TextField):
    """A donation number or another label. A number is stored without its groups, however it was typed or scanned."""

    def parse(self, raw: Any) -> str | None:
        text = super().parse(raw)
        return None if text is None else identifiers.compact(text)
