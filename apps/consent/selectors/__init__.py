"""Reading consent, by topic: always within what the user may see."""

from apps.consent.selectors.feed import feed, with_names
from apps.consent.selectors.logs import Known, known_of, logs_of
from apps.consent.selectors.signers import Asked, to_sign
from apps.consent.selectors.state import (
    Case,
    ConsentFinding,
    ConsentState,
    ParticipantFinding,
    Procedure,
    events_of,
    evidence_of,
    findings,
    findings_of,
    lives_of,
    log,
    may_read_log,
    state_for,
    states_for,
)
from apps.consent.selectors.tasks import tasks
from apps.consent.selectors.terms import bands, terms

__all__ = [
    "Asked",
    "Case",
    "ConsentFinding",
    "ConsentState",
    "Known",
    "ParticipantFinding",
    "Procedure",
    "bands",
    "events_of",
    "evidence_of",
    "feed",
    "findings",
    "findings_of",
    "known_of",
    "lives_of",
    "log",
    "logs_of",
    "may_read_log",
    "state_for",
    "states_for",
    "tasks",
    "terms",
    "to_sign",
    "with_names",
]
