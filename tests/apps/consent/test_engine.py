"""Everything that writes asks the engine: entries after what was ended are refused, those about before go on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.celldose import actions as celldose
from apps.consent.rules.uses import Use
from apps.consent.selectors import engine
from apps.enrolment.crfs import LOST_TO_FOLLOW_UP, MEDICAL_HISTORY
from apps.labs import actions as labs
from apps.labs.crfs import GLUCOSE_CHART, LAB_RESULT
from apps.safety.crfs import ADVERSE_EVENT, SAFETY_REVIEW
from apps.visits import actions as visits
from apps.visits.crfs import SYMPTOMS, VITAL_SIGNS
from studyportal.crf.actions import save
from studyportal.crf.errors import Refused
from studyportal.deviations.models import Deviation
from studyportal.queries import actions as queries
from studyportal.queries.models import Query
from tests.apps.consent.factories import a_minors_consent, an_adults_consent, an_event
from tests.apps.enrolment.factories import a_case
from tests.apps.visits.factories import a_visit
from tests.cast import Cast
from tests.counting import questions

GONE = "2024-05-10"
BEFORE, AFTER = "2024-05-09", "2024-05-11"


@pytest.fixture
def person(cast: Cast) -> Any:
    """Consented on 1 February 2024."""
    case = a_case(cast)
    an_adults_consent(case, cast.asha)
    return case


def withdraw(person: Any, by: Any, *scopes: str, on: str | None = GONE, **more: Any) -> Any:
    return an_event(person, "withdrawal", by, on, withdrawal_scopes=list(scopes), **more)


def refusal(attempt: Callable[[], Any]) -> tuple[str | None, str]:
    with pytest.raises(Refused) as caught:
        attempt()
    problem = caught.value.problems[0]
    assert problem.code == "consent_ended"
    assert problem.message.endswith(".")
    return problem.field, problem.message


def a_result(person: Any, by: Any, on: str | None, **more: Any) -> Any:
    raw = {
        "analyte": "hba1c", "context": "follow_up", "collected_on": on, "fasting": "fasting", "reported": "7.4",
        "unit": "%", "unit_basis": "stated",
    }  # fmt: skip
    return save(
        LAB_RESULT, raw=raw | more, by=by, participant=person, parents={"visit": None}, complete=False
    )


# --- visits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["visits", "new_data", "erasure_request"])
def test_no_visit_after_visits_were_withdrawn(cast: Cast, person: Any, scope: str) -> None:
    withdraw(person, cast.asha, scope)
    field, words = refusal(lambda: a_visit(person, "UNS", AFTER, cast.asha))
    assert field == "happened_on"
    assert "10 May 2024" in words
    assert a_visit(person, "UNS", BEFORE, cast.asha).pk
    assert a_visit(person, "UNS", GONE, cast.asha).pk


@pytest.mark.parametrize("scope", ["treatment", "future_contact", "sample_use"])
def test_visits_go_on_when_something_else_was_withdrawn(cast: Cast, person: Any, scope: str) -> None:
    withdraw(person, cast.asha, scope)
    assert a_visit(person, "UNS", AFTER, cast.asha).pk


def test_a_visit_is_not_moved_beyond_the_withdrawal(cast: Cast, person: Any) -> None:
    visit = a_visit(person, "UNS", BEFORE, cast.asha)
    withdraw(person, cast.asha, "visits")
    refusal(lambda: visits.change(visit=visit, by=cast.asha, happened_on=AFTER, reason="Misread"))
    assert visits.change(visit=visit, by=cast.asha, nominal_label="Late", reason="Added").version == 2


def test_a_visit_that_may_have_been_before_is_recorded(cast: Cast, person: Any) -> None:
    withdraw(person, cast.asha, "visits")
    assert a_visit(person, "UNS", "2024-05", cast.asha).pk
    refusal(lambda: a_visit(person, "UNS", "2024-06", cast.asha))


def test_a_missed_visit_is_recorded_whatever_was_withdrawn(cast: Cast, person: Any) -> None:
    withdraw(person, cast.asha, "erasure_request")
    assert a_visit(person, "M3", None, cast.asha, status="missed", missed_reason="Withdrew").pk


def test_who_comes_back_is_visited_again(cast: Cast, person: Any) -> None:
    withdraw(person, cast.asha, "visits")
    an_event(person, "re_consent", cast.asha, "2024-06-01", signer="participant", age_at_signature=25)
    refusal(lambda: a_visit(person, "UNS", "2024-05-31", cast.asha))
    assert a_visit(person, "UNS", "2024-06-01", cast.asha).pk


def test_the_page_and_the_api_say_why(cast: Cast, person: Any, page: Any, api: Any) -> None:
    withdraw(person, cast.asha, "visits")
    typed = {"key": "UNS", "happened_on": AFTER, "status": "done"}
    answer = page(cast.asha).post(f"/participants/{person.code}/visits/new/", typed)
    assert answer.status_code == 409
    assert "Withdrawn on 10 May 2024" in answer.content.decode()
    assert AFTER in answer.content.decode()
    answer = api(cast.asha).post("/api/v1/visits/", typed | {"participant": person.code}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "consent_ended")


# --- forms ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["new_data", "sample_use", "erasure_request"])
def test_no_result_of_a_sample_that_was_taken_after(cast: Cast, person: Any, scope: str) -> None:
    withdraw(person, cast.asha, scope)
    assert refusal(lambda: a_result(person, cast.asha, AFTER))[0] == "collected_on"
    assert a_result(person, cast.asha, BEFORE).pk
    assert a_result(person, cast.asha, GONE).pk
    assert a_result(person, cast.asha, "2024-05").pk
    assert a_result(person, cast.asha, None).pk


@pytest.mark.parametrize("scope", ["treatment", "visits", "future_contact"])
def test_results_go_on_when_something_else_was_withdrawn(cast: Cast, person: Any, scope: str) -> None:
    withdraw(person, cast.asha, scope)
    assert a_result(person, cast.asha, AFTER).pk


def test_a_result_is_not_moved_beyond_the_withdrawal(cast: Cast, person: Any) -> None:
    result = a_result(person, cast.asha, BEFORE)
    withdraw(person, cast.asha, "new_data")
    moved = {"collected_on": AFTER}
    refusal(lambda: save(LAB_RESULT, raw=moved, by=cast.asha, record=result, complete=False))


@pytest.mark.parametrize("spec", [VITAL_SIGNS, SYMPTOMS])
def test_a_form_of_a_visit_is_dated_by_it(cast: Cast, person: Any, spec: Any) -> None:
    late = a_visit(person, "UNS", AFTER, cast.asha)
    early = a_visit(person, "UNS", BEFORE, cast.asha)
    withdraw(person, cast.asha, "new_data")

    def fill(visit: Any) -> Any:
        return save(spec, raw={}, by=cast.asha, parents={"visit": visit}, complete=False)

    assert refusal(lambda: fill(late))[0] == "visit"
    assert fill(early).pk


def test_a_form_without_a_day_goes_on(cast: Cast, person: Any) -> None:
    withdraw(person, cast.asha, "new_data")
    assert save(MEDICAL_HISTORY, raw={}, by=cast.asha, participant=person, complete=False).pk


def test_safety_is_always_recorded(cast: Cast, person: Any) -> None:
    late = a_visit(person, "UNS", AFTER, cast.asha)
    withdraw(person, cast.asha, "erasure_request")
    parents = {"visit": None, "session": None}
    event = save(
        ADVERSE_EVENT,
        raw={"onset_on": AFTER},
        by=cast.asha,
        participant=person,
        parents=parents,
        complete=False,
    )
    assert event.pk
    assert save(SAFETY_REVIEW, raw={}, by=cast.asha, parents={"visit": late}, complete=False).pk
    assert a_result(person, cast.asha, AFTER, context="safety").pk


def test_readings_of_later_days_are_refused_by_their_place(cast: Cast, person: Any) -> None:
    raw = {"period_start": "2024-05-01", "period_end": AFTER}
    chart = save(
        GLUCOSE_CHART, raw=raw, by=cast.asha, participant=person, parents={"visit": None}, complete=False
    )
    withdraw(person, cast.asha, "new_data")
    readings = [
        {"measured_on": day, "slot": "fasting", "value": "120", "unit": "mg/dL"}
        for day in (BEFORE, GONE, AFTER)
    ]
    field, _words = refusal(lambda: labs.record_readings(chart=chart, readings=readings, by=cast.asha))
    assert field == "readings.2.measured_on"
    assert len(labs.record_readings(chart=chart, readings=readings[:2], by=cast.asha)) == 2


LOST = {
    "last_contact_on": GONE,
    "declared_on": "2024-08-01",
    "attempts": 3,
    "attempt_methods": ["phone", "letter"],
}


def lost(person: Any, by: Any, **more: Any) -> Any:
    return save(LOST_TO_FOLLOW_UP, raw=LOST | more, by=by, participant=person, complete=False)


def test_nobody_is_called_after_contact_was_withdrawn(cast: Cast, person: Any) -> None:
    withdraw(person, cast.asha, "future_contact")
    assert refusal(lambda: lost(person, cast.asha))[0] == "attempts"
    assert lost(person, cast.asha, attempts=0, attempt_methods=[]).pk


def test_hospital_records_are_no_contact(cast: Cast, person: Any) -> None:
    withdraw(person, cast.asha, "future_contact")
    assert lost(person, cast.asha, attempt_methods=["hospital_record"]).pk


def test_attempts_of_before_go_on(cast: Cast, person: Any) -> None:
    withdraw(person, cast.asha, "future_contact")
    assert lost(person, cast.asha, last_contact_on="2024-04-01").pk


@pytest.mark.parametrize("scope", ["treatment", "visits", "new_data", "sample_use"])
def test_contact_goes_on_when_something_else_was_withdrawn(cast: Cast, person: Any, scope: str) -> None:
    withdraw(person, cast.asha, scope)
    assert lost(person, cast.asha).pk


def test_no_session_is_planned_after_treatment_was_withdrawn(cast: Cast, person: Any) -> None:
    withdraw(person, cast.asha, "treatment")
    refusal(lambda: celldose.plan_session(participant=person, by=cast.asha, planned_on=AFTER))
    assert celldose.plan_session(participant=person, by=cast.asha, planned_on=GONE).pk


# --- deviations, erasure, numbers of queries ------------------------------------------------------------


def test_a_visit_before_consent_is_a_deviation_until_the_log_shows_otherwise(cast: Cast) -> None:
    case = a_case(cast)
    visit = a_visit(case, "SCR", "2024-01-15", cast.asha)
    deviation = Deviation.objects.get(object_id=visit.pk, code="visit_without_consent")
    assert (deviation.state, deviation.classification) == ("open", "major")
    entry = an_adults_consent(case, cast.asha, "2024-02-01")
    deviation.refresh_from_db()
    assert deviation.state == "open"
    an_event(case, "correction", cast.asha, "2024-01-02", corrects=entry, note="The year was misread")
    deviation.refresh_from_db()
    assert deviation.state == "withdrawn"
    last = an_event(case, "correction", cast.asha, "2024-03-02", corrects=entry, note="It was right")
    deviation.refresh_from_db()
    assert (deviation.state, last.corrects_id) == ("open", entry.pk)


def test_a_withdrawal_that_is_entered_late_makes_deviations_of_what_came_after(
    cast: Cast, person: Any
) -> None:
    a_visit(person, "UNS", BEFORE, cast.asha)
    a_visit(person, "UNS", GONE, cast.asha)
    late = a_visit(person, "UNS", AFTER, cast.asha)
    assert not Deviation.objects.exists()
    withdraw(person, cast.asha, "visits")
    found = Deviation.objects.get()
    assert (found.object_id, found.code) == (late.pk, "visit_without_consent")
    assert "Withdrawn on 10 May 2024" in found.description


def test_a_published_case_departs_from_nothing(cast: Cast) -> None:
    published = a_case(cast, by=cast.meera, retrospective=True)
    a_visit(published, "S1", "2016-11-01", cast.meera)
    assert not Deviation.objects.exists()


def test_a_request_for_erasure_is_a_query_for_the_data_manager(cast: Cast, person: Any) -> None:
    asked = withdraw(person, cast.asha, "erasure_request")
    query = Query.objects.get(code="erasure_requested")
    assert (query.participant_id, query.object_id, query.form, query.state) == (
        person.pk,
        asked.pk,
        "",
        "open",
    )
    queries.close(query=query, text="Erased what need not be kept", by=cast.meera)
    an_event(person, "copy_given", cast.asha, None)
    an_event(person, "withdrawal", cast.asha, GONE, withdrawal_scopes=["sample_use"])
    query.refresh_from_db()
    assert query.state == "closed"


def test_a_request_that_was_entered_by_mistake_closes_its_query(cast: Cast, person: Any) -> None:
    asked = withdraw(person, cast.asha, "erasure_request", "visits")
    an_event(
        person,
        "correction",
        cast.asha,
        None,
        corrects=asked,
        withdrawal_scopes=["visits"],
        note="Only the visits",
    )
    assert Query.objects.get(code="erasure_requested").state == "closed"


def test_the_short_forms_answer_as_the_long_one(cast: Cast, person: Any) -> None:
    other = a_case(cast)
    withdraw(person, cast.asha, "visits")
    day = dt.date(2024, 6, 1)
    found = engine.bars([person, other], Use.VISIT, day)
    assert found[person.pk] == engine.bar(person, Use.VISIT, day) is not None
    assert found[other.pk] is None
    assert set(engine.left_out(Use.ANALYSIS)) == set()
    assert set(engine.left_out(Use.SHARING)) == {person.pk, other.pk}
    assert set(engine.stops_at([cast.mumbai.pk])) == {person.pk}
    assert engine.stops_at([cast.pune.pk]) == {}


def test_an_ordinary_save_asks_one_query_and_many_are_asked_as_one(cast: Cast, person: Any) -> None:
    with questions() as asked:
        assert engine.asked_of_entry(person, by=cast.asha, on=None) is None
    assert len(asked) == 1
    people = [a_case(cast) for _ in range(4)]
    for one in people:
        a_minors_consent(one, cast.asha)
    with questions() as of_one:
        engine.of(people[:1])
    with questions() as of_all:
        engine.of(people)
    assert len(of_one) == len(of_all)
