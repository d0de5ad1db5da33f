"""Every change of an entry of the screening log and of its answers, with the overrides, newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from apps.enrolment.models import EligibilityAnswer, EligibilityOverride, ScreeningEntry
from apps.enrolment.selectors.eligibility import criteria
from studyportal.audit.selectors import Change, changes, event_model_of, history_of
from studyportal.ui.parts import Change as Shown
from studyportal.ui.parts import FieldChange

# What the page tells by other means, or what says nothing to a reader.
UNTOLD = frozenset(
    {
        "entry",
        "site",
        "criterion",
        "explained_value",
        "answered_at",
        "answered_by",
        "entered_by",
        "number",
        "protocol_version",
    }
)


def of(entry: ScreeningEntry) -> list[Shown]:
    """Three queries."""
    told = [_shown(ScreeningEntry, change, entry=entry) for change in history_of(entry)]
    told += [*_answers(entry), *_overrides(entry)]
    return _together(sorted(told, key=lambda change: change.at, reverse=True))  # type: ignore[arg-type, return-value]


def _together(told: list[Shown]) -> list[Shown]:
    """What was saved at one moment, by one person and for one reason, as one change."""
    found: list[Shown] = []
    for change in told:
        last = found[-1] if found else None
        if last is not None and (last.at, last.by, last.reason) == (change.at, change.by, change.reason):
            label = last.label if last.label == change.label else "update"
            found[-1] = replace(last, label=label, fields=(*last.fields, *change.fields))
        else:
            found.append(change)
    return found


def _shown(model: Any, change: Change, about: str = "", entry: ScreeningEntry | None = None) -> Shown:
    fields = tuple(
        FieldChange(
            one.name,
            f"{about}: {one.label}" if about else one.label,
            _words(model, one.name, one.before, entry),
            _words(model, one.name, one.after, entry),
        )
        for one in change.fields
        if one.name not in UNTOLD and (one.before or one.after)
    )
    return Shown(change.at, change.by, change.source, change.reason, change.label, fields)


def _words(model: Any, name: str, value: Any, entry: ScreeningEntry | None) -> Any:
    """A code as people read it; the participant by code."""
    if name == "participant" and entry is not None and entry.participant is not None and value:
        return entry.participant.code
    choices = dict(model._meta.get_field(name).flatchoices)
    return choices.get(value, value) if choices else value


def _answers(entry: ScreeningEntry) -> Iterator[Shown]:
    events: dict[int, list[Any]] = defaultdict(list)
    found = event_model_of(EligibilityAnswer)._default_manager.filter(entry_id=entry.pk).order_by("pgh_id")
    for event in found:
        events[event.pgh_obj_id].append(event)
    for own in events.values():
        key = own[0].criterion
        about = str(criteria()[key].text) if key in criteria() else key
        for change in changes(EligibilityAnswer, own):
            yield _shown(EligibilityAnswer, change, about)


def _overrides(entry: ScreeningEntry) -> Iterator[Shown]:
    for one in EligibilityOverride.objects.filter(entry=entry).order_by("id"):
        about = _("%(criterion)s: overridden") % {"criterion": one.criterion_text}
        field = FieldChange(
            "override", about, one.get_answer_display() if one.answer else None, _("set aside")
        )
        yield Shown(one.signed_at, one.signer_name, _("signed"), one.reason, _("Overridden"), (field,))
