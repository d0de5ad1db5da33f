"""What the pages of the review show. No writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.review import lists, progress, selectors
from studyportal.review.lists import Choice, Waiting
from studyportal.review.rules import ReviewState
from studyportal.ui.parts import Cell, Column, Filter, Tab
from studyportal.ui.templatetags.ui_tags import human_date_text

# Who reads where the review stands: those who see the records, and auditors.
SEE = (Permission.VIEW_DATA, Permission.VIEW_AUDIT_TRAIL)


def badges(state: ReviewState) -> list[str]:
    """Keys of `ui.states` for where a record stands, what is wrong first."""
    found = []
    if state.broken:
        found.append("verification_broken")
    if state.signature_broken:
        found.append("signature_broken")
    if state.changed_after_lock:
        found.append("changed_after_lock")
    if state.verified:
        found.append("verified")
    elif state.verified_fields and not state.broken:
        found.append("verified_partly")
    if state.signed:
        found.append("signed")
    if state.frozen:
        found.append("frozen")
    if state.locked:
        found.append("locked")
    return found


def tabs(user: User, active: str) -> list[Tab]:
    """The pages of the review that the person may open."""
    found = [("index", _("Progress"), SEE)] + [
        (f"to-{what}", str(TITLES()[what]), (permission,)) for what, permission in lists.LISTS.items()
    ]
    return [
        Tab(label, reverse(f"review:{name}"), active=name == active)
        for name, label, permissions in found
        if any(user.may(one) for one in permissions)
    ]


def TITLES() -> dict[str, str]:
    return {"verify": _("To verify"), "sign": _("To sign"), "lock": _("To lock")}


# --- Progress --------------------------------------------------------------------------------------------


def index_page(user: User, asked: QueryDict) -> dict[str, Any]:
    """Progress by site, the forms of one site or of all, and the freezes. A fixed number of queries."""
    sites = lists.sites_for(user, SEE)
    rows = progress.by_form(sites)
    by_site = progress.by_site(rows)
    chosen = asked.get("site", "") if any(site.code == asked.get("site") for site in sites) else ""
    shown = [row for row in rows if row.site == chosen] if chosen else _over_sites(rows)
    frozen = selectors.frozen_sites()
    may_freeze = (
        lists.sites_for(user, Permission.FREEZE_RECORDS) if user.may(Permission.FREEZE_RECORDS) else []
    )
    return {
        "tabs": tabs(user, "index"),
        "columns": [Column(_("Site")), *_count_columns()],
        "sites": [[Cell(row.site, url=f"?site={row.site}#forms"), *_counts(row)] for row in by_site],
        "form_columns": [Column(_("Form")), *_count_columns()],
        "forms": [[row.title, *_counts(row)] for row in shown],
        "site": chosen,
        "filters": [
            Filter(
                "site", _("Site"), value=chosen, choices=[("", _("all")), *((s.code, s.name) for s in sites)]
            )
        ],
        "freezes": [
            {
                "where": _("Whole study") if pk is None else (one.site.name if one.site else ""),
                "by": one.by_name,
                "at": human_date_text(one.at),
                "reason": one.reason,
            }
            for pk, one in frozen.items()
            if pk is None or pk in {site.pk for site in sites}
        ],
        "freezable": _freezable(user, may_freeze, frozen),
        "csv_url": reverse("review:progress-csv"),
    }


def _freezable(user: User, sites: Sequence[Any], frozen: Mapping[int | None, Any]) -> list[dict[str, Any]]:
    """Each place that the person may freeze or open again; the whole study only for who may everywhere."""
    found = [
        {"code": site.code, "name": site.name, "act": "lift" if site.pk in frozen else "freeze"}
        for site in sites
    ]
    if not holds_everywhere(user, Permission.FREEZE_RECORDS):
        return found
    whole = {"code": "", "name": _("Whole study"), "act": "lift" if None in frozen else "freeze"}
    return [whole, *found]


def holds_everywhere(user: User, permission: Permission) -> bool:
    from studyportal.access.models import AllSites

    return isinstance(user.sites_with(permission), AllSites)


def _over_sites(rows: Sequence[progress.Counted]) -> list[progress.Counted]:
    forms: dict[str, list[progress.Counted]] = {}
    for row in rows:
        forms.setdefault(row.form, []).append(row)
    return [progress.together(own, form=form, title=own[0].title) for form, own in forms.items()]


def _count_columns() -> list[Column]:
    labels = (_("Expected"), _("Begun"), _("Complete"), _("Verified"), _("Signed"), _("Locked"))
    return [Column(label, numeric=True) for label in labels]


def _counts(row: progress.Counted) -> list[Any]:
    found: list[Any] = [row.expected or "–", row.records]
    for name in ("complete", "verified", "signed", "locked"):
        share = row.percent(name)
        found.append(Cell(getattr(row, name), detail="" if share is None else f"{share} %"))
    return found


# --- Lists -----------------------------------------------------------------------------------------------


def choice_of(asked: QueryDict) -> Choice:
    return Choice(
        **{name: asked.get(name, "")[:60] for name in ("site", "form", "visit", "participant", "after")}
    )


def query_of(choice: Choice, **more: str) -> str:
    """The filters as they stand in an address, with `?`; empty without any."""
    asked = QueryDict(mutable=True)
    values = {name: getattr(choice, name) for name in ("site", "form", "visit", "participant")} | more
    for name, value in values.items():
        if value:
            asked[name] = value
    return f"?{asked.urlencode()}" if asked else ""


def list_page(user: User, what: str, asked: QueryDict) -> dict[str, Any]:
    """One list with its filters. rows: (record, cells) in the order of the columns."""
    choice = choice_of(asked)
    found = lists.waiting(what, user, choice)
    return {
        "what": what,
        "title": TITLES()[what],
        "tabs": tabs(user, f"to-{what}"),
        "filters": _filters(user, what, choice),
        "clear_url": reverse(f"review:to-{what}"),
        "rows": [(row, _link(what, row, choice)) for row in found.rows],
        "next_url": query_of(choice, after=found.after) if found.after else "",
        "previous_url": (query_of(choice) or "?") if choice.after else "",
        "query": query_of(choice),
        "narrowed": bool(query_of(choice)),
        "count": ngettext("%(n)d record", "%(n)d records", len(found.rows)) % {"n": len(found.rows)},
    }


def _link(what: str, row: Waiting, choice: Choice) -> str:
    if what == "verify":
        return reverse("review:act", args=[row.form, row.id, "verify"]) + query_of(choice, list="1")
    return reverse("crf:edit", args=[row.form, row.id])


def _filters(user: User, what: str, choice: Choice) -> list[Filter]:
    sites = lists.sites_for(user, lists.LISTS[what])
    forms = lists.forms_of(what)
    from studyportal import protocol

    every = ("", _("all"))
    return [
        Filter("participant", _("Participant"), widget="search", value=choice.participant),
        Filter(
            "site", _("Site"), value=choice.site, choices=[every, *((site.code, site.name) for site in sites)]
        ),
        Filter(
            "form",
            _("Form"),
            value=choice.form,
            choices=[every, *((kind.form, kind.title) for kind in forms)],
        ),
        Filter(
            "visit",
            _("Visit"),
            value=choice.visit,
            choices=[every, *((key, str(v.label)) for key, v in protocol.current().visits.items())],
        ),
    ]
