"""What is typed is judged when a field is left, by the keyboard alone, before anything is saved."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Entrance
from tests.e2e.test_draft import blank_form

pytestmark = pytest.mark.e2e


def test_a_day_is_typed_as_it_is_said_and_a_slip_is_told_at_once(door: Entrance) -> None:
    asha = door.sign_in("asha")
    address = blank_form(asha)
    page = asha.visit(address)
    day = page.locator('[name="admitted_on"]')
    day.focus()
    page.keyboard.type("12/11/2016")
    page.keyboard.press("Enter")
    expect(day).not_to_be_focused()
    expect(page.locator("#echo-admitted_on")).to_have_text("Sat 12 Nov 2016")

    day.fill("31/2/2016")
    page.keyboard.press("Enter")
    expect(page.locator("#said-admitted_on")).to_contain_text("29 days")
    expect(day).to_have_attribute("aria-invalid", "true")
    expect(day).to_have_attribute("aria-describedby", "error-admitted_on echo-admitted_on hint-admitted_on previous-admitted_on")  # fmt: skip
    expect(page.locator("#echo-admitted_on")).to_have_text("")
    asha.shot("entry-slip", both=True)

    day.fill("nov 2016")
    page.keyboard.press("Enter")
    expect(page.locator("#echo-admitted_on")).to_have_text("Nov 2016")
    expect(page.locator("#said-admitted_on")).to_be_empty()
    expect(day).not_to_have_attribute("aria-invalid", "true")
    assert page.url.endswith(address), "nothing was sent"
    page.get_by_text("Draft saved").wait_for()
    assert not asha.complaints
