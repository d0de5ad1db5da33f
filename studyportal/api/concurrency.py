"""Optimistic concurrency: an ETag is the version of a row; an update says which version it saw."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from studyportal.api.problems import ProblemError


def etag_of(version: int) -> str:
    return f'"{version}"'


def version_seen(request: Any) -> int:
    """The version named by If-Match: 428 when the header is absent, 400 when it is no version."""
    header = request.headers.get("If-Match", "").strip()
    if not header:
        raise ProblemError(
            428,
            "if_match_required",
            _("Send If-Match with the ETag of the version that you changed, as read by GET."),
        )
    text = header.removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ProblemError(
            400, "if_match_invalid", _('If-Match must be one ETag as the portal gave it, such as "3".')
        )
    return int(text)


def require_if_match(request: Any, version: int, **current: Any) -> None:
    """Refuse an update of a version that is no longer the newest: 412 with the ETag of today."""
    if version_seen(request) != version:
        raise stale(version, **current)


def stale(version: int, **current: Any) -> ProblemError:
    return ProblemError(
        412,
        "stale_version",
        _("Somebody saved version %(version)d meanwhile. Read it, apply your change to it, and send again.")
        % {"version": version},
        headers={"ETag": etag_of(version)},
        **current,
    )
