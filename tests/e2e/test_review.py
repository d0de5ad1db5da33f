"""Verified, locked, unlocked, changed: each step as people see it, with the keyboard where a list is worked through."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Entrance, Scripts
from tests.e2e.test_signing import own_record

pytestmark = pytest.mark.e2e


def test_from_entry_to_lock_and_back(door: Entrance, scripts: Scripts) -> None:
    record = own_record(scripts)
    address = f"/forms/demographics/{record['id']}/"
    meera = door.sign_in("meera")
    page = meera.visit(f"/review/verify/?participant={record['participant']}")
    meera.shot("review-to-verify", both=True)
    page.keyboard.press("Alt+N")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Verify against the source")
    page.get_by_role("checkbox", name="Sex").check()
    page.get_by_role("checkbox", name="Age").first.check()
    meera.shot("review-verify", both=True)
    meera.press_for("Alt+S")
    expect(page.get_by_text("Nothing fits these filters")).to_be_visible()

    page = meera.visit(address)
    expect(page.locator("#review")).to_contain_text("Source verified")
    page.get_by_role("link", name="Lock this record").click()
    meera.press_for("Alt+S")
    expect(page.get_by_text("This record is locked").first).to_be_visible()
    meera.shot("review-locked", both=True)

    refused = scripts("asha")(
        f"/api/v1{address}",
        {"age_at_enrolment": 31, "reason": "Read from the other sheet"},
        method="PATCH",
        If_Match=f'"{record["version"]}"',
    )
    assert refused.status == 409, refused.body

    page.get_by_role("link", name="Unlock this record").click()
    page.get_by_label("Reason").fill("A second sheet was found")
    meera.press_for("Alt+S")
    changed = scripts("asha")(
        f"/api/v1{address}",
        {"age_at_enrolment": 31, "reason": "Read from the other sheet"},
        method="PATCH",
        If_Match=f'"{record["version"]}"',
    )
    assert changed.status == 200, changed.body
    page = meera.visit(address)
    expect(page.get_by_text("The verification is broken")).to_be_visible()
    meera.shot("review-broken", both=True)
    meera.visit("/review/")
    meera.shot("review-progress", both=True)
    assert not meera.complaints


def test_an_auditor_reads_the_progress_and_does_nothing(door: Entrance) -> None:
    farah = door.sign_in("farah")
    page = farah.visit("/review/")
    expect(page.get_by_role("heading", name="By site")).to_be_visible()
    expect(page.get_by_role("heading", name="Freeze")).to_have_count(0)
    assert not farah.complaints
