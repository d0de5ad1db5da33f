"""Charts as plain data: what is to be shown, and where each mark stands. Pure; no Django.

A chart object holds what a page knows (series, bands, marks). `layouts` computes the drawing twice, for wide and
for narrow places; the stylesheet shows the one that fits. `table` is the same content as rows, for those who read
numbers. Templates: `ui/charts/line.html`, `profile.html`, `bars.html`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from studyportal.ui.scales import Linear, date_ticks, format_number, inner_ticks, nice_ticks, quantile, tick_labels

WIDE = 720
NARROW = 340
MARKERS = ("circle", "square", "triangle", "diamond")
CHARACTER = 6.4  # the mean width of a character at the 12 px of the labels


@dataclass(frozen=True, slots=True)
class Point:
    """`x` is a number or a date; `y` None is a missing value: a gap in the line, named in the table."""

    x: float | date
    y: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    label: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Band:
    """A reference range; None leaves a side open."""

    label: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical mark at a time, such as an infusion."""

    x: float | date
    label: str


@dataclass(frozen=True, slots=True)
class Tick:
    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A drawn point: centre, what it says, and the path of its marker."""

    x: float
    y: float
    title: str
    path: str


@dataclass(frozen=True, slots=True)
class DrawnSeries:
    label: str
    number: int
    paths: tuple[str, ...]
    spots: tuple[Spot, ...]
    legend_path: str


@dataclass(frozen=True, slots=True)
class DrawnBand:
    label: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class DrawnMark:
    x: float
    label: str
    number: int
    anchor: str
    label_x: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The plot area and its ticks, in units of the view box."""

    size: str
    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]

    @property
    def plot_width(self) -> float:
        return round(self.right - self.left, 2)

    @property
    def plot_height(self) -> float:
        return round(self.bottom - self.top, 2)

    @property
    def middle(self) -> float:
        return round((self.left + self.right) / 2, 2)


@dataclass(frozen=True, slots=True)
class LineLayout:
    frame: Frame
    bands: tuple[DrawnBand, ...]
    series: tuple[DrawnSeries, ...]
    marks: tuple[DrawnMark, ...]


@dataclass(frozen=True, slots=True)
class DataTable:
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def marker_path(shape: str, x: float, y: float, size: float = 4.0) -> str:
    """The outline of a marker around a centre. Series differ by shape, so that colour is not the only sign."""
    if shape == "square":
        return f"M{x - size:.1f} {y - size:.1f}h{2 * size:g}v{2 * size:g}h{-2 * size:g}z"
    if shape == "triangle":
        return f"M{x:.1f} {y - size * 1.2:.1f}l{size * 1.2:g} {size * 2:g}h{-size * 2.4:g}z"
    if shape == "diamond":
        return f"M{x:.1f} {y - size * 1.3:.1f}l{size * 1.2:g} {size * 1.3:g} {-size * 1.2:g} {size * 1.3:g} {-size * 1.2:g} {-size * 1.3:g}z"
    return f"M{x - size:.1f} {y:.1f}a{size:g} {size:g} 0 1 0 {2 * size:g} 0a{size:g} {size:g} 0 1 0 {-2 * size:g} 0z"


def segments(places: Sequence[tuple[float, float] | None]) -> tuple[str, ...]:
    """Path data for the runs between the gaps; a point alone gives no line (its marker shows it)."""
    paths: list[str] = []
    run: list[tuple[float, float]] = []
    for place in (*places, None):
        if place is not None:
            run.append(place)
            continue
        if len(run) > 1:
            paths.append("M" + "L".join(f"{x:g} {y:g}" for x, y in run))
        run = []
    return tuple(paths)


def number_text(value: float | None) -> str:
    """A value for title and table: at most three decimals, no trailing zeros; a dash for a missing one."""
    if value is None:
        return "—"
    text = f"{float(value):.3f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text.replace("-", "\u2212")


