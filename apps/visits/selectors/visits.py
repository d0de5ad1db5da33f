"""Visits, within what the user may see."""

from __future__ import annotations

from django.db.models import QuerySet

from apps.visits.models import Visit
from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import User
from studyportal.access.permissions import Permission


def visits(user: User, permission: Permission = Permission.VIEW_DATA) -> QuerySet[Visit]:
    return Visit.objects.visible_to(user, permission).select_related("participant", "site").order_by("id")


def visit_or_404(user: User, pk: int, permission: Permission = Permission.VIEW_DATA) -> Visit:
    found: Visit = get_visible_or_404(
        Visit.objects.select_related("participant", "site"), user, permission, pk=pk
    )
    return found
