"""Why a value changes: a code of the pick-list, with words. One parser for pages, API, imports and jobs.

parse("Digits exchanged")                                         other, with that text
parse({"code": "transcription_error", "text": "digits exchanged"})
parse(None), parse("")                                            none was given
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MAX_TEXT = 1000
MIN_TEXT = 3  # of a reason that has no code of its own


class ChangeReason(TextChoices):
    TRANSCRIPTION_ERROR = "transcription_error", gettext_lazy("Transcription error")
    SOURCE_CORRECTED = "source_corrected", gettext_lazy("Source document corrected")
    ARRIVED_LATER = "arrived_later", gettext_lazy("Information arrived later")
    QUERY_ANSWERED = "query_answered", gettext_lazy("Query answered")
    WRONG_UNIT = "wrong_unit", gettext_lazy("Wrong unit")
    WRONG_RECORD = "wrong_record", gettext_lazy("Wrong participant or visit")
    DUPLICATE_ENTRY = "duplicate_entry", gettext_lazy("Duplicate entry")
    PROTOCOL_AMENDMENT = "protocol_amendment", gettext_lazy("Protocol amendment")
    OTHER = "other", gettext_lazy("Other reason")


@dataclass(frozen=True)
class Reason:
    """code: one of ChangeReason. str() is what stands in the history, in English whoever writes."""

    code: str
    text: str = ""

    def __str__(self) -> str:
        if self.code == ChangeReason.OTHER:
            return self.text
        with translation.override("en"):
            label = str(ChangeReason(self.code).label)
        return f"{label}: {self.text}" if self.text else label


class ReasonError(ValueError):
    """What was given is no reason: code and message as for any value."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def parse(raw: Any) -> Reason | None:
    """The reason that was given, None when there is none. Raises ReasonError."""
    if raw is None or isinstance(raw, Reason):
        return raw
    if isinstance(raw, str | Promise):
        text = _text(raw)
        return Reason(ChangeReason.OTHER, _long_enough(text)) if text else None
    if not isinstance(raw, Mapping):
        raise ReasonError("type", _("Give the reason as text, or as {“code”: …, “text”: …}."))
    if unknown := [str(name)[:40] for name in raw if name not in ("code", "text")]:
        raise ReasonError(
            "unknown_field", _("A reason has code and text, not %s.") % ", ".join(sorted(unknown))
        )
    code, text = raw.get("code"), _text(raw.get("text"))
    if code is None or code == "":
        if text:
            raise ReasonError("code_required", _("Name the code of the reason. %s") % _codes())
        return None
    if not isinstance(code, str) or code not in ChangeReason.values:
        raise ReasonError("reason_code", _("“%s” is no reason.") % str(code)[:60] + " " + _codes())
    if code == ChangeReason.OTHER:
        _long_enough(text)
    return Reason(str(ChangeReason(code)), text)


def of_form(posted: Mapping[str, Any], *, code: str = "reason_code", text: str = "reason") -> Any:
    """What a page sends under these names, as `parse` takes it. Text alone is another reason."""
    code, text = posted.get(code) or "", posted.get(text) or ""
    return {"code": code, "text": text} if code else text


def _text(raw: Any) -> str:
    if raw is None:
        return ""
    if not isinstance(raw, str | Promise):
        raise ReasonError("type", _("Give the reason as text."))
    text = str(raw).strip()
    if len(text) > MAX_TEXT:
        raise ReasonError("max_length", _("At most %d characters.") % MAX_TEXT)
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ReasonError("nul_character", _("The reason contains a character that no text has."))
    return text


def _long_enough(text: str) -> str:
    if len(text) < MIN_TEXT:
        raise ReasonError(
            "too_short", _("Say in words which other reason, in %d characters or more.") % MIN_TEXT
        )
    return text


def _codes() -> str:
    return _("Reasons: %s.") % ", ".join(ChangeReason.values)
