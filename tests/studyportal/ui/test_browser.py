"""The gallery in a real browser: accessibility, keyboard, narrow screens, the policy against inline code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.forms import AuthenticationForm
from playwright.sync_api import sync_playwright

from tests.studyportal.ui.pages import ADDRESS, gallery_page, page, serve

pytestmark = pytest.mark.e2e
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CHROMIUM = next(
    (path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), None
)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {
        "/ui/": gallery_page(),
        "/ui/dark/": gallery_page("dark"),
        "/sign-in/": page("ui/sign_in.html", {"form": AuthenticationForm(), "next": "/worklist/"}),
        "/missing/": page("404.html", {}, path="/missing/"),
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any, pages: dict[str, str]) -> Iterator[Any]:
    contexts = []

    def open_at(path: str, width: int = 1440, height: int = 900) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        contexts.append(context)
        tab = context.new_page()
        tab.faults = []
        tab.on("console", lambda message: message.type == "error" and tab.faults.append(message.text))
        tab.on("pageerror", lambda error: tab.faults.append(str(error)))
        serve(tab, pages)
        tab.goto(ADDRESS + path)
        return tab

    yield open_at
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("path", "width"), [("/ui/", 1440), ("/ui/dark/", 360), ("/sign-in/", 360), ("/missing/", 1440)]
)
def test_axe_finds_nothing(open_page: Any, path: str, width: int):
    tab = open_page(path, width)
    results = Axe().run(tab)
    found = [
        (fault["id"], fault["impact"], [node["html"][:160] for node in fault["nodes"][:4]])
        for fault in results.response["violations"]
    ]
    assert found == []


@pytest.mark.parametrize("path", ["/ui/", "/sign-in/", "/missing/"])
def test_nothing_is_wider_than_a_phone_and_the_policy_refuses_nothing(open_page: Any, path: str):
    tab = open_page(path, 360, 740)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    assert tab.faults == []


def test_the_skip_link_comes_first_and_leads_to_the_content(open_page: Any):
    tab = open_page("/missing/")
    tab.goto(ADDRESS + "/ui/")
    tab.evaluate("document.activeElement.blur()")
    tab.evaluate("document.body.focus()")
    tab.locator(".skip").focus()
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "content"


def test_the_theme_is_remembered(open_page: Any):
    tab = open_page("/ui/")
    tab.click("[popovertarget=user-menu]")
    tab.click("[data-theme-choice=dark]")
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
    assert {"theme": "dark"} in [{c["name"]: c["value"]} for c in tab.context.cookies()]
    tab.click("[data-theme-choice='']")
    assert tab.context.cookies() == []


def test_alt_a_gives_a_reason_and_takes_it_back(open_page: Any):
    tab = open_page("/ui/")
    weight, reason = tab.locator("#id_weight"), tab.locator("#id_absent-weight")
    assert reason.is_hidden()
    weight.focus()
    tab.keyboard.press("Alt+a")
    assert tab.evaluate("document.activeElement.id") == "id_absent-weight"
    reason.select_option("not_done")
    assert weight.is_disabled()
    reason.focus()
    tab.keyboard.press("Alt+a")
    assert weight.is_enabled()
    assert weight.input_value() == "61.2"
    assert tab.evaluate("document.activeElement.id") == "id_weight"


def test_a_field_that_does_not_apply_is_hidden_and_not_posted(open_page: Any):
    tab = open_page("/ui/")
    assert tab.locator("#field-position_other").is_visible()
    tab.select_option("#id_position", "lying")
    assert tab.locator("#field-position_other").is_hidden()
    assert tab.locator("#id_position_other").is_disabled()
    tab.select_option("#id_position", "other")
    assert tab.locator("#id_position_other").is_enabled()


def test_typing_is_marked_as_unsaved_and_guarded(open_page: Any):
    tab = open_page("/ui/")
    assert tab.locator("[data-unsaved]").is_hidden()
    tab.fill("#id_weight", "62")
    assert tab.locator("[data-unsaved]").is_visible()
    asked: list[str] = []
    tab.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    tab.goto(ADDRESS + "/missing/")
    assert asked == ["beforeunload"]


def test_help_lists_the_shortcuts_of_the_page(open_page: Any):
    tab = open_page("/ui/")
    tab.keyboard.press("Alt+h")
    assert "Alt+S" in tab.locator("#shortcut-help").inner_text()
    tab.keyboard.press("Escape")
    tab.keyboard.press("Alt+f")
    assert tab.evaluate("document.activeElement.id") == "filter_search"


def test_a_date_stands_beside_its_field_with_the_month_in_words(open_page: Any):
    tab = open_page("/ui/")
    assert tab.locator("[data-date-echo=id_planned_on]").inner_text() == "12 Nov 2016"


def test_the_navigation_opens_on_a_phone_and_closes_by_escape(open_page: Any):
    tab = open_page("/ui/", 360, 740)
    assert tab.locator("#rail").is_hidden()
    tab.click(".rail-button")
    assert tab.locator("#rail").is_visible()
    tab.keyboard.press("Escape")
    assert tab.locator("#rail").is_hidden()


def test_the_narrow_drawing_takes_the_place_of_the_wide_one(open_page: Any):
    for width, visible in ((1440, "wide"), (360, "narrow")):
        tab = open_page("/ui/", width)
        shown = tab.locator("[data-chart=hba1c] .chart-svg:visible")
        assert shown.count() == 1
        assert f"chart-{visible}" in (shown.get_attribute("class") or "")


def test_print_leaves_out_navigation_and_shows_whole_tables(open_page: Any):
    tab = open_page("/ui/dark/")
    tab.emulate_media(media="print")
    assert tab.locator("#rail").is_hidden()
    assert tab.locator(".filter-bar").is_hidden()
    assert tab.evaluate("getComputedStyle(document.querySelector('.table-scroll')).overflowX") == "visible"
    assert tab.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
