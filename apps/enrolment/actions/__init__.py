"""Every write of enrolment, by topic."""

from apps.enrolment.actions.approvals import (
    APPROVAL_CHANGEABLE,
    change_approval,
    enter_in_error,
    lift_suspension,
    record_approval,
    suspend_approval,
    suspension_in_error,
)
from apps.enrolment.actions.participants import CHANGEABLE, assign_group, change, register, withdraw
from apps.enrolment.actions.start_up import approvals_gate, recheck_enrolments

__all__ = [
    "APPROVAL_CHANGEABLE",
    "CHANGEABLE",
    "approvals_gate",
    "assign_group",
    "change",
    "change_approval",
    "enter_in_error",
    "lift_suspension",
    "recheck_enrolments",
    "record_approval",
    "register",
    "suspend_approval",
    "suspension_in_error",
    "withdraw",
]
