"""What was sent once is entered once: a page that is sent again, a script whose connection broke."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.consent.models import ConsentEvent, EntryTicket
from studyportal.access.models import User
from studyportal.crf.errors import Refused
from studyportal.crf.outcomes import Problem


def fingerprint(ticket: str, sent: Mapping[str, Any]) -> str:
    """SHA-256 of what was sent with the ticket; the ticket is in it, so that a guess at the rest cannot be tried."""
    text = json.dumps([ticket, sent], sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def entry_of(ticket: str, *, by: User, sent: str) -> ConsentEvent | None:
    """The entry that came of the ticket. Raises Refused when something else was sent with it."""
    if not ticket:
        return None
    found = (
        EntryTicket.objects.filter(sent_by=by, ticket_sha256=_hash(ticket)).select_related("event").first()
    )
    if found is None:
        return None
    if found.sent_sha256 != sent:
        raise used()
    return found.event


def keep(ticket: str, *, event: ConsentEvent, by: User, sent: str) -> None:
    if ticket:
        EntryTicket.objects.create(
            site_id=event.site_id, event=event, sent_by=by, ticket_sha256=_hash(ticket), sent_sha256=sent
        )


def used() -> Refused:
    return Refused(
        [
            Problem(
                "ticket",
                "ticket_used",
                _("Another entry was made with this ticket. Open the page again, or send another ticket."),
            )
        ]
    )


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode("utf-8", "replace")).hexdigest()
