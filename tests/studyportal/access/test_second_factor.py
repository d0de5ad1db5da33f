"""The second factor: who must have one, wrong and used codes, and what happens without it, on pages and API."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.management import CommandError, call_command
from django.test import Client

from studyportal.access import tokens
from studyportal.access.models import User
from studyportal.access.signing_in import reauthentication, second_factor
from tests.studyportal.access.conftest import PASSWORD, WRONG, code_of, is_in, sign_in, wrong_code

pytestmark = pytest.mark.django_db
AppOf = Callable[[User], str]
STEP = "/account/second-step/"


def said(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def ask_token(client: Client, **more: Any) -> Any:
    asked = {"username": "asha", "password": PASSWORD, "name": "script", **more}
    return client.post("/api/v1/tokens/", asked, content_type="application/json")


# --- The second step of signing in -----------------------------------------------------------------------


def test_the_password_alone_does_not_let_in(asha: User, app_of: AppOf, client: Client) -> None:
    secret = app_of(asha)
    assert client.get(STEP)["Location"] == "/sign-in/"
    assert sign_in(client)["Location"] == STEP
    assert not is_in(client)
    assert client.get("/api/v1/me/").status_code == 401
    for wrong in (wrong_code(secret), "", "12345678901234567890", "\x00", "abcdef", secret):
        answer = client.post(STEP, {"code": wrong})
        assert answer.status_code == 200, wrong
    assert "This code is wrong, was used before, or is out of date." in said(answer)
    assert not is_in(client)


def test_a_code_lets_in_once(asha: User, app_of: AppOf, client: Client) -> None:
    secret = app_of(asha)
    code = code_of(secret)
    sign_in(client, next="/tokens/")
    assert client.post(STEP, {"code": code})["Location"] == "/tokens/"
    assert is_in(client)
    elsewhere = Client()
    sign_in(elsewhere)
    assert elsewhere.post(STEP, {"code": code}).status_code == 200
    assert not is_in(elsewhere)


def test_a_code_is_not_used_again_while_the_tolerance_lasts(
    asha: User, app_of: AppOf, client: Client, monkeypatch: Any
) -> None:
    """allauth forgets a used code after one period; it would be valid for three."""
    secret = app_of(asha)
    code = code_of(secret)
    sign_in(client)
    client.post(STEP, {"code": code})
    monkeypatch.setattr(totp.TOTP, "_mark_code_used", lambda self, code: True)
    elsewhere = Client()
    sign_in(elsewhere)
    elsewhere.post(STEP, {"code": code})
    assert not is_in(elsewhere)


@pytest.mark.parametrize(("periods", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(periods: int, right: bool, monkeypatch: Any) -> None:
    now = 1_800_000_015.0  # in the middle of a period
    secret = totp.generate_totp_secret()
    monkeypatch.setattr(totp, "time", SimpleNamespace(time=lambda: now))
    assert totp.validate_totp_code(secret, code_of(secret, at=now + 30 * periods)) is right


def test_guessing_codes_ends_in_a_lock_out(asha: User, app_of: AppOf, client: Client, lockout: None) -> None:
    secret = app_of(asha)
    sign_in(client)
    answers = [client.post(STEP, {"code": wrong_code(secret)}).status_code for _ in range(10)]
    assert answers == [200] * 9 + [429]
    assert client.post(STEP, {"code": code_of(secret)}).status_code == 429
    assert not is_in(client)


def test_guessing_codes_from_many_addresses_ends_too(asha: User, app_of: AppOf, lockout: None) -> None:
    """The lock-out counts by name and address; a person's own limit counts over all addresses."""
    secret = app_of(asha)
    for number in range(10):
        guesser = Client(REMOTE_ADDR=f"192.0.2.{number}")
        sign_in(guesser)
        guesser.post(STEP, {"code": wrong_code(secret)})
    last = Client(REMOTE_ADDR="192.0.2.99")
    sign_in(last)
    assert "Too many wrong codes" in said(last.post(STEP, {"code": code_of(secret)}))
    assert not is_in(last)


def test_the_password_does_not_reset_the_count_of_codes(
    asha: User, app_of: AppOf, client: Client, lockout: None
) -> None:
    secret = app_of(asha)
    for _ in range(9):
        sign_in(client)
        client.post(STEP, {"code": wrong_code(secret)})
        client.post("/sign-out/")
    sign_in(client)
    assert client.post(STEP, {"code": wrong_code(secret)}).status_code == 429


