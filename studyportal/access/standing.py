"""Nothing of a person commits any more once a revocation has returned.

Every writing request of a person holds the person's lock, shared, until its transaction ends; who revokes takes
it alone, and so waits for what is under way. Both locks end with the transaction.
"""

from __future__ import annotations

from typing import Any

from django.db import connection


def hold(user: Any) -> None:
    """For the person's own writing request: from here to the end of the transaction no revocation passes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock_shared(hashtext('studyportal.standing'), %s::int)", [user.pk]
        )


def wait_for_writes_of(user: Any) -> None:
    """For who revokes: wait until every writing request of the person has ended, and let none begin before
    this transaction has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('studyportal.standing'), %s::int)", [user.pk])
