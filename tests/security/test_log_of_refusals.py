"""Every refusal leaves one line: who, from where, what address, why; and nothing that was typed."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from config import settings as configured
from studyportal.api.logs import PlainFormatter
from tests.security.pages import sign_in, with_password
from tests.world import World

SECURITY = "studyportal.security"
PLANTED = "Planted-Ravindra-Deshpande-4711"


@pytest.fixture
def lines(caplog: Any) -> Any:
    """The lines of the security log since it was last asked."""
    caplog.set_level(logging.INFO)
    caplog.handler.setFormatter(PlainFormatter("%(name)s %(message)s"))

    def said() -> list[str]:
        found = [caplog.handler.format(r) for r in caplog.records if r.name == SECURITY]
        caplog.clear()
        return found

    return said


@pytest.mark.django_db
def test_each_refusal_has_one_line(world: World, api: Any, page: Any, lines: Any) -> None:
    rao, asha, sanjay, stranger = (
        api(world.cast.rao),
        page(world.cast.asha),
        page(world.cast.sanjay),
        APIClient(),
    )
    vikram = api(world.cast.vikram)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.cast.rao, backend="django.contrib.auth.backends.ModelBackend")
    code = world.participant.code
    big = {"name": "x" * 3_000_000}
    for act, words in (
        (lambda: stranger.get("/api/v1/me/"), ("401 not_authenticated", "user=-", "GET /api/v1/me/")),
        (
            lambda: stranger.get("/api/v1/me/", HTTP_AUTHORIZATION=f"Token {PLANTED}"),
            ("401 authentication_failed",),
        ),
        (lambda: Client().get("/worklist/"), ("302 sign_in", "user=-", "/worklist/")),
        (lambda: sanjay.get("/worklist/"), ("403 permission_denied", "user=sanjay")),
        (lambda: vikram.get(f"/api/v1/participants/{code}/"), ("404 not_found", "user=vikram", code)),
        (lambda: asha.get("/nowhere/"), ("404 not_found", "user=asha", "/nowhere/")),
        (lambda: rao.post("/api/v1/participants/", {"site": PLANTED}), ("400 invalid", "user=rao", "POST")),
        (lambda: rao.patch(f"/api/v1/participants/{code}/", {"label": PLANTED}), ("428 if_match_required",)),
        (lambda: rao.post("/api/v1/participants/", big), ("413 too_large", "user=")),
        (lambda: asha.post("/tokens/", big), ("413 too_large",)),
        (lambda: strict.post("/tokens/", {"name": PLANTED}), ("403 csrf", "user=rao")),
        (lambda: rao.delete(f"/api/v1/participants/{code}/"), ("405 method_not_allowed",)),
        (lambda: stranger.get("/sign-in/", headers={"Host": "evil.example"}), ("400 host",)),
        (lambda: stranger.get("/api/v1/participants/?q=%00"), ("400 nul_character",)),
    ):
        answer = act()
        found = lines()
        assert len(found) == 1, (words, answer, found)
        for word in (*words, "address=127.0.0.1"):
            assert word in found[0], (word, found)
    answer = rao.get("/api/v1/participants/")
    assert answer.status_code == 200 and not lines(), "what is not refused has no line"


@pytest.mark.django_db
def test_nothing_typed_is_logged(world: World, api: Any, page: Any, caplog: Any) -> None:
    """Whatever logger: values, passwords, tokens, queries, hosts, origins, words in an address."""
    caplog.set_level(logging.DEBUG)
    for name in (
        "django.request",
        "django.security",
        "django.security.csrf",
        "django.security.DisallowedHost",
    ):
        logging.getLogger(name).setLevel(logging.NOTSET)
    for name, said in configured.LOGGING["loggers"].items():  # type: ignore[attr-defined]
        logging.getLogger(name).setLevel(said["level"])
    logging.getLogger("django.db.backends").setLevel(logging.INFO)
    rao, browser = api(world.cast.rao), page(world.cast.rao)
    code = world.participant.code
    with_password(world.cast.rao)
    sign_in(Client(), "rao", PLANTED)
    rao.post("/api/v1/participants/", {"site": PLANTED, "label": PLANTED, PLANTED: PLANTED})
    rao.post("/api/v1/tokens/", {"username": "rao", "password": PLANTED, "name": PLANTED})
    rao.get(f"/api/v1/participants/?participant={PLANTED}&q={PLANTED}")
    rao.generic("POST", "/api/v1/visits/", f'{{"{PLANTED}": '.encode(), content_type="application/json")
    browser.post(f"/participants/{code}/change/", {"label": PLANTED, "group": PLANTED})
    browser.get(f"/participants/{PLANTED} and family/", {"q": PLANTED})
    browser.get(f"/nowhere/{PLANTED} x/")
    browser.get("/", headers={"Host": f"{PLANTED.lower()}.example"})
    browser.get("/participants/", headers={"Referer": f"https://x/{PLANTED}"})
    Client(enforce_csrf_checks=True).post(
        "/sign-in/", {"username": PLANTED}, headers={"Origin": f"https://{PLANTED}"}
    )
    Client().get("/worklist/", headers={"Authorization": f"Token {PLANTED}", "User-Agent": PLANTED})
    written = "\n".join(PlainFormatter("%(name)s %(message)s").format(r) for r in caplog.records)
    assert SECURITY in written
    assert PLANTED.lower() not in written.lower()


@pytest.mark.django_db
def test_no_line_can_be_forged(page: Any, cast: Any, lines: Any) -> None:
    page(cast.rao).get("/x%0d%0a2026-01-01 WARNING studyportal.security: refused user=admin/")
    page(cast.rao).get("/x%e2%80%a8y%1b[31m/")
    for line in lines():
        assert "\n" not in line and "\r" not in line and "\x1b" not in line and "\u2028" not in line
        assert "user=admin" not in line


def test_a_line_of_any_logger_stays_one_line() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "a\r\nb\x1b[2J %s", ("c\nd",), None)
    assert PlainFormatter("%(message)s").format(record) == r"a\x0d\x0ab\x1b[2J c\x0ad"


@pytest.mark.django_db
def test_a_traceback_gives_places_and_no_values(cast: Any) -> None:
    """PostgreSQL quotes the row in its messages."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO access_site (code, name, timezone, country, is_active) VALUES ('MUM', %s, '', '', true)",
                [PLANTED],
            )
    except IntegrityError:
        import sys

        record = logging.LogRecord("x", logging.ERROR, "f", 1, "failed", (), sys.exc_info())
        text = PlainFormatter("%(message)s").format(record)
    assert PLANTED not in text and "(MUM)" not in text
    assert "test_log_of_refusals.py" in text and "(23" in text and "access_site" in text
