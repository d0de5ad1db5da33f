"""The safety tables: every number of a small study by hand, what is absent, and what must always add up."""

from __future__ import annotations

import json
import math
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.outcomes.statistics.safety_set import SafetySet, safety_set
from tests.apps.outcomes.statistics.safety_data import (
    CUT_OFF,
    DAY_0,
    WORDS,
    all_frames,
    deviations_frame,
    event,
    events_frame,
    people_frame,
    person,
)
from tests.benchmarks import safety as generated


def computed(people, events=(), **more) -> SafetySet:
    frames = all_frames(people_frame(*people), events_frame(*events), **more.pop("frames", {}))
    return safety_set(frames, WORDS, **({"cut_off": CUT_OFF, "include_synthetic": True} | more))


def rows(found, key):
    return next(table.rows for table in found.tables if table.key == key)


def row(found, key, line, group="all"):
    return next(one for one in rows(found, key) if (one["line"], one["group"]) == (line, group))


# Two cases of 365 days, one control of 365 days.
PEOPLE = (person("A"), person("B"), person("C", "control"))
EVENTS = (
    event(1, "A", grade=3.0, serious=True, criteria="hospitalisation;life_threatening", special=True, to_product="possible",
          expected="unexpected", term="dka", session=1, linked=True, component="svf"),
    event(2, "A", DAY_0, grade=1.0),
    event(3, "A", date(2024, 2, 5), grade=2.0),
    event(4, "B", date(2024, 6, 1), grade=float("nan"), serious=None, outcome="", term=None),
    event(5, "C", date(2024, 6, 1), grade=5.0, serious=True, criteria="death", outcome="fatal", term="dka"),
    event(6, "C", date(2023, 6, 1)),
    event(7, "C", date(2025, 6, 1)),
)  # fmt: skip


def test_overview_by_hand():
    found = computed(PEOPLE, EVENTS)
    case = row(found, "overview", "any", "case")
    assert (case["with_event"], case["participants"], case["events"]) == (2, 2, 4)
    assert case["person_years"] == pytest.approx(730 / 365.25)
    assert case["rate"] == pytest.approx(400 * 365.25 / 730)
    assert (case["percent"], case["percent_high"]) == (100.0, 100.0)
    assert case["percent_low"] == pytest.approx(100 * math.sqrt(0.025))
    control = row(found, "overview", "serious", "control")
    assert (control["with_event"], control["events"]) == (1, 1)
    assert row(found, "overview", "any")["events"] == 5
    for line, events in {
        "severe": 2, "life_threatening": 1, "fatal": 1, "special": 1, "to_product": 1, "serious_related": 1, "susar": 1,
        "to_harvest": 0, "open": 0,
    }.items():  # fmt: skip
        assert row(found, "overview", line)["events"] == events, line


def test_a_term_that_never_happened_keeps_its_upper_bounds():
    control = row(computed(PEOPLE, EVENTS), "by-term", "positive_culture", "control")
    assert (control["events"], control["rate"], control["rate_low"]) == (0, 0.0, 0.0)
    assert control["rate_high"] == pytest.approx(-math.log(0.025) * 100 * 365.25 / 365)
    assert control["percent_high"] == pytest.approx(97.5)  # 1 − 0.025 of one participant


def test_a_term_of_tomorrow_and_none_at_all_are_shown():
    found = computed(PEOPLE, [*EVENTS, event(8, "A", term="graft_loss")])
    assert row(found, "by-term", "graft_loss")["label"] == "Graft loss"
    assert row(found, "by-term", "not_coded")["events"] == 1


def test_serious_events_by_criterion_and_term():
    found = computed(PEOPLE, EVENTS)
    assert [row(found, "serious", line)["events"] for line in ("any", "hospitalisation", "life_threatening", "death")] == [
        2, 1, 1, 1,
    ]  # fmt: skip
    assert row(found, "serious", "dka", "case")["with_event"] == 1


def test_the_worst_grade_of_each_participant():
    found = computed(PEOPLE, EVENTS)
    case = row(found, "by-grade", "any", "case")
    assert [case[f"grade_{grade}"] for grade in range(1, 6)] == [0, 0, 1, 0, 0]
    assert (case["not_graded"], case["with_event"], case["severe"], case["severe_percent"]) == (1, 2, 1, 50.0)
    assert row(found, "by-grade", "fever", "case")["grade_2"] == 1  # once, at the worst


