"""The page at the bedside in a browser, with an infusion of the demo: read on a tablet, and what a refusal keeps.

The demo has past days only, so an infusion that begins now, and two nurses at once, are held by `tests/apps/celldose/test_bedside.py`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Entrance, Person, Scripts

pytestmark = pytest.mark.e2e

TABLET = {"width": 820, "height": 1180}


def an_infusion(scripts: Scripts) -> dict[str, Any] | None:
    """An infused product of the demo at Mumbai, of somebody who is not transcribed."""
    for product in scripts("asha")("/api/v1/products/?site=MUM&limit=200").json()["results"]:
        if product["state"] == "infused" and product["total_dose"]:
            return product  # type: ignore[no-any-return]
    return None


def at_bedside(person: Person, product: dict[str, Any]) -> Any:
    person.page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    return person.visit(f"/products/{product['id']}/infusion/")


def test_an_infused_product_shows_its_course_on_a_tablet(door: Entrance, scripts: Scripts) -> None:
    product = an_infusion(scripts)
    assert product is not None, "the demo has no infused product at Mumbai"
    asha = door.sign_in("asha")
    page = at_bedside(asha, product)
    expect(page.get_by_role("heading", name="Course")).to_be_visible()
    expect(page.get_by_role("heading", name="Next observation")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not asha.complaints


def test_a_happening_that_cannot_be_keeps_what_was_typed(door: Entrance, scripts: Scripts) -> None:
    product = an_infusion(scripts)
    assert product is not None
    asha = door.sign_in("asha")
    page = at_bedside(asha, product)
    act = page.locator("#act-happening")
    if act.count() == 0:
        pytest.fail("the page offers no happening to a coordinator of the site")
    act.locator("summary").click()
    act.get_by_label("Reaction", exact=True).check()
    act.get_by_label("Chills").check()
    soon = (dt.datetime.now() + dt.timedelta(days=400)).strftime("%Y-%m-%dT%H:%M")
    act.locator("#id_happening-at").fill(soon)
    act.locator("#id_happening-reason").fill("typed before the refusal")
    act.get_by_role("button", name="Record it").click()
    expect(page.get_by_text("This lies in the future").first).to_be_visible()
    expect(page.locator("#id_happening-reason")).to_have_value("typed before the refusal")
    expect(page.locator("#act-happening").get_by_label("Chills")).to_be_checked()
