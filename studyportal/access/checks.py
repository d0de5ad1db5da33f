"""At start-up: a setting that would leave a door open by a typing error is refused."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from studyportal.access.roles import ROLES
from studyportal.access.signing_in.second_factor import EVERY_ROLE


@register()
def settings_of_signing_in(**_: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    unknown = sorted(set(settings.SECOND_FACTOR_ROLES) - set(ROLES) - {EVERY_ROLE})
    if unknown:
        found.append(
            Error(
                f"SECOND_FACTOR_ROLES names {', '.join(unknown)}, which is no role.",
                hint=f"Roles: {', '.join(ROLES)}; “{EVERY_ROLE}” for each of them; empty for none.",
                id="access.E001",
            )
        )
    if not 0 < settings.SESSION_IDLE.total_seconds() <= settings.SESSION_LONGEST.total_seconds():
        found.append(
            Error(
                "SESSION_IDLE_MINUTES must be more than 0 and not longer than SESSION_HOURS.",
                id="access.E002",
            )
        )
    return found
