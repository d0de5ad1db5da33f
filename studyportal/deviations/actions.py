"""Raising protocol deviations and settling them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.deviations.models import Deviation, DeviationState


@dataclass(frozen=True)
class Found:
    """A departure that a rule found. classification: minor, major or critical."""

    code: str
    description: str
    classification: str


# Always within the save of a record, whose fate it shares: no savepoint of its own.
@transaction.atomic(savepoint=False)
def reconcile(*, record: Any, form: str, found: Iterable[Found], by: User | None) -> list[Deviation]:
    """Make the rule-raised deviations of a record agree with what its rules find now.

    A deviation that is no longer found is kept as "no longer present": it was seen by people.
    """
    known = {
        deviation.code: deviation
        for deviation in Deviation.objects.filter(form=form, object_id=record.pk, raised_by__isnull=True)
    }
    standing: list[Deviation] = []
    for one in found:
        deviation = known.pop(one.code, None)
        if deviation is None:
            standing.append(
                Deviation.objects.create(
                    site_id=record.site_id,
                    participant_id=record.participant_id,
                    form=form,
                    object_id=record.pk,
                    code=one.code,
                    description=one.description,
                    classification=one.classification,
                )
            )
            continue
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
    known = {deviation.object_id: deviation for deviation in held}
    for pk, one in found.items():
        deviation = known.get(pk)
        if one is not None and deviation is None:
            Deviation.objects.create(
                site_id=participant.site_id,
                participant=participant,
                form=form,
                object_id=pk,
                code=code,
                description=one.description,
                classification=one.classification,
            )
        elif one is not None and deviation is not None:
            _stands(deviation, one)
        elif deviation is not None:
            _no_longer(deviation)


def _stands(deviation: Deviation, one: Found) -> None:
    """It is found now, too: with other words, or again."""
    reopened = deviation.state == DeviationState.WITHDRAWN
    said = (deviation.description, deviation.classification)
    if not reopened and said == (one.description, one.classification):
        return
    deviation.description, deviation.classification = one.description, one.classification
    if reopened:
        deviation.state = DeviationState.OPEN
    deviation.version += 1
    deviation.save()


def _no_longer(deviation: Deviation) -> None:
    if deviation.state == DeviationState.OPEN:
        deviation.state = DeviationState.WITHDRAWN
        deviation.version += 1
        deviation.save()


@transaction.atomic
def raise_by_hand(
    *,
    participant: Any,
    code: str,
    description: str,
    classification: str,
    by: User,
    form: str = "",
    object_id: int | None = None,
) -> Deviation:
    """A person reports a deviation."""
    with acting(user=by, reason=_("Deviation reported")):
        return Deviation.objects.create(
            site_id=participant.site_id,
            participant=participant,
            form=form,
            object_id=object_id,
            code=code,
            description=description,
            classification=classification,
            raised_by=by,
        )


@transaction.atomic
def settle(
    *, deviation: Deviation, corrective_action: str, reported_to_committee_on: dt.date | None, by: User
) -> Deviation:
    """Record what was done about it and when the ethics committee was told."""
    deviation = Deviation.objects.select_for_update().get(pk=deviation.pk)
    with acting(user=by, reason=corrective_action):
        deviation.corrective_action = corrective_action
        deviation.reported_to_committee_on = reported_to_committee_on
        deviation.state = DeviationState.CLOSED
        deviation.version += 1
        deviation.save()
    return deviation
