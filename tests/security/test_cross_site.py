"""CSRF: whatever changes something by session needs the token of the page; other origins are not believed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from studyportal.access.declare import declared
from studyportal.access.permissions import Permission
from tests.contracts.test_urls import ADDRESSES, allowed, url_of
from tests.security.pages import sign_in, with_password
from tests.security.worlds import nothing_changed
from tests.world import World

BACKEND = "django.contrib.auth.backends.ModelBackend"


def strict(user: Any) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, backend=BACKEND)
    return client


@pytest.mark.django_db
def test_every_post_needs_the_token(world: World) -> None:
    """Pages and API by session, as everybody who may open them; and nothing is exempt."""
    wrong, tried = [], 0
    people = {
        name: (user, strict(user))
        for name, user in world.cast.everyone().items()
        if name in ("rao", "meera", "farah", "sanjay", "admin")
    }
    # Some objects of the world are made when their address is first asked for.
    urls = {address.name: url_of(address, world) for address in ADDRESSES}
    with nothing_changed():
        for address in ADDRESSES:
            asked = declared(address.callback) or {}
            for name, (user, client) in people.items():
                permissions = asked.get("POST", asked.get("*"))
                if permissions is None or not (
                    Permission.PUBLIC in permissions or allowed(user, permissions)
                ):
                    continue
                if address.name in ("api:tokens", "api-schema"):
                    break  # no session is read there
                tried += 1
                answer = client.post(
                    urls[address.name],
                    {},
                    content_type="application/json"
                    if address.is_api
                    else "application/x-www-form-urlencoded",
                )
                if answer.status_code != 403 or b"csrf" not in answer.content.lower() + b" csrf" * (
                    not address.is_api
                ):
                    wrong.append((address.name, name, answer.status_code))
                break
    assert tried > 60
    assert not wrong


@pytest.mark.django_db
def test_the_token_of_the_page_is_taken_and_of_another_page_not(world: World) -> None:
    client = strict(world.cast.rao)
    page = client.get("/tokens/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    assert token is not None
    other = strict(world.cast.asha)
    other.get("/tokens/")
    good = {"csrfmiddlewaretoken": token[1], "name": "mine", "days": "1"}
    with nothing_changed():
        for wrong in (
            "",
            "x" * 64,
            token[1][:-1] + ("a" if token[1][-1] != "a" else "b"),
            token[1] + "x",
            "\u0410" * 64,
        ):
            assert client.post("/tokens/", good | {"csrfmiddlewaretoken": wrong}).status_code == 403
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://testserver.evil.example"},
        ):
            assert client.post("/tokens/", good, headers=headers).status_code == 403
        for referer in ("https://evil.example/", "", "https://testserver@evil.example/"):
            answer = client.post(
                "/tokens/", good, secure=True, headers={"Referer": referer} if referer else {}
            )
            assert answer.status_code == 403
        assert other.post("/tokens/", good).status_code == 403
    assert client.post("/tokens/", good).status_code == 201
    assert (
        client.post("/tokens/", good | {"name": "two"}, headers={"Origin": "http://testserver"}).status_code
        == 201
    )


@pytest.mark.django_db
def test_sign_in_itself_is_guarded(cast: Any) -> None:
    """Otherwise a stranger could sign a person in as somebody else."""
    answer = Client(enforce_csrf_checks=True).post(
        "/sign-in/", {"username": "a", "login": "a", "password": "b"}
    )
    assert answer.status_code == 403


@pytest.mark.django_db
def test_nothing_is_changed_by_get(world: World, page: Any) -> None:
    """Signing out, revoking, closing: never by following a link."""
    browser = page(world.cast.meera)
    acting = r"sign-out|revoke|cancel|retry|answer|close|reopen|evaluate|plan|assign|run"
    # The world makes some of what they are about when it is first asked for.
    urls = [url_of(address, world) for address in ADDRESSES if re.search(acting, address.name)]
    with nothing_changed():
        for url in urls:
            browser.get(url)
    assert browser.get("/participants/").status_code == 200, "still signed in"


@pytest.mark.django_db
def test_cookies_go_to_nobody_else(cast: Any) -> None:
    with_password(cast.rao)
    client = Client()
    assert sign_in(client, "rao").status_code == 302
    client.get("/tokens/")
    client.post("/language/", {"language": "hi"})
    assert {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME} <= set(
        client.cookies
    )
    for name, cookie in client.cookies.items():
        assert cookie["samesite"] in ("Lax", "Strict"), name
        assert cookie["httponly"], name
        assert not cookie["domain"], name
