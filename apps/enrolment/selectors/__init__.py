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
    today_at,
    usual_age,
)
from apps.enrolment.selectors.participants import (
    code_looks_wrong,
    participant_or_404,
    participants,
)

__all__ = [
    "antibody_context",
    "code_looks_wrong",
    "consent_languages",
    "demographics_context",
    "end_context",
    "history_context",
    "hospitalisation_context",
    "loss_context",
    "participant_or_404",
    "participants",
    "standing_loss",
    "today_at",
    "usual_age",
]
