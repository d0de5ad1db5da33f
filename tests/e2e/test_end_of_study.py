"""A coordinator records that somebody is lost, is asked for what the protocol wants, and closes the study; signed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import PASSWORD, Entrance, Scripts

pytestmark = pytest.mark.e2e


def test_lost_found_and_ended(door: Entrance, scripts: Scripts) -> None:
    made = scripts("asha")("/api/v1/participants/", {"site": "MUM", "group": "control"})
    assert made.status == 201, made.body
    code = made.json()["code"]
    asha = door.sign_in("asha")

    # Too early and with one attempt: saved, and asked about at once.
    page = asha.visit(f"/participants/{code}/forms/lost-to-follow-up/new/")
    page.locator("#id_last_contact_on").fill("2025-03")
    page.locator("#id_declared_on").fill("2025-04-01")
    page.locator("#id_attempts").fill("1")
    page.get_by_label("Telephone").check()
    page.locator("#id_vital_status").select_option("unknown")
    asha.press_for("Alt+S")
    expect(page.get_by_text("at least 3 attempts").first).to_be_visible()
    asha.shot("lost-asked", both=True)
    asha.visit(f"/participants/{code}/")
    expect(page.get_by_text("Lost to follow-up", exact=True).first).to_be_visible()
    expect(page.get_by_role("heading", name="About the participant")).to_be_visible()

    # The end: what is asked depends on the reason.
    asha.visit(f"/participants/{code}/forms/end-of-study/new/")
    expect(page.locator("#id_died_on")).to_be_hidden()
    page.locator("#id_reason").select_option("died")
    expect(page.locator("#id_died_on")).to_be_visible()
    page.locator("#id_reason").select_option("lost")
    expect(page.locator("#id_died_on")).to_be_hidden()
    page.locator("#id_ended_on").fill("2025-06-01")
    page.locator("#id_last_visit_on").fill("2025-07-01")
    asha.press_for("Alt+S")
    expect(page.get_by_text("The last visit lies after the end").first).to_be_visible()
    expect(page.locator("#id_ended_on")).to_have_value("2025-06-01")
    page.locator("#id_last_visit_on").fill("2025-03")
    asha.press_for("Alt+S")

    listed = scripts("asha")(f"/api/v1/forms/end-of-study/?participant={code}").json()["results"]
    rao = door.sign_in("rao")
    signing = rao.visit(f"/forms/end-of-study/{listed[0]['id']}/")
    signing.get_by_role("link", name="Sign this form").click()
    signing.get_by_text("Approved.").click()
    signing.get_by_label("Your password").fill(PASSWORD)
    rao.press_for("Alt+S")
    expect(signing.get_by_text("is signed: approved")).to_be_visible()
    # The browser says of the form that was refused that it was: nothing else.
    assert not rao.complaints and [one for one in asha.complaints if "400" not in one] == []
