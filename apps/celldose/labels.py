"""Labels of products, containers and aliquots: one page of the label's own size for each, as label printers take them.

The symbol is a DataMatrix of the identifier alone, as it is stored, so that a scanner types what a person would. What
people read stands beside it: whose it is, that it is for that person only, what it is, how much, until when, how kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from ppf.datamatrix import DataMatrix
from reportlab.lib.units import mm

from apps.celldose.models import Aliquot, Container, DonorTests
from apps.celldose.models.codes import AliquotPurpose, Component, ContainerKind, DonorTestResult, Storage
from apps.celldose.product_file import ProductFile
from apps.celldose.rules import identifiers
from studyportal import protocol
from studyportal.crf.outcomes import NotDerivable
from studyportal.ui import pdf
from studyportal.words import translated

PRODUCT, ALIQUOT = "product", "aliquot"
# Sizes of the portal where the protocol names none: width, height, symbol, all in mm.
DEFAULT_SIZES = {PRODUCT: (100.0, 70.0, 18.0), ALIQUOT: (50.0, 25.0, 10.0)}
MARGIN_MM = 2.5
# Points; smaller than the last is not read at arm's length, so the label is refused instead.
LARGEST, SMALLEST = 11.0, 5.0
QUIET_ZONE = 1  # modules around the symbol, as ISO/IEC 16022 asks for


class LabelTooSmall(Exception):
    """The words do not fit on a label of the protocol's size; the message says what to change."""


@dataclass(frozen=True)
class Line:
    """One line of a label. weight: its size beside that of ordinary text. whole: made smaller rather than broken."""

    text: str
    weight: float = 1.0
    strong: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Label:
    """What one label says. symbol: what the DataMatrix holds. top: beside the symbol; below: under both."""

    symbol: str
    size: str
    top: Sequence[Line]
    below: Sequence[Line] = field(default_factory=tuple)


def size_of(key: str) -> tuple[float, float, float]:
    """Width, height and side of the symbol in mm, by the protocol."""
    found = protocol.current().custody.labels.sizes.get(key)
    if found is None:
        return DEFAULT_SIZES[key]
    return float(found.width_mm), float(found.height_mm), float(found.symbol_mm)


def matrix_of(text: str) -> list[list[int]]:
    """The modules of the symbol, row by row, without its quiet zone."""
    return [[int(one) for one in row] for row in DataMatrix(text).matrix]


# --- what labels say ----------------------------------------------------------------------------------------


def of_product(file: ProductFile, tests: DonorTests | None) -> Label:
    product = file.product
    return Label(
        symbol=product.product_identifier or "",
        size=PRODUCT,
        top=_head(file, product.product_identifier or ""),
        below=_body(file, tests, volume=file.processing.final_volume_ml if file.processing else None),
    )


def of_container(file: ProductFile, container: Container, tests: DonorTests | None) -> Label:
    kind = str(ContainerKind(container.kind).label) if container.kind else _("Container")
    of = _("%(kind)s %(number)d of %(all)d") % {
        "kind": kind,
        "number": container.number or 0,
        "all": len(file.containers),
    }
    return Label(
        symbol=container.identifier,
        size=PRODUCT,
        top=[*_head(file, container.identifier), Line(of)],
        below=_body(file, tests, volume=container.volume_ml),
    )


def of_aliquot(file: ProductFile, aliquot: Aliquot) -> Label:
    purpose = str(AliquotPurpose(aliquot.purpose).label) if aliquot.purpose else ""
    return Label(
        symbol=aliquot.identifier,
        size=ALIQUOT,
        top=[
            Line(_printed(aliquot.identifier), 1.1, strong=True, whole=True),
            Line(_whose(file), 1.1, strong=True),
            Line(_("AUTOLOGOUS"), strong=True),
        ],
        below=[
            Line(" · ".join(part for part in (purpose, _volume(aliquot.volume_ml)) if part)),
            Line(_moment(_("Taken"), aliquot.taken_at)),
        ],
    )


def _printed(identifier: str) -> str:
    """The number in its groups, with what follows it for a container or an aliquot."""
    number, slash, rest = identifier.partition("/")
    return f"{identifiers.grouped(number)}{slash}{rest}"


def _whose(file: ProductFile) -> str:
    return _("For %s") % file.product.participant.code


def _head(file: ProductFile, identifier: str) -> list[Line]:
    component = Component(file.product.component).label if file.product.component else ""
    return [
        Line(_printed(identifier), 1.5, strong=True, whole=True),
        Line(_whose(file), 1.3, strong=True),
        *([Line(_("FOR AUTOLOGOUS USE ONLY"), 1.3, strong=True)] if file.product.autologous_only else []),
        Line(str(component), 1.1, strong=True),
    ]


def _body(file: ProductFile, tests: DonorTests | None, *, volume: Any) -> list[Line]:
    expiry = file.expires_at
    storage = file.processing.storage if file.processing else None
    harvest = file.harvest
    return [
        Line(_volume(volume) or _("Volume: not recorded yet"), 1.1),
        Line(_moment(_("Collected"), harvest.ended_at or harvest.started_at)),
        Line(
            _("Expiry not determined: %s") % translated(expiry.why)
            if isinstance(expiry, NotDerivable)
            else _moment(_("Expires"), expiry),
            1.2,
            strong=True,
        ),
        *([Line(_("Store at: %s") % Storage(storage).label)] if storage else []),
        Line(_standing(file), 1.1, strong=True),
        *(Line(words, strong=True) for words in _of_tests(tests)),
        Line(" · ".join(protocol.current().custody.labels.warnings)),
        Line(
            _("%(study)s · site %(site)s · session %(session)s")
            % {
                "study": protocol.current().study.short_title,
                "site": file.product.site.code,
                "session": file.session.number or "–",
            },
            0.8,
        ),
    ]


