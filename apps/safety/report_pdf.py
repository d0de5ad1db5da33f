"""A report of a serious event on paper, from its kept content alone: printed again, it is the same to the byte."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils import translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from apps.safety.models import SafetyReport
from studyportal.signatures.content import sha256_of
from studyportal.ui.pdf import Sheets


def pdf_of(report: SafetyReport) -> bytes:
    """The PDF of a version as it was sent."""
    return pdf_from(
        report.content,
        name=f"{report.participant.code} · {report.event_id} · {report.number}",  # type: ignore[attr-defined]
        sha256=report.content_sha256,
    )


def preview_of(content: Mapping[str, Any], *, name: str) -> bytes:
    """The same before it is recorded; every page says that it is not."""
    return pdf_from(content, name=name, sha256=sha256_of(content), preview=True)


def answer(content: bytes, name: str, *, inline: bool = False) -> HttpResponse:
    """A PDF to be saved (inline: to be seen)."""
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": content_disposition_header(not inline, name) or "attachment",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def pdf_from(content: Mapping[str, Any], *, name: str, sha256: str, preview: bool = False) -> bytes:
    """In the language in which the report was written, whoever prints it."""
    with translation.override(str(content.get("language") or "en")):
        footer = _("Safety report %s") % name
        if preview:
            footer = f"{footer} · {_('PREVIEW: NOT RECORDED AS SENT')}"
        sheets = Sheets(title=str(content["title"]), footer=footer, footer_code=f"SHA-256 {sha256}")
        sheets.heading(str(content["title"]))
        if preview:
            sheets.heading(_("Preview: this report is not recorded as sent"), 2)
        _pairs(sheets, content["head"])
        if content.get("correction"):
            _part(sheets, _("Correction"), content["correction"])
        _clocks(sheets, content["clocks"])
        for section in content["sections"]:
            _part(sheets, str(section["title"]), section["pairs"])
        _before(sheets, content.get("before") or [])
        with sheets.together():
            sheets.gap(24)
            sheets.line()
            sheets.paragraph(
                _("Times are those of the site (%s), each with its offset from UTC.") % content["zone"],
                quiet=True,
            )
            sheets.paragraph(
                _("This document holds the participant's code and no name. It is what was recorded; the portal keeps it"
                  " unchanged under the SHA-256 at the foot of each page."),
                quiet=True,
            )  # fmt: skip
            sheets.gap(36)
            sheets.line()
            sheets.paragraph(_("Signature of the investigator, date"), quiet=True)
        return sheets.finish()


def _pairs(sheets: Sheets, pairs: Any) -> None:
    for label, text in pairs:
        for number, line in enumerate(str(text).splitlines() or [""]):
            sheets.pair(str(label) if number == 0 else "", line)


def _part(sheets: Sheets, title: str, pairs: Any) -> None:
    if not pairs:
        return
    with sheets.together():
        sheets.gap(6)
        sheets.heading(title, 2)
        sheets.line()
        _pairs(sheets, pairs[:3])
    _pairs(sheets, pairs[3:])


def _clocks(sheets: Sheets, clocks: Any) -> None:
    if not clocks:
        return
    sheets.gap(6)
    sheets.heading(_("Reporting clocks"), 2)
    sheets.line()
    for clock in clocks:
        with sheets.together():
            sheets.paragraph(f"{clock['label']}: {clock['state']}")
            sheets.flow(
                [
                    (_("allowed"), f"{clock['allowed']} {clock['counted']}"),
                    (_("since occurrence"), clock["occurrence"]),
                    (_("since awareness"), clock["awareness"]),
                    (_("last moment"), clock["due"]),
                ]
            )
            sheets.gap(4)


def _before(sheets: Sheets, before: Any) -> None:
    if not before:
        return
    sheets.gap(6)
    sheets.heading(_("Reported before"), 2)
    sheets.line()
    for number, kind, recipient, at, late in before:
        sheets.paragraph(
            _("Version %(number)s: %(kind)s, %(recipient)s, %(at)s")
            % {"number": number, "kind": kind, "recipient": recipient, "at": at}
            + (f"; {late}" if late else "")
        )
