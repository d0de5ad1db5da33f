"""From the first screening to the enrolment, and from a proposal to a frozen version: as the people do it."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import Entrance, Scripts

pytestmark = pytest.mark.e2e

YES = ("t1dm", "autoantibody", "age", "hba1c", "consent")
NO = (
    "infection_markers", "active_infection", "malignancy", "pregnancy", "renal", "immunosuppression",
    "previous_cell_therapy",
)  # fmt: skip


def test_somebody_is_screened_registered_and_enrolled(door: Entrance, scripts: Scripts) -> None:
    asha = door.sign_in("asha")
    today = dt.date.today()
    screened = (today - dt.timedelta(days=2)).isoformat()
    page = asha.visit("/screening/new/")
    page.locator("#id_screened_on").fill(screened)
    page.locator("#id_age").fill("29")
    page.get_by_label("Female").check()
    page.locator("#id_considered_for").select_option("control")
    page.get_by_role("button", name="Save and register").click()
    page.wait_for_url("**/participants/*/")
    code = page.url.rstrip("/").split("/")[-1]
    script = scripts("asha")
    number = script(f"/api/v1/screening/?participant={code}").json()["results"][0]["number"]

    # Nobody is enrolled without consent and criteria: all that is missing is said at once.
    page = asha.visit(f"/participants/{code}/enrol/")
    page.locator("#id_enrolled_on").fill(today.isoformat())
    page.get_by_role("button", name="Enrol").click()
    expect(page.locator(".error-summary")).to_contain_text("Consent to take part is not in force")
    expect(page.locator(".error-summary")).to_contain_text("Type 1 diabetes")
    expect(page.locator("#id_enrolled_on")).to_have_value(today.isoformat())
    asha.shot("enrol-refused", both=True)

    consent = {
        "participant": code,
        "kind": "consent",
        "purposes": ["participation"],
        "document_version": "3.0",
        "document_language": "en",
        "signed_on": (today - dt.timedelta(days=1)).isoformat(),
        "age_at_signature": 29,
        "signer": "participant",
    }
    answer = script("/api/v1/consent-events/", consent)
    assert answer.status == 201, answer.body

    page = asha.visit(f"/screening/{number}/")
    for key in YES:
        page.locator(f"input[name=answer-{key}][value=yes]").check()
    for key in NO:
        page.locator(f"input[name=answer-{key}][value=no]").check()
    page.locator("#id_evidence-hba1c").fill("9.1 %, hospital laboratory, this week")
    page.locator("#id_evidence-renal").fill("0.8 mg/dL, hospital laboratory, this week")
    asha.press_for("Alt+s")
    expect(page.locator("main")).to_contain_text("Eligible")
    asha.shot("eligible", both=True)
    page.locator("#id_enrolled_on").fill(today.isoformat())
    page.get_by_role("button", name="Enrol").click()
    expect(page.locator(".messages")).to_be_visible()

    casebook = asha.visit(f"/participants/{code}/")
    expect(casebook.locator("main")).to_contain_text("Enrolled")
    asha.shot("life", both=True)
    told = script(f"/api/v1/participants/{code}/").json()
    assert (told["status"], told["enrolled_on"]) == ("enrolled", today.isoformat())
    # The refusals are the only things that the browser may complain about.
    assert [one for one in asha.complaints if "409" not in one] == []


def test_sets_are_proposed_reviewed_and_frozen(door: Entrance) -> None:
    sanjay = door.sign_in("sanjay")
    page = sanjay.visit("/matching/")
    page.locator("#id_calipers_age").fill("0")
    page.get_by_role("button", name="Match").click()
    expect(page.locator(".error-summary")).to_contain_text("Age")
    page.locator("#id_calipers_age").fill("")
    page.locator("#id_seed").fill("7")
    page.get_by_label("Include").check()
    page.get_by_role("button", name="Match").click()
    page.wait_for_url("**/jobs/*/")
    expect(page.locator("#job-progress")).to_contain_text("The job is done", timeout=60_000)
    page.get_by_role("link", name="Open the result").click()
    run = page.url.removeprefix(sanjay.url)
    expect(page.locator("main svg[role=img]").first).to_be_visible()
    assert page.get_by_role("button", name="Reviewed").count() == 0, "nobody reviews what is his own"
    sanjay.shot("run", both=True)
    with page.expect_download() as coming:
        page.get_by_role("link", name="Sets, one line per control").click()
    rows = list(csv.DictReader(io.StringIO(Path(coming.value.path()).read_text("utf-8-sig"))))
    assert len(rows) > 10

    meera = door.sign_in("meera")
    page = meera.visit(run)
    page.get_by_role("button", name="Reviewed").click()
    page.get_by_role("button", name="Freeze").click()
    expect(page.locator(".messages")).to_contain_text("version 1")
    assert page.get_by_role("button", name="Freeze").count() == 0
    meera.shot("frozen", both=True)
    assert [one for one in sanjay.complaints if "400" not in one] == []
    assert meera.complaints == []
