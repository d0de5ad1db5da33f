"""Reads of the exports: what may be seen, a preview, the receipts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import Prefetch, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from psycopg2 import sql

from apps.enrolment.models import Group, Participant
from apps.exports.catalogue import catalogue
from apps.exports.datasets import SYNTHETIC, Dataset, Filters
from apps.exports.models import ExportReceipt, SharedParticipant
from apps.exports.profiles import in_profile
from apps.exports.purposes import Leaving, Purpose, leaving, why
from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission
from studyportal.access.profiles import CODED, DEIDENTIFIED, ORDER, lesser

PREVIEW_ROWS = 20


class NotInToken(PermissionDenied):
    """The token of the request does not reach so far. `code`: token_dataset or token_profile."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def dataset_titles() -> dict[str, str]:
    """Key → title of every dataset: what a token can be narrowed to (settings.TOKEN_DATASETS)."""
    return {key: dataset.title for key, dataset in catalogue().items()}


def datasets(user: User, profile: str) -> list[Dataset]:
    """The datasets that the user's token grants (without a token: every one), as the profile shows them."""
    granted = None if user.narrowing is None else user.narrowing.datasets
    return [
        in_profile(dataset, profile)
        for key, dataset in catalogue().items()
        if granted is None or key in granted
    ]


def dataset_or_404(key: str, user: User, profile: str) -> Dataset:
    """The dataset as the profile shows it. Raises Http404, and NotInToken when the token is for others."""
    found = catalogue().get(key)
    if found is None:
        raise Http404(_("There is no dataset %(key)s. All are listed at /api/v1/datasets/.") % {"key": key})
    granted = None if user.narrowing is None else user.narrowing.datasets
    if granted is not None and key not in granted:
        raise NotInToken(
            "token_dataset", _("This token is for other datasets: %s.") % ", ".join(sorted(granted))
        )
    return in_profile(found, profile)


def fullest_profile(user: User) -> str:
    """The most that the user may take, through the token of the request if there is one."""
    held = CODED if user.may(Permission.EXPORT_CODED) else DEIDENTIFIED
    return held if user.narrowing is None else lesser(held, user.narrowing.profile)


def profile_of(query: Mapping[str, Any], user: User) -> str:
    """The profile that a query string asks for: less than one's own, never more.

    Raises ValidationError for one that there is not, NotInToken for more than the user has.
    """
    fullest = fullest_profile(user)
    asked = query.get("profile") or fullest
    if asked not in ORDER:
        raise ValidationError(
            {
                "profile": ValidationError(
                    _("“%(value)s” is none of: %(choices)s."),
                    code="invalid_choice",
                    params={"value": str(asked)[:40], "choices": ", ".join(ORDER)},
                )
            }
        )
    if lesser(asked, fullest) != asked:
        raise NotInToken(
            "token_profile",
            _("Dates and free text are not for this token: it is de-identified. Leave `profile` out.")
            if user.narrowing is not None
            else _("Your roles do not allow you to download dates and free text. Leave `profile` out."),
        )
    return str(asked)


def visible_sites(user: User, profile: str = DEIDENTIFIED) -> dict[int, str] | None:
    """Id → code of the sites whose rows the user may export so; None: every site of the study."""
    sites = user.sites_with(Permission.EXPORT_CODED if profile == CODED else Permission.EXPORT_DATA)
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
        "profile": list(ORDER),
        "purpose": list(Purpose.values),
    }
    problems: dict[str, ValidationError] = {}
    for name in query:
        if name not in allowed:
            problems[name] = ValidationError(
                _("There is no filter %(name)s. Filters: site, group, synthetic, profile, purpose."),
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
        purpose=query.get("purpose") or Purpose.ANALYSIS.value,
    )


@dataclass(frozen=True)
class LeftOut:
    """A participant whose data may not leave for the purpose. why: a grade of withdrawal, or a reason of the engine."""

    code: str
    why: str

    def as_json(self) -> dict[str, str]:
        return {"participant": self.code, "why": self.why}


def left_out_of(
    dataset: Dataset, filters: Filters, sites: Collection[int] | None, allowed: Leaving
) -> list[LeftOut]:
    """Who is left out of a dataset for its purpose, of those whom the filters ask for: one query."""
    if not dataset.participant or not allowed.out:
        return []
    people = Participant.objects.filter(pk__in=allowed.out)
    if sites is not None:
        people = people.filter(site_id__in=sites)
    if filters.site:
        people = people.filter(site__code=filters.site)
    if filters.group:
        people = people.filter(group=filters.group)
    if filters.synthetic != "include":
        people = people.filter(synthetic=filters.synthetic == "only")
    return [
        LeftOut(code, why(allowed.out[pk])) for pk, code in people.order_by("code").values_list("pk", "code")
    ]


def people_in(
    dataset: Dataset, filters: Filters, sites: Collection[int] | None, allowed: Leaving
) -> list[tuple[int, int]]:
    """Participant and site of those whose rows are in it: one query."""
    if not dataset.participant:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_text(dataset.people(filters, sites, leaving=allowed), cursor))
        return list(cursor.fetchall())


@dataclass(frozen=True)
class Preview:
    """The first rows as the file would hold them, the number of all rows, and who is left out."""

    rows: list[tuple[Any, ...]]
    total: int
    left_out: list[LeftOut]


def preview(dataset: Dataset, filters: Filters, user: User) -> Preview:
    """A dataset before it is downloaded: the rows and their number in two queries, of one moment."""
    sites = visible_sites(user, dataset.profile)
    allowed = leaving(filters.purpose, sites)
    everything = dataset.select(filters, sites, leaving=allowed)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_text(dataset.select(filters, sites, leaving=allowed, limit=PREVIEW_ROWS), cursor))
        rows = cursor.fetchall()
        cursor.execute(
            _text(sql.Composed([sql.SQL("SELECT count(*) FROM ("), everything, sql.SQL(") r")]), cursor)
        )
        (total,) = cursor.fetchone()
    return Preview(rows, total, left_out_of(dataset, filters, sites, allowed))


def _text(query: sql.Composable, cursor: Any) -> str:
    return query.as_string(cursor.cursor)


def receipts_of(user: User) -> QuerySet[ExportReceipt]:
    """A person's own receipts, newest first."""
    shared = Prefetch("shared", SharedParticipant.objects.select_related("participant"))
    return ExportReceipt.objects.filter(requester=user).prefetch_related(shared)
