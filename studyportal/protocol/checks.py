"""System checks: a wrong protocol stops every command with file, line and reason."""

from __future__ import annotations

from typing import Any

from django.core import checks

from .loader import ProtocolError, current


@checks.register
def protocol_is_valid(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    try:
        current()
    except ProtocolError as error:
        return [
            checks.Error(line, hint="Mend the protocol file and start again.", id="protocol.E001")
            for line in error.lines
        ]
    return []
