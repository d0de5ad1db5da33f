"""Logging a look at a page: the only write of oversight."""

from __future__ import annotations

from collections.abc import Mapping

from apps.enrolment.models import Participant
from apps.oversight.models import AccessLogEntry
from studyportal.access.models import User


def log_view(
    *,
    page: str,
    by: User,
    participant: Participant | None = None,
    narrowed: Mapping[str, object] | None = None,
) -> AccessLogEntry:
    """Keep who looked at what. narrowed: the filters of the page."""
    detail = "; ".join(f"{name}: {value}" for name, value in (narrowed or {}).items() if value)
    return AccessLogEntry.objects.create(
        user=by,
        page=page,
        participant_code=participant.code if participant else "",
        site_id=participant.site_id if participant else None,
        detail=detail.replace("\x00", "")[:200],
    )
