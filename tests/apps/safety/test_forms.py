"""Safety reviews and adverse events."""

from __future__ import annotations

from typing import Any

import pytest

from apps.celldose.models import CellSession
from apps.safety.crfs import SAFETY_REVIEW
from apps.safety.models import AdverseEvent
from apps.safety.selectors import adverse_events
from studyportal.crf.actions import save
from studyportal.crf.errors import CrfInvalid
from studyportal.queries.models import Query
from tests.apps.enrolment.factories import a_case
from tests.apps.safety.events import an_event
from tests.apps.visits.factories import a_visit

pytestmark = pytest.mark.django_db


def record(
    cast: Any, participant: Any, *, parents: dict[str, Any] | None = None, **more: Any
) -> AdverseEvent:
    return an_event(cast.asha, participant, parents=parents, **more)


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"serious": True}, "serious_criteria", "required"),
        ({"serious_criteria": ["death"]}, "serious_criteria", "not_asked"),
        ({"ended_on": "2024-03-01"}, "ended_on", "before_onset"),
        ({"grade": "5"}, "outcome", "contradiction"),
        ({"verbatim": None}, "verbatim", "required"),
        ({"grade": "6"}, "grade", None),
    ],
)
def test_refused(cast: Any, more: dict[str, Any], field: str, code: str | None) -> None:
    with pytest.raises(CrfInvalid) as refused:
        record(cast, a_case(cast), **more)
    found = {(p.field, p.code) for p in refused.value.problems}
    assert (field, code) in found if code else field in {f for f, _ in found}
    assert not AdverseEvent.objects.exists()


def test_serious_without_a_criterion_but_with_a_reason_is_refused_all_the_same(cast: Any) -> None:
    with pytest.raises(CrfInvalid, match="serious_criteria: required"):
        record(cast, a_case(cast), serious=True, absent={"serious_criteria": "unknown"})


def test_the_session_of_another_participant(cast: Any) -> None:
    other = CellSession.objects.create(site=cast.mumbai, participant=a_case(cast), number=1)
    with pytest.raises(CrfInvalid, match="other_participant"):
        record(cast, a_case(cast), parents={"session": other})


def test_one_review_at_a_visit(cast: Any) -> None:
    visit = a_visit(a_case(cast), "M1", "2024-03-01", cast.asha)
    save(SAFETY_REVIEW, raw={"any_event": False}, by=cast.asha, parents={"visit": visit})
    with pytest.raises(CrfInvalid, match="unique"):
        save(SAFETY_REVIEW, raw={"any_event": False}, by=cast.asha, parents={"visit": visit})


def test_a_reported_event_asks_for_its_form_and_is_then_quiet(cast: Any) -> None:
    case = a_case(cast)
    visit = a_visit(case, "M1", "2024-03-01", cast.asha)
    save(
        SAFETY_REVIEW,
        raw={"any_event": True, "statement": "A bruise"},
        by=cast.asha,
        parents={"visit": visit},
    )
    query = Query.objects.get(code="event_form_missing")
    assert query.state == "open"
    session = CellSession.objects.create(site=cast.mumbai, participant=case, number=1)
    event = record(cast, case, parents={"visit": visit, "session": session})
    assert (event.session, event.serious_criteria) == (session, None)
    query.refresh_from_db()
    assert query.state == "closed"
    assert list(adverse_events(cast.asha)) == [event]
    assert list(adverse_events(cast.vikram)) == []


def test_none_is_an_answer(cast: Any) -> None:
    visit = a_visit(a_case(cast, by=cast.meera, retrospective=True), "M12", None, cast.meera)
    raw = {"any_event": False, "statement": "has not experienced any adverse events till date"}
    review = save(SAFETY_REVIEW, raw=raw, by=cast.meera, parents={"visit": visit})
    assert review.is_complete
    assert not Query.objects.filter(form="safety-review").exists()


def test_grave_and_not_serious_is_asked_about(cast: Any) -> None:
    record(cast, a_case(cast), verbatim="Ketoacidosis", term="dka", grade="4")
    assert set(Query.objects.values_list("code", flat=True)) == {
        "grave_term_not_serious",
        "grade_4_not_serious",
        "dka_form_missing",
    }
