"""What runs by itself: escalation, and the mails that follow from it."""

from __future__ import annotations

from smtplib import SMTPException

from celery import shared_task

from apps.safety import clock_mail
from apps.safety.actions import reminders
from studyportal.access import walls


@shared_task(name="safety.remind")
def remind() -> int:
    """Acts for nobody."""
    with walls.whole_study():
        return reminders.remind()


@shared_task(
    name=clock_mail.TASK,
    autoretry_for=(SMTPException, OSError),
    retry_backoff=60,
    retry_backoff_max=3600,
    max_retries=12,
)
def mail(address: str, lines: list[str]) -> None:
    clock_mail.send(address, lines)
