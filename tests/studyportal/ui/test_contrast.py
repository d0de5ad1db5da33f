"""Contrast of the colour tokens, computed as WCAG 2.2 defines it, in both themes."""

import re
from itertools import product
from pathlib import Path

import pytest

import studyportal.ui

SHEET = (Path(studyportal.ui.__file__).parent / "static" / "ui" / "portal.css").read_text()
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", SHEET)
}
GROUNDS = ("paper", "surface", "sunken")
TEXTS = ("ink", "ink-soft", "accent", "good", "attention", "bad", "info")
TONES = ("good", "attention", "bad", "info", "accent", "synthetic")
PAIRS = [
    *product(TEXTS, GROUNDS),
    *((tone, f"{tone}-wash") for tone in TONES),
    *(("ink", f"{tone}-wash") for tone in TONES),
    *(("ink-soft", f"{tone}-wash") for tone in ("accent", "good", "bad")),
    ("accent-ink", "accent"),
    ("surface", "good"),
    ("surface", "attention"),
    ("ink-soft", "band"),
]
LINES = [
    *product(("focus", "rule-strong", *(f"series-{n}" for n in range(1, 5))), ("paper", "surface")),
    *((f"series-{n}", "band") for n in range(1, 5)),
]


def luminance(colour: str) -> float:
    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_gives_the_published_extremes():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_is_readable(text: str, ground: str, theme: int):
    assert contrast(TOKENS[text][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("line", "ground"), LINES)
def test_edges_and_lines_are_visible(line: str, ground: str, theme: int):
    assert contrast(TOKENS[line][theme], TOKENS[ground][theme]) >= 3


def test_colours_stand_only_in_the_tokens():
    tokens, rest = SHEET.split("@layer base {", 1)
    without_shades = re.sub(r"#0d121399|#fff\b|#f4f4f2", "", rest)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", without_shades) == []
    assert tokens.count("light-dark(") >= 25


def test_the_sheet_fetches_nothing():
    # A font of our own, which a browser asks for only where the machine lacks its letters.
    assert all(address.startswith("../fonts/") for address in re.findall(r"url\([\"']?([^)\"']+)", SHEET))
    assert "@import" not in SHEET
