"""One sitting: a signature and, where the signer cannot read, that of the impartial witness beside it."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from apps.consent.actions.recording import record_event
from apps.consent.models import ConsentEvent, Kind, Method
from apps.enrolment.models import Participant
from studyportal.access.models import User
from studyportal.files.checks import Accepted


def sign(
    *,
    participant: Participant,
    kind: str,
    by: User,
    witness_sheet: Accepted | None = None,
    ticket: str = "",
    **stated: Any,
) -> ConsentEvent:
    """Add the signature, and the witness's own as a further entry that concerns it; both or neither.

    witness_sheet: what the witness drew on the screen; on paper the witness signs the same sheet.
    Raises as `record_event`.
    """
    with transaction.atomic():
        signature = record_event(participant=participant, kind=kind, by=by, ticket=ticket, **stated)
        if witness_sheet is not None and not signature.about_it.filter(kind=Kind.WITNESSED).exists():
            record_event(
                participant=participant,
                kind=Kind.WITNESSED,
                by=by,
                concerns=signature,
                obtainer=stated.get("obtainer"),
                sheet=witness_sheet,
                method=Method.SCREEN.value,
                ticket=f"{ticket}-witness" if ticket else "",
                **{
                    name: stated[name]
                    for name in ("witness", "witness_relation", "signed_on", "signed_at")
                    if stated.get(name)
                },
            )
        return signature
