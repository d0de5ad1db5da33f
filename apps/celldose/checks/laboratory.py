"""Soft checks of what the laboratory did and measured. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from apps.celldose.checks.kinds import Check, Context, Values
from studyportal.crf.outcomes import Finding

# A count above this, in millions, is more cells than a harvest can hold: 10⁵ × 10⁶ = 10¹¹ cells.
MOST_MILLIONS = Decimal(100_000)


# A count typed per cell is a million times too large; one typed in billions or as a power is far too small.
LEAST_MILLIONS = Decimal(1)


def reagent_expired(values: Values, context: Context) -> Iterable[Finding]:
    """context: processed_on (date)."""
    expires, used = values.get("expires_on"), context.get("processed_on")
    if expires is not None and used is not None and expires < used:
        yield Finding(
            "expires_on", "reagent_expired", f"This lot had expired when it was used on {used.isoformat()}."
        )


def million_factor(*fields: str) -> Check:
    """A check of counts in millions: far too many means that single cells were typed, below one is suspicious."""

    def check(values: Values, context: Context) -> Iterable[Finding]:
        for field in fields:
            count = values.get(field)
            if count is None or count == 0:
                continue
            if count > MOST_MILLIONS:
                yield Finding(
                    field,
                    "million_factor",
                    f"{count.normalize():f} ×10⁶ cells cannot come from one harvest: were single cells typed?"
                    f" In millions that would be {(count / 1_000_000).normalize():f}.",
                )
            elif count < LEAST_MILLIONS:
                yield Finding(
                    field,
                    "million_factor",
                    f"{count.normalize():f} ×10⁶ cells are very few: is the count in millions?",
                )
            elif count == 106:
                yield Finding(
                    field,
                    "lost_superscript",
                    "106 may be “10⁶” with its superscript lost; read the source again.",
                )

    return check


def svf_yield(values: Values, context: Context) -> Iterable[Finding]:
    """context: yield_maximum of the component (10⁶/mL), None where the protocol states none."""
    found, most = values.get("cells_per_ml"), context.get("yield_maximum")
    if found is not None and most is not None and found > most:
        yield Finding(
            "cells_per_ml",
            "yield_implausible",
            f"{found} ×10⁶ cells per mL is above {most}, the most that is plausible.",
        )


def viable_agrees_with_viability(values: Values, context: Context) -> Iterable[Finding]:
    """context: viability_percent. Counted viable cells and the measured percentage differ by over 15 points."""
    tnc, viable, percent = values.get("tnc"), values.get("viable"), context.get("viability_percent")
    if not tnc or viable is None or percent is None:
        return
    counted = viable / tnc * 100
    if abs(counted - percent) > 15:
        yield Finding(
            "viable",
            "viability_differs",
            f"Viable cells are {counted:.0f} % of TNC, but viability was {percent} %.",
        )


def microbiology_result(values: Values, context: Context) -> Iterable[Finding]:
    if values.get("gram_stain") == "positive":
        yield Finding("gram_stain", "organism_seen", "An organism was seen in the Gram stain.")
    for culture in ("aerobic", "anaerobic", "fungal"):
        if values.get(culture) == "growth":
            yield Finding(culture, "growth", "The culture grew: name the organism and tell the investigator.")


def cultures_read_early(values: Values, context: Context) -> Iterable[Finding]:
    """context: sterility_days of the protocol."""
    sampled, read, final = values.get("sampled_on"), values.get("read_on"), context.get("sterility_days")
    if sampled is None or read is None or final is None:
        return
    clear = any(values.get(culture) == "no_growth" for culture in ("aerobic", "anaerobic", "fungal"))
    if clear and (read - sampled).days < final:
        yield Finding(
            "read_on",
            "read_early",
            f"Read at day {(read - sampled).days}; “no growth” is final at day {final}.",
        )
