"""What the charts share: what is given, what is drawn, and the shapes. Pure; no Django."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from studyportal.ui.drawing.scales import Linear

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
class DrawnBand:
    label: str
    y: float
    height: float


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


def with_unit(value: float | None, unit: str) -> str:
    text = number_text(value)
    if value is None or not unit:
        return text
    return f"{text}{unit}" if unit == "%" else f"{text} {unit}"


def y_extent(values: Sequence[float], bands: Sequence[Band], from_zero: bool) -> tuple[float, float]:
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
    for band in bands:
        # An open side shows itself a little beyond its edge, else the band would have no height.
        if band.low is None and band.high is not None and band.high == low:
            low -= reach * 0.15
        if band.high is None and band.low is not None and band.low == high:
            high += reach * 0.15
    return (min(0.0, low) if from_zero else low), high


def drawn_bands(bands: Sequence[Band], scale: Linear) -> tuple[DrawnBand, ...]:
    drawn = []
    for band in bands:
        top = scale.clamp(band.high) if band.high is not None else scale(scale.high)
        bottom = scale.clamp(band.low) if band.low is not None else scale(scale.low)
        if bottom > top:
            drawn.append(DrawnBand(band.label, top, round(bottom - top, 2)))
    return tuple(drawn)
