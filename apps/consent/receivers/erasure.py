"""A request for erasure is a task for the data manager: a query about the participant, which closes by an answer alone."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from apps.consent import actions, rules, signals
from apps.consent.models import ConsentEvent


@receiver(signals.consent_recorded, dispatch_uid="consent.erasure")
def erasure_asked(sender: Any, *, event: ConsentEvent, by: Any, **_more: Any) -> None:
    if event.kind == rules.COPY_GIVEN:
        return
    actions.settle_erasure_requests(event=event, by=by)
