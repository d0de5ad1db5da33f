"""What the casebook does by itself: the reminders of visits; and the job that prints it."""

from __future__ import annotations

from celery import shared_task

from apps.casebook.calendar import reminders
from apps.casebook.printing import job  # noqa: F401 (declares the job)
from studyportal.access import walls


@shared_task(name="visits.remind")
def remind() -> int:
    """Acts for nobody. How many mails were handed over."""
    with walls.whole_study():
        return reminders.remind()
