"""What the pages on the integrity of the consent log show, as plain parts for the components."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.consent import selectors as consent
from apps.consent.models import Checkpoint, Verification
from apps.consent.rules.canonical import moment
from studyportal.access.models import User
from studyportal.ui.parts import Cell, Column, Row

ROWS = 20
# A night without a verification is looked at; two are said.
STALE_HOURS = 50


def context_of(user: User, page: str | None) -> dict[str, Any]:
    found = consent.integrity()
    shown = Paginator(consent.checkpoints(), ROWS).get_page(page)
    return {
        "zone": timezone.get_current_timezone_name(),
        "alert": _alert(found),
        "stale": _stale(found),
        "numbers": [
            (_("Entries of the whole study"), str(found.count), ""),
            (_("Hash of the last entry"), found.head_sha256 or _("none"), ""),
            (
                _("Last verified"),
                found.last.at if found.last else _("never"),
                _by(found.last) if found.last else "",
            ),
            (
                _("Last checkpoint"),
                found.checkpoint.taken_at if found.checkpoint else _("none"),
                _entries(found.checkpoint.count) if found.checkpoint else "",
            ),
        ],
        "job": consent.open_job(user),
        "faults": [[_number(fault["sequence"]), fault["message"]] for fault in found.last.faults]
        if found.last
        else [],
        "fault_columns": [Column(_("Entry"), numeric=True), _("What is wrong")],
        "checkpoint_columns": [
            Column(_("No."), numeric=True),
            _("Signed at"),
            Column(_("Entries"), numeric=True),
            _("Hash of the last entry"),
            _("Key"),
            _("By"),
        ],
        "checkpoints": [_checkpoint_row(one) for one in shown.object_list],
        "previous_url": f"?page={shown.previous_page_number()}" if shown.has_previous() else "",
        "next_url": f"?page={shown.next_page_number()}" if shown.has_next() else "",
        "verification_columns": [
            _("Verified at"),
            _("Found"),
            Column(_("Entries"), numeric=True),
            Column(_("Compared"), numeric=True),
            Column(_("Time"), numeric=True, unit="s"),
            _("By"),
        ],
        "verifications": [_verification_row(one) for one in consent.verifications()[:ROWS]],
        "downloads": downloads(),
        "commands": COMMANDS,
    }


def downloads() -> list[dict[str, str]]:
    def one(name: str, label: str, form: str, detail: str) -> dict[str, str]:
        return {"url": reverse(f"api:consent-log-{name}"), "label": label, "format": form, "detail": detail}

    return [
        one(
            "export",
            _("The log"),
            "JSON Lines",
            _("every entry that you may read; of other entries only the link in the chain"),
        ),
        one(
            "verifier", _("The verifier"), "Python", _("one file; needs Python and the library cryptography")
        ),
        one("public-key-pem", _("The public key"), "PEM", _("of the portal's checkpoints, the newest first")),
        one(
            "public-key",
            _("The list of keys"),
            "JSON",
            _("with the endorsement of each new key by the old one"),
        ),
    ]


COMMANDS = """python -m pip install cryptography
python verify_consent_log.py consent-log.jsonl \\
    --checkpoint consent-log-checkpoint-1.json \\
    --public-key consent-log-public-key.pem"""


def checkpoint_of(one: Checkpoint) -> dict[str, Any]:
    return {
        "checkpoint": one,
        "items": [
            (_("Entries"), str(one.count)),
            (_("Hash of the last entry"), one.head_sha256),
            (_("Signed at"), one.taken_at, _("%(at)s, as it is signed") % {"at": moment(one.taken_at)}),
            (_("Key"), one.key_id),
            (_("Signature"), one.signature),
            (_("By"), str(one.taken_by) if one.taken_by else _("the nightly verification")),
        ],
        # Drawn by our own code out of digits and letters of our own.
        "qr": mark_safe(consent.checkpoint_qr(one)),
        "line": consent.checkpoint_line(one),
        "file_url": reverse("api:consent-log-checkpoint", args=[one.pk]),
    }


def _alert(found: consent.Integrity) -> dict[str, str]:
    if found.last is None:
        return {
            "tone": "attention",
            "title": _("The log was not verified yet."),
            "text": _("It is verified every night, and whenever you ask for it here."),
        }
    if not found.last.intact:
        return {
            "tone": "bad",
            "title": _("The consent log is not intact."),
            "text": _(
                "What was found stands below. No checkpoint is signed while this is so. Keep the checkpoints that you"
                " hold, and tell the sponsor and the data manager."
            ),
        }
    text = (
        ngettext(
            "%(n)d entry was added since; it is verified tonight, or now if you ask for it.",
            "%(n)d entries were added since; they are verified tonight, or now if you ask for it.",
            found.since,
        )
        % {"n": found.since}
        if found.since
        else _("Nothing was added since.")
    )
    return {
        "tone": "good",
        "title": _("The consent log is intact: %(n)s, when it was last verified.")
        % {"n": _entries(found.last.count)},
        "text": text,
    }


def _stale(found: consent.Integrity) -> str:
    if found.last is None:
        return ""
    now = timezone.now()
    if (now - found.last.at).total_seconds() > STALE_HOURS * 3600:
        return _("The nightly verification did not run for %(time)s. Tell the administrator.") % {
            "time": timesince(found.last.at, now)
        }
    signed = found.checkpoint
    if found.last.intact and found.last.count and (signed is None or signed.taken_at < found.last.at):
        return _(
            "The last verification signed no checkpoint: the process that ran it has no CHECKPOINT_KEY. Tell the"
            " administrator."
        )
    return ""


def _entries(count: int) -> str:
    return ngettext("%(n)d entry", "%(n)d entries", count) % {"n": count}


def _number(sequence: int) -> str:
    return str(sequence) if sequence else "–"


def _by(one: Verification) -> str:
    return str(one.by) if one.by else _("by night")


def _checkpoint_row(one: Checkpoint) -> Row:
    return Row(
        [
            Cell(str(one.pk), url=reverse("oversight:integrity-checkpoint", args=[one.pk])),
            one.taken_at,
            one.count,
            # The whole of it stands on the checkpoint's own page.
            Cell(f"{one.head_sha256[:16]}…", code=True),
            Cell(one.key_id, code=True),
            str(one.taken_by) if one.taken_by else _("by night"),
        ]
    )


def _verification_row(one: Verification) -> Row:
    found = (
        _("intact")
        if one.intact
        else ngettext("%(n)d fault", "%(n)d faults", len(one.faults)) % {"n": len(one.faults)}
    )
    return Row(
        [one.at, found, one.count, one.checkpoints, f"{one.seconds or 0:.1f}", _by(one)],
        tone="" if one.intact else "bad",
    )
