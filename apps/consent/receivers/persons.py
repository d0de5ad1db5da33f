"""What the consent log answers when a birth date is recorded."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from apps.consent.models import ConsentEvent
from apps.consent.rules import effective_events
from apps.enrolment.models import Participant
from studyportal.identity.signals import OnRecord, birth_date_asked


@receiver(birth_date_asked, dispatch_uid="consent.dates_on_record")
def dates_on_record(*, participant: Participant, **_kwargs: Any) -> list[OnRecord]:
    """Every day on which somebody signed, as the log stands: nobody signs, or is signed for, before being born."""
    log = [event.as_event() for event in ConsentEvent.objects.filter(participant=participant).order_by("id")]
    found: list[OnRecord] = []
    for event in effective_events(log):
        date: Any = event.signed_on
        if date is not None and date.latest is not None:
            label = _("Date of entry %d in the consent log") % event.id
            found.append(OnRecord(label, date.for_people(), date.latest))
    return found
