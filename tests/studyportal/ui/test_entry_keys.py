"""A form is typed with the keyboard alone: the gallery's form in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.studyportal.ui.pages import ADDRESS, gallery_page, serve
from tests.studyportal.ui.test_browser import CHROMIUM, FLAGS

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def tab() -> Iterator[Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1024, "height": 600}, reduced_motion="reduce")
        serve(page, {"/ui/": gallery_page()})
        yield page
        browser.close()


@pytest.fixture(autouse=True)
def _opened(tab: Any) -> None:
    tab.goto(ADDRESS + "/ui/")
    tab.evaluate("sessionStorage.clear()")


def at(tab: Any) -> str:
    return tab.evaluate("document.activeElement.id || document.activeElement.name")


def chosen(tab: Any, name: str) -> str | None:
    return tab.evaluate(f"document.querySelector('[name={name}]:checked')?.value")


def test_enter_goes_through_the_form_and_never_sends_it(tab: Any) -> None:
    sent = []
    tab.on("request", lambda request: sent.append(request.method) if request.method == "POST" else None)
    tab.locator("#id_weight").focus()
    passed = []
    for _press in range(16):
        tab.keyboard.press("Control+Enter" if at(tab) == "id_note" else "Enter")
        passed.append(at(tab))
    assert passed[:6] == [
        "id_absent-height", "id_temperature", "id_systolic", "id_hba1c", "id_product", "id_words",
    ]  # fmt: skip
    assert "id_hospital" not in passed and "regimen" in passed and passed.count("symptoms") == 1
    assert passed[15:] == ["id_note"]
    assert sent == []


def test_shift_enter_goes_back(tab: Any) -> None:
    tab.locator("#id_systolic").focus()
    tab.keyboard.press("Shift+Enter")
    assert at(tab) == "id_temperature"


@pytest.mark.parametrize(
    ("name", "keys", "value"),
    [
        ("fasting", "n", "false"),
        ("fasting", "ny", "true"),
        ("fasting", "2", "false"),
        ("regimen", "p", "premixed"),
        ("regimen", "pp", "pump"),
        ("regimen", "3", "pump"),
        ("regimen", "x", "basal_bolus"),
        ("symptoms", "f", "thirst"),
    ],
)
def test_a_letter_or_a_number_chooses(tab: Any, name: str, keys: str, value: str) -> None:
    tab.locator(f"[name={name}]").first.focus()
    for key in keys:
        tab.keyboard.press(key)
    assert chosen(tab, name) == value


def test_a_letter_ticks_a_box(tab: Any) -> None:
    tab.locator("[name=symptoms]").first.focus()
    tab.keyboard.press("b")
    assert tab.locator("[name=symptoms][value=blurred]").is_checked()


@pytest.mark.parametrize(("letter", "reason"), [("d", "not_done"), ("u", "unknown"), ("r", "not_recorded"), ("e", "refused")])  # fmt: skip
def test_one_key_more_gives_the_reason(tab: Any, letter: str, reason: str) -> None:
    tab.locator("#id_weight").focus()
    tab.keyboard.press("Alt+a")
    tab.keyboard.press(letter)
    assert tab.input_value("#id_absent-weight") == reason
    assert tab.locator("#id_weight").is_disabled()
    tab.locator("#id_systolic").focus()
    tab.keyboard.press("Alt+a")
    tab.keyboard.press("Alt+a")
    assert tab.input_value("#id_absent-systolic") == reason, "the last one, by the same keys"


def test_relative_days_become_days_at_once(tab: Any) -> None:
    for typed, day in (
        ("-3d", "2016-11-11"),
        ("today", "2016-11-14"),
        ("2 weeks ago", "2016-10-31"),
        ("in 1 day", "2016-11-15"),
        ("12/11/2016", "12/11/2016"),
    ):
        tab.locator("#id_taken_on").fill(typed)
        tab.keyboard.press("Enter")
        assert tab.input_value("#id_taken_on") == day


def test_the_previous_value_is_taken_where_it_may_be(tab: Any) -> None:
    tab.locator("#id_product").fill("")
    tab.keyboard.press("Alt+p")
    assert tab.input_value("#id_product") == "Glargine"
    tab.locator("#id_weight").fill("")
    tab.keyboard.press("Alt+p")
    assert tab.input_value("#id_weight") == ""


def test_the_explanation_is_one_key_away(tab: Any) -> None:
    tab.locator("#id_hba1c").focus()
    tab.keyboard.press("Alt+e")
    assert at(tab) == "explain-hba1c-jump"


@pytest.mark.parametrize("width", [360, 1024, 2560])
def test_what_has_the_focus_is_not_covered(tab: Any, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 600})
    tab.locator("#id_weight").focus()
    for _press in range(15):
        tab.keyboard.press("Enter")
        covered = tab.evaluate(
            """() => {
              const box = document.activeElement.getBoundingClientRect();
              const bar = document.querySelector(".form-actions");
              const over = bar.getBoundingClientRect();
              return getComputedStyle(bar).position === "sticky" && box.bottom > over.top && box.top < over.bottom;
            }"""
        )
        assert not covered, at(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.set_viewport_size({"width": 1024, "height": 600})
