"""Keeping the status of a participant in step with what happened."""

from __future__ import annotations

from django.utils import timezone

from apps.enrolment.models import Participant
from apps.enrolment.selectors.participation import standings_of
from studyportal.access.models import User
from studyportal.audit import acting


def refresh_status(*, participant: Participant, by: User | None) -> Participant:
    """Derive the status anew; called by whatever changes what it is told from, in the same transaction.

    The version stays: a status that follows from something else makes no page of the participant stale.
    """
    standing = standings_of([participant])[participant.pk]
    if (participant.status, participant.status_since) != (standing.status, standing.since):
        participant.status, participant.status_since = standing.status, standing.since
        with acting(user=by):
            Participant.objects.filter(pk=participant.pk).update(
                status=standing.status, status_since=standing.since, updated_at=timezone.now()
            )
    return participant


def refresh_status_of(*, participant_id: int, by: User | None) -> None:
    """refresh_status for who knows the id only."""
    refresh_status(participant=Participant.objects.get(pk=participant_id), by=by)
