"""Queries open, stay answered, close and reopen by themselves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from apps.enrolment import actions as enrolment
from studyportal.crf.outcomes import Finding
from studyportal.queries import actions
from studyportal.queries.models import Query, QueryState

pytestmark = pytest.mark.django_db

HIGH = Finding("weight", "weight_high", "Weight is unusually high.")


@pytest.fixture
def record(cast: Any) -> Any:
    participant = enrolment.register(site=cast.mumbai, by=cast.asha)
    return SimpleNamespace(pk=1, site_id=participant.site_id, participant_id=participant.pk)


def run(record: Any, cast: Any, findings: list[Finding], weight: str) -> list[Query]:
    return actions.reconcile(
        record=record, form="vital-signs", findings=findings, values={"weight": weight}, by=cast.asha
    )


def test_an_answer_needs_words(record: Any, cast: Any) -> None:
    (query,) = run(record, cast, [HIGH], "200")
    with pytest.raises(actions.QueryRefused):
        actions.answer(query=query, text="  ", value="200", by=cast.asha)
    with pytest.raises(actions.QueryRefused):
        actions.reopen(query=query, text="why", by=cast.meera)


def test_opens_once(record: Any, cast: Any) -> None:
    run(record, cast, [HIGH], "200")
    run(record, cast, [HIGH], "200")
    assert Query.objects.count() == 1


def test_closes_when_put_right_and_reopens_when_it_recurs(record: Any, cast: Any) -> None:
    (query,) = run(record, cast, [HIGH], "200")
    assert run(record, cast, [], "60") == []
    query.refresh_from_db()
    assert query.state == QueryState.CLOSED
    assert query.closed_at
    run(record, cast, [HIGH], "210")
    query.refresh_from_db()
    assert (query.state, query.closed_at) == (QueryState.OPEN, None)
    assert [m.state for m in query.messages.all()] == ["closed", "open"]


def test_stays_answered_while_the_explained_value_stands(record: Any, cast: Any) -> None:
    (query,) = run(record, cast, [HIGH], "200")
    actions.answer(query=query, text="Weighed twice.", value="200", by=cast.asha)
    run(record, cast, [HIGH], "200")
    query.refresh_from_db()
    assert query.state == QueryState.ANSWERED
    actions.close(query=query, text="Accepted", by=cast.meera)
    run(record, cast, [HIGH], "200")
    query.refresh_from_db()
    assert query.state == QueryState.CLOSED
    run(record, cast, [HIGH], "201")
    query.refresh_from_db()
    assert query.state == QueryState.OPEN
