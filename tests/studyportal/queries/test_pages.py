"""The pages of queries: refusals, then the board, one query, asking, each act, and the places where queries stand."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from studyportal.audit.models import Look
from studyportal.queries import actions
from studyportal.queries.models import Query

pytestmark = pytest.mark.django_db
PAGES = ("/queries/", "/queries/counts/", "/queries/list.csv")


def text_of(answer: Any) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(body.decode())


# --- refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", PAGES)
def test_lists_are_for_who_sees_records(cast: Any, page: Any, query: Query, url: str) -> None:
    assert page(None).get(url)["Location"].startswith("/sign-in/")
    for name in ("sanjay", "devi", "farah", "admin", "norole"):
        assert page(getattr(cast, name)).get(url).status_code == 403
    assert query.participant.code not in text_of(page(cast.vikram).get(url))
    assert page(cast.asha).post(url).status_code == 405


@pytest.mark.parametrize("act", ["", "answer/", "close/", "reopen/", "withdraw/", "assign/"])
def test_another_sites_query_is_not_found(cast: Any, page: Any, query: Query, act: str) -> None:
    for name, url in (("iyer", f"/queries/{query.pk}/{act}"), ("meera", f"/queries/987654321/{act}")):
        client = page(getattr(cast, name))
        answer = client.post(url, {"text": "x"}) if act else client.get(url)
        assert answer.status_code in ((403, 404) if act in ("close/", "reopen/") else (404,))


@pytest.mark.parametrize(
    ("act", "refused"),
    [
        ("answer/", ("nikhil", "sanjay")),
        ("close/", ("asha", "rao", "nikhil")),
        ("reopen/", ("asha", "rao", "nikhil")),
        ("withdraw/", ("asha", "nikhil")),
        ("assign/", ("nikhil", "sanjay")),
    ],
)
def test_who_may_not_act(cast: Any, page: Any, query: Query, act: str, refused: tuple[str, ...]) -> None:
    for name in refused:
        assert page(getattr(cast, name)).post(f"/queries/{query.pk}/{act}", {"text": "x"}).status_code == 403
    query.refresh_from_db()
    assert query.version == 1


def test_who_may_not_ask(cast: Any, page: Any, participant: Any) -> None:
    url = f"/participants/{participant.code}/queries/new/"
    for name in ("asha", "nikhil", "sanjay", "farah"):
        assert page(getattr(cast, name)).post(url, {"message": "Why?"}).status_code == 403
    assert page(cast.iyer).post(url, {"message": "Why?"}).status_code == 404
    assert not Query.objects.exists()


# --- the board -------------------------------------------------------------------------------------------


def test_the_board_is_narrowed_and_says_how_old(cast: Any, page: Any, query: Query, vitals: Any) -> None:
    vitals.type("39.4")
    Query.objects.filter(pk=query.pk).update(opened_at=timezone.now() - dt.timedelta(days=40))
    actions.assign(query=query, to=cast.asha, by=cast.meera)
    client = page(cast.asha)

    def shown(asked: str) -> set[int]:
        body = text_of(client.get(f"/queries/?{asked}"))
        return {pk for pk in (query.pk, fever) if f'id="query-{pk}"' in body}

    fever = vitals.query.pk
    assert shown("") == {query.pk, fever}
    assert shown("age=older") == shown("assignee=me") == shown("origin=person") == {query.pk}
    assert shown("age=week") == shown("form=vital-signs") == shown("code=fever") == {fever}
    assert shown("assignee=nobody") == {fever}
    assert shown("form=participant") == {query.pk}
    assert shown("state=closed") == set()
    assert shown(f"q={query.participant.code[:8]}") == {query.pk, fever}
    assert shown("age=nonsense&state=zzz&site=PUN&after=x&before=9999999999999999999") == {query.pk, fever}
    body = text_of(client.get("/queries/"))
    assert "40 days" in body and "to be answered by" in body


def test_the_numbers_by_site_and_form(
    cast: Any, page: Any, query: Query, elsewhere: Any, vitals: Any
) -> None:
    vitals.type("39.4")
    actions.answer(query=vitals.query, text="Read twice.", by=cast.asha)
    there = actions.raise_query(participant=elsewhere, message="There?", by=cast.meera)
    Query.objects.filter(pk=there.pk).update(opened_at=timezone.now() - dt.timedelta(days=15))
    body = text_of(page(cast.meera).get("/queries/counts/"))
    for link in (
        "site=MUM&amp;form=participant&amp;state=open&amp;age=week",
        "site=PUN&amp;form=participant&amp;state=open&amp;age=month",
        "site=MUM&amp;form=vital-signs&amp;state=answered",
    ):
        assert link in body
    assert "state=open&amp;age=older" not in body
    assert "PUN" not in text_of(page(cast.asha).get("/queries/counts/"))


def test_the_file_holds_what_the_board_shows_and_is_logged(
    cast: Any, page: Any, query: Query, participant: Any
) -> None:
    actions.raise_query(participant=participant, message="=1+1", by=cast.rao, assigned_role="investigator")
    answer = page(cast.asha).get("/queries/list.csv?state=open")
    rows = list(csv.DictReader(io.StringIO(text_of(answer))))
    assert [(row["question"], row["asked_by"], row["assigned_role"], row["age_days"]) for row in rows] == [
        ("Which insulin?", "meera", "", "0"),
        ("'=1+1", "rao", "investigator", "0"),
    ]
    look = Look.objects.get(what="queries_file")
    assert (look.user, look.detail) == (cast.asha, "state: open")


def test_pages_ask_as_often_for_many(cast: Any, page: Any, participant: Any) -> None:
    def asked(url: str) -> int:
        client = page(cast.meera)
        with CaptureQueriesContext(connection) as captured:
            client.get(url)
        return len(captured)

    urls = ("/queries/", "/queries/counts/", participant.get_absolute_url())
    first = actions.raise_query(participant=participant, message="First?", by=cast.meera)
    actions.answer(query=first, text="So.", value="", by=cast.asha)
    few = [asked(url) for url in urls]
    for number in range(12):
        one = actions.raise_query(
            participant=participant, message=f"Why {number}?", by=cast.meera, assigned_to=cast.asha
        )
        actions.answer(query=one, text="So.", value="", by=cast.asha)
    assert [asked(url) for url in urls] == few


# --- one query, and its acts ------------------------------------------------------------------------------


def test_nothing_typed_is_lost(cast: Any, page: Any, query: Query) -> None:
    client, url = page(cast.meera), f"/queries/{query.pk}/"
    long = client.post(f"{url}answer/", {"text": "عربي 🙂" * 400})
    assert long.status_code == 400
    assert "عربي 🙂" in text_of(long) and "at most 2000" in text_of(long)
    actions.answer(query=query, text="Glargine.", by=cast.asha)
    stale = client.post(f"{url}close/", {"text": "My long remark", "version": 1})
    assert (stale.status_code, "My long remark" in text_of(stale)) == (412, True)
    actions.close(query=query, text="", by=cast.meera)
    closed = client.post(f"{url}answer/", {"text": "Too late", "version": 3})
    assert (closed.status_code, "Too late" in text_of(closed)) == (409, True)


def test_markup_is_shown_as_it_was_typed(cast: Any, page: Any, query: Query) -> None:
    actions.answer(query=query, text="<script>alert(1)</script>", by=cast.asha)
    for url in ("/queries/", f"/queries/{query.pk}/", query.participant.get_absolute_url()):
        body = text_of(page(cast.meera).get(url))
        assert "<script>alert" not in body and "&lt;script&gt;alert" in body


def test_assigned_on_the_page(cast: Any, page: Any, query: Query) -> None:
    client, url = page(cast.asha), f"/queries/{query.pk}/"
    assert "user:rao" in text_of(client.get(url)) and "user:vikram" not in text_of(client.get(url))
    refused = client.post(f"{url}assign/", {"assignee": "user:vikram", "text": "Yours?"})
    assert (refused.status_code, "Yours?" in text_of(refused)) == (400, True)
    assert client.post(f"{url}assign/", {"assignee": "user:rao"}).status_code == 302
    query.refresh_from_db()
    assert query.assigned_to == cast.rao
    assert (
        page(cast.meera).post(f"{url}assign/", {"assignee": "role:investigator", "version": 1}).status_code
        == 412
    )
    assert client.post(f"{url}assign/", {"assignee": "role:investigator"}).status_code == 302


def test_several_are_closed_on_the_board(cast: Any, page: Any, query: Query) -> None:
    actions.answer(query=query, text="Glargine.", by=cast.asha)
    assert "close-many" not in text_of(page(cast.asha).get("/queries/?state=answered"))
    client = page(cast.meera)
    assert 'form="close-many"' in text_of(client.get("/queries/?state=answered"))
    url = "/queries/close/?state=answered"
    assert page(cast.asha).post(url, {"ids": [query.pk], "text": "x"}).status_code == 403
    again = client.post(url, {"ids": [query.pk], "text": " "})
    assert again.status_code == 400
    assert f'value="{query.pk}" form="close-many" checked' in text_of(again)
    assert client.post(url, {"ids": ["x", ""], "text": "Seen."}).status_code == 400
    done = client.post(url, {"ids": [query.pk, 987654321], "text": "Seen."})
    assert done["Location"] == "/queries/?state=answered"
    query.refresh_from_db()
    assert (query.state, query.closed_because) == ("closed", "accepted")


# --- where queries stand ----------------------------------------------------------------------------------


def test_answered_on_the_page_of_the_form(cast: Any, page: Any, vitals: Any) -> None:
    record = vitals.type("39.4")
    query, url = vitals.query, f"/forms/vital-signs/{record.pk}/"
    body = text_of(page(cast.asha).get(url))
    assert f'action="/queries/{query.pk}/answer/"' in body
    answer = page(cast.asha).post(f"/queries/{query.pk}/answer/", {"text": "Read twice.", "next": url})
    assert answer["Location"] == url
    query.refresh_from_db()
    assert (query.state, query.explained_value) == ("answered", "39.4")
    actions.close(query=query, text="", by=cast.meera)
    assert "1 closed query" in text_of(page(cast.asha).get(url))
    assert "/answer/" not in text_of(page(cast.nikhil).get(url))


def test_asked_from_the_form_and_from_the_visit(cast: Any, page: Any, vitals: Any, visit: Any) -> None:
    record = vitals.type("36.8")
    code = visit.participant.code
    about = f"/participants/{code}/queries/new/?form=vital-signs&record={record.pk}"
    client = page(cast.rao)
    assert about.replace("&", "&amp;") in text_of(client.get(f"/forms/vital-signs/{record.pk}/"))
    of_visit = f"/participants/{code}/queries/new/?form=visit&record={visit.pk}"
    assert of_visit.replace("&", "&amp;") in text_of(client.get(f"/participants/{code}/visits/{visit.pk}/"))
    wrong = client.post(about, {"message": "Ear?", "field": "no_such", "assignee": "user:vikram"})
    assert (wrong.status_code, "Ear?" in text_of(wrong)) == (400, True)
    asked = client.post(about, {"message": "Ear?", "field": "temperature", "assignee": "user:asha"})
    assert asked["Location"] == f"/forms/vital-signs/{record.pk}/"
    query = Query.objects.get(message="Ear?")
    assert (query.form, query.object_id, query.field, query.assigned_to) == (
        "vital-signs", record.pk, "temperature", cast.asha,
    )  # fmt: skip
    # What is asked about nothing known is asked about the participant.
    client.post(f"/participants/{code}/queries/new/?form=no-such&record=7", {"message": "Who?"})
    assert Query.objects.get(message="Who?").form == ""
