"""The pages about approvals as they are shown: states in words, and the days on which each kind holds as a drawing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.enrolment import selectors
from apps.enrolment.models import ApprovalSuspension, SiteApproval
from apps.enrolment.rules import approvals as rules
from apps.enrolment.signals import approved_asked
from apps.enrolment.views.approvals_chart import Chart
from studyportal.access.clock import today_at
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Cell, Row
from studyportal.ui.templatetags.ui_tags import human_date_text

# State of a kind → key of ui.states.
STATES = {
    "valid": "approval_valid",
    "waived": "approval_waived",
    "missing": "approval_missing",
    "not_yet": "approval_not_yet",
    "lapsed": "approval_lapsed",
    "suspended": "approval_suspended",
}
SOON = "approval_soon"


def state_key(standing: rules.Standing, today: dt.date | None) -> str:
    """The badge of a kind: one that lapses within the days of warning is marked as such. today None: of another day."""
    left = None if today is None else standing.days_left(today)
    if left is not None and left <= selectors.warning_days():
        return SOON
    if standing.suspension is not None and standing.suspension.withdrawn:
        return "approval_withdrawn"
    return STATES[standing.state]


def days_words(standing: rules.Standing, today: dt.date | None) -> str:
    """What stands beside the badge: how long it still holds, or since when it does not. today None: of another day."""
    if standing.holds:
        if standing.until is None:
            return _("without end")
        if today is None:
            return _("until %s") % human_date_text(standing.until)
        left = standing.days_left(today) or 0
        if left == 0:
            return _("until %s, the last day is today") % human_date_text(standing.until)
        days = ngettext("%(n)d day left", "%(n)d days left", left) % {"n": left}
        return _("until %(day)s, %(left)s") % {"day": human_date_text(standing.until), "left": days}
    if standing.state == "lapsed":
        return _("last day %s") % human_date_text(standing.until)
    if standing.state == "not_yet":
        return _("from %s") % human_date_text(standing.since)
    if standing.state == "suspended":
        return _("since %s") % human_date_text(standing.since)
    return _("nothing is recorded")


# --- Every site ------------------------------------------------------------------------------------------


def overview(user: User) -> dict[str, Any]:
    """Sites × kinds: a fixed number of queries."""
    sites = selectors.start_up_sites(user)
    kinds = selectors.approval_kinds()
    stand = selectors.standings(sites)
    rows, closed = [], []
    for site in sites:
        today = today_at(site)
        barred = [one for one in stand[site.pk] if not one.holds]
        if barred:
            closed.append(site.name)
        rows.append(
            Row(
                [
                    Cell(
                        site.name, url=reverse("enrolment:site-start-up", args=[site.code]), detail=site.code
                    ),
                    Cell("", state="approval_closed" if barred else "approval_open"),
                    *(
                        Cell("", state=state_key(one, today), detail=days_words(one, today))
                        for one in stand[site.pk]
                    ),
                ],
                tone="bad" if barred else "",
            )
        )
    return {
        "columns": [_("Site"), _("Enrolment today"), *(label for _key, label in kinds)],
        "rows": rows,
        "closed": ", ".join(closed),
        "warning_days": selectors.warning_days(),
    }


# --- One site --------------------------------------------------------------------------------------------


def site_page(site: Site, user: User, on: dt.date | None) -> dict[str, Any]:
    """Every kind at a site: how it stands on the day, its approvals, the days on which it holds."""
    approvals = list(selectors.site_approvals(user).filter(site=site))
    today = today_at(site)
    day = on or today
    facts = [one.as_rule() for one in approvals if not one.in_error]
    kinds = [key for key, _label in selectors.approval_kinds()]
    labels = dict(selectors.approval_kinds())
    gone = sorted({one.kind for one in approvals} - set(kinds))
    stand = rules.standing(kinds, facts, day)
    manage = user.may(Permission.MANAGE_APPROVALS, site)
    sections = [
        _section(kind, labels.get(kind, kind), approvals, facts, today, manage, site)
        for kind in (*kinds, *gone)
    ]
    return {
        "site": site,
        "day": day,
        "is_today": day == today,
        "may_manage": manage,
        "columns": [_("Approval"), _("State"), _("Number"), _("Given by"), _("Valid"), _("Document")],
        "rows": [
            _kind_row(one, labels[one.kind], today if day == today else None, approvals) for one in stand
        ],
        "barred": [_barred(one, labels[one.kind], site) for one in stand if not one.holds],
        "sections": sections,
        "section_columns": [
            _("Approval or waiver"),
            _("State today"),
            _("Given by"),
            _("Valid"),
            _("Document"),
        ],
        "chart": Chart.of(
            [(labels.get(k, k), [f for f in facts if f.kind == k]) for k in (*kinds, *gone)], today
        ),
        "history": selectors.approvals_history(approvals),
    }


def _barred(standing: rules.Standing, label: str, site: Site) -> str:
    return rules.why_not(rules.Cover("no", standing), label=label, site=site.name, exact=True)


def _kind_row(
    standing: rules.Standing, label: str, today: dt.date | None, approvals: Sequence[SiteApproval]
) -> Row:
    found = standing.approval
    record = next((one for one in approvals if found is not None and one.pk == found.id), None)
    cells: list[Any] = [
        Cell(label, url=f"#{standing.kind}"),
        Cell("", state=state_key(standing, today), detail=days_words(standing, today)),
    ]
    if record is None:
        cells += ["", "", "", ""]
    else:
        cells += [
            Cell(str(record), url=record.get_absolute_url()),
            record.authority,
            validity(record),
            document_cell(record),
        ]
    return Row(cells, tone="" if standing.holds else "bad")


def validity(approval: SiteApproval) -> str:
    until = _("without end") if approval.valid_until is None else human_date_text(approval.valid_until)
    return f"{human_date_text(approval.valid_from)} – {until}"


def document_cell(approval: SiteApproval) -> Any:
    if approval.document is None:
        return Cell("", detail=_("no document"))
    return Cell(
        approval.document.name,
        url=reverse("enrolment:approval-document", args=[approval.site.code, approval.pk]),
    )


def _section(
    kind: str,
    label: str,
    approvals: Sequence[SiteApproval],
    facts: Sequence[rules.Approval],
    today: dt.date,
    manage: bool,
    site: Site,
) -> dict[str, Any]:
    own = [one for one in approvals if one.kind == kind]
    renewed = {one.supersedes_id for one in own if not one.in_error}
    rules_of = [one for one in facts if one.kind == kind]
    names = {one.pk: str(one) for one in own}
    latest = max((one for one in own if not one.in_error and one.pk not in renewed), key=_order, default=None)
    add = f"{reverse('enrolment:approval-new', args=[site.code])}?kind={kind}"
    waive = f"{reverse('enrolment:approval-waive', args=[site.code])}?kind={kind}"
    return {
        "kind": kind,
        "title": label,
        "caption": _("%s: what is recorded") % label,
        "rows": [_approval_row(one, today) for one in sorted(own, key=_order, reverse=True)],
        "gaps": [
            _("From %(first)s to %(last)s none was in force.")
            % {"first": human_date_text(gap.first), "last": human_date_text(gap.last)}
            for gap in rules.gaps(rules_of)
        ],
        "overlaps": [
            _("%(one)s and %(other)s are both valid from %(day)s.")
            % {"one": names[one.id], "other": names[other.id], "day": human_date_text(span.first)}
            for one, other, span in rules.overlaps(rules_of)
        ],
        "add": "" if not manage else f"{add}&renews={latest.pk}" if latest is not None else add,
        "renews": latest is not None,
        "waive": waive if manage else "",
    }


def _order(approval: SiteApproval) -> Any:
    return approval.valid_from, approval.pk


def _approval_row(approval: SiteApproval, today: dt.date) -> list[Any]:
    renews = _("renewal of %s") % approval.supersedes if approval.supersedes else ""
    return [
        Cell(str(approval), url=approval.get_absolute_url(), detail=renews),
        Cell("", state=approval_state(approval, today)),
        Cell(approval.authority, detail=_("given on %s") % human_date_text(approval.approved_on)),
        Cell(validity(approval), detail=approval.waiver_reason),
        document_cell(approval),
    ]


def approval_state(approval: SiteApproval, today: dt.date) -> str:
    """The badge of one approval, whatever others of its kind say."""
    if approval.in_error:
        return "approval_in_error"
    (found,) = rules.standing([approval.kind], [approval.as_rule()], today)
    return state_key(found, today)


# --- One approval ----------------------------------------------------------------------------------------


def approval_page(approval: SiteApproval, user: User) -> dict[str, Any]:
    site, today = approval.site, today_at(approval.site)
    manage = user.may(Permission.MANAGE_APPROVALS, site) and not approval.in_error
    facts: list[tuple[Any, ...]] = [
        (_("Approval"), approval.kind_label),
        (_("Granted by") if approval.waived else _("Given by"), approval.authority),
        (_("Why it is not needed"), approval.waiver_reason)
        if approval.waived
        else (_("Number"), approval.number),
        (_("Granted on") if approval.waived else _("Given on"), approval.approved_on),
        (_("Valid"), validity(approval)),
        (_("What it covers"), approval.covers),
        (_("Note"), approval.note),
    ]
    if approval.supersedes is not None:
        facts.append((_("Renewal of"), str(approval.supersedes)))
    if approval.in_error:
        facts.append((_("Why it is an error"), approval.error_reason))
    suspensions = sorted(approval.suspensions.all(), key=lambda one: (one.from_on, one.pk), reverse=True)
    return {
        "approval": approval,
        "site": site,
        "facts": facts,
        "state": approval_state(approval, today),
        "may_manage": manage,
        "suspensions": [_suspension(one, manage) for one in suspensions],
        "renew_url": f"{reverse('enrolment:approval-new', args=[site.code])}?kind={approval.kind}&renews={approval.pk}"
        if manage and not approval.renewals.filter(in_error=False).exists()
        else "",
        "may_suspend": manage and all(one.in_error or one.lifted_on for one in suspensions),
        "document_url": reverse("enrolment:approval-document", args=[site.code, approval.pk])
        if approval.document
        else "",
        "approved": [Cell(label, url=url, detail=detail) for label, url, detail in _approved(approval, user)],
        "history": selectors.approvals_history([approval]),
    }


def _approved(approval: SiteApproval, user: User) -> list[tuple[str, str, str]]:
    """What the apps above say that it approved: label, address, detail."""
    answers: Any = approved_asked.send(sender=SiteApproval, approval=approval, user=user)
    return [one for _receiver, answer in answers for one in answer or ()]


def _suspension(one: ApprovalSuspension, manage: bool) -> dict[str, Any]:
    args = [one.site.code, one.pk]
    until = _("lifted on %s: %s") % (human_date_text(one.lifted_on), one.lift_reason) if one.lifted_on else ""
    return {
        "title": f"{one.get_kind_display()}, {_('from %s') % human_date_text(one.from_on)}",
        "reason": one.reason,
        "lifted": until,
        "in_error": one.error_reason if one.in_error else "",
        "lift": reverse("enrolment:suspension-lift", args=args)
        if manage and not one.in_error and one.lifted_on is None and one.kind == "suspended"
        else "",
        "error": reverse("enrolment:suspension-error", args=args) if manage and not one.in_error else "",
    }
