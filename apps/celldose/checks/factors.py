"""Slips of the power of ten: single cells, thousands or thousand millions typed where millions belong. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from apps.celldose.checks.kinds import Check, Context, Values
from studyportal.crf.outcomes import Finding

# A count above this, in millions, is more cells than a harvest can hold: 10⁵ × 10⁶ = 10¹¹ cells.
MOST_MILLIONS = Decimal(100_000)

# A count typed per cell is a million times too large; one typed in billions or as a power is far too small.
LEAST_MILLIONS = Decimal(1)

# How far from the usual range a count must lie before a slip is asked about, and how near a corrected one must come.
FAR, NEAR = Decimal(20), Decimal(3)

# What was typed → what it must be multiplied by to be millions.
SLIPS = (
    ("single cells", Decimal("0.000001")),
    ("thousands of cells (×10³)", Decimal("0.001")),
    ("thousand millions (×10⁹)", Decimal(1000)),
)

Range = tuple[Decimal, Decimal]


def slip(count: Decimal, usual: Range) -> tuple[str, Decimal] | None:
    """(what seems to be typed, the count in millions) when another power of ten fits and this one does not.

    usual: (lowest, highest) in millions, such as the planned range.
    """
    low, high = usual
    if not count or low / FAR <= count <= high * FAR:
        return None
    for typed, factor in SLIPS:
        if low / NEAR <= count * factor <= high * NEAR:
            return typed, count * factor
    return None


def million_factor(*fields: str) -> Check:
    """A check of counts in millions. context: usual (lowest, highest) of the component in 10⁶, None when unknown.

    Far too many means that single cells were typed, below one is suspicious; where the usual range is known, thousands
    and thousand millions are recognised, too.
    """

    def check(values: Values, context: Context) -> Iterable[Finding]:
        usual = context.get("usual")
        for field in fields:
            count = values.get(field)
            if count is None or count == 0:
                continue
            if usual is not None and (meant := slip(count, usual)) is not None:
                yield Finding(
                    field,
                    "million_factor",
                    f"{_plain(count)} ×10⁶ cells are far from the usual {_plain(usual[0])}–{_plain(usual[1])} ×10⁶:"
                    f" were {meant[0]} typed? In millions that would be {_plain(meant[1])}.",
                )
            elif count > MOST_MILLIONS:
                yield Finding(
                    field,
                    "million_factor",
                    f"{_plain(count)} ×10⁶ cells cannot come from one harvest: were single cells typed?"
                    f" In millions that would be {_plain(count / 1_000_000)}.",
                )
            elif count < LEAST_MILLIONS:
                yield Finding(
                    field,
                    "million_factor",
                    f"{_plain(count)} ×10⁶ cells are very few: is the count in millions?",
                )
            elif count == 106:
                yield Finding(
                    field,
                    "lost_superscript",
                    "106 may be “10⁶” with its superscript lost; read the source again.",
                )

    return check


# A counted number and the one by percentage agree within a fifth, or their ratio is looked at.
AGREE = Decimal("0.2")


def cd34_count_fits(values: Values, context: Context) -> Iterable[Finding]:
    """The counted CD34+ cells against nucleated cells × percentage. context: tnc of the cell counts."""
    count, percent, tnc = values.get("cd34_count"), values.get("cd34_percent"), context.get("tnc")
    if count is None or not tnc:
        return
    if not percent:
        if count > tnc:
            yield Finding(
                "cd34_count",
                "million_factor",
                f"{_plain(count)} ×10⁶ CD34+ cells, but the product held {_plain(tnc)} ×10⁶ nucleated cells:"
                " is the count in millions?",
            )
        return
    expected = tnc * percent / 100
    if abs(count - expected) <= expected * AGREE:
        return
    said = f"{_plain(percent)} % of {_plain(tnc)} ×10⁶ nucleated cells are {_plain(round(expected, 3))} ×10⁶"
    for typed, factor in SLIPS:
        if expected / 2 <= count * factor <= expected * 2:
            yield Finding(
                "cd34_count",
                "million_factor",
                f"{said}, not {_plain(count)} ×10⁶: were {typed} typed? In millions that would be {_plain(count * factor)}.",
            )
            return
    yield Finding(
        "cd34_count", "cd34_differs", f"{said}, but {_plain(count)} ×10⁶ were counted: which is right?"
    )


def _plain(value: Decimal) -> str:
    """Without trailing zeros and never as a power: 1500000000, 0.75."""
    return f"{value.normalize():f}"
