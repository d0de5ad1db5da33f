"""What follows in enrolment when something is saved or asked elsewhere, by topic. Thin: each calls one action."""

from apps.enrolment.receivers import forms, persons

__all__ = ["forms", "persons"]
