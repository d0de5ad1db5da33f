"""Reading the approvals of sites, and how they stand; a fixed number of queries, whatever the number of sites."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from apps.enrolment.models import ApprovalSuspension, Participant, SiteApproval
from apps.enrolment.rules import approvals as rules
from studyportal import protocol
from studyportal.access.clock import today_at
from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission
from studyportal.audit.selectors import Change, changes, event_model_of
from studyportal.crf.partial_date import PartialDate

ETHICS_COMMITTEE = "ethics_committee"


def approval_kinds() -> tuple[tuple[str, str], ...]:
    """Key and label of each approval that the protocol asks for."""
    return tuple((one.key, str(one.label)) for one in protocol.current().ethics.approvals.values())


def warning_days() -> int:
    """How many days before its last day an approval is on the worklist."""
    return protocol.current().ethics.approval_warning_days


def start_up_sites(user: User, permission: Permission = Permission.VIEW_APPROVALS) -> list[Site]:
    """The sites that take part and whose approvals the user may read."""
    sites = user.sites_with(permission)
    found = Site.objects.filter(is_active=True).order_by("code")
    return list(found if isinstance(sites, AllSites) else found.filter(pk__in=sites))


def start_up_site_or_404(user: User, code: str, permission: Permission = Permission.VIEW_APPROVALS) -> Site:
    """The site with this code, also one that no longer takes part; Http404 when its approvals are not the user's."""
    site = Site.objects.filter(code=code).first() if code.isascii() and code.isprintable() else None
    if site is None or not user.may(permission, site):
        raise Http404(_("There is no site with this code whose approvals you may read."))
    return site


def site_approvals(user: User, permission: Permission = Permission.VIEW_APPROVALS) -> QuerySet[SiteApproval]:
    """The approvals of the sites where the user holds the permission, errors included, in order of entry."""
    return _whole(SiteApproval.objects.visible_to(user, permission)).order_by("id")


def approval_or_404(
    user: User, pk: int, permission: Permission = Permission.VIEW_APPROVALS, *, code: str | None = None
) -> SiteApproval:
    """code: the site in the address, which must be the approval's own."""
    lookup: dict[str, Any] = {"pk": pk} if code is None else {"pk": pk, "site__code": code}
    found: SiteApproval = get_visible_or_404(_whole(SiteApproval.objects.all()), user, permission, **lookup)
    return found


def suspension_or_404(
    user: User, pk: int, permission: Permission = Permission.VIEW_APPROVALS, *, code: str | None = None
) -> ApprovalSuspension:
    lookup: dict[str, Any] = {"pk": pk} if code is None else {"pk": pk, "site__code": code}
    found: ApprovalSuspension = get_visible_or_404(
        ApprovalSuspension.objects.select_related("approval__site", "site"), user, permission, **lookup
    )
    return found


def _whole(queryset: Any) -> Any:
    """With what a page shows of each, but not the bytes of its document."""
    return (
        queryset.select_related("site", "document", "recorded_by", "supersedes")
        .defer("document__content")
        .prefetch_related("suspensions__recorded_by")
    )


# --- How they stand --------------------------------------------------------------------------------------


def approval_facts(
    site_ids: Collection[int], *, kind: str | None = None
) -> dict[int, tuple[rules.Approval, ...]]:
    """Site → what stands there, as the pure rules take it: two queries."""
    rows = SiteApproval.objects.filter(site_id__in=site_ids, in_error=False).order_by("id")
    if kind is not None:
        rows = rows.filter(kind=kind)
    found: dict[int, list[rules.Approval]] = {site_id: [] for site_id in site_ids}
    for row in rows.prefetch_related("suspensions"):
        found[row.site_id].append(row.as_rule())
    return {site_id: tuple(facts) for site_id, facts in found.items()}


def standings(sites: Iterable[Site], *, on: dt.date | None = None) -> dict[int, tuple[rules.Standing, ...]]:
    """Site → how each kind stands there on the day; on None: today, at each site its own."""
    sites = list(sites)
    facts = approval_facts([site.pk for site in sites])
    kinds = [key for key, _label in approval_kinds()]
    return {site.pk: rules.standing(kinds, facts[site.pk], on or today_at(site)) for site in sites}


