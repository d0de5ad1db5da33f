"""Text on paper: A4 pages with a running foot, in Latin and Devanagari letters.

ReportLab writes the pages, HarfBuzz joins the letters of Devanagari, and the fonts are Noto Sans as packages; decision
29 says why these. What is laid out is kept compressed until `finish`: some 2 kB for each page.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from itertools import groupby
from pathlib import Path

import fontpkg_noto_sans
import fontpkg_noto_sans_devanagari
from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont, shapeStr
from reportlab.pdfgen.canvas import Canvas

LATIN, DEVANAGARI = "NotoSans", "NotoSansDevanagari"
FILES = {
    LATIN: Path(fontpkg_noto_sans.ROOT) / "files" / "NotoSans[wdth,wght].ttf",
    DEVANAGARI: Path(fontpkg_noto_sans_devanagari.ROOT) / "files" / "NotoSansDevanagari[wdth,wght].ttf",
}
# Devanagari with its extensions, the vedic signs, the joiners, and the spaces between two such words.
OF_DEVANAGARI = re.compile(
    "[\u0900-\u097f\ua8e0-\ua8ff\u1cd0-\u1cff]"
    "(?:[ \u200c\u200d\u0900-\u097f\ua8e0-\ua8ff\u1cd0-\u1cff]*[\u200c\u200d\u0900-\u097f\ua8e0-\ua8ff\u1cd0-\u1cff])?"
)
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ufeff\ufffe\uffff\u2028\u2029\u202a-\u202e\u2066-\u2069]+")

MARGIN = 42.0
FOOT = 54.0
SIZE, LEADING = 8.5, 12.0
INK, QUIET = 0.1, 0.4
SIZES = {1: (16.0, 28.0), 2: (9.5, 14.0)}
LABEL_WIDTH = 110.0

# Distance from the left margin, text, size, grey; a negative grey is drawn strong.
Part = tuple[float, str, float, float]

_fonts_guard = threading.Lock()


def _fonts() -> None:
    with _fonts_guard:
        for name, path in FILES.items():
            if name not in pdfmetrics.getRegisteredFontNames():
                pdfmetrics.registerFont(TTFont(name, str(path)))


def clean(text: str) -> str:
    """Without control characters and overrides of direction, which print nothing and hide what they stand in."""
    return CONTROLS.sub(" ", text)


def runs(text: str) -> Iterator[tuple[str, str]]:
    """(font, text) in order; a letter that neither font has is printed as an empty box, never left out."""
    at = 0
    for found in OF_DEVANAGARI.finditer(text):
        if found.start() > at:
            yield LATIN, text[at : found.start()]
        yield DEVANAGARI, found[0]
        at = found.end()
    if at < len(text):
        yield LATIN, text[at:]


@lru_cache(maxsize=4096)
def width(text: str, size: float) -> float:
    """In points, as it will be printed."""
    return sum(_run_width(font, part, size) for font, part in runs(text))


def _run_width(font: str, part: str, size: float) -> float:
    if font == LATIN:
        return float(pdfmetrics.stringWidth(part, font, size))
    return float(sum(one.x_advance for one in _shaped(part, size).__shapeData__) * size / 1000)


def _shaped(part: str, size: float) -> str:
    # Shaping adds glyphs to the font's tables, which all threads share.
    with _fonts_guard:
        return shapeStr(part, DEVANAGARI, size, force=True)  # type: ignore[no-any-return]


def wrapped(text: str, size: float, room: float) -> list[str]:
    """The text in lines that fit; a word that is longer than a line is broken."""
    lines: list[str] = []
    line: list[str] = []
    used, space = 0.0, width(" ", size)
    for word in text.split(" "):
        # Widths are of words, which come again and again, so that they are measured once.
        wide = width(word, size)
        if line and used + space + wide <= room:
            line.append(word)
            used += space + wide
            continue
        if line:
            lines.append(" ".join(line))
        while len(word) > 1 and wide > room:
            cut = bisect_right(range(1, len(word)), room, key=lambda n, w=word: width(w[:n], size)) or 1
            lines.append(word[:cut])
            word = word[cut:]
            wide = width(word, size)
        line, used = [word], wide
    return [*lines, " ".join(line)] if line else lines


def _of_one_grey(line: Sequence[tuple[str, float]]) -> list[Part]:
    """The words of a line as few parts, placed one after the other."""
    parts: list[Part] = []
    x, space = 0.0, width(" ", SIZE)
    for grey, words in groupby(line, key=lambda one: one[1]):
        text = " ".join(word for word, _grey in words)
        parts.append((x, text, SIZE, grey))
        x += sum(width(word, SIZE) + space for word in text.split(" "))
    return parts


def wrapped_words(text: str, size: float, room: float) -> list[str]:
    """The words of a text, those broken that are longer than a line."""
    return [part for word in text.split(" ") for part in wrapped(word, size, room)]


def a_canvas(out: BytesIO, pagesize: tuple[float, float], title: str) -> Canvas:
    """An empty file of pages of the given size in points, with the fonts at hand; the same drawn is the same bytes."""
    _fonts()
    canvas = Canvas(out, pagesize=pagesize, pageCompression=1, invariant=1)
    canvas.setTitle(clean(title))
    canvas.setCreator("StudyPortal")
    return canvas


def draw(canvas: Canvas, x: float, y: float, text: str, size: float, *, strong: bool = False) -> None:
    """One line of text with its left end at x, y."""
    if strong:
        # The fonts have no bold cut as they come; a stroke around the letters serves.
        canvas.setStrokeGray(INK)
        canvas.setLineWidth(size / 40)
    on_line = canvas.beginText(x, y)
    if strong:
        on_line.setTextRenderMode(2)
    for font, part in runs(text):
        on_line.setFont(font, size)
        if font == LATIN:
            on_line.textOut(part)
        else:
            # Joined letters have glyphs without a character: what they mean is said beside them, for search and for
            # being read aloud.
            meant = part.encode("utf-16-be").hex().upper()
            on_line._code.append(f"/Span <</ActualText <FEFF{meant}>>> BDC")
            on_line.textOut(_shaped(part, size))
            on_line._code.append("EMC")
    if strong:
        on_line.setTextRenderMode(0)
    canvas.drawText(on_line)


class Sheets:
    """Pages of one document, laid out from the top down."""

    def __init__(self, *, title: str, footer: str, footer_code: str = "") -> None:
        self._out = BytesIO()
        self._canvas = a_canvas(self._out, A4, title)
        self._footer, self._footer_code = clean(footer), clean(footer_code)
        self._page = 1
        self._y = A4[1] - MARGIN
        self._held: list[tuple[float, list[Part] | None]] | None = None
        self._drawn_in = -1.0

    # --- what is laid out -------------------------------------------------------------------------------

    def heading(self, text: str, level: int = 1) -> None:
        size, leading = SIZES[level]
        self._lines(text, size, leading, INK, strong=True)

    def paragraph(self, text: str, *, quiet: bool = False) -> None:
        self._lines(text, SIZE, LEADING, QUIET if quiet else INK)

    def code(self, text: str) -> None:
        self._lines(text, 7.0, 9.5, QUIET)

    def pair(self, label: str, value: str) -> None:
        """A label with its value beside it."""
        lines = wrapped(clean(value), SIZE, A4[0] - 2 * MARGIN - LABEL_WIDTH)
        for number, line in enumerate(lines):
            self._put(
                LEADING, [(0.0, label if number == 0 else "", SIZE, QUIET), (LABEL_WIDTH, line, SIZE, INK)]
            )

    def flow(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Labels with their values, one after the other; the labels are quieter."""
        room = A4[0] - 2 * MARGIN
        words: list[tuple[str, float]] = []
        for number, (label, value) in enumerate(pairs):
            end = "  ·" if number < len(pairs) - 1 else ""
            words += [(word, QUIET) for word in f"{clean(label)}:".split(" ")]
            words += [(word, INK) for word in wrapped_words(f"{clean(value)}{end}", SIZE, room)]
        line: list[tuple[str, float]] = []
        used, space = 0.0, width(" ", SIZE)
        for word, grey in words:
            wide = width(word, SIZE)
            if line and used + space + wide > room:
                self._put(LEADING, _of_one_grey(line))
                line, used = [], 0.0
            used += wide + (space if line else 0.0)
            line.append((word, grey))
        if line:
            self._put(LEADING, _of_one_grey(line))

    def gap(self, height: float = LEADING) -> None:
        self._put(height, [])

    def line(self) -> None:
        """A rule between two parts."""
        self._put(9.0, None)

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is laid out here begins a new page rather than being parted, unless it is longer than a page."""
        self._held = []
        yield
        held, self._held = self._held, None
        needed = sum(height for height, _parts in held)
        if needed > self._y - FOOT and needed <= A4[1] - MARGIN - FOOT:
            self._turn()
        for height, parts in held:
            self._put(height, parts)

    def finish(self) -> bytes:
        """The file. Nothing can be laid out after this."""
        self._foot()
        self._canvas.showPage()
        # Each page refers to this, so that it can say how many there are before they are counted.
        self._canvas.beginForm("pages")
        self._string(0, 0, str(self._page), 7.0)
        self._canvas.endForm()
        self._canvas.save()
        return self._out.getvalue()

    # --- how ---------------------------------------------------------------------------------------------

    def _lines(self, text: str, size: float, leading: float, grey: float, *, strong: bool = False) -> None:
        for line in wrapped(clean(text), size, A4[0] - 2 * MARGIN):
            self._put(leading, [(0.0, line, size, -grey if strong else grey)])

    def _put(self, height: float, parts: list[Part] | None) -> None:
        if self._held is not None:
            self._held.append((height, parts))
            return
        if self._y - height < FOOT:
            self._turn()
        self._y -= height
        if parts is None:
            self._canvas.setStrokeGray(0.8)
            self._canvas.setLineWidth(0.5)
            self._canvas.line(MARGIN, self._y + 3, A4[0] - MARGIN, self._y + 3)
            return
        for x, text, size, grey in parts:
            self._grey(abs(grey))
            self._string(MARGIN + x, self._y + 3, text, size, strong=grey < 0)

    def _grey(self, grey: float) -> None:
        if grey != self._drawn_in:
            self._canvas.setFillGray(grey)
            self._drawn_in = grey

    def _string(self, x: float, y: float, text: str, size: float, *, strong: bool = False) -> None:
        draw(self._canvas, x, y, text, size, strong=strong)

    def _turn(self) -> None:
        self._foot()
        self._canvas.showPage()
        self._drawn_in = -1.0
        self._page += 1
        self._y = A4[1] - MARGIN

    def _foot(self) -> None:
        canvas = self._canvas
        self._grey(QUIET)
        self._string(MARGIN, 30, self._footer, 7.0)
        self._string(MARGIN, 20, self._footer_code, 7.0)
        said = _("page %(page)d of") % {"page": self._page}
        x = A4[0] - MARGIN - width(f"{said} 00000", 7.0)
        self._string(x, 30, said, 7.0)
        canvas.saveState()
        canvas.translate(x + width(f"{said} ", 7.0), 30)
        canvas.doForm("pages")
        canvas.restoreState()
