"""What beat asks of forms."""

from __future__ import annotations

from celery import shared_task

from studyportal.crf import drafts


@shared_task(name="crf.forget_old_drafts")
def forget_old_drafts() -> int:
    return drafts.forget_old()
