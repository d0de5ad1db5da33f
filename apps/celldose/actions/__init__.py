"""Writes that are more than saving one form. Each is one transaction, audited, and checks what its form checks."""

from apps.celldose.actions import infusion
from apps.celldose.actions.refreshing import RESTS_ON, refresh_after, refresh_weight
from apps.celldose.actions.release import decide, evaluate_release, sign_release, tell_of_growth
from apps.celldose.actions.sessions import create_product, plan_session

__all__ = [
    "RESTS_ON",
    "create_product",
    "decide",
    "evaluate_release",
    "infusion",
    "plan_session",
    "refresh_after",
    "refresh_weight",
    "sign_release",
    "tell_of_growth",
]
