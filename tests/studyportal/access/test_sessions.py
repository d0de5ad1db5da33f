"""Sessions: their two time-outs, what a page, a part of a page and a script are told, and one's own sessions."""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.test import Client

from studyportal.access.models import User
from studyportal.access.signing_in import own_sessions
from studyportal.access.signing_in.sessions import BEGAN, SEEN
from tests.studyportal.access.conftest import is_in, sign_in

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/participants/?q=x"}
IDLE = 30 * 60
LONGEST = 12 * 60 * 60


def age(client: Client, *, idle: int = 0, began: int = 0) -> None:
    """Let the session be older by so many seconds."""
    session = client.session
    session[SEEN] -= idle
    session[BEGAN] -= max(began, idle)
    session.save()


@pytest.fixture
def browser(asha: User, client: Client) -> Client:
    sign_in(client)
    return client


# --- Time-outs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("idle", "began", "why"),
    [(IDLE - 5, IDLE, ""), (IDLE, IDLE, "idle"), (10, LONGEST - 5, ""), (10, LONGEST, "long")],
)
def test_a_session_ends(browser: Client, idle: int, began: int, why: str) -> None:
    age(browser, idle=idle, began=began)
    key = browser.session.session_key
    answer = browser.get("/tokens/?page=2")
    if not why:
        assert answer.status_code == 200
        return
    assert answer["Location"] == f"/sign-in/?next=%2Ftokens%2F%3Fpage%3D2&ended={why}"
    assert not SessionStore().exists(key)
    assert not UserSession.objects.filter(session_key=key).exists()
    shown = browser.get(answer["Location"]).content.decode()
    assert ("30 minutes without activity" if why == "idle" else "12 hours at most") in shown
    assert "kept as a draft" in shown
    assert sign_in(browser, next="/tokens/?page=2")["Location"] == "/tokens/?page=2"
    assert is_in(browser)


def test_public_pages_answer_a_stranger(browser: Client) -> None:
    age(browser, idle=IDLE)
    assert browser.get("/sign-in/").status_code == 200
    assert not is_in(browser)


def test_the_reason_on_the_sign_in_page_is_one_of_ours(client: Client) -> None:
    assert "evil" not in client.get("/sign-in/?ended=<b>evil</b>").content.decode()


def test_what_was_sent_too_late_leads_back_to_its_page(browser: Client) -> None:
    age(browser, idle=IDLE)
    answer = browser.post("/tokens/", {"name": "x"}, headers={"Referer": "http://testserver/tokens/?a=1"})
    assert answer["Location"] == "/sign-in/?next=%2Ftokens%2F%3Fa%3D1&ended=idle"


def test_not_to_a_page_elsewhere(browser: Client) -> None:
    age(browser, idle=IDLE)
    answer = browser.post("/tokens/", {"name": "x"}, headers={"Referer": "https://evil.example/"})
    assert answer["Location"] == "/sign-in/?next=%2F&ended=idle"


def test_a_part_of_a_page_is_told_without_losing_the_page(browser: Client) -> None:
    age(browser, idle=IDLE)
    answer = browser.get("/participants/", headers=HTMX)
    assert (answer.status_code, answer["X-Session-Ended"]) == (401, "idle")
    html = answer.content.decode()
    assert "30 minutes without activity" in html and "<html" not in html
    assert "/sign-in/?next=%2Fparticipants%2F%3Fq%3Dx&amp;ended=idle" in html
    # The next part that asks is a stranger's; it gets no sign-in page into its middle either.
    again = browser.get("/participants/", headers=HTMX)
    assert (again.status_code, again["X-Session-Ended"]) == (401, "out")


