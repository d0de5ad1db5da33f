"""What beat asks of forms."""

from __future__ import annotations

from celery import shared_task

from studyportal.crf import drafts, submissions


@shared_task(name="crf.forget_old_drafts")
def forget_old_drafts() -> int:
    return drafts.forget_old()


@shared_task(name="crf.forget_old_submissions")
def forget_old_submissions() -> int:
    return submissions.forget_old()
