"""The flow: every number adds up, and each rule by one person."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.outcomes.statistics import flow
from apps.outcomes.statistics.flow import Ending, FlowPlan, InGroup, Person, count, differences
from apps.outcomes.statistics.plan import VisitPlan

BOTH = ("case", "control")
VISITS = (
    VisitPlan("M1", "Month 1", 30, 35, BOTH),
    VisitPlan("S2", "Session 2", 45, 52, BOTH),
    VisitPlan("M3", "Month 3", 90, 104, BOTH),
    VisitPlan("M12", "Month 12", 365, 395, BOTH),
    VisitPlan("M18", "Month 18", 545, 575, BOTH),
)
PLAN = FlowPlan({"case": True, "control": False}, VISITS, "M12", {"S2": 2})
DAY0, AS_OF = date(2024, 1, 1), date(2026, 1, 1)


def enrolled(*groups: InGroup, **values: object) -> Person:
    facts: dict[str, object] = {"eligible": True, "consented": True, "enrolled": True}
    return Person("MUM-S0001", "MUM", groups=groups, **(facts | values))  # type: ignore[arg-type]


def case(**values: object) -> InGroup:
    return InGroup("case", **({"placed": True, "day0": DAY0} | values))  # type: ignore[arg-type]


def said_of(person: Person, as_of: date = AS_OF) -> dict[str, tuple[str, str]]:
    return {step: (what, why) for step, what, why in flow.words_of(person, PLAN, as_of)}


# bad input
def test_a_group_that_the_plan_does_not_have_is_refused():
    with pytest.raises(ValueError, match="MUM-S0001 is in a group that the plan does not have: placebo"):
        count([enrolled(InGroup("placebo"))], PLAN, as_of=AS_OF)


def test_nobody_gives_zero_everywhere():
    none = count([], PLAN, as_of=AS_OF, sites=("MUM", "PUN"))
    assert none.sites == ("MUM", "PUN")
    assert {step.counts.n for step in none.steps} == {0}
    assert differences(none) == []


# the rules, one person each: the last word that is said
@pytest.mark.parametrize(
    ("person", "last"),
    [
        (Person("1", "MUM"), ("eligible", "pending", "undecided")),
        (Person("1", "MUM", eligible=False), ("eligible", "lost", "not_eligible")),
        (Person("1", "MUM", eligible=False, failing=("age",)), ("eligible", "lost", "not_eligible:age")),
        (
            Person("1", "MUM", eligible=False, failing=("age", "hba1c")),
            ("eligible", "lost", "not_eligible:several"),
        ),
        (Person("1", "MUM", ended=Ending("declined:travel")), ("eligible", "lost", "declined:travel")),
        # Consent comes before the tests of eligibility: who consents and is not eligible is lost there.
        (
            Person("1", "MUM", eligible=False, consented=True, failing=("age",)),
            ("eligible", "lost", "not_eligible:age"),
        ),
        (Person("1", "MUM", eligible=True), ("consented", "pending", "not_consented")),
        (
            Person("1", "MUM", eligible=True, ended=Ending("declined:travel")),
            ("consented", "lost", "declined:travel"),
        ),
        (Person("1", "MUM", eligible=True, consented=True), ("enrolled", "pending", "not_enrolled")),
        (
            Person("1", "MUM", eligible=True, consented=True, ended=Ending("withdrawn")),
            ("enrolled", "lost", "withdrawn"),
        ),
        (enrolled(), ("assigned", "pending", "no_group")),
        (enrolled(ended=Ending("died")), ("assigned", "lost", "died")),
        (enrolled(InGroup("case")), ("case.session", "pending", "not_treated")),
        (enrolled(InGroup("case", untreated=Ending("withdrawn"))), ("case.session", "lost", "withdrawn")),
        (enrolled(InGroup("control")), ("control.matched", "pending", "not_matched")),
        (enrolled(InGroup("control", untreated=Ending("x"))), ("control.matched", "pending", "not_matched")),
        (enrolled(InGroup("control", ended=Ending("lost"))), ("control.matched", "lost", "lost")),
        (enrolled(InGroup("case", placed=True)), ("case.M1", "pending", "day0_unknown")),
        (enrolled(case(ended=Ending("died"))), ("case.M1", "lost", "died")),
    ],
)
def test_where_a_person_stops(person, last):
    assert list(flow.words_of(person, PLAN, AS_OF))[-1] == last


def test_who_is_enrolled_has_passed_every_step_and_what_has_no_record_is_told():
    said = said_of(enrolled(case(), eligible=None, consented=False))
    assert said["eligible"] == said["consented"] == ("here", "unrecorded")
    assert said["enrolled"] == ("here", "recorded")


def test_a_missed_visit_ends_nobody():
    said = said_of(enrolled(case(visits={"M1": "missed", "M3": "done"})), as_of=DAY0 + timedelta(days=200))
    assert said["case.M1"] == ("here", "missed")
    assert said["case.S2"] == ("here", "no_record")
    assert said["case.M3"] == ("here", "done")
    assert said["case.M12"] == ("pending", "not_due")
    assert "case.M18" not in said


@pytest.mark.parametrize(
    ("ended", "m3"),
    [
        (DAY0 + timedelta(days=104), ("lost", "withdrawn")),  # before its window closed
        (DAY0 + timedelta(days=105), ("here", "no_record")),  # after
        (None, ("lost", "withdrawn")),
    ],
)
def test_gone_is_who_left_before_the_window_closed(ended, m3):
    said = said_of(
        enrolled(case(visits={"M1": "done", "S2": "done"}, ended=Ending("withdrawn", ended))),
        as_of=DAY0 + timedelta(days=300),
    )
    assert said["case.M3"] == m3


def test_the_boundary_of_a_window():
    closes = DAY0 + timedelta(days=35)
    assert said_of(enrolled(case()), as_of=closes)["case.M1"] == ("pending", "not_due")
    assert said_of(enrolled(case()), as_of=closes + timedelta(days=1))["case.M1"] == ("here", "no_record")


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"baseline": True, "value": True}, ("here", "")),
        ({"baseline": False, "value": True}, ("lost", "no_baseline")),
        ({"baseline": True, "reason": "not_done"}, ("lost", "no_value:not_done")),
        ({"baseline": True}, ("lost", "no_value:no record")),
        ({"baseline": True, "reason": "pending"}, ("pending", "no_result_yet")),
        ({"baseline": False}, ("lost", "no_baseline")),
    ],
)
def test_analysed_has_a_value_at_baseline_and_at_the_primary_visit(values, word):
    assert said_of(enrolled(case(visits={"M12": "done"}, **values)))["case.analysed"] == word


def test_a_result_is_awaited_while_the_window_is_open():
    person = enrolled(case(visits={"M12": "done"}, baseline=True))
    assert said_of(person, DAY0 + timedelta(days=395))["case.analysed"] == ("pending", "no_result_yet")
    assert said_of(person, DAY0 + timedelta(days=396))["case.analysed"] == ("lost", "no_value:no record")


def test_a_control_who_is_treated_later_is_censored_there_and_comes_to_the_cases():
    treated = DAY0 + timedelta(days=60)
    counted = count(
        [
            enrolled(
                InGroup(
                    "control",
                    placed=True,
                    day0=DAY0,
                    visits={"M1": "done", "S2": "done"},
                    ended=Ending(flow.TREATED_LATER, treated),
                ),
                InGroup("case", placed=True, day0=treated, visits={"M1": "done"}, came_from="control"),
            ),
            enrolled(case(visits={"M1": "done"})),
        ],
        PLAN,
        as_of=AS_OF,
    )
    assert differences(counted) == []
    assert counted.step("assigned").counts.n == 2
    cases, controls = counted.step("case").counts, counted.step("control").counts
    assert (cases.n, cases.joined, controls.n) == (2, 1, 1)
    assert controls.crossed == {"censored": 1}
    assert counted.step("control.M3").counts.lost == {flow.TREATED_LATER: 1}
    assert counted.step("control.M18").counts.gone == {flow.TREATED_LATER: 1}


def test_a_control_treated_after_the_last_visit_is_told_apart():
    everything = dict.fromkeys(("M1", "S2", "M3", "M12", "M18"), "done")
    last = DAY0 + timedelta(days=800)
    counted = count(
        [
            enrolled(
                InGroup(
                    "control",
                    placed=True,
                    day0=DAY0,
                    visits=everything,
                    ended=Ending(flow.TREATED_LATER, last),
                    baseline=True,
                    value=True,
                ),
                InGroup("case", placed=True, day0=last, came_from="control"),
            )
        ],
        PLAN,
        as_of=last,
    )
    assert counted.step("control.analysed").counts.n == 1
    assert counted.step("control").counts.crossed == {"after": 1}
    assert differences(counted) == []


# any persons
days = st.integers(-30, 900).map(lambda n: DAY0 + timedelta(days=n))
endings = st.none() | st.builds(
    Ending, st.sampled_from(["withdrawn", "lost", "died", "completed"]), st.none() | days
)
visits = st.dictionaries(
    st.sampled_from([visit.key for visit in VISITS]), st.sampled_from(["done", "missed"])
)


def groups_of(name: str, ended: st.SearchStrategy, came_from: str = "") -> st.SearchStrategy:
    return st.builds(
        InGroup,
        group=st.just(name),
        placed=st.booleans(),
        day0=st.none() | days,
        visits=visits,
        ended=ended,
        untreated=endings,
        baseline=st.booleans(),
        value=st.booleans(),
        reason=st.sampled_from(["", "pending", "not_done", "visit missed"]),
        came_from=st.just(came_from),
    )


treated_later = st.builds(Ending, st.just(flow.TREATED_LATER), st.none() | days)
memberships = st.one_of(
    st.just(()),
    groups_of("case", endings).map(lambda one: (one,)),
    groups_of("control", endings).map(lambda one: (one,)),
    st.tuples(groups_of("control", treated_later), groups_of("case", endings, "control")),
)
persons = st.lists(
    st.builds(
        Person,
        entry=st.just("X"),
        site=st.sampled_from(["MUM", "PUN", "DEL"]),
        eligible=st.sampled_from([True, False, None]),
        consented=st.booleans(),
        enrolled=st.booleans(),
        failing=st.lists(st.sampled_from(["age", "hba1c", "renal"]), unique=True).map(tuple),
        ended=endings,
        groups=memberships,
    ),
    max_size=40,
)


@given(persons, days)
def test_the_numbers_reconcile_for_any_persons(people, as_of):
    counted = count(people, PLAN, as_of=as_of)
    assert differences(counted) == []
    by_key = {step.key: step for step in counted.steps}
    for step in counted.steps:
        if step.plan.parent and step.plan.kind != "group":
            assert step.counts.n <= by_key[step.plan.parent].counts.n  # monotone
    assert by_key["screened"].counts.n == len(people)
    ever = sum(1 for one in people if one.enrolled)
    head = by_key["assigned"].counts
    assert ever == by_key["enrolled"].counts.n
    assert ever == head.n + sum(head.lost.values()) + sum(head.pending.values())


@given(persons, days)
def test_no_step_hears_two_words_of_one_person(people, as_of):
    for person in people:
        heard = Counter(
            step for step, what, _why in flow.words_of(person, PLAN, as_of) if what != flow.CROSSED
        )
        assert not heard or max(heard.values()) == 1


@given(persons, days, st.randoms())
def test_the_order_of_the_persons_changes_nothing(people, as_of, random):
    shuffled = list(people)
    random.shuffle(shuffled)
    assert count(people, PLAN, as_of=as_of) == count(shuffled, PLAN, as_of=as_of)


@given(persons, days)
def test_differences_finds_a_number_that_was_changed(people, as_of):
    counted = count([*people, enrolled(case())], PLAN, as_of=as_of)
    first = counted.steps[1]
    lost = dict(first.counts.lost) | {"declined:travel": 7}
    wrong = flow.Step(
        first.plan,
        flow.Counts(n=first.counts.n, lost=lost, pending=first.counts.pending, manner=first.counts.manner),
        first.sites,
    )
    tampered = flow.Flow(
        counted.as_of, counted.primary, counted.sites, (counted.steps[0], wrong, *counted.steps[2:])
    )
    assert any("screened → eligible" in said for said in differences(tampered))
