"""Every write to visits: plan, record, change. What is derived follows by itself."""

from apps.visits.actions.deriving import BEFORE_CONSENT, judge_consent, redate, why_missed
from apps.visits.actions.recording import change, plan, record
from apps.visits.actions.typed import CHANGEABLE, FORM, MAX_LENGTHS, MAY_BE_ABSENT

__all__ = [
    "BEFORE_CONSENT",
    "CHANGEABLE",
    "FORM",
    "MAX_LENGTHS",
    "MAY_BE_ABSENT",
    "change",
    "judge_consent",
    "plan",
    "record",
    "redate",
    "why_missed",
]
