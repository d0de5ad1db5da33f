"""Reading attachments: what stands beside a record, and the picture itself for who may see it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import AllSites, User
from studyportal.access.permissions import Permission
from studyportal.attachments.models import Attachment
from studyportal.identity.papers import OpenedPaper, opened_paper

# That there is an attachment is told to who reads data, and to who audits.
TOLD = (Permission.VIEW_DATA, Permission.VIEW_AUDIT_TRAIL)
LOOK = "attachment"


def _with_names() -> QuerySet[Attachment]:
    return Attachment.objects.select_related(
        "site", "participant", "added_by", "withdrawal", "withdrawal__by"
    )


def attachments(user: User) -> QuerySet[Attachment]:
    """Those of the sites where the person reads data or audits; no picture comes with them."""
    reached: Q = Q(pk__in=[])
    for permission in TOLD:
        sites = user.sites_with(permission)
        if isinstance(sites, AllSites):
            return _with_names()
        reached |= Q(site_id__in=sites)
    return _with_names().filter(reached)


def of_record(form: str, object_id: int) -> list[Attachment]:
    """In the order in which they were attached; one query. Who calls has fetched the record with permission."""
    return list(_with_names().filter(form=form, object_id=object_id).order_by("id"))


def counts(form: str, object_ids: list[int]) -> dict[int, int]:
    """Record → how many attachments stand beside it, for lists; one query."""
    found: dict[int, int] = {}
    standing = Attachment.objects.filter(form=form, object_id__in=object_ids, withdrawal__isnull=True)
    for object_id in standing.values_list("object_id", flat=True):
        found[object_id] = found.get(object_id, 0) + 1
    return found


def attachment_or_404(user: User, pk: int, permission: Permission) -> Attachment:
    found: Attachment = get_visible_or_404(_with_names(), user, permission, pk=pk)
    return found


def opened(attachment: Attachment, by: User, purpose: str) -> OpenedPaper:
    """The picture or PDF; the look is logged. Raises Http404 for who may see no identities there, and CannotBeOpened."""
    return opened_paper(
        attachment.paper_id, by=by, purpose=f"{purpose} {attachment.pk}: {attachment.name}", what=LOOK
    )


def may_see(user: Any, site_id: int) -> bool:
    return bool(user.may(Permission.VIEW_IDENTITY, site_id))
