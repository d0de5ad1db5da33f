"""Reading consent, by topic: always within what the user may see."""

from apps.consent.selectors.chain import integrity, jsonl
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
)

__all__ = [
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
    "integrity",
    "jsonl",
    "lives_of",
    "log",
    "may_read_log",
    "state_for",
    "states_for",
]
