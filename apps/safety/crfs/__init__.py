"""The forms of safety, by topic."""

from apps.safety.crfs.episodes import DKA_EPISODE, HYPOGLYCAEMIA_EPISODE
from apps.safety.crfs.events import ADVERSE_EVENT, SAFETY_REVIEW
from apps.safety.crfs.follow_ups import FOLLOW_UP

__all__ = ["ADVERSE_EVENT", "DKA_EPISODE", "FOLLOW_UP", "HYPOGLYCAEMIA_EPISODE", "SAFETY_REVIEW"]
