"""Paper of the demo, made when it is loaded: documents in the study's languages, and sheets that nobody signed."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import fontpkg_noto_sans_devanagari
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer

FONT = "DemoNotoSansDevanagari"
MARGIN = 56.0
SAID = "Made up for the demo of StudyPortal. No committee approved it; nobody should sign it."


class Upload(BytesIO):
    """A file as an upload gives it."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name: str | None = name
        self.size: int | None = len(content)


@cache
def _styles() -> tuple[ParagraphStyle, ParagraphStyle, ParagraphStyle]:
    files = Path(fontpkg_noto_sans_devanagari.ROOT) / "files"
    # The font has Latin letters too, and shaping joins those of Hindi and Marathi.
    pdfmetrics.registerFont(TTFont(FONT, str(next(files.glob("*.ttf"))), shapable=True))
    body = ParagraphStyle("body", fontName=FONT, fontSize=10.5, leading=17, spaceAfter=9, shaping=1)
    return (
        ParagraphStyle("title", parent=body, fontSize=16, leading=24, spaceAfter=2),
        ParagraphStyle("quiet", parent=body, fontSize=8.5, leading=13, textColor="#555555"),
        body,
    )


def document(*, title: str, version: str, hospital: str, words: str, signed: bool) -> bytes:
    """A PDF of the words. signed: with lines for signature, name and date below. The same words give the same bytes."""
    heading, quiet, body = _styles()
    parts: list[Flowable] = [
        Paragraph(escape(title), heading),
        Paragraph(escape(f"{hospital} · Version {version}"), quiet),
        Paragraph(escape(SAID), quiet),
        *(Paragraph(escape(one), body) for one in words.split("\n\n")),
    ]
    if signed:
        parts += [Spacer(1, 18)]
        parts += [
            Paragraph(f"{line}: ____________________________", body) for line in ("Signature", "Name", "Date")
        ]
    out = BytesIO()
    page = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
        title=f"{title} {version}", creator="StudyPortal demo", invariant=1,
    )  # fmt: skip
    page.build(parts)
    return out.getvalue()


def sheet(*lines: str, made_up: str = "nobody signed it") -> bytes:
    """A page of PDF with these lines (ASCII), which stands for a scan and says that it is made up."""
    said = (*lines, f"Made up for the demo of StudyPortal: {made_up}.")
    text = "BT /F1 13 Tf 72 760 Td 22 TL " + " ".join(
        f"({line.translate({40: '[', 41: ']', 92: '/'})}) '" for line in said
    )
    stream = (text + " ET").encode("ascii", "replace")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    )
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (count, table, count, len(out))
    )
