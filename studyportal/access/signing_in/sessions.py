"""Sessions end: after a while without activity, and in any case after half a day.

Two moments stand in the session, when it began and when the person was last active; the second is written at
most once a minute. A request that a page makes by itself (`X-Poll: 1`) is no activity.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from studyportal.access.signing_in import log as sign_in_log
from studyportal.api import problems

BEGAN, SEEN = "session_began", "session_seen"
WRITE_EVERY_S = 60
WARN_BEFORE_S = 300
POLL = "X-Poll"
ENDED = "X-Session-Ended"


class Why(StrEnum):
    IDLE = "idle"
    LONG = "long"
    OUT = "out"

    @property
    def words(self) -> str:
        if self is Why.IDLE:
            minutes = int(settings.SESSION_IDLE.total_seconds() // 60)
            return (
                _("You were signed out after %d minutes without activity; what you typed is kept as a draft.")
                % minutes
            )
        if self is Why.LONG:
            hours = int(settings.SESSION_LONGEST.total_seconds() // 3600)
            return (
                _(
                    "You were signed out because a session lasts %d hours at most; what you typed is kept as a draft."
                )
                % hours
            )
        return _("You are signed out. What you typed is kept as a draft; sign in to go on.")


def begin(*, request: HttpRequest, **__: Any) -> None:
    """On sign-in: both moments are now."""
    request.session[BEGAN] = request.session[SEEN] = int(time.time())


def over(moments: Any, now: float) -> Why | None:
    """Whether a session with these moments (any mapping) is over at `now`, and why."""
    if now - moments[BEGAN] >= settings.SESSION_LONGEST.total_seconds():
        return Why.LONG
    if now - moments[SEEN] >= settings.SESSION_IDLE.total_seconds():
        return Why.IDLE
    return None


def remaining_s(session: Any) -> tuple[int, bool]:
    """Seconds until the session ends if nothing happens, and whether activity would put that off."""
    now = time.time()
    idle = settings.SESSION_IDLE.total_seconds() - (now - session.get(SEEN, now))
    longest = settings.SESSION_LONGEST.total_seconds() - (now - session.get(BEGAN, now))
    return max(0, int(min(idle, longest))), idle < longest


def warn_before_s() -> int:
    """Five minutes before the end, or half-way where the sessions are that short."""
    return int(min(WARN_BEFORE_S, settings.SESSION_IDLE.total_seconds() / 2))


def is_partial(request: HttpRequest) -> bool:
    """A part of a page asks, not the person's navigation: its answer must not be a whole other page."""
    return request.headers.get("HX-Request") == "true"


def _asks_to_sign_in(response: HttpResponse) -> bool:
    """The redirect of a page, or the problem of the API."""
    if response.status_code == 401:
        return (getattr(response, "data", None) or {}).get("code") == "not_authenticated"
    return response.status_code == 302 and response["Location"].startswith(settings.LOGIN_URL)


class SessionTimeoutMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        why = self._end_of(request)
        # Who was signed out just now goes on as a stranger: public pages answer, and a form leaves its draft
        # (`crf.drafts.keeps_what_was_typed`). What then asks to sign in, says why.
        response = self.get_response(request)
        if why is not None and _asks_to_sign_in(response):
            return ended(request, why)
        if is_partial(request) and response.status_code == 302 and _asks_to_sign_in(response):
            # htmx would follow to the sign-in page and put it into the middle of this one.
            return ended(request, Why.OUT)
        return response

    def _end_of(self, request: HttpRequest) -> Why | None:
        # Without the cookie there is no session to look up: scripts with a token pay nothing here.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or SESSION_KEY not in request.session:
            return None
        why = self._look(request)
        if why is not None:
            end(request, why)
        else:
            request.session_is_alive = True  # type: ignore[attr-defined]
        return why

    def _look(self, request: HttpRequest) -> Why | None:
        now = int(time.time())
        session = request.session
        if BEGAN not in session or SEEN not in session:
            begin(request=request)
            return None
        why = over(session, now)
        if why is None and now - session[SEEN] >= WRITE_EVERY_S and not request.headers.get(POLL):
            session[SEEN] = now
        return why


def end(request: HttpRequest, why: Why) -> None:
    """The session is gone from the server, whatever the browser keeps."""
    username = request.user.get_username() or "-"
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    request.session.flush()
    request.user = AnonymousUser()
    sign_in_log.session_ended(request=request, username=username, why=why.value)


def ended(request: HttpRequest, why: Why) -> HttpResponse:
    """Why, in the form that the asker understands: a problem, a message for the page, the sign-in page."""
    if request.path.startswith("/api/"):
        return problems.json_response(401, "session_ended", why.words)
    address = f"{settings.LOGIN_URL}?{urlencode({'next': page_of(request), 'ended': why.value})}"
    if is_partial(request):
        said = render(request, "access/session_ended.html", {"why": why, "sign_in": address}, status=401)
        said[ENDED] = why.value
        return said
    return HttpResponseRedirect(address)


def page_of(request: HttpRequest) -> str:
    """The page that the person looks at: where to go on after signing in again."""
    if request.method in ("GET", "HEAD") and not is_partial(request):
        path = request.get_full_path()
    else:
        said = (
            request.headers.get("HX-Current-URL") or request.headers.get("Referer") or request.get_full_path()
        )
        inside = url_has_allowed_host_and_scheme(
            said, {request.get_host()}, require_https=request.is_secure()
        )
        parts = urlsplit(said) if inside else urlsplit("/")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return "/" if path.startswith(settings.LOGIN_URL) else path
