"""Reporting and settling: what is refused, then what is written, with its history."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from studyportal.access.clock import today_at
from studyportal.audit.selectors import history_of
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.deviations import actions, rules, selectors
from studyportal.deviations.models import Deviation
from tests.cast import Cast
from tests.studyportal.deviations.conftest import settled

pytestmark = pytest.mark.django_db
GOOD: dict[str, Any] = {
    "description": "The bag stood at the window for two hours.",
    "classification": "major",
    "kind": "product",
    "occurred_on": "2026-11-02",
}


def codes(error: Any) -> set[tuple[str | None, str]]:
    return {(p.field, p.code) for p in error.value.problems}


def tomorrow(participant: Any) -> str:
    return (today_at(participant.site) + dt.timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"description": ""}, "description", "required"),
        ({"description": "  "}, "description", "required"),
        ({"description": "late"}, "description", "too_short"),
        ({"description": None}, "description", "required"),
        ({"description": 5}, "description", "type"),
        ({"description": "x" * 4001}, "description", "max_length"),
        ({"description": "a bag \x00 fell"}, "description", "nul_character"),
        ({"description": "a bag \ud800 fell"}, "description", "nul_character"),
        ({"classification": ""}, "classification", "choice"),
        ({"classification": "grave"}, "classification", "choice"),
        ({"classification": ["major"]}, "classification", "choice"),
        ({"kind": "weather"}, "kind", "choice"),
        ({"occurred_on": "02/11/2026"}, "occurred_on", "date"),
        ({"occurred_on": "2026-02-30"}, "occurred_on", "date"),
        ({"occurred_on": "2026-11"}, "occurred_on", "date"),
        ({"occurred_on": 20261102}, "occurred_on", "date"),
        ({"occurred_on": "0026-11-02"}, "occurred_on", "implausible"),
        ({"occurred_on": "9999-11-02"}, "occurred_on", "in_future"),
    ],
)
def test_what_cannot_be_reported(
    wrong: dict[str, Any], field: str, code: str, participant: Any, cast: Cast
) -> None:
    with pytest.raises(CrfInvalid) as error:
        actions.raise_by_hand(participant=participant, by=cast.rao, **GOOD | wrong)
    assert (field, code) in codes(error)
    assert not Deviation.objects.exists()


def test_every_problem_is_said_at_once(participant: Any, cast: Cast) -> None:
    with pytest.raises(CrfInvalid) as error:
        actions.raise_by_hand(
            participant=participant,
            by=cast.rao,
            description="",
            classification="",
            occurred_on=tomorrow(participant),
        )
    assert codes(error) == {
        ("description", "required"),
        ("classification", "choice"),
        ("occurred_on", "in_future"),
    }


def test_the_same_is_not_reported_twice(participant: Any, cast: Cast) -> None:
    first = actions.raise_by_hand(participant=participant, by=cast.rao, **GOOD)
    with pytest.raises(Refused) as error:
        actions.raise_by_hand(participant=participant, by=cast.asha, **GOOD)
    assert codes(error) == {("description", "reported_already")}
    assert str(first.pk) in error.value.problems[0].message
    # On another day, or when the first is settled, it is another one.
    actions.raise_by_hand(participant=participant, by=cast.asha, **GOOD | {"occurred_on": "2026-11-03"})
    actions.withdraw(deviation=first, by=cast.rao, reason="It was another bag.")
    actions.raise_by_hand(participant=participant, by=cast.asha, **GOOD)


def test_a_text_that_names_the_person_is_refused(participant: Any, cast: Cast, reported: Any) -> None:
    from studyportal.identity import actions as identity

    identity.record(
        participant=participant,
        raw={"full_name": "Lakshmi Deshpande", "birth_date": "1999-04-01"},
        by=cast.asha,
    )
    with pytest.raises(CrfInvalid) as error:
        actions.raise_by_hand(
            participant=participant, by=cast.rao, **GOOD | {"description": "Lakshmi Deshpande came late."}
        )
    assert codes(error) == {("description", "names_person")}
    with pytest.raises(CrfInvalid) as error:
        actions.assess(deviation=reported, by=cast.rao, root_cause="Mrs Deshpande was not told.")
    assert codes(error) == {("root_cause", "names_person")}


def test_a_deviation_is_reported_with_its_day_kind_and_person(reported: Any, cast: Cast) -> None:
    assert (reported.code, reported.kind, reported.classification) == ("reported", "procedure", "major")
    assert (reported.occurred_on, reported.raised_by, reported.state) == (
        dt.date(2026, 11, 2),
        cast.rao,
        "open",
    )
    [entered] = history_of(reported)
    assert (entered.by, entered.reason) == ("rao", "Deviation reported")


# --- Settling --------------------------------------------------------------------------------------------

STEPS: dict[str, Any] = {
    "assess": lambda d, by, **k: actions.assess(deviation=d, by=by, root_cause="No alarm is set.", **k),
    "plan": lambda d, by, **k: actions.plan_action(
        deviation=d, by=by, corrective_action="Examined again.", **k
    ),
    "committee": lambda d, by, **k: actions.report_to_committee(
        deviation=d, by=by, reported_on="2026-11-05", **k
    ),
    "close": lambda d, by, **k: actions.close(deviation=d, by=by, closing_note="Done.", **k),
    "reopen": lambda d, by, **k: actions.reopen(deviation=d, by=by, reason="Too early.", **k),
    "withdraw": lambda d, by, **k: actions.withdraw(deviation=d, by=by, reason="It was none.", **k),
}
# step → the states of a reported deviation in which it is refused
BARRED = {
    **dict.fromkeys(("assess", "plan", "committee", "close", "withdraw"), ("closed", "withdrawn")),
    "reopen": ("open",),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", ["open", "closed", "withdrawn"])
def test_each_step_in_each_state(step: str, state: str, reported: Any, cast: Cast) -> None:
    settled(reported, cast.rao)
    if state == "closed":
        actions.close(deviation=reported, by=cast.rao)
    elif state == "withdrawn":
        actions.withdraw(deviation=reported, by=cast.rao, reason="It was none.")
    if state not in BARRED[step]:
        STEPS[step](reported, cast.rao)
        return
    before = Deviation.objects.get().version
    with pytest.raises(Refused) as error:
        STEPS[step](reported, cast.rao)
    assert codes(error) == {(None, state)}
    assert Deviation.objects.get().version == before


@pytest.mark.parametrize("step", ["assess", "plan", "committee", "withdraw"])
def test_a_step_on_a_version_that_is_no_longer_the_newest_is_refused(
    step: str, reported: Any, cast: Cast
) -> None:
    actions.assess(deviation=reported, by=cast.meera, root_cause="The alarm is broken.")
    with pytest.raises(StaleVersion) as error:
        STEPS[step](reported, cast.rao, expected_version=1)
    assert error.value.current.version == 2


def test_another_class_needs_a_reason(reported: Any, cast: Cast) -> None:
    with pytest.raises(CrfInvalid) as error:
        actions.assess(
            deviation=reported, by=cast.rao, root_cause="No alarm is set.", classification="critical"
        )
    assert codes(error) == {("reason", "reason_required")}
    one = actions.assess(
        deviation=reported,
        by=cast.rao,
        root_cause="No alarm is set.",
        classification="critical",
        reason="The cells had died.",
    )
    assert one.classification == "critical"
    assert history_of(one)[0].reason == "The cells had died."


def test_kind_and_day_of_what_a_rule_found_follow_from_the_record(found: Any, cast: Cast) -> None:
    with pytest.raises(CrfInvalid) as error:
        actions.assess(
            deviation=found, by=cast.rao, root_cause="A journey.", kind="dose", occurred_on="2026-03-02"
        )
    assert codes(error) == {("kind", "follows_from_record"), ("occurred_on", "follows_from_record")}


def test_actions_need_words_and_a_person_by_when(reported: Any, cast: Cast) -> None:
    with pytest.raises(CrfInvalid) as error:
        actions.plan_action(deviation=reported, by=cast.rao)
    assert codes(error) == {("corrective_action", "required")}
    with pytest.raises(CrfInvalid) as error:
        actions.plan_action(
            deviation=reported,
            by=cast.rao,
            corrective_action="Examined again.",
            action_due_on="2026-11-01",
        )
    assert codes(error) == {("action_due_on", "order"), ("responsible", "required")}


def test_the_committee_was_told_or_it_is_said_why_not(reported: Any, cast: Cast) -> None:
    tell = actions.report_to_committee
    for given, problem in (
        ({}, ("reported_to_committee_on", "required")),
        ({"reported_on": "2026-11-05", "not_reported_because": "minor"}, ("not_reported_because", "contradiction")),
        ({"not_reported_because": "Only critical ones.", "reference": "EC/1"}, ("committee_reference", "contradiction")),
        ({"reported_on": "2026-11-01"}, ("reported_to_committee_on", "order")),
        ({"reported_on": tomorrow(reported.participant)}, ("reported_to_committee_on", "in_future")),
    ):  # fmt: skip
        with pytest.raises(CrfInvalid) as error:
            tell(deviation=reported, by=cast.rao, **given)
        assert problem in codes(error), given
    one = tell(deviation=reported, by=cast.rao, not_reported_because="The committee asks for critical ones.")
    assert (one.reported_to_committee_on, one.not_reported_because) == (
        None,
        "The committee asks for critical ones.",
    )
    one = tell(deviation=reported, by=cast.rao, reported_on="2026-11-05")
    assert (one.reported_to_committee_on, one.not_reported_because) == (dt.date(2026, 11, 5), "")


@pytest.mark.parametrize("classification", ["major", "critical"])
def test_a_grave_one_is_not_closed_before_it_is_settled(
    classification: str, participant: Any, cast: Cast
) -> None:
    one = actions.raise_by_hand(
        participant=participant, by=cast.rao, **GOOD | {"classification": classification}
    )
    with pytest.raises(Refused) as error:
        actions.close(deviation=one, by=cast.rao, closing_note="Done.")
    assert [p.field for p in error.value.problems] == [
        "root_cause",
        "corrective_action",
        "preventive_action",
        "reported_to_committee_on",
    ]
    settled(one, cast.rao)
    before = timezone.now()
    closed = actions.close(deviation=one, by=cast.meera, closing_note="The alarm rings.")
    assert (closed.state, closed.closed_by) == ("closed", cast.meera)
    assert closed.closed_at is not None
    assert before <= closed.closed_at <= timezone.now()
    assert rules.next_step(closed.facts) == "closed"


def test_a_minor_one_is_closed_with_a_word(found: Any, cast: Cast) -> None:
    with pytest.raises(Refused) as error:
        actions.close(deviation=found, by=cast.rao)
    assert codes(error) == {("closing_note", "lacking")}
    assert (
        actions.close(deviation=found, by=cast.rao, closing_note="The family was on a journey.").state
        == "closed"
    )


def test_a_closed_one_is_reopened_with_everything_that_was_recorded(reported: Any, cast: Cast) -> None:
    actions.close(deviation=settled(reported, cast.rao), by=cast.rao)
    with pytest.raises(CrfInvalid) as error:
        actions.reopen(deviation=reported, by=cast.rao, reason=" ")
    assert codes(error) == {("reason", "required")}
    one = actions.reopen(deviation=reported, by=cast.rao, reason="It happened again.")
    assert (one.state, one.closed_at, one.closed_by) == ("open", None, None)
    assert one.root_cause
    assert history_of(one)[0].reason == "It happened again."


def test_what_its_rule_no_longer_finds_comes_back_only_with_its_rule(
    found: Any, record: Any, cast: Cast
) -> None:
    actions.reconcile(record=record, form="visit", found=[], by=None)
    with pytest.raises(Refused) as error:
        actions.reopen(deviation=found, by=cast.rao, reason="It is there.")
    assert codes(error) == {(None, "no_longer_present")}


def test_only_what_a_person_reported_is_withdrawn(found: Any, participant: Any, cast: Cast) -> None:
    with pytest.raises(Refused) as error:
        actions.withdraw(deviation=found, by=cast.rao, reason="It was none.")
    assert codes(error) == {(None, "follows_from_record")}
    followed = actions.raise_by_hand(
        participant=participant, by=cast.rao, **GOOD | {"code": "eligibility_override"}
    )
    with pytest.raises(Refused):
        actions.withdraw(deviation=followed, by=cast.rao, reason="It was none.")


def test_saying_the_same_again_writes_nothing(reported: Any, cast: Cast) -> None:
    one = actions.assess(deviation=reported, by=cast.rao, root_cause="No alarm is set.")
    again = actions.assess(deviation=one, by=cast.rao, root_cause="No alarm is set.")
    assert again.version == one.version == 2
    assert len(history_of(again)) == 2


# --- Reading ---------------------------------------------------------------------------------------------


def test_those_of_records_come_without_what_is_no_longer_present(found: Any, record: Any) -> None:
    assert selectors.of_records({}) == []
    assert selectors.of_records({"visit": [7, 8], "harvest": []}) == [found]
    actions.reconcile(record=record, form="visit", found=[], by=None)
    assert selectors.of_records({"visit": [7]}) == []


def test_the_database_and_the_rules_agree_on_what_is_to_be_done(participant: Any, cast: Cast) -> None:
    """Every combination of what can be recorded, open and closed, in each class."""
    import itertools

    today = dt.date(2026, 11, 10)
    blank: list[tuple[Any, ...]] = [
        ("", "why"),
        ("", "what"),
        ("", "never again"),
        (None, dt.date(2026, 11, 5)),
        ("", "Only critical ones."),
        (None, dt.date(2026, 11, 9), dt.date(2026, 11, 10)),
        ("minor", "major", "critical"),
        ("open", "withdrawn"),
    ]
    names = (
        "root_cause", "corrective_action", "preventive_action", "reported_to_committee_on", "not_reported_because",
        "action_due_on", "classification", "state",
    )  # fmt: skip
    Deviation.objects.bulk_create(
        Deviation(
            site=participant.site,
            participant=participant,
            code=f"c{n}",
            description="x",
            form="visit",
            object_id=n,
            **dict(zip(names, row, strict=True)),
        )
        for n, row in enumerate(itertools.product(*blank))
    )
    expected: dict[str, set[int]] = {todo: set() for todo in selectors.TODO}
    words = {
        rules.Step.ASSESS: selectors.UNASSESSED,
        rules.Step.PLAN: selectors.UNPLANNED,
        rules.Step.REPORT: selectors.UNREPORTED,
    }
    for one in Deviation.objects.all():
        step = rules.next_step(one.facts)
        if step in words:
            expected[words[step]].add(one.pk)
        if rules.overdue(one.facts, today):
            expected[selectors.OVERDUE].add(one.pk)
    counts = selectors.counts(cast.meera, today=today)
    for todo in selectors.TODO:
        told = selectors.deviations(cast.meera, selectors.Choice(todo=todo), today=today)
        assert set(told.values_list("pk", flat=True)) == expected[todo], todo
        assert counts[todo] == len(expected[todo])
    assert counts["open"] == Deviation.objects.filter(state="open").count()