def basis(site: Site, on: PartialDate) -> list[dict[str, Any]]:
    """What an enrolment on that day relies on, to be kept with it: an approval or waiver of each kind.

    A date that is known in part relies on what holds on its first and on its last day.
    """
    days = sorted({day for day in (on.earliest, on.latest) if day is not None})
    facts = approval_facts([site.pk])[site.pk]
    kinds = [key for key, _label in approval_kinds()]
    relied = {
        found.approval.id: found.approval
        for day in days
        for found in rules.standing(kinds, facts, day)
        if found.holds and found.approval is not None
    }
    digests = dict(
        SiteApproval.objects.filter(pk__in=relied, document__isnull=False).values_list(
            "pk", "document__sha256"
        )
    )
    return [
        {
            "approval": one.id,
            "kind": one.kind,
            "number": one.number,
            "authority": one.authority,
            "valid_from": one.first.isoformat(),
            "valid_until": one.last.isoformat() if one.last else None,
            "waived": one.waived,
            "document_sha256": digests.get(one.id),
        }
        for one in sorted(relied.values(), key=lambda one: (kinds.index(one.kind), one.first, one.id))
    ]


def enrolment_bars(participants: Iterable[Participant], site: Site) -> dict[int, list[str]]:
    """Participant → why each kind did not hold (or cannot be shown to have held) on the day of enrolment.

    Only those who have a day of enrolment and are not transcribed from a source: others rely on no approval.
    """
    facts = approval_facts([site.pk])[site.pk]
    kinds = approval_kinds()
    found: dict[int, list[str]] = {}
    for participant in participants:
        on: Any = participant.enrolled_on
        if on is None or participant.retrospective:
            continue
        problems = rules.enrolment_problems(
            kinds, facts, site=site.name, earliest=on.earliest, latest=on.latest, mend=False
        )
        if said := [problem.message for problem in problems]:
            found[participant.pk] = said
    return found


@dataclass(frozen=True)
class ApprovalDue:
    """An approval that asks for something: it does not hold today, or soon will not."""

    site: Site
    label: str
    standing: rules.Standing
    days_left: int | None  # None: it does not hold today


def approvals_due(sites: Sequence[Site]) -> list[ApprovalDue]:
    """What does not hold at the sites, then what lapses within the protocol's days of warning, the nearest first."""
    labels, limit = dict(approval_kinds()), warning_days()
    found = []
    stand = standings(sites)
    for site in sites:
        today = today_at(site)
        for one in stand[site.pk]:
            left = one.days_left(today)
            if not one.holds or (left is not None and left <= limit):
                found.append(ApprovalDue(site, labels[one.kind], one, left))
    return sorted(found, key=lambda due: (-1 if due.days_left is None else due.days_left, due.site.code))


def closed_because(site: Site, *, on: dt.date | None = None) -> list[str]:
    """Why nobody can be enrolled at the site on the day (None: today), one sentence for each approval; [] when open."""
    labels = dict(approval_kinds())
    return [
        rules.why_not(rules.Cover("no", one), label=labels[one.kind], site=site.name, exact=True)
        for one in standings([site], on=on)[site.pk]
        if not one.holds
    ]


# --- History ---------------------------------------------------------------------------------------------

NOT_SHOWN = frozenset({"site", "recorded_by", "approval"})


def approvals_history(approvals: Sequence[SiteApproval]) -> list[Change]:
    """Every change of the approvals and their suspensions, newest first: two queries. Each says what changed."""
    by_id = {approval.pk: approval for approval in approvals}
    suspensions = {one.pk: approval for approval in approvals for one in approval.suspensions.all()}
    numbers = {pk: str(approval) for pk, approval in by_id.items()}
    numbers |= {one.supersedes.pk: str(one.supersedes) for one in approvals if one.supersedes is not None}
    files = {a.document_id: a.document.name for a in approvals if a.document is not None}
    kinds = dict(approval_kinds())
    words: dict[str, dict[Any, str]] = {"supersedes": numbers, "document": files, "kind": kinds}
    told: list[Change] = []
    for model, owners in ((SiteApproval, by_id), (ApprovalSuspension, suspensions)):
        events = event_model_of(model)._default_manager.filter(pgh_obj_id__in=owners).order_by("pgh_id")
        rows: dict[int, list[Any]] = {}
        for event in events:
            rows.setdefault(event.pgh_obj_id, []).append(event)
        for pk, own in rows.items():
            what = owners[pk]
            name = f"{what.kind_label}, {what}" if model is SiteApproval else _("Suspension of %s") % what
            for change in changes(model, own):
                told.append(
                    replace(
                        change,
                        label=f"{name}: {_('entered') if change.label == 'insert' else _('changed')}",
                        fields=tuple(
                            replace(
                                field,
                                before=words.get(field.name, {}).get(field.before, field.before),
                                after=words.get(field.name, {}).get(field.after, field.after),
                            )
                            for field in change.fields
                            if field.name not in NOT_SHOWN and _says_something(field)
                        ),
                    )
                )
    return sorted(told, key=lambda change: change.at, reverse=True)


def _says_something(field: Any) -> bool:
    """At entry, what was left empty tells nothing."""
    return not (field.before in (None, "") and field.after in (None, "", False))
