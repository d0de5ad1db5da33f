"""What happens here when something is saved. Thin: each calls one action."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from apps.enrolment import actions, signals
from apps.enrolment.models import Participant
from studyportal.access.models import User


@receiver(signals.participant_saved, dispatch_uid="enrolment.start_up")
def judge_enrolment(
    sender: type, participant: Participant, changed: frozenset[str], by: User, **kwargs: Any
) -> None:
    """A day of enrolment that is given or corrected is judged against the approvals of the site."""
    if "enrolled_on" in changed:
        actions.recheck_enrolments(site=participant.site, by=by, participants=[participant])
