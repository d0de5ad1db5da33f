"""Deviations that rules find: raised, changed and taken back with the record that shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from studyportal.access.models import User
from studyportal.deviations import rules
from studyportal.deviations.models import Deviation, DeviationState
from studyportal.words import stored


@dataclass(frozen=True)
class Found:
    """A departure that a rule found.

    classification: minor, major or critical. kind: one of models.Kind, what was departed from. occurred_on: the day on
    which it happened, at the site; None when the day is not known to the day.
    """

    code: str
    description: str  # a `Said`, so that it is read in every language
    classification: str
    kind: str = "other"
    occurred_on: dt.date | None = None


# Always within the save of a record, whose fate it shares: no savepoint of its own.
@transaction.atomic(savepoint=False)
def reconcile(*, record: Any, form: str, found: Iterable[Found], by: User | None) -> list[Deviation]:
    """Make the rule-raised deviations of a record agree with what its rules find now; returns those that stand.

    A deviation that is no longer found is kept as "no longer present": it was seen by people. One query, and one for
    each deviation that changes.
    """
    held = Deviation.objects.filter(form=form, object_id=record.pk, raised_by__isnull=True)
    known = {deviation.code: deviation for deviation in _locked(held)}
    standing: list[Deviation] = []
    for one in found:
        deviation = known.pop(one.code, None)
        if deviation is None:
            deviation = _raise(
                one, form=form, pk=record.pk, site_id=record.site_id, participant_id=record.participant_id
            )
        else:
            _stands(deviation, one)
        standing.append(deviation)
    for deviation in known.values():
        _no_longer(deviation)
    return standing


@transaction.atomic(savepoint=False)
def agree(
    *, participant: Any, form: str, code: str, found: Mapping[int, Found | None], by: User | None
) -> None:
    """Make the deviations with one code agree, over many records of a form, with what a rule finds of each now.

    found: id of the record → what was found, or None. One query, and one for each deviation that changes.
    """
    held = Deviation.objects.filter(
        participant=participant, form=form, code=code, object_id__in=found, raised_by__isnull=True
    )
    known = {deviation.object_id: deviation for deviation in _locked(held)}
    for pk, one in found.items():
        deviation = known.get(pk)
        if one is not None and deviation is None:
            _raise(one, form=form, pk=pk, site_id=participant.site_id, participant_id=participant.pk)
        elif one is not None and deviation is not None:
            _stands(deviation, one)
        elif deviation is not None:
            _no_longer(deviation)


def _locked(held: QuerySet[Deviation]) -> Iterable[Deviation]:
    """Whoever settles one of them meanwhile waits, so that neither writes over the other."""
    return held.select_for_update(of=("self",)).order_by("id")


def _raise(one: Found, *, form: str, pk: int, site_id: int, participant_id: int) -> Deviation:
    return Deviation.objects.create(
        site_id=site_id,
        participant_id=participant_id,
        form=form,
        object_id=pk,
        code=one.code,
        **_sentence(one),
        classification=one.classification,
        found_classification=one.classification,
        kind=one.kind,
        occurred_on=one.occurred_on,
    )


def _stands(deviation: Deviation, one: Found) -> None:
    """It is found now, too: with other words, or again.

    A person's own classification stays until the rule says something else than it did. A closed deviation that turns
    out graver than it was is open again: it was closed for less.
    """
    was = deviation.classification
    now = was if one.classification == (deviation.found_classification or was) else one.classification
    changed: dict[str, Any] = {
        "description": one.description,
        "classification": now,
        "found_classification": one.classification,
        "kind": one.kind,
        "occurred_on": one.occurred_on,
    }
    again = deviation.state == DeviationState.WITHDRAWN
    worse = deviation.state == DeviationState.CLOSED and rules.graver(now, was)
    if again or worse:
        changed |= {"state": DeviationState.OPEN, "closed_at": None, "closed_by": None}
    if all(getattr(deviation, name) == value for name, value in changed.items()):
        return
    for name, value in (changed | _sentence(one)).items():
        setattr(deviation, name, value)
    deviation.version += 1
    deviation.save()


def _sentence(one: Found) -> dict[str, Any]:
    """The description, and how it was made: so that it can be shown in another language."""
    template, params = stored(one.description)
    return {"description": str(one.description), "template": template, "params": params}


def _no_longer(deviation: Deviation) -> None:
    if deviation.state == DeviationState.OPEN:
        deviation.state = DeviationState.WITHDRAWN
        deviation.version += 1
        deviation.save()
