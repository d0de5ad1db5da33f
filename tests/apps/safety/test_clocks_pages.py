"""`/safety/`, the panel of an event, the worklist, and `/api/v1/safety-clocks/`."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from apps.safety.models import AdverseEvent
from apps.safety.selectors import clocks
from tests.apps.enrolment.factories import a_case
from tests.apps.safety.reported import a_serious_event, sent
from tests.counting import questions

pytestmark = pytest.mark.django_db


def test_who_may_not_see_safety_is_refused(cast: Any, page: Any, api: Any) -> None:
    assert page(None).get("/safety/").status_code == 302
    for name in ("sanjay", "admin", "norole"):
        assert page(getattr(cast, name)).get("/safety/").status_code == 403, name
        assert api(getattr(cast, name)).get("/api/v1/safety-clocks/").status_code == 403, name
    assert api(None).get("/api/v1/safety-clocks/").status_code == 401


def test_each_sees_what_is_of_the_own_site(cast: Any, page: Any, api: Any) -> None:
    event = a_serious_event(cast)
    code = event.participant.code  # type: ignore[attr-defined]
    for name in ("asha", "rao", "meera", "farah"):
        assert code in page(getattr(cast, name)).get("/safety/").content.decode(), name
    assert code not in page(cast.vikram).get("/safety/").content.decode()
    assert api(cast.vikram).get("/api/v1/safety-clocks/").json()["results"] == []


def test_only_who_may_report_is_offered_to(cast: Any, page: Any) -> None:
    event = a_serious_event(cast)
    url = f"/adverse-events/{event.pk}/report/?kind=initial&amp;recipient=ethics_committee"
    assert url in page(cast.rao).get("/safety/").content.decode()
    for name in ("asha", "meera", "farah"):
        assert url not in page(getattr(cast, name)).get("/safety/").content.decode(), name


def test_what_is_most_urgent_stands_first_and_what_is_done_is_gone(cast: Any) -> None:
    calm, late, done = a_serious_event(cast, aware=1), a_serious_event(cast, aware=30), a_serious_event(cast)
    undecided = a_serious_event(cast, serious=None, serious_criteria=None, aware=90)
    a_serious_event(cast, serious=False, serious_criteria=None)
    a_serious_event(cast, by=cast.meera, participant=a_case(cast, by=cast.meera, retrospective=True))
    for recipient in ("ethics_committee", "sponsor", "regulator"):
        sent(done, cast.rao, recipient=recipient)
    for recipient, kind in (
        ("ethics_committee", "analysis"),
        ("ethics_committee", "opinion"),
        ("sponsor", "opinion"),
    ):
        sent(done, cast.rao, recipient=recipient, kind=kind)
    found = clocks.due(cast.rao)
    assert [one.event.pk for one in found] == [late.pk, calm.pk, undecided.pk]
    assert (found[0].overdue, found[1].overdue, found[2].undecided) == (True, False, True)
    assert found[0].first.state == "overdue"


def test_the_page_says_what_is_not_known(cast: Any, page: Any) -> None:
    a_serious_event(cast, aware=None)
    a_serious_event(cast, serious=None, serious_criteria=None)
    said = page(cast.rao).get("/safety/").content.decode()
    assert "Start not known" in said
    assert "start unknown" in said
    assert "Is it serious?" in said


def test_a_country_without_rules_is_named(cast: Any, page: Any, monkeypatch: Any) -> None:
    a_serious_event(cast)
    monkeypatch.setattr(clocks, "jurisdiction_of", lambda site: None)
    assert "no reporting rules for the country IN" in page(cast.rao).get("/safety/").content.decode()


def test_follow_ups_that_are_due(cast: Any) -> None:
    soon = a_serious_event(cast, follow_up_due_on="2026-01-05", outcome="recovering")
    a_serious_event(cast, follow_up_due_on="2099-01-05", outcome="recovering")
    a_serious_event(cast, follow_up_due_on="2026-01-05", outcome="recovered")
    assert [one.event.pk for one in clocks.follow_ups_due(cast.rao)] == [soon.pk]
    assert clocks.follow_ups_due(cast.rao)[0].days < 0


@pytest.mark.parametrize(
    "path", ["/safety/", "/safety/reports/", "/api/v1/safety-clocks/", "/api/v1/safety-reports/"]
)
def test_the_number_of_queries_does_not_grow(cast: Any, page: Any, path: str) -> None:
    client = page(cast.rao)

    def add() -> None:
        sent(a_serious_event(cast, aware=30), cast.rao, late_reason="x")
        a_serious_event(cast, serious=None, serious_criteria=None)
        a_serious_event(cast, follow_up_due_on="2026-01-05")

    add()
    client.get(path)
    with questions() as few:
        assert client.get(path).status_code == 200
    for _number in range(4):
        add()
    with questions() as many:
        client.get(path)
    assert len(few) == len(many)


# --- The panel of an event -------------------------------------------------------------------------------


def panel(event: AdverseEvent, user: Any) -> str:
    request = RequestFactory().get("/")
    request.user = user
    template = Template("{% include 'safety/_event_clocks.html' %}")
    fresh = AdverseEvent.objects.select_related("participant", "site").get(pk=event.pk)
    return template.render(Context({"event": fresh, "request": request}))


def test_the_panel_shows_both_counts_and_what_stopped_each(cast: Any) -> None:
    event = a_serious_event(cast, aware=23, onset=25)
    sent(event, cast.rao)
    said = panel(event, cast.rao)
    assert "23.0 h" in said and "25.0 h" in said
    assert "version 1" in said
    assert f"/adverse-events/{event.pk}/report/" in said
    assert f"/adverse-events/{event.pk}/report/" not in panel(event, cast.farah)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"serious": False, "serious_criteria": None}, "Not serious: no clock runs."),
        ({"serious": None, "serious_criteria": None}, "It is not said whether this event is serious"),
    ],
)
def test_the_panel_says_why_there_is_no_clock(cast: Any, more: Any, words: str) -> None:
    event = a_serious_event(cast, **more)
    said = panel(event, cast.rao)
    assert words in said
    assert "Record a report" not in said


def test_the_panel_of_a_transcribed_case(cast: Any) -> None:
    event = a_serious_event(cast, by=cast.meera, participant=a_case(cast, by=cast.meera, retrospective=True))
    said = panel(event, cast.rao)
    assert "no clock runs" in said and "Record a report" not in said


# --- Worklist and navigation -----------------------------------------------------------------------------


def test_a_serious_event_without_report_is_on_the_worklist(cast: Any, page: Any) -> None:
    event = a_serious_event(cast)
    said = page(cast.asha).get("/worklist/").content.decode()
    assert 'id="safety"' in said and "High fever after the infusion" in said
    assert "High fever" not in page(cast.vikram).get("/worklist/").content.decode()
    sent(event, cast.rao)
    assert "High fever" not in page(cast.asha).get("/worklist/").content.decode()


# --- API -------------------------------------------------------------------------------------------------


def test_the_clocks_of_the_api(cast: Any, api: Any) -> None:
    event = a_serious_event(cast, aware=30, onset=40)
    sent(event, cast.rao, late_reason="Night")
    (one,) = api(cast.farah).get("/api/v1/safety-clocks/").json()["results"]
    assert (one["event"], one["serious"], one["jurisdiction"], len(one["clocks"])) == (
        event.pk,
        True,
        "india",
        6,
    )
    by_key = {clock["key"]: clock for clock in one["clocks"]}
    first = by_key["investigator_report"]
    assert (first["state"], first["late"], first["stopped_by"], first["allowed_hours"]) == (
        "stopped",
        True,
        1,
        24,
    )
    assert first["from_awareness"]["hours_at_least"] == pytest.approx(30, abs=0.01)
    assert first["from_occurrence"]["hours_at_most"] == pytest.approx(40, abs=0.01)
    assert by_key["investigator_report_sponsor"]["state"] == "overdue"
    assert by_key["investigator_analysis"]["state"] == "running"


def test_filters_of_the_api(cast: Any, api: Any) -> None:
    event = a_serious_event(cast)
    a_serious_event(cast, serious=None, serious_criteria=None)
    client = api(cast.farah)
    assert len(client.get("/api/v1/safety-clocks/").json()["results"]) == 2
    for query in ("serious=true", f"event={event.pk}", f"participant={event.participant.code}"):  # type: ignore[attr-defined]
        found = client.get(f"/api/v1/safety-clocks/?{query}").json()["results"]
        assert [one["event"] for one in found] == [event.pk], query
    assert client.get("/api/v1/safety-clocks/?site=PUN").json()["results"] == []
    assert client.get("/api/v1/safety-clocks/?event=x").status_code == 400
