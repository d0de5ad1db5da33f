"""Product defects: what became of the cell products, with exact intervals and every denominator named.

Each line has the denominator that fits it: a decision is counted of the products that were decided on, a result out of
specification of those that were evaluated, a culture of those that were read. A product that is not there yet is no good
product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pandas as pd

from apps.outcomes.statistics.follow_up import ordinals, require
from apps.outcomes.statistics.proportions import clopper_pearson
from apps.outcomes.statistics.rates import exact_rate
from apps.outcomes.statistics.safety import SafetyTable
from apps.outcomes.statistics.tables import Column

#: One row per product. made_on: day of the harvest. failing: criteria out of specification, ;-joined; evaluated: the
#: criteria were evaluated. decision: released, conditional, exceptional, rejected or None. culture: growth, no_growth,
#: pending or None. grew_late: growth, of a product that was released or infused.
PRODUCT_COLUMNS = (
    "product", "identifier", "participant", "site", "synthetic", "component", "session", "made_on", "evaluated", "failing",
    "decision", "infused", "discarded", "discard_reason", "culture", "grew_late",
)  # fmt: skip
NEAR_MISS_COLUMNS = ("product", "participant", "site", "synthetic", "component", "step", "code", "on")

DEFECTS = (
    Column("by", "By", "text"),
    Column("stratum", "Of which", "text"),
    Column("line", "Line", "text"),
    Column("label", "What", "text"),
    Column("n", "Products", "count"),
    Column("of", "Of", "count"),
    Column("denominator", "Denominator", "text"),
    Column("percent", "Share", "value", "%"),
    Column("low", "Lower bound, 95 %", "value", "%"),
    Column("high", "Upper bound, 95 %", "value", "%"),
)

Frame = pd.DataFrame
Chosen = Callable[[Frame], pd.Series]
RELEASED = ("released", "conditional", "exceptional")


def _is(column: str, *codes: str) -> Chosen:
    return lambda frame: frame[column].isin(codes)


def _true(column: str) -> Chosen:
    return lambda frame: frame[column].astype(bool)


def _any(_column: str = "") -> Chosen:
    return lambda frame: pd.Series(True, index=frame.index)


# key, label, what is counted, of what, the denominator in words
LINES: tuple[tuple[str, str, Chosen, Chosen, str], ...] = (
    ("decided", "Decided on", lambda f: f["decision"].notna(), _any(), "products made"),
    ("released", "Released, cultures final", _is("decision", "released"), lambda f: f["decision"].notna(), "decided on"),
    ("conditional", "Released conditionally", _is("decision", "conditional"), lambda f: f["decision"].notna(), "decided on"),
    ("exceptional", "Exceptional release", _is("decision", "exceptional"), lambda f: f["decision"].notna(), "decided on"),
    ("rejected", "Rejected", _is("decision", "rejected"), lambda f: f["decision"].notna(), "decided on"),
    ("failing", "Out of specification", lambda f: f["failing"].fillna("") != "", _true("evaluated"), "evaluated"),
    ("growth", "Positive culture", _is("culture", "growth"), _is("culture", "growth", "no_growth"), "cultures read"),
    ("grew_late", "Positive culture of a product that was released or infused", _true("grew_late"),
     lambda f: f["culture"].isin(["growth", "no_growth"]) & (f["decision"].isin(RELEASED) | f["infused"].astype(bool)),
     "released or infused, cultures read"),
    ("discarded", "Discarded", _true("discarded"), _any(), "products made"),
    ("infused", "Infused", _true("infused"), _any(), "products made"),
    ("infused_failing", "Infused although out of specification",
     lambda f: f["infused"].astype(bool) & (f["failing"].fillna("") != ""), _true("infused"), "infused"),
    ("near_miss", "At least one near miss", lambda f: f["near_misses"] > 0, _any(), "products made"),
)  # fmt: skip


def followed_products(
    products: Frame, near_misses: Frame, *, cut_off: date, include_synthetic: bool
) -> tuple[Frame, Frame]:
    """The products that were made up to the cut-off, and what was stopped with them until then. Raises ValueError on
    absent columns."""
    require(products, PRODUCT_COLUMNS, "products")
    require(near_misses, NEAR_MISS_COLUMNS, "near misses")
    end = cut_off.toordinal()
    kept = ~(ordinals(products["made_on"]) > end)
    if not include_synthetic:
        kept &= ~products["synthetic"].astype(bool).to_numpy()
    products = products.loc[kept]
    stopped = near_misses.loc[
        near_misses["product"].isin(products["product"]) & ~(ordinals(near_misses["on"]) > end)
    ]
    counted = stopped["product"].value_counts()
    return products.assign(near_misses=products["product"].map(counted).fillna(0).astype(int)), stopped


def defects(products: Frame, components: Mapping[str, str]) -> SafetyTable:
    """Every line for all products, by component and by site. products: as `followed_products` gives them."""
    strata: list[tuple[str, str, Frame]] = [("all", "All products", products)]
    strata += [
        ("component", label, products.loc[products["component"] == key]) for key, label in components.items()
    ]
    strata += [
        ("site", str(site), products.loc[products["site"] == site]) for site in sorted(set(products["site"]))
    ]
    rows = []
    for by, stratum, frame in strata:
        rows.append(
            {"by": by, "stratum": stratum, "line": "made", "label": "Products made", "n": len(frame), "of": None,
             "denominator": "", "percent": None, "low": None, "high": None}
        )  # fmt: skip
        for key, label, counted, of, words in LINES:
            base = frame.loc[of(frame)]
            n = int(counted(base).sum()) if len(base) else 0
            share = clopper_pearson(n, len(base))
            rows.append(
                {
                    "by": by, "stratum": stratum, "line": key, "label": label, "n": n, "of": len(base),
                    "denominator": words,
                    "percent": _percent(share.estimate), "low": _percent(share.low), "high": _percent(share.high),
                }
            )  # fmt: skip
    return SafetyTable(
        "products", "Cell products: releases and defects", "proportions", DEFECTS, tuple(rows),
        (
            "Clopper–Pearson, two-sided 95 %; with none of n the upper bound is that of a one-sided 97.5 % interval, with no"
            " product nothing is defined. Products of one participant are counted as if they were independent.",
            "Out of specification: a criterion fails in the newest evaluation. Cultures read: growth, or no growth in all of"
            " them; pending ones are in no denominator.",
        ),
    )  # fmt: skip


NEAR_MISSES = (
    Column("line", "Line", "text"),
    Column("label", "What was stopped", "text"),
    Column("events", "Near misses", "count"),
    Column("with_event", "Products with one", "count"),
    Column("products", "Products made", "count"),
    Column("rate", "Per 100 products", "value"),
    Column("rate_low", "Lower bound, 95 %", "value"),
    Column("rate_high", "Upper bound, 95 %", "value"),
)


def stopped(products: Frame, near_misses: Frame) -> SafetyTable:
    """Near misses per 100 products: any, by step and by what was stopped."""
    rows = [_stopped("any", "Any near miss", near_misses, len(products))]
    for column, words in (("step", "At step"), ("code", "Stopped")):
        rows += [
            _stopped(f"{column}_{key}", f"{words}: {str(key).replace('_', ' ')}", frame, len(products))
            for key, frame in sorted(near_misses.groupby(column), key=lambda one: str(one[0]))
        ]
    return SafetyTable(
        "near-misses", "Near misses with cell products", "ratios", NEAR_MISSES, tuple(rows),
        ("Exact Poisson, two-sided 95 %. A near miss was stopped: nothing reached a participant.",),
    )  # fmt: skip


def _stopped(line: str, label: str, frame: Frame, products: int) -> dict[str, Any]:
    rate = exact_rate(len(frame) if products else 0, products, per=100)
    return {
        "line": line, "label": label, "events": len(frame), "with_event": int(frame["product"].nunique()),
        "products": products, "rate": rate.estimate, "rate_low": rate.low, "rate_high": rate.high,
    }  # fmt: skip


def _percent(value: float | None) -> float | None:
    return None if value is None else value * 100
