"""What was said, and what the values were around it; explanations given with the save."""

from __future__ import annotations

from typing import Any

import pytest

from studyportal.queries import actions, selectors, subjects, thread
from studyportal.queries.models import Query
from tests.studyportal.queries.test_reconcile import HIGH

pytestmark = pytest.mark.django_db


def steps_of(query: Query) -> list[tuple[str, str, list[tuple[Any, Any]]]]:
    found = selectors.shown(selectors.with_age(Query.objects.all())).get(pk=query.pk)
    steps, left_out = thread.of(found)
    assert left_out == 0
    return [(one.title, one.who, [(each.before, each.after) for each in one.fields]) for one in steps]


# Committed each on its own, as saves are: the history tells the beginning of a transaction.
@pytest.mark.django_db(transaction=True)
def test_words_and_values_stand_in_order_of_time(cast: Any, vitals: Any) -> None:
    vitals.type("39.4")
    query = vitals.query
    actions.answer(query=query, text="Read twice.", by=cast.asha)
    vitals.type("39.9")
    vitals.type("36.8")
    told = steps_of(query)
    assert [title for title, _who, _fields in told] == [
        "Value", "Asked", "Answered", "Value", "Asked again", "Value", "Closed",
    ]  # fmt: skip
    assert told[0][1:] == ("asha", [("", "39.4 °C")])
    assert told[3][2] == [("39.4 °C", "39.9 °C")]
    messages = [one.text for one in query.messages.all()]
    assert messages == [
        "Read twice.",
        "The check fires again: what was explained was 39.4, and now there is 39.9.",
        "The check no longer fires: now there is 36.8.",
    ]
    query.refresh_from_db()
    assert (query.state, query.closed_because) == ("closed", "put_right")


@pytest.mark.django_db(transaction=True)
def test_of_a_query_about_a_record_every_change_is_told(cast: Any, participant: Any, vitals: Any) -> None:
    record = vitals.type("36.8")
    query = actions.raise_query(
        participant=participant, message="Whose?", by=cast.meera, form="vital-signs", object_id=record.pk
    )
    vitals.type("36.9")
    assert [title for title, _who, _fields in steps_of(query)] == [
        "Change of the record",
        "Asked",
        "Change of the record",
    ]


def test_of_a_visit_dates_and_states_are_in_words(cast: Any, participant: Any, visit: Any) -> None:
    query = actions.raise_query(
        participant=participant, message="Then?", by=cast.meera, form="visit", object_id=visit.pk,
        field="happened_on",
    )  # fmt: skip
    told = steps_of(query)
    assert told[0] == ("Value", "asha", [("", "1 Nov 2016")])
    assert subjects.title_of("visit") == "Visit"
    assert subjects.url_of(query).endswith(f"/visits/{visit.pk}/#query-{query.pk}")


def test_a_form_that_is_no_more_is_shown_by_its_key(cast: Any, participant: Any) -> None:
    query = Query.objects.create(
        site=participant.site,
        participant=participant,
        form="gone",
        object_id=3,
        field="x",
        code="y",
        message="?",
    )
    assert steps_of(query) == [("Asked", "", [])]
    assert subjects.title_of("gone") == "gone"
    assert subjects.value_of(query) == ""
    assert subjects.url_of(query) == f"{participant.get_absolute_url()}#query-{query.pk}"


# --- explanations given with the save ---------------------------------------------------------------------


@pytest.fixture
def save(cast: Any, participant: Any) -> Any:
    from types import SimpleNamespace

    record = SimpleNamespace(pk=1, site_id=participant.site_id, participant_id=participant.pk)

    def run(weight: str, findings: Any, explanations: Any = None, by: Any = cast.asha) -> list[Query]:
        return actions.reconcile(
            record=record, form="vital-signs", findings=findings, values={"weight": weight}, by=by,
            explanations=explanations,
        )  # fmt: skip

    return run


def test_an_explanation_answers_the_query_that_opens(cast: Any, save: Any) -> None:
    (query,) = save("200", [HIGH], {("weight", "weight_high"): " Weighed twice. "})
    assert (query.state, query.explained_value) == ("answered", "200")
    assert [(one.author, one.act, one.text) for one in query.messages.all()] == [
        (cast.asha, "answered", "Weighed twice.")
    ]
    save("200", [HIGH], {("weight", "weight_high"): "Weighed twice."})
    assert query.messages.count() == 1, "saved again with the same words, it is not said twice"


@pytest.mark.parametrize(
    "explanations",
    [
        {},
        None,
        {("weight", "weight_high"): "  "},
        {("height", "weight_high"): "x"},
        {("weight", "other"): "x"},
    ],
)
def test_what_explains_another_finding_or_nothing_answers_nothing(save: Any, explanations: Any) -> None:
    (query,) = save("200", [HIGH], explanations)
    assert query.state == "open"
    assert not query.messages.exists()


def test_an_explanation_of_what_is_put_right_is_dropped(save: Any) -> None:
    (query,) = save("200", [HIGH])
    assert save("60", [], {("weight", "weight_high"): "Weighed twice."}) == []
    query.refresh_from_db()
    assert (query.state, query.messages.count()) == ("closed", 1)


def test_an_explanation_answers_a_query_that_comes_back(save: Any) -> None:
    (query,) = save("200", [HIGH], {("weight", "weight_high"): "Weighed twice."})
    save("210", [HIGH], {("weight", "weight_high"): "And once more."})
    query.refresh_from_db()
    assert (query.state, query.explained_value) == ("answered", "210")
    assert [one.act for one in query.messages.all()] == ["answered", "reopened", "answered"]


def test_nobody_explains_nothing(save: Any) -> None:
    (query,) = save("200", [HIGH], {("weight", "weight_high"): "By a job."}, by=None)
    assert query.state == "open"
