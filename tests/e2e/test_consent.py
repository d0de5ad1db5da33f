"""Consent as its people do it: an adult signs on the screen, a mother on paper for her child, and somebody takes it
back; then the auditor reads what came of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Entrance, Person, Scripts
from tests.studyportal.files.samples import PDF

pytestmark = pytest.mark.e2e

ITEMS = ("procedure", "sample_storage", "future_contact", "data_sharing", "images")


def screened(door: Entrance, age: int) -> tuple[Person, str]:
    """Somebody who was just registered, with the code."""
    asha = door.sign_in("asha")
    page = asha.visit("/screening/new/")
    page.locator("#id_screened_on").fill((dt.date.today() - dt.timedelta(days=2)).isoformat())
    page.locator("#id_age").fill(str(age))
    page.get_by_label("Female").check()
    page.locator("#id_considered_for").select_option("case")
    page.get_by_role("button", name="Save and register").click()
    page.wait_for_url("**/participants/*/")
    return asha, page.url.rstrip("/").split("/")[-1]


def known_birth(asha: Person, code: str, years: int) -> None:
    """The identity: who must sign follows from the birth date."""
    page = asha.visit(f"/participants/{code}/identity/change/")
    born = dt.date.today().replace(day=1) - dt.timedelta(days=365 * years + 180)
    page.locator("#id_birth_date").fill(born.isoformat())
    # A name of its own, of which no word stands in what is typed later: a text that names the person is refused.
    page.locator("#id_full_name").fill(
        f"Kaldhone {code[4:8].translate(str.maketrans('0123456789', 'vbcdfghjkl'))}"
    )
    page.get_by_role("button", name="Save").first.click()
    page.wait_for_url(lambda url: "/change/" not in url)


def draw(page: Page, name: str) -> None:
    pad = page.locator(f"[data-signature-pad={name}] canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + box["height"] / 2)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(
            box["x"] + 30 + step * 18, box["y"] + box["height"] * (0.3 + 0.4 * (step % 2)), steps=3
        )
    page.mouse.up()
    expect(page.locator(f"[data-signature-pad={name}] [data-pad-said]")).to_have_text("Signed.")


def answer_items(page: Page) -> None:
    for item in ITEMS:
        group = page.locator(f"#field-item-{item}")
        group.get_by_label("Yes" if item != "images" else "No", exact=True).check()


def test_an_adult_signs_on_the_screen_in_marathi(door: Entrance, scripts: Scripts) -> None:
    asha, code = screened(door, 29)
    known_birth(asha, code, 29)
    page = asha.visit(f"/participants/{code}/consent/")
    expect(page.locator("main")).to_contain_text("nothing may be done yet")
    expect(page.locator("#sign")).to_contain_text("Consent of the participant")
    asha.shot("consent-none", both=True)
    page.locator("#sign .card").get_by_role("link", name="Sign").first.click()
    page.get_by_role("navigation", name="Language of the signer").get_by_role("link", name="Marathi").click()
    expect(page.locator(".consent-words[lang=mr]").last).to_be_visible()
    asha.shot("consent-sign", both=True)

    # Refused: everything that is missing is said, and nothing that was given is lost, the drawing included.
    page.get_by_label("On the screen").check()
    draw(page, "drawing")
    page.locator("#id_note").fill("Came with her brother")
    asha.press_for("Alt+s")
    expect(page.locator(".error-summary")).to_contain_text("decides whether a witness is needed")
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("#id_note")).to_have_value("Came with her brother")
    expect(page.locator("[data-signature-pad=drawing] [data-pad-said]")).to_have_text("Signed.")
    asha.shot("consent-refused", both=True)

    page.locator("#field-signer_can_read").get_by_label("Yes", exact=True).check()
    expect(page.locator("#id_witness")).to_be_hidden()
    answer_items(page)
    page.locator("#field-copy_given").get_by_label("Yes", exact=True).check()
    asha.press_for("Alt+s")
    page.wait_for_url(f"**/participants/{code}/consent/")
    expect(page.locator(".messages")).to_contain_text("is in the consent log")
    expect(page.locator("main")).to_contain_text("Consent to take part is in force")
    asha.shot("consent-person", both=True)

    entries = scripts("asha")(f"/api/v1/consent-events/?participant={code}").json()["results"]
    assert len(entries) == 1
    assert (entries[0]["kind"], entries[0]["method"], entries[0]["document_language"]) == (
        "consent", "screen", "mr",
    )  # fmt: skip
    assert entries[0]["declined"] == ["images"]
    assert [one for one in asha.complaints if "400" not in one] == [], asha.complaints


def test_a_mother_signs_on_paper_beside_a_witness_and_her_child_assents(
    door: Entrance, scripts: Scripts, tmp_path: Path
) -> None:
    asha, code = screened(door, 10)
    known_birth(asha, code, 10)
    today = dt.date.today().isoformat()
    page = asha.visit(f"/participants/{code}/consent/")
    expect(page.locator("#sign .card")).to_have_count(2)
    page.locator("#sign .card", has_text="Consent of the representative").get_by_role(
        "link", name="Sign"
    ).click()
    page.get_by_label("Mother").check()
    page.locator("#id_lar_relationship_proof").fill("birth certificate")
    page.locator("#field-signer_can_read").get_by_label("No", exact=True).check()
    page.locator("#id_witness").fill("the teacher of the child")
    page.locator("#field-witness_relation").get_by_label("Neighbour").check()
    answer_items(page)
    page.locator("#field-audio_visual").get_by_label("Required and not done").check()
    page.locator("#id_recording_reason").fill("The camera was away for repair")
    page.get_by_label("On paper").check()
    page.locator("#id_signed_on").fill(today)

    # A scan of the wrong type is refused; then the right one, chosen once, outlives another refusal.
    wrong, right = tmp_path / "scan.pdf", tmp_path / "sheet.pdf"
    wrong.write_text("<html>no sheet</html>")
    right.write_bytes(PDF)
    page.locator("#id_sheet").set_input_files(wrong)
    asha.press_for("Alt+s")
    expect(page.locator("#error-sheet")).to_contain_text("none of")
    page.locator("#id_sheet").set_input_files(right)
    page.locator("#id_signed_on").fill("2099-01-01")
    asha.press_for("Alt+s")
    expect(page.locator(".error-summary")).to_contain_text("future")
    assert page.locator("#id_sheet").evaluate("control => control.files[0]?.name") == "sheet.pdf"
    asha.shot("consent-paper-refused", both=True)
    page.locator("#id_signed_on").fill(today)
    asha.press_for("Alt+s")
    page.wait_for_url(f"**/participants/{code}/consent/")

    page.locator("#sign .card", has_text="assent").get_by_role("link", name="Sign").click()
    page.get_by_label("Spoken").check()
    page.locator("#field-audio_visual").get_by_label("Required and recorded").check()
    page.locator("#id_signed_on").fill(today)
    asha.shot("consent-assent", both=True)
    asha.press_for("Alt+s")
    page.wait_for_url(f"**/participants/{code}/consent/")

    # The sheet is opened by those who may know the person, and by nobody else.
    page.locator("#log").get_by_role("link", name="Consent of a legally acceptable representative").click()
    expect(page.locator("main")).to_contain_text("the teacher of the child")
    asha.shot("consent-entry", both=True)
    with page.expect_download() as sent:
        page.get_by_role("link", name="Open the signed sheet").click()
    assert Path(sent.value.path()).read_bytes() == PDF
    entry = page.url.rstrip("/").split("/")[-1]
    assert door.sign_in("meera").refused(f"/participants/{code}/consent/entries/{entry}/sheet/") == 403
    assert door.sign_in("vikram").refused(f"/participants/{code}/consent/") == 404
    assert [one for one in asha.complaints if "400" not in one] == [], asha.complaints


def test_a_withdrawal_and_the_auditor_who_reads_it(door: Entrance, scripts: Scripts) -> None:
    asha, code = screened(door, 41)
    known_birth(asha, code, 41)
    yesterday = (dt.date.today() - dt.timedelta(days=1)).isoformat()
    script = scripts("asha")
    given = {
        "participant": code, "kind": "consent", "purposes": ["participation", "procedure", "sample_storage"],
        "signed_on": yesterday, "age_at_signature": 41, "signer": "participant", "method": "paper",
    }  # fmt: skip
    answer = script("/api/v1/consent-events/", given)
    assert answer.status == 201, answer.body

    page = asha.visit(f"/participants/{code}/")
    page.locator(".page-actions").get_by_role("link", name="Consent", exact=True).click()
    page.get_by_role("link", name="Withdraw consent").click()
    expect(page.locator("main")).to_contain_text("No further harvest and no further infusion")
    asha.shot("consent-withdraw", both=True)
    page.get_by_label("Treatment:").check()
    page.get_by_label("The participant", exact=True).check()
    page.locator("#field-data_retained").get_by_label("Yes", exact=True).check()
    asha.press_for("Alt+s")
    page.wait_for_url(f"**/participants/{code}/consent/")
    expect(page.locator("main")).to_contain_text("Withdrawn")
    asha.shot("consent-withdrawn", both=True)
    entries: Any = script(f"/api/v1/consent-events/?participant={code}").json()["results"]
    assert [one["withdrawal_scopes"] for one in entries if one["kind"] == "withdrawal"] == [["treatment"]]

    farah = door.sign_in("farah")
    assert farah.refused(f"/participants/{code}/consent/") == 403
    log = farah.visit("/oversight/consent-log/")
    expect(log.locator("main")).to_contain_text(code)
    story = farah.visit(f"/oversight/consent/{code}/")
    expect(story.locator("main")).to_contain_text("Withdrawal")
    farah.shot("consent-story-after-withdrawal")
    assert asha.complaints == []
