"""What consent answers and what follows from an entry, by topic. Thin."""

from apps.consent.receivers import enrolment

__all__ = ["enrolment"]
