"""What consent answers and what follows from an entry, by topic. Thin."""

from apps.consent.receivers import documents, enrolment, persons

__all__ = ["documents", "enrolment", "persons"]
