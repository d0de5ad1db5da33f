"""Reports of serious events: sent once, kept as versions, never changed."""

from __future__ import annotations

import datetime as dt

from apps.safety.models import AdverseEvent, SafetyReport
from studyportal.access.models import User


def send(
    *,
    event: AdverseEvent,
    kind: str,
    recipient: str,
    sent_at: dt.datetime,
    by: User,
    late_reason: str = "",
    reference: str = "",
    method: str = "",
    note: str = "",
    expected_version: int | None = None,
) -> SafetyReport:
    """Record that the event, as it stands now, was reported to a recipient of the protocol.

    kind: initial, follow_up, analysis, final, or opinion (which comes from the recipient). The content is kept as it
    was sent. expected_version: of the event, that the reporter saw. Raises CrfInvalid (a value is wrong, or
    `late_reason` is missing), Refused (not serious, retrospective, no first report yet) and StaleVersion.
    """
    raise NotImplementedError
