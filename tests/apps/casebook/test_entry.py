"""What is typed on the casebook's own pages: refused with its reason and nothing lost, or saved."""

from __future__ import annotations

from typing import Any

import pytest

from apps.visits.models import Visit
from studyportal.access.clock import today_at
from studyportal.queries.models import Query
from tests.apps.casebook.conftest import Cohort
from tests.cast import Cast

pytestmark = pytest.mark.django_db


# --- acts on the participation --------------------------------------------------------------------------


def test_a_change_asks_for_its_reason_and_keeps_what_was_typed(cast: Cast, cohort: Cohort, page: Any) -> None:
    participant = cohort.case()
    url = f"/participants/{participant.code}/group/"
    typed = {"version": participant.version, "group": "control", "effective_on": "2026-02"}
    answer = page(cast.asha).post(url, typed)
    assert answer.status_code == 400
    assert 'value="2026-02"' in answer.content.decode()
    assert page(cast.asha).post(url, typed | {"reason": "Mistyped"}).status_code == 302
    participant.refresh_from_db()
    assert participant.group == "control"
    shown = page(cast.asha).get(url).content.decode()
    assert "Mistyped" in shown and "entered in error" in shown


@pytest.mark.parametrize("version", ["0", "999", "", "x"])
def test_a_stale_page_overwrites_nothing(cast: Cast, cohort: Cohort, page: Any, version: str) -> None:
    participant = cohort.case()
    typed = {"version": version, "label": "typed", "reason": "Moved"}
    assert page(cast.asha).post(f"/participants/{participant.code}/change/", typed).status_code == 412
    participant.refresh_from_db()
    assert participant.label == ""


def test_what_stands_in_the_way_of_enrolment_is_said(cast: Cast, cohort: Cohort, page: Any) -> None:
    participant = cohort.case()
    url = f"/participants/{participant.code}/enrol/"
    today = today_at(participant.site).isoformat()
    answer = page(cast.asha).post(url, {"version": participant.version, "enrolled_on": today})
    assert answer.status_code == 409
    assert "Consent to take part is not in force" in answer.content.decode()
    participant.refresh_from_db()
    assert participant.enrolled_on is None


# --- visits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Visits of the protocol"),
        ({"key": "BL", "status": "done", "happened_on": "03/04/2026"}, "two ways"),
        ({"key": "BL", "status": "done", "happened_on": "2099-01-01"}, "future"),
        ({"key": "BL", "status": "missed"}, "Say why the visit was missed"),
        ({"key": "BL", "status": "done", "absent-happened_on": "nonsense"}, "no reason"),
        ({"key": "S1", "status": "done", "happened_on": "2026-01-05"}, "already has this visit"),
    ],
)
def test_a_visit_refused(cast: Cast, cohort: Cohort, page: Any, typed: dict[str, str], said: str) -> None:
    participant = cohort.case(day_0="2026-01-05")
    answer = page(cast.asha).post(
        f"/participants/{participant.code}/visits/new/", {"nominal_label": "kept text"} | typed
    )
    assert answer.status_code == 400
    assert said in answer.content.decode() and "kept text" in answer.content.decode()
    assert Visit.objects.filter(participant=participant).count() == 1


def test_a_visit_is_recorded_with_what_is_known_of_its_date(cast: Cast, cohort: Cohort, page: Any) -> None:
    participant = cohort.case()
    url = f"/participants/{participant.code}/visits/new/"
    assert 'value="BL" selected' in page(cast.asha).get(f"{url}?key=BL").content.decode()
    answer = page(cast.asha).post(url, {"key": "BL", "status": "done", "happened_on": "2026-01"})
    visit = Visit.objects.get()
    assert answer["Location"] == f"/participants/{participant.code}/visits/{visit.pk}/"
    assert str(visit.happened_on) == "2026-01"
    undated = {"key": "M1", "status": "done", "absent-happened_on": "not_recorded"}
    assert page(cast.asha).post(url, undated).status_code == 302
    assert Visit.objects.get(key="M1").absent["happened_on"] == "not_recorded"


def test_a_visit_is_changed_with_its_reason(cast: Cast, cohort: Cohort, page: Any) -> None:
    participant = cohort.case()
    visit = cohort.visit(participant, "BL", "2026-01-02")
    url = f"/participants/{participant.code}/visits/{visit.pk}/"
    typed = {"version": visit.version, "status": "done", "happened_on": "2026-01-03"}
    assert page(cast.asha).post(url, typed).status_code == 400
    assert page(cast.asha).post(url, typed | {"version": "77", "reason": "Misread"}).status_code == 412
    assert page(cast.asha).post(url, typed | {"reason": "Misread"}).status_code == 302
    visit.refresh_from_db()
    assert str(visit.happened_on) == "2026-01-03"


# --- queries --------------------------------------------------------------------------------------------


def test_a_data_manager_asks_a_coordinator_answers_the_manager_settles(
    cast: Cast, cohort: Cohort, page: Any
) -> None:
    participant = cohort.case()
    manager, coordinator = page(cast.meera), page(cast.asha)
    ask = f"/participants/{participant.code}/queries/new/"
    assert coordinator.get(ask).status_code == 403
    assert manager.post(ask, {"message": "  "}).status_code == 400
    assert manager.post(ask, {"message": "Which insulin?"}).status_code == 302
    query = Query.objects.get()
    coordinator.post(f"/queries/{query.pk}/answer/", {"text": " "})
    query.refresh_from_db()
    assert query.state == "open"
    coordinator.post(f"/queries/{query.pk}/answer/", {"text": "Glargine."})
    manager.post(f"/queries/{query.pk}/reopen/", {"text": "Since when?"})
    coordinator.post(f"/queries/{query.pk}/answer/", {"text": "Since May."})
    answer = manager.post(f"/queries/{query.pk}/close/", {"text": "", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/queries/"
    query.refresh_from_db()
    assert query.state == "closed"
    said = [message.text for message in query.messages.all()]
    assert said == ["Glargine.", "Since when?", "Since May.", "Accepted."]
    assert "Which insulin?" in manager.get("/queries/?state=closed").content.decode()
    assert "Which insulin?" not in manager.get("/queries/").content.decode()


def test_the_question_of_a_visit_can_be_answered(cast: Cast, cohort: Cohort, page: Any) -> None:
    participant = cohort.case(day_0="2026-01-05")
    visit = cohort.visit(participant, "M6", "2026-09-05", nominal_label="six months")
    query = Query.objects.get(form="visit", object_id=visit.pk)
    url = f"/participants/{participant.code}/visits/{visit.pk}/"
    assert query.message in page(cast.asha).get(url).content.decode()
    answer = page(cast.asha).post(
        f"/queries/{query.pk}/answer/", {"text": "As the paper has it.", "next": url}
    )
    assert answer["Location"] == url
    query.refresh_from_db()
    assert (query.state, query.explained_value) == ("answered", getattr(visit, query.field))
