"""The readable table: each measurement beside its physical limit of the same run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Line:
    """One measurement. `limit`: what the machine can do at most; `budget`: what DESIGN.md asks for."""

    what: str
    ours: str
    limit: str = ""
    ratio: str = ""
    budget: str = ""


@dataclass
class Report:
    title: str
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, what: str, ours: str, limit: str = "", ratio: str = "", budget: str = "") -> None:
        self.lines.append(Line(what, ours, limit, ratio, budget))

    def text(self) -> str:
        header = Line("", "portal", "limit, same run", "portal / limit", "budget")
        table = [header, *self.lines]
        columns = ("what", "ours", "limit", "ratio", "budget")
        widths = [max(len(getattr(line, column)) for line in table) for column in columns]
        out = ["", self.title, "=" * len(self.title)]
        for number, line in enumerate(table):
            cells = [getattr(line, column) for column in columns]
            texts = [cells[0].ljust(widths[0])] + [
                cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)
            ]
            out.append("  ".join(texts).rstrip())
            if number == 0:
                out.append("  ".join("-" * width for width in widths))
        out += [f"  {note}" for note in self.notes]
        return "\n".join(out)


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile of at least one value."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def per_second(count: float, seconds: float) -> str:
    return f"{count / seconds:,.0f}/s"
