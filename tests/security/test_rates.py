"""Who asks too often is told to wait, in words and by Retry-After; nobody else is."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import redis
from rest_framework.test import APIClient

from studyportal.access import tokens
from studyportal.api import throttling
from tests.security.pages import PASSWORD, with_password


@pytest.fixture
def rates(settings: Any, monkeypatch: Any) -> Any:
    """Counters of this test's own, in one minute that does not end."""
    own = uuid.uuid4().hex
    plain = throttling.over
    monkeypatch.setattr(throttling, "over", lambda name, caller: plain(name, f"{own}:{caller}"))
    monkeypatch.setattr(throttling.time, "time", lambda: 1_800_000_000.0)

    def set_to(**limits: int) -> None:
        settings.RATES = dict.fromkeys(settings.RATES, 10**9) | limits

    return set_to


def assert_told_to_wait(answer: Any) -> None:
    assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")
    assert answer.json()["code"] == "throttled"
    assert 0 < int(answer["Retry-After"]) <= 60


@pytest.mark.django_db
def test_a_person_over_the_rate_waits_and_another_does_not(cast: Any, api: Any, rates: Any) -> None:
    rates(person=3)
    asha, rao = api(cast.asha), api(cast.rao)
    assert [asha.get("/api/v1/me/").status_code for _ in range(3)] == [200] * 3
    assert_told_to_wait(asha.get("/api/v1/me/"))
    assert_told_to_wait(api(cast.asha).get("/api/v1/participants/"))
    assert rao.get("/api/v1/me/").status_code == 200


@pytest.mark.django_db
def test_signing_in_for_a_token_is_held_to_few(cast: Any, rates: Any) -> None:
    """Also with the right password: the caller is not told which of the guesses was right."""
    rates(tokens=3)
    with_password(cast.asha)
    body = {"username": "asha", "password": "wrong", "name": "x"}
    assert [APIClient().post("/api/v1/tokens/", body).status_code for _ in range(3)] == [401] * 3
    assert_told_to_wait(APIClient().post("/api/v1/tokens/", body | {"password": PASSWORD}))
    elsewhere = APIClient(REMOTE_ADDR="192.0.2.7").post("/api/v1/tokens/", body | {"password": PASSWORD})
    assert elsewhere.status_code == 201


@pytest.mark.django_db
def test_guessing_tokens_is_held_to_few_and_a_right_one_works_on(cast: Any, rates: Any) -> None:
    rates(wrong_tokens=3)
    _token, secret = tokens.issue(by=cast.asha, name="mine")
    guess = lambda key: APIClient().get("/api/v1/me/", HTTP_AUTHORIZATION=f"Token {key}")  # noqa: E731
    assert [guess(f"{n}" * 64).status_code for n in range(3)] == [401] * 3
    assert_told_to_wait(guess("f" * 64))
    assert guess(secret).status_code == 200


@pytest.mark.django_db
def test_the_client_does_not_choose_its_address(settings: Any, rates: Any) -> None:
    rates(tokens=1)
    body = {"username": "a", "password": "b", "name": "x"}
    send = lambda said: APIClient().post("/api/v1/tokens/", body, HTTP_X_FORWARDED_FOR=said)  # noqa: E731
    assert send("192.0.2.1").status_code == 401
    assert_told_to_wait(send("192.0.2.2"))
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert send("1.1.1.1, 192.0.2.3").status_code == 401
    assert_told_to_wait(send("2.2.2.2, 192.0.2.3"))
    assert send("192.0.2.3, 192.0.2.4").status_code == 401


@pytest.mark.django_db
def test_one_round_trip_and_a_cache_that_is_away_stops_nobody(
    cast: Any, api: Any, rates: Any, monkeypatch: Any
) -> None:
    rates(person=3)
    server = throttling._server()
    sent = []
    plain = redis.client.Pipeline.execute
    monkeypatch.setattr(
        redis.client.Pipeline, "execute", lambda self, *a, **k: sent.append(1) or plain(self, *a, **k)
    )
    assert throttling.over("person", "x") == 0
    assert len(sent) == 1 and server is not None

    def away(*_: Any, **__: Any) -> Any:
        raise redis.ConnectionError

    monkeypatch.setattr(redis.client.Pipeline, "execute", away)
    assert api(cast.asha).get("/api/v1/me/").status_code == 200
    with throttling.place("downloads", "x", most=0):
        pass


def test_places_are_given_back_and_cannot_leak(monkeypatch: Any) -> None:
    caller = uuid.uuid4().hex
    with throttling.place("x", caller, most=2), throttling.place("x", caller, most=2):
        with pytest.raises(throttling.TooMany), throttling.place("x", caller, most=2):
            pass
        with throttling.place("x", uuid.uuid4().hex, most=2):
            pass
    now = throttling.time.time()
    dead = throttling.place("x", caller, most=1, seconds=60)  # its holder dies
    dead.__enter__()
    with pytest.raises(throttling.TooMany), throttling.place("x", caller, most=1):
        pass
    monkeypatch.setattr(throttling.time, "time", lambda: now + 120)
    with throttling.place("x", caller, most=1):
        pass


@pytest.mark.django_db
def test_downloads_at_once(cast: Any, api: Any, settings: Any) -> None:
    settings.DOWNLOADS_AT_ONCE = 1
    client = api(cast.meera)
    with throttling.place("downloads", str(cast.meera.pk), most=1):
        assert_told_to_wait(client.get("/api/v1/datasets/demographics.csv"))
    answer = client.get("/api/v1/datasets/demographics.csv")
    assert answer.status_code == 200
    answer.close()
