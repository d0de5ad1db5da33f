"""What consent answers and what follows from an entry, by topic. Thin."""

from apps.consent.receivers import enrolment, persons

__all__ = ["enrolment", "persons"]