def test_a_script_with_a_session_is_told(browser: Client) -> None:
    age(browser, idle=IDLE)
    answer = browser.get("/api/v1/me/")
    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_poll_does_not_keep_a_session(browser: Client) -> None:
    for _ in range(4):
        age(browser, idle=IDLE // 5)
        assert browser.get("/account/session/", headers={"X-Poll": "1"}).status_code == 200
    age(browser, idle=IDLE // 5)
    ended = browser.get("/account/session/", headers=HTMX | {"X-Poll": "1"})
    assert ended["X-Session-Ended"] == "idle"


def test_the_progress_of_a_job_is_a_poll() -> None:
    from django.template.loader import get_template

    for name in ("jobs/_progress.html", "ui/components/progress.html"):
        source = get_template(name).template.source
        assert source.count("hx-get") == source.count('"X-Poll": "1"') == 1, name


def test_activity_keeps_a_session_until_its_longest(browser: Client) -> None:
    for _ in range(3):
        age(browser, idle=IDLE // 2)
        assert is_in(browser)
    age(browser, began=LONGEST)
    assert not is_in(browser)


def test_staying_signed_in(browser: Client) -> None:
    age(browser, idle=IDLE - 60)
    assert browser.get("/account/session/", headers={"X-Poll": "1"}).json()["remaining"] <= 60
    assert browser.post("/account/session/").json()["remaining"] > IDLE - 10
    age(browser, began=LONGEST - IDLE)
    said = browser.post("/account/session/").json()
    assert said["remaining"] < 90 and not said["renewable"]
    assert Client().post("/account/session/").status_code == 302


def test_the_session_is_written_once_a_minute(browser: Client, django_assert_num_queries: Any) -> None:
    def writes() -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as caught:
            assert is_in(browser)
        return sum("django_session" in one["sql"] and "UPDATE" in one["sql"] for one in caught)

    assert writes() == 0
    age(browser, idle=61)
    assert writes() == 1
    assert writes() == 0


def test_a_session_made_by_hand_gets_its_moments(asha: User, client: Client) -> None:
    session = SessionStore()
    session[SESSION_KEY] = str(asha.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = asha.get_session_auth_hash()
    session.create()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    assert is_in(client)
    assert abs(client.session[BEGAN] - time.time()) < 10
    age(client, idle=IDLE)
    assert not is_in(client)


def test_the_page_knows_when_to_warn(browser: Client) -> None:
    html = browser.get("/tokens/").content.decode()
    assert 'data-session-warn="300"' in html and "data-session-stay" in html
    assert "data-session-idle" not in Client().get("/sign-in/").content.decode()


def test_a_script_with_a_token_has_no_session(asha: User, client: Client) -> None:
    from studyportal.access import tokens

    _token, secret = tokens.issue(by=asha, name="script")
    answer = client.get("/api/v1/me/", headers={"Authorization": f"Token {secret}"})
    assert answer.status_code == 200
    assert not answer.cookies


# --- One's own sessions ----------------------------------------------------------------------------------


def test_somebody_elses_session_is_not_found(browser: Client, cast: Any) -> None:
    theirs = UserSession.objects.create(
        user=cast.vikram, ip="192.0.2.1", session_key="k" * 32, user_agent="Firefox"
    )
    assert browser.post(f"/account/sessions/{theirs.pk}/end/").status_code == 404
    assert browser.get(f"/account/sessions/{theirs.pk}/end/").status_code == 405
    browser.post("/account/sessions/others/end/")
    assert UserSession.objects.filter(pk=theirs.pk).exists()
    assert "192.0.2.1" not in browser.get("/account/sessions/").content.decode()


def test_one_and_then_all_other_sessions_are_ended(asha: User, browser: Client) -> None:
    phone, desk = Client(REMOTE_ADDR="192.0.2.7"), Client(REMOTE_ADDR="192.0.2.8")
    phone.defaults["HTTP_USER_AGENT"] = "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0"
    for one in (phone, desk):
        sign_in(one)
    html = browser.get("/account/sessions/").content.decode()
    assert "Firefox, Android" in html and "192.0.2.7" in html and html.count("this session") == 1
    browser.post(f"/account/sessions/{UserSession.objects.get(ip='192.0.2.7').pk}/end/")
    assert not is_in(phone) and is_in(desk) and is_in(browser)
    browser.post("/account/sessions/others/end/")
    assert not is_in(desk) and is_in(browser)
    here = UserSession.objects.get(user=asha)
    browser.post(f"/account/sessions/{here.pk}/end/")
    assert is_in(browser)


def test_dead_sessions_are_not_listed(asha: User, browser: Client) -> None:
    others = [Client(REMOTE_ADDR=f"192.0.2.{number}") for number in range(3)]
    for one in others:
        sign_in(one)
    age(others[0], idle=IDLE)
    others[1].post("/sign-out/")
    html = browser.get("/account/sessions/").content.decode()
    assert "192.0.2.2" in html and "192.0.2.0" not in html and "192.0.2.1" not in html
    assert UserSession.objects.filter(user=asha).count() == 2


def test_the_list_asks_a_fixed_number_of_questions(asha: User, browser: Client) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            browser.get("/account/sessions/")
        return len(caught)

    few = asked()
    for number in range(4):
        sign_in(Client(REMOTE_ADDR=f"192.0.2.{number}"))
    assert asked() == few


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "Firefox, Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit Version/18.0 Safari/604.1",
            "Safari, iOS",
        ),
        ("", "Unknown browser"),
        ("curl/8", "Unknown browser"),
    ],
)
def test_browsers_in_words(agent: str, words: str) -> None:
    assert own_sessions.browser_of(agent) == words
