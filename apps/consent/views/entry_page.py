"""What the page of one entry shows, and how an entry is named in a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from apps.consent.models import ABOUT_A_SIGNATURE, AudioVisual, ConsentEvent, Kind
from apps.consent.rules import SIGNATURES
from apps.consent.rules.entry import FIELDS_OF
from apps.consent.views.sitting import language_name
from apps.consent.views.standing import about, corrections_of, original_of, standing
from apps.enrolment.models import Participant
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import FieldChange
from studyportal.ui.templatetags.ui_tags import human_date_text

SIGNED = (*SIGNATURES, Kind.RE_CONSENT)


def fields_of(kind: str) -> tuple[str, ...]:
    """The fields that an entry of this kind has, in the order of the form; its note is the reason of a correction."""
    return tuple(
        name for name in ConsentEvent.fields_entered() if name in FIELDS_OF.get(kind, ()) and name != "note"
    )


def url(participant: Participant, entry: ConsentEvent) -> str:
    return reverse("consent:entry", args=[participant.code, entry.pk])


def in_words(entry: ConsentEvent) -> str:
    """Kind and day, as a link to the entry reads."""
    day = human_date_text(entry.signed_on) if entry.signed_on else _("day not recorded")
    return f"{entry.get_kind_display()}, {day}"


def shown_value(name: str, value: Any) -> str:
    return str(ConsentEvent.fields_entered()[name].for_people(value) or "")


def context_of(
    user: User, participant: Participant, entry: ConsentEvent, log: Sequence[ConsentEvent]
) -> dict[str, Any]:
    original = original_of(entry, log)
    corrections = corrections_of(entry, log)
    stands = standing(entry, log)
    may_see_sheet = user.may(Permission.VIEW_IDENTITY, participant.site_id)
    return {
        "participant": participant,
        "synthetic": participant.synthetic,
        "entry": entry,
        "home_url": reverse("consent:participant", args=[participant.code]),
        "title": entry.get_kind_display(),
        "original": None if original is entry else original,
        "original_words": in_words(original),
        "original_url": url(participant, original),
        "concerns": entry.concerns,
        "concerns_words": in_words(entry.concerns) if entry.concerns else "",
        "concerns_url": url(participant, entry.concerns) if entry.concerns else "",
        "particulars": _particulars(entry, stands),
        "origin": _origin(entry),
        "changes": [_change(participant, one) for one in corrections],
        "about": [
            (in_words(one), url(participant, one), shown_value("witness", one.witness) or "")
            for one in about(entry, log)
        ],
        "todo": _todo(participant, entry, stands, log) if entry.kind in SIGNED else [],
        "sheet_url": reverse("consent:entry-sheet", args=[participant.code, entry.pk])
        if entry.paper_id and may_see_sheet
        else "",
        "document_url": _document_url(entry),
    }


def _document_url(entry: ConsentEvent) -> str:
    if entry.document is None:
        return ""
    try:
        return reverse("consent:document", args=[entry.document.document_id])
    except NoReverseMatch:
        return ""


def _particulars(entry: ConsentEvent, stands: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Label, value as it stands, and what was entered first where that differs."""
    rows: list[tuple[Any, ...]] = []
    for name, field in ConsentEvent.fields_entered().items():
        first, now = getattr(entry, name), stands[name]
        if now in (None, "", [], ()):
            if name in entry.absent and name in fields_of(entry.kind):
                rows.append((field.label, _("no value: %s") % entry.absent[name].replace("_", " ")))
            continue
        text = language_name(now) if name == "document_language" else shown_value(name, now)
        entered = shown_value(name, first) if first != now else ""
        detail = ""
        if first != now:
            detail = _("corrected; entered first as %s") % entered if entered else _("added by a correction")
        rows.append((field.label, text, detail))
    return rows


def _origin(entry: ConsentEvent) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = [
        (_("Entered"), human_date_text(entry.entered_at), str(entry.entered_by)),
    ]
    if entry.obtainer is not None:
        rows.append((_("Obtained by"), str(entry.obtainer)))
    if entry.document_sha256:
        rows.append((_("SHA-256 of the document"), entry.document_sha256))
    if entry.paper_sha256:
        rows.append((_("SHA-256 of the signed sheet"), entry.paper_sha256))
    if entry.sequence is not None:
        rows.append((_("Number in the chain"), entry.sequence, entry.sha256 or ""))
    return rows


def _change(participant: Participant, correction: ConsentEvent) -> dict[str, Any]:
    stated = [
        FieldChange(name, field.label, "", shown_value(name, getattr(correction, name)))
        for name, field in ConsentEvent.fields_entered().items()
        if name != "note" and getattr(correction, name) not in (None, "", [], ())
    ]
    return {
        "when": correction.entered_at,
        "by": str(correction.entered_by),
        "reason": correction.note,
        "fields": stated,
        "url": url(participant, correction),
    }


def _todo(
    participant: Participant, entry: ConsentEvent, stands: dict[str, Any], log: Sequence[ConsentEvent]
) -> list[tuple[str, str, str]]:
    """What may be added about a signature: words, address, and (where it is missing) what is missing."""
    there = {one.kind for one in about(entry, log)}
    args = [participant.code, entry.pk]
    rows = []
    for kind, name, words, said in zip(
        ABOUT_A_SIGNATURE,
        ("consent:entry-witness", "consent:entry-recording", "consent:entry-copy"),
        (_("Add the witness's signature"), _("Add a recording"), _("Copy given")),
        (
            _("The signer cannot read, and no witness is in the log"),
            _("A recording is asked for, and none is in the log"),
            _("No copy is in the log"),
        ),
        strict=True,
    ):
        missing = (
            kind not in there
            and {
                Kind.WITNESSED: stands["signer_can_read"] is False and not stands["witness"],
                Kind.RECORDED: stands["audio_visual"] == AudioVisual.REQUIRED_NOT_DONE
                or (stands["audio_visual"] == AudioVisual.RECORDED and not stands["recording_sha256"]),
                Kind.COPY_GIVEN: not stands["copy_given"],
            }[kind]
        )
        rows.append((words, reverse(name, args=args), said if missing else ""))
    return rows
