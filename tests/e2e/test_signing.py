"""An investigator signs a form; a later change breaks the signature for everybody to see."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import PASSWORD, Entrance, Scripts

pytestmark = pytest.mark.e2e


def test_signed_and_broken(door: Entrance, scripts: Scripts) -> None:
    record = own_record(scripts)
    address = f"/forms/demographics/{record['id']}/"
    rao = door.sign_in("rao")
    page = rao.visit(address)
    page.get_by_role("link", name="Sign this form").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sign")
    page.get_by_text("Reviewed.").click()
    page.get_by_label("Your password").fill(PASSWORD)
    rao.press_for("Alt+S")
    expect(page.get_by_text("is signed: reviewed")).to_be_visible()
    signature = page.locator(".signature")
    expect(signature).to_contain_text("Dr Rao")
    expect(signature).to_contain_text("Asia/Kolkata, UTC+05:30")

    page.emulate_media(media="print")
    expect(page.locator(".signature-hashes code")).to_be_visible()
    assert len(page.locator(".signature-hashes code").inner_text()) == 64
    page.emulate_media(media="screen")

    asha = scripts("asha")
    changed = asha(
        f"/api/v1{address}",
        {"age_at_enrolment": 31, "reason": "Read from the other sheet"},
        method="PATCH",
        If_Match=f'"{record["version"]}"',
    )
    assert changed.status == 200, changed.body
    rao.visit(address)
    expect(signature).to_contain_text("The record has changed since it was signed")
    expect(signature).to_contain_text("Read from the other sheet")
    rao.shot("signature-broken", both=True)
    assert not rao.complaints


def own_record(scripts: Scripts) -> dict[str, Any]:
    """A complete form of a participant of this test's own."""
    asha = scripts("asha")
    made = asha("/api/v1/participants/", {"site": "MUM", "group": "control"})
    assert made.status == 201, made.body
    fields = next(f for f in asha("/api/v1/forms/").json() if f["key"] == "demographics")["fields"]
    entered = {one["name"] for one in fields if not one["derived"] and not one["name"].endswith("_absent")}
    given = {"sex": "female", "age_at_enrolment": 30}
    form = scripts("asha")(
        "/api/v1/forms/demographics/",
        {
            "participant": made.json()["code"],
            **given,
            "absent": dict.fromkeys(entered - set(given), "unknown"),
        },
    )
    assert form.status == 201, form.body
    return form.json()
