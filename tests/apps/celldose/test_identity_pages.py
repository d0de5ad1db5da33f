"""The page of an identity check and its endpoint: alone, one after the other, and two people on one device."""

from __future__ import annotations

from typing import Any

import pytest

from apps.celldose.models import IdentityReading
from apps.celldose.product_file import product_file
from studyportal.access.models import User
from tests.apps.celldose.conftest import Journey, at
from tests.apps.celldose.readings import read
from tests.cast import Cast

PASSWORD = "correct horse battery"


@pytest.fixture
def product(journey: Journey) -> Any:
    return journey.upto("product")


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save()
    return user


def page_of(product: Any, step: str = "collection") -> str:
    return f"/products/{product.pk}/identity/{step}/"


def endpoint(product: Any) -> str:
    return f"/api/v1/products/{product.pk}/readings/"


def reads(product: Any, **more: Any) -> dict[str, Any]:
    return {"identifier": "D-001", "participant_code": product.participant.code, "how": "scanned"} | more


def second(product: Any, **more: Any) -> dict[str, Any]:
    return {
        "second": "here",
        "second_username": "nikhil",
        "second_password": PASSWORD,
        "second_identifier": "D-001",
        "second_participant_code": product.participant.code,
    } | more


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (None, 302), ("norole", 403), ("admin", 403), ("sanjay", 403), ("farah", 403), ("devi", 403),
        ("vikram", 404), ("leela", 404), ("iyer", 404), ("asha", 200), ("nikhil", 200), ("rao", 200), ("meera", 200),
    ],
)  # fmt: skip
def test_who_reads_at_mumbai(
    product: Any, cast: Cast, page: Any, api: Any, who: str | None, status: int
) -> None:
    user = who and getattr(cast, who)
    assert page(user).get(page_of(product)).status_code == status
    posted = page(user).post(page_of(product), reads(product)).status_code
    assert posted == (302 if status in (200, 302) else status)
    sent = api(user).post(endpoint(product), {"step": "receipt"} | reads(product), format="json").status_code
    assert sent == {200: 201, 302: 401}.get(status, status)
    assert IdentityReading.objects.count() == (2 if status == 200 else 0)


@pytest.mark.parametrize("step", ["lunch", "COLLECTION", "x" * 40])
def test_there_is_no_other_step(product: Any, cast: Cast, page: Any, step: str) -> None:
    assert page(cast.asha).get(page_of(product, step)).status_code == 404


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_readings_are_added_and_nothing_else(
    product: Any, cast: Cast, page: Any, api: Any, method: str
) -> None:
    assert getattr(page(cast.asha), method)(page_of(product)).status_code == 405
    assert getattr(api(cast.asha), method)(endpoint(product), {}, format="json").status_code == 405


def test_the_numbers_are_not_on_the_page(product: Any, cast: Cast, page: Any) -> None:
    for _time in range(2):
        shown = page(cast.asha).get(page_of(product)).content.decode()
        assert "D-001" not in shown
        assert product.participant.code not in shown
        # Neither after a mismatch: it says which of the two, not what was expected.
        read(product, "collection", cast.asha, identifier="D-009")
    assert "the product is another one" in shown


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"identifier": ""}, 400, "Read it from the label"),
        ({"participant_code": "MUM-0001-0"}, 400, "one character was mistyped"),
        ({"how": ""}, 400, "Say how it was read"),
        ({"how": "paper"}, 400, "as on the signed sheet"),
        ({"how": "paper", "read_at": "yesterday"}, 400, "Write day and time"),
        ({"witness_of": "987654321"}, 409, "begin again"),
        ({"witness_of": "x"}, 409, "begin again"),
        ({"second": "here"}, 403, "their own user name and password"),
    ],
)
def test_what_the_page_refuses_it_gives_back(
    product: Any, cast: Cast, page: Any, changed: dict[str, str], status: int, words: str
) -> None:
    answer = page(cast.asha).post(page_of(product), reads(product) | {"identifier": "D-00X"} | changed)
    shown = answer.content.decode()
    assert answer.status_code == status
    assert words in shown
    if changed.get("identifier") != "":
        assert 'value="D-00X"' in shown, "what was typed stands in the form"
    assert not IdentityReading.objects.exists()


