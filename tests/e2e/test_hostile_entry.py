"""What impatient hands and strange clipboards do to a form: nothing is saved twice, nothing typed is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Entrance, Person, Scripts

pytestmark = pytest.mark.e2e

NOTE = "مرحبا 🫀 שלום — ‏נורמלי — नमस्ते"


@pytest.fixture
def asha(door: Entrance) -> Person:
    return door.sign_in("asha")


@pytest.fixture
def code(scripts: Scripts) -> str:
    answer = scripts("meera")(
        "/api/v1/participants/",
        {"site": "MUM", "retrospective": True, "group": "case", "label": "Hostile entry"},
    )
    assert answer.status == 201, answer.body
    return str(answer.json()["code"])


def stays_of(scripts: Scripts, code: str) -> list[Any]:
    return scripts("asha")(f"/api/v1/forms/hospitalisation/?participant={code}").json()["results"]


def test_a_double_click_and_the_back_button(asha: Person, code: str, scripts: Scripts) -> None:
    address = f"/participants/{code}/forms/hospitalisation/new/"
    page = asha.visit(address)
    page.locator('[name="admitted_on"]').fill("2016-11")
    page.locator('[name="duration_as_written"]').fill(NOTE)
    # Twice in the same instant, past whatever a page does against it.
    page.evaluate(
        """() => { const form = document.querySelector("form.crf");
            const sent = () => fetch(location.href, { method: "POST", redirect: "manual",
                body: new URLSearchParams([...new FormData(form), ["incomplete", "1"]]) });
            return Promise.all([sent(), sent()]); }"""
    )
    page.get_by_role("button", name="Save as incomplete").click()
    expect(page.locator(".messages")).to_contain_text("is saved")
    held = stays_of(scripts, code)
    assert len(held) == 1
    assert held[0]["duration_as_written"] == NOTE

    # Back to the page that made it, and another value: the portal asks, and makes nothing in silence.
    page.go_back()
    page.locator('[name="duration_as_written"]').fill("eight days")
    page.get_by_role("button", name="Save as incomplete").click()
    page.wait_for_load_state()
    assert len(stays_of(scripts, code)) <= 2


def test_five_thousand_pasted_cells(asha: Person, code: str, scripts: Scripts) -> None:
    page = asha.visit(f"/participants/{code}/forms/demographics/new/")
    cells = "\t".join(f"cell {number}" for number in range(5000))
    page.locator('[name="age_at_enrolment"]').evaluate("(one, text) => { one.value = text; }", cells)
    page.get_by_role("button", name="Save as incomplete").click()
    expect(page.locator(".error-summary")).to_be_visible()
    assert "cell 4999" in page.locator('[name="age_at_enrolment"]').input_value()
    # However long the text, the page is no wider than the window.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
    assert scripts("asha")(f"/api/v1/forms/demographics/?participant={code}").json()["results"] == []


def test_two_tabs_of_one_form(asha: Person, code: str, scripts: Scripts) -> None:
    address = f"/participants/{code}/forms/demographics/new/"
    first = asha.visit(address)
    second = first.context.new_page()
    second.goto(asha.url + address)
    first.locator('[name="age_at_enrolment"]').fill("17")
    first.get_by_role("button", name="Save as incomplete").click()
    first.wait_for_url(lambda url: "/new/" not in url)
    second.locator('[name="age_at_enrolment"]').fill("18")
    second.get_by_role("button", name="Save as incomplete").click()
    expect(second.locator("#conflict")).to_contain_text("You saved this form on another page")
    expect(second.locator("#conflict-age_at_enrolment")).to_contain_text("17")
    second.locator('[name="keep-age_at_enrolment"][value="theirs"]').focus()
    second.keyboard.press("Space")
    second.get_by_role("button", name="Save as incomplete").click()
    second.wait_for_url(lambda url: not re.search(r"/forms/demographics/(\d+|new)/", url))
    held = scripts("asha")(f"/api/v1/forms/demographics/?participant={code}").json()["results"]
    assert [one["age_at_enrolment"] for one in held] == [17]
