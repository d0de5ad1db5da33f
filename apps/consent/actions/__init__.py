"""Every write of consent, by topic."""

from apps.consent.actions.recording import record_event
from apps.consent.actions.signing import sign

__all__ = ["record_event", "sign"]
