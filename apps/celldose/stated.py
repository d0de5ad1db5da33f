"""The protocol in the terms of the rules, and the days and weights that they judge by."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone

from apps.celldose import release, rules
from apps.celldose.models import DosePlan, Harvest, Infusion, Processing
from apps.visits.models import VitalSigns
from studyportal import protocol
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate
from studyportal.words import said


def interval() -> rules.Interval:
    asked = protocol.current().sessions.interval
    return rules.Interval(int(asked.target_days), int(asked.days_before), int(asked.days_after))


def planned_range(component: str | None) -> tuple[Decimal, Decimal] | None:
    dose = protocol.current().dose_ranges.get(component or "")
    return None if dose is None else (dose.minimum, dose.maximum)


def shelf_lives(component: str | None) -> tuple[rules.ShelfLife, ...]:
    limits = protocol.current().expiry.get(component or "") or {}
    return tuple(
        rules.ShelfLife(Decimal(limit.hours), None if limit.storage == "any" else limit.storage)
        for limit in limits.values()
    )


def criteria_of(component: str | None) -> tuple[release.Criterion, ...]:
    criteria = protocol.current().release_criteria.get(component or "") or {}
    return tuple(
        release.Criterion(
            key=one.key,
            label=one.label,
            specification=one.specification,
            unit=getattr(one, "unit", ""),
            minimum=one.limit if one.kind == "at_least" else None,
            maximum=one.limit if one.kind == "at_most" else None,
            wanted=getattr(one, "expected", ""),
            days=getattr(one, "days", 14),
            may_be_pending=one.pending_allowed,
        )
        for one in criteria.values()
    )


def culture_days(component: str | None) -> int | None:
    """After how many days a culture without growth is final; None where the protocol asks for no culture."""
    return next((one.days for one in criteria_of(component) if one.key == "sterility"), None)


def local_day(moment: dt.datetime | None, site: Any) -> dt.date | None:
    """The day of a moment at the site: 20:00 UTC is already tomorrow in Mumbai."""
    return None if moment is None else timezone.localtime(moment, zoneinfo.ZoneInfo(site.timezone)).date()


def day_of_harvest(harvest: Harvest) -> PartialDate | None:
    """The day of a harvest as far as it is known: by its own time, else by its session."""
    day = local_day(harvest.started_at or harvest.ended_at, harvest.site)
    return PartialDate.of(day) if day else harvest.session.performed_on


def day_of_infusion(infusion: Infusion) -> PartialDate | None:
    day = local_day(infusion.started_at, infusion.site)
    return PartialDate.of(day) if day else infusion.product.harvest.session.performed_on


def reagents_used_on(harvest: Harvest, processing: Processing | None) -> dt.date | None:
    """The day on which reagents were used: of the processing; before it is recorded, not before that of the harvest."""
    done = (processing.started_at or processing.ended_at) if processing is not None else None
    return local_day(done or harvest.ended_at or harvest.started_at, harvest.site)


def day_of_use(harvest: Harvest, processing: Processing | None) -> PartialDate | None:
    """The day of the reagents' use as far as it is known: else that of the session."""
    day = reagents_used_on(harvest, processing)
    return PartialDate.of(day) if day else harvest.session.performed_on


def plan_of(session_id: int, component: str | None) -> DosePlan | None:
    """The dose plan of a component in a session; one query."""
    return DosePlan.objects.filter(session_id=session_id, component=component or "").first()


def plan_range(plan: DosePlan | None) -> tuple[Decimal, Decimal] | None:
    """The range that a plan states, when it states both ends."""
    if plan is None or plan.planned_low is None or plan.planned_high is None:
        return None
    return plan.planned_low, plan.planned_high


def at_site(moment: dt.datetime | None, site: Any) -> dt.datetime | None:
    """A moment in the site's zone, for messages."""
    return None if moment is None else timezone.localtime(moment, zoneinfo.ZoneInfo(site.timezone))


def weight_of(participant_id: int, day: PartialDate | None) -> rules.Weighed | NotDerivable:
    """The body weight for a dose on that day: the one road to a weight in this app.

    Measured on the day itself, or at most so many days before it as the protocol allows (`custody.dose`,
    `weight_within_days`); the nearest day counts, and of one day what was entered last.
    """
    exact = day.exact if day is not None else None
    if exact is None:
        return NotDerivable(said("day of the session missing, so no same-day weight"))
    within = weight_within_days()
    first = exact - dt.timedelta(days=within)
    # An empty day of measurement means the day of the visit.
    near = Q(taken_on__range=(first, exact)) | Q(
        taken_on__isnull=True, visit__happened_on__range=(first, exact)
    )
    found = VitalSigns.objects.filter(
        near, participant_id=participant_id, weight__isnull=False
    ).select_related("visit")
    measured = [(_weighed_on(one), one.pk, one.weight) for one in found]
    known = [(on, pk, kg) for on, pk, kg in measured if on is not None and kg is not None]
    if not known:
        return NotDerivable(
            said("weight of the last %(within)s days missing", within=within)
            if within
            else said("same-day weight missing")
        )
    on, _pk, kg = max(known, key=lambda one: one[:2])
    return rules.Weighed(kg, on)


def weight_within_days() -> int:
    """How many days before a session a weight may have been measured; 0: on the day itself."""
    return int(protocol.current().custody.dose.weight_within_days)


def _weighed_on(record: VitalSigns) -> dt.date | None:
    taken = record.taken_on if record.taken_on is not None else record.visit.happened_on
    return taken.exact if taken is not None else None
