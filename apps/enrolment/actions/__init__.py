"""Every write of enrolment, by topic."""

from apps.enrolment.actions import eligibility, overrides, screening
from apps.enrolment.actions.admission import open_and_register, register_entry
from apps.enrolment.actions.approvals import (
    APPROVAL_CHANGEABLE,
    change_approval,
    enter_in_error,
    lift_suspension,
    record_approval,
    suspend_approval,
    suspension_in_error,
)
from apps.enrolment.actions.enrolment import enrol
from apps.enrolment.actions.groups import assign_group, cross_over, match
from apps.enrolment.actions.participants import CHANGEABLE, change, register
from apps.enrolment.actions.participation import refresh_status, refresh_status_of, refresh_statuses
from apps.enrolment.actions.start_up import approvals_gate, recheck_enrolments
from apps.enrolment.actions.versions import move_to_version

__all__ = [
    "APPROVAL_CHANGEABLE",
    "CHANGEABLE",
    "approvals_gate",
    "assign_group",
    "change",
    "change_approval",
    "cross_over",
    "eligibility",
    "enrol",
    "enter_in_error",
    "lift_suspension",
    "match",
    "move_to_version",
    "open_and_register",
    "overrides",
    "recheck_enrolments",
    "record_approval",
    "refresh_status",
    "refresh_status_of",
    "refresh_statuses",
    "register",
    "register_entry",
    "screening",
    "suspend_approval",
    "suspension_in_error",
]
