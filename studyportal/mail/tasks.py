"""Sending what was handed over."""

from __future__ import annotations

from smtplib import SMTPException
from typing import Any

from celery import shared_task

from studyportal.mail import actions


@shared_task(
    name=actions.TASK,
    autoretry_for=(SMTPException, OSError),
    retry_backoff=60,
    retry_backoff_max=3600,
    max_retries=12,
)
def send(packed: dict[str, Any]) -> None:
    actions.send(packed)
