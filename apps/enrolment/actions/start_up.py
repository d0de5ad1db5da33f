"""Whether a site may enrol: the gate that is asked when a participant is enrolled, and those who were enrolled already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from apps.enrolment.models import Participant
from apps.enrolment.rules import approvals as rules
from apps.enrolment.selectors.approvals import approval_facts, approval_kinds, basis, enrolment_bars
from studyportal.access.models import Site, User
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.deviations import actions as deviations
from studyportal.deviations.models import Deviation
from studyportal.words import joined, said

# Form under which the deviations of enrolments are kept, by participant.
FORM = "start-up"
ENROLLED_WITHOUT = "enrolled_without_approval"

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('enrolment.approvals'), %s)"
_LOCK_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtext('enrolment.approvals'), %s)"


def hold_approvals(site_id: int, *, shared: bool = False) -> None:
    """Until the transaction ends, approvals of the site do not change while an enrolment reads them."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_SHARED if shared else _LOCK, [site_id])


def approvals_gate(participant: Participant, on: PartialDate) -> Iterable[Problem]:
    """A gate of enrolment: one problem for each approval that is not shown to hold at the site on that day."""
    site = participant.site
    if connection.in_atomic_block:
        hold_approvals(site.pk, shared=True)
    return tuple(
        rules.enrolment_problems(
            approval_kinds(),
            approval_facts([site.pk])[site.pk],
            site=site.name,
            earliest=on.earliest,
            latest=on.latest,
        )
    )


def approvals_basis(participant: Participant, on: PartialDate) -> Mapping[str, Any]:
    """What an enrolment on that day relies on, kept with it as it stood."""
    return {"approvals": basis(participant.site, on)}


@dataclass(frozen=True)
class _Enrolment:
    """What a deviation hangs on: the participant's enrolment."""

    pk: int
    site_id: int
    participant_id: int


def recheck_enrolments(
    *, site: Site, by: User | None, participants: Iterable[Participant] | None = None
) -> None:
    """Make the deviations of enrolments agree with the approvals of the site; participants None: all of the site.

    Two queries and a few per participant who falls outside, or did.
    """
    if participants is None:
        participants = Participant.objects.filter(
            site=site, enrolled_on__isnull=False, retrospective=False
        ).only("id", "site_id", "enrolled_on", "retrospective")
        known = Deviation.objects.filter(site=site, form=FORM, raised_by__isnull=True)
    else:
        participants = list(participants)
        known = Deviation.objects.filter(form=FORM, object_id__in=[one.pk for one in participants])
    days: dict[int, Any] = {one.pk: one.enrolled_on for one in participants}
    bars = enrolment_bars(participants, site)
    told: Any = known.values_list("object_id", flat=True)
    for pk in sorted({*bars, *told}):
        found = []
        if pk in bars:
            words = said(
                "Enrolled on %(day)s without valid approval. %(why)s", day=days[pk], why=joined(bars[pk])
            )
            found.append(
                deviations.Found(
                    ENROLLED_WITHOUT, words, "critical", kind="eligibility", occurred_on=days[pk].exact
                )
            )
        deviations.reconcile(record=_Enrolment(pk, site.pk, pk), form=FORM, found=found, by=by)
