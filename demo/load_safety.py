"""Enters what became of the adverse events of the demo: episodes, follow-ups, reports; and acknowledges an alert."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from apps.celldose.models import CellProduct, CellSession
from apps.enrolment.models import Participant
from apps.safety.actions import alerts, follow_ups, reports
from apps.safety.models import AdverseEvent, SafetyAlert
from demo.crew import Crew, save
from demo.synthetic import Form, SyntheticParticipant
from demo.synthetic_safety import LATE_GROWTH_ANSWERED, Story, shown_by, stories

ANSWER = (
    "The participant was called in the same evening: no fever, no sign of infection. Blood cultures taken, no growth after"
    " five days. Skin preparation and transport were reviewed; no antibiotic was given."
)


def enter(planned: SyntheticParticipant, participant: Participant, crew: Crew, until: dt.date) -> None:
    """After the visits, as the site learnt of it."""
    for story in stories(planned, until):
        _tell(story, participant, crew)
    if LATE_GROWTH_ANSWERED in shown_by(planned.person).products.values():
        for alert in SafetyAlert.objects.filter(participant=participant, acknowledged_at__isnull=True):
            alerts.acknowledge(alert=alert, what_is_done=ANSWER, by=crew.investigator)


def _tell(story: Story, participant: Participant, crew: Crew) -> None:
    by = crew.coordinator
    event = _event(story, participant, crew)
    if story.episode is not None:
        save(story.episode, participant, by, event=event)
    # In the order in which it was known and sent, so that each report holds what was known then.
    for _at, what in sorted(
        [
            *((_moment(f.values["aware_at"]), f) for f in story.follow_ups),
            *((_moment(r.sent_at), r) for r in story.reports),
        ],
        key=lambda pair: pair[0],
    ):
        if isinstance(what, Form):
            follow_ups.record(event=event, by=by, raw=what.values)
        else:
            reports.send(
                event=event,
                kind=what.kind,
                recipient=what.recipient,
                sent_at=_moment(what.sent_at),
                late_reason=what.late_reason,
                reference=what.reference,
                method="E-mail",
                by=crew.investigator,
            )
        event.refresh_from_db()


def _event(story: Story, participant: Participant, crew: Crew) -> Any:
    if story.form is None:
        return AdverseEvent.objects.get(participant=participant, term=story.term)
    parents: dict[str, Any] = {}
    if story.session is not None:
        parents["session"] = CellSession.objects.get(participant=participant, number=story.session)
        parents["product"] = CellProduct.objects.get(
            harvest__session=parents["session"], component=story.component
        )
    return save(story.form, participant, crew.coordinator, **parents)


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(timezone.get_default_timezone())
