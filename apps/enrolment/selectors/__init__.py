"""Reading what enrolment keeps, by topic; always within what the user may see."""

from apps.enrolment.selectors.participants import (
    code_looks_wrong,
    demographics_context,
    hospitalisation_context,
    participant_or_404,
    participants,
    usual_age,
)

__all__ = [
    "code_looks_wrong",
    "demographics_context",
    "hospitalisation_context",
    "participant_or_404",
    "participants",
    "usual_age",
]
