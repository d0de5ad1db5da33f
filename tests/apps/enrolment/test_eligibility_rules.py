"""The verdict as a table: what fires, what does not, the boundary, the missing value."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from apps.enrolment.rules.eligibility import (
    CONSENT,
    NO,
    NOT_KNOWN,
    YES,
    Known,
    State,
    age_known,
    closest,
    contradicts,
    expected,
    fulfilled,
    gate_problems,
    verdict,
    verdicts,
)


@dataclass(frozen=True)
class Asked:
    key: str
    kind: str = "inclusion"
    groups: tuple[str, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    text: str = "asked"


T1DM = Asked("t1dm")
MALIGNANCY = Asked("malignancy", "exclusion")
ANAEMIA = Asked("anaemia", "exclusion", groups=("case",), minimum=Decimal(10))
SIGNED = Asked(CONSENT)
ALL = (T1DM, MALIGNANCY, ANAEMIA, SIGNED)
MET = {"t1dm": YES, "malignancy": NO, "anaemia": NO, CONSENT: YES}


@pytest.mark.parametrize(
    ("criterion", "answer", "met"),
    [
        (T1DM, YES, True),
        (T1DM, NO, False),
        (T1DM, NOT_KNOWN, None),
        (T1DM, None, None),
        (T1DM, "maybe", None),
        (MALIGNANCY, NO, True),
        (MALIGNANCY, YES, False),
        (MALIGNANCY, NOT_KNOWN, None),
        (MALIGNANCY, None, None),
    ],
)
def test_one_criterion(criterion: Asked, answer: str | None, met: bool | None) -> None:
    assert fulfilled(criterion, answer) is met


@pytest.mark.parametrize(
    ("answers", "overrides", "group", "state", "failing", "unknown", "overridden"),
    [
        ({}, (), "case", State.UNDETERMINED, (), ("t1dm", "malignancy", "anaemia", CONSENT), ()),
        (MET, (), "case", State.ELIGIBLE, (), (), ()),
        (MET | {"t1dm": NO}, (), "case", State.NOT_ELIGIBLE, ("t1dm",), (), ()),
        (MET | {"malignancy": YES}, (), "case", State.NOT_ELIGIBLE, ("malignancy",), (), ()),
        (MET | {"t1dm": NOT_KNOWN}, (), "case", State.UNDETERMINED, (), ("t1dm",), ()),
        # What fails decides, whatever else is still open.
        ({"t1dm": NO}, (), "control", State.NOT_ELIGIBLE, ("t1dm",), ("malignancy", CONSENT), ()),
        # A criterion of the cases counts for no control.
        (MET | {"anaemia": YES}, (), "case", State.NOT_ELIGIBLE, ("anaemia",), (), ()),
        (MET | {"anaemia": YES}, (), "control", State.ELIGIBLE, (), (), ()),
        # Set aside: what fails, and what is not known.
        (MET | {"t1dm": NO}, ("t1dm",), "case", State.ELIGIBLE, (), (), ("t1dm",)),
        (MET | {"t1dm": NOT_KNOWN}, ("t1dm",), "case", State.ELIGIBLE, (), (), ("t1dm",)),
        # What is met needs no override, and is not counted as overridden.
        (MET, ("t1dm",), "case", State.ELIGIBLE, (), (), ()),
        # Consent cannot be set aside.
        (MET | {CONSENT: NO}, (CONSENT,), "case", State.NOT_ELIGIBLE, (CONSENT,), (), ()),
        # An answer to a criterion that the protocol has no longer says nothing.
        (MET | {"gone": NO}, (), "case", State.ELIGIBLE, (), (), ()),
    ],
)
def test_verdict(
    answers: dict[str, str],
    overrides: tuple[str, ...],
    group: str,
    state: State,
    failing: tuple[str, ...],
    unknown: tuple[str, ...],
    overridden: tuple[str, ...],
) -> None:
    found = verdict(ALL, answers, overrides, group)
    assert (found.state, found.failing, found.unknown, found.overridden) == (
        state,
        failing,
        unknown,
        overridden,
    )


def test_without_a_group_each_is_judged_and_one_is_enough() -> None:
    found = verdicts(ALL, MET | {"anaemia": YES}, (), ("case", "control"))
    assert {group: one.state for group, one in found.items()} == {
        "case": State.NOT_ELIGIBLE,
        "control": State.ELIGIBLE,
    }
    assert closest(found)[0] == "control"
    assert list(gate_problems(found, {one.key: one for one in ALL}, {})) == []


def test_the_gate_names_each_criterion_and_its_remedy() -> None:
    by_key = {one.key: one for one in ALL}
    found = verdicts(ALL, MET | {"malignancy": YES, CONSENT: NO, "t1dm": NOT_KNOWN}, (), ("case",))
    problems = {problem.code: problem.message for problem in gate_problems(found, by_key, {"case": "Case"})}
    assert set(problems) == {"criterion_malignancy", "criterion_consent", "criterion_t1dm"}
    assert "Exclusion criterion “asked” is answered yes." in problems["criterion_malignancy"]
    assert "investigator" in problems["criterion_malignancy"]
    assert "cannot be overridden" in problems["criterion_consent"]
    assert "not answered" in problems["criterion_t1dm"]


HBA1C = Asked("hba1c", minimum=Decimal("7.5"))
INR = Asked("inr", "exclusion", maximum=Decimal("1.5"))
AGE = Asked("age", minimum=Decimal(8), maximum=Decimal(40))


@pytest.mark.parametrize(
    ("criterion", "number", "says"),
    [
        (HBA1C, "6.9", NO),
        (HBA1C, "7.5", ""),  # the limit is included; a value within it decides nothing
        (HBA1C, "9", ""),
        (INR, "1.6", YES),
        (INR, "1.5", ""),
        (ANAEMIA, "9.9", YES),
        (ANAEMIA, "10", ""),
        (T1DM, "1", ""),  # no limit
        (HBA1C, None, ""),
    ],
)
def test_what_a_known_value_decides(criterion: Asked, number: str | None, says: str) -> None:
    known = Known("text", "source", None if number is None else Decimal(number))
    assert expected(criterion, known) == says
    assert expected(criterion, None) == ""


@pytest.mark.parametrize(("answer", "fires"), [(YES, True), (NO, False), (NOT_KNOWN, False), (None, False)])
def test_an_answer_against_the_value(answer: str | None, fires: bool) -> None:
    assert contradicts(HBA1C, answer, Known("6.9 %", "laboratory results", Decimal("6.9"))) is fires


@pytest.mark.parametrize(("age", "says"), [(7, NO), (8, YES), (40, YES), (41, NO), (None, None)])
def test_the_age_is_the_whole_of_its_criterion(age: int | None, says: str | None) -> None:
    known = age_known(AGE, age, "Screening log")
    assert (known.says if known else None) == says
    if known is not None:
        assert contradicts(AGE, YES if says == NO else NO, known)
