"""Reading consent, by topic: always within what the user may see."""

from apps.consent.findings import Case, ConsentFinding, Procedure
from apps.consent.rules import ConsentState
from apps.consent.selectors.findings import ParticipantFinding, findings_for, findings_of
from apps.consent.selectors.signers import Asked, to_sign
from apps.consent.selectors.state import (
    bands,
    events_of,
    evidence_of,
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
    "findings_for",
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
