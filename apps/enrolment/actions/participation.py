"""Keeping the status of a participant in step with what happened."""

from __future__ import annotations

from django.utils import timezone

from apps.enrolment.models import Participant
from apps.enrolment.selectors.participation import standings_of
from studyportal.access.models import User
from studyportal.audit import acting

BATCH = 500


def refresh_status(*, participant: Participant, by: User | None) -> Participant:
    """Derive the status anew; called by whatever changes what it is told from, in the same transaction.

    The version stays: a status that follows from something else makes no page of the participant stale.
    """
    with acting(user=by):
        _settle([participant])
    return participant


def refresh_status_of(*, participant_id: int, by: User | None) -> None:
    """refresh_status for who knows the id only."""
    refresh_status(participant=Participant.objects.get(pk=participant_id), by=by)


def refresh_statuses() -> tuple[int, int]:
    """Every status anew: how many changed, of how many. For commands, which say themselves why they write."""
    changed = total = 0
    ids = list(Participant.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        batch = list(Participant.objects.filter(pk__in=ids[start : start + BATCH]))
        changed += _settle(batch)
        total += len(batch)
    return changed, total


def _settle(participants: list[Participant]) -> int:
    """Write the statuses that are others now; how many."""
    standings = standings_of(participants)
    changed = 0
    for participant in participants:
        standing = standings[participant.pk]
        if (participant.status, participant.status_since) == (standing.status, standing.since):
            continue
        participant.status, participant.status_since = standing.status, standing.since
        changed += Participant.objects.filter(pk=participant.pk).update(
            status=standing.status, status_since=standing.since, updated_at=timezone.now()
        )
    return changed
