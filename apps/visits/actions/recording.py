"""Every write to a visit: plan, record, change. What is derived follows by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from apps.consent.rules.uses import Use
from apps.consent.selectors import engine
from apps.enrolment.models import Participant
from apps.enrolment.selectors.versions import version_on
from apps.visits import rules, selectors, signals
from apps.visits.actions.deriving import anchor_of_protocol, derive, own_anchor, redate, settle
from apps.visits.actions.typed import CHANGEABLE, MAY_BE_ABSENT, absent_reasons, typed_values
from apps.visits.models import Visit, VisitStatus
from studyportal import protocol
from studyportal.access.clock import today_at
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.constraints import problem_of
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.crf.reasons import taken


def plan(*, participant: Participant, by: User) -> list[Visit]:
    """Add the visits of the protocol that the participant's group has and that are not there yet."""
    with transaction.atomic(), acting(user=by):
        there = set(Visit.objects.filter(participant=participant).values_list("key", flat=True))
        return [
            record(participant=participant, key=visit.key, status=VisitStatus.PLANNED, by=by)
            for visit in protocol.of(participant).visits_for(participant.group)
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
    missed_code: str = "",
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
    known = protocol.of(participant).visits
    visit_of_protocol = known.get(key) if isinstance(key, str) else None
    if visit_of_protocol is None:
        problems.append(Problem("key", "choice", _("Visits of the protocol: %s.") % ", ".join(known)))
    elif participant.group in ("case", "control") and participant.group not in visit_of_protocol.groups:
        problems.append(
            Problem("key", "group", _("The protocol has no such visit for the participant's group."))
        )
    values = typed_values(
        {
            "status": status,
            "happened_on": happened_on,
            "missed_code": missed_code,
            "missed_reason": missed_reason,
            "anchor": anchor_of_protocol(key, participant) if anchor == "" else anchor,
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
    reasons = absent_reasons({} if absent is None else absent, values, problems)
    if problems:
        raise CrfInvalid(problems)
    consent = _consent_of(participant, values, by)
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
            _note_version(visit)
            anchors = selectors.anchor_dates([participant])[participant.pk]
            derive(visit, anchors | own_anchor(visit, participant))
            visit.save()
            settle(visit, by=by, consent=consent)
            signals.visit_saved.send(sender=Visit, visit=visit, created=True, by=by)
            if visit.key in selectors.dating_visits(protocol.of(participant)):
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
    typed = typed_values({name: value for name, value in changes.items() if name in CHANGEABLE}, problems)
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
            planned = protocol.visit_of(current.key, current.protocol_version)
            scheduled = planned is not None and planned.scheduled
            problems += rules.visit_problems(after | {"number": current.number}, scheduled=scheduled)
            problems += rules.not_in_future(after["happened_on"], today_at(current.site))
            kept = {n: why for n, why in stood.items() if n in MAY_BE_ABSENT and not after.get(n)}
            given = {} if absent is None else absent
            reasons = absent_reasons(
                kept | dict(given) if isinstance(given, Mapping) else given, after, problems
            )
            if problems:
                raise CrfInvalid(problems)
            changed = [name for name in typed if before[name] != after[name]]
            if not changed and reasons == kept:
                return current
            submitted = current.status != VisitStatus.PLANNED
            overwritten = [n for n in changed if before[n] not in (None, "")] if submitted else []
            if overwritten and not reason:
                raise ReasonRequired(overwritten)
            moved = {"happened_on", "status"} & set(changed)
            consent = _consent_of(current.participant, after, by, may_be_barred=bool(moved))
            for name in changed:
                setattr(current, name, after[name])
            current.absent = reasons
            if moved:
                _note_version(current)
            anchors = selectors.anchor_dates([current.participant])[current.participant_id]
            derive(current, anchors | own_anchor(current, current.participant))
            current.version += 1
            current.save()
            settle(current, by=by, consent=consent)
            signals.visit_saved.send(sender=Visit, visit=current, created=False, by=by)
            if current.key in selectors.dating_visits(protocol.of(current.participant)):
                redate(participant=current.participant, by=by)
                current.refresh_from_db()
            return current
    except IntegrityError as error:
        raise CrfInvalid([problem_of(error, Visit)]) from error


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


def _note_version(visit: Visit) -> None:
    """Under which version a visit was held: the one that counted on its day. One that is still to come bears none."""
    if visit.status != VisitStatus.DONE:
        visit.protocol_version = ""
        return
    happened_on: Any = visit.happened_on
    day = None if happened_on is None else happened_on.latest
    counted = version_on(visit.participant, day)
    if visit.key in counted.visits:
        visit.protocol_version = counted.version
    elif protocol.visit_of(visit.key, visit.protocol_version) is None or not visit.protocol_version:
        # What the version of that day lacks was held under the one that has it.
        visit.protocol_version = protocol.of(visit.participant).version


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
