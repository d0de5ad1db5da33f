"""A participant's life in the study as one line: what happened, in which group, and what is not known.

`LifeLine` holds what page and API say; `layouts` computes the drawing twice, for wide and for narrow places. What
is known by month or year only is drawn as a span; what has no date is not drawn, and said in words.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.consent.models import WithdrawalScope
from apps.enrolment.models import Group, ScreeningOutcome, ScreeningReason
from apps.enrolment.rules import LifeEvent, Spell
from apps.enrolment.rules.participation import in_order
from studyportal import protocol
from studyportal.crf.partial_date import PartialDate
from studyportal.ui.drawing.scales import Linear, date_ticks
from studyportal.ui.templatetags.ui_tags import human_date_text

WIDE, NARROW = 720, 340
CHARACTER = 6.4  # the mean width of a character at 12 px
LABEL_LINE = 15
# Nothing is heard of somebody between two events further apart than this: said in words.
QUIET_DAYS = 400
TONES = {
    "eligible": "good",
    "consented": "good",
    "treated": "accent",
    "completed": "good",
    "found": "good",
    "not_eligible": "attention",
    "declined": "attention",
    "withdrawn": "bad",
    "ended": "attention",
    "lost": "bad",
    "died": "bad",
}
ICONS = {
    "screened": "search",
    "eligible": "check",
    "consented": "shield",
    "enrolled": "flag",
    "treated": "syringe",
    "followed": "calendar",
    "completed": "check",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened, as it is said: one line of the list, one mark of the picture."""

    kind: str
    label: str
    on: PartialDate | None
    text: str = ""

    @property
    def when(self) -> Any:
        return self.on if self.on is not None else _("date not recorded")

    @property
    def title(self) -> str:
        return self.label

    @property
    def detail(self) -> str:
        return precision_text(self.on)

    @property
    def tone(self) -> str:
        return TONES.get(self.kind, "neutral")

    @property
    def icon(self) -> str:
        return ICONS.get(self.kind, "")


@dataclass(frozen=True, slots=True)
class InGroup:
    """A time in one group, in words and by its days; None: not known, or not yet over."""

    group: str
    label: str
    starts: dt.date | None
    ends: dt.date | None
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    x: float
    width: float  # 0 for a day; of what is known by month or year only, the span
    y_label: int
    text: str
    title: str
    tone: str


@dataclass(frozen=True, slots=True)
class DrawnBand:
    x: float
    width: float
    text_x: float
    label: str
    number: int
    title: str


