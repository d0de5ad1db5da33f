"""Groups, anchors, visits and their windows, sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pydantic import Field, model_validator

from .base import Days, FormKey, Frozen, FrozenMapping, Key, Keyed, NaturalInt, PositiveInt, Sourced, Text

FormPer = Literal["visit", "component", "analyte"]
AppliesTo = Literal["everyone", "new_participants"]
# The anchor of a visit that is counted from another visit, which it names in `after`.
PREVIOUS_VISIT = "previous_visit"


class Study(Frozen):
    key: Key
    title: Text
    short_title: Text
    version: Text
    opened_on: date  # data dated before it are retrospective
    in_force_on: date | None = None  # of this version; None: since the study began
    applies_to: AppliesTo = "everyone"  # an amendment may leave those who take part under the version before
    design: Text
    condition: Text
    summary: Text
    source: Text


class Group(Frozen):
    key: Key
    label: Text
    definition: Text
    anchor: Key
    treated: bool


class Anchor(Frozen):
    """An event from which days are counted."""

    key: Key
    label: Text
    groups: tuple[Key, ...] = Field(min_length=1)


class Interval(Sourced):
    """Days between the sessions."""

    target_days: PositiveInt
    days_before: NaturalInt
    days_after: NaturalInt

    @property
    def earliest(self) -> int:
        return self.target_days - self.days_before

    @property
    def latest(self) -> int:
        return self.target_days + self.days_after

    def holds(self, days: int) -> bool:
        return self.earliest <= days <= self.latest


class Sessions(Sourced):
    count: PositiveInt
    interval: Interval
    route: Text


class VisitForm(Frozen):
    """A form expected at a visit. `groups` empty: the visit's groups. `required` False: only when it applies."""

    form: FormKey
    groups: tuple[Key, ...] = ()
    required: bool = True
    per: FormPer = "visit"


@dataclass(frozen=True, slots=True)
class Window:
    """The dates between which a visit is due, both included."""

    earliest: date
    target: date
    latest: date

    def holds(self, day: date) -> bool:
        return self.earliest <= day <= self.latest

    def days_outside(self, day: date) -> int:
        """0 inside the window; negative: days too early; positive: days too late."""
        if day < self.earliest:
            return (day - self.earliest).days
        if day > self.latest:
            return (day - self.latest).days
        return 0


class Visit(Sourced):
    """A visit of the schedule. Days are counted from the anchor of the participant's group (day 0)."""

    key: Key
    label: Text
    groups: tuple[Key, ...] = Field(min_length=1)
    anchor: FrozenMapping[Key]
    after: Key | None = None  # the visit from which one with the anchor previous_visit is counted
    scheduled: bool = True
    target_day: Days | None = None
    window_before: NaturalInt | None = None
    window_after: NaturalInt | None = None
    session: PositiveInt | None = None
    content: Text
    forms: tuple[VisitForm, ...]
    analytes: tuple[Key, ...] = ()
    tests: tuple[Key, ...] = ()

    @model_validator(mode="after")
    def _days_and_windows(self) -> Visit:
        given = [self.target_day, self.window_before, self.window_after]
        if self.scheduled and None in given:
            raise ValueError("a scheduled visit needs target_day, window_before and window_after")
        if not self.scheduled and given != [None, None, None]:
            raise ValueError("a visit with `scheduled: false` has no target_day and no window")
        return self

    @property
    def earliest_day(self) -> int | None:
        if self.target_day is None or self.window_before is None:
            return None
        return self.target_day - self.window_before

    @property
    def latest_day(self) -> int | None:
        if self.target_day is None or self.window_after is None:
            return None
        return self.target_day + self.window_after

    def window(self, anchor_date: date) -> Window | None:
        """The dates of this visit for a participant whose anchor fell on `anchor_date`; None if unscheduled."""
        if self.target_day is None or self.earliest_day is None or self.latest_day is None:
            return None
        return Window(
            anchor_date + timedelta(days=self.earliest_day),
            anchor_date + timedelta(days=self.target_day),
            anchor_date + timedelta(days=self.latest_day),
        )

    def groups_of(self, form: VisitForm) -> tuple[str, ...]:
        return form.groups or self.groups

    def forms_for(self, group: str, *, required_only: bool = False) -> tuple[VisitForm, ...]:
        return tuple(
            form
            for form in self.forms
            if group in self.groups_of(form) and (form.required or not required_only)
        )


class GlucoseSlot(Frozen):
    key: Key
    label: Text
    abbreviation: Text
    meal: Literal["before", "after", "none"]


class DynamicTest(Sourced):
    """A test with timed samples; minutes from the stimulus, in order."""

    key: Key
    label: Text
    analytes: tuple[Key, ...] = Field(min_length=1)
    minutes: tuple[Days, ...] = Field(min_length=2)
    summary: Text

    @model_validator(mode="after")
    def _minutes_rise(self) -> DynamicTest:
        if list(self.minutes) != sorted(set(self.minutes)):
            raise ValueError("minutes must rise, each once")
        return self


VisitTable = Keyed[Visit]
