"""System check: what the protocol says of safety names roles and terms that there are."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error

from studyportal import protocol
from studyportal.access.roles import ROLES


def roles_are_known(**_: Any) -> list[CheckMessage]:
    """safety.E001: a reminder for a role that nobody can hold reaches nobody."""
    try:
        levels = protocol.current().safety.reminders.values()
    except protocol.ProtocolError:
        return []  # told by the protocol's own check
    return [
        Error(
            f"The protocol reminds the role {role!r} ({level.key}), which does not exist.",
            hint=f"Roles: {', '.join(ROLES)}.",
            id="safety.E001",
        )
        for level in levels
        for role in level.roles
        if role not in ROLES
    ]
