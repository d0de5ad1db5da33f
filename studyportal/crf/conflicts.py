"""Two people at one form: both values of each field, with what stood there when the second one opened it.

Where only one of them changed a field, that value is proposed; where both did, the person's own. The person decides field
by field (`keep-<field>` = "mine" or "theirs"), and saves what comes of it with the newest version in hand.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.http import QueryDict

from studyportal.audit.selectors import event_model_of
from studyportal.crf.absence import label_of
from studyportal.crf.fields import CrfField, MultiCodedField
from studyportal.crf.spec import CrfSpec

KEEP = "keep-"
Side = Literal["mine", "theirs"]


@dataclass(frozen=True)
class Difference:
    """One field in words. before: what stood when the form was opened, None when that is not known.

    both: theirs and mine were changed. proposed: which one is chosen until the person chooses.
    """

    name: str
    label: str
    theirs: str
    mine: str
    before: str | None
    both: bool
    proposed: Side

    @property
    def control(self) -> str:
        return f"{KEEP}{self.name}"

    def as_json(self) -> dict[str, Any]:
        return {
            "field": self.name,
            "label": self.label,
            "theirs": self.theirs,
            "yours": self.mine,
            "before": self.before,
            "both_changed": self.both,
        }


@dataclass(frozen=True)
class _Said:
    """What a field says: comparable, and in words."""

    text: str
    absent: str
    words: str

    def same(self, other: _Said) -> bool:
        return (self.text, self.absent) == (other.text, other.absent)


def differences(
    spec: CrfSpec, raw: Mapping[str, Any], current: Any, *, seen: int, partial: bool = False
) -> list[Difference]:
    """Where what was typed differs from the record as it is now; one query for what was seen.

    raw: as the cleaning takes it. seen: the version that the person had. partial: what raw does not name is not meant.
    Times are said in the active zone.
    """
    before = _version(current, seen)
    given = raw.get("absent")
    absent: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    found = []
    for name, crf_field in spec.entered_fields.items():
        if partial and name not in raw and name not in absent:
            continue
        theirs = _held(crf_field, name, current)
        mine = _typed(crf_field, raw.get(name), str(absent.get(name) or ""))
        if mine.same(theirs):
            continue
        base = None if before is None else _held(crf_field, name, before)
        they_changed = base is None or not theirs.same(base)
        i_changed = base is None or not mine.same(base)
        found.append(
            Difference(
                name=name,
                label=crf_field.label,
                theirs=theirs.words or "–",
                mine=mine.words or "–",
                before=None if base is None else base.words or "–",
                both=base is not None and they_changed and i_changed,
                # Nothing typed is proposed over something saved only where it is known that it was taken out.
                proposed="mine" if i_changed and (base is not None or mine.words) else "theirs",
            )
        )
    return found


def chosen(spec: CrfSpec, raw: dict[str, Any], posted: QueryDict, current: Any) -> tuple[dict, dict]:
    """What is saved, and what is shown again, when "theirs" was chosen of some fields.

    Saved is what was typed without those: they keep what they hold. Shown is the form as it will be.
    """
    theirs = [name for name in spec.entered_fields if posted.get(f"{KEEP}{name}") == "theirs"]
    if not theirs:
        return raw, raw
    absent = dict(raw.get("absent") or {})
    saved = {name: value for name, value in raw.items() if name not in theirs}
    saved["absent"] = {name: why for name, why in absent.items() if name not in theirs}
    shown = copy.copy(raw)
    shown["absent"] = absent | {name: current.absent_reason(name) for name in theirs}
    for name in theirs:
        shown[name] = as_typed(spec.fields[name], getattr(current, name))
    return saved, shown


def as_typed(crf_field: CrfField, value: Any) -> Any:
    """A value as a page would have posted it: a list of codes where several may be chosen, text elsewhere."""
    return list(value or []) if isinstance(crf_field, MultiCodedField) else crf_field.as_text(value)


def _version(current: Any, seen: int) -> Any:
    """The record as it stood at that version, from its history."""
    events = event_model_of(type(current))._default_manager
    return events.filter(pgh_obj_id=current.pk, version=seen).order_by("-pgh_id").first()


def _held(crf_field: CrfField, name: str, record: Any) -> _Said:
    value = getattr(record, name)
    absent = str((record.absent or {}).get(name, ""))
    words = crf_field.for_people(value) or (label_of(absent) if absent else "")
    return _Said(crf_field.as_text(value), absent, words)


def _typed(crf_field: CrfField, raw: Any, absent: str) -> _Said:
    if absent:
        return _Said("", absent, label_of(absent))
    try:
        value = crf_field.parse(raw)
    except ValidationError:
        text = crf_field.typed_for_people(raw)
        return _Said(text, "", text[:200])
    return _Said(crf_field.as_text(value), "", crf_field.for_people(value))
