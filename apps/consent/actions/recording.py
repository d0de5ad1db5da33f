"""Adding to the consent log: the only write there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from apps.consent import signals
from apps.consent.actions import tickets
from apps.consent.actions.drafting import Draft
from apps.consent.models import ConsentDocumentText, ConsentEvent
from apps.enrolment.models import Participant
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.constraints import problem_of
from studyportal.crf.errors import CrfInvalid
from studyportal.files.checks import Accepted
from studyportal.identity import papers


def record_event(
    *,
    participant: Participant,
    kind: str,
    by: User,
    corrects: ConsentEvent | None = None,
    concerns: ConsentEvent | None = None,
    document: ConsentDocumentText | None = None,
    obtainer: User | None = None,
    sheet: Accepted | None = None,
    ticket: str = "",
    absent: Mapping[str, str] | None = None,
    **stated: Any,
) -> ConsentEvent:
    """Add one entry. stated: field name → typed text, JSON value or typed value; what is left out is absent.

    concerns: the signature that a witness, a recording or a copy is about. document: the words that were signed, in one
    language. obtainer: the person of the portal who obtained it. sheet: the signed sheet or the drawn signature, as
    `files.checks.accept` took it. ticket: of the page or script that sends it; what the same person sends again with
    the same ticket is answered with the first entry.

    Raises CrfInvalid with all problems (400). A problem whose code is in `rules.circumstances.MAY_BE_RECORDED` is none
    any more when the entry says why it is recorded as it happened. Raises Refused (409) when the log tells the same
    already, and names that entry. Nothing is written then.
    """
    sent = tickets.fingerprint(
        ticket,
        {
            "participant": participant.pk,
            "kind": kind,
            "corrects": corrects and corrects.pk,
            "concerns": concerns and concerns.pk,
            "document": document and document.pk,
            "obtainer": obtainer and obtainer.pk,
            "sheet": sheet and sheet.sha256,
            "absent": absent,
            "stated": stated,
        },
    )
    try:
        with transaction.atomic(), acting(user=by):
            # Whoever records for this participant stands in line here, and sees what the one before has recorded.
            people = Participant.objects.select_related("site").select_for_update(of=("self",), no_key=True)
            participant = people.get(pk=participant.pk)
            if (first := tickets.entry_of(ticket, by=by, sent=sent)) is not None:
                return first
            draft = Draft(
                participant=participant,
                kind=kind,
                by=by,
                corrects=corrects,
                concerns=concerns,
                document=document,
                obtainer=obtainer,
                sheet=sheet,
            )
            event = draft.entry(stated, absent)
            if sheet is not None:
                event.paper = papers.keep(participant=participant, sheet=sheet, by=by)
            event.save()
            tickets.keep(ticket, event=event, by=by, sent=sent)
            signals.consent_recorded.send(sender=ConsentEvent, event=event, by=by)
            return event
    except IntegrityError as error:
        if "entryticket_once" in str(error):
            raise tickets.used() from None
        raise CrfInvalid([problem_of(error, ConsentEvent)]) from error
