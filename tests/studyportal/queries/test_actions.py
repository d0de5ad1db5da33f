"""What people do with queries: refusals first, then what follows."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from studyportal.queries import actions, selectors
from studyportal.queries.actions import QueryRefused, QueryStale
from studyportal.queries.models import Query, QueryState

pytestmark = pytest.mark.django_db


# --- asking ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"message": "  "}, "message"),
        ({"message": "a\x00b"}, "message"),
        ({"message": "x" * 2001}, "message"),
        ({"form": "no-such-form", "object_id": 1}, "form"),
        ({"form": "", "object_id": 1}, "form"),
        ({"field": "weight"}, "form"),
        ({"form": "vital-signs", "object_id": None}, "record"),
        ({"form": "vital-signs", "object_id": 2**70}, "record"),
        ({"form": "vital-signs", "object_id": 987654321}, "record"),
        ({"assigned_role": "statistician"}, "assigned_role"),
    ],
)
def test_what_cannot_be_asked(cast: Any, participant: Any, given: dict[str, Any], field: str) -> None:
    with pytest.raises(QueryRefused) as refused:
        actions.raise_query(participant=participant, by=cast.meera, **{"message": "Why?"} | given)
    assert refused.value.field == field
    assert not Query.objects.filter(origin="person").exists()


def test_asked_about_a_form_its_field_and_a_visit(
    cast: Any, participant: Any, visit: Any, vitals: Any
) -> None:
    record = vitals.type("36.8")
    about = {"participant": participant, "message": "Why?", "by": cast.rao, "form": "vital-signs"}
    with pytest.raises(QueryRefused) as refused:
        actions.raise_query(**about, object_id=record.pk, field="no_such")
    assert refused.value.field == "field"
    asked = actions.raise_query(**about, object_id=record.pk, field="temperature")
    assert (asked.field, asked.raised_by, asked.origin, asked.code) == (
        "temperature",
        cast.rao,
        "person",
        "person",
    )
    assert actions.raise_query(**about, object_id=record.pk).pk != asked.pk
    of_visit = actions.raise_query(
        participant=participant, message="Which day?", by=cast.rao, form="visit", object_id=visit.pk,
        field="happened_on",
    )  # fmt: skip
    actions.answer(query=of_visit, text="The first.", by=cast.asha)
    of_visit.refresh_from_db()
    assert of_visit.explained_value == "2016-11-01"


def test_another_participants_record_is_none(cast: Any, elsewhere: Any, vitals: Any) -> None:
    record = vitals.type("36.8")
    with pytest.raises(QueryRefused) as refused:
        actions.raise_query(
            participant=elsewhere, message="Why?", by=cast.meera, form="vital-signs", object_id=record.pk
        )
    assert refused.value.field == "record"


def test_the_same_question_sent_twice_is_asked_once(cast: Any, participant: Any, query: Query) -> None:
    again = actions.raise_query(participant=participant, message=" Which insulin? ", by=cast.meera)
    assert again.pk == query.pk
    assert actions.raise_query(participant=participant, message="Which insulin?", by=cast.rao).pk != query.pk
    actions.close(query=query, text="", by=cast.meera)
    assert (
        actions.raise_query(participant=participant, message="Which insulin?", by=cast.meera).pk != query.pk
    )


# --- assigning -------------------------------------------------------------------------------------------


def test_only_who_may_answer_there_is_asked(cast: Any, query: Query) -> None:
    for nobody in (cast.vikram, cast.sanjay, cast.nikhil, cast.admin):
        with pytest.raises(QueryRefused) as refused:
            actions.assign(query=query, to=nobody, by=cast.meera)
        assert refused.value.field == "assigned_to"
    cast.rao.is_active = False
    cast.rao.save()
    with pytest.raises(QueryRefused):
        actions.assign(query=query, to=cast.rao, by=cast.meera)
    with pytest.raises(QueryRefused):
        actions.assign(query=query, to=cast.asha, role="investigator", by=cast.meera)
    query.refresh_from_db()
    assert query.version == 1


def test_assigned_to_a_person_a_role_and_nobody(cast: Any, query: Query) -> None:
    actions.assign(query=query, to=cast.asha, by=cast.meera, text="You have the chart.")
    actions.assign(query=query, to=cast.asha, by=cast.meera)  # nothing changes
    actions.assign(query=query, role="investigator", by=cast.asha)
    actions.assign(query=query, by=cast.meera)
    query.refresh_from_db()
    assert (query.assigned_to, query.assigned_role, query.state) == (None, "", "open")
    assert [(one.act, one.text) for one in query.messages.all()] == [
        ("assigned", "Assigned to Asha: You have the chart."),
        ("assigned", "Assigned to Investigator."),
        ("assigned", "Assigned to whoever enters data at the site."),
    ]
    actions.close(query=query, text="", by=cast.meera)
    with pytest.raises(QueryRefused):
        actions.assign(query=query, to=cast.asha, by=cast.meera)


def test_the_database_takes_no_two_assignees(cast: Any, query: Query) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Query.objects.filter(pk=query.pk).update(assigned_to=cast.asha, assigned_role="investigator")


def test_mine_are_those_of_my_roles_where_i_hold_them(cast: Any, query: Query, elsewhere: Any) -> None:
    there = actions.raise_query(
        participant=elsewhere, message="There?", by=cast.meera, assigned_role="site_coordinator"
    )
    actions.assign(query=query, role="site_coordinator", by=cast.meera)

    def mine(user: Any) -> set[int]:
        return {one.pk for one in Query.objects.filter(selectors.mine(user))}

    assert (mine(cast.asha), mine(cast.vikram), mine(cast.rao)) == ({query.pk}, {there.pk}, set())


def test_to_answer_are_mine_first_then_the_oldest(cast: Any, participant: Any, query: Query) -> None:
    others = actions.raise_query(
        participant=participant, message="Of Rao?", by=cast.meera, assigned_to=cast.rao
    )
    later = actions.raise_query(participant=participant, message="Later?", by=cast.meera)
    mine = actions.raise_query(participant=participant, message="Mine?", by=cast.meera, assigned_to=cast.asha)
    assert [one.pk for one in selectors.to_answer(cast.asha)] == [mine.pk, query.pk, later.pk, others.pk]
    assert not selectors.to_answer(cast.vikram).exists()


# --- answering, closing, taking back ----------------------------------------------------------------------


def test_a_version_that_is_not_the_newest_is_refused_and_says_which_is(cast: Any, query: Query) -> None:
    actions.answer(query=query, text="Glargine.", by=cast.asha, expected_version=1)
    for act in (actions.answer, actions.close, actions.reopen, actions.withdraw):
        with pytest.raises(QueryStale) as stale:
            act(query=query, text="So?", by=cast.meera, expected_version=1)
        assert stale.value.version == 2


@pytest.mark.parametrize("act", [actions.answer, actions.reopen, actions.withdraw])
@pytest.mark.parametrize("text", ["", " \n", "a\x00", "x" * 2001])
def test_an_act_says_why(cast: Any, query: Query, act: Any, text: str) -> None:
    if act is actions.reopen:
        actions.answer(query=query, text="Glargine.", by=cast.asha)
    with pytest.raises(QueryRefused) as refused:
        act(query=query, text=text, by=cast.meera)
    assert refused.value.field == "text"


def test_only_ones_own_question_is_taken_back(cast: Any, query: Query, vitals: Any) -> None:
    with pytest.raises(QueryRefused):
        actions.withdraw(query=query, text="Never mind", by=cast.rao)
    vitals.type("39.4")
    with pytest.raises(QueryRefused):
        actions.withdraw(query=vitals.query, text="Never mind", by=cast.meera)
    actions.withdraw(query=query, text="It is in the letter.", by=cast.meera)
    query.refresh_from_db()
    assert (query.state, query.closed_because) == ("closed", "withdrawn")
    with pytest.raises(QueryRefused):
        actions.withdraw(query=query, text="Again", by=cast.meera)


def test_several_are_closed_at_once_with_one_reason(cast: Any, participant: Any, elsewhere: Any) -> None:
    asked = [
        actions.raise_query(participant=participant, message=f"Question {n}?", by=cast.meera)
        for n in range(3)
    ]
    there = actions.raise_query(participant=elsewhere, message="There?", by=cast.meera)
    for one in (*asked[:2], there):
        actions.answer(query=one, text="So.", value="", by=cast.asha)
    of_mumbai = Query.objects.filter(site=cast.mumbai)
    ids = [one.pk for one in (*asked, there)]
    for wrong in (
        {"text": "  ", "ids": ids},
        {"text": "Fine.", "ids": []},
        {"text": "Fine.", "ids": range(201)},
    ):
        with pytest.raises(QueryRefused):
            actions.close_many(by=cast.meera, within=of_mumbai, **wrong)
    assert actions.close_many(ids=ids, text="All seen.", by=cast.meera, within=of_mumbai) == (2, 2)
    assert dict(Query.objects.values_list("pk", "state")) == {
        asked[0].pk: QueryState.CLOSED,
        asked[1].pk: QueryState.CLOSED,
        asked[2].pk: QueryState.OPEN,
        there.pk: QueryState.ANSWERED,
    }
    assert asked[0].messages.last().text == "All seen."
    assert actions.close_many(ids=ids, text="All seen.", by=cast.meera, within=of_mumbai) == (0, 4)
