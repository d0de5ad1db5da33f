"""Signing in by the page: refusals, the lock-out, the session's key, where it leads, and the password."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.test import Client
from django.urls import NoReverseMatch, reverse

from studyportal.access.address import client_address
from studyportal.access.checks import settings_of_signing_in
from studyportal.access.models import User
from tests.studyportal.access.conftest import PASSWORD, WRONG, is_in, sign_in

pytestmark = pytest.mark.django_db
NEW = "seven llamas in a lift"


def said(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


# --- Refusals --------------------------------------------------------------------------------------------


def test_a_wrong_password_an_unknown_name_and_a_closed_account_read_the_same(
    asha: User, client: Client
) -> None:
    answers = [sign_in(client, password=WRONG), sign_in(client, name="nobody")]
    User.objects.filter(pk=asha.pk).update(is_active=False)
    answers.append(sign_in(client))
    for answer in answers:
        assert answer.status_code == 200
        assert "This user name and password do not belong together." in said(answer)
        assert 'role="alert"' in said(answer)
    assert not is_in(client)


@pytest.mark.parametrize(
    "posted",
    [
        {},
        {"username": "asha"},
        {"password": PASSWORD},
        {"username": "a\x00", "password": "b\x00"},
        {"username": "a" * 151, "password": "x"},
        {"username": "{{ settings.SECRET_KEY }}", "password": "' OR 1=1 --"},
    ],
)
def test_nonsense_is_refused_plainly(asha: User, client: Client, posted: dict[str, str]) -> None:
    answer = client.post("/sign-in/", posted)
    assert answer.status_code == 200
    assert 'role="alert"' in said(answer)
    assert not is_in(client)


def test_there_is_no_sign_up_no_reset_and_no_social_account(client: Client) -> None:
    for name in ("account_signup", "account_reset_password", "account_email", "account_request_login_code"):
        with pytest.raises(NoReverseMatch):
            reverse(name)
    for path in ("/account/signup/", "/account/login/", "/accounts/signup/", "/account/password/reset/"):
        assert client.get(path).status_code == 404


def test_csrf(asha: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert sign_in(strict).status_code == 403
    assert not is_in(strict)


def test_signing_out_is_a_post(asha: User, client: Client) -> None:
    sign_in(client)
    assert client.get("/sign-out/").status_code == 405
    assert is_in(client)


# --- Lock-out --------------------------------------------------------------------------------------------


def test_ten_wrong_passwords_lock_the_name_at_that_address(asha: User, lockout: None, client: Client) -> None:
    for _ in range(9):
        assert sign_in(client, password=WRONG).status_code == 200
    answer = sign_in(client, password=WRONG)
    assert answer.status_code == 429
    assert "Wait 15 minutes" in said(answer)
    assert answer["Retry-After"] == "900"
    # Not even the right password, and not by the other door either.
    assert sign_in(client).status_code == 429
    asked = {"username": "asha", "password": PASSWORD, "name": "script"}
    refused = client.post("/api/v1/tokens/", asked, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (429, "locked_out")
    # Others are free: another name here, this name elsewhere.
    assert sign_in(client, name="vikram", password=WRONG).status_code == 200
    assert sign_in(Client(REMOTE_ADDR="192.0.2.9")).status_code == 302


def test_the_api_counts_as_well(asha: User, lockout: None, client: Client) -> None:
    asked = {"username": "asha", "password": WRONG, "name": "script"}
    answers = [client.post("/api/v1/tokens/", asked, content_type="application/json") for _ in range(10)]
    assert [answer.status_code for answer in answers] == [401] * 9 + [429]
    assert answers[-1]["Content-Type"] == "application/problem+json"
    assert sign_in(client).status_code == 429


def test_one_address_signs_in_thirty_times_a_minute_at_most(asha: User, client: Client) -> None:
    answers = [sign_in(client, name=f"guess{number}") for number in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]
    assert "Too many attempts in a short time" in said(answers[-1])


def test_success_begins_the_count_anew(asha: User, lockout: None, client: Client) -> None:
    for _round in range(2):
        for _ in range(6):
            sign_in(client, password=WRONG)
        assert sign_in(client).status_code == 302
        client.post("/sign-out/")


def test_the_address_is_the_proxys_word_not_the_clients(rf: Any, settings: Any) -> None:
    request = rf.get("/", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}, REMOTE_ADDR="10.0.0.2")
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    assert client_address(request) == "10.0.0.2"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert client_address(request) == "203.0.113.7"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 3
    assert client_address(request) == "10.0.0.2"
    assert client_address(rf.get("/", REMOTE_ADDR="")) == "0.0.0.0"


# --- The way in ------------------------------------------------------------------------------------------


def test_the_key_of_the_session_changes_at_sign_in(asha: User, client: Client) -> None:
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    planted = session.session_key
    sign_in(client)
    assert is_in(client)
    assert client.session.session_key != planted
    stranger = Client()
    stranger.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert not is_in(stranger)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
    ],
)
def test_signing_in_leads_nowhere_else(asha: User, client: Client, elsewhere: str) -> None:
    assert elsewhere not in client.get("/sign-in/", {"next": elsewhere}).content.decode()
    assert sign_in(client, next=elsewhere)["Location"] == "/"


def test_another_of_our_host_names_is_elsewhere_too(asha: User, client: Client) -> None:
    assert sign_in(client, next="http://localhost/worklist/")["Location"] == "/"


def test_signing_in_leads_back(asha: User, client: Client) -> None:
    assert client.get("/tokens/")["Location"] == "/sign-in/?next=/tokens/"
    assert sign_in(client, next="/tokens/")["Location"] == "/tokens/"
    assert client.get("/sign-in/", {"next": "/tokens/"})["Location"] == "/tokens/"


def test_signing_out_ends_the_session_on_the_server(asha: User, client: Client) -> None:
    sign_in(client)
    key = client.session.session_key
    assert client.post("/sign-out/").status_code == 302
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = key
    assert not is_in(thief)


def test_the_cookie_is_kept_from_scripts_and_other_sites(asha: User, client: Client) -> None:
    cookie = sign_in(client).cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["domain"]
    assert not cookie["max-age"]  # gone with the browser


# --- The password ----------------------------------------------------------------------------------------


def change(client: Client, new: str, old: str = PASSWORD, again: str | None = None) -> Any:
    asked = {"oldpassword": old, "password1": new, "password2": new if again is None else again}
    return client.post("/account/password/", asked)


@pytest.mark.parametrize(
    ("new", "old", "again", "words"),
    [
        (NEW, WRONG, None, "This is not your current password."),
        ("short pass1", PASSWORD, None, "at least 12 characters"),
        ("password1234", PASSWORD, None, "too common"),
        ("asha.kulkarni1", PASSWORD, None, "too similar to the name"),
        (PASSWORD, PASSWORD, None, "another password than the current one"),
        (NEW, PASSWORD, "something else", "the same password"),
    ],
)
def test_a_password_that_will_not_do(
    asha: User, client: Client, new: str, old: str, again: str | None, words: str
) -> None:
    sign_in(client)
    answer = change(client, new, old, again)
    assert answer.status_code == 200
    assert words in said(answer)
    asha.refresh_from_db()
    assert asha.check_password(PASSWORD)


def test_no_rule_of_composition(asha: User, client: Client) -> None:
    sign_in(client)
    assert change(client, "739105284061937").status_code == 302


def test_guessing_the_current_password_is_counted(
    asha: User, lockout: None, client: Client, settings: Any
) -> None:
    sign_in(client)
    settings.AXES_FAILURE_LIMIT = 3
    statuses = [change(client, NEW, WRONG).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_a_change_ends_the_other_sessions(asha: User, client: Client) -> None:
    elsewhere = Client()
    sign_in(client)
    sign_in(elsewhere)
    before = client.session.session_key
    assert change(client, NEW)["Location"] == "/account/security/"
    assert is_in(client)
    assert client.session.session_key != before
    assert not is_in(elsewhere)
    asha.refresh_from_db()
    assert check_password(NEW, asha.password)


def test_a_person_without_a_password_is_told(cast: Any, page: Any) -> None:
    client = page(cast.asha)
    assert client.get("/account/password/")["Location"] == "/account/security/"
    assert "Your account has no password" in said(client.get("/account/security/"))


def test_a_one_time_password_is_changed_first(asha: User, client: Client, monkeypatch: Any) -> None:
    kept = "password_is_temporary" in {field.name for field in User._meta.concrete_fields}
    if kept:
        User.objects.filter(pk=asha.pk).update(password_is_temporary=True)
    else:
        monkeypatch.setattr(User, "password_is_temporary", True, raising=False)
    sign_in(client)
    assert client.get("/tokens/")["Location"] == "/account/password/"
    assert "given to you for once" in said(client.get("/account/password/"))
    answer = client.get("/api/v1/me/")
    assert (answer.status_code, answer.json()["code"]) == (403, "password_is_temporary")
    asked = {"username": "asha", "password": PASSWORD, "name": "script"}
    refused = client.post("/api/v1/tokens/", asked, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "password_is_temporary")
    assert change(client, NEW).status_code == 302
    if kept:
        assert is_in(client)


# --- What the log says -----------------------------------------------------------------------------------


def test_the_log_names_people_and_addresses_and_no_secret(
    asha: User, lockout: None, client: Client, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    settings.AXES_FAILURE_LIMIT = 2
    with caplog.at_level(logging.INFO, logger="studyportal.access"):
        sign_in(client, name="my password by mistake", password=WRONG)
        sign_in(client)
        client.post("/sign-out/")
        sign_in(client, password=WRONG)
        sign_in(client, password=WRONG)
    lines = [record.getMessage() for record in caplog.records if record.name == "studyportal.access"]
    assert sorted(lines) == [
        "Locked out: asha from 127.0.0.1",
        "Sign-in failed, wrong password: (no such user) from 127.0.0.1",
        "Sign-in failed, wrong password: asha from 127.0.0.1",
        "Sign-in failed, wrong password: asha from 127.0.0.1",
        "Signed in: asha from 127.0.0.1",
        "Signed out: asha from 127.0.0.1",
    ]
    assert not any(secret in caplog.text for secret in (PASSWORD, WRONG, "by mistake"))


def test_a_role_that_does_not_exist_stops_the_start(settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"investigater"})
    assert [found.id for found in settings_of_signing_in()] == ["access.E001"]
    settings.SECOND_FACTOR_ROLES = frozenset({"all"})
    assert settings_of_signing_in() == []
