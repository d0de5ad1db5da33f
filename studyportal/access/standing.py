"""What a person holds, and that it does not change under a write of that person.

Every writing request takes a shared lock on its person before it reads the memberships; ending a membership or an
account takes the exclusive one. So a write either commits before the revocation returns, or is refused.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

HOLD = "SELECT pg_advisory_xact_lock_shared(hashtext('studyportal.standing'), %s)"
WAIT = "SELECT pg_advisory_xact_lock(hashtext('studyportal.standing'), %s)"


def settle(user: Any, *, writing: bool) -> None:
    """Read what the user holds; for a write under the lock that keeps it so until the transaction ends."""
    if writing:
        user.hold_grants()


def hold(user: Any) -> None:
    """For the person's own write: from here to the end of the transaction no revocation passes."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD, [user.pk])


def wait_for_writes_of(user: Any) -> None:
    """For who revokes: wait until every write of the person has ended, and let none begin before this
    transaction has."""
    with connection.cursor() as cursor:
        cursor.execute(WAIT, [user.pk])
