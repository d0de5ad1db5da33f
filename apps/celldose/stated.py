"""The protocol in the terms of the rules, and the days and weights that they judge by."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone

from apps.celldose import release, rules
from apps.celldose.models import Harvest, Infusion
from apps.visits.models import VitalSigns
from studyportal import protocol
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate


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


def weight_on(participant_id: int, day: PartialDate | None) -> Decimal | NotDerivable:
    """The weight measured on that very day; the last one entered when there are several."""
    exact = day.exact if day is not None else None
    if exact is None:
        return NotDerivable("day of the session missing, so no same-day weight")
    # An empty day of measurement means the day of the visit.
    that_day = Q(taken_on=exact) | Q(taken_on__isnull=True, visit__happened_on=exact)
    weight = (
        VitalSigns.objects.filter(that_day, participant_id=participant_id, weight__isnull=False)
        .order_by("-id")
        .values_list("weight", flat=True)
        .first()
    )
    return NotDerivable("same-day weight missing") if weight is None else weight
