"""What follows of a visit by itself: its day and window, its queries and deviations. Counted anew when an anchor moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.consent.rules.uses import Use
from apps.consent.selectors import engine
from apps.enrolment.models import Participant
from apps.visits import checks, rules, selectors, signals
from apps.visits.actions.typed import FORM, MAY_BE_ABSENT
from apps.visits.models import MissedReason, Visit, VisitStatus
from studyportal import protocol
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.absence import NOT_DERIVABLE
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate
from studyportal.deviations import actions as deviations
from studyportal.queries import actions as queries
from studyportal.words import said

BEFORE_CONSENT = "visit_without_consent"


def judge_consent(*, participant: Participant, by: User | None) -> None:
    """Raise and settle the deviations of the visits before consent, because the consent log was added to.

    A fixed number of queries, and one for each deviation that changes.
    """
    made = list(
        Visit.objects.filter(
            participant=participant, status=VisitStatus.DONE, happened_on__isnull=False
        ).select_related("participant", "site")
    )
    if not made or participant.retrospective:
        return
    standing = engine.of([participant])[participant.pk]
    found = {visit.pk: list(_before_consent(visit, standing)) for visit in made}
    deviations.agree(
        participant=participant,
        form=FORM,
        code=BEFORE_CONSENT,
        found={pk: one[0] if one else None for pk, one in found.items()},
        by=by,
    )


def redate(*, participant: Participant, by: User | None) -> int:
    """Count all visits of a participant anew because an anchor changed; how many changed."""
    anchors = selectors.anchor_dates([participant])[participant.pk]
    crossing = selectors.crossings_of([participant.pk]).get(participant.pk)
    consent = engine.of([participant])[participant.pk]
    count = 0
    with transaction.atomic(), acting(user=by, reason=_("An event that visits are counted from changed")):
        for visit in Visit.objects.select_for_update().filter(participant=participant).order_by("id"):
            visit.participant = participant
            if crossing is not None and crossing.is_before(visit.happened_on):
                continue  # a visit of a control stays counted from the index date of that time
            before = _derived(visit)
            planned = visit.status == VisitStatus.PLANNED
            if planned or not _anchor_is_of_group(visit.anchor, participant):
                visit.anchor = anchor_of_protocol(visit.key, participant)
            derive(visit, anchors)
            if _derived(visit) == before:
                continue
            visit.version += 1
            visit.save()
            settle(visit, by=by, consent=consent)
            signals.visit_saved.send(sender=Visit, visit=visit, created=False, by=by)
            count += 1
    return count


def anchor_of_protocol(key: object, participant: Participant) -> str:
    """The anchor by the version that counts for the participant; "" for none."""
    if not isinstance(key, str):
        return ""
    return selectors.anchor_of(key, participant.group, protocol.of(participant))


def own_anchor(visit: Visit, participant: Participant) -> dict[str, PartialDate]:
    """A session's visit dates its own anchor, also while it is not saved yet."""
    anchor = selectors.session_visits(protocol.of(participant)).get(visit.key)
    if anchor is None or participant.group != "case" or visit.happened_on is None:
        return {}
    happened_on: Any = visit.happened_on
    return {anchor: happened_on}


def _anchor_is_of_group(anchor: str, participant: Participant) -> bool:
    known = protocol.of(participant).anchors.get(anchor) if anchor else None
    return known is not None and participant.group in known.groups


def _derived(visit: Visit) -> tuple[Any, ...]:
    return visit.anchor, visit.day_number, visit.day_from, visit.day_to, visit.window_state, visit.absent


def derive(visit: Visit, anchors: Mapping[str, PartialDate]) -> None:
    """Day and window from the anchor; what cannot be had says why."""
    days = selectors.days_of(visit, anchors)
    absent = {name: why for name, why in visit.absent.items() if name in MAY_BE_ABSENT}
    if isinstance(days, NotDerivable):
        visit.day_number = visit.day_from = visit.day_to = None
        if visit.status == VisitStatus.DONE:
            absent["day_number"] = f"{NOT_DERIVABLE}: {days.why}"
    else:
        visit.day_number, visit.day_from, visit.day_to = days.exact, days.lowest, days.highest
        if days.exact is None:
            absent["day_number"] = f"{NOT_DERIVABLE}: a date is not known to the day"
    visit.absent = absent
    planned = protocol.visit_of(visit.key, visit.protocol_version)
    if (
        planned is None
        or planned.target_day is None
        or planned.window_before is None
        or planned.window_after is None
    ):
        visit.window_state = "unknown"
    else:
        visit.window_state = rules.window_state_of_span(
            planned.target_day, planned.window_before, planned.window_after, days
        )


def settle(visit: Visit, *, by: User | None, consent: engine.Standing | None) -> None:
    """Open and close the queries and deviations of a visit. consent: of a visit that took place on a known date."""
    anchors = selectors.anchor_dates([visit.participant])[visit.participant_id]
    days = selectors.days_of(visit, anchors | own_anchor(visit, visit.participant))
    findings = checks.visit_findings(
        nominal_label=visit.nominal_label, days=days, happened_on=visit.happened_on, status=visit.status
    )
    texts = {"happened_on": str(visit.happened_on or ""), "nominal_label": visit.nominal_label}
    queries.reconcile(record=visit, form=FORM, findings=findings, values=texts, by=by)
    found = [*_departures(visit), *(_before_consent(visit, consent) if consent is not None else ())]
    deviations.reconcile(record=visit, form=FORM, found=found, by=by)


def _before_consent(visit: Visit, consent: engine.Standing) -> Iterable[deviations.Found]:
    """A visit is a study procedure: what comes before it is consent to take part."""
    happened_on: Any = visit.happened_on
    if visit.participant.retrospective or visit.status != VisitStatus.DONE or happened_on is None:
        return
    why = consent.gap(Use.VISIT, happened_on)
    if why is not None:
        yield deviations.Found(
            BEFORE_CONSENT,
            said("%(visit)s took place without consent. %(why)s", visit=str(visit), why=why),
            "major",
            kind="consent",
            occurred_on=happened_on.exact,
        )


def why_missed(visit: Visit) -> str:
    """The reason by its label, in English, with what was said beside it."""
    label = MissedReason(visit.missed_code).label if visit.missed_code not in ("", MissedReason.OTHER) else ""
    with override("en"):
        return ". ".join(filter(None, [str(label), visit.missed_reason]))


def _departures(visit: Visit) -> Iterable[deviations.Found]:
    # A transcribed case was treated before there was a protocol to depart from.
    if visit.participant.retrospective:
        return
    planned = protocol.visit_of(visit.key, visit.protocol_version)
    if planned is None or not planned.scheduled:
        return
    if visit.status == VisitStatus.MISSED:
        yield deviations.Found(
            "visit_missed",
            said("%(visit)s was missed: %(why)s", visit=str(visit), why=why_missed(visit)),
            "minor",
            kind="visit",
        )
    elif visit.window_state in ("early", "late"):
        days = str(visit.day_number) if visit.day_number is not None else f"{visit.day_from}–{visit.day_to}"
        yield deviations.Found(
            f"visit_{visit.window_state}",
            said(
                "%(visit)s took place on day %(day)s; its window is day %(from)s to %(to)s.",
                **{"visit": str(visit), "day": days, "from": planned.earliest_day, "to": planned.latest_day},
            ),
            "minor",
            kind="visit",
            occurred_on=_day(visit),
        )


def _day(visit: Visit) -> dt.date | None:
    happened_on: Any = visit.happened_on
    return None if happened_on is None else happened_on.exact