@dataclass(frozen=True, slots=True)
class Layout:
    size: str
    width: int
    height: int
    y: int  # of the line
    start: float
    end: float
    open: bool  # life in the study goes on
    marks: tuple[Mark, ...]
    visits: tuple[float, ...]
    away: tuple[tuple[float, float], ...]
    bands: tuple[DrawnBand, ...]
    band_y: int
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class LifeLine:
    """events in order; spells of group; today at the site; ended: a status after which nothing is expected."""

    events: Sequence[LifeEvent]
    spells: Sequence[Spell]
    today: dt.date
    ended: bool

    @cached_property
    def happenings(self) -> tuple[Happening, ...]:
        """In order. The products of one session are one happening, the visits of follow-up one line."""
        found: list[Happening] = []
        sessions: set[int | None] = set()
        followed = [event for event in self.events if event.kind == "followed"]
        told = False
        for event in self.events:
            if event.kind == "treated":
                if event.number in sessions:
                    continue
                sessions.add(event.number)
                found.append(self._session(event))
            elif event.kind == "followed" and event.detail != "index date":
                if not told:
                    told = True
                    found.append(_follow_up([one for one in followed if one.detail != "index date"]))
            else:
                found.append(Happening(event.kind, _label(event), event.on, _text(event)))
        return tuple(found)

    def _session(self, event: LifeEvent) -> Happening:
        """The earliest record of a session that has a date."""
        same = [one for one in self.events if one.kind == "treated" and one.number == event.number]
        dated = [one for one in same if one.on is not None]
        exact = next((one for one in dated if one.on is not None and one.on.precision == "day"), None)
        best = exact or (dated[0] if dated else event)
        return Happening("treated", self.label_of(event), best.on)

    @staticmethod
    def label_of(event: LifeEvent) -> str:
        if event.kind == "treated":
            return _("Session %(n)s") % {"n": event.number} if event.number else _("Treated")
        if event.kind == "followed" and event.detail != "index date":
            return _("Follow-up")
        return _label(event)

    @cached_property
    def visits(self) -> tuple[dt.date, ...]:
        """The days of follow-up visits that are known, each the middle of what it can mean."""
        days = (
            _middle(event.on)
            for event in self.events
            if event.kind == "followed" and event.detail != "index date"
        )
        return tuple(day for day in days if day is not None)  # fmt: skip

    @cached_property
    def groups(self) -> tuple[InGroup, ...]:
        labels = dict(Group.choices)
        found = []
        for spell in self.spells:
            starts = None if spell.starts is None else spell.starts.earliest
            ends = None if spell.ends is None else spell.ends.earliest
            said = [
                _("from %(day)s") % {"day": human_date_text(spell.starts)}
                if spell.starts is not None
                else _("from a day that is not recorded")
            ]
            if spell.ends is not None:
                said.append(_("until %(day)s") % {"day": human_date_text(spell.ends)})
            if spell.ended_by == "treated":
                said.append(_("then treated, and censored as a control"))
            if spell.index_date is not None:
                said.append(_("index date %(day)s") % {"day": human_date_text(spell.index_date)})
            label = str(labels.get(spell.group, spell.group))
            found.append(InGroup(spell.group, label, starts, ends, ", ".join(said)))
        return tuple(found)

    @cached_property
    def undated(self) -> tuple[str, ...]:
        return tuple(one.label for one in self.happenings if _middle(one.on) is None)

    @cached_property
    def gaps(self) -> tuple[str, ...]:
        """What is not known or not recorded of this life, in words."""
        kinds = {event.kind for event in self.events}
        said: list[str] = []
        if "enrolled" in kinds or "treated" in kinds:
            for kind, words in (
                ("eligible", _("No record that the participant was found eligible before enrolment.")),
                ("consented", _("No complete consent is on record.")),
                ("enrolled", _("Treated, and no day of enrolment is on record.")),
            ):
                if kind not in kinds:
                    said.append(words)
        said += [_("%(what)s: the date is not recorded.") % {"what": label} for label in self.undated]
        if "enrolled" in kinds and not self.spells:
            said.append(_("Enrolled, and not yet in a group."))
        said += [
            _("Not reached from %(lost)s to %(found)s.")
            % {"lost": human_date_text(lost), "found": human_date_text(found)}
            for lost, found in self._away()
        ]
        said += self._quiet()
        return tuple(said)

    def _quiet(self) -> list[str]:
        """The long times without any event."""
        days = sorted(day for day in (*(_middle(event.on) for event in self.events),) if day is not None)
        if days and not self.ended:
            days.append(self.today)
        return [
            ngettext(
                "Nothing is recorded for %(n)d day, from %(start)s to %(end)s.",
                "Nothing is recorded for %(n)d days, from %(start)s to %(end)s.",
                (end - start).days,
            )
            % {"n": (end - start).days, "start": human_date_text(start), "end": human_date_text(end)}
            for start, end in pairwise(days)
            if (end - start).days > QUIET_DAYS
        ]

    def _away(self) -> list[tuple[dt.date, dt.date]]:
        """The times between lost and found again."""
        found: list[tuple[dt.date, dt.date]] = []
        lost: dt.date | None = None
        for event in self.events:
            day = _middle(event.on)
            if event.kind == "lost" and lost is None:
                lost = day
            elif event.kind == "found" and lost is not None:
                if day is not None:
                    found.append((lost, day))
                lost = None
        return found

    @property
    def is_empty(self) -> bool:
        return not self._days()

    @property
    def summary(self) -> str:
        """What the picture shows, in words."""
        said = [f"{one.label}: {_when_text(one.on)}" for one in self.happenings]
        said += [f"{one.label} {one.text}" for one in self.groups]
        return ". ".join((*said, *self.gaps))

    @cached_property
    def layouts(self) -> tuple[Layout, Layout]:
        return self.layout("wide", WIDE), self.layout("narrow", NARROW)

    def _days(self) -> list[dt.date]:
        days = [day for one in self.happenings for day in _bounds(one.on)] + list(self.visits)
        days += [day for one in self.groups for day in (one.starts, one.ends) if day is not None]
        return days

    def layout(self, size: str, width: int) -> Layout:
        days = self._days()
        last = max(days) if self.ended else max(*days, self.today)
        low, high = min(days), last
        if low == high:
            high = low + dt.timedelta(days=1)
        labels = size == "wide"
        shown = [one for one in self.happenings if _bounds(one.on)]
        longest = max((CHARACTER * len(one.label) for one in shown[-2:]), default=0.0) if labels else 12.0
        scale = Linear(float(low.toordinal()), float(high.toordinal()), 10.0, width - 14.0 - longest)

        def x(day: dt.date) -> float:
            return scale.clamp(float(day.toordinal()))

        marks, rows = self._marks(shown, x, labels)
        y = 14 + LABEL_LINE * rows
        band_y = y + 18
        bands = []
        for number, one in enumerate(self.groups, 1):
            begin, end = x(one.starts or low), x(one.ends or high)
            fits = CHARACTER * len(one.label) + 8 < end - begin
            series = 1 if one.group == Group.CASE else 2
            label = one.label if fits else str(number)
            bands.append(
                DrawnBand(
                    begin,
                    round(max(end - begin, 3.0), 2),
                    begin + 5,
                    label,
                    series,
                    f"{one.label} {one.text}",
                )
            )
        bottom = band_y + (26 if bands else 0)
        ticks = tuple(
            (x(day), f"{day:%b %Y}" if (high - low).days > 60 else f"{day.day} {day:%b}")
            for day in date_ticks(low, high, 6 if labels else 3)
        )
        return Layout(
            size,
            width,
            int(bottom + 26),
            y,
            x(low),
            x(high),
            not self.ended,
            tuple(replace(one, y_label=y - one.y_label) for one in marks),
            tuple(x(day) for day in self.visits),
            tuple((x(start), x(end)) for start, end in self._away()),
            tuple(bands),
            band_y,
            ticks,
        )

    @staticmethod
    def _marks(shown: Sequence[Happening], x: Any, labels: bool) -> tuple[list[Mark], int]:
        """The marks with the height of their labels above the line, and how many rows there are.

        Placed from the right: a label stands higher than every one that begins below it, so that no leader
        crosses a label.
        """
        order = sorted(range(len(shown)), key=lambda index: (_bounds(shown[index].on)[0], index))
        taken: list[tuple[float, int]] = []
        marks: dict[int, Mark] = {}
        for index in reversed(order):
            one = shown[index]
            first, last = _bounds(one.on)
            text = one.label if labels else str(index + 1)
            begin = x(first)
            until = begin + CHARACTER * len(text) + 12
            row = 1 + max((row for place, row in taken if begin <= place < until), default=-1)
            taken.append((begin, row))
            title = f"{one.label}: {_when_text(one.on)}"
            marks[index] = Mark(
                begin, round(x(last) - begin, 2), 12 + LABEL_LINE * row, text, title, one.tone
            )
        return [marks[index] for index in order], 1 + max((row for _place, row in taken), default=0)


