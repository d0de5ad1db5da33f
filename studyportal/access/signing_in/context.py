"""What the shell needs to know of a session, to warn before it ends."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from studyportal.access.signing_in import sessions


def session(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `session_idle` and `session_warn` in seconds; nothing for a stranger."""
    if not getattr(request, "session_is_alive", False):
        return {}
    remaining, _renewable = sessions.remaining_s(request.session)
    return {"session_idle": remaining, "session_warn": sessions.warn_before_s()}
