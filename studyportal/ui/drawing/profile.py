"""Readings by slot of the day. Pure; no Django."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from studyportal.ui.drawing.parts import (
    CHARACTER,
    NARROW,
    WIDE,
    Band,
    DataTable,
    DrawnBand,
    Frame,
    Spot,
    Tick,
    drawn_bands,
    number_text,
    segments,
    with_unit,
    y_extent,
)
from studyportal.ui.drawing.scales import Linear, nice_ticks, quantile, tick_labels


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
    median_label: str = "Median"

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
            f"{slot}: {with_unit(quantile([v for _, v in known], 0.5), self.unit)} (n = {len(known)})"
            for slot, known in zip(self.slots, self.readings, strict=True)
            if known
        )

    @cached_property
    def layouts(self) -> tuple[ProfileLayout, ProfileLayout]:
        return self.layout("wide", WIDE, 300), self.layout("narrow", NARROW, 280)

    def layout(self, size: str, width: int, height: int) -> ProfileLayout:
        low, high = y_extent([v for known in self.readings for _, v in known], self.bands, False)
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
            drawn_bands(self.bands, y_scale),
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
            spots.append(Spot(x, y, f"{day}, {label}: {with_unit(value, self.unit)}", ""))
        return SlotSummary(
            label, len(known), median, lower, upper, centre, round(centre - box / 2, 2), scale(upper),
            round(box, 2), round(scale(lower) - scale(upper), 2), scale(median), tuple(spots),
        )  # fmt: skip

    @cached_property
    def table(self) -> DataTable:
        rows = tuple((day.label, *(number_text(value) for value in day.values)) for day in self.days)
        medians = tuple(number_text(slot.median) for slot in self.layouts[0].slots)
        return DataTable(
            ("", *(str(slot) for slot in self.slots)), (*rows, (str(self.median_label), *medians))
        )


def _shortened(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(room - 1, 1)].rstrip() + "…"
