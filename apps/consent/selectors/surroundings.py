"""What stands around an entry of the log when it is made: register, approvals, delegation, training, staff."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from apps.consent.models import ConsentDocumentText
from apps.consent.rules import circumstances, documents
from apps.consent.rules.circumstances import Days
from apps.consent.rules.entry import SIGNED_KINDS
from apps.consent.rules.events import Event, Verdict
from apps.consent.selectors.documents import register_of, texts
from apps.enrolment.models import Participant
from apps.enrolment.selectors import ETHICS_COMMITTEE, approval_facts
from studyportal.access.models import Membership, Site, User
from studyportal.access.permissions import Permission
from studyportal.access.selectors import held_during
from studyportal.files.models import DelegationDocument
from studyportal.files.selectors import training_during


def days_of(event: Event, zone: ZoneInfo) -> Days:
    """The first and the last day, at the site, on which an entry can have been signed; None when not known."""
    if event.signed_at is not None:
        day = event.signed_at.astimezone(zone).date()
        return day, day
    if event.signed_on is None or event.signed_on.earliest is None or event.signed_on.latest is None:
        return None
    return event.signed_on.earliest, event.signed_on.latest


@dataclass(frozen=True)
class Allowed:
    """Under what a person obtained a consent: the role and the training of that day, and whether that was allowed."""

    delegation: Membership | None = None
    training: DelegationDocument | None = None
    verdict: Verdict | None = None


def allowed(obtainer: User | None, site: Site, days: Days) -> Allowed:
    """Two queries. Without a day nothing can be told."""
    if obtainer is None:
        return Allowed()
    if days is None:
        return Allowed(verdict="indeterminate")
    delegation, throughout = held_during(obtainer, Permission.RECORD_CONSENT, site, *days)
    verdict: Verdict = "no" if delegation is None else "yes" if throughout else "indeterminate"
    return Allowed(delegation, training_during(obtainer, site, *days), verdict)


def text_named(
    register: documents.Register, purpose: str, version: str, language: str | None
) -> tuple[ConsentDocumentText | None, bool]:
    """The text that a version in words names, and whether the register was asked in vain.

    A site that has no approved form for the purpose is asked nothing: the words stand alone. A version that is there in
    several languages of which none is stated names no text.
    """
    if not register.has_approved(purpose):
        return None, False
    found = register.find(purpose, version, (language or "").casefold() or None)
    if not found:
        return None, True
    # The newest of several that bear one label.
    document = found[-1]
    one = (
        document.text_in(language.casefold())
        if language
        else next(iter(document.texts), None)
        if len(document.texts) == 1
        else None
    )
    return (None if one is None else texts().get(pk=one.id)), False


def around(
    event: Event,
    *,
    participant: Participant,
    register: documents.Register | None,
    verdict: Verdict | None,
    unknown_version: str = "",
    concerned: Event | None = None,
) -> circumstances.Around:
    """What `circumstances.broken` is asked about. A fixed number of queries, each only where it is needed."""
    zone = ZoneInfo(participant.site.timezone)
    days = days_of(event, zone)
    document = register.of_text(event.document_id) if register is not None else None
    return circumstances.Around(
        days=days,
        document=document,
        language=event.document_language or "",
        unknown_version=unknown_version,
        in_language=bool(event.document_language),
        approved_from=(
            _approved_from(participant.site_id)
            if document is None and days is not None and event.kind in SIGNED_KINDS
            else None
        ),
        delegated=verdict,
        staff=_staff() if event.witness else (),
        concerned=concerned,
        concerned_days=None if concerned is None else days_of(concerned, zone),
    )


def register_for(participant: Participant) -> documents.Register:
    return register_of([participant.site_id])[participant.site_id]


def _approved_from(site_id: int) -> dt.date | None:
    """The first day of the site's first approval by its ethics committee, waivers included."""
    approvals = approval_facts([site_id], kind=ETHICS_COMMITTEE)[site_id]
    return min((one.first for one in approvals), default=None)


def _staff() -> tuple[tuple[str, str], ...]:
    """User name and shown name of everybody who has or had an account."""
    return tuple(User.objects.order_by("id").values_list("username", "display_name"))
