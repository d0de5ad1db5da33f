"""Reading uploads, each for whom its import is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission
from studyportal.imports.models import Upload, UploadRow, UploadState, VerdictKind
from studyportal.imports.registry import Importer, all_importers, family_of


def importers_for(user: User) -> list[Importer]:
    return [importer for importer in all_importers() if importer.may(user)]


def sites_for(user: User, importer: Importer) -> QuerySet[Site]:
    """The sites whose lists the person may import."""
    reached = user.sites_with(importer.permission)
    sites = Site.objects.filter(is_active=True)
    return sites if isinstance(reached, AllSites) else sites.filter(pk__in=reached)


def uploads(user: User, importer: Importer) -> QuerySet[Upload]:
    visible: Any = Upload.objects.visible_to(user, importer.permission)
    return visible.filter(importer=importer.key).select_related("site", "uploaded_by", "settled_by", "job")


def newest(user: User, importers: Sequence[Importer], most: int = 20) -> list[Upload]:
    """The last uploads of all these imports, as each of their permissions shows them; a query for each permission."""
    keys: dict[Permission, list[str]] = {}
    for importer in importers:
        keys.setdefault(importer.permission, []).append(importer.key)
    found: list[Upload] = []
    for permission, named in keys.items():
        visible: Any = Upload.objects.visible_to(user, permission).filter(importer__in=named)
        found += visible.select_related("site", "uploaded_by", "settled_by", "job")[:most]
    return sorted(found, key=lambda upload: -upload.pk)[:most]


def member_or_404(user: User, family: str, member: str) -> Importer:
    """The import of a family, for who may use it; Http404 for others as for one that is not there."""
    for importer in family_of(family):
        if importer.member == member and importer.may(user):
            return importer
    raise Http404(_("There is no such import among those that you may use."))


def upload_or_404(user: User, importer: Importer, pk: int) -> Upload:
    found: Upload = get_visible_or_404(
        Upload.objects.select_related("site", "uploaded_by", "settled_by", "job"),
        user, importer.permission, pk=pk, importer=importer.key,
    )  # fmt: skip
    return found


def rows_of(upload: Upload, verdict: str = "") -> QuerySet[UploadRow]:
    """In the order of the file; of one verdict, or (another text) all."""
    rows: QuerySet[UploadRow] = UploadRow.objects.filter(upload=upload).order_by("line")
    return rows.filter(verdict=verdict) if verdict in VerdictKind.values else rows


def committed_before(upload: Upload) -> Upload | None:
    """The earlier upload of this very file that was committed."""
    return (
        Upload.objects.filter(
            importer=upload.importer, site=upload.site_id, sha256=upload.sha256, state=UploadState.COMMITTED, pk__lt=upload.pk
        )
        .select_related("settled_by")
        .order_by("-pk")
        .first()
    )  # fmt: skip
