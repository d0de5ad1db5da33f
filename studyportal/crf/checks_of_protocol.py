"""Start-up check: every form that the protocol names is declared."""

from __future__ import annotations

from typing import Any

from django.core import checks

from studyportal import protocol
from studyportal.crf import registry


@checks.register
def forms_of_protocol_exist(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    try:
        current = protocol.current()
    except Exception:  # a wrong protocol has its own message
        return found
    known = {spec.key for spec in registry.all_specs()}
    for said in current.check_forms(known):
        hint = "Declare the form in the crfs.py of an app, or correct the protocol."
        found.append(checks.Error(str(said), hint=hint, id="crf.E001"))
    return found
