"""The sheet of a product, on paper and as a file: the whole record, and nothing of what the reader may not see."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest

from apps.celldose import crfs
from apps.celldose.sheet_pdf import text_of
from studyportal.audit.models import Look
from studyportal.ui import pdf
from studyportal.ui.parts import Cell
from tests.apps.celldose.conftest import Journey, save, treated
from tests.cast import Cast

WHOLE = (
    "D-001",
    "FOR AUTOLOGOUS USE ONLY",
    "Life of the product",
    "Hand-overs",
    "Who read what",
    "Density gradient",
    "Ficoll",
    "Counts and yield",
    "92.5 %",
    "Release",
    "Released conditionally",
    "I have judged this product",  # the statement of the signature
    "Planned range",
    "1000 ×10⁶",
    "by 50 kg, measured 10 Mar 2025",
    "Around the infusion",
    "Deviations",
    "Near misses",
    "Adverse events",
)


@pytest.fixture
def printed(monkeypatch: Any) -> list[str]:
    """What is put on paper, line by line, before the fonts make glyphs of it."""
    lines: list[str] = []
    put = pdf.Sheets._string

    def noting(self: Any, x: float, y: float, text: str, size: float, **more: Any) -> None:
        lines.append(text)
        put(self, x, y, text, size, **more)

    monkeypatch.setattr(pdf.Sheets, "_string", noting)
    return lines


@pytest.fixture
def given(journey: Journey) -> Journey:
    journey.open()
    plan = {"component": "bm_mnc", "planned_low": "800", "planned_high": "1600", "planned_on": "2025-03-10"}
    save(crfs.DOSE_PLAN, journey.rao, {"session": journey.session}, rationale="By weight.", **plan)
    journey.upto("processing")
    save(
        crfs.REAGENT_LOT,
        journey.asha,
        {"product": journey.product},
        reagent="Ficoll",
        lot="L1",
        expires_on="2025-12-31",
    )
    infusion = journey.upto("infusion")
    save(crfs.OBSERVATIONS, journey.asha, {"infusion": infusion}, timepoint="start", temperature="36.9")
    return journey


def address(journey: Journey, name: str = "sheet/") -> str:
    return f"/products/{journey.product.pk}/{name}"


@pytest.mark.parametrize("name", ["sheet/", "sheet.pdf"])
def test_it_is_only_read(name: str, journey: Journey, page: Any) -> None:
    journey.upto("product")
    assert page(journey.asha).post(address(journey, name)).status_code == 405


def test_the_sheet_holds_the_whole_record(given: Journey, page: Any) -> None:
    shown = " ".join(page(given.asha).get(address(given)).content.decode().split())
    for words in WHOLE:
        assert words in shown, words
    assert "/new/?" not in shown, "paper offers no forms"


def test_the_file_holds_the_whole_record(given: Journey, page: Any, printed: list[str]) -> None:
    answer = page(given.asha).get(address(given, "sheet.pdf"))
    assert answer["Content-Type"] == "application/pdf"
    code = given.participant.code.lower()
    assert answer["Content-Disposition"] == f'attachment; filename="{code}-bm-mnc-d-001.pdf"'
    assert answer.content.startswith(b"%PDF-") and answer.content.rstrip().endswith(b"%%EOF")
    text = " ".join(printed)
    for words in (*WHOLE, given.participant.code, "Asha", "page 1 of"):
        assert words in text, words


def test_a_file_is_a_look_and_a_page_is_none(given: Journey, page: Any) -> None:
    client = page(given.asha)
    client.get(address(given))
    assert not Look.objects.filter(what="product_sheet").exists()
    client.get(address(given, "sheet.pdf"))
    look = Look.objects.get(what="product_sheet")
    assert (look.user, look.participant_code, look.detail) == (
        given.asha,
        given.participant.code,
        "BM-MNC D-001",
    )


def test_a_product_that_was_only_harvested_has_a_sheet(
    journey: Journey, page: Any, printed: list[str]
) -> None:
    journey.upto("product")
    for name in ("sheet/", "sheet.pdf"):
        assert page(journey.asha).get(address(journey, name)).status_code == 200
    text = " ".join(printed)
    assert "Not infused." in text
    assert "The processing is not recorded yet." in text


def test_a_transcribed_product_says_what_its_source_does_not(
    transcribed: Journey, page: Any, printed: list[str]
) -> None:
    transcribed.open(performed_on="2016-11")
    transcribed.upto("harvest", harvest={"started_at": None, "ended_at": None})
    transcribed.upto("product", product={"product_identifier": None})
    transcribed.make_infusion(
        started_at=None, stopped_at=None, volume_ml=None, total_dose=None, dose_as_stated="500–5000 × 106"
    )
    assert page(transcribed.asha).get(address(transcribed, "sheet.pdf")).status_code == 200
    text = " ".join(printed)
    assert "source states: 500–5000 × 106" in text
    assert "Nov 2016" in text


def test_synthetic_data_are_marked_on_paper(cast: Cast, page: Any, printed: list[str]) -> None:
    from tests.apps.celldose.conftest import consent

    journey = Journey(treated(cast.asha, cast.mumbai, synthetic=True), cast.asha, cast.rao)
    consent(journey.participant, cast.asha)
    journey.upto("product")
    page(cast.asha).get(address(journey, "sheet.pdf"))
    assert any("SYNTHETIC" in line for line in printed)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        (D("36.9"), "36.9"),
        (True, "Yes"),
        (dt.date(2025, 3, 10), "10 Mar 2025"),
        (Cell("30 ×10⁶/kg", detail="by 50 kg"), "30 ×10⁶/kg (by 50 kg)"),
        (Cell("", state="failed"), "Failed"),
        (Cell(dt.date(2025, 3, 10), state="expired"), "10 Mar 2025 Expired"),
        (Cell("", detail="why"), "why"),
    ],
)
def test_what_a_cell_is_on_paper(value: Any, text: str) -> None:
    assert text_of(value) == text
