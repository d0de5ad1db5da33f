"""The days on which each approval of a site holds, as a drawing. Places are SVG attributes; nothing is styled here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.enrolment.rules import approvals as rules
from studyportal.ui.templatetags.ui_tags import human_date_text

LABEL, BAR, GAP_BAR, ROW, TOP = 14, 14, 4, 44, 22
SIZES = (("wide", 760), ("narrow", 340))


@dataclass(frozen=True)
class Mark:
    """A rectangle of the drawing; title: what it stands for, in words."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    title: str


@dataclass(frozen=True)
class Line:
    label: str
    y: float
    bar_y: float
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Tick:
    x: float
    text: str


@dataclass(frozen=True)
class Layout:
    size: str
    width: int
    height: int
    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]
    today: float


@dataclass(frozen=True)
class Chart:
    """The days on which each kind holds: an approval as a bar, a waiver as half a bar, a gap as a line."""

    layouts: tuple[Layout, ...]
    summary: str

    @classmethod
    def of(cls, kinds: Sequence[tuple[str, Sequence[rules.Approval]]], today: dt.date) -> Chart | None:
        days = [
            day for _label, own in kinds for one in own for day in (one.first, one.last) if day is not None
        ]
        if not days:
            return None
        first = min(*days, today).replace(month=1, day=1)
        last = max(*days, today + dt.timedelta(days=183))
        # Beyond twelve years the bars of today would be too small to see.
        first = max(first, dt.date(today.year - 8, 1, 1))
        last = min(last, dt.date(today.year + 4, 12, 31))
        layouts = tuple(_layout(size, width, kinds, first, last, today) for size, width in SIZES)
        said = "; ".join(f"{label}: {_spans_in_words(own)}" for label, own in kinds)
        return cls(layouts, said)


def _spans_in_words(own: Sequence[rules.Approval]) -> str:
    spans = rules.covered(own)
    if not spans:
        return _("no day")
    return ", ".join(
        f"{human_date_text(span.first)} – {human_date_text(span.last) if span.last else _('without end')}"
        for span in spans
    )


def _layout(
    size: str,
    width: int,
    kinds: Sequence[tuple[str, Sequence[rules.Approval]]],
    first: dt.date,
    last: dt.date,
    today: dt.date,
) -> Layout:
    days = (last - first).days + 1

    def x(day: dt.date) -> float:
        return round(width * min(max((day - first).days, 0), days) / days, 1)

    def mark(begin: dt.date, end: dt.date | None, y: float, height: float, tone: str, title: str) -> Mark:
        left = x(begin)
        right = float(width) if end is None else x(end + rules.ONE_DAY)
        return Mark(left, y, round(max(right - left, 0), 1), height, tone, title)

    lines = []
    for number, (label, own) in enumerate(kinds):
        y = TOP + number * ROW + LABEL
        bar_y = y + 6
        marks = []
        for gap in rules.gaps(own):
            middle = bar_y + (BAR - GAP_BAR) / 2
            title = f"{_('Not in force')}: {human_date_text(gap.first)} – {human_date_text(gap.last)}"
            marks.append(mark(gap.first, gap.last, middle, GAP_BAR, "bad", title))
        for one in own:
            for span in rules.covered([one]):
                words = f"{human_date_text(span.first)} – " + (
                    human_date_text(span.last) if span.last else _("without end")
                )
                height = BAR / 2 if one.waived else BAR
                name = _("Waiver") if one.waived else one.number
                marks.append(
                    mark(span.first, span.last, bar_y + BAR - height, height, "info" if one.waived else "good",
                         f"{name}: {words}")
                )  # fmt: skip
        lines.append(Line(label, y, bar_y, tuple(one for one in marks if one.width > 0)))
    years = range(first.year, last.year + 1)
    step = max(1, -(-len(years) * 44 // width))
    ticks = tuple(
        Tick(x(dt.date(year, 1, 1)), str(year)) for year in years if (year - first.year) % step == 0
    )
    return Layout(size, width, TOP + len(kinds) * ROW + 2, tuple(lines), ticks, x(today))
