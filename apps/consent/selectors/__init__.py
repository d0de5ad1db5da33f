"""Reading consent, by topic: always within what the user may see."""

from apps.consent.selectors.signers import Asked, to_sign
from apps.consent.selectors.state import (
    Case,
    ConsentFinding,
    ConsentState,
    ParticipantFinding,
    Procedure,
    bands,
    events_of,
    evidence_of,
    findings,
    findings_of,
    lives_of,
    log,
    may_read_log,
    state_for,
    states_for,
    terms,
)
from apps.consent.selectors.tasks import tasks

__all__ = [
    "Asked",
    "Case",
    "ConsentFinding",
    "ConsentState",
    "ParticipantFinding",
    "Procedure",
    "bands",
    "events_of",
    "evidence_of",
    "findings",
    "findings_of",
    "lives_of",
    "log",
    "may_read_log",
    "state_for",
    "states_for",
    "tasks",
    "terms",
    "to_sign",
]
