"""What access tidies up by itself, once a day."""

from __future__ import annotations

import datetime as dt

import pghistory
from allauth.usersessions.models import UserSession
from celery import shared_task
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from studyportal.access.models import ApiToken

# An ended token stays in its owner's list for a while, so that a script that stopped working can be explained.
SHOWN_AFTER_ITS_END = dt.timedelta(days=30)


@shared_task(name="access.forget_what_ended")
def forget_what_ended() -> dict[str, int]:
    """Tokens that ended a month ago, and sessions that ended, go; the history of the tokens stays. How many went."""
    now = timezone.now()
    with transaction.atomic(), pghistory.context(source="job", reason="Ended a month ago"):
        tokens, _each = ApiToken.objects.filter(expiry__lt=now - SHOWN_AFTER_ITS_END).delete()
        sessions, _each = Session.objects.filter(expire_date__lt=now).delete()
        UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return {"tokens": tokens, "sessions": sessions}