def test_ratios_of_rates():
    found = computed(PEOPLE, EVENTS)
    (any_event,) = [one for one in rows(found, "ratios") if one["line"] == "any"]
    assert (any_event["events"], any_event["reference_events"], any_event["ratio"]) == (
        4,
        1,
        pytest.approx(2.0),
    )
    assert [one["line"] for one in rows(found, "ratios")] == [
        "any",
        "serious",
        "severe",
        "fever",
        "dka",
        "not_coded",
    ]
    (fever,) = [one for one in rows(found, "ratios") if one["line"] == "fever"]
    assert (fever["ratio"], fever["ratio_high"]) == (None, None)
    assert not any(table.key == "ratios" for table in computed([person("A")]).tables)


def test_each_period_has_its_own_time_and_people():
    found = computed([person("A"), person("B", last_contact=date(2024, 1, 11))], EVENTS[:4])
    first, later = row(found, "by-period", "any_0", "case"), row(found, "by-period", "any_2", "case")
    assert (first["events"], first["participants"]) == (1, 2)
    assert first["person_years"] == pytest.approx(4 / 365.25)
    assert (later["events"], later["participants"]) == (0, 2)
    assert later["person_years"] == pytest.approx((29 + 9) / 365.25)
    assert row(found, "by-period", "any_366", "case")["participants"] == 0
    assert row(found, "by-period", "any_366", "case")["rate"] is None


def test_an_onset_that_is_not_known_to_the_day_is_in_no_period():
    found = computed(PEOPLE, [event(1, "A", onset_from=date(2024, 2, 1), onset_to=date(2024, 2, 29))])
    assert row(found, "by-period", "unknown", "case")["events"] == 1
    assert row(found, "overview", "any", "case")["events"] == 1


def test_follow_up_by_group_and_how_it_ended():
    found = computed([*PEOPLE, person("D", exited_on=date(2024, 1, 10), exited_as="withdrawn")])
    assert row(found, "follow-up", "participants", "case")["value"] == 3
    assert row(found, "follow-up", "withdrawn", "case")["value"] == 1
    assert row(found, "follow-up", "median", "case")["value"] == 365
    assert row(found, "follow-up", "longest", "control")["value"] == 365


def test_what_is_not_counted_is_said():
    found = computed(
        [*PEOPLE, person("D", day_0=None)], [*EVENTS, event(8, "D"), event(9, "A", date(2026, 5, 5))]
    )
    for line, value in {
        "counted": 5, "before": 1, "after": 1, "no_time": 1, "later": 1, "no_term": 1, "no_grade": 1, "no_serious": 1,
        "no_outcome": 1, "no_day": 0, "left_out_1": 1,
    }.items():  # fmt: skip
        assert row(found, "completeness", line)["value"] == value, line


def test_causality_adds_up_to_all_events():
    found = computed(PEOPLE, EVENTS)
    for cause in ("Harvest", "Cell product", "Insulin", "Disease"):
        own = [one for one in rows(found, "causality") if one["section"] == cause and one["group"] == "all"]
        assert sum(one["value"] for one in own) == 5
    assert row(found, "causality", "to_product_possible", "case")["value"] == 1


def test_deviations_by_class_and_kind_up_to_the_cut_off():
    deviations = deviations_frame(
        ("A", "major", "dose", date(2024, 2, 2), False),
        ("C", "minor", "visit", None, False),
        ("A", "major", "dose", date(2026, 2, 2), False),
    )
    found = computed(PEOPLE, EVENTS, frames={"deviations": deviations})
    assert row(found, "deviations", "major_dose", "case")["value"] == 1
    assert row(found, "deviations", "minor_any", "control")["value"] == 1
    assert row(found, "deviations", "critical_any")["value"] == 0


