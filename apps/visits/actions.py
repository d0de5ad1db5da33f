"""Every write to visits: plan, record, change. What is derived follows by itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from apps.consent.rules.uses import Use
from apps.consent.selectors import engine
from apps.enrolment.models import Participant
from apps.visits import checks, rules, selectors, signals
from apps.visits.models import Anchor, Visit, VisitStatus
from studyportal import protocol
from studyportal.access.clock import today_at
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.absence import NOT_DERIVABLE, AbsentReason
from studyportal.crf.constraints import problem_of
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.crf.partial_date import PartialDate, PartialDateError
from studyportal.crf.reasons import taken
from studyportal.deviations import actions as deviations
from studyportal.queries import actions as queries
from studyportal.review import gate as review

# The name under which queries and deviations of visits are kept.
FORM = "visit"
BEFORE_CONSENT = "visit_without_consent"
CHANGEABLE = ("happened_on", "status", "missed_reason", "anchor", "nominal_label")
MAX_LENGTHS = {"missed_reason": 200, "nominal_label": 60}
# Reasons may be given for these.
MAY_BE_ABSENT = ("happened_on", "nominal_label")


def plan(*, participant: Participant, by: User) -> list[Visit]:
    """Add the visits of the protocol that the participant's group has and that are not there yet."""
    with transaction.atomic(), acting(user=by):
        there = set(Visit.objects.filter(participant=participant).values_list("key", flat=True))
        return [
            record(participant=participant, key=visit.key, status=VisitStatus.PLANNED, by=by)
            for visit in protocol.current().visits_for(participant.group)
            if visit.key not in there
        ]


def record(
    *,
    participant: Participant,
    key: str,
    by: User,
    number: int | None = None,
    status: str = VisitStatus.DONE,
    happened_on: PartialDate | str | None = None,
    missed_reason: str = "",
    anchor: str = "",
    nominal_label: str = "",
    absent: Mapping[str, str] | None = None,
) -> Visit:
    """Add a visit. number: left out, an unscheduled visit gets the next one. anchor: left out, the protocol's.

    A late visit is accepted and raises a deviation, as does one before consent. Raises CrfInvalid with all problems, and
    Refused for a visit after visits were withdrawn.
    """
    problems: list[Problem] = []
    known = protocol.current().visits
    visit_of_protocol = known.get(key) if isinstance(key, str) else None
    if visit_of_protocol is None:
        problems.append(Problem("key", "choice", _("Visits of the protocol: %s.") % ", ".join(known)))
    elif participant.group in ("case", "control") and participant.group not in visit_of_protocol.groups:
        problems.append(
            Problem("key", "group", _("The protocol has no such visit for the participant's group."))
        )
    values = _typed(
        {
            "status": status,
            "happened_on": happened_on,
            "missed_reason": missed_reason,
            "anchor": _anchor_of_protocol(key, participant) if anchor == "" else anchor,
            "nominal_label": nominal_label,
        },
        problems,
    )
    if number is not None and (
        isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 999
    ):
        problems.append(Problem("number", "type", _("Give a whole number from 1 to 999.")))
    if not problems and visit_of_protocol is not None:
        problems += rules.visit_problems(values | {"number": number}, scheduled=visit_of_protocol.scheduled)
        problems += rules.not_in_future(values["happened_on"], today_at(participant.site))
    reasons = _reasons({} if absent is None else absent, values, problems)
    if problems:
        raise CrfInvalid(problems)
    consent = _consent_of(participant, values, by)
    if values["status"] != VisitStatus.PLANNED:
        _open_for(Visit(site_id=participant.site_id))
    try:
        with transaction.atomic(), acting(user=by):
            if number is None:
                number = _next_of_time(participant, visit_of_protocol)
                if visit_of_protocol is not None and not visit_of_protocol.scheduled:
                    # The participant's row is the lock under which the next number is given.
                    Participant.objects.select_for_update().get(pk=participant.pk)
                    held = Visit.objects.filter(participant=participant, key=key).aggregate(
                        last=Max("number")
                    )
                    number = (held["last"] or 0) + 1
            visit = Visit(
                site_id=participant.site_id,
                participant=participant,
                key=key,
                number=number,
                absent=reasons,
                **values,
            )
            anchors = selectors.anchor_dates([participant])[participant.pk]
            _derive(visit, anchors | _own_anchor(visit, participant))
            visit.save()
            _settle(visit, by=by, consent=consent)
            signals.visit_saved.send(sender=Visit, visit=visit, created=True, by=by)
            if visit.key in selectors.session_visits():
                redate(participant=participant, by=by)
                visit.refresh_from_db()
            return visit
    except IntegrityError as error:
        raise CrfInvalid([problem_of(error, Visit)]) from error


