"""Every write of enrolment, by topic."""

from apps.enrolment.actions.participants import CHANGEABLE, assign_group, change, register, withdraw

__all__ = ["CHANGEABLE", "assign_group", "change", "register", "withdraw"]
