"""What ended is forgotten once a day, and not before it can be explained."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from studyportal.access import tokens
from studyportal.access.models import ApiToken
from studyportal.access.tasks import forget_what_ended
from studyportal.audit.models import ApiTokenEvent


@pytest.mark.django_db
def test_only_what_ended_long_ago_goes_and_its_history_stays(cast: Any) -> None:
    now = timezone.now()
    for name, ends in (("running", 5), ("ended", -5), ("ended long ago", -31)):
        token, _secret = tokens.issue(by=cast.asha, name=name)
        ApiToken.objects.filter(pk=token.pk).update(expiry=now + dt.timedelta(days=ends))
    assert forget_what_ended()["tokens"] == 1
    assert set(ApiToken.objects.values_list("name", flat=True)) == {"running", "ended"}
    gone = ApiTokenEvent.objects.get(pgh_label="delete")
    assert (gone.name, gone.pgh_context["source"]) == ("ended long ago", "job")


@pytest.mark.django_db
def test_sessions_that_ended_go_with_their_line_in_the_list(cast: Any, page: Any) -> None:
    page(cast.asha).get("/sign-in/")
    page(cast.rao).get("/sign-in/")
    assert Session.objects.count() == 2
    UserSession.objects.all().delete()
    for session in Session.objects.all():
        user_id = int(session.get_decoded()["_auth_user_id"])
        UserSession.objects.create(user_id=user_id, session_key=session.pk, ip="192.0.2.7", user_agent="test")
        if user_id == cast.asha.pk:
            Session.objects.filter(pk=session.pk).update(expire_date=timezone.now() - dt.timedelta(hours=1))
    assert forget_what_ended()["sessions"] == 1
    assert [one.user for one in UserSession.objects.all()] == [cast.rao]
