"""Records of safety: what went wrong, what was told to whom and by when, and what must not be overlooked."""

from apps.safety.models.alerts import AlertKind, SafetyAlert
from apps.safety.models.episodes import (
    DkaCriteria,
    DkaEpisode,
    DkaSeverity,
    HypoCriteria,
    HypoglycaemiaEpisode,
    HypoLevel,
)
from apps.safety.models.events import (
    Action,
    AdverseEvent,
    Causality,
    Dictionary,
    Expectedness,
    Grade,
    Outcome,
    SafetyReview,
    SeriousCriterion,
    Term,
)
from apps.safety.models.follow_ups import FollowUp
from apps.safety.models.reports import Reminder, ReportKind, SafetyReport

__all__ = [
    "Action",
    "AdverseEvent",
    "AlertKind",
    "Causality",
    "Dictionary",
    "DkaCriteria",
    "DkaEpisode",
    "DkaSeverity",
    "Expectedness",
    "FollowUp",
    "Grade",
    "HypoCriteria",
    "HypoLevel",
    "HypoglycaemiaEpisode",
    "Outcome",
    "Reminder",
    "ReportKind",
    "SafetyAlert",
    "SafetyReport",
    "SafetyReview",
    "SeriousCriterion",
    "Term",
]
