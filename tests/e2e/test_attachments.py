"""A photo of the paper form beside its record: attached in place, shown beside the form, withdrawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Entrance, Scripts
from tests.studyportal.attachments.pictures import picture

pytestmark = pytest.mark.e2e


def test_the_paper_beside_the_form(door: Entrance, scripts: Scripts, tmp_path: Path) -> None:
    forms = scripts("asha")("/api/v1/forms/vital-signs/?limit=50").json()["results"]
    weighed = next(one for one in forms if one["weight"])
    address = f"/forms/vital-signs/{weighed['id']}/"
    asha = door.sign_in("asha")
    page = asha.page
    asha.visit(address)
    panel = page.locator("#attachments")

    # What is no picture is refused in place; what was typed in the form is untouched.
    weight = page.get_by_label("Weight", exact=True)
    weight.fill("49.5")
    wrong = tmp_path / "x.svg"
    wrong.write_text("<svg xmlns='http://www.w3.org/2000/svg'></svg>")
    panel.get_by_label("Files").set_input_files(wrong)
    panel.get_by_role("button", name="Attach").click()
    expect(panel).to_contain_text("By its content this file is none of")
    expect(weight).to_have_value("49.5")

    # A photo; the colour makes it one that no earlier run attached.
    photo = tmp_path / "page.jpg"
    photo.write_bytes(picture(size=(1200, 1700), colour=hash(str(tmp_path)) % 250))
    before = panel.locator(".attachment").count()
    panel.get_by_label("Files").set_input_files(photo)
    panel.get_by_label("What it shows").fill("صفحة ١, page 1 📄")
    panel.get_by_role("button", name="Attach").click()
    expect(panel.locator(".attachment")).to_have_count(before + 1)
    expect(weight).to_have_value("49.5")
    one = panel.locator(".attachment", has_text="page 1").first
    expect(one.get_by_role("img")).to_be_visible()

    viewer = page.locator("[data-attachment-viewer]")
    one.get_by_role("button", name="Show beside the form").click()
    expect(viewer).to_be_visible()
    expect(viewer.get_by_role("img")).to_have_js_property("complete", True)
    asha.shot("attachment-beside", both=True)
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(one.get_by_role("button", name="Show beside the form")).to_be_focused()

    one.get_by_text("Withdraw", exact=False).first.click()
    one.get_by_label("Why does it no longer count?").fill("Wrong page")
    one.get_by_role("button", name="Withdraw it").click()
    expect(panel).to_contain_text("Wrong page")
    asha.shot("attachment-withdrawn", both=True)

    # The data manager sees that there is one, and no picture.
    meera = door.sign_in("meera")
    meera.visit(address)
    expect(meera.page.locator("#attachments")).to_contain_text("open for the staff of the site")
    assert meera.page.locator("#attachments img[src*=thumbnail]").count() == 0
