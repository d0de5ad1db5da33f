"""An entry of the consent log in words and as a row of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.consent.models import ConsentEvent
from studyportal.api import csv_cells
from studyportal.crf.absence import label_of
from studyportal.ui.parts import Cell
from studyportal.ui.templatetags.ui_tags import human_date_text


def words(event: ConsentEvent, name: str) -> str:
    """A value as people read it, or why there is none."""
    field: Any = event._meta.get_field(name)
    value = getattr(event, name)
    if value is None or value == []:
        reason = event.absent.get(name, "")
        return label_of(reason) if reason else ""
    if name == "signed_on":
        return human_date_text(value)
    return str(field.for_people(value))


def lag(event: ConsentEvent) -> str:
    """Days between signature and entry, when both are known."""
    if event.signed_on is None or event.signed_on.latest is None:
        return ""
    days = (timezone.localtime(event.entered_at).date() - event.signed_on.latest).days
    return "" if days < 1 else ngettext("%(n)d day after", "%(n)d days after", days) % {"n": days}


def cells(event: ConsentEvent, *, with_participant: bool = True) -> list[Any]:
    """The entry as one line of a table."""
    code = event.participant.code
    document = [words(event, "document_version"), words(event, "document_language")]
    line: list[Any] = [Cell(f"{event.pk}")]
    if with_participant:
        line.append(
            Cell(
                code,
                url=reverse("oversight:consent-story", args=[code]),
                detail=_("synthetic") if event.participant.synthetic else "",
                nowrap=True,
            )
        )
    kind = event.get_kind_display()
    particulars = [words(event, "withdrawal_scopes"), words(event, "purposes")]
    if event.session_number is not None:
        particulars.append(_("session %(n)d") % {"n": event.session_number})
    if event.corrects_id:
        kind = _("%(kind)s: no. %(n)d") % {"kind": kind, "n": event.corrects_id}
    line += [
        Cell(kind, detail="; ".join(filter(None, particulars))),
        Cell(
            words(event, "signed_on") or _("not recorded"),
            detail=human_date_text(event.signed_at) if event.signed_at else "",
        ),
        Cell(
            words(event, "signer") or _("not recorded"),
            detail=_("%(n)d years old") % {"n": event.age_at_signature}
            if event.age_at_signature is not None
            else "",
        ),
        Cell(
            _("version %(v)s") % {"v": event.document_version}
            if event.document_version
            else document[0] or _("not recorded"),
            detail=" · ".join(filter(None, [document[1], words(event, "ethics_approval_number")])),
        ),
        Cell(
            words(event, "obtained_by") or _("not recorded"),
            detail=_("witness: %(w)s") % {"w": event.witness} if event.witness else "",
        ),
        Cell(
            words(event, "copy_given") or _("not recorded"),
            detail=words(event, "audio_visual")
            and _("recording: %(r)s") % {"r": words(event, "audio_visual")},
        ),
        Cell(
            human_date_text(event.entered_at),
            detail=" · ".join(filter(None, [str(event.entered_by), lag(event)])),
        ),
        event.note or "",
    ]
    return line


def headings(*, with_participant: bool = True) -> list[str]:
    return [
        _("No."),
        *([_("Participant")] if with_participant else []),
        _("Entry"),
        _("Signed"),
        _("Signer"),
        _("Document"),
        _("Obtained by"),
        _("Copy given"),
        _("Entered"),
        _("Note"),
    ]


# --- as a file ------------------------------------------------------------------------------------------


def as_csv(events: Iterable[ConsentEvent]) -> Iterator[str]:
    """The log line by line: ISO dates, codes as stored, texts guarded against being run by a spreadsheet."""
    fields = ConsentEvent.fields_entered()
    header = [
        "entry",
        "participant",
        "site",
        "synthetic",
        "kind",
        "corrects",
        *fields,
        "absent",
        "entered_at",
    ]
    return csv_cells.lines([*header, "entered_by"], (_values(event, fields) for event in events))


def _values(event: ConsentEvent, fields: Mapping[str, Any]) -> list[Any]:
    return [
        event.pk,
        event.participant.code,
        event.site.code,
        event.participant.synthetic,
        event.kind,
        event.corrects_id or "",
        *(_text(event, name, field) for name, field in fields.items()),
        "; ".join(f"{name}: {why}" for name, why in event.absent.items()),
        event.entered_at.isoformat(),
        event.entered_by.get_username(),
    ]


def _text(event: ConsentEvent, name: str, field: Any) -> str:
    value = getattr(event, name)
    return ";".join(value) if isinstance(value, list) else str(field.as_text(value))
