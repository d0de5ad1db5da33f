"""Reading what enrolment keeps, by topic; always within what the user may see."""

from apps.enrolment.selectors.forms import (
    antibody_context,
    consent_languages,
    demographics_context,
    end_context,
    history_context,
    hospitalisation_context,
    loss_context,
    standing_loss,
    usual_age,
)
from apps.enrolment.selectors.participants import (
    code_looks_wrong,
    participant_or_404,
    participants,
)
from apps.enrolment.selectors.participation import lives_of, spells_for, standings_of

__all__ = [
    "antibody_context",
    "code_looks_wrong",
    "consent_languages",
    "demographics_context",
    "end_context",
    "history_context",
    "hospitalisation_context",
    "lives_of",
    "loss_context",
    "participant_or_404",
    "participants",
    "spells_for",
    "standing_loss",
    "standings_of",
    "usual_age",
]
