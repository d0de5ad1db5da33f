"""Product defects: each line with its own denominator, and exact intervals also where nothing happened."""

from __future__ import annotations

from datetime import date

import pytest

from apps.outcomes.statistics.safety_listings import of_products
from apps.outcomes.statistics.safety_products import defects, followed_products, stopped
from tests.apps.outcomes.statistics.safety_data import (
    CUT_OFF,
    WORDS,
    near_misses_frame,
    product,
    products_frame,
)


def found_of(*rows, near=(), **more):
    return followed_products(
        products_frame(*rows),
        near_misses_frame(*near),
        **({"cut_off": CUT_OFF, "include_synthetic": True} | more),
    )


def miss(number, code="other_participant", step="bedside", on=CUT_OFF):
    return (number, "A", "MUM", False, "bm_mnc", step, code, on)


def line(table, key, stratum="All products"):
    return next(row for row in table.rows if (row["stratum"], row["line"]) == (stratum, key))


def test_absent_columns_are_named():
    with pytest.raises(ValueError, match=r"products lacks the column\(s\) decision"):
        followed_products(
            products_frame().drop(columns="decision"),
            near_misses_frame(),
            cut_off=CUT_OFF,
            include_synthetic=True,
        )


PRODUCTS = (
    product(1, "A"),
    product(2, "A", component="svf", decision="conditional", culture="growth", grew_late=True),
    product(3, "B", decision="rejected", failing="Viability;Endotoxin", infused=False, discarded=True,
            discard_reason="rejected", culture="pending"),
    product(4, "B", component="svf", decision="exceptional", failing="Viability", site="PUN"),
    product(5, "C", decision=None, evaluated=False, infused=False, culture=None),
)  # fmt: skip


def test_each_line_has_the_denominator_that_fits_it():
    products, _near = found_of(*PRODUCTS, near=[miss(1), miss(1, "expired")])
    table = defects(products, WORDS.components)
    for key, n, of in (
        ("made", 5, None), ("decided", 4, 5), ("released", 1, 4), ("conditional", 1, 4), ("exceptional", 1, 4),
        ("rejected", 1, 4), ("failing", 2, 4), ("growth", 1, 3), ("grew_late", 1, 3), ("discarded", 1, 5),
        ("infused", 3, 5), ("infused_failing", 1, 3), ("near_miss", 1, 5),
    ):  # fmt: skip
        assert (line(table, key)["n"], line(table, key)["of"]) == (n, of), key
    assert line(table, "made", "SVF")["n"] == 2
    assert line(table, "exceptional", "PUN")["of"] == 1


def test_none_of_twenty_has_an_upper_bound():
    products, _near = found_of(*(product(number, "A") for number in range(20)))
    rejected = line(defects(products, WORDS.components), "rejected")
    assert (rejected["percent"], rejected["low"], round(rejected["high"], 2)) == (0.0, 0.0, 16.84)


def test_without_products_nothing_is_defined():
    products, near = found_of()
    assert line(defects(products, WORDS.components), "rejected")["percent"] is None
    assert stopped(products, near).rows[0]["rate"] is None


def test_near_misses_per_hundred_products():
    products, near = found_of(*PRODUCTS, near=[miss(1), miss(1, "expired"), miss(3), miss(99)])
    rows = {row["line"]: row for row in stopped(products, near).rows}
    assert (rows["any"]["events"], rows["any"]["with_event"], rows["any"]["rate"]) == (3, 2, 60.0)
    assert rows["code_other_participant"]["events"] == 2
    assert rows["step_bedside"]["label"] == "At step: bedside"


def test_the_cut_off_and_synthetic_ones():
    rows = product(1, "A"), product(2, "A", made_on=date(2026, 1, 2)), product(3, "B", synthetic=True)
    products, near = found_of(*rows, near=[miss(1, on=date(2026, 1, 2)), miss(1)], include_synthetic=False)
    assert (products["product"].tolist(), len(near)) == ([1], 1)
    undated, _near = found_of(product(1, "A", made_on=None))
    assert len(undated) == 1


def test_the_listing_names_what_is_wrong_with_each():
    products, _near = found_of(*PRODUCTS, near=[miss(1)])
    assert [(row["identifier"], row["defects"], row["near_misses"]) for row in of_products(products, WORDS.components).rows] == [
        ("D1", "", 1),
        ("D2", "positive culture after release or infusion", 0),
        ("D3", "out of specification: Viability, Endotoxin; rejected; discarded: rejected", 0),
        ("D4", "out of specification: Viability; exceptional release", 0),
    ]  # fmt: skip
