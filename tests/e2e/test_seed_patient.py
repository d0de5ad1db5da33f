"""The published patient's casebook asks what the paper leaves open, and decides nothing silently."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Entrance

pytestmark = pytest.mark.e2e

# What the paper leaves open → how the open query asks for it.
ASKED = {
    "HbA1c 11.5 without a unit": "gives the HbA1c of 11.5 without a unit",
    "HbA1c 7.0 without a unit": "gives the HbA1c of 7.0 without a unit",
    "anti-insulin or islet cell antibody": "its abstract speaks of anti-insulin antibodies. Which is right?",
    "session 1 by month only": "The date of the session is known by month only (Nov 2016)",
    "July 2017 by month only": "not known to the day (Jul 2017)",
    "October 2017 by month only": "not known to the day (Oct 2017)",
    "session 2 without a date": "The date of the session is not in the record",
    "“six months” is eight": "yet it lies 213 to 272 days after its anchor",
    "marrow cells as a range": "500–5000 × 106 bone marrow-derived mononuclear cells",
    "fat cells as a range": "400–1600 × 106 adipose-derived stromal vascular fraction",
    "the lost superscript": "(its “× 106” is × 10⁶ with the superscript lost): a range, not the dose given",
    "no weight": "Without the weight there is no insulin per kg, no IDAA1c and no cells per kg",
    "no representative": "the consent of a legally acceptable representative is missing",
    "no assent": "the child's written assent is missing",
    "no version of the document": "the version of the document is missing",
    "insulin without frequency": "How often a day is not stated",
    "insulin without dose": "The insulin is taken, and its dose is not stated",
    "GAD ordered, not reported": "The test was ordered, and its result is not reported",
    "C-peptide, fasting or not": "Whether this C-peptide was fasting, random or stimulated is not stated",
}


def test_her_casebook_asks_and_decides_nothing(door: Entrance, patient: dict[str, Any]) -> None:
    asha = door.sign_in("asha")
    page = asha.visit(f"/participants/{patient['code']}/")

    # The casebook shows the first questions, the query board all of them. A hyphen that does not break is a hyphen.
    page.locator("#queries").get_by_role("link", name="on the query board").click()
    asked = ""
    while True:
        page.wait_for_load_state()
        asked += page.get_by_role("main").inner_text().replace("\u2011", "-")
        onward = page.locator("a[rel=next]")
        if not onward.count():
            break
        asha.visit(str(onward.get_attribute("href")))
    asha.shot("query-board", both=True)
    assert [what for what, words in ASKED.items() if words not in asked] == []
    asha.visit(f"/participants/{patient['code']}/")
    expect(page.locator(".alert:visible").first).to_contain_text("not in force")

    # What the paper does not say is nowhere a number: no dose, no weight, and no body mass index.
    sessions = page.locator("#sessions")
    expect(sessions).to_contain_text("Nov 2016")
    expect(sessions).to_contain_text("date not recorded")
    assert sessions.get_by_text("dose not recorded").count() == 4
    assert "10⁶" not in sessions.inner_text()

    # Values without a day are listed beside the curves, not drawn at a guessed place.
    course = page.locator("#charts").inner_text()
    for value in ("11.5 %", "7.0 %", "0.2 ng/mL", "1.7 ng/mL"):
        assert value in course
    assert page.locator("#charts svg circle").count() == 0

    timeline = page.locator("#timeline")
    for event in ("age 12", "In hospital before the study", "Six months post stem cell treatment"):
        expect(timeline).to_contain_text(event)
    facts = page.locator("dl").first
    expect(facts).to_contain_text("17 years")
    expect(facts).to_contain_text("Female")
    assert asha.complaints == []


def test_her_weight_and_chart_say_why_they_are_absent(
    door: Entrance, patient: dict[str, Any], scripts: Any
) -> None:
    asha = door.sign_in("asha")
    script = scripts("asha")
    weight = script(f"/api/v1/forms/vital-signs/?participant={patient['code']}").json()["results"][0]
    assert weight["weight"] is None
    page = asha.visit(f"/forms/vital-signs/{weight['id']}/")
    expect(page.locator("#id_absent-weight")).to_have_value("not_recorded")
    expect(page.locator("#field-bmi")).to_contain_text("weight and height missing")
    asha.shot("absent-values", both=True)

    charts = script(f"/api/v1/forms/glucose-chart/?participant={patient['code']}").json()["results"]
    # Numbers that stand only in a figure are not read off it.
    assert [chart["transcribed"] for chart in charts] == [False, False, False]
    assert script(f"/api/v1/glucose-readings/?participant={patient['code']}").json()["results"] == []
    assert script(f"/api/v1/forms/adverse-event/?participant={patient['code']}").json()["results"] == []
