"""What a mask keeps back, and that it keeps it back everywhere."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.outcomes.statistics.masking import deal, procedural, pseudonym, told_by_size
from apps.outcomes.statistics.safety_set import safety_set
from tests.apps.outcomes.statistics.safety_data import (
    CUT_OFF,
    WORDS,
    all_frames,
    deviations_frame,
    event,
    events_frame,
    near_misses_frame,
    people_frame,
    person,
    product,
    products_frame,
)

KEY = b"k" * 32


def test_there_is_no_mask_without_a_key():
    with pytest.raises(ValueError, match="dealt by a key"):
        deal(["case", "control"], b"")


def test_there_are_letters_for_26_groups():
    with pytest.raises(ValueError, match="26 groups"):
        deal([str(number) for number in range(27)], KEY)


def test_the_same_key_deals_the_same_letters_whatever_the_order():
    assert deal(["case", "control"], KEY) == deal(["control", "case"], KEY)


def test_another_key_may_deal_others():
    dealt = Counter(deal(["case", "control"], bytes([number]))["case"] for number in range(200))
    assert set(dealt) == {"A", "B"}
    assert 60 < dealt["A"] < 140  # by chance, about half


@given(st.sets(st.text(min_size=1, max_size=5), min_size=1, max_size=26), st.binary(min_size=1, max_size=40))
def test_every_group_has_a_letter_of_its_own(groups, key):
    dealt = deal(groups, key)
    assert sorted(dealt) == sorted(groups)
    assert sorted(dealt.values()) == [chr(ord("A") + number) for number in range(len(groups))]


def test_a_pseudonym_stays_and_tells_nothing():
    name = pseudonym("MUM-0001-X", KEY)
    assert name == pseudonym("MUM-0001-X", KEY) != pseudonym("MUM-0002-X", KEY)
    assert name != pseudonym("MUM-0001-X", b"other")
    assert "MUM" not in name and len(name) == 10


@pytest.mark.parametrize(
    ("values", "only_treated"),
    [
        ({"term": "fever"}, False),
        ({"term": None}, False),
        ({"term": "harvest_pain"}, True),
        ({"term": "infusion_reaction"}, True),
        ({"term": "fever", "linked": True}, True),
        ({"term": "fever", "to_product": "possible"}, True),
        ({"term": "fever", "to_harvest": "certain"}, True),
        ({"term": "fever", "to_product": "unlikely"}, False),
    ],
)
def test_what_only_treated_people_can_have(values, only_treated):
    facts = {"to_harvest": None, "to_product": None, "linked": False}
    assert procedural(**facts | values) is only_treated


@pytest.mark.parametrize(
    ("sizes", "tells"),
    [((10, 10), False), ((10, 8), False), ((10, 7.9), True), ((10, 20), True), ((10, 0), True), ((0, 0), True), ((5,), True)],
)  # fmt: skip
def test_sizes_that_tell(sizes, tells):
    assert told_by_size(sizes) is tells


# --- A whole masked set ----------------------------------------------------------------------------------


def masked(cases=5, controls=5, **more):
    people = [person(f"MUM-{n:04d}-X", "case") for n in range(cases)]
    people += [person(f"PUN-{n:04d}-X", "control", site="PUN") for n in range(controls)]
    events = [
        event(901, "MUM-0000-X", term="harvest_pain", serious=True, criteria="hospitalisation", special=True),
        event(902, "MUM-0001-X", to_product="possible", serious=True, criteria="death", outcome="fatal", session=1,
              linked=True, component="bm_mnc", actions="session_cancelled"),
        event(903, "MUM-0002-X", to_product="unlikely", serious=True, criteria="disability"),
        event(904, "PUN-0000-X", term="dka", serious=True, criteria="hospitalisation", special=True),
    ]  # fmt: skip
    frames = all_frames(
        people_frame(*people),
        events_frame(*events),
        products=products_frame(product(777, "MUM-0000-X", failing="Viability")),
        near_misses=near_misses_frame(
            (777, "MUM-0000-X", "MUM", False, "bm_mnc", "bedside", "other_participant", CUT_OFF)
        ),
        deviations=deviations_frame(("MUM-0000-X", "major", "dose", date(2024, 2, 2), False)),
    )
    return safety_set(frames, WORDS, cut_off=CUT_OFF, include_synthetic=True, mask_key=more.get("key", KEY))


def rows(found, key):
    return next(table.rows for table in found.tables if table.key == key)


def test_a_masked_set_tells_the_groups_nowhere():
    found = masked()
    said = json.dumps([table.as_json()["rows"] for table in found.tables])
    for word in ("Cases", "Controls", '"case"', '"control"', "MUM", "PUN", "marrow", "bm_mnc", "harvest_pain", "Pain at",
                 "to_product", "to_harvest", "Product", "session", ": 902", "treated"):  # fmt: skip
        assert word not in said, word
    assert {table.key for table in found.tables}.isdisjoint(
        {"products", "near-misses", "deviations", "products-list"}
    )


def test_what_only_treated_people_can_have_is_shown_for_all_together():
    overview = {(row["line"], row["group"]): row for row in rows(masked(), "overview")}
    assert overview["any", "all"]["events"] == 2  # that of 903 and 904
    assert sorted(overview["any", letter]["events"] for letter in "AB") == [1, 1]
    assert overview["procedure_related", "all"]["events"] == 2
    assert overview["procedure_related_fatal", "all"]["events"] == 1
    assert {group for line, group in overview if line.startswith("procedure")} == {"all"}
    assert overview["fatal", "all"]["events"] == 0


def test_each_letter_is_the_group_that_the_key_says():
    by_letter = {row["group"]: row["events"] for row in rows(masked(), "by-term") if row["line"] == "dka"}
    letters = deal(["case", "control"], KEY)
    assert (by_letter[letters["control"]], by_letter[letters["case"]]) == (1, 0)


def test_groups_that_differ_in_size_are_not_shown_at_all():
    found = masked(cases=5, controls=10)
    for table in found.tables:
        if table.kind != "list":
            assert {row["group"] for row in table.rows} <= {"all"}, table.key
    assert any("would tell which is which" in note for note in found.footnotes)
    assert not any(table.key == "ratios" for table in found.tables)


def test_how_follow_up_ended_is_not_told_by_group():
    """A death in group A that no fatal event of group A stands for would have been procedure-related."""
    ends = {"participants", "person_years", "median", "q1", "q3", "longest"}
    assert {row["line"] for row in rows(masked(), "follow-up") if row["group"] != "all"} == ends
    assert any(row["line"] == "died" for row in rows(masked(), "follow-up"))


def test_procedure_related_events_are_not_linked_to_others_of_the_same_person():
    people = [person("A", "case"), person("B", "control")]
    events = [
        event(number, "A", serious=True, criteria="disability", **more)
        for number, more in enumerate(
            ({}, {"to_disease": "certain"}, {"term": "harvest_pain"}, {"linked": True})
        )
    ]
    frames = all_frames(people_frame(*people), events_frame(*events))
    found = safety_set(frames, WORDS, cut_off=CUT_OFF, include_synthetic=True, mask_key=KEY)
    names: dict[bool, set[str]] = {True: set(), False: set()}
    for row in rows(found, "serious-list"):
        names[row["term"] == "Procedure-related"].add(row["participant"])
    assert len(names[True]) == len(names[False]) == 1
    assert names[True].isdisjoint(names[False])


def test_a_masked_listing_links_a_participant_to_no_group():
    listed = rows(masked(), "serious-list")
    assert len(listed) == 4
    assert set(listed[0]) == {
        "participant", "term", "grade", "dictionary", "criteria", "onset_day", "end_day", "outcome", "place", "synthetic",
    }  # fmt: skip
    assert sorted(row["term"] for row in listed) == [
        "Diabetic ketoacidosis", "Fever", "Procedure-related", "Procedure-related",
    ]  # fmt: skip
