"""Values over time. Pure; no Django."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from studyportal.ui.drawing.parts import (
    CHARACTER,
    MARKERS,
    NARROW,
    WIDE,
    Band,
    DataTable,
    DrawnBand,
    Frame,
    Mark,
    Point,
    Series,
    Spot,
    Tick,
    as_number,
    day_text,
    drawn_bands,
    marker_path,
    number_text,
    segments,
    with_unit,
    y_extent,
)
from studyportal.ui.drawing.scales import Linear, date_ticks, inner_ticks, nice_ticks, tick_labels

MARK_ROWS = 3


@dataclass(frozen=True, slots=True)
class DrawnSeries:
    label: str
    number: int
    paths: tuple[str, ...]
    spots: tuple[Spot, ...]
    legend_path: str


@dataclass(frozen=True, slots=True)
class DrawnMark:
    x: float
    label: str
    number: int
    anchor: str
    label_x: float
    row: int

    @property
    def label_y(self) -> int:
        return 11 + 14 * self.row


@dataclass(frozen=True, slots=True)
class LineLayout:
    frame: Frame
    bands: tuple[DrawnBand, ...]
    series: tuple[DrawnSeries, ...]
    marks: tuple[DrawnMark, ...]
    numbered: bool


@dataclass(frozen=True)
class LineChart:
    """Values over time. `key` makes the ids on the page unique; all points take numbers, or all take dates.

    `from_zero` lets the value axis begin at zero; `description` is read aloud in place of the picture (a summary is
    made when it is empty).
    """

    key: str
    title: str
    series: Sequence[Series]
    unit: str = ""
    x_label: str = ""
    bands: Sequence[Band] = ()
    events: Sequence[Mark] = ()
    description: str = ""
    from_zero: bool = False

    @cached_property
    def points(self) -> tuple[Point, ...]:
        return tuple(point for series in self.series for point in series.points)

    @cached_property
    def values(self) -> tuple[float, ...]:
        return tuple(float(point.y) for point in self.points if point.y is not None)

    @property
    def is_empty(self) -> bool:
        return not self.values

    @cached_property
    def dated(self) -> bool:
        return any(isinstance(item.x, date) for item in (*self.points, *self.events))

    @property
    def summary(self) -> str:
        """What the picture shows, in words and numbers: per series its first, last and extreme values."""
        if self.description:
            return self.description
        said = []
        for series in self.series:
            known = [(point.x, float(point.y)) for point in series.points if point.y is not None]
            if known:
                low, high = min(y for _, y in known), max(y for _, y in known)
                said.append(
                    f"{series.label}: {self.x_text(known[0][0])} {with_unit(known[0][1], self.unit)}, "
                    f"{self.x_text(known[-1][0])} {with_unit(known[-1][1], self.unit)}; "
                    f"{number_text(low)}–{with_unit(high, self.unit)}"
                )
        said += [f"{mark.label}: {self.x_text(mark.x)}" for mark in self.events]
        return ". ".join(said)

    def x_text(self, x: float | date) -> str:
        return day_text(x) if isinstance(x, date) else number_text(x)

    @cached_property
    def layouts(self) -> tuple[LineLayout, LineLayout]:
        return self.layout("wide", WIDE, 300), self.layout("narrow", NARROW, 260)

    def layout(self, size: str, width: int, height: int) -> LineLayout:
        wanted_x = 8 if width >= WIDE else 4
        low, high = y_extent(self.values, self.bands, self.from_zero)
        y_values = nice_ticks(low, high, 5)
        y_labels = tick_labels(y_values)
        left = 14 + CHARACTER * max(len(label) for label in y_labels)
        right = width - 14.0
        bottom = height - (46.0 if self.x_label else 28.0)
        xs = [as_number(item.x) for item in (*self.points, *self.events)] or [0.0, 1.0]
        x_low, x_high = min(xs), max(xs)
        if x_low == x_high:
            x_low, x_high = x_low - 1, x_high + 1
        x_scale = Linear(x_low, x_high, left + 10, right - 10)
        marks, numbered = placed_marks(self.events, x_scale, right)
        top = 16.0 + (6 + 14 * (1 + max(mark.row for mark in marks)) if marks else 0)
        y_scale = Linear(y_values[0], y_values[-1], bottom, top)
        frame = Frame(
            size, width, height, left, right, top, bottom,
            self._x_ticks(x_low, x_high, x_scale, wanted_x),
            tuple(Tick(y_scale(value), label) for value, label in zip(y_values, y_labels, strict=True)),
        )  # fmt: skip
        return LineLayout(
            frame,
            drawn_bands(self.bands, y_scale),
            tuple(
                self._draw(number, series, x_scale, y_scale) for number, series in enumerate(self.series, 1)
            ),
            marks,
            numbered,
        )

    def _x_ticks(self, low: float, high: float, scale: Linear, wanted: int) -> tuple[Tick, ...]:
        if not self.dated:
            places = inner_ticks(low, high, wanted)
            return tuple(Tick(scale(v), label) for v, label in zip(places, tick_labels(places), strict=True))
        first, last = date.fromordinal(int(low)), date.fromordinal(int(high))
        days = date_ticks(first, last, wanted)
        short = len(days) > 1 and (days[1] - days[0]).days < 28
        form = "%d %b" if short else "%b %Y"
        return tuple(Tick(scale(float(day.toordinal())), day.strftime(form).lstrip("0")) for day in days)

    def _draw(self, number: int, series: Series, x_scale: Linear, y_scale: Linear) -> DrawnSeries:
        shape = MARKERS[(number - 1) % len(MARKERS)]
        ordered = sorted(series.points, key=lambda point: as_number(point.x))
        places = [
            None if point.y is None else (x_scale(as_number(point.x)), y_scale(float(point.y)))
            for point in ordered
        ]
        spots = tuple(
            Spot(
                place[0],
                place[1],
                f"{series.label}, {self.x_text(point.x)}: {with_unit(point.y, self.unit)}"
                + (f" ({point.note})" if point.note else ""),
                marker_path(shape, *place),
            )
            for point, place in zip(ordered, places, strict=True)
            if place is not None
        )
        return DrawnSeries(
            series.label, (number - 1) % 4 + 1, segments(places), spots, marker_path(shape, 14, 6)
        )

    @property
    def numbered(self) -> bool:
        """Whether a drawing has no room for the words of the marks, so that the legend gives their numbers."""
        return any(layout.numbered for layout in self.layouts)

    @cached_property
    def table(self) -> DataTable:
        """One row per time, one column per series; marks stand in the last column."""
        times = sorted({as_number(item.x) for item in (*self.points, *self.events)})
        by_series = [{as_number(point.x): point for point in series.points} for series in self.series]
        noted: dict[float, list[str]] = {}
        for mark in self.events:
            noted.setdefault(as_number(mark.x), []).append(str(mark.label))
        unit = f" ({self.unit})" if self.unit else ""
        columns = (self.x_label, *(f"{series.label}{unit}" for series in self.series))
        rows = []
        for time in times:
            x: float | date = date.fromordinal(int(time)) if self.dated else time
            cells = []
            for points in by_series:
                point = points.get(time)
                cells.append(
                    "" if point is None else number_text(point.y) + (f" {point.note}" if point.note else "")
                )
            row = (self.x_text(x), *cells)
            rows.append((*row, "; ".join(noted.get(time, ()))) if noted else row)
        return DataTable((*columns, "") if noted else columns, tuple(rows))


def placed_marks(events: Sequence[Mark], scale: Linear, right: float) -> tuple[tuple[DrawnMark, ...], bool]:
    """The marks with their labels in up to three rows that do not overlap; else with numbers only (True)."""
    ordered = sorted(events, key=lambda mark: as_number(mark.x))
    taken: list[list[tuple[float, float]]] = [[] for _ in range(MARK_ROWS)]
    marks: list[DrawnMark] = []
    for number, mark in enumerate(ordered, 1):
        x, label = scale(as_number(mark.x)), str(mark.label)
        width = CHARACTER * len(label)
        beyond = x + width + 5 > right
        begin = x - width - 5 if beyond else x + 5
        free = (
            row for row in range(MARK_ROWS)
            if begin >= 0 and all(begin + width + 6 < left or begin > end + 6 for left, end in taken[row])
        )  # fmt: skip
        row = next(free, None)
        if row is None:
            return tuple(
                DrawnMark(scale(as_number(each.x)), str(index), index, "middle", scale(as_number(each.x)), 0)
                for index, each in enumerate(ordered, 1)
            ), True
        taken[row].append((begin, begin + width))
        marks.append(
            DrawnMark(x, label, number, "end" if beyond else "start", x + (-5 if beyond else 5), row)
        )
    return tuple(marks), False
