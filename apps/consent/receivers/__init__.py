"""What consent answers and what follows from an entry, by topic. Thin."""

from apps.consent.receivers import enrolment, erasure

__all__ = ["enrolment", "erasure"]