def test_listings_hold_also_what_lies_outside_of_follow_up():
    events = [
        *EVENTS,
        event(8, "C", date(2025, 6, 1), serious=True, criteria="hospitalisation", ended_on=date(2025, 6, 3)),
    ]
    found = computed(PEOPLE, events)
    assert [one["event"] for one in rows(found, "deaths")] == [5]
    listed = rows(found, "serious-list")
    assert [(one["participant"], one["event"], one["place"]) for one in listed] == [
        ("A", 1, ""), ("C", 5, ""), ("C", 8, "after follow-up"),
    ]  # fmt: skip
    assert (listed[0]["criteria"], listed[0]["onset_day"], listed[0]["session"], listed[0]["group"]) == (
        "Hospitalisation, or a longer stay, Life-threatening", 31, 1, "Cases",
    )  # fmt: skip
    assert listed[2]["end_day"] == 519
    assert [one["event"] for one in rows(found, "special-list")] == [1]


def test_who_was_treated_later_counts_in_both_groups_and_once_among_all():
    people = [
        person("A", "control", censored_on=date(2024, 7, 1)),
        person("A", "case", day_0=date(2024, 7, 1)),
    ]
    found = computed(people, [event(1, "A", date(2024, 3, 1)), event(2, "A", date(2024, 8, 1))])
    assert [row(found, "overview", "any", group)["participants"] for group in ("case", "control", "all")] == [
        1,
        1,
        1,
    ]
    assert [row(found, "overview", "any", group)["with_event"] for group in ("case", "control", "all")] == [
        1,
        1,
        1,
    ]
    assert row(found, "follow-up", "treated", "control")["value"] == 1


def test_nobody_at_all_is_a_table_too():
    found = computed([])
    assert json.dumps([table.as_json() for table in found.tables], allow_nan=False)
    assert row(found, "overview", "any")["rate"] is None
    assert found.counts == {"participants": 0, "synthetic": 0}


def test_synthetic_participants_are_said_or_left_out():
    people = [person("A", synthetic=True), person("B")]
    assert any("1 of 2" in note for note in computed(people).footnotes)
    left = computed(people, [event(1, "A")], include_synthetic=False)
    assert (left.counts["participants"], row(left, "overview", "any")["events"]) == (1, 0)
    assert any("excluded" in note for note in left.footnotes)


# --- What must always hold -------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), size=st.integers(2, 60), each=st.floats(0, 4))
def test_numbers_add_up_and_intervals_hold_their_estimates(seed, size, each):
    frames = generated.frames(size, each, seed)
    found = safety_set(frames, generated.WORDS, cut_off=generated.CUT_OFF, include_synthetic=True)
    json.dumps([table.as_json() for table in found.tables], allow_nan=False)
    for key in ("overview", "by-term", "serious"):
        lines: dict[str, dict[str, dict]] = {}
        for one in rows(found, key):
            lines.setdefault((one["section"], one["line"]), {})[one["group"]] = one
            assert one["percent_low"] <= one["percent"] <= one["percent_high"]
            assert one["with_event"] <= min(one["participants"], one["events"])
            if one["rate"] is not None:
                assert one["rate_low"] <= one["rate"] <= one["rate_high"]
        for by_group in lines.values():
            for name in ("participants", "with_event", "events"):
                assert by_group["case"][name] + by_group["control"][name] == by_group["all"][name]
    counted = row(found, "overview", "any")["events"]
    assert sum(one["events"] for one in rows(found, "by-term") if one["group"] == "all") == counted
    placed = sum(
        row(found, "completeness", line)["value"] for line in ("counted", "before", "after", "no_time")
    )
    assert placed + row(found, "completeness", "later")["value"] == len(frames.events)


def test_the_order_of_the_rows_changes_nothing():
    frames = generated.frames(80, 3)
    shuffled = all_frames(
        frames.people.sample(frac=1, random_state=1), frames.events.sample(frac=1, random_state=2),
        products=frames.products.sample(frac=1, random_state=3), near_misses=frames.near_misses,
        deviations=frames.deviations,
    )  # fmt: skip

    def said(data, key):
        found = safety_set(
            data, generated.WORDS, cut_off=generated.CUT_OFF, include_synthetic=True, mask_key=key
        )
        return json.dumps([table.as_json() for table in found.tables])

    assert said(frames, None) == said(shuffled, None)
    assert said(frames, b"key") == said(shuffled, b"key")
