"""Rules, checks and derivations of the forms of protocol 1.4, as tables with their boundaries."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apps.visits import checks, rules
from apps.visits.checks.complications import METHODS
from apps.visits.models import CHANGED, ChangeReason, Domain, DoseChange, ScreenMethod, Troubled
from apps.visits.rules.quality import POINTS
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate
from studyportal.words import Said

D = Decimal


def codes(found: Any) -> list[str]:
    found = list(found)
    assert all(isinstance(one.message, Said) for one in found), "the sentence can be said in other languages"
    return [one.code for one in found]


def on(text: str | None) -> Any:
    return None if text is None else PartialDate.parse(text)


# --- insulin: what changed, since when, why ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, D(10), None),
        (D(10), None, None),
        (D(0), D(10), "started"),
        (D(10), D(0), "stopped"),
        (D(0), D(0), "unchanged"),
        (D(10), D("10.0"), "unchanged"),
        (D(10), D("10.1"), "increased"),
        (D(10), D("9.9"), "decreased"),
    ],
)
def test_what_happened_to_a_dose(before: Any, now: Any, expected: str | None) -> None:
    assert rules.change_of(before, now) == expected


@pytest.mark.parametrize(
    ("before", "now", "stated", "expected"),
    [
        (None, D(10), None, []),
        (None, D(10), "increased", []),
        (D(10), None, "increased", []),
        (D(10), D(10), None, []),
        (D(10), D(10), "unchanged", []),
        (D(10), D(10), "increased", ["dose_change_disagrees"]),
        (D(10), D(12), None, ["dose_change_unexplained"]),
        (D(10), D(12), "increased", []),
        (D(10), D(12), "decreased", ["dose_change_disagrees"]),
        (D(10), D(12), "unchanged", ["dose_change_disagrees"]),
        (D(10), D(0), None, ["dose_change_unexplained"]),
        (D(10), D(0), "stopped", []),
        (D(0), D(6), None, ["dose_change_unexplained"]),
        (D(0), D(6), "started", []),
        (D(0), D(6), "increased", ["dose_change_disagrees"]),
    ],
)
def test_every_change_is_explained(before: Any, now: Any, stated: str | None, expected: list[str]) -> None:
    assert (
        codes(checks.change_is_explained({"daily_dose": now, "change": stated}, {"before": before}))
        == expected
    )


def test_the_codes_of_a_change_are_those_of_the_rules() -> None:
    assert {rules.change_of(D(a), D(b)) for a, b in ((0, 1), (1, 0), (1, 2), (2, 1), (1, 1))} == set(
        DoseChange.values
    )
    assert set(CHANGED) == set(DoseChange) - {DoseChange.UNCHANGED}
    assert "other" in ChangeReason.values


@pytest.mark.parametrize(
    ("taken", "change", "refused"),
    [
        (True, "stopped", True),
        (True, "increased", False),
        (False, "stopped", False),
        (False, "unchanged", False),
        (False, "increased", True),
        (False, "started", True),
        (None, "stopped", False),
        (True, None, False),
    ],
)
def test_a_change_agrees_with_whether_it_is_taken(taken: Any, change: Any, refused: bool) -> None:
    assert (
        codes(rules.change_agrees_with_taken({"taken": taken, "change": change}))
        == ["contradiction"] * refused
    )


@pytest.mark.parametrize(
    ("since", "started", "stopped", "expected"),
    [
        (None, "2016-11-03", None, []),
        ("2016-11-03", "2016-11-03", "2016-11-03", []),
        ("2016-11-02", "2016-11-03", None, ["before_start"]),
        ("2016-11", "2016-11-03", None, []),
        ("2016-10", "2016-11-03", None, ["before_start"]),
        ("2016-11-04", None, "2016-11-03", ["after_stop"]),
        ("2016-12", None, "2016-11", ["after_stop"]),
        ("age:12", "2016-11-03", "2016-11-03", []),
    ],
)
def test_a_dose_lies_within_the_course(since: Any, started: Any, stopped: Any, expected: list[str]) -> None:
    values = {"dose_since": on(since), "started_on": on(started), "stopped_on": on(stopped)}
    assert codes(rules.dose_since_within_course(values)) == expected


def use(day: str | None, dose: Any, **more: Any) -> rules.Use:
    dose = None if dose is None else D(dose)
    return rules.Use(
        on(day), more.pop("role", "basal"), more.pop("product", "glargine"), daily_dose=dose, **more
    )


def told(periods: list[rules.Period]) -> list[tuple[Any, ...]]:
    return [
        (p.product, p.units_per_day, p.first and str(p.first), p.last and str(p.last), p.ongoing, p.why)
        for p in periods
    ]


def test_visits_with_the_same_dose_are_one_period() -> None:
    uses = [use("2016-11-01", 10), use("2016-12-01", 10), use("2017-01-01", 8, why="need_fell")]
    assert told(rules.periods(uses)) == [
        ("glargine", D(10), "2016-11-01", "2017-01-01", False, ""),
        ("glargine", D(8), "2017-01-01", None, True, "need_fell"),
    ]
    assert rules.periods(uses)[0].ended_why == "need_fell"


def test_a_dose_begins_on_its_day_and_a_documented_0_ends_it() -> None:
    uses = [
        use("2016-11-01", 10),
        use("2016-12-01", 6, dose_since=on("2016-11-20")),
        use("2017-07", 0, stopped_on=on("2017-06-30"), why="need_fell"),
    ]
    assert told(rules.periods(uses)) == [
        ("glargine", D(10), "2016-11-01", "2016-11-20", False, ""),
        ("glargine", D(6), "2016-11-20", "2017-06-30", False, ""),
    ]
    assert rules.periods(uses)[1].ended_why == "need_fell"


def test_two_insulins_two_lines_of_one_visit_and_an_unknown_dose() -> None:
    uses = [
        use("2016-11-01", 10, visit=1),
        use("2016-11-01", 4, visit=1),
        use("2016-11-01", None, role="bolus", product="aspart", visit=1),
        use(None, 14, visit=2),
    ]
    assert told(rules.periods(uses)) == [
        ("glargine", D(14), "2016-11-01", None, True, ""),
        ("aspart", None, "2016-11-01", None, True, ""),
    ]
    assert rules.periods([]) == []


def test_what_was_stopped_and_begun_again_are_two_periods() -> None:
    uses = [use("2016-11-01", 10), use("2016-12-01", 0), use("2017-01-01", 10)]
    assert told(rules.periods(uses)) == [
        ("glargine", D(10), "2016-11-01", "2016-12-01", False, ""),
        ("glargine", D(10), "2017-01-01", None, True, ""),
    ]


# --- quality of life ---------------------------------------------------------------------------------------


def answers(*given: str | None) -> dict[str, str | None]:
    return dict(zip(("tired", "sleep", "mood", "diabetes_worry", "daily_life"), given, strict=True))


@pytest.mark.parametrize(
    ("given", "score"),
    [
        (("not",) * 5, D(0)),
        (("very_much",) * 5, D(100)),
        (("not", "slightly", "moderately", "much", "very_much"), D(50)),
        (("slightly", "not", "not", "not", "not"), D(5)),
        (("not", "not", "not", "not", None), None),
    ],
)
def test_score_of_trouble(given: Any, score: Decimal | None) -> None:
    found = rules.trouble_score(answers(*given))
    assert isinstance(found, NotDerivable) if score is None else found == score


def test_every_answer_has_its_points() -> None:
    assert list(POINTS) == Troubled.values


@pytest.mark.parametrize(
    ("overall", "score", "asked"),
    [(100, D(0), False), (0, D(100), False), (100, D(59), False), (100, D(60), True), (40, D(0), True),
     (41, D(0), False), (None, D(0), False), (0, None, False)],
)  # fmt: skip
def test_scale_against_score(overall: Any, score: Any, asked: bool) -> None:
    assert bool(codes(checks.scale_against_score({"overall": overall, "trouble_score": score}, {}))) == asked


# --- complications -----------------------------------------------------------------------------------------


def screen(domain: str, result: str = "none", method: str | None = None) -> dict[str, Any]:
    return {"domain": domain, "result": result, "method": method, "absent": {}}


@pytest.mark.parametrize(
    ("result", "asked"),
    [("none", False), ("known", False), ("unclear", False), ("new", True), ("worse", True)],
)
def test_what_is_new_or_worse_is_an_event(result: str, asked: bool) -> None:
    assert bool(codes(checks.new_finding_is_an_event({"screens": [screen("foot", result)]}, {}))) == asked


@pytest.mark.parametrize(
    ("domain", "method", "asked"),
    [
        ("retinopathy", "fundus_photo", False),
        ("retinopathy", "history", True),
        ("retinopathy", "blood", True),
        ("retinopathy", "other", False),
        ("retinopathy", None, False),
        ("coeliac", "blood", False),
    ],
)
def test_a_method_finds_its_domain(domain: str, method: str | None, asked: bool) -> None:
    assert bool(codes(checks.method_finds_domain({"screens": [screen(domain, method=method)]}, {}))) == asked


def test_methods_are_known_for_every_domain() -> None:
    assert set(METHODS) == set(Domain.values)
    assert set().union(*METHODS.values()) <= set(ScreenMethod.values)


def test_lipohypertrophy_is_a_finding_of_the_skin() -> None:
    rows = [screen("skin"), screen("foot")]
    assert codes(checks.skin_against_injection_sites({"lipohypertrophy": True, "screens": rows}, {}))
    assert not codes(checks.skin_against_injection_sites({"lipohypertrophy": False, "screens": rows}, {}))
    assert not codes(checks.skin_against_injection_sites({"lipohypertrophy": True, "screens": None}, {}))


# --- concomitant medication --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["H", "H02", "H02A", "H02AB", "H02AB06", None])
def test_codes_of_every_level(code: str | None) -> None:
    assert not codes(rules.atc_has_its_shape({"atc": code}))


@pytest.mark.parametrize(
    "code", ["", "H0", "h02", "H02AB6", "H02AB066", "02AB06", "H02-AB06", "Aspirin", "H०२"]
)
def test_what_is_no_code(code: str) -> None:
    assert codes(rules.atc_has_its_shape({"atc": code})) == ["atc_shape"]


def test_a_dose_has_its_unit_and_an_end_lies_after_the_beginning() -> None:
    assert codes(rules.dose_has_unit({"dose": D(5), "dose_unit": None})) == ["unit_needed"]
    assert not codes(rules.dose_has_unit({"dose": D(5), "dose_unit": "mg"}))
    assert not codes(rules.dose_has_unit({"dose": None, "dose_unit": None}))
    before = {"started_on": on("2016-11-03"), "stopped_on": on("2016-11-02")}
    assert codes(rules.medicine_stopped_after_started(before)) == ["before_start"]
    same = {"started_on": on("2016-11-03"), "stopped_on": on("2016-11")}
    assert not codes(rules.medicine_stopped_after_started(same))


@pytest.mark.parametrize(
    ("code", "insulin", "endpoints"),
    [
        ("A10AE04", True, False),
        ("A10BA02", False, True),
        ("H02AB06", False, True),
        ("L04AD01", False, True),
        ("H03AA01", False, False),
        (None, False, False),
    ],
)
def test_what_acts_on_the_endpoints(code: str | None, insulin: bool, endpoints: bool) -> None:
    assert bool(codes(checks.insulin_has_its_form({"atc": code}, {}))) == insulin
    assert bool(codes(checks.acts_on_endpoints({"atc": code}, {}))) == endpoints


# --- mixed meal --------------------------------------------------------------------------------------------


def sample(planned: int, at: str | None, sampled: str | None = "true", **tubes: str) -> dict[str, Any]:
    return {"planned": str(planned), "at": at, "sampled": sampled, "absent": {}, **tubes}


@pytest.mark.parametrize(
    ("at", "asked"), [("08:15", False), ("08:20", False), ("08:10", False), ("08:21", True), ("08:09", True)]
)
def test_five_minutes_are_in_time(at: str, asked: bool) -> None:
    values = {"meal_started_at": "08:00", "samples": [sample(15, at)]}
    assert bool(codes(checks.samples_in_time(values, {}))) == asked


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([sample(0, "08:00"), sample(15, "08:15")], []),
        ([sample(0, "08:00"), sample(15, "08:00")], ["not_after_before"]),
        ([sample(15, "08:15"), sample(0, "08:00")], []),
        ([sample(0, "08:00"), sample(15, None, "false"), sample(30, "07:59")], ["not_after_before"]),
        (None, []),
    ],
)
def test_samples_follow_each_other(rows: Any, expected: list[str]) -> None:
    assert codes(rules.sample_times_rise({"samples": rows})) == expected


def test_tubes_and_what_was_not_taken() -> None:
    twice = [sample(0, "08:00", glucose_tube="G1"), sample(15, "08:15", c_peptide_tube="G1")]
    (problem,) = rules.tube_stands_once({"samples": twice})
    assert (problem.field, problem.code) == ("samples.2.c_peptide_tube", "tube_twice")
    not_taken = [sample(0, "08:00", "false", glucose_tube="G1")]
    assert [p.field for p in rules.not_taken_has_no_tube({"samples": not_taken})] == [
        "samples.1.at",
        "samples.1.glucose_tube",
    ]


@pytest.mark.parametrize(("hours", "asked"), [(D("7.9"), True), (D(8), False), (None, False)])
def test_fasting(hours: Any, asked: bool) -> None:
    assert bool(codes(checks.fasted_long_enough({"fasting_hours": hours}, {}))) == asked


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"meal_finished": True, "vomited": False, "meal_minutes": 10}, []),
        ({"meal_finished": True, "vomited": False, "meal_minutes": 11}, ["meal_slow"]),
        ({"meal_finished": False, "vomited": False}, ["meal_not_taken"]),
        ({"meal_finished": True, "vomited": True}, ["meal_not_taken"]),
        ({}, []),
    ],
)
def test_the_meal_was_taken(values: Any, expected: list[str]) -> None:
    assert codes(checks.meal_was_taken(values, {})) == expected


def test_times_of_the_protocol() -> None:
    rows = [sample(0, "08:00"), sample(30, "08:30")]
    assert not codes(checks.times_of_protocol({"samples": rows}, {"planned": (0, 30)}))
    assert codes(checks.times_of_protocol({"samples": rows}, {"planned": (0, 15, 30)})) == [
        "times_not_of_protocol"
    ]
    assert not codes(checks.times_of_protocol({"samples": rows}, {"planned": ()}))
    assert codes(checks.taken_has_time({"samples": [sample(0, None)]}, {})) == ["sample_without_time"]


# --- pregnancy, symptoms, body, way of life ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "expected"),
    [("positive", ["pregnancy_positive"]), ("unclear", ["pregnancy_unclear"]), ("negative", []), (None, [])],
)
def test_what_a_pregnancy_test_asks(result: str | None, expected: list[str]) -> None:
    assert codes(checks.pregnancy_found({"result": result}, {})) == expected


def test_a_positive_test_is_critical() -> None:
    (finding,) = checks.pregnancy_found({"result": "positive"}, {})
    assert finding.severity == "critical"


@pytest.mark.parametrize(
    ("sex", "needed", "because", "asked"),
    [
        ("male", True, None, True),
        ("male", False, "male", False),
        ("female", False, "male", True),
        ("female", False, "before_menarche", False),
        ("female", True, None, False),
        (None, False, "male", False),
    ],
)
def test_the_need_fits_the_sex(sex: Any, needed: Any, because: Any, asked: bool) -> None:
    values = {"needed": needed, "not_needed_because": because}
    assert bool(codes(checks.need_fits_sex(values, {"sex": sex}))) == asked


@pytest.mark.parametrize(("strength", "asked"), [(None, False), (7, False), (8, True), (10, True)])
def test_strong_pain_asks_for_ketones(strength: Any, asked: bool) -> None:
    assert (
        bool(codes(checks.strong_pain_asks_for_ketones({"abdominal_pain_severity": strength}, {}))) == asked
    )


@pytest.mark.parametrize(
    ("nights", "polyuria", "asked"), [(1, False, False), (2, False, True), (2, True, False), (2, None, False)]
)
def test_nocturia_goes_with_polyuria(nights: Any, polyuria: Any, asked: bool) -> None:
    values = {"nocturia_per_night": nights, "polyuria": polyuria}
    assert bool(codes(checks.nocturia_goes_with_polyuria(values, {}))) == asked


@pytest.mark.parametrize(
    ("waist", "height", "asked"),
    [(D(48), D(160), False), (D("47.9"), D(160), True), (D(128), D(160), False), (D("128.1"), D(160), True),
     (None, D(160), False), (D(70), None, False)],
)  # fmt: skip
def test_waist(waist: Any, height: Any, asked: bool) -> None:
    assert bool(codes(checks.waist_unusual({"waist": waist, "height": height}, {}))) == asked


@pytest.mark.parametrize(
    ("name", "value", "asked"),
    [("oxygen_saturation", 92, False), ("oxygen_saturation", 91, True), ("respiration", 8, False),
     ("respiration", 7, True), ("respiration", 30, False), ("respiration", 31, True)],
)  # fmt: skip
def test_breathing(name: str, value: int, asked: bool) -> None:
    assert bool(codes(checks.circulation_unusual({name: value}, {}))) == asked


@pytest.mark.parametrize(
    ("adherence", "days", "asked"),
    [("full", 5, False), ("full", 4, True), ("not", 2, False), ("not", 3, True), ("partly", 0, False),
     ("full", None, False)],
)  # fmt: skip
def test_days_of_diet(adherence: str, days: Any, asked: bool) -> None:
    assert bool(codes(checks.adherence_fits_days({"adherence": adherence, "diet_days": days}, {}))) == asked


def test_no_exercise_has_no_days() -> None:
    values = {"exercise_intensity": "none", "exercise_days": 1, "exercise_minutes_per_week": 0}
    assert codes(rules.no_exercise_has_no_minutes(values)) == ["contradiction"]