def life_line(
    events: Iterable[LifeEvent], spells: Sequence[Spell], *, today: dt.date, ended: bool
) -> LifeLine:
    return LifeLine(in_order(events), spells, today, ended)


def _label(event: LifeEvent) -> str:
    if event.kind == "followed":
        return _("Index date")
    return {
        "screened": _("Screened"),
        "eligible": _("Eligible"),
        "not_eligible": _("Not eligible"),
        "declined": _("Did not go on"),
        "consented": _("Consented"),
        "enrolled": _("Enrolled"),
        "completed": _("Completed"),
        "withdrawn": _("Withdrew"),
        "ended": _("Ended the study"),
        "lost": _("Lost to follow-up"),
        "found": _("Found again"),
        "died": _("Died"),
    }.get(event.kind, event.kind)


def _text(event: LifeEvent) -> str:
    """What is said beside the label: of a withdrawal its scopes; free text of a record is not repeated here."""
    if event.kind == "withdrawn":
        labels = dict(WithdrawalScope.choices)
        return ", ".join(str(labels.get(scope, scope)) for scope in sorted(event.scopes))
    if event.kind == "ended":
        from apps.enrolment.models import EndReason

        return str(dict(EndReason.choices).get(event.detail, event.detail))
    if event.kind in ("declined", "not_eligible") and event.detail:
        words = dict(ScreeningOutcome.choices) | dict(ScreeningReason.choices)
        return str(words.get(event.detail, event.detail))
    return ""


def _follow_up(visits: Sequence[LifeEvent]) -> Happening:
    known = protocol.current().visits
    names = [str(known[one.detail].label) if one.detail in known else one.detail for one in visits]
    last = next((one.on for one in reversed(visits) if one.on is not None), None)
    text = ", ".join(names)
    if last is not None and len(visits) > 1:
        text = _("%(visits)s; the last %(day)s") % {"visits": text, "day": human_date_text(last)}
    return Happening("followed", _("Follow-up"), visits[0].on, text)


def _bounds(on: PartialDate | None) -> tuple[dt.date, ...]:
    """First and last day that it can mean; empty when it has none."""
    if on is None or on.earliest is None or on.latest is None:
        return ()
    return on.earliest, on.latest


def _middle(on: PartialDate | None) -> dt.date | None:
    bounds = _bounds(on)
    return bounds[0] + (bounds[1] - bounds[0]) / 2 if bounds else None


def _when_text(on: PartialDate | None) -> str:
    return str(human_date_text(on)) if on is not None else _("date not recorded")


def precision_text(on: PartialDate | None) -> str:
    if on is None or on.precision == "day":
        return ""
    return {
        "month": _("known by month"),
        "year": _("known by year"),
        "age": _("known by age"),
    }[on.precision]
