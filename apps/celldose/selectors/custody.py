"""Near misses, for those who see the safety of a site."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.celldose.models import IdentityStep, NearMiss
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.registry import UnknownForm, get
from studyportal.deviations.lists import Line, Listing


def near_misses(user: User) -> QuerySet[NearMiss]:
    """Those of the sites where the user sees safety, the newest first."""
    return (
        NearMiss.objects.visible_to(user, Permission.VIEW_SAFETY)
        .select_related("product", "participant", "site", "by")
        .order_by("-id")
    )


def step_label(step: str) -> str:
    """The step of an identity check or the form, as people call it."""
    if step in IdentityStep.values:
        return _("Identity: %s") % IdentityStep(step).label
    try:
        return str(get(step).title)
    except UnknownForm:
        return step


def _line(one: Any, user: User) -> Line:
    may = user.may(Permission.VIEW_DATA, one.site_id)
    return Line(
        at=one.at,
        what=one.message,
        detail=_("read or typed: %s") % one.said if one.said else "",
        step=step_label(one.step),
        about=str(one.product),
        who=str(one.by) if one.by else "",
        url=reverse("celldose:product", args=[one.product_id]) if may else "",
    )


NEAR_MISS_LIST = Listing(
    key="near-misses",
    title=gettext_lazy("Near misses"),
    purpose=gettext_lazy(
        "What would have harmed and was stopped: a wrong participant or product, an expired one, one that is not released."
    ),
    rows=near_misses,
    line=_line,
    empty=gettext_lazy("No near miss is recorded."),
)
