"""Reads of the exports: what may be seen, a preview, the receipts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from psycopg2 import sql

from apps.enrolment.models import Group
from apps.exports.datasets import SYNTHETIC, Dataset, Filters, catalogue
from apps.exports.models import ExportReceipt
from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission

PREVIEW_ROWS = 20


def dataset_or_404(key: str) -> Dataset:
    try:
        return catalogue()[key]
    except KeyError:
        raise Http404(
            _("There is no dataset %(key)s. All are listed at /api/v1/datasets/.") % {"key": key}
        ) from None


def visible_sites(user: User) -> dict[int, str] | None:
    """Id → code of the sites whose rows the user may export; None: every site of the study."""
    sites = user.sites_with(Permission.EXPORT_DATA)
    if isinstance(sites, AllSites):
        return None
    return dict(Site.objects.filter(pk__in=sites).values_list("pk", "code"))


def site_choices(user: User) -> list[str]:
    """Codes of the sites that the user may filter by."""
    sites = visible_sites(user)
    return sorted(Site.objects.values_list("code", flat=True) if sites is None else sites.values())


def filters_of(query: Mapping[str, Any], user: User) -> Filters:
    """The filters of a query string. Raises ValidationError by field; a foreign site is as an unknown one."""
    allowed = {
        "site": site_choices(user) if query.get("site") else [],
        "group": list(Group.values),
        "synthetic": list(SYNTHETIC),
    }
    problems: dict[str, ValidationError] = {}
    for name in query:
        if name not in allowed:
            problems[name] = ValidationError(
                _("There is no filter %(name)s. Filters: site, group, synthetic."),
                code="unknown_filter",
                params={"name": name[:40]},
            )
        elif query[name] and query[name] not in allowed[name]:
            problems[name] = ValidationError(
                _("“%(value)s” is none of: %(choices)s."),
                code="invalid_choice",
                params={"value": str(query[name])[:40], "choices": ", ".join(allowed[name])},
            )
    if problems:
        raise ValidationError(problems)  # type: ignore[arg-type]
    return Filters(
        site=query.get("site") or "",
        group=query.get("group") or "",
        synthetic=query.get("synthetic") or "include",
    )


def preview(dataset: Dataset, filters: Filters, user: User) -> tuple[list[tuple[Any, ...]], int]:
    """The first rows as the file would hold them, and the number of all rows: two queries, one moment."""
    sites = visible_sites(user)
    everything = dataset.select(filters, sites)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_text(dataset.select(filters, sites, limit=PREVIEW_ROWS), cursor))
        rows = cursor.fetchall()
        cursor.execute(
            _text(sql.Composed([sql.SQL("SELECT count(*) FROM ("), everything, sql.SQL(") r")]), cursor)
        )
        (total,) = cursor.fetchone()
    return rows, total


def _text(query: sql.Composable, cursor: Any) -> str:
    return query.as_string(cursor.cursor)


def receipts_of(user: User) -> QuerySet[ExportReceipt]:
    """A person's own receipts, newest first."""
    return ExportReceipt.objects.filter(requester=user)
