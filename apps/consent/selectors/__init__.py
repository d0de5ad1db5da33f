"""Reading consent, by topic: always within what the user may see."""

from apps.consent.rules import ConsentState
from apps.consent.rules.findings import Case, ConsentFinding, Procedure
from apps.consent.selectors.chain import (
    Integrity,
    checkpoint_line,
    checkpoint_or_404,
    checkpoint_qr,
    checkpoints,
    integrity,
    jsonl,
    open_job,
    verifications,
)
from apps.consent.selectors.feed import feed, with_names
from apps.consent.selectors.findings import ParticipantFinding, findings_for, findings_of
from apps.consent.selectors.logs import Known, known_of, logs_of
from apps.consent.selectors.signers import Asked, to_sign
from apps.consent.selectors.state import (
    events_of,
    evidence_of,
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
    "Integrity",
    "Known",
    "ParticipantFinding",
    "Procedure",
    "bands",
    "checkpoint_line",
    "checkpoint_or_404",
    "checkpoint_qr",
    "checkpoints",
    "events_of",
    "evidence_of",
    "feed",
    "findings_for",
    "findings_of",
    "integrity",
    "jsonl",
    "known_of",
    "lives_of",
    "log",
    "logs_of",
    "may_read_log",
    "open_job",
    "state_for",
    "states_for",
    "tasks",
    "terms",
    "to_sign",
    "verifications",
    "with_names",
]
