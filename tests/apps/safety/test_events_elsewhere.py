"""Adverse events on the worklist and in the casebook."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from apps.casebook import worklist
from studyportal.access.clock import today_at
from tests.apps.enrolment.factories import a_case
from tests.apps.safety.events import an_event, an_open_event

pytestmark = pytest.mark.django_db


def due(cast: Any, case: Any, days: int, **more: Any) -> Any:
    day = today_at(cast.mumbai) + dt.timedelta(days=days)
    return an_open_event(cast.asha, case, follow_up_due_on=day.isoformat(), **more)


def test_follow_ups_that_are_due(cast: Any, page: Any) -> None:
    case = a_case(cast)
    due(cast, case, -1, verbatim="Overdue fever")
    due(cast, case, 7, verbatim="Fever in a week")
    due(cast, case, 9, verbatim="Fever later")
    an_event(cast.asha, case)
    with timezone.override("Asia/Kolkata"):
        assert [event.verbatim for event in worklist.events_to_follow(cast.asha, limit=9).rows] == [
            "Overdue fever",
            "Fever in a week",
        ]
        assert worklist.events_to_follow(cast.vikram, limit=9).total == 0
        assert worklist.events_to_follow(cast.farah, limit=9).total == 0
    shown = page(cast.asha).get("/worklist/").content.decode()
    assert "Adverse events to follow up" in shown and "Overdue fever" in shown and "Fever later" not in shown


def test_the_casebook_leads_to_the_event(cast: Any, page: Any) -> None:
    case = a_case(cast)
    event = an_open_event(cast.asha, case, serious=True, serious_criteria=["hospitalisation"])
    asha = page(cast.asha)
    shown = asha.get(case.get_absolute_url()).content.decode()
    assert f'href="{event.page_url}"' in shown and "Follow-ups, reports and clocks" in shown
    assert f"/participants/{case.code}/adverse-events/new/" in shown
    an_open_event(
        cast.asha, case, verbatim="Second", serious=True, serious_criteria=["death"], grade="5",
        outcome="fatal", ended_on="2024-03-04", follow_up_due_on=None,
    )  # fmt: skip
    shown = asha.get(case.get_absolute_url()).content.decode()
    assert f"/adverse-events/?q={case.code}&amp;serious=yes" in shown
    for reader in (cast.nikhil,):
        assert "Report an event" not in page(reader).get(case.get_absolute_url()).content.decode()


def test_the_form_leads_back_to_the_event(cast: Any, page: Any) -> None:
    event = an_event(cast.asha, a_case(cast))
    asha = page(cast.asha)
    saved = asha.post(
        f"/participants/{event.participant.code}/forms/adverse-event-follow-up/new/?event={event.pk}",
        {
            "seen_on": "2024-03-10",
            "grade": "1",
            "serious": "false",
            "outcome": "recovered",
            "ended_on": "2024-03-06",
            "action_taken": ["none"],
            "course": "Nothing left to see",
        },
    )
    assert saved.status_code == 302 and saved["Location"] == event.page_url
