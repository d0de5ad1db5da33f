"""Text on paper: letters that join, lines that fit, pages that count themselves."""

from __future__ import annotations

import re
import zlib

import pytest

from studyportal.ui import pdf

ROOM = 200.0


@pytest.fixture(autouse=True)
def _fonts() -> None:
    pdf._fonts()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("plain", [("NotoSans", "plain")]),
        ("मराठी", [("NotoSansDevanagari", "मराठी")]),
        (
            "Mother: आई, सही केली",
            [
                ("NotoSans", "Mother: "),
                ("NotoSansDevanagari", "आई"),
                ("NotoSans", ", "),
                ("NotoSansDevanagari", "सही केली"),
            ],
        ),
    ],
)
def test_each_script_has_its_font(text: str, parts: list[tuple[str, str]]) -> None:
    assert list(pdf.runs(text)) == parts


@pytest.mark.parametrize(
    ("text", "glyphs"), [("क्ष", 1), ("त्र", 1), ("श्री", 2), ("कि", 2), ("द्ध", 1), ("र्य", 2), ("क", 1)]
)
def test_letters_join(text: str, glyphs: int) -> None:
    """A conjunct is one glyph; without shaping it would be as many as it has characters."""
    assert len(pdf._shaped(text, 10)) == glyphs


def test_the_short_i_stands_before_its_consonant() -> None:
    """कि is typed ka, i and written i, ka."""
    written = str(pdf._shaped("कि", 10))
    assert len(written) == 2 and written[-1] == "क"


@pytest.mark.parametrize(
    "text", ["a few words that do not fit on one line of this width at all", "क्षत्रिय " * 12, "x" * 300]
)
def test_lines_fit_and_nothing_is_lost(text: str) -> None:
    lines = pdf.wrapped(text, 8.5, ROOM)
    assert all(pdf.width(line, 8.5) <= ROOM for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_letter_wider_than_the_line_still_ends() -> None:
    assert pdf.wrapped("WW", 40.0, 10.0) == ["W", "W"]


def test_controls_and_overrides_of_direction_are_not_printed() -> None:
    assert pdf.clean("a\x00b\u202ec\nd") == "a b c d"


def sheets() -> pdf.Sheets:
    return pdf.Sheets(title="A log", footer="made by farah", footer_code="f" * 64)


def contents(file: bytes) -> list[str]:
    """The streams that say what stands on the pages."""
    from base64 import a85decode

    found = []
    for raw in re.findall(rb"stream\r?\n(.*?)endstream", file, re.DOTALL):
        try:
            found.append(zlib.decompress(a85decode(raw.strip().removesuffix(b"~>"))).decode("latin-1"))
        except ValueError:
            continue
    return found


def test_pages_are_counted() -> None:
    made = sheets()
    for number in range(200):
        made.paragraph(f"line {number}")
    file = made.finish()
    pages = len(re.findall(rb"/Type /Page\b(?!s)", file))
    assert pages == made._page == 4


def test_what_belongs_together_is_not_parted() -> None:
    made = sheets()
    for _line in range(58):
        made.paragraph("line")
    assert made._page == 1
    with made.together():
        for _line in range(10):
            made.paragraph("kept whole")
    assert made._page == 2
    with made.together():
        for _line in range(100):
            made.paragraph("longer than a page")
    assert made._page == 3


def test_what_joined_letters_mean_stands_beside_them() -> None:
    made = sheets()
    made.paragraph("सहमति")
    meant = "सहमति".encode("utf-16-be").hex().upper()
    assert any(f"/ActualText <FEFF{meant}>" in one for one in contents(made.finish()))


def test_the_same_log_gives_the_same_bytes() -> None:
    def file() -> bytes:
        made = sheets()
        made.heading("श्री Log")
        return made.finish()

    assert file() == file()
