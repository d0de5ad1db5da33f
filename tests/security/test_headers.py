"""Every answer, whatever it is, carries the headers; nothing of a signed-in person is kept by a browser or a proxy."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from studyportal.ui.policy import HEADERS, POLICY
from tests.contracts.test_urls import ADDRESSES, url_of
from tests.world import World


@pytest.mark.django_db
def test_every_answer_carries_the_headers(world: World, api: Any, page: Any) -> None:
    wrong = []
    scripts, browser = api(world.cast.meera), page(world.cast.meera)
    for address in ADDRESSES:
        client = scripts if address.is_api else browser
        if address.name == "api-schema":
            continue
        for answer in (client.get(url_of(address, world)), Client().get(url_of(address, world))):
            if getattr(answer, "streaming", False):
                b"".join(answer.streaming_content)
            missing = [name for name in HEADERS if name not in answer.headers]
            policy = answer.headers.get("Content-Security-Policy", "unsafe")
            if missing or "unsafe" in policy or "no-store" not in answer.headers["Cache-Control"]:
                wrong.append((address.name, answer.status_code, missing, answer.headers.get("Cache-Control")))
            if (
                answer.headers["X-Frame-Options"] != "DENY"
                or answer.headers["X-Content-Type-Options"] != "nosniff"
            ):
                wrong.append((address.name, "weaker"))
            if "Server" in answer.headers or "X-Powered-By" in answer.headers:
                wrong.append((address.name, "tells what it is"))
    assert not wrong


@pytest.mark.django_db
def test_refusals_before_any_view_carry_them_too(cast: Any, page: Any, monkeypatch: Any) -> None:
    browser = page(cast.rao)
    answers = [
        browser.get("/nowhere/"), browser.get("/static/nowhere.css"), browser.get("/participants/%00/"),
        browser.post("/tokens/", {"name": "x" * 3_000_000}), browser.get("/", headers={"Host": "evil.example"}),
        browser.generic("POST", "/tokens/", b"x", HTTP_TRANSFER_ENCODING="chunked"), Client().get("/sign-in/"),
        Client(enforce_csrf_checks=True).post("/sign-in/"), browser.options("/api/v1/me/"), browser.head("/participants/"),
    ]  # fmt: skip
    monkeypatch.setattr("apps.casebook.views.pages.contexts.participants_of", lambda *_: 1 / 0)
    browser.raise_request_exception = False
    answers.append(browser.get("/participants/"))
    assert answers[-1].status_code == 500
    for answer in answers:
        for name, value in HEADERS.items():
            assert name in answer.headers, (answer, name)
            if name != "Cache-Control":
                assert answer.headers[name] == value
        assert "no-store" in answer.headers["Cache-Control"]


def test_the_policy_is_strict() -> None:
    for part in (
        "default-src 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ):
        assert part in POLICY
    for word in ("unsafe", "http", "*", "data:", "blob:"):
        assert word not in POLICY
    for feature in ("camera=()", "microphone=()", "geolocation=()"):
        assert feature in HEADERS["Permissions-Policy"]
