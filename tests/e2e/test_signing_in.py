"""Signing in with a passkey, and the end of a session, in a real browser."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from config import servers
from tests.conftest import RunningPortal
from tests.e2e.browser import PASSWORD, Entrance, Person, type_in

pytestmark = pytest.mark.e2e
TESTER = "passkey-tester"


def inside(portal: RunningPortal, code: str) -> None:
    """Run Python in the portal's own settings, against its servers."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("STUDYPORTAL", "DJANGO", "PYTEST"))}
    subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code],
        cwd=servers.BASE_DIR,
        env=clean | {"STUDYPORTAL_VAR": str(portal.var)},
        check=True,
        capture_output=True,
    )


def older(portal: RunningPortal, person: Person, seconds: int) -> None:
    """Let the person's session have been idle for so long."""
    key = next(c["value"] for c in person.page.context.cookies() if c["name"] == "sessionid")
    inside(
        portal,
        "from django.contrib.sessions.backends.cached_db import SessionStore as S\n"
        f"s = S({key!r}); s['session_seen'] -= {seconds}; s['session_began'] -= {seconds}; s.save()",
    )


@pytest.fixture
def tester(running_portal: RunningPortal, door: Entrance) -> Iterator[Person]:
    """Somebody with a role of his own, who may lock himself out; by the name that passkeys work for."""
    inside(
        running_portal,
        "from studyportal.access.models import *\n"
        f"u, new = User.objects.get_or_create(username={TESTER!r}, defaults={{'display_name': 'Tester'}})\n"
        f"u.set_password({PASSWORD!r}); u.is_active = True; u.save()\n"
        "new and Membership.objects.create(user=u, role='statistician', valid_from='2020-01-01')\n"
        "from allauth.mfa.models import Authenticator; Authenticator.objects.filter(user=u).delete()",
    )
    person = door.stranger()
    person.url = person.url.replace("127.0.0.1", "localhost")
    yield person
    inside(
        running_portal,
        "from studyportal.access.models import *\n"
        f"User.objects.filter(username={TESTER!r}).update(is_active=False)",
    )


def virtual_key(person: Person) -> Any:
    """A security key that the browser pretends to have, and whose owner always touches it."""
    devices = person.page.context.new_cdp_session(person.page)
    devices.send("WebAuthn.enable")
    devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return devices


def test_a_passkey_as_second_step_and_alone(tester: Person) -> None:
    page = tester.visit("/sign-in/")
    virtual_key(tester)
    tester.shot("sign-in", both=True)
    type_in(tester, TESTER)
    tester.visit("/account/security/")
    tester.shot("security-none", both=True)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("blue key")
    page.get_by_label("Sign in with this passkey alone").check()
    tester.shot("passkey-add", both=True)
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    expect(page.locator("#recovery-codes")).to_contain_text("\n")
    tester.shot("recovery-codes", both=True)
    tester.visit("/account/security/")
    expect(page.get_by_role("main")).to_contain_text("blue key")
    tester.shot("security-passkey", both=True)

    sign_out(tester)
    page.get_by_label("User name").fill(TESTER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Second step")
    assert tester.refused("/tokens/") == 302
    tester.shot("second-step", both=True)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(f"{tester.url}/outcomes/")

    sign_out(tester)
    tester.visit("/sign-in/?next=/tokens/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(f"{tester.url}/tokens/")
    tester.visit("/account/sessions/")
    expect(page.get_by_role("main")).to_contain_text("this session")
    tester.shot("sessions", both=True)
    tester.visit("/account/security/app/")
    tester.shot("app-add", both=True)
    tester.visit("/account/password/")
    tester.shot("password-change", both=True)
    assert tester.complaints == []


def sign_out(person: Person) -> None:
    person.page.get_by_role("button", name="Tester").click()
    person.page.get_by_role("button", name="Sign out").click()
    person.page.wait_for_url("**/sign-in/")


def test_an_idle_session_ends_and_leads_back_to_its_page(
    tester: Person, running_portal: RunningPortal
) -> None:
    page = tester.visit("/sign-in/")
    type_in(tester, TESTER)
    tester.visit("/exports/?kind=form")
    older(running_portal, tester, 31 * 60)
    page.reload()
    expect(page.locator(".alert.tone-info")).to_contain_text("after 30 minutes without activity")
    tester.shot("signed-out", both=True)
    page.get_by_label("User name").fill(TESTER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{tester.url}/exports/?kind=form")
    assert tester.complaints == []


def test_a_warning_before_the_end_and_a_message_after_it(
    tester: Person, running_portal: RunningPortal
) -> None:
    page = tester.page
    page.clock.install()
    tester.visit("/sign-in/")
    type_in(tester, TESTER)
    tester.visit("/exports/")
    warning = page.get_by_role("button", name="Stay signed in")
    expect(warning).to_be_hidden()
    # Another tab kept the session alive: nothing to say.
    page.clock.fast_forward("25:30")
    expect(warning).to_be_hidden()
    older(running_portal, tester, 26 * 60)
    page.clock.fast_forward("25:30")
    expect(warning).to_be_visible()
    tester.shot("session-warning", both=True)
    warning.click()
    expect(warning).to_be_hidden()
    older(running_portal, tester, 31 * 60)
    page.clock.fast_forward("31:00")
    note = page.locator("[data-session-ended]")
    expect(note).to_contain_text("You were signed out after 30 minutes without activity")
    expect(note.get_by_role("link", name="Sign in again")).to_have_attribute(
        "href", "/sign-in/?next=%2Fexports%2F&ended=idle"
    )
    tester.shot("session-ended", both=True)
