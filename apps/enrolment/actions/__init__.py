"""Every write of enrolment, by topic."""

from apps.enrolment.actions import eligibility, overrides, screening
from apps.enrolment.actions.admission import open_and_register, register_entry
from apps.enrolment.actions.enrolment import enrol
from apps.enrolment.actions.groups import assign_group, cross_over, match
from apps.enrolment.actions.participants import CHANGEABLE, change, register
from apps.enrolment.actions.participation import refresh_status, refresh_status_of, refresh_statuses

__all__ = [
    "CHANGEABLE",
    "assign_group",
    "change",
    "cross_over",
    "eligibility",
    "enrol",
    "match",
    "open_and_register",
    "overrides",
    "refresh_status",
    "refresh_status_of",
    "refresh_statuses",
    "register",
    "register_entry",
    "screening",
]
