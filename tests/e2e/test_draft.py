"""A session that ends while somebody types: signing in again brings back what was typed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import PASSWORD, Entrance, Person, type_in

pytestmark = pytest.mark.e2e


def blank_form(person: Person) -> str:
    """A laboratory result of any participant: a form that repeats, so that nothing of the demo stands in the way."""
    page = person.visit("/participants/?group=case")
    code = page.locator("table a", has_text=re.compile(r"^MUM-")).first.inner_text().strip()
    return f"/participants/{code}/forms/hospitalisation/new/"


def end_session(page: Page) -> None:
    page.context.clear_cookies(name="sessionid")


def sign_in_again(person: Person, name: str) -> None:
    page = person.page
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def test_a_form_sent_after_the_session_ended(door: Entrance) -> None:
    asha = door.stranger()
    type_in(asha, "asha")
    asha.name = "asha"
    address = blank_form(asha)
    page = asha.visit(address)
    page.locator('[name="admitted_on"]').fill("2016-11")
    page.locator('[name="duration_as_written"]').fill("three days")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.locator('[name="duration_as_written"]').fill("three weeks")
    end_session(page)
    page.keyboard.press("Alt+S")
    page.wait_for_url(lambda url: "/sign-in/" in url)
    asha.shot("draft-sign-in", both=True)

    sign_in_again(asha, "asha")
    assert page.url.endswith(address)
    expect(page.get_by_text("Restored what you typed on")).to_be_visible()
    expect(page.locator('[name="admitted_on"]')).to_have_value("2016-11")
    expect(page.locator('[name="duration_as_written"]')).to_have_value("three weeks")
    asha.shot("draft-restored", both=True)

    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_text("The draft is discarded.")).to_be_visible()
    expect(page.locator('[name="admitted_on"]')).to_have_value("")
    assert not asha.complaints


def test_typing_goes_on_when_the_session_is_over(door: Entrance) -> None:
    asha = door.stranger()
    type_in(asha, "asha")
    asha.name = "asha"
    page = asha.visit(blank_form(asha))
    end_session(page)
    page.locator('[name="admitted_on"]').fill("2016-10")
    expect(page.get_by_text("Your session had ended. What you typed is kept")).to_be_visible()
    page.keyboard.press("Alt+S")
    page.wait_for_url(lambda url: "/sign-in/" in url)
    sign_in_again(asha, "asha")
    expect(page.locator('[name="admitted_on"]')).to_have_value("2016-10")
    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_text("The draft is discarded.")).to_be_visible()
    assert not asha.complaints
