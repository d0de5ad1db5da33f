"""Reading participants, always within what the user may see."""

from __future__ import annotations

from django.db.models import QuerySet

from apps.enrolment import rules
from apps.enrolment.models import Participant
from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import User
from studyportal.access.permissions import Permission


def participants(user: User, permission: Permission = Permission.VIEW_DATA) -> QuerySet[Participant]:
    """The participants of the sites where the user holds the permission, in order of entry."""
    return (
        Participant.objects.visible_to(user, permission).select_related("site", "matched_case").order_by("id")
    )


def participant_or_404(user: User, code: str, permission: Permission = Permission.VIEW_DATA) -> Participant:
    """The participant with this code; Http404 when there is none or it is another site's."""
    found: Participant = get_visible_or_404(
        Participant.objects.select_related("site", "matched_case"), user, permission, code=code
    )
    return found


def code_looks_wrong(code: str) -> bool:
    """Whether a code typed by a person cannot be one: shape or check character."""
    return not rules.is_participant_code(code.strip().upper())
