"""Asha coordinates Mumbai: she finds the patient, changes a value with a reason, and enters a new visit by keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Entrance, Person, Scripts, type_in

pytestmark = pytest.mark.e2e


def tab_to(page: Page, identifier: str, *, within: int = 20) -> None:
    """Press Tab until the control has the focus; it must be within reach of a patient person."""
    for _ in range(within):
        if page.evaluate("document.activeElement.id") == identifier:
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab does not reach {identifier}")


def values_of(page: Page) -> dict[str, str]:
    """What a person would have to type again if it were lost, by name (the ticket is signed anew each second)."""
    return page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('form.crf [name]')]"
        ".filter(c => c.value && !['csrfmiddlewaretoken', 'version', 'reason', 'ticket'].includes(c.name)"
        " && c.tagName != 'BUTTON' && (c.checked || !['radio', 'checkbox'].includes(c.type)))"
        ".map(c => [c.name, c.value]))"
    )


@pytest.fixture
def asha(door: Entrance) -> Person:
    return door.sign_in("asha")


def test_signing_in_leads_to_the_worklist_and_from_there_to_the_patient(
    door: Entrance, patient: dict[str, Any]
) -> None:
    person = door.stranger()
    page = person.visit("/participants/")
    assert "/sign-in/" in page.url

    page.get_by_label("User name").fill("asha")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("User name")).to_have_value("asha")

    type_in(person, "asha")
    expect(page).to_have_url(f"{person.url}/worklist/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Worklist")
    expect(page.locator("section#queries")).to_contain_text("MUM-")
    assert "PUN-" not in page.locator("main").inner_text()
    person.shot("worklist", both=True)

    page.get_by_role("link", name="Participants").first.click()
    people = page.locator("#people")
    page.locator("input[name=q]").press_sequentially(patient["code"])
    expect(people.get_by_role("row")).to_have_count(2)
    person.shot("participants")
    people.get_by_role("link", name=patient["code"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(patient["code"])
    expect(page.locator(".page-title")).to_contain_text("Published case")
    person.shot("casebook", both=True)


def test_a_changed_value_needs_a_reason_and_keeps_its_history(
    asha: Person, patient: dict[str, Any], scripts: Scripts
) -> None:
    forms = scripts("asha")(f"/api/v1/forms/lifestyle/?participant={patient['code']}").json()["results"]
    stands = forms[0]
    address = f"/forms/lifestyle/{stands['id']}/"
    other = next(one for one in ("vigorous", "light") if one != stands["exercise_intensity"])

    page = asha.visit(f"/participants/{patient['code']}/")
    page.locator(f"a[href='{address}']").first.click()
    page.get_by_label("Exercise", exact=True).select_option(other)
    page.get_by_role("textbox", name="Diet in the words of the source").fill(
        "Read again in the source, page 2."
    )
    typed = values_of(page)
    asha.press_for("Alt+s")

    expect(page.locator("#error-reason")).to_contain_text("Say why you change it")
    expect(page.locator("#id_reason")).to_have_attribute("aria-invalid", "true")
    assert values_of(page) == typed
    untouched = scripts("asha")(f"/api/v1{address}").json()
    assert untouched["version"] == stands["version"]
    asha.shot("reason-asked", both=True)

    reason = f"Source looked at again, version {stands['version']}"
    page.locator("#id_reason").fill(reason)
    asha.press_for("Alt+s")
    expect(page.locator(".messages")).to_contain_text("is saved")
    saved = scripts("asha")(f"/api/v1{address}").json()
    assert (saved["exercise_intensity"], saved["version"]) == (other, stands["version"] + 1)

    asha.visit(address)
    page.get_by_role("link", name="History").click()
    newest = page.locator("ol.history > li").first
    expect(newest).to_contain_text("Changed")
    expect(newest).to_contain_text(reason)
    expect(newest).to_contain_text("asha")
    line = newest.locator("li", has=page.get_by_text("Exercise", exact=True))
    before, after = line.locator("del").inner_text(), line.locator("ins").inner_text()
    assert before.lower().startswith(stands["exercise_intensity"])
    assert after.lower().startswith(other)
    asha.shot("history")
    # The refusal is the only thing that the browser may complain about.
    assert [one for one in asha.complaints if "400" not in one] == []


def test_a_visit_and_its_form_by_keyboard(asha: Person, patient: dict[str, Any], scripts: Scripts) -> None:
    page = asha.visit(f"/participants/{patient['code']}/")
    page.get_by_role("link", name="New visit").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/visits/new/*")
    tab_to(page, "id_key")
    page.keyboard.type("UNS")
    tab_to(page, "id_happened_on")
    page.keyboard.type("Mar 2018")
    asha.press_for("Alt+s")
    page.wait_for_url(lambda url: "/visits/new/" not in url)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Unscheduled")
    asha.shot("visit", both=True)

    page.locator("#form-vital-signs").get_by_role("link", name="Begin").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/forms/vital-signs/new/**")
    tab_to(page, "id_taken_on")
    page.keyboard.type("31/02/2018")
    tab_to(page, "id_weight")
    page.keyboard.type("500")
    tab_to(page, "id_height")
    page.keyboard.type("160.5")
    tab_to(page, "id_systolic")
    page.keyboard.type("80")
    tab_to(page, "id_diastolic")
    page.keyboard.type("120")
    tab_to(page, "id_pulse")
    page.keyboard.press("Alt+a")
    expect(page.locator("#id_absent-pulse")).to_be_focused()
    page.keyboard.press("d")  # the reason by its letter
    expect(page.locator("#id_pulse")).to_be_disabled()
    tab_to(page, "id_temperature")
    page.keyboard.type("36.6")
    typed = values_of(page)
    assert typed["absent-pulse"] == "not_done"

    # What cannot be true is refused at its field; what was typed stays, and nothing is saved.
    asha.press_for("Alt+s")
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("#error-weight")).to_contain_text("300")
    expect(page.locator("#error-taken_on")).to_be_visible()
    assert values_of(page) == typed
    asha.shot("refused", both=True)
    visit = page.url.split("visit=")[1]
    forms = f"/api/v1/forms/vital-signs/?visit={visit}"
    assert scripts("asha")(forms).json()["results"] == []

    for name, text in (
        ("id_taken_on", "Mar 2018"),
        ("id_weight", "150"),
        ("id_systolic", "120"),
        ("id_diastolic", "80"),
    ):
        tab_to(page, name)
        page.keyboard.press("Control+a")
        page.keyboard.type(text)
    asha.press_for("Alt+s")

    # What is unusual is saved, and asked about at once.
    expect(page.locator(".messages")).to_contain_text("correct or explain")
    finding = page.locator(".finding", has=page.get_by_role("textbox")).filter(has_text="body mass index")
    expect(finding).to_contain_text("58.2")
    asha.shot("finding", both=True)
    finding.get_by_role("textbox").focus()
    page.keyboard.type("Weighed twice, on two scales.")
    page.keyboard.press("Tab")
    asha.press_for("Enter")
    expect(page.locator(".messages")).to_contain_text("The answer is saved")
    expect(finding).to_have_count(0)

    saved = scripts("asha")(forms).json()["results"]
    assert len(saved) == 1
    assert saved[0]["taken_on"] == "2018-03"
    assert (saved[0]["weight"], saved[0]["bmi"]) == ("150.0", "58.2")
    assert saved[0]["absent"]["pulse"] == "not_done"
    assert [one for one in asha.complaints if "400" not in one] == []


def test_what_is_not_hers_is_refused(asha: Person, door: Entrance, patient: dict[str, Any]) -> None:
    for path in ("/oversight/", "/exports/", "/outcomes/"):
        page = asha.visit(path, status=403)
        expect(page.get_by_role("main")).to_contain_text("Your role does not open this page")
    shown = asha.page.get_by_role("navigation", name="Main")
    for name in ("Consent findings", "Datasets", "Outcome tables"):
        expect(shown.get_by_role("link", name=name)).to_have_count(0)

    vikram = door.sign_in("vikram")
    page = vikram.visit(f"/participants/{patient['code']}/", status=404)
    expect(page.get_by_role("main")).to_contain_text("belongs to a site that is not yours")
    assert patient["label"] not in page.content()
    vikram.shot("not-found", both=True)
    page = vikram.visit("/participants/")
    assert "MUM-" not in page.get_by_role("main").inner_text()
