"""Follow-ups of adverse events: each a version of what is known, which the event takes over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.safety.crfs import ADVERSE_EVENT, FOLLOW_UP
from apps.safety.models import AdverseEvent, FollowUp
from apps.safety.rules.follow_ups import taken_over
from studyportal.access.models import User
from studyportal.crf.actions import save


def record(*, event: AdverseEvent, by: User, raw: Mapping[str, Any], complete: bool = True) -> FollowUp:
    """Record a follow-up of the event; raises what `crf.actions.save` raises. raw: the fields of the form."""
    found: FollowUp = save(
        FOLLOW_UP, raw=raw, by=by, participant=event.participant, parents={"event": event}, complete=complete
    )
    return found


@transaction.atomic
def take_over(*, follow_up: FollowUp, by: User) -> bool:
    """Let the event say what its newest follow-up says, with the follow-up as the reason. Returns whether it changed.

    An earlier follow-up that is corrected changes nothing: the newest one stands.
    """
    newer = FollowUp.objects.filter(event_id=follow_up.event_id, number__gt=follow_up.number)
    if newer.exists():
        return False
    event = (
        AdverseEvent.objects.select_for_update(of=("self",))
        .select_related("site", "participant__site", "visit", "session", "product__harvest")
        .get(pk=follow_up.event_id)
    )
    raw = taken_over(event, follow_up)
    if not raw:
        return False
    save(
        ADVERSE_EVENT,
        raw=_as_typed(raw),
        by=by,
        record=event,
        reason=f"Follow-up {follow_up.number}",
        complete=False,
    )
    return True


def _as_typed(raw: Mapping[str, Any]) -> dict[str, Any]:
    """As a form would send it."""
    fields = ADVERSE_EVENT.fields
    return {name: fields[name].as_json(value) for name, value in raw.items()}