def test_an_account_closed_between_the_steps_stays_closed(asha: User, app_of: AppOf, client: Client) -> None:
    secret = app_of(asha)
    sign_in(client)
    User.objects.filter(pk=asha.pk).update(is_active=False)
    answer = client.post(STEP, {"code": code_of(secret)}, follow=True)
    assert "do not belong together" in said(answer)
    assert not is_in(client)


def test_one_may_begin_again_as_somebody_else(asha: User, app_of: AppOf, client: Client) -> None:
    app_of(asha)
    sign_in(client)
    assert client.get("/sign-in/")["Location"] == STEP
    client.post("/sign-out/")
    assert client.get("/sign-in/").status_code == 200


def test_a_recovery_code_lets_in_once(asha: User, app_of: AppOf, client: Client) -> None:
    app_of(asha)
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    for expected in (True, False):
        visitor = Client()
        sign_in(visitor)
        visitor.post(STEP, {"code": code})
        assert is_in(visitor) is expected


def test_a_lost_key_lets_nobody_in_and_breaks_no_page(
    asha: User, app_of: AppOf, client: Client, page: Any, settings: Any
) -> None:
    secret = app_of(asha)
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another key"
    sign_in(client)
    assert client.post(STEP, {"code": code_of(secret)}).status_code == 200
    assert page(asha).get("/account/security/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = [old]
    totp_of = Authenticator.objects.get(type="totp").wrap()
    assert totp_of.validate_code(code_of(secret))


@pytest.mark.parametrize(
    "credential",
    [
        "", "{", "[]", "1", "null", '"x"', "{}", '{"id": 1}',
        json.dumps({"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}),
        json.dumps({"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {
            "clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AAAA", "userHandle": "!!"}}),
        json.dumps({"id": "\u0000", "rawId": "=", "type": "public-key", "response": {"clientDataJSON": "x"}}),
    ],
)  # fmt: skip
def test_what_is_no_passkey_is_refused(asha: User, app_of: AppOf, client: Client, credential: str) -> None:
    app_of(asha)
    client.get("/account/passkey/", headers={"Accept": "application/json"})
    assert client.post("/account/passkey/", {"credential": credential})["Location"] == "/sign-in/"
    sign_in(client)
    assert client.post(STEP, {"credential": credential}).status_code == 200
    assert not is_in(client)
    within = Client()
    within.force_login(asha, backend="django.contrib.auth.backends.ModelBackend")
    confirmed(within)
    assert within.post("/account/security/passkeys/add/", {"credential": credential}).status_code == 200
    assert not Authenticator.objects.filter(type="webauthn").exists()


def confirmed(client: Client) -> None:
    assert (
        client.post("/account/again/", {"password": PASSWORD, "next": "/tokens/"})["Location"] == "/tokens/"
    )


# --- Setting up ------------------------------------------------------------------------------------------


def test_setting_up_asks_again_who_it_is(asha: User, page: Any) -> None:
    client = page(asha)  # not within the last five minutes
    for path in ("app/", "passkeys/add/", "codes/new/"):
        assert client.get(f"/account/security/{path}")["Location"].startswith("/account/again/?next="), path
    assert "The password is wrong." in said(client.post("/account/again/", {"password": WRONG}))
    confirmed(client)
    assert client.get("/account/security/app/").status_code == 200


def test_an_app_is_set_up_with_its_first_code(asha: User, client: Client) -> None:
    sign_in(client)
    shown = client.get("/account/security/app/")
    secret = shown.context["form"].secret
    html = shown.content.decode()
    assert "<svg" in html and "data:image" not in html and "<?xml" not in html
    assert secret in html
    assert "no-store" in shown["Cache-Control"]
    assert client.post("/account/security/app/", {"code": wrong_code(secret)}).status_code == 200
    assert not second_factor.has(asha)
    answer = client.post("/account/security/app/", {"code": code_of(secret)})
    assert answer["Location"] == "/account/security/codes/"
    assert second_factor.has(asha)
    stored = Authenticator.objects.get(type="totp")
    assert secret not in json.dumps(stored.data)
    first = said(client.get("/account/security/codes/"))
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    assert all(code in first for code in codes)
    again = said(client.get("/account/security/codes/"))
    assert not any(code in again for code in codes)
    # The code that set it up is used.
    client.post("/sign-out/")
    sign_in(client)
    client.post(STEP, {"code": code_of(secret)})
    assert not is_in(client)


def test_new_recovery_codes_end_the_old_ones(asha: User, app_of: AppOf, page: Any) -> None:
    app_of(asha)
    old = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    client = page(asha)
    confirmed(client)
    assert client.post("/account/security/codes/new/").status_code == 302
    assert not set(old) & set(Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes())


def test_the_last_factor_stays_while_a_role_asks_for_it(
    asha: User, app_of: AppOf, page: Any, settings: Any
) -> None:
    app_of(asha)
    client = page(asha)
    confirmed(client)
    settings.SECOND_FACTOR_ROLES = frozenset({"site_coordinator"})
    assert "this is the only one" in said(client.post("/account/security/app/remove/"))
    assert second_factor.has(asha)
    settings.SECOND_FACTOR_ROLES = frozenset()
    assert client.post("/account/security/app/remove/").status_code == 302
    assert not second_factor.has(asha)
    assert not Authenticator.objects.exists()


def test_somebody_elses_passkey_is_not_found(asha: User, cast: Any, page: Any) -> None:
    theirs = Authenticator.objects.create(
        user=cast.vikram, type="webauthn", data={"name": "x", "credential": {}}
    )
    client = page(asha)
    confirmed(client)
    for path in ("", "remove/"):
        for method in (client.get, client.post):
            address = f"/account/security/passkeys/{theirs.pk}/{path}"
            assert method(address, {"name": "mine"} if method == client.post else {}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.data["name"] == "x"


def test_the_only_passkey_stays_while_a_role_asks_for_it(asha: User, page: Any, settings: Any) -> None:
    key = Authenticator.objects.create(user=asha, type="webauthn", data={"name": "blue", "credential": {}})
    client = page(asha)
    confirmed(client)
    address = f"/account/security/passkeys/{key.pk}/"
    assert client.post(address, {"name": "x" * 81}).status_code == 200
    assert client.post(address, {"name": "<b>green</b>"}).status_code == 302
    assert "&lt;b&gt;green" in client.get("/account/security/").content.decode()
    settings.SECOND_FACTOR_ROLES = frozenset({"all"})
    client.post(address + "remove/")
    assert Authenticator.objects.filter(pk=key.pk).exists()
    settings.SECOND_FACTOR_ROLES = frozenset()
    client.post(address + "remove/")
    assert not Authenticator.objects.exists()


def test_a_lost_phone_is_forgotten_by_command(asha: User, cast: Any, app_of: AppOf, client: Client) -> None:
    app_of(asha)
    others = app_of(cast.vikram)
    with pytest.raises(CommandError, match="no user"):
        call_command("reset_second_factor", "nobody")
    with pytest.raises(ValueError, match="Nobody resets the own"):
        second_factor.reset(user=asha, by=asha)
    assert second_factor.has(asha)
    call_command("reset_second_factor", "asha")
    assert not second_factor.has(asha) and second_factor.has(cast.vikram) and others
    assert sign_in(client)["Location"] == "/"


# --- Required by the role --------------------------------------------------------------------------------


def test_who_must_set_one_up_is_led_there(asha: User, client: Client, settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"site_coordinator"})
    sign_in(client)
    for path in ("/", "/worklist/", "/tokens/", "/ui/", "/jobs/"):
        assert client.get(path)["Location"] == "/account/security/", path
    partial = client.get("/worklist/", headers={"HX-Request": "true"})
    assert (partial.status_code, partial["HX-Redirect"]) == (204, "/account/security/")
    assert "Your role asks for a second factor." in said(client.get("/account/security/"))
    answer = client.get("/api/v1/me/")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_missing")
    assert answer.json()["page"].endswith("/account/security/")
    for path in ("/account/security/app/", "/account/password/", "/account/sessions/"):
        assert client.get(path).status_code == 200, path
    assert client.post("/language/", {"language": "hi"}).status_code == 302
    secret = client.get("/account/security/app/").context["form"].secret
    client.post("/account/security/app/", {"code": code_of(secret)})
    assert is_in(client)
    assert client.get("/api/v1/me/").status_code == 200
    assert client.post("/sign-out/").status_code == 302


def test_whose_role_does_not_ask_is_let_be_without_a_question(
    asha: User, page: Any, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"investigator"})
    assert not second_factor.required_of(asha)
    with django_assert_num_queries(0):
        assert not second_factor.missing(asha)
    settings.SECOND_FACTOR_ROLES = frozenset()
    stranger = User.objects.get(pk=asha.pk)
    with django_assert_num_queries(0):
        assert not second_factor.missing(stranger)


def test_who_has_one_is_asked_of_the_database_once(
    asha: User, app_of: AppOf, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"all"})
    app_of(asha)
    assert not second_factor.missing(asha)
    with django_assert_num_queries(0):
        assert not second_factor.missing(asha)
    Authenticator.objects.filter(user=asha).delete()
    assert second_factor.missing(asha)


