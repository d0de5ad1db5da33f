"""Who acts, by which road, and why: written by the database into each row of history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pghistory
from pghistory.runtime import _tracker

from studyportal.audit.reasons import Reason

ROADS = ("page", "api", "import", "job", "command")


@contextmanager
def acting(
    *, user: Any = None, source: str | None = None, reason: Reason | str | None = None, **more: Any
) -> Iterator[None]:
    """Everything written inside is attributed to the user, the road (one of ROADS) and the reason.

    Nested calls refine the outer one and are undone when they end.
    """
    said: dict[str, Any] = dict(more)
    if user is not None and user.is_authenticated:
        said |= {"user": user.pk, "username": user.get_username()}
    if source is not None:
        said["source"] = source
    if isinstance(reason, Reason):
        said |= {"reason": str(reason), "reason_code": reason.code}
    elif reason:
        said["reason"] = str(reason)
        if "reason_code" in current():
            # Words of the portal's own inside somebody's change: that person's code is not theirs.
            said.setdefault("reason_code", None)
    before = dict(_tracker.value.metadata) if hasattr(_tracker, "value") else None
    with pghistory.context(**said):
        try:
            yield
        finally:
            if before is not None:
                # pghistory keeps what an inner context added until the outermost ends: undo it here,
                # so that one reason does not stick to the next change.
                _tracker.value.metadata.clear()
                _tracker.value.metadata.update(before)


def current() -> dict[str, Any]:
    """What is said of the action under way (user, username, source, reason, request …); {} outside of any."""
    return dict(_tracker.value.metadata) if hasattr(_tracker, "value") else {}


def because(reason: Reason | str | None) -> Any:
    """Attach the reason to everything written inside."""
    return acting(reason=reason)


def identify(user: Any) -> None:
    """Name the user in the context already open: for a token that is read after the request began."""
    pghistory.context(user=user.pk, username=user.get_username())
