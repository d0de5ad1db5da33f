"""Insulin: codes, hard rules, doses per day and per kilogram. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.words import said

# WHO ATC codes.
INSULIN_ATC: Mapping[str, str] = {
    "glargine": "A10AE04",
    "detemir": "A10AE05",
    "degludec": "A10AE06",
    "nph": "A10AC01",
    "regular": "A10AB01",
    "lispro": "A10AB04",
    "aspart": "A10AB05",
    "glulisine": "A10AB06",
    "aspart_premixed": "A10AD05",
    "human_premixed": "A10AD01",
}


# Brand names as they are written, the seed's misspelling among them (domain.md §9).
BRANDS: Mapping[str, str] = {
    "lantus": "glargine",
    "basalog": "glargine",
    "toujeo": "glargine",
    "levemir": "detemir",
    "tresiba": "degludec",
    "novorapid": "aspart",
    "novarapid": "aspart",
    "novolog": "aspart",
    "fiasp": "aspart",
    "humalog": "lispro",
    "apidra": "glulisine",
    "actrapid": "regular",
    "insulatard": "nph",
    "novomix": "aspart_premixed",
    "mixtard": "human_premixed",
}


def daily_dose(
    taken: bool | None, dose: Decimal | None, frequency_per_day: int | None
) -> Decimal | NotDerivable:
    """IU per day: dose of one administration × administrations per day. Not taken is a documented 0."""
    if taken is False:
        return Decimal(0)
    if dose is None and frequency_per_day is None:
        return NotDerivable(said("dose and frequency missing"))
    if dose is None:
        return NotDerivable(said("dose missing"))
    if frequency_per_day is None:
        return NotDerivable(said("frequency missing"))
    return dose * frequency_per_day


def units_per_kg(daily: Decimal | NotDerivable, weight_kg: Decimal | None) -> Decimal | NotDerivable:
    """IU/kg/day. A documented 0 is 0 whatever the weight."""
    if isinstance(daily, NotDerivable):
        return daily
    if daily == 0:
        return Decimal(0)
    if weight_kg is None:
        return NotDerivable(said("weight missing"))
    return daily / weight_kg


def derive_insulin(values: Mapping[str, Any], context: Mapping[str, Any]) -> Mapping[str, Any]:
    """context["weight"]: kg at the same visit, or None."""
    daily = daily_dose(values.get("taken"), values.get("dose"), values.get("frequency_per_day"))
    product = values.get("product")
    return {
        "atc": INSULIN_ATC.get(product or "") or NotDerivable(said("product not coded")),
        "daily_dose": daily,
        "units_per_kg": units_per_kg(daily, context.get("weight")),
    }


def not_taken_has_no_dose(values: Mapping[str, Any]) -> Iterable[Problem]:
    if values.get("taken") is False and values.get("dose"):
        yield Problem(
            "dose",
            "contradiction",
            said("The insulin is not taken, yet a dose above 0 is given. Correct one of the two."),
        )


def taken_has_dose_above_zero(values: Mapping[str, Any]) -> Iterable[Problem]:
    if values.get("taken") is True and values.get("dose") == 0:
        yield Problem(
            "dose", "contradiction", said("The insulin is taken, so its dose is above 0. Was it stopped?")
        )


def stopped_after_started(values: Mapping[str, Any]) -> Iterable[Problem]:
    started, stopped = values.get("started_on"), values.get("stopped_on")
    if started is None or stopped is None or started.earliest is None or stopped.latest is None:
        return
    if stopped.latest < started.earliest:
        yield Problem("stopped_on", "before_start", said("The insulin was stopped before it was started."))


def dose_since_within_course(values: Mapping[str, Any]) -> Iterable[Problem]:
    since, started, stopped = (values.get(name) for name in ("dose_since", "started_on", "stopped_on"))
    if since is None:
        return
    if started is not None and _certainly_before(since, started):
        yield Problem("dose_since", "before_start", said("This dose cannot be older than the insulin."))
    if stopped is not None and _certainly_before(stopped, since):
        yield Problem("dose_since", "after_stop", said("The insulin was stopped before this dose began."))


def change_agrees_with_taken(values: Mapping[str, Any]) -> Iterable[Problem]:
    """What is not taken was stopped or never changed; what is taken was not stopped."""
    taken, change = values.get("taken"), values.get("change")
    if (taken is True and change == "stopped") or (
        taken is False and change in ("started", "increased", "decreased")
    ):
        yield Problem(
            "change",
            "contradiction",
            said("This does not go with whether the insulin is taken. Correct one of the two."),
        )


def _certainly_before(one: PartialDate, other: PartialDate) -> bool:
    return one.latest is not None and other.earliest is not None and one.latest < other.earliest


def change_of(before: Decimal | None, now: Decimal | None) -> str | None:
    """What happened to a daily dose, as a code of `DoseChange`; None where either is not known. 0: not taken."""
    if before is None or now is None:
        return None
    if now == before:
        return "unchanged"
    if before == 0:
        return "started"
    if now == 0:
        return "stopped"
    return "increased" if now > before else "decreased"


@dataclass(frozen=True)
class Use:
    """One insulin at one visit, as periods are made of it. visit: its number, by which several lines of one visit are
    added up (a dose in the morning and another in the evening); visit_on: its day; daily_dose: IU/d, 0 not taken."""

    visit_on: PartialDate | None
    role: str | None
    product: str | None
    product_other: str = ""
    daily_dose: Decimal | None = None
    dose_since: PartialDate | None = None
    stopped_on: PartialDate | None = None
    why: str = ""
    visit: int = 0


@dataclass(frozen=True)
class Period:
    """A time with one dose of one insulin. units_per_day: None where the source does not say; first, last: as far as
    known, last None while it goes on; why: code of the reason of the change that began it; ended_why: that ended it."""

    role: str | None
    product: str | None
    product_other: str
    units_per_day: Decimal | None
    first: PartialDate | None
    last: PartialDate | None
    ongoing: bool
    why: str = ""
    ended_why: str = ""


def periods(uses: Iterable[Use]) -> list[Period]:
    """The regimen as dated periods: of each insulin, visits in a row with the same dose are one period.

    uses: in the order of the visits. A documented 0 ends a period and begins none. A dose begins on the day that was
    given for it, else on the day of the first visit that has it; it ends where the next begins.
    """
    by_insulin: dict[tuple[str | None, str | None, str], list[Use]] = {}
    for use in uses:
        listed = by_insulin.setdefault((use.role, use.product, use.product_other or ""), [])
        if listed and use.visit and listed[-1].visit == use.visit:
            listed[-1] = _together(listed[-1], use)
        else:
            listed.append(use)
    found: list[Period] = []
    for (role, product, other), listed in by_insulin.items():
        runs = [listed[:1]]
        for before, use in pairwise(listed):
            if use.daily_dose == before.daily_dose:
                runs[-1].append(use)
            else:
                runs.append([use])
        for place, run in enumerate(runs):
            after = runs[place + 1][0] if place + 1 < len(runs) else None
            if run[0].daily_dose == 0:
                continue
            stated_end = next((use.stopped_on for use in run if use.stopped_on is not None), None)
            last = stated_end or (
                None if after is None else after.stopped_on or after.dose_since or after.visit_on
            )
            found.append(
                Period(
                    role=role,
                    product=product,
                    product_other=other,
                    units_per_day=run[0].daily_dose,
                    first=next(
                        (use.dose_since for use in run if use.dose_since is not None), run[0].visit_on
                    ),
                    last=last,
                    ongoing=after is None and stated_end is None,
                    why=next((use.why for use in run if use.why), ""),
                    ended_why="" if after is None else after.why,
                )
            )
    return found


def _together(one: Use, other: Use) -> Use:
    doses = (one.daily_dose, other.daily_dose)
    return replace(
        one,
        daily_dose=None if None in doses else sum((dose for dose in doses if dose is not None), Decimal(0)),
        dose_since=one.dose_since or other.dose_since,
        stopped_on=one.stopped_on or other.stopped_on,
        why=one.why or other.why,
    )


def total_daily_insulin(doses: Iterable[Decimal | None]) -> Decimal | NotDerivable:
    """IU per day over all products of one visit; one unknown dose makes the total unknown."""
    listed = list(doses)
    if not listed:
        return NotDerivable(said("insulin dose missing"))
    if any(dose is None for dose in listed):
        return NotDerivable(said("insulin dose of a product missing"))
    return sum((dose for dose in listed if dose is not None), Decimal(0))
