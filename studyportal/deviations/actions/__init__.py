"""Every write to deviations: raised by rules or by people, and settled step by step."""

from studyportal.deviations.actions.by_hand import HAND, raise_by_hand
from studyportal.deviations.actions.found import Found, agree, reconcile
from studyportal.deviations.actions.settling import (
    assess,
    close,
    plan_action,
    reopen,
    report_to_committee,
    withdraw,
)

__all__ = [
    "HAND",
    "Found",
    "agree",
    "assess",
    "close",
    "plan_action",
    "raise_by_hand",
    "reconcile",
    "reopen",
    "report_to_committee",
    "withdraw",
]
