"""The act of enrolling: everything that must be true before is asked here, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.enrolment import rules, signals
from apps.enrolment.actions import reading, start_up
from apps.enrolment.actions.participation import refresh_status
from apps.enrolment.actions.versions import assign_at_enrolment
from apps.enrolment.gates import dates_before_birth
from apps.enrolment.models import Participant, ScreeningEntry, ScreeningOutcome
from apps.enrolment.selectors.eligibility import eligibility_basis, eligibility_gate
from studyportal import protocol
from studyportal.access.clock import today_at
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.crf.reasons import taken

Gate = Callable[[Participant, PartialDate], Iterable[Problem]]
Basis = Callable[[Participant, PartialDate], Mapping[str, Any]]

# What enrolment itself asks before somebody is enrolled; apps above answer `signals.enrolment_asked`.
GATES: tuple[Gate, ...] = (start_up.approvals_gate, eligibility_gate)
# What the enrolment relied on, kept with it as it stood.
BASES: tuple[Basis, ...] = (start_up.approvals_basis, eligibility_basis)


def enrol(
    *, participant: Participant, on: Any, by: User, reason: Any = None, expected_version: int | None = None
) -> Participant:
    """Enrol a participant on a day, or correct the day with a reason. on: a PartialDate or its text.

    A participant of the past passes every gate: its events precede the study.
    Raises CrfInvalid, Refused (409) with everything that stands in the way, ReasonRequired, StaleVersion.
    """
    problems: list[Problem] = []
    why = taken(reason, problems)
    day = reading.partial_date("enrolled_on", on, problems)
    if problems:
        raise CrfInvalid(problems)
    with transaction.atomic(), acting(user=by, reason=why):
        current = (
            Participant.objects.select_for_update(of=("self",))
            .select_related("site", "matched_case")
            .get(pk=participant.pk)
        )
        if expected_version is not None and current.version != expected_version:
            raise StaleVersion(current)
        if day is not None and current.enrolled_on == day:
            return current
        entry = ScreeningEntry.objects.select_for_update().get(participant=current)
        problems += rules.enrolment_problems(
            enrolled_on=day, screened_on=entry.screened_on, today=today_at(current.site)
        )
        if current.retrospective:
            problems += rules.retrospective_problems(
                enrolled_on=day, study_opened_on=protocol.current().study.opened_on
            )
        problems += dates_before_birth(current, {"enrolled_on": day}, by)
        if problems or day is None:
            raise CrfInvalid(problems)
        if current.enrolled_on is not None and not why:
            raise ReasonRequired(["enrolled_on"])
        if in_the_way := list(obstacles(current, entry, day)):
            raise Refused(in_the_way)
        current.enrolled_on = day
        moved = assign_at_enrolment(current, day, why=why, by=by)
        current.enrolment_basis = basis_of(current, day)
        current.version += 1
        current.save()
        entry.outcome, entry.outcome_on = ScreeningOutcome.ENROLLED, day
        entry.reason_code = entry.reason_text = ""
        entry.version += 1
        entry.save()
        refresh_status(participant=current, by=by)
        signals.participant_saved.send(
            sender=Participant,
            participant=current,
            created=False,
            changed=frozenset({"enrolled_on", "protocol_version"} if moved else {"enrolled_on"}),
            by=by,
        )
        return current


def obstacles(participant: Participant, entry: ScreeningEntry, day: PartialDate) -> Iterable[Problem]:
    """Everything that stands in the way of enrolling on that day; nothing for a participant of the past."""
    if participant.retrospective:
        return
    if entry.outcome not in (ScreeningOutcome.OPEN, ScreeningOutcome.ENROLLED):
        yield Problem(
            None,
            "screening_ended",
            _("The screening ended as “%s”. Reopen it first, and say why.") % entry.get_outcome_display(),
        )
    for gate in GATES:
        yield from gate(participant, day)
    answers: Any = signals.enrolment_asked.send(sender=Participant, participant=participant, on=day)
    for _receiver, answer in answers:
        yield from answer or ()


def basis_of(participant: Participant, day: PartialDate) -> dict[str, Any]:
    current = protocol.of(participant)
    found: dict[str, Any] = {"protocol": {"version": current.version, "sha256": current.sha256}}
    if not participant.retrospective:
        for basis in BASES:
            found |= basis(participant, day)
    return found
