"""Tokens forged, replayed, expired and taken back; sessions planted, kept and ended."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from studyportal.access import tokens
from studyportal.access.models import ApiToken, Membership
from tests.security.pages import PASSWORD, SIGN_IN, sign_in, with_password
from tests.security.worlds import nothing_changed

ME = "/api/v1/me/"


def asked(token: str | bytes, url: str = ME) -> Any:
    return APIClient().get(
        url, HTTP_AUTHORIZATION=f"Token {token}" if isinstance(token, str) else b"Token " + token
    )


@pytest.mark.django_db
def test_forged_tokens(cast: Any) -> None:
    _mine, secret = tokens.issue(by=cast.asha, name="mine")
    _other, others = tokens.issue(by=cast.rao, name="another's")
    forged = [
        "", "x", "null", "0" * 64, "f" * 64, secret[:-1], secret + "0", secret.upper() if secret.upper() != secret else "z",
        secret[:15], secret[:15] + others[15:], others[:15] + secret[15:], _mine.digest, _mine.token_key, f"{secret} {secret}",
        "\u0410" + secret[1:], "%00" + secret, "' OR 1=1 --", "x" * 100_000, "tok\x00en", "ümlaut", f"{secret}\u200d",
    ]  # fmt: skip
    with nothing_changed():
        for token in forged:
            try:
                answer = asked(token.encode("utf-8").decode("latin-1"))
            except Exception as error:  # what the server of the test cannot even take
                pytest.fail(f"{token[:30]!r}: {error!r}")
            assert answer.status_code == 401, token[:30]
            assert answer["WWW-Authenticate"]
            assert answer.json()["code"] in ("authentication_failed", "not_authenticated")
            assert secret not in answer.content.decode()
    assert asked(secret).status_code == 200


@pytest.mark.django_db
def test_a_token_counts_only_in_its_header(cast: Any) -> None:
    _token, secret = tokens.issue(by=cast.asha, name="mine")
    stranger = APIClient()
    for url in (f"{ME}?token={secret}", f"{ME}?Authorization=Token+{secret}", f"{ME}?access_token={secret}"):
        assert stranger.get(url).status_code == 401
    stranger.cookies["token"] = secret
    assert stranger.get(ME).status_code == 401
    assert stranger.get(ME, HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 401
    assert stranger.get(ME, HTTP_X_AUTHORIZATION=f"Token {secret}").status_code == 401


@pytest.mark.django_db
def test_a_token_that_ended_is_not_taken_again(cast: Any) -> None:
    """Revoked, expired, its person deactivated or without a role: at once, and with every replay."""
    token, secret = tokens.issue(by=cast.asha, name="mine")
    assert asked(secret, "/api/v1/participants/").status_code == 200
    ApiToken.objects.filter(pk=token.pk).update(expiry=timezone.now() - dt.timedelta(seconds=1))
    assert asked(secret).status_code == 401
    ApiToken.objects.filter(pk=token.pk).update(expiry=timezone.now() + dt.timedelta(days=1))
    Membership.objects.filter(user=cast.asha).update(valid_until="2020-01-02")
    assert asked(secret, "/api/v1/participants/").status_code == 403
    type(cast.asha).objects.filter(pk=cast.asha.pk).update(is_active=False)
    for _replay in range(3):
        assert asked(secret).status_code == 401
    type(cast.asha).objects.filter(pk=cast.asha.pk).update(is_active=True)
    if ApiToken.objects.filter(pk=token.pk).exists():
        tokens.revoke(token=ApiToken.objects.get(pk=token.pk), by=cast.asha)
    for _replay in range(3):
        assert asked(secret).status_code == 401


@pytest.mark.django_db
def test_tokens_are_kept_as_digests(cast: Any) -> None:
    """What stands in the database signs nobody in; the comparison takes as long for every wrong digest."""
    import inspect

    import knox.auth

    token, secret = tokens.issue(by=cast.asha, name="mine")
    stored = {str(value) for value in ApiToken.objects.filter(pk=token.pk).values_list().get()}
    assert secret not in stored
    assert all(
        asked(value).status_code == 401 for value in stored if value and value.isascii() and "\n" not in value
    )
    assert "compare_digest" in inspect.getsource(knox.auth.TokenAuthentication.authenticate_credentials)


@pytest.mark.django_db
def test_a_session_planted_before_signing_in_is_not_kept(cast: Any) -> None:
    with_password(cast.asha)
    attacker = Client()
    attacker.get(SIGN_IN)
    session = attacker.session
    session["planted"] = "1"
    session.save()
    planted = session.session_key
    victim = Client()
    victim.cookies[settings.SESSION_COOKIE_NAME] = planted
    answer = sign_in(victim, "asha")
    assert answer.status_code == 302, answer.content
    assert victim.cookies[settings.SESSION_COOKIE_NAME].value != planted
    assert victim.get("/worklist/").status_code == 200
    attacker.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert attacker.get("/worklist/").status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("planted", ["x" * 32, "../../x", "' OR 1=1 --", "a" * 5000, "", "\u0410" * 32])
def test_made_up_session_keys(cast: Any, planted: str) -> None:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = planted.encode("utf-8").decode("latin-1")
    assert client.get("/worklist/").status_code == 302


@pytest.mark.django_db
def test_a_session_ends_with_its_person(cast: Any, page: Any) -> None:
    browser, same = page(cast.asha), Client()
    same.cookies[settings.SESSION_COOKIE_NAME] = browser.cookies[settings.SESSION_COOKIE_NAME].value
    assert same.get("/worklist/").status_code == 200
    browser.post("/sign-out/")
    assert same.get("/worklist/").status_code == 302, "signed out at once in every window of the session"
    again = page(cast.asha)
    type(cast.asha).objects.filter(pk=cast.asha.pk).update(is_active=False)
    with nothing_changed():
        assert again.get("/worklist/").status_code == 302
        assert again.post("/tokens/", {"name": "late"}).status_code == 302
        assert again.get("/api/v1/participants/").status_code == 401


@pytest.mark.django_db
def test_wrong_passwords_and_strange_names_tell_nothing(cast: Any) -> None:
    """A name that exists and one that does not get the same words."""
    with_password(cast.asha)
    said = {}
    for name in ("asha", "nobody-of-this-name"):
        answer = sign_in(Client(), name, "wrong")
        assert answer.status_code in (200, 400, 401, 403, 429)
        said[name] = answer.content.decode().replace(name, "")
        assert PASSWORD not in said[name] and 'value="wrong"' not in said[name]
        problem = APIClient().post("/api/v1/tokens/", {"username": name, "password": "wrong", "name": "x"})
        assert (problem.status_code, problem.json()["code"]) == (401, "wrong_credentials")
    import re

    plain = [re.sub(r'value="[\w-]{40,}"|[0-9a-zA-Z]{60,}', "", text) for text in said.values()]
    assert plain[0] == plain[1]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "evil",
    ["//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example", "http:///evil.example", "\\\\evil.example",
     "javascript:alert(1)", "%2f%2fevil.example", "/%5cevil.example", "\t//evil.example", "//evil.example/%2f..", "https://testserver@evil.example",
     "https://evil.example\\@testserver", "///evil.example", "data:text/html,x", "\x00//evil.example"],
)  # fmt: skip
def test_nothing_leads_out_of_the_portal(cast: Any, page: Any, evil: str) -> None:
    """`next` of the language switch, of sign-in and of the query board."""
    with_password(cast.asha)
    answers = [
        page(cast.asha).post("/language/", {"language": "hi", "next": evil}),
        Client().post("/language/", {"language": "hi"}, HTTP_REFERER=evil if evil.isprintable() else "x"),
    ]
    if "\x00" not in evil:
        answers.append(sign_in(Client(), "asha", next=evil))
    for answer in answers:
        assert answer.status_code in (200, 204, 302, 400)
        location = answer.headers.get("Location", "/")
        assert "\\" not in location and not location.startswith("//")
        assert urlsplit(urljoin("http://testserver/here/", location)).netloc == "testserver", location