def day_text(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def as_number(x: float | date) -> float:
    return float(x.toordinal()) if isinstance(x, date) else float(x)


def _with_unit(value: float | None, unit: str) -> str:
    text = number_text(value)
    if value is None or not unit:
        return text
    return f"{text}{unit}" if unit == "%" else f"{text} {unit}"


def _y_extent(values: Sequence[float], bands: Sequence[Band], from_zero: bool) -> tuple[float, float]:
    """What the axis must hold: all values, and of each band the edges near them."""
    if not values:
        edges = [edge for band in bands for edge in (band.low, band.high) if edge is not None]
        values = edges or [0.0, 1.0]
    low, high = min(values), max(values)
    reach = (high - low) or abs(high) or 1.0
    for band in bands:
        for edge in (band.low, band.high):
            if edge is not None and low - reach <= edge <= high + reach:
                low, high = min(low, edge), max(high, edge)
    return (min(0.0, low) if from_zero else low), high


def _bands(bands: Sequence[Band], scale: Linear) -> tuple[DrawnBand, ...]:
    drawn = []
    for band in bands:
        top = scale.clamp(band.high) if band.high is not None else scale(scale.high)
        bottom = scale.clamp(band.low) if band.low is not None else scale(scale.low)
        if bottom > top:
            drawn.append(DrawnBand(band.label, top, round(bottom - top, 2)))
    return tuple(drawn)


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
                    f"{series.label}: {self.x_text(known[0][0])} {_with_unit(known[0][1], self.unit)}, "
                    f"{self.x_text(known[-1][0])} {_with_unit(known[-1][1], self.unit)}; "
                    f"{number_text(low)}–{_with_unit(high, self.unit)}"
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
        low, high = _y_extent(self.values, self.bands, self.from_zero)
        y_values = nice_ticks(low, high, 5)
        y_labels = tick_labels(y_values)
        left = 14 + CHARACTER * max(len(label) for label in y_labels)
        right, top = width - 14.0, 34.0 if self.events else 16.0
        bottom = height - (46.0 if self.x_label else 28.0)
        y_scale = Linear(y_values[0], y_values[-1], bottom, top)
        xs = [as_number(item.x) for item in (*self.points, *self.events)] or [0.0, 1.0]
        x_low, x_high = min(xs), max(xs)
        if x_low == x_high:
            x_low, x_high = x_low - 1, x_high + 1
        x_scale = Linear(x_low, x_high, left + 10, right - 10)
        frame = Frame(
            size, width, height, left, right, top, bottom,
            self._x_ticks(x_low, x_high, x_scale, wanted_x),
            tuple(Tick(y_scale(value), label) for value, label in zip(y_values, y_labels, strict=True)),
        )  # fmt: skip
        return LineLayout(
            frame,
            _bands(self.bands, y_scale),
            tuple(self._draw(number, series, x_scale, y_scale) for number, series in enumerate(self.series, 1)),
            self._marks(x_scale, right),
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
            None if point.y is None else (x_scale(as_number(point.x)), y_scale(float(point.y))) for point in ordered
        ]
        spots = tuple(
            Spot(
                place[0],
                place[1],
                f"{series.label}, {self.x_text(point.x)}: {_with_unit(point.y, self.unit)}"
                + (f" ({point.note})" if point.note else ""),
                marker_path(shape, *place),
            )
            for point, place in zip(ordered, places, strict=True)
            if place is not None
        )
        return DrawnSeries(series.label, (number - 1) % 4 + 1, segments(places), spots, marker_path(shape, 14, 6))

    def _marks(self, scale: Linear, right: float) -> tuple[DrawnMark, ...]:
        marks: list[DrawnMark] = []
        for number, mark in enumerate(sorted(self.events, key=lambda mark: as_number(mark.x)), 1):
            x = scale(as_number(mark.x))
            beyond = x + CHARACTER * len(str(mark.label)) + 6 > right
            marks.append(DrawnMark(x, str(mark.label), number, "end" if beyond else "start", x + (-5 if beyond else 5)))
        return _without_overlap(marks)

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
                cells.append("" if point is None else number_text(point.y) + (f" {point.note}" if point.note else ""))
            row = (self.x_text(x), *cells)
            rows.append((*row, "; ".join(noted.get(time, ()))) if noted else row)
        return DataTable((*columns, "") if noted else columns, tuple(rows))


def _without_overlap(marks: Sequence[DrawnMark]) -> tuple[DrawnMark, ...]:
    """Marks whose labels would run into the one before show their number only; the legend has the words."""
    kept: list[DrawnMark] = []
    free_from = float("-inf")
    numbered = False
    for mark in marks:
        width = CHARACTER * len(mark.label)
        begins = mark.label_x - width if mark.anchor == "end" else mark.label_x
        if begins < free_from or begins < 0:
            numbered = True
            break
        free_from = begins + width + 8
        kept.append(mark)
    if not numbered:
        return tuple(kept)
    return tuple(DrawnMark(mark.x, str(mark.number), mark.number, "middle", mark.x) for mark in marks)


@dataclass(frozen=True, slots=True)
class ProfileDay:
    """One day's readings, in the order of the chart's slots; None where none was taken or written."""

    label: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class SlotSummary:
    """A slot's readings: count, quartiles, and where box, median and dots stand."""

    label: str
    n: int
    median: float | None
    lower: float | None
    upper: float | None
    x: float
    box_x: float
    box_y: float
    box_width: float
    box_height: float
    median_y: float | None
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class ProfileLayout:
    frame: Frame
    bands: tuple[DrawnBand, ...]
    slots: tuple[SlotSummary, ...]
    median_paths: tuple[str, ...]


@dataclass(frozen=True)
class ProfileChart:
    """Glucose by slot of the day: every reading a dot, quartiles as a box, medians joined by a line."""

    key: str
    title: str
    slots: Sequence[str]
    days: Sequence[ProfileDay]
    unit: str = ""
    bands: Sequence[Band] = ()
    description: str = ""

    def __post_init__(self) -> None:
        for day in self.days:
            if len(day.values) != len(self.slots):
                raise ValueError(
                    f"{day.label} has {len(day.values)} readings for {len(self.slots)} slots; give None for a missing one."
                )

    @cached_property
    def readings(self) -> tuple[tuple[tuple[str, float], ...], ...]:
        """Per slot the (day, value) pairs that are known."""
        return tuple(
            tuple((day.label, float(value)) for day in self.days if (value := day.values[index]) is not None)
            for index in range(len(self.slots))
        )

    @property
    def is_empty(self) -> bool:
        return not any(self.readings)

    @property
    def summary(self) -> str:
        if self.description:
            return self.description
        return ". ".join(
            f"{slot}: {_with_unit(quantile([v for _, v in known], 0.5), self.unit)} (n = {len(known)})"
            for slot, known in zip(self.slots, self.readings, strict=True)
            if known
        )

    @cached_property
    def layouts(self) -> tuple[ProfileLayout, ProfileLayout]:
        return self.layout("wide", WIDE, 300), self.layout("narrow", NARROW, 280)

    def layout(self, size: str, width: int, height: int) -> ProfileLayout:
        low, high = _y_extent([v for known in self.readings for _, v in known], self.bands, False)
        y_values = nice_ticks(low, high, 5)
        y_labels = tick_labels(y_values)
        left, right, top = 14 + CHARACTER * max(len(label) for label in y_labels), width - 8.0, 16.0
        bottom = height - 42.0
        y_scale = Linear(y_values[0], y_values[-1], bottom, top)
        step = (right - left) / max(len(self.slots), 1)
        centres = [round(left + step * (index + 0.5), 2) for index in range(len(self.slots))]
        box = min(step * 0.5, 34.0)
        slots = tuple(
            self._slot(slot, known, centre, box, y_scale)
            for slot, known, centre in zip(self.slots, self.readings, centres, strict=True)
        )
        room = int(step / CHARACTER)
        every = 1 if all(len(str(slot)) <= room * 1.6 for slot in self.slots) else 2
        ticks = tuple(
            Tick(centre, _shortened(str(slot), max(room * every, 3)) if index % every == 0 else "")
            for index, (slot, centre) in enumerate(zip(self.slots, centres, strict=True))
        )
        y_ticks = tuple(Tick(y_scale(value), label) for value, label in zip(y_values, y_labels, strict=True))
        return ProfileLayout(
            Frame(size, width, height, left, right, top, bottom, ticks, y_ticks),
            _bands(self.bands, y_scale),
            slots,
            segments([None if slot.median_y is None else (slot.x, slot.median_y) for slot in slots]),
        )

    def _slot(
        self, label: str, known: tuple[tuple[str, float], ...], centre: float, box: float, scale: Linear
    ) -> SlotSummary:
        if not known:
            return SlotSummary(label, 0, None, None, None, centre, centre, 0, 0, 0, None, ())
        values = [value for _, value in known]
        lower, median, upper = (quantile(values, share) for share in (0.25, 0.5, 0.75))
        spots = []
        for index, (day, value) in enumerate(known):
            # Days stand side by side within the slot, so that equal readings stay visible.
            offset = (index / (len(known) - 1) - 0.5) * box * 0.7 if len(known) > 1 else 0.0
            x, y = round(centre + offset, 2), scale(value)
            spots.append(Spot(x, y, f"{day}, {label}: {_with_unit(value, self.unit)}", ""))
        return SlotSummary(
            label, len(known), median, lower, upper, centre, round(centre - box / 2, 2), scale(upper),
            round(box, 2), round(scale(lower) - scale(upper), 2), scale(median), tuple(spots),
        )  # fmt: skip

    @cached_property
    def table(self) -> DataTable:
        rows = tuple((day.label, *(number_text(value) for value in day.values)) for day in self.days)
        medians = tuple(number_text(slot.median) for slot in self.layouts[0].slots)
        return DataTable(("", *(str(slot) for slot in self.slots)), (*rows, ("Median", *medians)))


def _shortened(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(room - 1, 1)].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Bar:
    """`tone` is one of the tones of the stylesheet; `note` stands after the value (a share, a denominator)."""

    label: str
    value: float | None
    tone: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class DrawnBar:
    label: str
    text: str
    tone: str
    y: float
    label_y: float
    width: float


@dataclass(frozen=True, slots=True)
class BarLayout:
    size: str
    width: int
    height: int
    track: float
    bar_height: float
    bars: tuple[DrawnBar, ...]


@dataclass(frozen=True)
class BarList:
    """Amounts side by side, longest scale from zero; the label stands above its bar, so it may be long."""

    key: str
    title: str
    bars: Sequence[Bar]
    unit: str = ""
    maximum: float | None = None
    description: str = ""

    def __post_init__(self) -> None:
        for bar in self.bars:
            if bar.value is not None and bar.value < 0:
                raise ValueError(f"A bar cannot show the negative value of “{bar.label}”; use a LineChart.")

    @property
    def is_empty(self) -> bool:
        return not any(bar.value is not None for bar in self.bars)

    @property
    def summary(self) -> str:
        return self.description or ". ".join(f"{bar.label}: {_with_unit(bar.value, self.unit)}" for bar in self.bars)

    @cached_property
    def layouts(self) -> tuple[BarLayout, BarLayout]:
        return self.layout("wide", WIDE), self.layout("narrow", NARROW)

    def layout(self, size: str, width: int) -> BarLayout:
        known = [float(bar.value) for bar in self.bars if bar.value is not None]
        longest = self.maximum if self.maximum else max(known, default=0.0)
        scale = Linear(0.0, longest or 1.0, 0.0, float(width))
        pitch = 40.0
        bars = tuple(
            DrawnBar(
                str(bar.label),
                _with_unit(bar.value, self.unit) + (f" · {bar.note}" if bar.note else ""),
                bar.tone,
                index * pitch + 20,
                index * pitch + 14,
                0.0 if bar.value is None else scale.clamp(float(bar.value)),
            )
            for index, bar in enumerate(self.bars)
        )
        return BarLayout(size, width, int(len(bars) * pitch + 4), float(width), 9.0, bars)

    @cached_property
    def table(self) -> DataTable:
        unit = f" ({self.unit})" if self.unit else ""
        rows = tuple((str(bar.label), number_text(bar.value), bar.note) for bar in self.bars)
        return DataTable(("", f"{self.title}{unit}", ""), rows)


Chart = LineChart | ProfileChart | BarList


def chart_table(chart: Any) -> DataTable:
    """The data table of any chart."""
    table: DataTable = chart.table
    return table


__all__ = [
    "Band", "Bar", "BarList", "Chart", "DataTable", "LineChart", "Mark", "Point", "ProfileChart", "ProfileDay",
    "Series", "chart_table", "format_number",
]  # fmt: skip
