"""What consent answers and what follows from an entry, by topic. Thin."""

from apps.consent.receivers import enrolment, erasure, persons

__all__ = ["enrolment", "erasure", "persons"]
