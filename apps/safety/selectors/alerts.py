"""What must not be overlooked, and whether anybody said what is done about it."""

from __future__ import annotations

from django.db.models import QuerySet

from apps.safety.models import SafetyAlert
from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import User
from studyportal.access.permissions import Permission


def safety_alerts(user: User, permission: Permission = Permission.VIEW_SAFETY) -> QuerySet[SafetyAlert]:
    """The newest first."""
    return (
        SafetyAlert.objects.visible_to(user, permission)
        .select_related("participant", "site", "product", "event", "acknowledged_by")
        .order_by("-id")
    )


def standing(user: User) -> QuerySet[SafetyAlert]:
    """Those that nobody acknowledged, the oldest first: one query on the index that holds only these."""
    return (
        SafetyAlert.objects.visible_to(user, Permission.VIEW_SAFETY)
        .filter(acknowledged_at__isnull=True)
        .select_related("participant", "site")
        .order_by("id")
    )


def alert_or_404(user: User, pk: int, permission: Permission = Permission.VIEW_SAFETY) -> SafetyAlert:
    found: SafetyAlert = get_visible_or_404(
        SafetyAlert.objects.select_related(
            "participant__site", "site", "product", "event", "acknowledged_by"
        ),
        user,
        permission,
        pk=pk,
    )
    return found
