"""Arabic, Hebrew and emoji in what people type: kept to the letter, read in its own direction, and no page wider for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.browser import NARROW, WIDE, Entrance, Scripts
from tests.e2e.test_every_page import too_wide

pytestmark = pytest.mark.e2e

ARABIC = "صداع شديد بعد الحقن 🙂 (38.5 °C) منذ يومين"
HEBREW = "כאבראשחזקמאודמאז" * 6  # one word, longer than a narrow screen


def test_it_stays_as_it_was_typed_and_breaks_no_page(
    door: Entrance, scripts: Scripts, places: dict[str, Any]
) -> None:
    made = scripts("asha")(
        "/api/v1/forms/concomitant-medication/",
        {
            "participant": places["treated"],
            "medicine": ARABIC,
            "indication": HEBREW[:110],
            "frequency": "once",
            "route": "oral",
            "started_on": "2024",
            "note": f"{HEBREW} {ARABIC}",
            "complete": False,
        },
    )
    assert made.status == 201, made.body
    record = made.json()["id"]
    asha = door.sign_in("asha")
    wrong: list[str] = []
    for path in (
        f"/forms/concomitant-medication/{record}/",
        f"/forms/concomitant-medication/{record}/history/",
        f"/participants/{places['treated']}/records/concomitant-medication/",
        f"/participants/{places['treated']}/",
    ):
        page = asha.visit(path)
        wrong += [f"{path}: {one}" for one in too_wide(asha)]
        page.set_viewport_size(WIDE)
        if page.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
            wrong.append(f"{path}: wider than {WIDE['width']} pixels")
    page = asha.visit(f"/forms/concomitant-medication/{record}/")
    control = page.locator('[name="medicine"]')
    assert control.input_value() == ARABIC
    assert control.evaluate("one => getComputedStyle(one).direction") == "rtl"
    page.set_viewport_size(NARROW)
    asha.shot("right-to-left", both=True)
    wrong += asha.complaints
    assert not wrong, "\n".join(wrong)
