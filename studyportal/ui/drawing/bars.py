"""Amounts side by side. Pure; no Django."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from studyportal.ui.drawing.parts import CHARACTER, NARROW, WIDE, DataTable, number_text, with_unit
from studyportal.ui.drawing.scales import Linear

LINE = 15.0  # the height of a line of a label
BAR = 9.0


@dataclass(frozen=True, slots=True)
class Bar:
    """`tone` is one of the tones of the stylesheet; `note` stands after the value (a share, a denominator)."""

    label: str
    value: float | None
    tone: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    y: float


@dataclass(frozen=True, slots=True)
class DrawnBar:
    lines: tuple[Line, ...]
    text: str
    tone: str
    y: float
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
        return self.description or ". ".join(
            f"{bar.label}: {with_unit(bar.value, self.unit)}" for bar in self.bars
        )

    @cached_property
    def layouts(self) -> tuple[BarLayout, BarLayout]:
        return self.layout("wide", WIDE), self.layout("narrow", NARROW)

    def layout(self, size: str, width: int) -> BarLayout:
        known = [float(bar.value) for bar in self.bars if bar.value is not None]
        longest = self.maximum if self.maximum else max(known, default=0.0)
        scale = Linear(0.0, longest or 1.0, 0.0, float(width))
        bars: list[DrawnBar] = []
        y = 0.0
        for bar in self.bars:
            text = with_unit(bar.value, self.unit) + (f" · {bar.note}" if bar.note else "")
            # The label wraps where the value beside it begins.
            room = max(int((width - CHARACTER * len(text) - 14) / CHARACTER), 8)
            lines = textwrap.wrap(str(bar.label), room) or [""]
            label = tuple(Line(text_line, y + 14 + LINE * index) for index, text_line in enumerate(lines))
            bar_y = label[-1].y + 6
            length = 0.0 if bar.value is None else scale.clamp(float(bar.value))
            bars.append(DrawnBar(label, text, bar.tone, bar_y, length))
            y = bar_y + BAR + 11
        return BarLayout(size, width, int(y), float(width), BAR, tuple(bars))

    @cached_property
    def table(self) -> DataTable:
        unit = f" ({self.unit})" if self.unit else ""
        rows = tuple((str(bar.label), number_text(bar.value), bar.note) for bar in self.bars)
        return DataTable(("", f"{self.title}{unit}", ""), rows)
