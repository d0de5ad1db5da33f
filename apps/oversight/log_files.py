"""The consent log as a file: CSV and JSON lines as they are read, and PDF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.consent.models import ConsentEvent
from apps.oversight import log_lines
from apps.oversight.log_page import Provenance, printed
from studyportal.api import csv_cells
from studyportal.ui.pdf import Sheets

# Up to so many entries a PDF is made while one waits; more are a job.
AT_ONCE = 1_000

# --- CSV ------------------------------------------------------------------------------------------------

CHAIN = ("document_sha256", "paper_sha256", "content_sha256", "previous_sha256", "sha256")


def as_csv(events: Iterable[ConsentEvent]) -> Iterator[str]:
    """The log line by line: ISO dates, codes as stored, texts guarded against being run by a spreadsheet."""
    fields = ConsentEvent.fields_entered()
    header = [
        "entry", "sequence", "participant", "site", "synthetic", "kind", "corrects", "concerns", *fields, "absent",
        "obtainer", "entered_at", "days_after_signature", "entered_by", *CHAIN,
    ]  # fmt: skip
    return csv_cells.lines(header, (_values(event, fields) for event in events))


def _values(event: ConsentEvent, fields: Mapping[str, Any]) -> list[Any]:
    delay = log_lines.delay_of(event)
    return [
        event.pk,
        event.sequence or "",
        event.participant.code,
        event.site.code,
        event.participant.synthetic,
        event.kind,
        event.corrects_id or "",
        event.concerns_id or "",
        *(_text(event, name, field) for name, field in fields.items()),
        "; ".join(f"{name}: {why}" for name, why in event.absent.items()),
        event.obtainer.get_username() if event.obtainer else "",
        event.entered_at.isoformat(),
        "" if delay is None else delay,
        event.entered_by.get_username(),
        *(getattr(event, name) or "" for name in CHAIN),
    ]


def _text(event: ConsentEvent, name: str, field: Any) -> str:
    value = getattr(event, name)
    return ";".join(value) if isinstance(value, list) else str(field.as_text(value))


# --- PDF ------------------------------------------------------------------------------------------------


def as_pdf(events: Iterable[ConsentEvent], about: Provenance, *, progress: Any = None) -> bytes:
    """Every entry in full, oldest first; each page says what it is a page of.

    progress: called with how many entries are laid out, now and then.
    """
    title = _("Consent log")
    sheets = Sheets(
        title=title,
        footer=_("%(title)s, made by %(by)s, %(at)s")
        % {"title": title, "by": about.username, "at": about.at},
        footer_code=f"{_('Head of the chain')} {about.head_sha256}" if about.head_sha256 else "",
    )
    sheets.heading(title)
    for label, value in about.lines():
        sheets.pair(label, value)
    sheets.gap()
    for number, event in enumerate(events, 1):
        _lay_out(sheets, event)
        if progress is not None and number % 200 == 0:
            progress(number)
    if not about.entries:
        sheets.paragraph(_("No entry fits."))
    return sheets.finish()


def _lay_out(sheets: Sheets, event: ConsentEvent) -> None:
    one = printed(event)
    whose = f"{one['participant']} ({_('synthetic')})" if one["synthetic"] else one["participant"]
    with sheets.together():
        sheets.line()
        sheets.heading(f"{one['number']}  {whose}  {one['what']}", level=2)
        sheets.paragraph(one["entered"], quiet=True)
        sheets.flow(one["stated"])
        sheets.flow(one["absent"])
        for label, value in one["hashes"]:
            sheets.code(f"{label} SHA-256 {value}")
