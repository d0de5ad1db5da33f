"""The log in the order of its chain."""

from __future__ import annotations

from django.db.models import QuerySet

from apps.consent.models import ConsentEvent
from apps.consent.selectors.state import log
from studyportal.access.models import User


def feed(user: User, *, after: int, limit: int) -> QuerySet[ConsentEvent]:
    """What the user may read of the entries after this number of the chain: one query that reads no more rows than it
    gives, however deep in the log. Raises PermissionDenied."""
    return (
        log(user)
        .filter(sequence__gt=after)
        .select_related("participant", "site", "entered_by", "obtainer")
        .order_by("sequence")[:limit]
    )
