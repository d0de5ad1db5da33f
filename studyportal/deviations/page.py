"""Deviations as plain parts for the components of the pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission
from studyportal.audit.selectors import history_of
from studyportal.deviations import acts, lists, places, rules, selectors
from studyportal.deviations.models import Classification, Deviation, DeviationState, Kind
from studyportal.deviations.rules import Step
from studyportal.deviations.selectors import Choice
from studyportal.ui.parts import Cell, Filter, Row, Tab
from studyportal.ui.posted import whole_number
from studyportal.ui.templatetags.ui_tags import human_date_text

# Whoever enters or handles something at a site may report what went wrong there.
RAISE = (Permission.ENTER_DATA, Permission.HANDLE_PRODUCTS, Permission.MANAGE_DEVIATIONS)
LONGEST_ON_PAPER = 300
TODO_WORDS = {
    selectors.OVERDUE: lazy("Action overdue"),
    selectors.UNASSESSED: lazy("To assess"),
    selectors.UNPLANNED: lazy("Actions to plan"),
    selectors.UNREPORTED: lazy("To report"),
}
STEP_WORDS = {
    Step.ASSESS: lazy("to be assessed"),
    Step.PLAN: lazy("actions to be planned"),
    Step.REPORT: lazy("committee to be told"),
    Step.CLOSE: lazy("ready to be closed"),
}


def may_raise(user: User, site_id: int | None = None) -> bool:
    return any(user.may(permission, site_id) for permission in RAISE)


def state_of(deviation: Deviation) -> str:
    """The word of ui.states for its state."""
    return f"deviation_{deviation.state}"


def step_words(deviation: Deviation) -> str:
    """What is to be done next, in words; "" when it is closed or no longer present."""
    return str(STEP_WORDS.get(rules.next_step(deviation.facts), ""))


def sites_seen(user: User, permission: Permission = Permission.VIEW_SAFETY) -> list[Site]:
    sites = user.sites_with(permission)
    found = Site.objects.order_by("code")
    return list(found if isinstance(sites, AllSites) else found.filter(pk__in=sites))


def choice_of(query: QueryDict, sites: Iterable[Site]) -> Choice:
    """What the address asks for; a value that is none of the list counts as none."""

    def known(name: str, among: Iterable[str]) -> str:
        value = query.get(name, "")
        return value if value in among else ""

    return Choice(
        state=known("state", (*DeviationState.values, selectors.ALL)),
        classification=known("class", Classification.values),
        kind=known("kind", Kind.values),
        todo=known("todo", selectors.TODO),
        raised=known("raised", (selectors.BY_RULE, selectors.BY_PERSON)),
        site=known("site", [site.code for site in sites]),
        q=query.get("q", "").strip()[:20],
    )


def asked(choice: Choice) -> dict[str, str]:
    """The choice as the address has it."""
    names = {"classification": "class"}
    return {names.get(name, name): value for name, value in vars(choice).items() if value}


def list_page(user: User, query: QueryDict) -> dict[str, Any]:
    """The list with its filters, counts and neighbours: a fixed number of queries."""
    sites = sites_seen(user)
    choice = choice_of(query, sites)
    today = timezone.localdate()
    found = selectors.deviations(user, choice, today=today).select_related("participant", "site")
    page = selectors.page_of(
        found, after=whole_number(query.get("after")), before=whole_number(query.get("before"))
    )
    narrowed = asked(choice)
    reads = user.may(Permission.VIEW_DATA)
    counts = selectors.counts(user, today=today)
    return {
        "tabs": tabs(""),
        "stats": _stats(counts),
        "filters": filters(choice),
        "more_filters": more_filters(choice, sites),
        "more_open": bool(choice.raised or choice.site),
        "clear_url": reverse("deviations:list") if narrowed else "",
        "columns": [_("Deviation"), _("Participant"), _("Class"), _("State"), _("Happened on"), _("Raised")],
        "rows": [line(one, reads=reads, today=today) for one in page.rows],
        "narrowed": bool(narrowed),
        "may_raise": may_raise(user),
        "csv_url": with_query(reverse("deviations:csv"), narrowed),
        "print_url": with_query(reverse("deviations:print"), narrowed),
        **neighbours(page, narrowed),
    }


def tabs(active: str) -> list[Tab]:
    """The deviations and what stands beside them; nothing when there is nothing beside them."""
    others = lists.registered()
    if not others:
        return []
    return [
        Tab(_("Deviations"), reverse("deviations:list"), active == ""),
        *(Tab(one.title, reverse("deviations:listing", args=[one.key]), active == one.key) for one in others),
    ]


def _stats(counts: Any) -> list[tuple[Any, int, str, str]]:
    home = reverse("deviations:list")
    return [
        (_("Open"), counts["open"], home, ""),
        (
            _("Critical, open"),
            counts[Classification.CRITICAL],
            with_query(home, {"class": Classification.CRITICAL.value}),
            "bad" if counts[Classification.CRITICAL] else "",
        ),
        *(
            (
                TODO_WORDS[todo],
                counts[todo],
                with_query(home, {"todo": todo}),
                "bad" if todo == selectors.OVERDUE and counts[todo] else "",
            )
            for todo in (
                selectors.UNASSESSED,
                selectors.UNPLANNED,
                selectors.UNREPORTED,
                selectors.OVERDUE,
            )
        ),
    ]


def filters(choice: Choice) -> list[Filter]:
    anything = ("", _("All"))
    return [
        Filter("q", _("Participant"), widget="search", value=choice.q, placeholder="MUM-0001"),
        Filter(
            "state",
            _("State"),
            value=choice.state,
            choices=[
                ("", _("Open")),
                *((value, label) for value, label in DeviationState.choices if value != DeviationState.OPEN),
                (selectors.ALL, _("All")),
            ],
        ),
        Filter("class", _("Class"), value=choice.classification, choices=[anything, *Classification.choices]),
        Filter("kind", _("Kind"), value=choice.kind, choices=[anything, *Kind.choices]),
        Filter("todo", _("To do"), value=choice.todo, choices=[anything, *TODO_WORDS.items()]),
    ]


def more_filters(choice: Choice, sites: list[Site]) -> list[Filter]:
    anything = ("", _("All"))
    found = [
        Filter(
            "raised",
            _("Raised"),
            value=choice.raised,
            choices=[
                anything,
                (selectors.BY_RULE, _("By a rule")),
                (selectors.BY_PERSON, _("By a person")),
            ],
        )
    ]
    if len(sites) > 1:
        found.append(
            Filter(
                "site",
                _("Site"),
                value=choice.site,
                choices=[anything, *((site.code, f"{site.code} {site.name}") for site in sites)],
            )
        )
    return found


def line(one: Deviation, *, reads: bool, today: dt.date) -> Row:
    """A row of the list. today: by which an action is overdue."""
    late = rules.overdue(one.facts, today)
    detail = str(one.get_kind_display())
    if late:
        detail = _("action was due on %(day)s") % {"day": human_date_text(one.action_due_on)}
    return Row(
        [
            Cell(
                Truncator(one.words).chars(140),
                url=one.get_absolute_url(),
                detail=detail,
            ),
            person(one.participant, reads=reads),
            Cell("", state=one.classification),
            Cell("", state=state_of(one), detail=step_words(one)),
            Cell(human_date_text(one.occurred_on), nowrap=True) if one.occurred_on else "–",
            Cell(
                human_date_text(timezone.localtime(one.raised_at).date()),
                detail=_("by a person") if one.by_hand else _("by a rule"),
                nowrap=True,
            ),
        ],
        tone="bad"
        if late or (one.classification == Classification.CRITICAL and one.state == DeviationState.OPEN)
        else "",
    )


def person(participant: Any, *, reads: bool) -> Cell:
    return Cell(
        participant.code,
        url=participant.get_absolute_url() if reads else "",
        detail=_("synthetic") if participant.synthetic else "",
        nowrap=True,
    )


def with_query(url: str, narrowed: dict[str, Any]) -> str:
    return f"{url}?{urlencode(narrowed)}" if narrowed else url


def neighbours(page: Any, narrowed: dict[str, Any]) -> dict[str, str]:
    return {
        "next_url": "?" + urlencode(narrowed | {"after": page.after}) if page.after else "",
        "previous_url": "?" + urlencode(narrowed | {"before": page.before}) if page.before else "",
    }


# --- one of them -----------------------------------------------------------------------------------------


def one_page(user: User, deviation: Deviation) -> dict[str, Any]:
    """A deviation in full, with what can be done and its history; times are those of its site."""
    reads = user.may(Permission.VIEW_DATA, deviation.site_id)
    manages = user.may(Permission.MANAGE_DEVIATIONS, deviation.site_id)
    step = rules.next_step(deviation.facts)
    due = {Step.ASSESS: "assess", Step.PLAN: "plan", Step.REPORT: "committee", Step.CLOSE: "close"}.get(step)
    return {
        "deviation": deviation,
        "participant": deviation.participant,
        "participant_url": deviation.participant.get_absolute_url() if reads else "",
        "synthetic": deviation.participant.synthetic,
        "state": state_of(deviation),
        "step": step_words(deviation),
        "late": rules.overdue(deviation.facts, timezone.localdate()),
        "facts": facts(deviation),
        "record_label": places.label_of(deviation.form),
        "record_url": places.url_of(deviation) if reads else "",
        "settled": settled(deviation),
        "acts": [
            {
                "title": act.title,
                "url": reverse("deviations:act", args=[deviation.pk, act.key]),
                "kind": "primary" if act.key == due else "quiet" if act.danger else "secondary",
            }
            for act in acts.offered(deviation)
        ]
        if manages
        else [],
        "history": history_of(deviation),
    }


def facts(deviation: Deviation) -> list[tuple[Any, ...]]:
    """What it is: term and text."""
    changed = deviation.found_classification and deviation.found_classification != deviation.classification
    return [
        (_("Kind"), deviation.get_kind_display()),
        (
            _("Class"),
            deviation.get_classification_display(),
            _("%(class)s by the rule") % {"class": deviation.get_found_classification_display()}
            if changed
            else "",
        ),
        (
            _("Happened on"),
            human_date_text(deviation.occurred_on) if deviation.occurred_on else _("not known to the day"),
        ),
        (
            _("Raised"),
            human_date_text(deviation.raised_at),
            _("by %(name)s") % {"name": deviation.raised_by} if deviation.by_hand else _("by a rule"),
        ),
    ]


def settled(deviation: Deviation) -> list[tuple[str, str]]:
    """What was recorded about it, step by step; "" where nothing is recorded yet."""
    due = human_date_text(deviation.action_due_on) if deviation.action_due_on else ""
    who = ", ".join(part for part in (deviation.responsible, _("by %s") % due if due else "") if part)
    told = human_date_text(deviation.reported_to_committee_on) if deviation.reported_to_committee_on else ""
    if told and deviation.committee_reference:
        told = f"{told} ({deviation.committee_reference})"
    if deviation.not_reported_because:
        told = _("Not reported: %s") % deviation.not_reported_because
    found = [
        (_("Root cause"), deviation.root_cause),
        (_("Corrective action"), deviation.corrective_action),
        (_("Preventive action"), deviation.preventive_action),
        (_("Who sees to it"), who),
        (_("Reported to the ethics committee"), told),
        (_("How it was settled"), deviation.closing_note),
    ]
    if deviation.closed_at is not None:
        found.append(
            (
                _("Closed"),
                _("%(day)s by %(name)s")
                % {"day": human_date_text(deviation.closed_at), "name": deviation.closed_by},
            )
        )
    return [(str(label), str(text)) for label, text in found]


# --- on paper, and beside ---------------------------------------------------------------------------------


def print_page(user: User, query: QueryDict) -> dict[str, Any]:
    """The narrowed list in full, the newest that fit."""
    choice = choice_of(query, sites_seen(user))
    found = selectors.deviations(user, choice, today=timezone.localdate()).order_by("-id")
    total = found.count()
    shown = found.select_related("participant", "site", "raised_by", "closed_by")[:LONGEST_ON_PAPER]
    narrowed = asked(choice)
    return {
        "back_url": with_query(reverse("deviations:list"), narrowed),
        "total": total,
        "most": LONGEST_ON_PAPER,
        "cut": total > LONGEST_ON_PAPER,
        "provenance": [
            (_("Printed by"), str(user)),
            (_("At"), human_date_text(timezone.now())),
            (
                _("Filters"),
                "; ".join(f"{name}: {value}" for name, value in narrowed.items()) or _("open deviations"),
            ),
            (_("Deviations"), str(total)),
        ],
        "entries": [
            {
                "deviation": one,
                "state": state_of(one),
                "step": step_words(one),
                "facts": facts(one),
                "record": places.label_of(one.form),
                "settled": [(label, text) for label, text in settled(one) if text],
            }
            for one in shown
        ],
    }


def listing_page(user: User, listing: lists.Listing, query: QueryDict) -> dict[str, Any]:
    """A list of an app, narrowed by site and participant."""
    sites = sites_seen(user)
    site = query.get("site", "")
    site = site if site in [one.code for one in sites] else ""
    q = query.get("q", "").strip()[:20]
    found = listing.rows(user)
    if site:
        found = found.filter(site__code=site)
    if q:
        found = found.filter(participant__code__contains=selectors.code_of(q))
    page = selectors.page_of(
        found, after=whole_number(query.get("after")), before=whole_number(query.get("before"))
    )
    narrowed = {name: value for name, value in (("q", q), ("site", site)) if value}
    reads = user.may(Permission.VIEW_DATA)
    by_site = [
        Filter(
            "site",
            _("Site"),
            value=site,
            choices=[("", _("All")), *((one.code, f"{one.code} {one.name}") for one in sites)],
        )
    ]
    return {
        "listing": listing,
        "tabs": tabs(listing.key),
        "filters": [
            Filter("q", _("Participant"), widget="search", value=q, placeholder="MUM-0001"),
            *(by_site if len(sites) > 1 else []),
        ],
        "clear_url": reverse("deviations:listing", args=[listing.key]) if narrowed else "",
        "columns": [_("What"), _("Participant"), _("About"), _("Step"), _("When"), _("Who")],
        "rows": [_listed(listing, row, user, reads=reads) for row in page.rows],
        **neighbours(page, narrowed),
    }


def _listed(listing: lists.Listing, row: Any, user: User, *, reads: bool) -> Row:
    shown = listing.line(row, user)
    return Row(
        [
            Cell(str(shown.what), detail=shown.detail),
            person(row.participant, reads=reads),
            Cell(str(shown.about) or "–", url=shown.url if reads else ""),
            str(shown.step) or "–",
            Cell(human_date_text(shown.at), nowrap=True),
            str(shown.who) or "–",
        ]
    )