def change(
    *,
    visit: Visit,
    by: User,
    reason: Any = None,
    expected_version: int | None = None,
    absent: Mapping[str, str] | None = None,
    **changes: Any,
) -> Visit:
    """Change a visit (CHANGEABLE). Values that were given before need a reason; filling in a planned visit does not.

    Raises CrfInvalid, ReasonRequired, StaleVersion, or Refused for a visit after visits were withdrawn.
    """
    problems: list[Problem] = [
        Problem(name, "read_only", _("This does not change once the visit is recorded; leave it out."))
        for name in changes
        if name not in CHANGEABLE
    ]
    reason = taken(reason, problems)
    typed = _typed({name: value for name, value in changes.items() if name in CHANGEABLE}, problems)
    if problems:
        raise CrfInvalid(problems)
    try:
        with transaction.atomic(), acting(user=by, reason=reason):
            current = (
                Visit.objects.select_for_update(of=("self",))
                .select_related("participant", "site")
                .get(pk=visit.pk)
            )
            if expected_version is not None and current.version != expected_version:
                raise StaleVersion(current)
            before = {name: getattr(current, name) for name in CHANGEABLE}
            stood = dict(current.absent)
            after = before | typed
            scheduled = protocol.current().visits[current.key].scheduled if current.key in _keys() else False
            problems += rules.visit_problems(after | {"number": current.number}, scheduled=scheduled)
            problems += rules.not_in_future(after["happened_on"], today_at(current.site))
            kept = {n: why for n, why in stood.items() if n in MAY_BE_ABSENT and not after.get(n)}
            given = {} if absent is None else absent
            reasons = _reasons(kept | dict(given) if isinstance(given, Mapping) else given, after, problems)
            if problems:
                raise CrfInvalid(problems)
            changed = [name for name in typed if before[name] != after[name]]
            if not changed and reasons == kept:
                return current
            _open_for(current)
            submitted = current.status != VisitStatus.PLANNED
            overwritten = [n for n in changed if before[n] not in (None, "")] if submitted else []
            if overwritten and not reason:
                raise ReasonRequired(overwritten)
            moved = {"happened_on", "status"} & set(changed)
            consent = _consent_of(current.participant, after, by, may_be_barred=bool(moved))
            for name in changed:
                setattr(current, name, after[name])
            current.absent = reasons
            anchors = selectors.anchor_dates([current.participant])[current.participant_id]
            _derive(current, anchors | _own_anchor(current, current.participant))
            current.version += 1
            current.save()
            _settle(current, by=by, consent=consent)
            signals.visit_saved.send(sender=Visit, visit=current, created=False, by=by)
            if current.key in selectors.session_visits():
                redate(participant=current.participant, by=by)
                current.refresh_from_db()
            return current
    except IntegrityError as error:
        raise CrfInvalid([problem_of(error, Visit)]) from error


def _open_for(visit: Visit) -> None:
    """Refuses a visit that is locked, and one where the data are frozen. What is derived follows all the same."""
    if found := review.closed_visit(visit):
        raise Refused(found)


def _consent_of(
    participant: Participant, values: Mapping[str, Any], by: User, *, may_be_barred: bool = True
) -> engine.Standing | None:
    """The consent by which a visit that took place is judged, None for another. Refuses one that was withdrawn before."""
    if values["status"] != VisitStatus.DONE or values["happened_on"] is None:
        return None
    standing = engine.of([participant], by=by, on=values["happened_on"])[participant.pk]
    why = standing.bar(Use.VISIT, values["happened_on"]) if may_be_barred else None
    if why is not None:
        raise Refused([Problem("happened_on", "consent_ended", why)])
    return standing


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
            if not _anchor_is_of_group(visit.anchor, participant):
                visit.anchor = _anchor_of_protocol(visit.key, participant)
            _derive(visit, anchors)
            if _derived(visit) == before:
                continue
            visit.version += 1
            visit.save()
            _settle(visit, by=by, consent=consent)
            signals.visit_saved.send(sender=Visit, visit=visit, created=False, by=by)
            count += 1
    return count


def _next_of_time(participant: Participant, visit: Any) -> int:
    """1; 2 for a visit of the protocol that a case made once before, as a control."""
    if visit is None or not visit.scheduled:
        return 1
    crossing = selectors.crossings_of([participant.pk]).get(participant.pk)
    earlier = (
        None
        if crossing is None
        else Visit.objects.filter(participant=participant, key=visit.key, number=1).first()
    )
    return (
        2 if earlier is not None and crossing is not None and crossing.is_before(earlier.happened_on) else 1
    )


def _keys() -> frozenset[str]:
    return frozenset(protocol.current().visits)


def _anchor_of_protocol(key: object, participant: Participant) -> str:
    return selectors.anchor_of(key, participant.group) if isinstance(key, str) else ""


def _anchor_is_of_group(anchor: str, participant: Participant) -> bool:
    known = protocol.current().anchors.get(anchor) if anchor else None
    return known is not None and participant.group in known.groups