def test_a_step_that_is_not_open_says_so(product: Any, cast: Cast, page: Any) -> None:
    assert "is not released" in page(cast.asha).get(page_of(product, "issue")).content.decode()
    answer = page(cast.asha).post(page_of(product, "issue"), reads(product))
    assert answer.status_code == 409
    assert "is not released" in answer.content.decode()


# --- the second person on the same device -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"second_password": "wrong"}, 403, "The password is wrong"),
        ({"second_username": "nobody"}, 403, "The password is wrong"),
        ({"second_username": "asha"}, 403, "two different people"),
        ({"second_username": ""}, 403, "their own user name"),
        ({"second_username": "n\x00"}, 403, "their own user name"),
        ({"second_username": "leela"}, 400, "may not handle cell products"),
        ({"second_identifier": ""}, 400, "Read it from the label"),
        ({"second_participant_code": "MUM-0001-0"}, 400, "one character was mistyped"),
    ],
)
def test_a_second_person_who_is_none(
    product: Any, cast: Cast, page: Any, changed: dict[str, str], status: int, words: str
) -> None:
    for user in (cast.nikhil, cast.leela, cast.asha):
        with_password(user)
    answer = page(cast.asha).post(page_of(product), reads(product) | second(product, **changed))
    shown = answer.content.decode()
    assert answer.status_code == status
    assert words in shown
    assert PASSWORD not in shown, "a password is never given back"
    assert 'value="D-001"' in shown
    assert not IdentityReading.objects.exists(), "both or neither"


def test_a_person_who_has_left_is_no_second(product: Any, cast: Cast, page: Any) -> None:
    with_password(cast.nikhil)
    User.objects.filter(pk=cast.nikhil.pk).update(is_active=False)
    answer = page(cast.asha).post(page_of(product), reads(product) | second(product))
    assert answer.status_code == 403


def test_a_second_person_with_a_borrowed_password_signs_in_first(product: Any, cast: Cast, page: Any) -> None:
    with_password(cast.nikhil)
    User.objects.filter(pk=cast.nikhil.pk).update(password_is_temporary=True)
    answer = page(cast.asha).post(page_of(product), reads(product) | second(product))
    assert (answer.status_code, IdentityReading.objects.count()) == (403, 0)
    assert "signs in once before" in answer.content.decode()


def test_two_people_on_one_device(product: Any, cast: Cast, page: Any) -> None:
    with_password(cast.nikhil)
    client = page(cast.asha)
    answer = client.post(page_of(product), reads(product) | second(product))
    assert (answer.status_code, answer.url) == (302, f"/products/{product.pk}/")
    first, witness = IdentityReading.objects.order_by("id")
    assert (first.reader, witness.reader, witness.witness_of) == (cast.asha, cast.nikhil, first)
    assert product_file(product.pk).verified["collection"].matches
    # Nobody was signed in by it.
    assert client.session["_auth_user_id"] == str(cast.asha.pk)


def test_two_people_on_two_devices(product: Any, cast: Cast, page: Any) -> None:
    first = page(cast.asha)
    assert first.post(page_of(product), reads(product)).url == page_of(product)
    assert "a second has not" in first.get(page_of(product)).content.decode()
    other = page(cast.nikhil)
    shown = other.get(page_of(product)).content.decode()
    assert "Asha has read; you are the second person" in shown
    waiting = IdentityReading.objects.get()
    assert f'name="witness_of" value="{waiting.pk}"' in shown
    answer = other.post(page_of(product), reads(product, witness_of=str(waiting.pk)))
    assert answer.url == f"/products/{product.pk}/"
    assert product_file(product.pk).verified["collection"].people == ("Asha", "Nikhil")


