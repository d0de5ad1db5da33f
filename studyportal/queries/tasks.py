"""What queries do by themselves: the mail of the day."""

from __future__ import annotations

from celery import shared_task

from studyportal.access import walls
from studyportal.queries import digest


@shared_task(name="queries.digest")
def send_digest() -> int:
    """Acts for nobody. How many mails were handed over."""
    with walls.whole_study():
        return digest.send_all()
