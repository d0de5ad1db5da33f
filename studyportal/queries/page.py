"""The board and the table of counts, as plain parts for the components."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from studyportal.access.models import AllSites, Site, User
from studyportal.access.permissions import Permission
from studyportal.access.roles import ROLES
from studyportal.queries import cards, selectors, subjects
from studyportal.queries.models import ASKED_ROLES, QueryOrigin, QueryState
from studyportal.queries.rules import BANDS, Age
from studyportal.queries.selectors import MINE, NOBODY, Choice
from studyportal.ui.parts import Cell, Column, FieldView, Filter, Row, Tab
from studyportal.ui.posted import whole_number

FIRST_FILTERS = 4


def age_words(age: Age) -> str:
    return {
        Age.WEEK: _("0–7 days"),
        Age.FORTNIGHT: _("8–14 days"),
        Age.MONTH: _("15–30 days"),
        Age.OLDER: _("more than 30 days"),
    }[age]


def sites_seen(user: User) -> list[Site]:
    """The sites whose queries the user reads, by code."""
    seen = user.sites_with(selectors.SEES)
    found = Site.objects.order_by("code")
    return list(found if isinstance(seen, AllSites) else found.filter(pk__in=seen))


def choice_of(asked: QueryDict, sites: Iterable[Site]) -> Choice:
    """What of the address means something; the rest is as if it were not there."""

    def among(name: str, known: Iterable[str]) -> str:
        value = asked.get(name, "")
        return value if value in list(known) else ""

    return Choice(
        state=among("state", [*QueryState.values, "all"]),
        site=among("site", [site.code for site in sites]),
        form=_code(asked.get("form", "")),
        origin=among("origin", QueryOrigin.values),
        assignee=_code(asked.get("assignee", "")),
        code=_code(asked.get("code", "")),
        age=among("age", list(Age)),
        q=_code(asked.get("q", "")),
    )


def _code(text: str) -> str:
    return text.strip().replace("\x00", "")[:150]


def asked(choice: Choice) -> dict[str, str]:
    return {name: value for name, value in vars(choice).items() if value}


def tabs(active: str) -> list[Tab]:
    return [
        Tab(_("Board"), reverse("queries:board"), active=active == "board"),
        Tab(_("By site and form"), reverse("queries:counts"), active=active == "counts"),
    ]


def board(
    user: User, query: QueryDict, *, chosen: Iterable[int] = (), typed: str = "", fault: str = ""
) -> dict[str, Any]:
    """A page of the queries that fit. chosen, typed and fault: of a refused act on several."""
    sites = sites_seen(user)
    choice = choice_of(query, sites)
    page = selectors.page_of(
        user, choice, after=whole_number(query.get("after")), before=whole_number(query.get("before"))
    )
    narrowed = asked(choice)
    filters = filters_of(user, choice, sites)
    counted = selectors.counts(user)
    address = reverse("queries:board")

    def url(**more: str) -> str:
        return f"{address}?{urlencode(narrowed | more)}"

    return {
        "tabs": tabs("board"),
        "filters": filters[:FIRST_FILTERS],
        "more_filters": filters[FIRST_FILTERS:],
        "more_open": any(one.value for one in filters[FIRST_FILTERS:]),
        "clear_url": address if narrowed else "",
        "stats": [
            (_("Assigned to you"), counted["mine"], f"{address}?state=open&assignee={MINE}"),
            *(
                (label, counted.get(state, 0), f"{address}?state={state}")
                for state, label in QueryState.choices
            ),
        ],
        "cards": [cards.card(user, one) for one in page.rows],
        "may_close_many": choice.state == QueryState.ANSWERED and user.may(Permission.MANAGE_QUERIES),
        "close_many_url": f"{reverse('queries:close-many')}?{urlencode(narrowed)}",
        "chosen": set(chosen),
        "typed": typed,
        "fault": fault,
        "csv_url": f"{reverse('queries:csv')}?{urlencode(narrowed)}",
        "next_url": url(after=page.after) if page.after else "",
        "previous_url": url(before=page.before) if page.before else "",
        "narrowed": bool(narrowed),
    }


def filters_of(user: User, choice: Choice, sites: list[Site]) -> list[Filter]:
    """Two queries at most: the forms and the codes of checks that have been asked about, and who answers."""
    every: tuple[str, Any] = ("", _("All"))
    forms, codes, people = selectors.asked_about(user)
    found = [
        Filter("q", _("Participant"), widget="search", value=choice.q, placeholder="MUM-0001"),
        Filter(
            "state",
            _("State"),
            value=choice.state,
            choices=[("", _("Not closed")), *QueryState.choices, ("all", _("All"))],
        ),
        Filter(
            "assignee",
            _("To be answered by"),
            value=choice.assignee,
            choices=[every, (MINE, _("me")), (NOBODY, _("nobody named")), *people],
        ),
        Filter(
            "age",
            _("Open for"),
            value=choice.age,
            choices=[every, *((one.age.value, age_words(one.age)) for one in BANDS)],
        ),
        Filter(
            "form",
            _("Form"),
            value=choice.form,
            choices=[
                every,
                *sorted(
                    ((form or "participant", subjects.title_of(form)) for form in forms),
                    key=lambda pair: pair[1],
                ),
            ],
        ),
        Filter("origin", _("Asked by"), value=choice.origin, choices=[every, *QueryOrigin.choices]),
        Filter("code", _("Check"), value=choice.code, choices=[every, *((code, code) for code in codes)]),
    ]
    if len(sites) > 1:
        found.insert(3, site_filter(sites, choice))
    return found


def site_filter(sites: list[Site], choice: Choice) -> Filter:
    choices = [("", _("All")), *((site.code, f"{site.code} {site.name}") for site in sites)]
    return Filter("site", _("Site"), value=choice.site, choices=choices)


def counts(user: User, query: QueryDict) -> dict[str, Any]:
    """The table site × form; each number leads to the queries that it counts."""
    sites = sites_seen(user)
    site = choice_of(query, sites).site
    choice = Choice(site=site)
    lines = selectors.counts_by_form(user, choice)
    address = reverse("queries:board")

    def cell(number: int, line: Any, **more: str) -> Any:
        about = {"site": line.site, "form": line.form or "participant"}
        return Cell(number, url=f"{address}?{urlencode(about | more)}") if number else 0

    return {
        "tabs": tabs("counts"),
        "filters": [site_filter(sites, choice)] if len(sites) > 1 else [],
        "clear_url": reverse("queries:counts") if site else "",
        "columns": [
            _("Form"),
            _("Site"),
            Column(_("Open"), numeric=True),
            *(Column(age_words(one.age), numeric=True) for one in BANDS),
            Column(_("Answered"), numeric=True),
            Column(_("Closed"), numeric=True),
        ],
        "rows": [
            Row(
                [
                    subjects.title_of(line.form),
                    line.site,
                    cell(line.open, line, state="open"),
                    *(cell(line.ages[one.age], line, state="open", age=one.age.value) for one in BANDS),
                    cell(line.answered, line, state="answered"),
                    cell(line.closed, line, state="closed"),
                ]
            )
            for line in lines
        ],
    }


# --- what is typed ----------------------------------------------------------------------------------------


def assignee_field(site_id: int, chosen: str, errors: Iterable[str] = ()) -> FieldView:
    """One control for a person, a role, or nobody: `user:asha`, `role:investigator` or ""."""
    roles = [(f"role:{key}", str(ROLES[key].label)) for key in ASKED_ROLES]
    people = [(f"user:{one.username}", str(one)) for one in selectors.assignees(site_id)]
    return FieldView(
        "assignee",
        _("To be answered by"),
        widget="select",
        value=chosen,
        choices=[("", _("Whoever enters data at the site")), *roles, *people],
        required=False,
        errors=list(errors),
    )


def assignee_of(value: str, site_id: int) -> dict[str, Any]:
    """`user:asha` → as the actions take it. Somebody unknown is nobody who may answer: QueryRefused."""
    from studyportal.queries.actions import QueryRefused

    kind, _colon, name = value.partition(":")
    if kind == "role":
        return {"role": name}
    if kind != "user":
        return {}
    person = next((one for one in selectors.assignees(site_id) if one.username == name), None)
    if person is None:
        raise QueryRefused(_("This person answers no queries at the site."), "assigned_to")
    return {"to": person}


def chosen_assignee(query: Any) -> str:
    if query.assigned_to_id is not None:
        return f"user:{query.assigned_to.username}"
    return f"role:{query.assigned_role}" if query.assigned_role else ""
