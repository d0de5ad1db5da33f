"""The pages of adverse events: who sees them, what they show, and what a first notice saves."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.celldose.models import CellSession
from apps.safety.models import AdverseEvent
from studyportal.audit.models import Look
from studyportal.crf.models import Draft
from tests.apps.enrolment.factories import a_case
from tests.apps.safety.events import (
    a_dka,
    a_follow_up,
    a_hypoglycaemia,
    a_result,
    an_event,
    an_open_event,
)
from tests.days import today

pytestmark = pytest.mark.django_db

NOTICE = {
    "verbatim": "Found unconscious at home",
    "term": "hypoglycaemia_level_3",
    "onset_on": "2024-03-02",
    "aware_at": "2024-03-03T10:00",
    "serious": "true",
    "serious_criteria": ["important_medical_event"],
}


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["sanjay", "admin", "norole", "devi"])
def test_who_sees_no_safety_data(cast: Any, page: Any, who: str) -> None:
    event = an_event(cast.asha, a_case(cast))
    reader = page(getattr(cast, who))
    for url in ("/adverse-events/", event.page_url, "/adverse-events/new/", f"{event.page_url}link/"):
        assert reader.get(url).status_code == 403, url


def test_another_site_finds_nothing(cast: Any, page: Any) -> None:
    event = an_event(cast.asha, a_case(cast))
    pune = page(cast.vikram)
    assert pune.get(event.page_url).status_code == 404
    assert pune.get(f"{event.page_url}link/").status_code == 404
    assert pune.get(f"/participants/{event.participant.code}/adverse-events/new/").status_code == 404
    assert pune.get("/adverse-events/new/", {"participant": event.participant.code}).status_code == 404
    assert event.verbatim not in pune.get("/adverse-events/").content.decode()


def test_a_stranger_signs_in_first(cast: Any, page: Any) -> None:
    event = an_event(cast.asha, a_case(cast))
    assert page(None).get(event.page_url).status_code == 302


def test_who_only_reads_sees_no_buttons(cast: Any, page: Any) -> None:
    event = an_open_event(cast.asha, a_case(cast))
    for who in (cast.farah, cast.nikhil):
        shown = page(who).get(event.page_url).content.decode()
        assert "Fever 38.4" in shown
        assert "Record a follow-up" not in shown and "Change session or product" not in shown
        assert page(who).get("/adverse-events/new/").status_code == 403
    auditor = page(cast.farah).get(event.page_url).content.decode()
    assert f"/participants/{event.participant.code}/" not in auditor, "the auditor has no casebook"
    assert Look.objects.filter(what="adverse_event", user=cast.farah).count() == 2
    assert not Look.objects.filter(what="adverse_event", user=cast.nikhil).exists()


# --- the list -----------------------------------------------------------------------------------------------


def test_the_list_narrows(cast: Any, page: Any) -> None:
    case = a_case(cast)
    an_event(cast.asha, case)
    an_open_event(cast.asha, case, serious=True, serious_criteria=["hospitalisation"], grade="3")
    reader = page(cast.rao)

    def shown(**query: str) -> tuple[bool, bool]:
        answer = reader.get("/adverse-events/", query)
        assert answer.status_code == 200
        text = answer.content.decode()
        return "Bruise at the hip" in text, "Fever 38.4" in text

    assert shown() == (True, True)
    assert shown(serious="yes") == (False, True)
    assert shown(serious="no") == (True, False)
    assert shown(state="open") == (False, True)
    assert shown(state="ended") == (True, False)
    assert shown(state="due") == (False, True)
    assert shown(state="unfinished") == (False, False)
    assert shown(term="harvest_haematoma") == (True, False)
    assert shown(grade="2") == (False, True)
    assert shown(grade="1") == (True, True)
    assert shown(special="yes") == (True, True)
    assert shown(q="bruise") == (True, False)
    assert shown(q=case.code.lower()) == (True, True)
    assert shown(q="nothing like it") == (False, False)
    assert shown(term="no such term", after="x", before="-1") == (True, True), "nonsense is no filter"


def test_the_list_asks_as_many_queries_for_nine_as_for_two(cast: Any, page: Any) -> None:
    case = a_case(cast)
    reader = page(cast.rao)

    def asked(number: int) -> int:
        while AdverseEvent.objects.count() < number:
            an_open_event(cast.asha, case, verbatim="Another")
        with CaptureQueriesContext(connection) as queries:
            assert reader.get("/adverse-events/").status_code == 200
        return len(queries)

    asked(1)
    assert asked(2) == asked(9)


# --- one event ----------------------------------------------------------------------------------------------


def test_everything_that_belongs_to_an_event(cast: Any, page: Any) -> None:
    case = a_case(cast)
    event = an_open_event(
        cast.asha,
        case,
        verbatim="Vomiting, then drowsy",
        term="dka",
        serious=True,
        serious_criteria=["hospitalisation"],
        hospital_from="2024-03-02",
        grade="3",
        related_to_product="possible",
        expectedness="unexpected",
    )
    a_dka(cast.asha, event)
    a_follow_up(cast.asha, event, serious=True, serious_criteria=["hospitalisation"], grade="2")
    shown = page(cast.rao).get(event.page_url)
    text = shown.content.decode()
    assert shown.status_code == 200
    for words in (
        "Suspected unexpected serious adverse reaction",
        "Ketoacidosis",
        "ISPAD 2022",
        "Severity moderate",
        "Temperature falling",
        "Into hospital",
        "Record a follow-up",
    ):
        assert words in text, words
    assert "Record the ketoacidosis" not in text


def test_what_is_missing_is_named_and_leads_on(cast: Any, page: Any) -> None:
    case = a_case(cast)
    event = an_event(cast.asha, case, term="hypoglycaemia", verbatim="Low glucose")
    text = page(cast.asha).get(event.page_url).content.decode()
    assert "Record the hypoglycaemia" in text
    assert f"/participants/{case.code}/forms/hypoglycaemia-episode/new/?event={event.pk}" in text
    a_hypoglycaemia(cast.asha, event, needed_help=False, treatment=["oral"])
    assert "Record the hypoglycaemia" not in page(cast.asha).get(event.page_url).content.decode()


def test_the_results_around_the_onset(cast: Any, page: Any) -> None:
    case = a_case(cast)
    a_result(cast.asha, case, "alt", "130", "U/L", normal_high="40")
    a_result(cast.asha, case, "alt", "90", "U/L", normal_high="40", collected_on="2024-03-09")
    event = an_open_event(cast.asha, case, verbatim="Liver values", term="alt_raised", grade="2")
    text = page(cast.rao).get(event.page_url).content.decode()
    assert "Grade 2." in text
    assert "the nearest to the onset: it is the one that counts" in text
    assert "+7 d" in text


def test_the_page_asks_as_many_queries_for_six_follow_ups_as_for_one(cast: Any, page: Any) -> None:
    event = an_open_event(cast.asha, a_case(cast))
    reader = page(cast.rao)

    def asked(days: range) -> int:
        for day in days:
            a_follow_up(cast.asha, event, seen_on=f"2024-03-{day:02d}", aware_at=None)
        with CaptureQueriesContext(connection) as queries:
            assert reader.get(event.page_url).status_code == 200
        return len(queries)

    asked(range(5, 6))
    assert asked(range(6, 7)) == asked(range(7, 11))


# --- the first notice ---------------------------------------------------------------------------------------


def test_a_code_leads_to_the_notice(cast: Any, page: Any) -> None:
    case = a_case(cast)
    asha = page(cast.asha)
    assert asha.get("/adverse-events/new/").status_code == 200
    answer = asha.get("/adverse-events/new/", {"participant": f" {case.code.lower()} "})
    assert answer["Location"] == f"/participants/{case.code}/adverse-events/new/"
    assert asha.get("/adverse-events/new/", {"participant": "MUM-9999-X"}).status_code == 404


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verbatim": ""}, "Say it, or give the reason"),
        ({"serious": ""}, "Say it, or give the reason"),
        ({"aware_at": ""}, "Say it, or give the reason"),
        ({"onset_on": "13/14/2024"}, "is no day of the calendar"),
        ({"serious_criteria": []}, "meets at least one criterion"),
        ({"aware_at": "2024-03-01T10:00"}, "began later than this"),
        ({"session": "999999"}, "Choose one of the list"),
    ],
)
def test_a_notice_that_cannot_be(cast: Any, page: Any, change: dict[str, Any], says: str) -> None:
    case = a_case(cast)
    answer = page(cast.asha).post(f"/participants/{case.code}/adverse-events/new/", NOTICE | change)
    assert answer.status_code == 400
    text = answer.content.decode()
    assert says in text
    assert change.get("verbatim", NOTICE["verbatim"]) in text, "what was typed stays"
    assert not AdverseEvent.objects.exists()


def test_the_notice_is_an_incomplete_form(cast: Any, page: Any) -> None:
    case = a_case(cast)
    session = CellSession.objects.create(site=cast.mumbai, participant=case, number=1)
    asha = page(cast.asha)
    url = f"/participants/{case.code}/adverse-events/new/?session={session.pk}"
    opened = asha.get(url).content.decode()
    assert f"{today():%Y-%m-}" in opened, "now is suggested as the moment of awareness"
    assert f'value="{session.pk}" selected' in opened
    answer = asha.post(url, NOTICE | {"session": session.pk})
    event = AdverseEvent.objects.get()
    assert answer["Location"] == event.page_url
    assert (event.status, event.serious, event.session) == ("incomplete", True, session)
    assert event.special_interest is True
    text = asha.get(event.page_url).content.decode()
    assert "The form is not complete" in text and "Outcome" in text


def test_a_notice_whose_time_is_not_known_says_so(cast: Any, page: Any) -> None:
    case = a_case(cast)
    raw = NOTICE | {"aware_at": "", "absent-aware_at": "unknown"}
    page(cast.asha).post(f"/participants/{case.code}/adverse-events/new/", raw)
    event = AdverseEvent.objects.get()
    assert event.aware_at is None and event.absent == event.absent | {"aware_at": "unknown"}


def test_what_was_typed_survives_the_session(cast: Any, page: Any, client: Any) -> None:
    case = a_case(cast)
    url = f"/participants/{case.code}/adverse-events/new/"
    opened = page(cast.asha).get(url)
    ticket = str(opened.context["ticket"])
    answer = client.post(url, NOTICE | {"ticket": ticket})
    assert (answer.status_code == 302 and "login" in answer["Location"]) or "sign-in" in answer["Location"]
    assert Draft.objects.get().data["verbatim"] == [NOTICE["verbatim"]]
    again = page(cast.asha).get(url).content.decode()
    assert "Restored what you typed" in again and "Found unconscious at home" in again
    assert not AdverseEvent.objects.exists()


# --- the link -----------------------------------------------------------------------------------------------


def test_a_link_needs_a_reason_and_keeps_its_history(cast: Any, page: Any) -> None:
    case = a_case(cast)
    session = CellSession.objects.create(site=cast.mumbai, participant=case, number=1)
    other = CellSession.objects.create(site=cast.mumbai, participant=a_case(cast), number=1)
    event = an_event(cast.asha, case)
    asha = page(cast.asha)
    url = f"{event.page_url}link/"
    assert asha.get(url).status_code == 200
    refused = asha.post(url, {"session": session.pk, "version": event.version})
    assert refused.status_code == 400 and "Say why the link changes" in refused.content.decode()
    foreign = asha.post(
        url, {"session": other.pk, "version": event.version, "reason": "Seen in the ward notes"}
    )
    assert foreign.status_code == 400
    stale = asha.post(url, {"session": session.pk, "version": 99, "reason": "Seen in the ward notes"})
    assert stale.status_code == 412
    event.refresh_from_db()
    assert event.session is None
    done = asha.post(
        url, {"session": session.pk, "version": event.version, "reason": "Seen in the ward notes"}
    )
    assert done["Location"] == event.page_url
    event.refresh_from_db()
    assert event.session == session
    history = asha.get(f"/forms/adverse-event/{event.pk}/history/").content.decode()
    assert "Seen in the ward notes" in history
