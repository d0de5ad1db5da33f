"""What the approvals of a site have to say when a participant was saved."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.dispatch import receiver

from apps.enrolment.actions import recheck_enrolments
from apps.enrolment.signals import participant_saved


@receiver(participant_saved, dispatch_uid="enrolment.start_up")
def judge_enrolment(sender: Any, *, participant: Any, changed: Collection[str], by: Any, **_: Any) -> None:
    """A day of enrolment that is given or corrected is judged against the approvals of the site."""
    if "enrolled_on" in changed:
        recheck_enrolments(site=participant.site, by=by, participants=[participant])
