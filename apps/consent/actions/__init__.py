"""Every write of consent, by topic."""

from apps.consent.actions.erasure import settle_erasure_requests
from apps.consent.actions.recording import record_event

__all__ = ["record_event", "settle_erasure_requests"]