def test_all_means_each_role_and_nobody_without(cast: Any, settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"all"})
    asked = {name for name, user in cast.everyone().items() if second_factor.required_of(user)}
    assert asked == set(cast.everyone()) - {"norole"}


def test_a_token_of_who_must_set_one_up_is_refused(
    asha: User, app_of: AppOf, client: Client, settings: Any
) -> None:
    _token, secret = tokens.issue(by=asha, name="script")
    header = {"Authorization": f"Token {secret}"}
    assert client.get("/api/v1/me/", headers=header).status_code == 200
    settings.SECOND_FACTOR_ROLES = frozenset({"site_coordinator"})
    answer = client.get("/api/v1/me/", headers=header)
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_missing")
    app_of(asha)
    assert client.get("/api/v1/me/", headers=header).status_code == 200


# --- Tokens by password ----------------------------------------------------------------------------------


def test_no_token_without_the_code(asha: User, app_of: AppOf, client: Client) -> None:
    secret = app_of(asha)
    for code, problem in (("", "second_factor_required"), (wrong_code(secret), "wrong_code")):
        answer = ask_token(client, code=code)
        assert (answer.status_code, answer.json()["code"]) == (401, problem)
    # Who does not know the password does not learn that there is a second factor.
    assert ask_token(client, password=WRONG).json()["code"] == "wrong_credentials"
    assert ask_token(client, code=[1]).status_code == 400
    code = code_of(secret)
    assert ask_token(client, code=code).status_code == 201
    assert ask_token(client, code=code).status_code == 401


