"""The log as the API gives it: with the names of whom an entry is about, and in the order of its chain."""

from __future__ import annotations

from django.db.models import QuerySet

from apps.consent.models import ConsentEvent
from apps.consent.selectors.state import log
from studyportal.access.models import User

# What an entry names others by; the rest of their rows is not read.
NAMES = {
    "participant": "code",
    "site": "code",
    "entered_by": "username",
    "obtainer": "username",
}


def with_names(entries: QuerySet[ConsentEvent]) -> QuerySet[ConsentEvent]:
    """Each entry with the code of its participant and site and the names of its people, in one query."""
    own = [field.name for field in ConsentEvent._meta.concrete_fields]
    return entries.select_related(*NAMES).only(*own, *(f"{name}__{known}" for name, known in NAMES.items()))


def feed(user: User, *, after: int, limit: int) -> QuerySet[ConsentEvent]:
    """What the user may read of the entries after this number of the chain: one query that reads no more rows than it
    gives, however deep in the log. Raises PermissionDenied."""
    return with_names(log(user).filter(sequence__gt=after)).order_by("sequence")[:limit]
