"""Consent events for tests."""

from __future__ import annotations

from typing import Any

from apps.consent import actions
from apps.consent.models import ConsentEvent

FULL = {
    "purposes": ["participation", "procedure"],
    "document_version": "2.0",
    "document_language": "mr",
    "ethics_approval_number": "EC/2024/7",
    "ethics_approval_validity": "2026-12-31",
    "obtained_by": "Investigator 3",
    "audio_visual": "recorded",
    "copy_given": True,
}


def an_event(
    participant: Any, kind: str, by: Any, on: str | None = "2024-02-01", **more: Any
) -> ConsentEvent:
    stated = dict(FULL) if kind not in ("withdrawal", "copy_given", "correction") else {}
    return actions.record_event(
        participant=participant, kind=kind, by=by, **(stated | {"signed_on": on} | more)
    )


def a_minors_consent(participant: Any, by: Any, on: str = "2024-02-01", age: int = 15) -> list[ConsentEvent]:
    """A representative's consent and the child's written assent."""
    return [
        an_event(
            participant, "lar_consent", by, on, signer="mother", lar_relationship_proof="birth certificate",
            age_at_signature=age,
        ),
        an_event(participant, "written_assent", by, on, signer="participant", age_at_signature=age),
    ]  # fmt: skip


def an_adults_consent(participant: Any, by: Any, on: str = "2024-02-01", age: int = 25) -> ConsentEvent:
    return an_event(participant, "consent", by, on, signer="participant", age_at_signature=age)
