"""Windows, days, labels, doses: as tables."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from apps.visits import checks, rules
from apps.visits.rules import DaySpan
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate

D = Decimal


def on(text: str | None) -> Any:
    return None if text is None else PartialDate.parse(text)


@pytest.mark.parametrize(
    ("day", "state"),
    [(242, "early"), (243, "in_window"), (270, "in_window"), (297, "in_window"), (298, "late")],
)
def test_both_ends_belong_to_the_window(day: int, state: str) -> None:
    assert rules.window_state(270, 27, 27, day) == state


@pytest.mark.parametrize(
    ("target", "before", "after", "day", "state"),
    [
        (-21, 21, 20, -43, "early"),
        (-21, 21, 20, -42, "in_window"),
        (-21, 21, 20, -1, "in_window"),
        (-21, 21, 20, 0, "late"),
        (1, 0, 0, 1, "in_window"),
        (1, 0, 0, 2, "late"),
    ],
)
def test_windows_before_day_0_and_of_one_day(
    target: int, before: int, after: int, day: int, state: str
) -> None:
    assert rules.window_state(target, before, after, day) == state


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (DaySpan(250, 280), "in_window"),
        (DaySpan(200, 242), "early"),
        (DaySpan(298, 320), "late"),
        # The seed: July 2017 against November 2016 spans the lower end.
        (DaySpan(213, 272), "unknown"),
        (NotDerivable("date of the visit missing"), "unknown"),
    ],
)
def test_a_month_is_judged_only_when_every_day_agrees(days: Any, state: str) -> None:
    assert rules.window_state_of_span(270, 27, 27, days) == state


@pytest.mark.parametrize(
    ("anchor", "happened", "expected"),
    [
        ("2016-11-03", "2016-12-03", DaySpan(30, 30)),
        ("2016-11", "2017-07", DaySpan(213, 272)),
        ("2016-11-03", "2016-11-01", DaySpan(-2, -2)),
        ("2016-11-03", "2017", DaySpan(59, 423)),
        (None, "2017", "date of the anchor missing"),
        ("2016", None, "date of the visit missing"),
        ("age:17", "2017", "date of the anchor is an age only"),
        ("2016", "age:18", "date of the visit is an age only"),
    ],
)
def test_days_between(anchor: str | None, happened: str | None, expected: Any) -> None:
    found = rules.days_between(on(anchor), on(happened))
    assert found == (NotDerivable(expected) if isinstance(expected, str) else expected)


def test_due_dates() -> None:
    due = rules.due_dates(dt.date(2024, 1, 31), 30, 5, 5)
    assert (due.earliest, due.target, due.latest) == (
        dt.date(2024, 2, 25),
        dt.date(2024, 3, 1),
        dt.date(2024, 3, 6),
    )


@pytest.mark.parametrize(
    ("label", "days"),
    [
        ("six months", 183),
        ("6 months post stem cell treatment", 183),
        ("Six-month visit", 183),
        ("a month following therapy", 30),
        ("1 year after", 365),
        ("10 days", 10),
        ("2 weeks", 14),
        ("final visit", None),
        ("M6", None),
        ("", None),
    ],
)
def test_what_a_label_names(label: str, days: int | None) -> None:
    found = rules.nominal_days(label)
    assert (None if found is None else round(found[0])) == days


@pytest.mark.parametrize(
    ("label", "days", "disagrees"),
    [
        # The seed: “six months” on July 2017, 7 to 9 months after November 2016; “1 year” on October 2017 fits.
        ("six months", DaySpan(213, 272), True),
        ("1 year", DaySpan(305, 364), False),
        ("six months", DaySpan(183, 183), False),
        ("six months", DaySpan(197, 197), False),
        ("six months", DaySpan(198, 198), True),
        ("six months", DaySpan(168, 168), False),
        ("six months", DaySpan(167, 167), True),
        ("M6", DaySpan(500, 500), False),
        ("six months", NotDerivable("date of the visit missing"), False),
    ],
)
def test_a_label_that_the_calendar_contradicts(label: str, days: Any, disagrees: bool) -> None:
    assert rules.label_disagrees(label, days) is disagrees
    found = list(
        checks.visit_findings(nominal_label=label, days=days, happened_on=on("2017-07"), status="done")
    )
    # A date by month only is asked about in any case.
    assert [f.code for f in found] == ["date_precision", *(["label_disagrees"] if disagrees else [])]


def test_a_visit_without_date_is_asked_about() -> None:
    missing = NotDerivable("date of the visit missing")
    found = checks.visit_findings(nominal_label="", days=missing, happened_on=None, status="done")
    assert [f.code for f in found] == ["visit_undated"]


@pytest.mark.parametrize(
    ("values", "scheduled", "expected"),
    [
        ({"status": "missed"}, True, [("missed_reason", "required")]),
        ({"status": "missed", "missed_reason": " "}, True, [("missed_reason", "required")]),
        ({"status": "missed", "missed_code": "", "missed_reason": ""}, True, [("missed_code", "required")]),
        ({"status": "missed", "missed_code": "other"}, True, [("missed_reason", "required")]),
        ({"status": "missed", "missed_code": "travel"}, True, []),
        ({"status": "missed", "missed_code": "other", "missed_reason": "Flood"}, True, []),
        ({"status": "done", "missed_code": "travel"}, True, [("missed_code", "not_expected")]),
        ({"status": "done", "missed_reason": "ill"}, True, [("missed_reason", "not_expected")]),
        (
            {"status": "missed", "missed_reason": "ill", "happened_on": on("2024")},
            True,
            [("happened_on", "contradiction")],
        ),
        ({"status": "planned", "happened_on": on("2024")}, True, [("happened_on", "contradiction")]),
        ({"status": "done", "number": 2}, True, [("number", "not_repeated")]),
        ({"status": "done", "number": 2}, False, []),
        ({"status": "done", "number": 1, "happened_on": on("2024")}, True, []),
    ],
)
def test_hard_rules_of_a_visit(values: dict[str, Any], scheduled: bool, expected: list) -> None:
    assert [(p.field, p.code) for p in rules.visit_problems(values, scheduled=scheduled)] == expected


@pytest.mark.parametrize(
    ("weight", "height", "expected"),
    [
        (D(50), D(160), D("19.53125")),
        (None, D(160), "weight missing"),
        (D(50), None, "height missing"),
        (None, None, "weight and height missing"),
    ],
)
def test_body_mass_index(weight: Any, height: Any, expected: Any) -> None:
    found = rules.body_mass_index(weight, height)
    assert found == (NotDerivable(expected) if isinstance(expected, str) else expected)


@pytest.mark.parametrize(
    ("systolic", "diastolic", "refused"),
    [(120, 80, False), (80, 80, True), (80, 120, True), (None, 80, False), (120, None, False)],
)
def test_diastolic_below_systolic(systolic: Any, diastolic: Any, refused: bool) -> None:
    assert (
        bool(list(rules.diastolic_below_systolic({"systolic": systolic, "diastolic": diastolic}))) is refused
    )


@pytest.mark.parametrize(
    ("weight", "previous", "asked"),
    [
        (D(50), None, False),
        (None, D(50), False),
        (D("57.5"), D(50), False),
        (D("57.6"), D(50), True),
        (D("42.4"), D(50), True),
    ],
)
def test_weight_jump(weight: Any, previous: Any, asked: bool) -> None:
    assert bool(list(checks.weight_jump({"weight": weight}, {"previous_weight": previous}))) is asked


@pytest.mark.parametrize(
    ("taken", "dose", "frequency", "weight", "daily", "per_kg"),
    [
        (True, D(10), 1, D(50), D(10), D("0.2")),
        (True, D(6), 3, D(60), D(18), D("0.3")),
        (True, D(10), None, D(50), "frequency missing", "frequency missing"),
        (True, None, None, D(50), "dose and frequency missing", "dose and frequency missing"),
        (True, D(10), 1, None, D(10), "weight missing"),
        (None, D(10), 2, D(50), D(20), D("0.4")),
        # Stopped: a documented 0 needs neither dose nor frequency nor weight.
        (False, None, None, None, D(0), D(0)),
    ],
)
def test_insulin_doses(taken: Any, dose: Any, frequency: Any, weight: Any, daily: Any, per_kg: Any) -> None:
    values = {"taken": taken, "dose": dose, "frequency_per_day": frequency, "product": "glargine"}
    found = rules.derive_insulin(values, {"weight": weight})
    assert found["daily_dose"] == (NotDerivable(daily) if isinstance(daily, str) else daily)
    assert found["units_per_kg"] == (NotDerivable(per_kg) if isinstance(per_kg, str) else per_kg)
    assert found["atc"] == "A10AE04"


@pytest.mark.parametrize(
    ("doses", "expected"),
    [
        ([], "insulin dose missing"),
        ([D(10), None], "insulin dose of a product missing"),
        ([D(10), D("4.5")], D("14.5")),
        ([D(0)], D(0)),
    ],
)
def test_total_daily_insulin(doses: list, expected: Any) -> None:
    found = rules.total_daily_insulin(doses)
    assert found == (NotDerivable(expected) if isinstance(expected, str) else expected)


@pytest.mark.parametrize(
    ("taken", "dose", "refused"),
    [(False, D(4), True), (False, D(0), False), (True, D(0), True), (True, D(4), False), (None, D(4), False)],
)
def test_taken_and_dose_agree(taken: Any, dose: Any, refused: bool) -> None:
    values = {"taken": taken, "dose": dose}
    problems = [*rules.not_taken_has_no_dose(values), *rules.taken_has_dose_above_zero(values)]
    assert bool(problems) is refused


@pytest.mark.parametrize(
    ("brand", "product", "code"),
    [
        ("Lantus", "glargine", None),
        ("NovaRapid", "aspart", None),
        ("Novo Rapid FlexPen", "aspart", None),
        ("Lantus", "aspart", "brand_of_other_product"),
        ("Wonderlin", "aspart", "brand_unknown"),
        (None, "aspart", None),
    ],
)
def test_brand_of_product(brand: str | None, product: str, code: str | None) -> None:
    found = list(checks.brand_is_of_product({"brand_as_written": brand, "product": product}, {}))
    assert [f.code for f in found] == ([code] if code else [])


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        ({"taken": True, "frequency_per_day": None}, True),
        ({"taken": None, "frequency_per_day": None}, True),
        ({"taken": False, "frequency_per_day": None}, False),
        ({"taken": True, "frequency_per_day": 1}, False),
    ],
)
def test_frequency_absent(values: dict[str, Any], asked: bool) -> None:
    assert bool(list(checks.frequency_absent(values, {}))) is asked


@pytest.mark.parametrize(
    ("started", "stopped", "refused"),
    [
        ("2016-11", "2016-11", False),
        ("2016-11", "2016-10", True),
        (None, "2016", False),
        ("2016", None, False),
    ],
)
def test_stopped_after_started(started: str | None, stopped: str | None, refused: bool) -> None:
    assert (
        bool(list(rules.stopped_after_started({"started_on": on(started), "stopped_on": on(stopped)})))
        is refused
    )
