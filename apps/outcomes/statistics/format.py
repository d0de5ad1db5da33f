"""Numbers into text: the last step, and the only one that rounds."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

DASH = "–"
MINUS = "\N{MINUS SIGN}"


def number(value: float | int | None, decimals: int, *, signed: bool = False) -> str:
    """`value` with fixed decimals, half away from zero, a dash when it is not defined.

    Rounds the shortest decimal text of the float (7.25 → 7.3), as a person with a pencil would.
    `signed` writes the sign of a change; a change that rounds to nought carries none.
    """
    if value is None:
        return DASH
    if isinstance(value, int):
        value = float(value)
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    text = f"{abs(rounded):.{decimals}f}"
    if rounded < 0:
        return MINUS + text
    return "+" + text if signed and rounded > 0 else text


def mean_sd(mean: float | None, sd: float | None, decimals: int, *, signed: bool = False) -> str:
    """`7.6 (1.2)`: mean and SD; the SD in brackets is a dash where it is not defined."""
    if mean is None:
        return DASH
    return f"{number(mean, decimals, signed=signed)} ({number(sd, decimals)})"


def median_quartiles(
    median: float | None, q1: float | None, q3: float | None, decimals: int, *, signed: bool = False
) -> str:
    """`7.4 [6.9, 8.1]`: median with first and third quartile."""
    if median is None:
        return DASH
    low, high = number(q1, decimals, signed=signed), number(q3, decimals, signed=signed)
    return f"{number(median, decimals, signed=signed)} [{low}, {high}]"


def span(minimum: float | None, maximum: float | None, decimals: int) -> str:
    """`6.1 to 9.4`: the range."""
    if minimum is None:
        return DASH
    return f"{number(minimum, decimals)} to {number(maximum, decimals)}"
