"""A love plot as plain data: where each mark of the balance stands. No Django."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from studyportal.ui.drawing.parts import NARROW, WIDE, DataTable, Tick, marker_path, number_text
from studyportal.ui.drawing.scales import Linear, inner_ticks, tick_labels

ROW = 40.0
TOP, BOTTOM = 12.0, 46.0


@dataclass(frozen=True)
class Line:
    """Signed standardised differences; None where not defined."""

    label: str
    before: float | None
    after: float | None
    flagged: bool
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mark:
    path: str
    title: str


@dataclass(frozen=True)
class DrawnLine:
    label: str
    y: float
    label_y: float
    flagged: bool
    before: Mark | None
    after: Mark | None


@dataclass(frozen=True)
class Layout:
    size: str
    width: int
    height: float
    left: float
    right: float
    top: float
    bottom: float
    ticks: tuple[Tick, ...]
    zero: float
    low: float
    high: float
    lines: tuple[DrawnLine, ...]

    @property
    def band_width(self) -> float:
        return round(self.high - self.low, 2)

    @property
    def plot_height(self) -> float:
        return round(self.bottom - self.top, 2)

    @property
    def middle(self) -> float:
        return round((self.left + self.right) / 2, 2)


@dataclass(frozen=True)
class LovePlot:
    """One row per covariate: a ring before matching, a filled diamond after; a band marks the limit on both sides."""

    key: str
    title: str
    lines: Sequence[Line]
    limit: float
    words: dict[str, str]  # before, after, limit, axis
    columns: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not any(line.before is not None or line.after is not None for line in self.lines)

    @property
    def summary(self) -> str:
        return ". ".join(
            f"{line.label}: {self.words['before']} {number_text(line.before)}, "
            f"{self.words['after']} {number_text(line.after)}"
            for line in self.lines
        )

    @cached_property
    def layouts(self) -> tuple[Layout, Layout]:
        return self.layout("wide", WIDE), self.layout("narrow", NARROW)

    def layout(self, size: str, width: int) -> Layout:
        known = [abs(x) for line in self.lines for x in (line.before, line.after) if x is not None]
        reach = max([*known, self.limit * 1.5]) * 1.08
        left, right = (230.0 if size == "wide" else 12.0), width - 16.0
        scale = Linear(-reach, reach, left, right)
        bottom = TOP + ROW * len(self.lines)
        ticks = inner_ticks(-reach, reach, 8 if size == "wide" else 4)
        drawn = []
        for number, line in enumerate(self.lines):
            top = TOP + ROW * number
            # On a phone the label stands above its row, else beside it.
            y, label_y = (top + ROW / 2, top + ROW / 2 + 4) if size == "wide" else (top + 28, top + 13)
            drawn.append(
                DrawnLine(
                    line.label,
                    y,
                    label_y,
                    line.flagged,
                    self._mark("circle", scale, line, line.before, "before", y),
                    self._mark("diamond", scale, line, line.after, "after", y),
                )
            )
        return Layout(
            size=size,
            width=width,
            height=bottom + BOTTOM,
            left=left,
            right=right,
            top=TOP,
            bottom=bottom,
            ticks=tuple(
                Tick(scale(tick), label) for tick, label in zip(ticks, tick_labels(ticks), strict=True)
            ),
            zero=scale(0.0),
            low=scale(-self.limit),
            high=scale(self.limit),
            lines=tuple(drawn),
        )

    def _mark(
        self, shape: str, scale: Linear, line: Line, value: float | None, when: str, y: float
    ) -> Mark | None:
        if value is None:
            return None
        return Mark(
            marker_path(shape, scale(value), y, 5.0),
            f"{line.label}, {self.words[when]}: {number_text(value)}",
        )

    @cached_property
    def table(self) -> DataTable:
        return DataTable(self.columns, tuple((line.label, *line.numbers) for line in self.lines))


def legend(shape: str) -> str:
    return marker_path(shape, 14, 6, 5.0)
