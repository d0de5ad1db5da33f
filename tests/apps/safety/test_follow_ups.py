"""Follow-ups: what they may say after what is known, and what the event takes over."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.safety.models import AdverseEvent, FollowUp
from apps.safety.rules import follow_ups as rules
from apps.safety.rules.follow_ups import Known
from studyportal.audit.selectors import history_of
from studyportal.crf.actions import save
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.partial_date import PartialDate
from studyportal.crf.registry import get
from studyportal.queries.models import Query
from tests.apps.enrolment.factories import a_case
from tests.apps.safety.events import FOLLOW, a_follow_up, an_event, an_open_event

db = pytest.mark.django_db


# --- rules, as tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "known", "codes"),
    [
        ({"seen_on": dt.date(2024, 3, 4)}, Known(dt.date(2024, 3, 5), None, None), ["before_last_follow_up"]),
        ({"seen_on": dt.date(2024, 3, 5)}, Known(dt.date(2024, 3, 5), None, None), []),
        ({"seen_on": dt.date(2024, 3, 4)}, Known(None, None, None), []),
        ({"seen_on": None}, Known(dt.date(2024, 3, 5), None, None), []),
        ({"outcome": "recovering"}, Known(None, "fatal", None), ["after_death"]),
        ({"outcome": "fatal"}, Known(None, "fatal", None), []),
        ({"outcome": None}, Known(None, "fatal", None), []),
        ({"outcome": "recovering"}, Known(None, "recovered", None), ["after_recovery"]),
        ({"outcome": "not_recovered"}, Known(None, "recovered_with_sequelae", None), ["after_recovery"]),
        ({"outcome": "recovered_with_sequelae"}, Known(None, "recovered", None), []),
        ({"outcome": "fatal"}, Known(None, "recovered", None), []),
        ({"outcome": "not_recovered"}, Known(None, "recovering", None), []),
        ({"serious": False}, Known(None, None, True), ["stays_serious"]),
        ({"serious": None}, Known(None, None, True), []),
        ({"serious": True}, Known(None, None, False), []),
    ],
)
def test_what_is_not_undone(values: dict[str, Any], known: Known, codes: list[str]) -> None:
    assert [p.code for p in rules.goes_back(values, known)] == codes


EVENT = SimpleNamespace(onset_on=PartialDate.parse("2024-03-02"))


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"ended_on": "2024-03-01"}, ["before_onset"]),
        ({"ended_on": "2024-03-02"}, []),
        ({"ended_on": "2024-03"}, []),
        ({"ended_on": "2024-03-06", "seen_on": dt.date(2024, 3, 5)}, ["after_follow_up"]),
        ({"ended_on": "2024-03-05", "seen_on": dt.date(2024, 3, 5)}, []),
        ({"ended_on": "2024-03-05", "outcome": "recovering"}, ["contradiction"]),
        ({"ended_on": "2024-03-05", "outcome": "recovered"}, []),
        ({"ended_on": None, "outcome": "recovering"}, []),
    ],
)
def test_the_end(values: dict[str, Any], codes: list[str]) -> None:
    given = values | {
        "event": EVENT,
        "ended_on": PartialDate.parse(values["ended_on"]) if values["ended_on"] else None,
    }
    assert [p.code for p in rules.ends_in_order(given)] == codes


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"seen_on": dt.date(2024, 3, 1)}, ["before_onset"]),
        ({"seen_on": dt.date(2024, 3, 2)}, []),
        ({"seen_on": dt.date(2024, 3, 5), "next_due_on": dt.date(2024, 3, 5)}, ["before_follow_up"]),
        ({"seen_on": dt.date(2024, 3, 5), "next_due_on": dt.date(2024, 3, 6)}, []),
        ({"outcome": "fatal", "next_due_on": dt.date(2024, 3, 6)}, ["contradiction"]),
    ],
)
def test_the_days(values: dict[str, Any], codes: list[str]) -> None:
    assert [p.code for p in rules.dates_in_order(values | {"event": EVENT})] == codes


def an(**values: Any) -> Any:
    empty = dict.fromkeys(
        (
            "grade", "serious", "serious_criteria", "serious_since", "outcome", "ended_on", "action_taken",
            "follow_up_due_on", "next_due_on", "aware_at",
        )
    )  # fmt: skip
    return SimpleNamespace(**(empty | values))


NOW = dt.datetime(2024, 3, 5, 9, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("event", "follow_up", "taken"),
    [
        ({"grade": "3"}, {"grade": "1"}, {}),
        ({"grade": "1"}, {"grade": "3"}, {"grade": "3"}),
        ({"grade": None}, {"grade": "2"}, {"grade": "2"}),
        (
            {"serious": False},
            {"serious": True, "serious_criteria": ["hospitalisation"], "aware_at": NOW},
            {"serious": True, "serious_since": NOW, "serious_criteria": ["hospitalisation"]},
        ),
        (
            {"serious": False, "serious_since": NOW},
            {"serious": True, "serious_criteria": ["death"], "aware_at": NOW + dt.timedelta(days=1)},
            {"serious": True, "serious_criteria": ["death"]},
        ),
        (
            {"serious": True, "serious_criteria": ["hospitalisation"]},
            {"serious": True, "serious_criteria": ["life_threatening"]},
            {"serious_criteria": ["hospitalisation", "life_threatening"]},
        ),
        (
            {"serious": True, "serious_criteria": ["hospitalisation"]},
            {"serious": True, "serious_criteria": ["hospitalisation"]},
            {},
        ),
        ({"serious": None}, {"serious": False}, {"serious": False}),
        ({"outcome": "recovering"}, {"outcome": "recovered"}, {"outcome": "recovered"}),
        ({"outcome": "recovering"}, {"outcome": None}, {}),
        ({"action_taken": ["none"]}, {"action_taken": ["treated"]}, {"action_taken": ["treated"]}),
        ({"action_taken": ["treated"]}, {"action_taken": ["none"]}, {}),
        (
            {"action_taken": ["treated"]},
            {"action_taken": ["withdrawn"]},
            {"action_taken": ["treated", "withdrawn"]},
        ),
        ({"action_taken": None}, {"action_taken": ["none"]}, {"action_taken": ["none"]}),
        ({"follow_up_due_on": dt.date(2024, 3, 6)}, {}, {"follow_up_due_on": None}),
        ({"ended_on": "2024-03-05"}, {"outcome": None}, {}),
        (
            {"ended_on": "2024-03-05", "outcome": "recovered"},
            {"outcome": "recovering"},
            {"outcome": "recovering", "ended_on": None},
        ),
    ],
)
def test_what_the_event_takes_over(
    event: dict[str, Any], follow_up: dict[str, Any], taken: dict[str, Any]
) -> None:
    assert rules.taken_over(an(**event), an(**follow_up)) == taken


# --- saved --------------------------------------------------------------------------------------------------


@db
@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"seen_on": "2024-03-01"}, "seen_on", "before_onset"),
        ({"outcome": None}, "outcome", "required"),
        ({"serious": True}, "serious_criteria", "required"),
        ({"grade": "5"}, "outcome", "contradiction"),
        ({"ended_on": "2024-03-04"}, "ended_on", "contradiction"),
        ({"action_taken": ["none", "treated"]}, "action_taken", "contradiction"),
        ({"number": 4}, "number", "derived"),
    ],
)
def test_refused(cast: Any, more: dict[str, Any], field: str, code: str) -> None:
    event = an_open_event(cast.asha, a_case(cast))
    with pytest.raises(CrfInvalid) as refused:
        a_follow_up(cast.asha, event, **more)
    assert (field, code) in {(p.field, p.code) for p in refused.value.problems}
    event.refresh_from_db()
    assert not FollowUp.objects.exists() and event.outcome == "not_recovered"


@db
def test_a_follow_up_does_not_go_back_in_time(cast: Any) -> None:
    event = an_open_event(cast.asha, a_case(cast))
    a_follow_up(cast.asha, event)
    with pytest.raises(Refused, match="before_last_follow_up"):
        a_follow_up(cast.asha, event, seen_on="2024-03-04", aware_at=None)
    a_follow_up(cast.asha, event, seen_on="2024-03-05")
    assert list(FollowUp.objects.order_by("id").values_list("number", flat=True)) == [1, 2]


@db
def test_what_ended_does_not_go_on(cast: Any) -> None:
    event = an_event(cast.asha, a_case(cast))
    with pytest.raises(Refused, match="after_recovery"):
        a_follow_up(cast.asha, event, seen_on="2024-03-10", next_due_on="2024-03-12")


@db
def test_seriousness_stays(cast: Any) -> None:
    event = an_open_event(cast.asha, a_case(cast), serious=True, serious_criteria=["hospitalisation"])
    with pytest.raises(Refused, match="stays_serious"):
        a_follow_up(cast.asha, event, serious=False)


@db
def test_the_event_takes_over_with_the_follow_up_as_its_reason(cast: Any) -> None:
    event = an_open_event(cast.asha, a_case(cast))
    a_follow_up(
        cast.asha,
        event,
        grade="3",
        serious=True,
        serious_criteria=["hospitalisation"],
        outcome="not_recovered",
    )
    event.refresh_from_db()
    assert (event.grade, event.serious, event.serious_criteria) == ("3", True, ["hospitalisation"])
    assert event.serious_since == dt.datetime(2024, 3, 5, 3, 30, tzinfo=dt.UTC), "09:00 at Mumbai"
    assert event.follow_up_due_on == dt.date(2024, 3, 12)
    a_follow_up(
        cast.asha,
        event,
        seen_on="2024-03-20",
        aware_at="2024-03-20T09:00",
        grade="1",
        serious=True,
        serious_criteria=["hospitalisation"],
        outcome="recovered",
        ended_on="2024-03-18",
        next_due_on=None,
    )
    event.refresh_from_db()
    assert (event.outcome, str(event.ended_on), event.follow_up_due_on) == ("recovered", "2024-03-18", None)
    assert event.grade == "3", "the gravest that it has reached"
    assert event.action_taken == ["treated"]
    changes = history_of(event)
    assert [change.reason for change in changes][:2] == ["Follow-up 2", "Follow-up 1"]
    assert changes[0].by == "asha"


@db
def test_an_earlier_follow_up_that_is_corrected_changes_nothing_of_now(cast: Any) -> None:
    event = an_open_event(cast.asha, a_case(cast))
    first = a_follow_up(cast.asha, event)
    a_follow_up(
        cast.asha, event, seen_on="2024-03-08", outcome="recovered", ended_on="2024-03-08", next_due_on=None
    )
    save(
        get("adverse-event-follow-up"),
        raw={"outcome": "not_recovered"},
        by=cast.asha,
        record=first,
        reason="Misread",
    )
    event.refresh_from_db()
    assert event.outcome == "recovered"


@db
def test_the_newest_one_may_be_corrected(cast: Any) -> None:
    """A recovery that was entered by mistake: correcting it is no going back."""
    event = an_open_event(cast.asha, a_case(cast))
    only = a_follow_up(cast.asha, event, outcome="recovered", ended_on="2024-03-05", next_due_on=None)
    save(
        get("adverse-event-follow-up"),
        raw={"outcome": "recovering", "ended_on": None, "next_due_on": "2024-03-12"},
        by=cast.asha,
        record=only,
        reason="Entered for another event",
    )
    event.refresh_from_db()
    assert (event.outcome, event.ended_on) == ("recovering", None)
    assert event.follow_up_due_on == dt.date(2024, 3, 12)


@db
def test_an_incomplete_event_stays_incomplete(cast: Any) -> None:
    from apps.safety.actions.events import notice

    event = notice(
        participant=a_case(cast),
        by=cast.asha,
        raw={"verbatim": "Fever", "onset_on": "2024-03-02", "aware_at": "2024-03-03T08:00", "serious": False},
    )
    a_follow_up(cast.asha, event)
    event.refresh_from_db()
    assert event.status == "incomplete" and event.outcome == "recovering"


@db
def test_since_when_it_is_known_to_be_serious_is_asked(cast: Any) -> None:
    event = an_open_event(cast.asha, a_case(cast))
    one = a_follow_up(cast.asha, event, serious=True, serious_criteria=["hospitalisation"], aware_at=None)
    query = Query.objects.get(form="adverse-event-follow-up", code="awareness_missing")
    assert query.object_id == one.pk and query.field == "aware_at"


@db
def test_what_goes_on_is_planned(cast: Any) -> None:
    event = an_open_event(cast.asha, a_case(cast), follow_up_due_on=None)
    query = Query.objects.get(code="follow_up_not_planned")
    a_follow_up(cast.asha, event)
    query.refresh_from_db()
    assert query.state == "closed", "the follow-up planned the next one"


@db
def test_a_number_is_given_once(cast: Any) -> None:
    event = an_open_event(cast.asha, a_case(cast))
    first = a_follow_up(cast.asha, event)
    with pytest.raises(IntegrityError, match="followup_number_once"), transaction.atomic():
        FollowUp.objects.create(
            site=event.site, participant=event.participant, event=event, number=first.number
        )


@db
def test_a_follow_up_of_another_participant(cast: Any) -> None:
    event = an_open_event(cast.asha, a_case(cast))
    with pytest.raises(CrfInvalid, match="other_participant"):
        save(
            get("adverse-event-follow-up"),
            raw=FOLLOW,
            by=cast.asha,
            participant=a_case(cast),
            parents={"event": event},
        )


@db
def test_by_api(cast: Any, api: Any) -> None:
    event = an_open_event(cast.asha, a_case(cast))
    url = "/api/v1/forms/adverse-event-follow-up/"
    assert api(cast.vikram).post(url, FOLLOW | {"event": event.pk}, format="json").status_code == 400
    assert api(cast.nikhil).post(url, FOLLOW | {"event": event.pk}, format="json").status_code == 403
    made = api(cast.asha).post(url, FOLLOW | {"event": event.pk}, format="json")
    assert made.status_code == 201 and made.json()["number"] == 1
    earlier = FOLLOW | {"event": event.pk, "seen_on": "2024-03-04", "aware_at": None}
    refused = api(cast.asha).post(url, earlier, format="json")
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["code"] == "before_last_follow_up"
    assert AdverseEvent.objects.get().outcome == "recovering"
