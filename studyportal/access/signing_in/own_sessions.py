"""One's own sessions: where one is signed in, and the end of a session from elsewhere."""

from __future__ import annotations

import datetime as dt
import re
import time
from dataclasses import dataclass
from typing import Any

from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from studyportal.access.signing_in import log as sign_in_log
from studyportal.access.signing_in import sessions

BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone|iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True)
class OwnSession:
    pk: int
    browser: str
    address: str
    began: dt.datetime
    seen: dt.datetime
    is_this: bool


def browser_of(agent: str) -> str:
    """“Firefox, Linux” from the long name that a browser gives itself."""
    found = [
        next((word for mark, word in names if re.search(mark, agent)), "") for names in (BROWSERS, SYSTEMS)
    ]
    return ", ".join(word for word in found if word) or _("Unknown browser")


def own(request: HttpRequest) -> list[OwnSession]:
    """The person's living sessions, newest activity first, in two queries; what is left of dead ones is removed."""
    user: Any = request.user
    tracked = {one.session_key: one for one in UserSession.objects.filter(user_id=user.pk)}
    alive: list[OwnSession] = []
    for stored in Session.objects.filter(session_key__in=list(tracked), expire_date__gt=timezone.now()):
        data = stored.get_decoded()
        one = tracked[stored.session_key]
        if not _is_alive(data, user):
            continue
        del tracked[stored.session_key]
        alive.append(
            OwnSession(
                pk=one.pk,
                browser=browser_of(one.user_agent),
                address=str(one.ip),
                began=one.created_at,
                seen=dt.datetime.fromtimestamp(
                    data.get(sessions.SEEN) or one.last_seen_at.timestamp(), dt.UTC
                ),
                is_this=one.session_key == request.session.session_key,
            )
        )
    if tracked:
        UserSession.objects.filter(session_key__in=list(tracked)).delete()
    return sorted(alive, key=lambda one: (not one.is_this, -one.seen.timestamp()))


def _is_alive(data: dict[str, Any], user: Any) -> bool:
    if data.get(SESSION_KEY) != str(user.pk):
        return False
    if not constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        return False
    if sessions.BEGAN not in data or sessions.SEEN not in data:
        return True
    return sessions.over(data, time.time()) is None


def end(*, request: HttpRequest, chosen: UserSession) -> None:
    """One session, on this machine or another."""
    get_adapter().end_sessions([chosen])
    sign_in_log.session_ended(request=request, username=request.user.get_username(), why="ended by its owner")


def end_others(*, request: HttpRequest) -> int:
    """Every session of the person but this one; how many."""
    others = list(
        UserSession.objects.filter(user_id=request.user.pk).exclude(session_key=request.session.session_key)
    )
    get_adapter().end_sessions(others)
    for _one in others:
        sign_in_log.session_ended(
            request=request, username=request.user.get_username(), why="ended by its owner"
        )
    return len(others)
