"""Hard rules and derived values of visits and of the forms of a visit. Days are whole days, counted from the anchor."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Protocol

from studyportal.crf.outcomes import NotDerivable, Problem

WindowState = Literal["early", "in_window", "late", "unknown"]

DAYS_PER_MONTH = Decimal("30.4375")
DAYS_PER_YEAR = Decimal("365.25")


class PartialDay(Protocol):
    @property
    def earliest(self) -> dt.date | None: ...
    @property
    def latest(self) -> dt.date | None: ...


@dataclass(frozen=True)
class Due:
    """The days on which a visit is due, inclusive."""

    earliest: dt.date
    target: dt.date
    latest: dt.date


@dataclass(frozen=True)
class DaySpan:
    """Lowest and highest possible number of days from the anchor; the same when both dates are known to the day."""

    lowest: int
    highest: int

    @property
    def exact(self) -> int | None:
        return self.lowest if self.lowest == self.highest else None


def window_state(target: int, before: int, after: int, actual_day: int) -> WindowState:
    """Where a day lies against target − before … target + after; both ends belong to the window."""
    if actual_day < target - before:
        return "early"
    if actual_day > target + after:
        return "late"
    return "in_window"


def window_state_of_span(target: int, before: int, after: int, days: DaySpan | NotDerivable) -> WindowState:
    """The same for a visit that is dated by month or year: told only when every possible day gives one answer."""
    if isinstance(days, NotDerivable):
        return "unknown"
    lowest = window_state(target, before, after, days.lowest)
    highest = window_state(target, before, after, days.highest)
    return lowest if lowest == highest else "unknown"


def due_dates(anchor: dt.date, target: int, before: int, after: int) -> Due:
    """The window of a visit in days of the calendar. Day 0 is the anchor."""
    return Due(
        anchor + dt.timedelta(days=target - before),
        anchor + dt.timedelta(days=target),
        anchor + dt.timedelta(days=target + after),
    )


def days_between(anchor: PartialDay | None, happened: PartialDay | None) -> DaySpan | NotDerivable:
    """Days from the anchor to the visit, as far as both dates are known."""
    if anchor is None:
        return NotDerivable("date of the anchor missing")
    if happened is None:
        return NotDerivable("date of the visit missing")
    if anchor.earliest is None or anchor.latest is None:
        return NotDerivable("date of the anchor is an age only")
    if happened.earliest is None or happened.latest is None:
        return NotDerivable("date of the visit is an age only")
    return DaySpan((happened.earliest - anchor.latest).days, (happened.latest - anchor.earliest).days)


_NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
        start=1,
    )
} | {"a": 1, "an": 1, "eighteen": 18, "twenty-four": 24}
_NOMINAL = re.compile(
    r"\b(?P<number>\d{1,3}|" + "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True)) + r")[\s-]+"
    r"(?P<unit>day|week|month|year)s?\b",
    re.IGNORECASE,
)
_DAYS_PER = {"day": Decimal(1), "week": Decimal(7), "month": DAYS_PER_MONTH, "year": DAYS_PER_YEAR}
# How far the calendar may lie from a rounded label: half of the unit that the label counts in.
_SLACK = {"day": Decimal(1), "week": Decimal("3.5"), "month": DAYS_PER_MONTH / 2, "year": DAYS_PER_MONTH * 2}


def nominal_days(label: str) -> tuple[Decimal, Decimal] | None:
    """(days, slack) that a label such as “six months” or “1 year” stands for; None when it names no duration."""
    found = _NOMINAL.search(label)
    if found is None:
        return None
    text, unit = found["number"].lower(), found["unit"].lower()
    number = int(text) if text.isdigit() else _NUMBER_WORDS[text]
    return number * _DAYS_PER[unit], _SLACK[unit]


def label_disagrees(label: str, days: DaySpan | NotDerivable) -> bool:
    """Whether no possible day of the visit fits the duration that its label names."""
    nominal = nominal_days(label)
    if nominal is None or isinstance(days, NotDerivable):
        return False
    expected, slack = nominal
    return days.lowest > expected + slack or days.highest < expected - slack


def visit_problems(values: Mapping[str, Any], *, scheduled: bool) -> Iterable[Problem]:
    """Hard rules of a visit. Keys: status, happened_on, missed_reason, number."""
    status = values.get("status")
    if status == "missed" and not (values.get("missed_reason") or "").strip():
        yield Problem("missed_reason", "required", "Say why the visit was missed.")
    if status != "missed" and (values.get("missed_reason") or "").strip():
        yield Problem("missed_reason", "not_expected", "Only a missed visit has this reason. Leave it empty.")
    if status in ("missed", "planned") and values.get("happened_on") is not None:
        yield Problem(
            "happened_on",
            "contradiction",
            "A visit that took place is done: change its state, or leave the date out.",
        )
    number = values.get("number")
    if scheduled and number not in (None, 1):
        yield Problem(
            "number",
            "not_repeated",
            "The protocol has this visit once. Record a further one as unscheduled (UNS).",
        )


def not_in_future(happened: PartialDay | None, today: dt.date) -> Iterable[Problem]:
    """today: at the site."""
    if happened is not None and happened.earliest is not None and happened.earliest > today:
        yield Problem(
            "happened_on", "in_future", "This day lies in the future. A visit to come is planned, not done."
        )


def body_mass_index(weight_kg: Decimal | None, height_cm: Decimal | None) -> Decimal | NotDerivable:
    """kg/m²: weight ÷ height²."""
    lacking = [name for name, value in (("weight", weight_kg), ("height", height_cm)) if value is None]
    if weight_kg is None or height_cm is None:
        return NotDerivable(f"{' and '.join(lacking)} missing")
    metres = height_cm / 100
    return weight_kg / (metres * metres)


def derive_vital_signs(values: Mapping[str, Any], context: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"bmi": body_mass_index(values.get("weight"), values.get("height"))}


def diastolic_below_systolic(values: Mapping[str, Any]) -> Iterable[Problem]:
    systolic, diastolic = values.get("systolic"), values.get("diastolic")
    if systolic is not None and diastolic is not None and diastolic >= systolic:
        yield Problem(
            "diastolic",
            "not_below_systolic",
            "The diastolic pressure must lie below the systolic. Were the two exchanged?",
        )


def no_exercise_has_no_minutes(values: Mapping[str, Any]) -> Iterable[Problem]:
    if values.get("exercise_intensity") == "none" and values.get("exercise_minutes_per_week"):
        yield Problem(
            "exercise_minutes_per_week", "contradiction", "Minutes are given although there is no exercise."
        )


# ------------------------------------------------------------------------------------------------- insulin

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
    lacking = [name for name, value in (("dose", dose), ("frequency", frequency_per_day)) if value is None]
    if dose is None or frequency_per_day is None:
        return NotDerivable(f"{' and '.join(lacking)} missing")
    return dose * frequency_per_day


def units_per_kg(daily: Decimal | NotDerivable, weight_kg: Decimal | None) -> Decimal | NotDerivable:
    """IU/kg/day. A documented 0 is 0 whatever the weight."""
    if isinstance(daily, NotDerivable):
        return daily
    if daily == 0:
        return Decimal(0)
    if weight_kg is None:
        return NotDerivable("weight missing")
    return daily / weight_kg


def derive_insulin(values: Mapping[str, Any], context: Mapping[str, Any]) -> Mapping[str, Any]:
    """context["weight"]: kg at the same visit, or None."""
    daily = daily_dose(values.get("taken"), values.get("dose"), values.get("frequency_per_day"))
    product = values.get("product")
    return {
        "atc": INSULIN_ATC.get(product or "") or NotDerivable("product not coded"),
        "daily_dose": daily,
        "units_per_kg": units_per_kg(daily, context.get("weight")),
    }


def not_taken_has_no_dose(values: Mapping[str, Any]) -> Iterable[Problem]:
    if values.get("taken") is False and values.get("dose"):
        yield Problem(
            "dose",
            "contradiction",
            "The insulin is not taken, yet a dose above 0 is given. Correct one of the two.",
        )


def taken_has_dose_above_zero(values: Mapping[str, Any]) -> Iterable[Problem]:
    if values.get("taken") is True and values.get("dose") == 0:
        yield Problem(
            "dose", "contradiction", "The insulin is taken, so its dose is above 0. Was it stopped?"
        )


def stopped_after_started(values: Mapping[str, Any]) -> Iterable[Problem]:
    started, stopped = values.get("started_on"), values.get("stopped_on")
    if started is None or stopped is None or started.earliest is None or stopped.latest is None:
        return
    if stopped.latest < started.earliest:
        yield Problem("stopped_on", "before_start", "The insulin was stopped before it was started.")


def total_daily_insulin(doses: Iterable[Decimal | None]) -> Decimal | NotDerivable:
    """IU per day over all products of one visit; one unknown dose makes the total unknown."""
    listed = list(doses)
    if not listed:
        return NotDerivable("insulin dose missing")
    if any(dose is None for dose in listed):
        return NotDerivable("insulin dose of a product missing")
    return sum((dose for dose in listed if dose is not None), Decimal(0))
