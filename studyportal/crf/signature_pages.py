"""What pages show of signatures: on a form, in its history, and before somebody signs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from studyportal.audit.selectors import Change
from studyportal.crf import display, signing
from studyportal.crf.spec import CrfSpec
from studyportal.signatures.selectors import Shown
from studyportal.ui.parts import Change as ShownChange
from studyportal.ui.parts import ShownSignature
from studyportal.ui.states import state_of


def zone_of(moment: dt.datetime) -> str:
    """The zone in which pages show the moment: its name and its offset from UTC then."""
    local = timezone.localtime(moment)
    offset = local.strftime("%z")
    return f"{timezone.get_current_timezone_name()}, UTC{offset[:3]}:{offset[3:5]}"


def shown_on(spec: CrfSpec, record: Any) -> list[ShownSignature]:
    """The signatures on a record, in the zone that is active."""
    return [_shown(spec, one) for one in signing.signatures_of(spec, record)]


def _shown(spec: CrfSpec, one: Shown) -> ShownSignature:
    signature = one.signature
    return ShownSignature(
        name=signature.signer_name,
        role=signature.signer_role,
        meaning=signature.get_meaning_display(),
        statement=signature.statement,
        at=signature.signed_at,
        zone=zone_of(signature.signed_at),
        version=signature.record_version,
        sha256=signature.content_sha256,
        method=signature.get_method_display(),
        state=one.state,
        version_now=one.version_now,
        sha256_now=one.sha256_now,
        changes=display.history_in_words(spec, one.changes),
    )


def in_history(changes: Iterable[Change], signatures: Iterable[ShownSignature]) -> list[Any]:
    """The line of time of a record with its signatures in their places, newest first."""
    signed = [
        ShownChange(
            at=one.at,
            by=one.name,
            source=str(one.method),
            reason="",
            label=_("Signed: %(meaning)s, version %(version)d")
            % {"meaning": one.meaning, "version": one.version}
            + (f" ({state_of(one.state).label})" if one.broken else ""),
        )
        for one in signatures
    ]
    # A signature follows the change that it was put on, also when both bear the same moment.
    return sorted([*changes, *reversed(signed)], key=lambda line: line.at, reverse=True)


def tables_of(spec: CrfSpec, record: Any) -> list[dict[str, Any]]:
    """The rows of other tables that are signed with the record."""
    tables = []
    for signed in spec.signed_rows:
        columns, rows = signed.table(signing.rows_of(signed, record))
        tables.append({"title": signed.title, "columns": columns, "rows": rows})
    return tables
