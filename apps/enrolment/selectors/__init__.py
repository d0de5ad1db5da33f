"""Reading what enrolment keeps, by topic; always within what the user may see."""

from apps.enrolment.selectors.participants import (
    code_looks_wrong,
    demographics_context,
    hospitalisation_context,
    participant_or_404,
    participants,
    usual_age,
)
from apps.enrolment.selectors.participation import lives_of, spells_for, standings_of

__all__ = [
    "code_looks_wrong",
    "demographics_context",
    "hospitalisation_context",
    "lives_of",
    "participant_or_404",
    "participants",
    "spells_for",
    "standings_of",
    "usual_age",
]
