"""Sanjay computes the outcome table, and downloads every dataset with a token."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Entrance, Person, Script, Scripts

pytestmark = pytest.mark.e2e

# What the study asks of every row of the table.
STATISTICS = {"n", "missing", "mean", "sd", "median", "q1", "q3"}


@pytest.fixture
def sanjay(door: Entrance) -> Person:
    return door.sign_in("sanjay")


def downloaded(page: Page, name: str) -> bytes:
    with page.expect_download() as coming:
        page.get_by_role("link", name=name).click()
    return Path(coming.value.path()).read_bytes()


def test_the_outcome_table_from_the_page_to_the_file(sanjay: Person) -> None:
    page = sanjay.visit("/")
    expect(page).to_have_url(f"{sanjay.url}/outcomes/")
    page.get_by_role("button", name="Compute now").click()
    page.wait_for_url("**/jobs/*/")
    expect(page.locator("#job-progress progress")).to_be_visible()
    sanjay.shot("job")
    expect(page.locator("#job-progress")).to_contain_text("The job is done", timeout=60_000)
    bar = page.locator("#job-progress progress")
    assert bar.get_attribute("value") == bar.get_attribute("max")
    page.get_by_role("link", name="Open the result").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("HbA1c")
    expect(page.locator(".alert:visible")).to_contain_text("generator")
    footnotes = page.locator("section[aria-labelledby=footnotes]")
    expect(footnotes.get_by_role("listitem").first).to_be_visible()
    expect(footnotes).to_contain_text("matched")
    sanjay.shot("outcome-table", both=True)

    rows = list(csv.DictReader(io.StringIO(downloaded(page, "Rows, unrounded").decode())))
    raw = downloaded(page, "Table with footnotes")
    table = json.loads(raw)
    assert set(rows[0]) >= STATISTICS | {"visit", "group"}
    assert {row["group"] for row in rows} == {"case", "control"}
    assert len({(row["visit"], row["group"]) for row in rows}) == len(rows) == len(table["rows"])
    for line, same in zip(rows, table["rows"], strict=True):
        assert (line["visit"], line["group"], line["n"]) == (same["visit"], same["group"], str(same["n"]))
        assert int(line["n"]) + int(line["missing"]) == int(line["expected"])
        if int(line["n"]) > 1:
            low, middle, high = (float(line[name]) for name in ("q1", "median", "q3"))
            assert low <= middle <= high
            assert low - 4 < float(line["mean"]) < high + 4
            assert float(line["sd"]) >= 0
    assert max(int(row["n"]) for row in rows) > 10
    assert len(table["footnotes"]) == footnotes.get_by_role("listitem").count()
    assert hashlib.sha256(raw).hexdigest() in page.get_by_role("main").inner_text()
    # What the page shows is what the file says, rounded.
    baseline = next(row for row in rows if row["visit"] == "BL" and row["group"] == "case")
    shown = page.get_by_role("table").first.get_by_role("row").nth(rows.index(baseline) + 1).inner_text()
    assert f"{Decimal(baseline['mean']):.1f}" in shown
    assert sanjay.complaints == []


def test_every_dataset_by_token(sanjay: Person) -> None:
    page = sanjay.visit("/exports/")
    page.get_by_role("button", name="Sanjay").click()
    page.get_by_role("link", name="API tokens").click()
    page.get_by_label("What will use it").fill("End-to-end test")
    page.get_by_role("button", name="Make token").click()
    secret = page.locator("#new-token").inner_text().strip()
    # It is shown once.
    assert secret not in sanjay.visit("/tokens/").content()

    script = Script(sanjay.url, secret)
    datasets = script("/api/v1/datasets/").json()
    assert {one["kind"] for one in datasets} == {"form", "table"}
    for dataset in datasets:
        answer = script(dataset["csv"])
        assert answer.status == 200, dataset
        frame = pd.read_csv(io.BytesIO(answer.body), dtype=str, keep_default_na=False)
        columns = [entry["name"] for entry in script(dataset["dictionary"]).json()]
        assert list(frame.columns) == columns, dataset["key"]
        assert len(columns) == dataset["columns"]
        receipt = script(f"/api/v1/export-receipts/{answer.headers['X-Export-Receipt']}/").json()
        assert receipt["complete"], dataset["key"]
        assert (receipt["rows"], receipt["bytes"]) == (len(frame), len(answer.body)), dataset["key"]
        assert receipt["sha256"] == hashlib.sha256(answer.body).hexdigest()
    assert (
        script("/api/v1/datasets/vital-signs/dictionary.csv").headers["Content-Type"].startswith("text/csv")
    )

    weights = pd.read_csv(io.BytesIO(script("/api/v1/datasets/vital-signs.csv").body))
    assert weights["weight"].between(1, 300).sum() > 50
    complete = weights[weights["record_status"] == "complete"]
    assert complete.loc[complete["weight"].isna(), "weight_absent"].notna().all()
    sanjay.visit("/exports/")
    expect(page.get_by_role("main")).to_contain_text("SHA-256")
    sanjay.shot("datasets", both=True)
    sanjay.visit("/exports/vital-signs/")
    sanjay.shot("dataset", both=True)
    assert sanjay.complaints == []


@pytest.mark.parametrize("token", ["", "0" * 64, "nonsense"])
def test_no_token_no_data(running_portal: Any, token: str) -> None:
    answer = Script(running_portal.url, token)("/api/v1/datasets/vital-signs.csv")
    assert answer.status == 401
    assert answer.json()["status"] == 401


def test_what_is_not_his_is_refused(sanjay: Person, patient: dict[str, Any], scripts: Scripts) -> None:
    for path in (
        "/participants/",
        "/worklist/",
        "/oversight/consent-log/",
        f"/participants/{patient['code']}/",
    ):
        assert sanjay.refused(path) == 403, path
    for path in ("/api/v1/participants/", "/api/v1/consent-events/", "/api/v1/forms/vital-signs/"):
        answer = scripts("sanjay")(path)
        assert (answer.status, answer.json()["status"]) == (403, 403), path