def test_a_mismatch_shows_and_bars(product: Any, cast: Cast, page: Any) -> None:
    client = page(cast.asha)
    answer = client.post(page_of(product), reads(product, participant_code="MUM-0002-5"), follow=True)
    shown = answer.content.decode()
    assert "the participant is another one" in shown
    assert "Stop." in shown
    assert product_file(product.pk).identity["collection"].matches is False


def test_a_signed_sheet_is_entered_later_in_the_time_of_the_site(product: Any, cast: Cast, page: Any) -> None:
    page(cast.asha).post(page_of(product), reads(product, how="paper", read_at="2025-03-10T10:05"))
    made = IdentityReading.objects.get()
    assert made.read_at.isoformat() == "2025-03-10T04:35:00+00:00"
    assert made.how == "paper"


# --- the endpoint -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"step": None}, 400, "unknown_code"),
        ({"step": ["issue"]}, 400, "unknown_code"),
        ({"how": 3}, 400, "unknown_code"),
        ({"identifier": {"a": 1}}, 400, "type"),
        ({"read_at": 12}, 400, "type"),
        ({"read_at": "2025-13-01T10:00"}, 400, "invalid_datetime"),
        ({"witness_of": "x"}, 400, "not_found"),
        ({"witness_of": True}, 400, "not_found"),
        ({"witness_of": 2**70}, 400, "not_found"),
        ({"second": "nikhil"}, 400, "type"),
        ({"second": {"user": "nikhil"}}, 400, "unknown_field"),
        ({"second": {"username": 7}}, 400, "type"),
        ({"second": {"username": "nikhil"}, "witness_of": 1}, 400, "contradiction"),
        ({"matches": True}, 400, "unknown_field"),
    ],
)
def test_what_the_endpoint_refuses(
    product: Any, cast: Cast, api: Any, changed: dict[str, Any], status: int, code: str
) -> None:
    sent = {"step": "collection"} | reads(product) | changed
    answer = api(cast.asha).post(endpoint(product), sent, format="json")
    assert answer.status_code == status
    assert code in {one["code"] for one in answer.json()["errors"]}
    assert not IdentityReading.objects.exists()


def test_a_wrong_second_is_403(product: Any, cast: Cast, api: Any) -> None:
    with_password(cast.nikhil)
    other = {"username": "nikhil", "password": "wrong", "identifier": "D-001", "participant_code": "x"}
    sent = {"step": "collection", "second": other} | reads(product)
    answer = api(cast.asha).post(endpoint(product), sent, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_confirmed")


def test_one_after_the_other_by_api(product: Any, cast: Cast, api: Any) -> None:
    sent = {"step": "collection"} | reads(product, how="paper", read_at=at(10, 5))
    first = api(cast.asha).post(endpoint(product), sent, format="json").json()
    assert (first["matches"], first["check"]["matches"], first["reader"]) == (True, None, "asha")
    answer = (
        api(cast.nikhil).post(endpoint(product), sent | {"witness_of": first["id"]}, format="json").json()
    )
    assert answer["check"] | {"at": None} == {
        "step": "collection", "matches": True, "said": "", "at": None, "people": ["Asha", "Nikhil"],
        "by_readings": True,
    }  # fmt: skip
    rows = api(cast.rao).get(endpoint(product)).json()
    assert [row["witness_of"] for row in rows] == [None, first["id"]]


def test_both_at_once_by_api(product: Any, cast: Cast, api: Any) -> None:
    with_password(cast.nikhil)
    other = {
        "username": "nikhil", "password": PASSWORD, "identifier": "D-001",
        "participant_code": product.participant.code,
    }  # fmt: skip
    answer = api(cast.asha).post(
        endpoint(product), {"step": "collection", "second": other} | reads(product), format="json"
    )
    assert answer.status_code == 201
    assert answer.json()["second_reading"]["reader"] == "nikhil"
    assert answer.json()["check"]["matches"] is True
    assert PASSWORD not in answer.content.decode()
