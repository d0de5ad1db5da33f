"""What runs by itself: escalation, and the mails that follow from it."""

from __future__ import annotations

from celery import shared_task

from apps.safety.actions import reminders
from studyportal.access import walls


@shared_task(name="safety.remind")
def remind() -> int:
    """Acts for nobody."""
    with walls.whole_study():
        return reminders.remind()
