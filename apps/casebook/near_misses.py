"""The near misses of cell products, as they are listed beside the deviations."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.celldose.models import IdentityStep, NearMiss
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.deviations import lists, places

STEPS = {step.value: step.label for step in IdentityStep}


def rows(user: User) -> QuerySet[Any]:
    found: QuerySet[Any] = NearMiss.objects.visible_to(user, Permission.VIEW_SAFETY)
    return found.select_related("site", "participant", "product__harvest", "by")


def line(row: Any, user: User) -> lists.Line:
    """A step is one of the identity, or the form that was refused."""
    return lists.Line(
        at=row.at,
        what=row.message,
        detail=_("read or typed: %s") % row.said if row.said else "",
        step=STEPS.get(row.step) or places.label_of(row.step),
        about=str(row.product),
        who=str(row.by) if row.by else "",
        url=reverse("celldose:product", args=[row.product_id]),
    )


LISTING = lists.Listing(
    key="near-misses",
    title=_("Near misses"),
    purpose=_(
        "What would have harmed and was stopped: a wrong participant, product or lot, one that had expired"
    ),
    rows=rows,
    line=line,
    empty=_("Nothing was stopped yet. A refusal that would have harmed is kept here by itself."),
)
