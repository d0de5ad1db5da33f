"""Amounts side by side. Pure; no Django."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from studyportal.ui.drawing.parts import NARROW, WIDE, DataTable, number_text, with_unit
from studyportal.ui.drawing.scales import Linear


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
        pitch = 40.0
        bars = tuple(
            DrawnBar(
                str(bar.label),
                with_unit(bar.value, self.unit) + (f" · {bar.note}" if bar.note else ""),
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
