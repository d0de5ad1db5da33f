"""Slips of the power of ten: single cells, thousands or thousand millions typed where millions belong. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from apps.celldose.checks.kinds import Check, Context, Values
from studyportal.crf.outcomes import Finding
from studyportal.words import said

# A count above this, in millions, is more cells than a harvest can hold: 10⁵ × 10⁶ = 10¹¹ cells.
MOST_MILLIONS = Decimal(100_000)

# A count typed per cell is a million times too large; one typed in billions or as a power is far too small.
LEAST_MILLIONS = Decimal(1)

# How far from the usual range a count must lie before a slip is asked about, and how near a corrected one must come.
FAR, NEAR = Decimal(20), Decimal(3)

# What was typed → what it must be multiplied by to be millions.
SLIPS = (
    (said("single cells"), Decimal("0.000001")),
    (said("thousands of cells (×10³)"), Decimal("0.001")),
    (said("thousand millions (×10⁹)"), Decimal(1000)),
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
                    said(
                        "%(count)s ×10⁶ cells are far from the usual %(low)s–%(high)s ×10⁶: were"
                        " %(typed)s typed? In millions that would be %(meant)s.",
                        count=count.normalize(),
                        low=usual[0].normalize(),
                        high=usual[1].normalize(),
                        typed=meant[0],
                        meant=meant[1].normalize(),
                    ),
                )
            elif count > MOST_MILLIONS:
                yield Finding(
                    field,
                    "million_factor",
                    said(
                        "%(count)s ×10⁶ cells cannot come from one harvest: were single cells typed? In"
                        " millions that would be %(meant)s.",
                        count=count.normalize(),
                        meant=(count / 1_000_000).normalize(),
                    ),
                )
            elif count < LEAST_MILLIONS:
                yield Finding(
                    field,
                    "million_factor",
                    said(
                        "%(count)s ×10⁶ cells are very few: is the count in millions?",
                        count=count.normalize(),
                    ),
                )
            elif count == 106:
                yield Finding(
                    field,
                    "lost_superscript",
                    said("106 may be “10⁶” with its superscript lost; read the source again."),
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
                said(
                    "%(count)s ×10⁶ CD34+ cells, but the product held %(tnc)s ×10⁶ nucleated cells: is"
                    " the count in millions?",
                    count=count.normalize(),
                    tnc=tnc.normalize(),
                ),
            )
        return
    expected = tnc * percent / 100
    if abs(count - expected) <= expected * AGREE:
        return
    clause = said(
        "%(percent)s %% of %(tnc)s ×10⁶ nucleated cells are %(expected)s ×10⁶",
        percent=percent.normalize(),
        tnc=tnc.normalize(),
        expected=(round(expected, 3)).normalize(),
    )
    for typed, factor in SLIPS:
        if expected / 2 <= count * factor <= expected * 2:
            yield Finding(
                "cd34_count",
                "million_factor",
                said(
                    "%(clause)s, not %(count)s ×10⁶: were %(typed)s typed? In millions that would be"
                    " %(meant)s.",
                    clause=clause,
                    count=count.normalize(),
                    typed=typed,
                    meant=(count * factor).normalize(),
                ),
            )
            return
    yield Finding(
        "cd34_count",
        "cd34_differs",
        said(
            "%(clause)s, but %(count)s ×10⁶ were counted: which is right?",
            clause=clause,
            count=count.normalize(),
        ),
    )


def _plain(value: Decimal) -> str:
    """Without trailing zeros and never as a power: 1500000000, 0.75."""
    return f"{value.normalize():f}"