def test_a_passkey_is_not_walked_around(asha: User, client: Client) -> None:
    Authenticator.objects.create(user=asha, type="webauthn", data={"name": "x", "credential": {}})
    answer = ask_token(client)
    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_required")
    assert "passkey" in answer.json()["detail"]


def test_guessing_codes_by_the_api_ends_in_the_lock_out(
    asha: User, app_of: AppOf, client: Client, lockout: None
) -> None:
    secret = app_of(asha)
    answers = [ask_token(client, code=wrong_code(secret)) for _ in range(10)]
    assert [answer.status_code for answer in answers] == [401] * 9 + [429]
    assert sign_in(client).status_code == 429


def test_no_token_before_the_required_factor(asha: User, client: Client, settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"site_coordinator"})
    answer = ask_token(client)
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_missing")
    assert "/account/security/" in answer.json()["detail"]
    assert not asha.auth_token_set.exists()


# --- Confirming who one is, for signatures ---------------------------------------------------------------


def confirm(client: Client, rf: Any, user: User, **given: str) -> None:
    request = rf.post("/")
    request.user, request.session = user, client.session
    from allauth.core.context import request_context

    with request_context(request):
        reauthentication.confirm(request=request, user=user, **given)


def test_confirming(asha: User, cast: Any, app_of: AppOf, client: Client, rf: Any) -> None:
    for user, password in ((asha, WRONG), (asha, ""), (cast.vikram, PASSWORD)):
        with pytest.raises(reauthentication.NotConfirmed, match="password is wrong"):
            confirm(client, rf, user, password=password)
    confirm(client, rf, asha, password=PASSWORD)
    secret = app_of(asha)
    with pytest.raises(reauthentication.NotConfirmed, match="code of your authenticator app"):
        confirm(client, rf, asha, password=PASSWORD)
    with pytest.raises(reauthentication.NotConfirmed, match="This code is wrong"):
        confirm(client, rf, asha, password=PASSWORD, code=wrong_code(secret))
    confirm(client, rf, asha, password=PASSWORD, code=code_of(secret))


def test_confirming_is_counted(asha: User, client: Client, rf: Any, lockout: None) -> None:
    for _ in range(10):
        with pytest.raises(reauthentication.NotConfirmed):
            confirm(client, rf, asha, password=WRONG)
    with pytest.raises(reauthentication.NotConfirmed):
        confirm(client, rf, asha, password=PASSWORD)
