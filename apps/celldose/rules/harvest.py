"""The session, the harvest and the way to the laboratory. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.celldose.rules.arithmetic import Breach, Values, _after
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.words import said

COMPONENT_OF_TISSUE = {"bone_marrow": "bm_mnc", "adipose": "svf"}


def session_order(performed_on: Any, previous: Any) -> Iterable[Problem]:
    """Both PartialDates or None; refused only when every day that they can mean is in the wrong order."""
    if previous is not None and performed_on is not None and performed_on.certainly_before(previous):
        yield Problem(
            "performed_on",
            "order",
            said("The session before was on %(previous)s; this one cannot be earlier.", previous=previous),
        )


def harvest_ends_after_start(values: Values) -> Iterable[Problem]:
    return _after(
        values,
        "ended_at",
        "started_at",
        said("The harvest ends before it starts; correct one of the two times."),
    )


def harvest_volume_positive(values: Values) -> Iterable[Problem]:
    volume = values.get("volume_ml")
    if volume is not None and volume <= 0:
        yield Problem(
            "volume_ml",
            "min_value",
            said("A harvested volume is above 0 mL; if nothing was obtained, leave it empty with a reason."),
        )


def component_fits_tissue(values: Values) -> Iterable[Problem]:
    harvest, component = values.get("harvest"), values.get("component")
    if harvest is None or component is None or harvest.tissue is None:
        return
    if COMPONENT_OF_TISSUE[harvest.tissue] != component:
        yield Problem(
            "component",
            "component_tissue",
            said(
                "BM-MNC are made from bone marrow and SVF from adipose tissue; choose the component of"
                " this harvest."
            ),
        )


def temperatures_ordered(values: Values) -> Iterable[Problem]:
    low, high = values.get("temperature_min"), values.get("temperature_max")
    if low is not None and high is not None and low > high:
        yield Problem(
            "temperature_max",
            "order",
            said("The lowest temperature is above the highest; correct one of the two."),
        )


@dataclass(frozen=True)
class Interval:
    """Days between two sessions: target − before to target + after, both inclusive."""

    target: int
    before: int
    after: int

    @property
    def earliest(self) -> int:
        return self.target - self.before

    @property
    def latest(self) -> int:
        return self.target + self.after

    @property
    def words(self) -> str:
        spread = f"± {self.before}" if self.before == self.after else f"−{self.before}/+{self.after}"
        return said("%(target)s %(spread)s days", target=self.target, spread=spread)

    def __str__(self) -> str:
        return str(self.words)


def days_between(first: Any, second: Any) -> tuple[int, int] | None:
    """(fewest, most) days from one PartialDate to another; None when either has no bounds."""
    if first is None or second is None or first.earliest is None or second.earliest is None:
        return None
    return (second.earliest - first.latest).days, (second.latest - first.earliest).days


def interval_breaches(number: int | None, days: tuple[int, int] | None, asked: Interval) -> Iterable[Breach]:
    """Days from the session before, as (fewest, most) that the two dates can mean; None when not known.

    Fires only when every day that the dates can mean is outside: a month-only date proves little.
    """
    if number is None or number < 2 or days is None:
        return
    fewest, most = days
    if most < asked.earliest or fewest > asked.latest:
        shown = f"{fewest}" if fewest == most else f"{fewest}–{most}"
        yield Breach(
            "session_interval",
            said(
                "Session %(number)s was %(shown)s days after the one before; the protocol asks for"
                " %(asked)s.",
                number=number,
                shown=shown,
                asked=asked.words,
            ),
            "minor",
            kind="dose",
        )


def derive_session(values: Values, context: Values) -> Mapping[str, Any]:
    """Days since the session before, when both are known to the day. context: previous_on (PartialDate or None),
    previous (the number of that session, None when this is the first)."""
    if context.get("previous") is None:
        return {"days_since_previous": NotDerivable(said("there is no session before"))}
    days = days_between(context.get("previous_on"), values.get("performed_on"))
    if days is None:
        missing = (
            said("date of the session before")
            if context.get("previous_on") is None
            else said("date of this session")
        )
        return {"days_since_previous": NotDerivable(said("%(missing)s missing", missing=missing))}
    fewest, most = days
    if fewest != most:
        return {
            "days_since_previous": NotDerivable(
                said("a date is not known to the day: %(fewest)s to %(most)s days", fewest=fewest, most=most)
            )
        }
    return {"days_since_previous": fewest}


def interval_state(days: tuple[int, int] | None, asked: Interval) -> str:
    """within, outside or unknown: as sure as the two dates allow."""
    if days is None:
        return "unknown"
    fewest, most = days
    if most < asked.earliest or fewest > asked.latest:
        return "outside"
    return "within" if asked.earliest <= fewest and most <= asked.latest else "unknown"
