"""The course of one infusion as the rules take it: what they are told, and what refuses a record of it.

Two nurses may record one infusion at once. The start waits for the lock of its form (`locks`), every gate of what follows
locks the infusion first, so that the second of two sees what the first has recorded, and is told who did so and when.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.core import checks as django_checks
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import gates, rules
from apps.celldose.models import (
    CellProduct,
    Infusion,
    InfusionHappening,
    InfusionObservation,
    Processing,
    Timepoint,
)
from apps.celldose.signals import adverse_events_asked
from studyportal import protocol
from studyportal.access.models import User
from studyportal.audit.selectors import event_model_of
from studyportal.crf.fields.dates import moment_for_people
from studyportal.crf.outcomes import Problem

# --- what is on record ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recorded:
    """Who entered a record, and when. name: as the person is shown; the user name when the account is not to be seen."""

    name: str
    at: dt.datetime


def times_of_protocol() -> tuple[rules.Time, ...]:
    return tuple(
        rules.Time(one.key, str(one.label), one.minutes, one.tolerance)
        for one in protocol.current().infusion.observations.values()
    )


def time_of(key: str | None) -> rules.Time | None:
    return next((one for one in times_of_protocol() if one.key == key), None)


def recorded_by(model: type[Any], ids: Iterable[int]) -> dict[int, Recorded]:
    """Record → who entered it first and when, from its history. Two queries."""
    wanted = list(ids)
    if not wanted:
        return {}
    entered = {
        row["pgh_obj_id"]: ((row["pgh_context"] or {}).get("username") or "", row["pgh_created_at"])
        for row in event_model_of(model)
        ._default_manager.filter(pgh_label="insert", pgh_obj_id__in=wanted)
        .values("pgh_obj_id", "pgh_context", "pgh_created_at")
    }
    names = {
        user.username: str(user)
        for user in User.objects.filter(username__in={username for username, _at in entered.values()})
    }
    return {pk: Recorded(names.get(username, username), at) for pk, (username, at) in entered.items()}


def course_of(
    infusion: Infusion,
    *,
    happenings: Iterable[InfusionHappening] | None = None,
    instead: InfusionHappening | None = None,
    who: Mapping[int, Recorded] | None = None,
) -> rules.Course:
    """The course as the rules take it. instead: an event that is being saved, in place of what stands of it."""
    stands = infusion.happenings.all() if happenings is None else happenings
    events = [one for one in stands if instead is None or one.pk != instead.pk]
    if instead is not None:
        events.append(instead)
    return rules.Course(
        started_at=infusion.started_at,
        stopped_at=infusion.stopped_at,
        first_rate=infusion.rate_ml_h,
        happened=tuple(
            rules.Happened(
                one.kind or "",
                one.at,
                one.rate_ml_h,
                who[one.pk].name if who and one.pk in who else "",
            )
            for one in events
        ),
        zone=ZoneInfo(infusion.site.timezone),
    )


def schedule_of(
    infusion: Infusion, observations: Iterable[InfusionObservation], now: dt.datetime
) -> tuple[rules.Planned, ...]:
    """The observations of the protocol as they stand at a moment; none before the start."""
    if infusion.started_at is None:
        return ()
    observed = {one.timepoint: one.observed_at for one in observations if one.timepoint}
    return rules.schedule(times_of_protocol(), infusion.started_at, observed, now)


# --- what derivations and checks are told -----------------------------------------------------------------


def infusion_context(record: Infusion) -> Mapping[str, Any]:
    asked = protocol.current().infusion
    saved = record.pk is not None
    return {
        "course": course_of(record, happenings=None if saved else ()),
        "volume_tolerance_percent": asked.volume_tolerance_percent,
        "rate_bounds": (asked.rate_minimum_ml_h, asked.rate_maximum_ml_h),
        "planned": schedule_of(record, record.observations.all(), timezone.now())
        if saved and not record.participant.retrospective
        else None,
    }


def happening_context(record: InfusionHappening) -> Mapping[str, Any]:
    asked = protocol.current().infusion
    return {
        "rate_bounds": (asked.rate_minimum_ml_h, asked.rate_maximum_ml_h),
        "adverse_events": _adverse_events(record.infusion.product) if record.reactions else 0,
    }


def observation_context(record: InfusionObservation) -> Mapping[str, Any]:
    return {
        "time": time_of(record.timepoint),
        "started_at": record.infusion.started_at,
        "adverse_events": _adverse_events(record.infusion.product) if record.reactions else 0,
    }


def _adverse_events(product: CellProduct) -> int:
    answers = adverse_events_asked.send(sender=CellProduct, product=product)
    return sum(number for _receiver, number in answers if number)


# --- gates: (record, by) → problems -----------------------------------------------------------------------


def started_once_gate(record: Infusion, by: User | None) -> Iterable[Problem]:
    """One product, one infusion: the second of two who start it is told of the first."""
    if record.pk is not None:
        return
    stands = Infusion.objects.filter(product_id=record.product_id).select_related("site").first()
    if stands is not None:
        yield already_started(stands)


def already_started(stands: Infusion) -> Problem:
    return Problem(
        "product",
        "already_started",
        _("%(who)s recorded this infusion, started %(at)s. Look at what stands; yours is not saved.")
        % {"who": _who(Infusion, stands), "at": at_site(stands.started_at, stands.site)},
    )


def infusion_course_gate(record: Infusion, by: User | None) -> Iterable[Problem]:
    """Start, stop and volumes agree with what is recorded of the course and of the product."""
    if record.pk is not None:
        _lock(record.pk)
        for problem in rules.course_problems(course_of(record)):
            field = {"before_start": "started_at", "after_stop": "stopped_at"}.get(problem.code)
            if field is not None:
                yield Problem(field, problem.code, problem.message)
    final = (
        Processing.objects.filter(product_id=record.product_id)
        .values_list("final_volume_ml", flat=True)
        .first()
    )
    bars = rules.volume_problems(record.volume_ml, record.residual_discarded_ml, final)
    # A paper may give volumes that do not agree: they are recorded, and asked about.
    yield from gates.refusing(bars, record.participant, _day_of(record))


def _day_of(record: Infusion) -> Any:
    from apps.celldose.stated import day_of_infusion

    return day_of_infusion(record)


def happening_gate(record: InfusionHappening, by: User | None) -> Iterable[Problem]:
    """The event fits into what is recorded; what did not fit before is not its fault."""
    infusion = _lock(record.infusion_id)
    stands = list(infusion.happenings.all())
    others = [one for one in stands if one.pk != record.pk]
    twin = next(
        (
            one
            for one in others
            if one.kind == record.kind
            and one.at == record.at
            and record.at
            and record.kind != "premedication"
        ),
        None,
    )
    if twin is not None:
        yield _already("at", InfusionHappening, twin, str(twin))
        return
    who = recorded_by(InfusionHappening, [one.pk for one in others])
    before = {
        (p.code, p.message) for p in rules.course_problems(course_of(infusion, happenings=others, who=who))
    }
    course = course_of(infusion, happenings=others, instead=record, who=who)
    yield from (p for p in rules.course_problems(course) if (p.code, p.message) not in before)


def observation_gate(record: InfusionObservation, by: User | None) -> Iterable[Problem]:
    infusion = _lock(record.infusion_id)
    stands = infusion.observations.filter(timepoint=record.timepoint).exclude(pk=record.pk).first()
    if stands is not None:
        yield _already("timepoint", InfusionObservation, stands, str(stands))
        return
    yield from rules.observed_in_order(
        {"observed_at": record.observed_at},
        {
            "time": time_of(record.timepoint),
            "started_at": infusion.started_at,
            "course": course_of(infusion, happenings=()),
        },
    )


def _lock(infusion_id: int) -> Infusion:
    return Infusion.objects.select_for_update(of=("self",)).select_related("site").get(pk=infusion_id)


def _already(field: str, model: type[Any], stands: Any, what: str) -> Problem:
    return Problem(
        field,
        "already_recorded",
        _("%(who)s recorded “%(what)s”. Look at what stands; yours is not saved.")
        % {"who": _who(model, stands), "what": what},
    )


def _who(model: type[Any], stands: Any) -> str:
    """“Asha (entered 10 Mar 2025, 15:12)”."""
    found = recorded_by(model, [stands.pk]).get(stands.pk)
    if found is None:
        return _("Somebody else")
    return _("%(name)s (entered %(at)s)") % {
        "name": found.name or _("Somebody else"),
        "at": at_site(found.at, stands.site),
    }


def at_site(moment: dt.datetime | None, site: Any) -> str:
    """A moment in words and in the site's zone, whichever zone the request is read in."""
    if moment is None:
        return "–"
    with timezone.override(ZoneInfo(site.timezone)):
        return moment_for_people(moment)


@django_checks.register
def observations_of_protocol_are_known(app_configs: Any, **kwargs: Any) -> list[django_checks.CheckMessage]:
    """Start-up check: every observation that the protocol names can be recorded."""
    try:
        unknown = [one.key for one in times_of_protocol() if one.key not in Timepoint.values]
    except Exception:  # a wrong protocol has its own message
        return []
    return [
        django_checks.Error(
            f"The protocol names the observation “{key}”, which the form does not know: {', '.join(Timepoint.values)}.",
            hint="Correct infusion.observations in the protocol, or add the time to the form.",
            id="celldose.E001",
        )
        for key in unknown
    ]
