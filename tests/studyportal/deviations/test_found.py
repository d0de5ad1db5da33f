"""What rules raise: once, again, otherwise, no longer; and never over what people wrote."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from studyportal.audit.selectors import history_of
from studyportal.deviations import actions
from studyportal.deviations.actions import Found
from studyportal.deviations.models import Deviation
from tests.cast import Cast
from tests.counting import questions
from tests.studyportal.deviations.conftest import Record, settled

pytestmark = pytest.mark.django_db
LATE = Found(
    "visit_late", "M3 took place on day 130.", "minor", kind="visit", occurred_on=dt.date(2026, 3, 1)
)


def rules_find(record: Record, *found: Found) -> list[Deviation]:
    return actions.reconcile(record=record, form="visit", found=found, by=None)


def test_a_rule_raises_one_deviation_with_its_kind_and_day(record: Record) -> None:
    [one] = rules_find(record, LATE)
    assert (one.kind, one.occurred_on, one.classification) == ("visit", dt.date(2026, 3, 1), "minor")
    assert (one.raised_by, one.state, one.found_classification) == (None, "open", "minor")
    assert (one.form, one.object_id, one.participant_id) == ("visit", 7, record.participant_id)


def test_what_is_found_again_changes_nothing(record: Record) -> None:
    rules_find(record, LATE)
    with questions() as asked:
        [one] = rules_find(record, LATE)
    assert one.version == 1
    assert len(asked) == 1


def test_two_codes_of_one_record_do_not_disturb_each_other(record: Record) -> None:
    rules_find(record, LATE, Found("visit_without_consent", "No consent.", "major", kind="consent"))
    assert Deviation.objects.filter(state="open").count() == 2
    rules_find(record, LATE)
    assert {d.code: d.state for d in Deviation.objects.all()} == {
        "visit_late": "open",
        "visit_without_consent": "withdrawn",
    }


def test_what_is_no_longer_found_stays_as_no_longer_present_and_comes_back(record: Record) -> None:
    rules_find(record, LATE)
    assert rules_find(record) == []
    one = Deviation.objects.get()
    assert (one.state, one.version) == ("withdrawn", 2)
    rules_find(record, LATE)
    one.refresh_from_db()
    assert (one.state, one.version) == ("open", 3)


def test_what_was_closed_stays_closed_when_it_is_no_longer_found(
    found: Any, cast: Cast, record: Record
) -> None:
    actions.close(deviation=found, by=cast.rao, closing_note="The family was on a journey.")
    rules_find(record)
    found.refresh_from_db()
    assert found.state == "closed"


def test_what_was_closed_and_turns_out_graver_is_open_again(found: Any, cast: Cast, record: Record) -> None:
    actions.close(deviation=found, by=cast.rao, closing_note="The family was on a journey.")
    rules_find(record, Found("visit_late", "M3 took place on day 230.", "major", kind="visit"))
    found.refresh_from_db()
    assert (found.state, found.classification, found.closed_at, found.closed_by) == (
        "open",
        "major",
        None,
        None,
    )
    assert found.closing_note == "The family was on a journey."


@pytest.mark.parametrize("classification", ["minor", "major"])
def test_what_was_closed_and_is_found_with_other_words_stays_closed(
    classification: str, record: Record, cast: Cast
) -> None:
    one = Found("visit_late", "M3 took place on day 130.", "major", kind="visit")
    [deviation] = rules_find(record, one)
    actions.close(deviation=settled(deviation, cast.rao), by=cast.rao)
    rules_find(record, Found("visit_late", "M3 took place on day 131.", classification, kind="visit"))
    deviation.refresh_from_db()
    assert (deviation.state, deviation.description) == ("closed", "M3 took place on day 131.")


def test_a_persons_class_stays_until_the_rule_says_something_else(
    found: Any, cast: Cast, record: Record
) -> None:
    actions.assess(
        deviation=found,
        by=cast.rao,
        root_cause="A journey.",
        classification="major",
        reason="The third time.",
    )
    rules_find(record, Found("visit_late", "M3 took place on day 131.", "minor", kind="visit"))
    found.refresh_from_db()
    assert (found.classification, found.found_classification) == ("major", "minor")
    rules_find(record, Found("visit_late", "M3 took place on day 131.", "critical", kind="visit"))
    found.refresh_from_db()
    assert (found.classification, found.found_classification) == ("critical", "critical")


def test_a_deviation_from_before_classes_were_kept_keeps_its_class(found: Any, record: Record) -> None:
    Deviation.objects.update(found_classification="", classification="major")
    rules_find(record, LATE)
    found.refresh_from_db()
    assert found.classification == "minor"


def test_what_a_person_reported_about_a_record_is_none_of_its_rules(
    participant: Any, record: Record, cast: Cast
) -> None:
    mine = actions.raise_by_hand(
        participant=participant,
        description="The visit was at home.",
        classification="minor",
        by=cast.asha,
        form="visit",
        object_id=record.pk,
    )
    rules_find(record)
    mine.refresh_from_db()
    assert mine.state == "open"


def test_one_code_over_many_records_agrees_in_one_query(participant: Any, cast: Cast) -> None:
    why = Found("visit_without_consent", "No consent.", "major", kind="consent")
    asked: dict[int, Found | None] = {n: why if n % 2 else None for n in range(1, 9)}
    actions.agree(participant=participant, form="visit", code=why.code, found=asked, by=None)
    assert sorted(Deviation.objects.values_list("object_id", flat=True)) == [1, 3, 5, 7]
    with questions() as said:
        actions.agree(participant=participant, form="visit", code=why.code, found=asked, by=None)
    assert len(said) == 1
    actions.agree(participant=participant, form="visit", code=why.code, found=dict.fromkeys(asked), by=None)
    assert set(Deviation.objects.values_list("state", flat=True)) == {"withdrawn"}


def test_a_rule_raises_once_for_a_record(record: Record, found: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Deviation.objects.create(
            site_id=record.site_id,
            participant_id=record.participant_id,
            form="visit",
            object_id=7,
            code="visit_late",
            description="again",
            classification="minor",
        )


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [
        ({"kind": "weather"}, "deviation_known_kind"),
        ({"state": "forgotten"}, "deviation_known_state"),
        ({"classification": "grave"}, "deviation_known_classification"),
        ({"closed_at": "2026-11-03T10:00Z"}, "deviation_closed_when_closed"),
        (
            {"state": "closed", "closed_at": "2026-11-03T10:00Z", "classification": "major"},
            "deviation_closed_is_settled",
        ),
    ],
)
def test_the_database_refuses_what_cannot_be(found: Any, changed: dict[str, str], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Deviation.objects.filter(pk=found.pk).update(**changed)


def test_the_history_says_what_the_rule_did(found: Any, record: Record) -> None:
    rules_find(record)
    found.refresh_from_db()
    assert [change.label for change in history_of(found)] == ["update", "insert"]


@pytest.mark.django_db(transaction=True)
def test_a_rule_never_writes_over_what_a_person_writes_at_the_same_time(
    found: Any, cast: Cast, record: Record
) -> None:
    """The rule reads the row, a person assesses it, the rule writes: the person waits, and nothing is lost."""
    read, errors = threading.Event(), []

    def person() -> None:
        read.wait(5)
        try:
            actions.assess(deviation=found, by=cast.rao, root_cause="A journey.")
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=person)
    thread.start()
    with transaction.atomic():
        rules_find(record, Found("visit_late", "M3 took place on day 131.", "minor", kind="visit"))
        read.set()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join(5)
    found.refresh_from_db()
    assert not errors
    assert (found.root_cause, found.description) == ("A journey.", "M3 took place on day 131.")