def _standing(file: ProductFile) -> str:
    """What a label may say of the release: only what is signed is released."""
    decision = file.decision.decision if file.decision else None
    if decision == "rejected":
        return _("REJECTED – NOT FOR INFUSION")
    if decision is None or not file.is_signed:
        return _("QUARANTINE – NOT RELEASED")
    if decision == "conditional":
        return _("RELEASED CONDITIONALLY – RESULTS PENDING")
    if decision == "exceptional":
        return _("EXCEPTIONAL RELEASE – OUT OF SPECIFICATION")
    return _("RELEASED")


TESTS = ("hiv", "hbv", "hcv", "syphilis")


def _of_tests(tests: DonorTests | None) -> Iterable[str]:
    """What must be seen before a bag is touched; which test it was stands in the record, not on the bag."""
    found = [getattr(tests, name, None) for name in TESTS]
    if any(one in (DonorTestResult.POSITIVE, DonorTestResult.INDETERMINATE) for one in found):
        yield _("WARNING: REACTIVE TEST RESULTS")
    if any(one is None for one in found):
        yield _("NOT EVALUATED FOR INFECTIOUS SUBSTANCES")


def _volume(volume: Any) -> str:
    return "" if volume is None else _("Volume: %s mL") % format(volume.normalize(), "f")


def _moment(word: str, at: Any) -> str:
    if at is None:
        return _("%s: not recorded") % word
    return f"{word}: {timezone.localtime(at):%d %b %Y %H:%M %Z}"


# --- how they are drawn -------------------------------------------------------------------------------------


def printed(labels: Sequence[Label], *, copies: int, title: str) -> bytes:
    """The labels as PDF, each as often as asked, in the site's time zone that is in force. Raises LabelTooSmall."""
    out = BytesIO()
    first = size_of(labels[0].size)
    canvas = pdf.a_canvas(out, (first[0] * mm, first[1] * mm), title)
    for label in labels:
        width, height, side = size_of(label.size)
        for _copy in range(copies):
            canvas.setPageSize((width * mm, height * mm))
            _draw(canvas, label, width * mm, height * mm, side * mm)
            canvas.showPage()
    canvas.save()
    return out.getvalue()


def _draw(canvas: Any, label: Label, width: float, height: float, side: float) -> None:
    margin = MARGIN_MM * mm
    size = LARGEST
    while (laid := _laid(label, width, height, side, size)) is None:
        size -= 0.25
        if size < SMALLEST:
            raise LabelTooSmall(
                _(
                    "The words do not fit on a label of %(width)d × %(height)d mm. Choose a larger one in the protocol"
                    " (custody, labels, sizes, “%(key)s”), or fewer warnings."
                )
                % {"width": width / mm, "height": height / mm, "key": label.size}
            )
    _symbol(canvas, label.symbol, margin, height - margin - side, side)
    canvas.setFillGray(0)
    for x, y, text, points, strong in laid:
        pdf.draw(canvas, x, y, text, points, strong=strong)


Laid = list[tuple[float, float, str, float, bool]]


def _laid(label: Label, width: float, height: float, side: float, size: float) -> Laid | None:
    """Every line with its place at this size of ordinary text; None when they do not fit."""
    margin = MARGIN_MM * mm
    beside = margin + side + margin
    lines: Laid = []
    y = height - margin
    for line in label.top:
        y = _put(lines, line, beside, y, width - beside - margin, size)
    y = min(y, height - margin - side - 1)
    for line in label.below:
        y = _put(lines, line, margin, y, width - 2 * margin, size)
    return lines if y >= margin * 0.6 else None


def _put(lines: Laid, line: Line, x: float, y: float, room: float, size: float) -> float:
    points, words = size * line.weight, pdf.clean(line.text)
    if line.whole:
        # A number that is broken is misread.
        points = max(min(points, points * room / (pdf.width(words, points) or 1)), SMALLEST)
    for text in pdf.wrapped(words, points, room):
        y -= points * 1.18
        lines.append((x, y + points * 0.2, text, points, line.strong))
    return y


def _symbol(canvas: Any, text: str, x: float, y: float, side: float) -> None:
    rows = matrix_of(text)
    module = side / (max(len(rows), len(rows[0])) + 2 * QUIET_ZONE)
    canvas.setFillGray(0)
    path = canvas.beginPath()
    for down, row in enumerate(rows):
        at = 0
        while at < len(row):
            if not row[at]:
                at += 1
                continue
            end = at
            while end < len(row) and row[end]:
                end += 1
            path.rect(
                x + (at + QUIET_ZONE) * module,
                y + side - (down + 1 + QUIET_ZONE) * module,
                (end - at) * module,
                module,
            )
            at = end
    canvas.drawPath(path, stroke=0, fill=1)
