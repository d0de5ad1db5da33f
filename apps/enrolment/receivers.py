"""What follows here from a change of a participant. Thin."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from apps.enrolment.actions import eligibility
from apps.enrolment.selectors.eligibility import entry_of
from apps.enrolment.signals import participant_saved


@receiver(participant_saved, dispatch_uid="enrolment.eligibility_of_group")
def eligibility_anew(
    sender: Any, *, participant: Any, created: bool, changed: frozenset[str], by: Any, **_more: Any
) -> None:
    """Another group has other criteria: whoever is enrolled may not meet them."""
    if created or not changed & {"group", "enrolled_on"} or participant.enrolled_on is None:
        return
    entry = entry_of(participant)
    if entry is not None:
        eligibility.reconcile(entry, by=by)
