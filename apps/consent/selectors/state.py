"""Reading the consent log: states and findings, always within what the user may see."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.consent import rules, signals
from apps.consent.findings import consent_findings
from apps.consent.findings.case import Case, ConsentFinding, Procedure
from apps.consent.models import ConsentEvent
from apps.consent.rules import ConsentState
from apps.consent.selectors.logs import Known, When, known_of
from apps.consent.selectors.terms import bands
from apps.enrolment.models import Demographics, Participant
from apps.enrolment.rules import LifeEvent, witness_needed
from apps.enrolment.rules.eligibility import CONSENT, Evidence
from apps.enrolment.selectors import ETHICS_COMMITTEE, approval_facts
from studyportal.access.models import AllSites, User
from studyportal.access.permissions import Permission
from studyportal.crf.partial_date import PartialDate

__all__ = [
    "Case",
    "ConsentFinding",
    "ConsentState",
    "ParticipantFinding",
    "Procedure",
    "events_of",
    "findings",
    "findings_of",
    "lives_of",
    "log",
    "state_for",
    "states_for",
]


@dataclass(frozen=True)
class ParticipantFinding:
    """A finding with the participant whom it is about."""

    participant: Participant
    finding: ConsentFinding


def may_read_log(user: User) -> bool:
    return user.may(Permission.VIEW_CONSENT_LOG) or user.may(Permission.RECORD_CONSENT)


def log(user: User) -> QuerySet[ConsentEvent]:
    """The entries that the user may read: auditors across the study, those who record consent at their sites.

    Raises PermissionDenied for whoever holds neither permission.
    """
    if not may_read_log(user):
        raise PermissionDenied(
            _("The consent log is read by the ethics auditor and by those who record consent at the site.")
        )
    where = Q()
    for permission in (Permission.VIEW_CONSENT_LOG, Permission.RECORD_CONSENT):
        sites = user.sites_with(permission)
        if isinstance(sites, AllSites):
            return ConsentEvent.objects.all()
        where |= Q(site_id__in=sites)
    return ConsentEvent.objects.filter(where)


def events_of(participant: Participant) -> list[ConsentEvent]:
    """All entries of one participant whom the caller may see, in order of entry."""
    return list(
        ConsentEvent.objects.filter(participant=participant).select_related("entered_by").order_by("id")
    )


def state_for(
    participant: Participant,
    on: When,
    *,
    by: User | None = None,
) -> ConsentState:
    """The consent in force on a day, or at a moment. A partial date counts from its first possible day;
    without any date nothing can be shown to precede it.

    by: who is shown it, and then with what is due by the register and the coming sessions; days that tell a birth date
    are for those only who may see the identity. Without: for a decision.
    """
    return states_for([participant], on, by=by)[participant.pk]


def states_for(
    participants: Iterable[Participant],
    on: When,
    *,
    by: User | None = None,
) -> dict[int, ConsentState]:
    """state_for of many, in a fixed number of queries."""
    return {
        pk: known.state(on)
        for pk, known in known_of(participants, by=by, on=on, around=by is not None).items()
    }


def findings_of(participant: Participant, *, today: dt.date | None = None) -> list[ConsentFinding]:
    """The findings of one participant whom the caller may see."""
    return [found.finding for found in _findings([participant], today)]


def findings(
    user: User, *, permission: Permission = Permission.VIEW_FINDINGS, today: dt.date | None = None
) -> list[ParticipantFinding]:
    """The findings of every participant whom the user may see, ordered by participant and number.

    A fixed number of queries, whatever the number of participants. Synthetic participants are included.
    """
    participants = list(
        Participant.objects.visible_to(user, permission).select_related("site").order_by("code")
    )
    return _findings(participants, today)


def _findings(participants: Sequence[Participant], today: dt.date | None) -> list[ParticipantFinding]:
    day = today or timezone.localdate()
    in_force = bands()
    return [
        ParticipantFinding(participant, finding)
        for participant, case in _cases(participants, with_procedures=True).values()
        for finding in consent_findings(case, in_force, today=day)
    ]


def _cases(
    participants: Sequence[Participant], *, with_procedures: bool
) -> dict[int, tuple[Participant, Case]]:
    """Everything that rules and findings need: two queries, two for the approvals of the sites, and one more per app
    that knows procedures."""
    ids = [participant.pk for participant in participants]
    events: dict[int, list[rules.Event]] = defaultdict(list)
    for event in ConsentEvent.objects.filter(participant_id__in=ids).order_by("id"):
        events[event.participant_id].append(event.as_event())
    demographics = {
        participant_id: (age, witness_needed(education, can_read))
        for participant_id, age, education, can_read in Demographics.objects.filter(
            participant_id__in=ids
        ).values_list("participant_id", "age_at_enrolment", "education", "can_read")
    }
    procedures = _procedures(ids) if with_procedures else {}
    approved = (
        approval_facts({participant.site_id for participant in participants}, kind=ETHICS_COMMITTEE)
        if with_procedures
        else {}
    )
    cases: dict[int, tuple[Participant, Case]] = {}
    for participant in participants:
        age, cannot_read = demographics.get(participant.pk, (None, None))
        enrolled_on: Any = participant.enrolled_on
        cases[participant.pk] = (
            participant,
            Case(
                events=tuple(events[participant.pk]),
                procedures=tuple(procedures.get(participant.pk, ())),
                status=participant.status,
                enrolled_on=enrolled_on,
                known_age=age,
                known_on=enrolled_on,
                cannot_read=cannot_read,
                retrospective=participant.retrospective,
                synthetic=participant.synthetic,
                ethics_approvals=approved.get(participant.site_id, ()),
            ),
        )
    return cases


def _procedures(participant_ids: Collection[int]) -> dict[int, list[Procedure]]:
    known: dict[int, list[Procedure]] = defaultdict(list)
    answers: Any = signals.procedures_asked.send(sender=ConsentEvent, participant_ids=participant_ids)
    for _receiver, answer in answers:
        for participant_id, procedures in (answer or {}).items():
            known[participant_id].extend(procedures)
    return known


def lives_of(participant_ids: Collection[int]) -> dict[int, list[LifeEvent]]:
    """Participant id → when consent to take part was first complete, and what was withdrawn and stands. A fixed number
    of queries."""
    people = list(Participant.objects.filter(pk__in=participant_ids))
    return {pk: _life(known) for pk, known in known_of(people).items()}


def _life(known: Known) -> list[LifeEvent]:
    log = rules.effective_events(known.events)
    own: list[LifeEvent] = []
    days = sorted({e.signed_on.latest for e in log if e.signed_on and e.signed_on.latest})
    complete = next((day for day in days if known.taking_part(day)[0] != "no"), None)
    if complete is not None:
        own.append(LifeEvent("consented", _as_signed(log, complete)))
    elif any(e.kind in (rules.OWN_CONSENT, rules.LAR_CONSENT) and e.signed_on is None for e in log):
        own.append(LifeEvent("consented", None))
    if any(e.kind == rules.WITHDRAWAL for e in log):
        gone = known.taking_part(known.today)[1]
        for event in log:
            scopes = sorted(gone & set(event.withdrawal_scopes))
            if event.kind == rules.WITHDRAWAL and scopes:
                entered: Any = event.entered_at
                when: Any = event.signed_on or PartialDate.of(entered.date())
                own.append(LifeEvent("withdrawn", when, ",".join(scopes)))
    return own


def _as_signed(log: Iterable[rules.Event], day: dt.date) -> PartialDate:
    """The day with the precision of the signature that it comes from."""
    signed: list[Any] = [e.signed_on for e in log if e.signed_on and e.signed_on.latest == day]
    return cast(PartialDate, signed[0])


def evidence_of(participant_ids: Collection[int], on: PartialDate | None = None) -> dict[int, list[Evidence]]:
    """Participant → what the consent log says of the eligibility criterion “consent”, on that day or today.

    Three queries, whatever the number of participants.
    """
    people = list(Participant.objects.filter(pk__in=participant_ids).select_related("site"))
    states = states_for(people, on or timezone.localdate())
    said = {
        "yes": _("consent to take part is in force"),
        "no": _("consent to take part is not in force"),
        "indeterminate": _("it cannot be shown that consent to take part is in force"),
    }
    return {
        pk: [
            Evidence(
                text=said[state.in_force],
                source=_("consent log"),
                criterion=CONSENT,
                says="" if state.in_force == "indeterminate" else state.in_force,
            )
        ]
        for pk, state in states.items()
    }
