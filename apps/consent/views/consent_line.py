"""The person's consent as a line: bands of what was in force, and a mark for each entry. Computed here, drawn by a
template; the same is said in words beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from apps.consent.models import ConsentEvent, Kind, Purpose
from apps.consent.selectors.line import Span
from studyportal.ui.drawing.scales import Linear, date_ticks
from studyportal.ui.templatetags.ui_tags import human_date_text
from studyportal.words import translated

WIDE, NARROW = 720, 340
ROW, TOP, HIGH = 30, 34, 18
TONES = {"yes": "good", "no": "bad", "indeterminate": "attention", "changes": "neutral"}


@dataclass(frozen=True)
class Band:
    x: float
    width: float
    tone: str
    text: str
    title: str


@dataclass(frozen=True)
class Row:
    label: str
    y: int
    bands: tuple[Band, ...]


@dataclass(frozen=True)
class Mark:
    x: float
    tone: str
    title: str


@dataclass(frozen=True)
class Layout:
    size: str
    width: int
    height: int
    rows: tuple[Row, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str, str], ...]  # place, words, and which end of the words stands there


def words_of(verdict: str) -> str:
    return {
        "yes": _("in force"),
        "no": _("not in force"),
        "indeterminate": _("cannot be shown"),
        "changes": _("changed in between"),
    }[verdict]


@dataclass(frozen=True)
class ConsentLine:
    spans: Mapping[str, Sequence[Span]]
    log: Sequence[ConsentEvent]
    today: dt.date

    @property
    def is_empty(self) -> bool:
        return not self.spans

    @cached_property
    def said(self) -> list[tuple[str, str]]:
        """What the picture shows, in words: (purpose, its times)."""
        labels = dict(Purpose.choices)
        return [
            (
                str(labels[purpose]),
                "; ".join(
                    _("%(state)s from %(start)s to %(end)s")
                    % {
                        "state": words_of(span.verdict),
                        "start": human_date_text(span.starts),
                        "end": _("today") if span.ends >= self.today else human_date_text(span.ends),
                    }
                    for span in spans
                ),
            )
            for purpose, spans in self.spans.items()
        ]

    @cached_property
    def layouts(self) -> tuple[Layout, Layout]:
        return self.layout("wide", WIDE), self.layout("narrow", NARROW)

    def layout(self, size: str, width: int) -> Layout:
        every = [span for spans in self.spans.values() for span in spans]
        low, high = min(span.starts for span in every), self.today
        if (high - low).days < 14:
            low = high - dt.timedelta(days=14)
        scale = Linear(float(low.toordinal()), float(high.toordinal() + 1), 6.0, width - 6.0)

        def x(day: dt.date) -> float:
            return scale.clamp(float(day.toordinal()))

        labels = dict(Purpose.choices)
        rows = []
        for number, (purpose, spans) in enumerate(self.spans.items()):
            bands = []
            for span in spans:
                start, end = x(span.starts), x(span.ends + dt.timedelta(days=1))
                text = words_of(span.verdict)
                bands.append(
                    Band(
                        round(start, 2),
                        round(max(end - start, 2.0), 2),
                        TONES[span.verdict],
                        text if 6.6 * len(text) + 8 < end - start else "",
                        f"{text}: {human_date_text(span.starts)} – {human_date_text(span.ends)}"
                        + (f" ({'; '.join(map(translated, span.why))})" if span.why else ""),
                    )
                )
            rows.append(Row(str(labels[purpose]), TOP + number * (HIGH + ROW), tuple(bands)))
        bottom = TOP + len(rows) * (HIGH + ROW)
        marks = tuple(
            Mark(
                round(x(entry.signed_on.earliest), 2),
                "bad" if entry.kind in (Kind.WITHDRAWAL, Kind.DISSENT) else "accent",
                f"{entry.get_kind_display()}, {human_date_text(entry.signed_on)}",
            )
            for entry in self.log
            if entry.signed_on is not None and entry.signed_on.earliest is not None
        )
        ticks = tuple(
            (
                round(x(day), 2),
                f"{day:%b %Y}" if (high - low).days > 90 else f"{day.day} {day:%b}",
                "start" if x(day) < 30 else "end" if x(day) > width - 30 else "middle",
            )
            for day in date_ticks(low, high, 6 if size == "wide" else 3)
        )
        return Layout(size, width, bottom + 14, tuple(rows), marks, ticks)