def _own_anchor(visit: Visit, participant: Participant) -> dict[str, PartialDate]:
    """A session's visit dates its own anchor, also while it is not saved yet."""
    anchor = selectors.session_visits().get(visit.key)
    if anchor is None or participant.group != "case" or visit.happened_on is None:
        return {}
    happened_on: Any = visit.happened_on
    return {anchor: happened_on}


def _derived(visit: Visit) -> tuple[Any, ...]:
    return visit.anchor, visit.day_number, visit.day_from, visit.day_to, visit.window_state, visit.absent


def _derive(visit: Visit, anchors: Mapping[str, PartialDate]) -> None:
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
    planned = protocol.current().visits.get(visit.key)
    if planned is None or not planned.scheduled:
        visit.window_state = "unknown"
    else:
        visit.window_state = rules.window_state_of_span(
            planned.target_day, planned.window_before, planned.window_after, days
        )


def _settle(visit: Visit, *, by: User | None, consent: engine.Standing | None) -> None:
    """Open and close the queries and deviations of a visit. consent: of a visit that took place on a known date."""
    anchors = selectors.anchor_dates([visit.participant])[visit.participant_id]
    days = selectors.days_of(visit, anchors | _own_anchor(visit, visit.participant))
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
            _("%(visit)s took place without consent. %(why)s") % {"visit": visit, "why": why},
            "major",
            kind="consent",
            occurred_on=happened_on.exact,
        )


def _departures(visit: Visit) -> Iterable[deviations.Found]:
    # A transcribed case was treated before there was a protocol to depart from.
    if visit.participant.retrospective:
        return
    planned = protocol.current().visits.get(visit.key)
    if planned is None or not planned.scheduled:
        return
    if visit.status == VisitStatus.MISSED:
        yield deviations.Found(
            "visit_missed",
            _("%(visit)s was missed: %(why)s") % {"visit": visit, "why": visit.missed_reason},
            "minor",
            kind="visit",
        )
    elif visit.window_state in ("early", "late"):
        days = str(visit.day_number) if visit.day_number is not None else f"{visit.day_from}–{visit.day_to}"
        yield deviations.Found(
            f"visit_{visit.window_state}",
            _("%(visit)s took place on day %(day)s; its window is day %(from)s to %(to)s.")
            % {
                "visit": visit,
                "day": days,
                "from": planned.target_day - planned.window_before,
                "to": planned.target_day + planned.window_after,
            },
            "minor",
            kind="visit",
            occurred_on=_day(visit),
        )


def _day(visit: Visit) -> dt.date | None:
    happened_on: Any = visit.happened_on
    return None if happened_on is None else happened_on.exact


def _typed(given: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    values = dict(given)
    if "status" in values and values["status"] not in VisitStatus.values:
        problems.append(Problem("status", "choice", _("One of: %s.") % ", ".join(VisitStatus.values)))
    if "anchor" in values and values["anchor"] not in ("", *Anchor.values):
        problems.append(Problem("anchor", "choice", _("One of: %s.") % ", ".join(Anchor.values)))
    for name, limit in MAX_LENGTHS.items():
        if name not in values:
            continue
        text = values[name]
        if not isinstance(text, str) or "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
            problems.append(Problem(name, "type", _("Give plain text.")))
        elif len(text) > limit:
            problems.append(Problem(name, "max_length", _("At most %d characters.") % limit))
        else:
            values[name] = text.strip()
    happened = values.get("happened_on")
    if isinstance(happened, str):
        try:
            values["happened_on"] = PartialDate.parse(happened) if happened.strip() else None
        except PartialDateError as error:
            problems.append(Problem("happened_on", error.code, str(error)))
    elif happened is not None and not isinstance(happened, PartialDate):
        problems.append(Problem("happened_on", "type", _("Give the date as text, such as 2016-11-03.")))
    return values


def _reasons(absent: Any, values: Mapping[str, Any], problems: list[Problem]) -> dict[str, str]:
    if not isinstance(absent, Mapping):
        problems.append(Problem("absent", "type", _("Give an object: field name → reason.")))
        return {}
    kept: dict[str, str] = {}
    for name, reason in absent.items():
        if name not in MAY_BE_ABSENT:
            problems.append(
                Problem(f"absent.{str(name)[:80]}", "unknown_field", _("No reason is kept for this."))
            )
        elif reason in (None, ""):
            continue
        elif reason not in AbsentReason.values:
            problems.append(
                Problem(
                    name,
                    "absent_reason",
                    _("This is no reason. Reasons: %s.") % ", ".join(AbsentReason.values),
                )
            )
        elif values.get(name):
            problems.append(
                Problem(
                    name, "value_and_absent", _("There is a value and a reason why there is none. Keep one.")
                )
            )
        else:
            kept[name] = reason
    return kept
