"""An entry of the consent log in words: as a line of a table, and in full."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.consent.models import ConsentEvent, Kind
from apps.oversight.log_choice import language_words
from studyportal.crf.absence import label_of
from studyportal.ui.parts import Cell, Column
from studyportal.ui.templatetags.ui_tags import human_date_text, shown

# What a reader finds together. Every field that a person states stands in exactly one (a test compares).
TOPICS: tuple[tuple[str, Callable[[], str], tuple[str, ...]], ...] = (
    (
        "signature",
        lambda: _("What was signed, and by whom"),
        (
            "purposes", "declined", "session_number", "withdrawal_scopes", "data_retained", "signed_on", "signed_at",
            "signer", "signer_relationship", "signer_can_read", "age_at_signature", "capacity",
            "lar_relationship_proof", "method",
        ),
    ),
    (
        "document",
        lambda: _("Document"),
        ("document_version", "document_language", "ethics_approval_number", "ethics_approval_validity", "informed_at"),
    ),
    (
        "obtained",
        lambda: _("How it was obtained"),
        ("obtained_by", "witness", "witness_relation", "audio_visual", "recording_sha256", "recording_reason", "copy_given"),
    ),
    ("words", lambda: _("Words of who entered it"), ("as_it_happened", "note")),
)  # fmt: skip


# The entries that are a signature under a document, and so have every particular of one.
SIGNED = (Kind.CONSENT, Kind.LAR_CONSENT, Kind.ORAL_ASSENT, Kind.WRITTEN_ASSENT, Kind.RE_CONSENT)


@dataclass(frozen=True)
class Stated:
    """One value of an entry. absent: the text is the reason why there is none."""

    name: str
    label: str
    text: str
    absent: bool = False


def number_of(event: ConsentEvent) -> int:
    """The number by which people name an entry: its place in the chain."""
    return event.sequence or event.pk


def url_of(event: ConsentEvent) -> str:
    return reverse("oversight:consent-entry", args=[event.pk])


def words(event: ConsentEvent, name: str) -> str:
    """A value as people read it, or why there is none."""
    field: Any = event._meta.get_field(name)
    value = getattr(event, name)
    if value is None or value == []:
        reason = event.absent.get(name, "")
        return label_of(reason) if reason else ""
    if name == "document_language":
        return language_words(value)
    if isinstance(value, bool):
        return str(shown(value))
    if name in ("signed_on", "signed_at", "informed_at", "ethics_approval_validity"):
        return human_date_text(value)
    return str(field.for_people(value))


def stated(event: ConsentEvent, names: Iterable[str]) -> list[Stated]:
    """The values that the entry states or says are absent, in order; what it leaves out is not among them."""
    found = []
    for name in names:
        text = words(event, name)
        if text:
            label = str(event._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            absent = getattr(event, name) in (None, [])
            found.append(Stated(name, label[:1].upper() + label[1:], text, absent))
    return found


def entered_on(event: ConsentEvent) -> Any:
    """The day of entry as it was at the site."""
    return timezone.localtime(event.entered_at, ZoneInfo(event.site.timezone)).date()


def delay_of(event: ConsentEvent) -> int | None:
    """Days between the last possible day of signature and the day of entry; None when no day is known."""
    if event.signed_on is None or event.signed_on.latest is None:
        return None
    return int((entered_on(event) - event.signed_on.latest).days)


def lag(event: ConsentEvent) -> str:
    """The delay in words; of a month or a year, what it was at the least."""
    days = delay_of(event)
    if days is None or days < 1:
        return ""
    said = ngettext("%(n)d day after", "%(n)d days after", days) % {"n": days}
    return (
        said
        if event.signed_on and event.signed_on.precision == "day"
        else _("at least %(said)s") % {"said": said}
    )


def lag_words(event: ConsentEvent) -> str:
    """The delay for a reader who asks for it: never empty."""
    if event.kind == Kind.CORRECTION and event.signed_on is None:
        return _("that of the entry corrected")
    days = delay_of(event)
    if days is None:
        return _("cannot be told: no day of signature is known")
    if days < 1 and event.signed_on and event.signed_on.precision != "day":
        return _("cannot be told: the day of signature is not known to the day")
    return lag(event) or _("entered on the day of signature")


def nothing(event: ConsentEvent) -> str:
    """What stands where a signature says nothing; another entry need not say it."""
    return _("not recorded") if event.kind in SIGNED else ""


def what(event: ConsentEvent) -> str:
    """The kind of the entry, with the entry that it is about."""
    kind = event.get_kind_display()
    if event.corrects_id:
        number = getattr(event, "corrects_number", None) or event.corrects_id
        return _("%(kind)s: no. %(n)d") % {"kind": kind, "n": number}
    if event.concerns_id:
        number = getattr(event, "concerns_number", None) or event.concerns_id
        return _("%(kind)s, of no. %(n)d") % {"kind": kind, "n": number}
    return str(kind)


def scope(event: ConsentEvent) -> str:
    """What the entry is for, or withdraws."""
    said = [words(event, "withdrawal_scopes"), words(event, "purposes")]
    if event.declined:
        said.append(_("declined: %(what)s") % {"what": words(event, "declined")})
    if event.session_number is not None:
        said.append(_("session %(n)d") % {"n": event.session_number})
    return "; ".join(filter(None, said))


def obtained_by(event: ConsentEvent) -> str:
    return str(event.obtainer) if event.obtainer_id else words(event, "obtained_by")


def time_of(event: ConsentEvent) -> str:
    """The time of signature beside its day, in the zone of the page."""
    if event.signed_at is None:
        return ""
    local = timezone.localtime(event.signed_at)
    day = event.signed_on.exact if event.signed_on else None
    at = f"{local:%H:%M}" if day == local.date() else human_date_text(event.signed_at)
    return _("at %(time)s") % {"time": at}


def cells(event: ConsentEvent, *, with_participant: bool = True) -> list[Any]:
    """The entry as one line of a table."""
    code = event.participant.code
    version = words(event, "document_version")
    line: list[Any] = [Cell(str(number_of(event)), url=url_of(event))]
    if with_participant:
        line.append(
            Cell(
                code,
                url=reverse("oversight:consent-story", args=[code]),
                detail=_("synthetic") if event.participant.synthetic else "",
                nowrap=True,
            )
        )
    age = event.age_at_signature
    corrected = _("corrected later") if getattr(event, "was_corrected", False) else ""
    line += [
        Cell(what(event), detail="; ".join(filter(None, [scope(event), corrected]))),
        Cell(
            words(event, "signed_on") or nothing(event),
            detail=time_of(event),
            nowrap=event.signed_on is not None,
        ),
        Cell(
            words(event, "signer") or nothing(event),
            detail=" · ".join(
                filter(
                    None,
                    [
                        _("%(n)d years old") % {"n": age} if age is not None else "",
                        words(event, "method"),
                    ],
                )
            ),
        ),
        Cell(
            _("version %(v)s") % {"v": version} if event.document_version else version or nothing(event),
            detail=" · ".join(
                filter(None, [words(event, "document_language"), words(event, "ethics_approval_number")])
            ),
        ),
        Cell(
            obtained_by(event) or nothing(event),
            detail=_("witness: %(w)s") % {"w": event.witness} if event.witness else "",
        ),
        Cell(
            words(event, "copy_given") or nothing(event),
            detail=words(event, "audio_visual")
            and _("recording: %(r)s") % {"r": words(event, "audio_visual")},
        ),
        Cell(
            human_date_text(event.entered_at),
            detail=" · ".join(filter(None, [str(event.entered_by), lag(event)])),
        ),
        event.note or event.as_it_happened or "",
    ]
    return line


def headings(*, with_participant: bool = True) -> list[Any]:
    return [
        Column(_("No.")),
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
