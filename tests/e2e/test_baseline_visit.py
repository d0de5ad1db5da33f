"""Asha fills a whole baseline visit without a mouse, and every key she presses is counted.

The bound comes from what is typed itself: the characters of the values, and three keys for each field that she passes
(going on, and what a reason of absence takes). What it came to is printed and kept in artefacts/baseline-visit.json.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Entrance, Person, Scripts

pytestmark = pytest.mark.e2e

# Form → its records → field → what is typed: a number, a day, the letter of a choice, the beginning of a word of a list.
# A field that is not named is passed when it is optional, and otherwise absent with its reason.
VALUES: dict[str, list[dict[str, str]]] = {
    "vital-signs": [
        {
            "taken_on": "1/11/2016",
            "weight": "61.2",
            "height": "160.5",
            "systolic": "112",
            "diastolic": "72",
            "pulse": "70",
            "temperature": "36.6",
        }
    ],
    "symptoms": [{"polyuria": "n", "polydipsia": "n", "fainting": "n", "abdominal_pain": "n"}],
    "insulin": [
        {
            "role": "Bas",
            "product": "Ins",
            "taken": "y",
            "dose": "14",
            "frequency_per_day": "1",
            "taken_since": "2016",
            "started_on": "2016",
        }
    ],
    "lifestyle": [{}],
    "glucose-chart": [{"period_start": "25/10/2016", "period_end": "31/10/2016", "transcribed": "n"}],
    "lab-result": [
        {"analyte": analyte, "context": "Bas", "collected_on": "1/11/2016", "fasting": "Fas"} | result
        for analyte, result in (
            ("HbA", {"reported": "7.4", "unit": "%"}),
            ("C-p", {"reported": "0.4", "unit": "ng/mL"}),
            ("Fas", {"reported": "112", "unit": "mg/dL"}),
        )
    ],
}

WHERE = """() => {
  const at = document.activeElement;
  const row = at?.closest?.("form[data-entry] [data-field]");
  const visible = (one) => one.checkVisibility();
  return {
    field: row?.dataset.field || "",
    control: at?.name || at?.id || at?.tagName || "",
    optional: Boolean(row && [...row.querySelectorAll(".optional")].some(visible)),
    rows: Boolean(row?.querySelector(".rows")),
    filled: Boolean(at?.matches?.("input:not([type=radio], [type=checkbox]), textarea, select") && at.value),
    plain: Boolean(at?.matches?.("textarea, button, a")),
    actions: Boolean(at?.closest?.(".form-actions")),
  };
}"""


@dataclass
class Keyboard:
    """Counts what a person presses: a chord as its keys, a text as its characters."""

    page: Page
    pressed: int = 0
    characters: int = 0
    fields: int = 0
    forms: list[str] = field(default_factory=list)

    def press(self, keys: str) -> None:
        self.pressed += len(keys.split("+"))
        self.page.keyboard.press(keys)

    def type(self, text: str) -> None:
        self.pressed += len(text)
        self.characters += len(text)
        self.page.keyboard.type(text)

    @property
    def where(self) -> dict[str, Any]:
        return self.page.evaluate(WHERE)


def fill(keys: Keyboard, values: dict[str, str]) -> None:
    """From the first field to the buttons, field by field."""
    seen: set[str] = set()
    for _ in range(150):
        at = keys.where
        if at["actions"]:
            return
        name = at["field"]
        if not name:
            keys.press("Tab")
            continue
        if name not in seen:
            seen.add(name)
            keys.fields += 1
            if name in values:
                keys.type(values[name])
            elif not at["optional"] and not at["rows"] and not at["filled"]:
                keys.press("Alt+a")
                keys.press("d")
        # In a note Enter is a new line, and a button does what it says.
        keys.press("Tab" if keys.where["plain"] else "Enter")
    pytest.fail(f"The keyboard does not come to the end of the form: {keys.where}")


def form_at(page: Page) -> str:
    return page.url.split("/forms/")[1].split("/")[0]


@pytest.fixture
def visit(scripts: Scripts) -> dict[str, Any]:
    """A participant of her own, of the past, with the visit but none of its forms."""
    answer = scripts("meera")(
        "/api/v1/participants/",
        {"site": "MUM", "retrospective": True, "group": "case", "label": "Baseline by keyboard"},
    )
    assert answer.status == 201, answer.body
    code = answer.json()["code"]
    answer = scripts("asha")(
        "/api/v1/visits/", {"participant": code, "key": "BL", "happened_on": "2016-11-01"}
    )
    assert answer.status == 201, answer.body
    return {"code": code, "id": answer.json()["id"]}


def test_a_whole_baseline_visit_without_a_mouse(
    door: Entrance, visit: dict[str, Any], scripts: Scripts, artefacts: Path
) -> None:
    asha: Person = door.sign_in("asha")
    page = asha.visit(f"/participants/{visit['code']}/visits/{visit['id']}/")
    expect(page.locator("#onward")).to_contain_text("0 of")
    keys = Keyboard(page)
    left = {form: list(records) for form, records in VALUES.items()}
    with page.expect_navigation():
        keys.press("Alt+n")
    for _ in range(25):
        if "/forms/" not in page.url:
            break
        form = form_at(page)
        fresh = "/new/" in page.url
        if fresh:
            records = left.get(form) or [{}]
            fill(keys, records.pop(0))
            keys.forms.append(form)
        before = page.url
        with page.expect_navigation():
            keys.press("Alt+n")
        refused = page.locator(".error-summary")
        if refused.count():
            asha.shot("baseline-refused")
            pytest.fail(f"{form} was refused: {refused.inner_text()}")
        assert fresh or page.url != before, "once looked at, what was found lets one go on"
    else:
        pytest.fail(f"The visit has no end: {keys.forms}")
    expect(page.locator("#onward")).to_contain_text("Every expected form is complete")
    asha.shot("baseline-complete", both=True)

    bound = keys.characters + 3 * keys.fields
    counted = {
        "keys": keys.pressed,
        "characters": keys.characters,
        "fields": keys.fields,
        "bound": bound,
        "forms": keys.forms,
    }
    (artefacts / "baseline-visit.json").write_text(json.dumps(counted, indent=1))
    print(f"Baseline visit by keyboard: {counted}")
    assert keys.pressed <= bound, counted
    held = scripts("asha")(f"/api/v1/forms/vital-signs/?participant={visit['code']}").json()["results"]
    assert [(float(one["weight"]), one["status"]) for one in held] == [(61.2, "complete")]
