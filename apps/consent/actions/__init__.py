"""Every write of consent, by topic."""

from apps.consent.actions import documents, documents_approval
from apps.consent.actions.erasure import settle_erasure_requests
from apps.consent.actions.recording import record_event
from apps.consent.actions.signing import sign

__all__ = ["documents", "documents_approval", "record_event", "settle_erasure_requests", "sign"]
