"""Insulins at a visit, against the visit before, and as periods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.visits import rules
from apps.visits.models import InsulinUse, Visit, VitalSigns
from apps.visits.selectors.body import weight_at
from studyportal.crf.outcomes import NotDerivable
from studyportal.words import said


def insulin_at(visit_id: int | None) -> Decimal | NotDerivable:
    """Total IU per day of all insulins recorded at a visit."""
    if visit_id is None:
        return NotDerivable(said("visit missing"))
    return rules.total_daily_insulin(
        InsulinUse.objects.filter(visit_id=visit_id).values_list("daily_dose", flat=True)
    )


def insulin_per_kg_at(visit_id: int | None) -> Decimal | NotDerivable:
    """Total IU/kg/day at a visit: a documented 0 needs no weight."""
    return rules.units_per_kg(insulin_at(visit_id), weight_at(visit_id))


def insulin_context(record: Any) -> Mapping[str, Any]:
    return {"weight": weight_at(record.visit_id), "before": dose_before(record)}


def dose_before(use: InsulinUse) -> Decimal | None:
    """IU per day of the same insulin at the visit before. 0: that visit has other insulins only; None: there is no such
    visit, or its dose is not known."""
    others = list(
        InsulinUse.objects.filter(participant_id=use.participant_id)
        .exclude(visit_id=use.visit_id)
        .select_related("visit")
        .only("visit", "role", "product", "product_other", "daily_dose", "visit__day_number")
    )
    here = _place_of(use.visit)
    earlier = {one.visit_id: _place_of(one.visit) for one in others if _is_before(one.visit, use.visit, here)}
    if not earlier:
        return None
    last = max(earlier, key=lambda visit_id: earlier[visit_id])
    same = [one for one in others if one.visit_id == last and _insulin_of(one) == _insulin_of(use)]
    if not same:
        return Decimal(0)
    doses = [one.daily_dose for one in same]
    return None if None in doses else sum((dose for dose in doses if dose is not None), Decimal(0))


def uses_after(use: InsulinUse) -> list[InsulinUse]:
    """The same insulin at later visits: what is judged against this one, or against one in between."""
    later = InsulinUse.objects.filter(
        participant_id=use.participant_id, role=use.role, product=use.product
    ).exclude(visit_id=use.visit_id)
    here = _place_of(use.visit)
    return [one for one in later.select_related("visit") if not _is_before(one.visit, use.visit, here)]


@dataclass(frozen=True)
class DoseAt:
    """All insulins of one visit together: IU per day, and IU/kg/day with the weight of the visit."""

    visit: Visit
    units_per_day: Decimal | NotDerivable
    units_per_kg: Decimal | NotDerivable


@dataclass(frozen=True)
class Regimen:
    periods: Sequence[rules.Period] = ()
    visits: Sequence[DoseAt] = ()


def periods_of(participant_ids: Collection[int]) -> dict[int, list[rules.Period]]:
    """Participant id → the regimen as dated periods, by insulin. One query."""
    rows = InsulinUse.objects.filter(participant_id__in=participant_ids).select_related("visit")
    by_participant: dict[int, list[InsulinUse]] = defaultdict(list)
    for use in rows:
        by_participant[use.participant_id].append(use)
    return {participant_id: _periods(uses) for participant_id, uses in by_participant.items()}


def regimen_of(participant_id: int, uses: Sequence[InsulinUse] | None = None) -> Regimen:
    """The periods and the dose of each visit. uses: with their visits, where the caller read them already. Two queries at
    most."""
    if uses is None:
        uses = list(InsulinUse.objects.filter(participant_id=participant_id).select_related("visit"))
    if not uses:
        return Regimen()
    by_visit: dict[int, list[InsulinUse]] = defaultdict(list)
    for use in uses:
        by_visit[use.visit_id].append(use)
    weights = dict(VitalSigns.objects.filter(visit_id__in=by_visit).values_list("visit_id", "weight"))
    doses = []
    for listed in by_visit.values():
        visit = listed[0].visit
        total = rules.total_daily_insulin(use.daily_dose for use in listed)
        doses.append(DoseAt(visit, total, rules.units_per_kg(total, weights.get(visit.pk))))
    return Regimen(_periods(uses), sorted(doses, key=lambda dose: _place_of(dose.visit)))


def _periods(uses: Sequence[InsulinUse]) -> list[rules.Period]:
    return rules.periods(
        rules.Use(
            visit_on=use.visit.happened_on,
            role=use.role,
            product=use.product,
            product_other=use.product_other or "",
            daily_dose=use.daily_dose,
            dose_since=use.dose_since,
            stopped_on=use.stopped_on,
            why=use.change_reason or "",
            visit=use.visit_id,
        )
        for use in sorted(uses, key=lambda one: (_place_of(one.visit), one.pk))
    )


def _insulin_of(use: InsulinUse) -> tuple[Any, ...]:
    return use.role, use.product, use.product_other or ""


def _place_of(visit: Visit) -> tuple[int, int]:
    """The order of visits: by day where it is known, those without in the order in which they were recorded, last."""
    return (10**6, visit.pk) if visit.day_number is None else (visit.day_number, visit.pk)


def _is_before(one: Visit, other: Visit, place: tuple[int, int]) -> bool:
    if one.day_number is None or other.day_number is None:
        return one.pk < other.pk
    return _place_of(one) < place
