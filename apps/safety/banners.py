"""Alerts that stand, on every page of those who may see them: one query on an index that holds nothing else."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.safety.selectors.alerts import standing
from apps.safety.selectors.clocks import unreported
from studyportal.access.permissions import Permission
from studyportal.ui.banners import Banner

# More would leave no room for the page; the rest is one click away.
SHOWN = 3


def alerts(request: HttpRequest) -> list[Banner]:
    user: Any = request.user
    if not user.may(Permission.VIEW_SAFETY):
        return []
    found = list(standing(user)[: SHOWN + 20])
    banners = [
        Banner(
            text=alert.message,
            label=alert.participant.code,  # type: ignore[attr-defined]
            url=reverse("safety:alert", args=[alert.pk]),
            action=_("Say what is done")
            if user.may(Permission.REPORT_SAFETY, alert.site_id)
            else _("See the alert"),
        )
        for alert in found[:SHOWN]
    ]
    more = len(found) - SHOWN
    if more > 0:
        banners.append(
            Banner(
                text=ngettext("%(n)d more alert stands.", "%(n)d more alerts stand.", more) % {"n": more},
                url=f"{reverse('safety:overview')}#alerts",
                action=_("See all"),
            )
        )
    return banners


def unreported_count(request: HttpRequest) -> int | None:
    """Serious events without any report, beside the entry of the navigation; None for none."""
    user: Any = request.user
    return unreported(user).count() or None
