"""A coordinator imports the site's screening list: upload, preview, commit, what was refused, and the same again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Entrance, Scripts

pytestmark = pytest.mark.e2e

HEADER = (
    "List number;Screened on;Age;Sex;Referral;Considered for;Outcome;Outcome on;Reason;Reason in words;Note"
)


def upload(page: Page, file: Path) -> None:
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload and preview").click()
    page.wait_for_load_state()


def logged(scripts: Scripts, tag: str) -> int:
    rows = scripts("asha")("/api/v1/imports/screening-list/?limit=500").json()["results"]
    return sum(row["added"] for row in rows if tag in row["file_name"])


def test_the_whole_road(door: Entrance, scripts: Scripts, tmp_path: Path) -> None:
    asha = door.sign_in("asha")
    page = asha.page
    # The portal may have been used before: numbers of this run alone.
    tag = f"E{int(time.time())}"
    rows = [
        f"{tag}-{n};{n} Mar 2026;{n + 10};{'Female' if n % 2 else 'male'};clinic;case;;;;;"
        for n in range(1, 8)
    ]
    wrong = [
        f"{tag}-8;03/04/2026;14;female;clinic;case;;;;;",
        f"{tag}-9;2026-03-09;14;female;;;declined;2026-03-10;;;=1+1",
    ]
    right = tmp_path / f"{tag}.csv"
    right.write_bytes("\r\n".join([HEADER, *rows, *wrong]).encode("utf-8-sig"))

    asha.visit("/imports/")
    page.get_by_role("link", name="Screening list").first.click()
    page.wait_for_load_state()

    # A list with names does not come in.
    names = tmp_path / "names.csv"
    names.write_text("List number;Patient name\n1;Zebulon Quist\n")
    upload(page, names)
    expect(page.get_by_role("alert")).to_contain_text("carries names")
    assert "Zebulon" not in page.content()

    upload(page, right)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{tag}.csv")
    main = page.get_by_role("main")
    expect(main).to_contain_text("separated by semicolon")
    assert logged(scripts, tag) == 0
    page.get_by_role("navigation", name="Rows by verdict").get_by_role("link", name="Refused").click()
    expect(main).to_contain_text("can be read in two ways")
    asha.shot("import-refused", both=True)

    # By keyboard.
    page.keyboard.press("Alt+s")
    expect(main).to_contain_text("7 rows added")
    assert logged(scripts, tag) == 7
    asha.shot("import-committed", both=True)

    with page.expect_download() as download:
        page.get_by_role("link", name="Refused rows with the reasons").click()
    refused = tmp_path / download.value.suggested_filename
    download.value.save_as(refused)
    text = refused.read_text(encoding="utf-8-sig")
    assert "import_problems" in text and "'=1+1" in text
    refused.write_text(text.replace("03/04/2026", "2026-04-03").replace("2026-03-10,,", "2026-03-10,travel,"))
    asha.visit("/imports/screening-list/")
    upload(page, refused)
    page.get_by_role("button", name="Commit 2 new rows").click()
    expect(main).to_contain_text("2 rows added")
    assert logged(scripts, tag) == 9

    # The same file again changes nothing, and says so.
    asha.visit("/imports/screening-list/")
    upload(page, right)
    expect(main).to_contain_text("This very file was committed before")
    expect(main).to_contain_text("Nothing of this file is new")
    page.get_by_role("button", name="Commit: nothing is new").click()
    expect(main).to_contain_text("nothing changed")
    assert logged(scripts, tag) == 9
    complaints = [said for said in asha.complaints if "400 (Bad Request)" not in said]  # the refused file
    assert not complaints


def test_it_is_not_for_everybody(door: Entrance) -> None:
    sanjay = door.sign_in("sanjay")
    assert sanjay.refused("/imports/") == 403
    assert sanjay.refused("/imports/screening-list/template.csv") == 403


def test_cells_are_pasted_for_a_form(door: Entrance, scripts: Scripts) -> None:
    """Vital signs copied from a spreadsheet: what is wrong is said, the rest is written once."""
    script = scripts("asha")
    people = script("/api/v1/participants/?limit=50").json()["results"]
    code = next(one["code"] for one in people if one["synthetic"])
    number = int(time.time()) % 900 + 50
    made = script(
        "/api/v1/visits/",
        {"participant": code, "key": "UNS", "number": number, "status": "done", "happened_on": "2016-03-01"},
    )
    assert made.status == 201, made.json()
    asha = door.sign_in("asha")
    page = asha.page
    asha.visit("/imports/")
    page.get_by_role("link", name="Vital signs", exact=True).click()
    page.wait_for_load_state()
    head = "participant\tvisit\tweight\theight\tsystolic\tdiastolic\tpulse"
    rows = [f"{code}\tUNS {number}\t51\t160\t110\t70\t72", f"{code}\tnowhere\t51\t160\t110\t70\t72"]
    box = page.get_by_label("Or cells copied from a spreadsheet")

    def pasted() -> None:
        box.fill("\n".join([head, *rows]))
        page.get_by_role("button", name="Upload and preview").click()
        page.wait_for_load_state()

    pasted()
    main = page.get_by_role("main")
    expect(main).to_contain_text("has none that is called “nowhere”")
    asha.shot("bulk-preview", both=True)
    page.keyboard.press("Alt+s")
    expect(main).to_contain_text("1 row added")
    asha.visit("/imports/form-vital-signs/")
    asha.shot("bulk-start", both=True)
    pasted()
    expect(main).to_contain_text("Nothing of this file is new")
