"""What the pages of the casebook show, as plain parts for the components."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.casebook import charts, grid, holdings, selectors, worklist
from apps.casebook.grid import title_of
from apps.casebook.selectors import Casebook, Choice, Page, QueryChoice
from apps.celldose.selectors import sessions_context
from apps.consent.selectors import ConsentState
from apps.enrolment.models import Group, Participant, ParticipantStatus
from apps.visits.models import VisitStatus
from studyportal import protocol
from studyportal.access.models import Site, User
from studyportal.access.permissions import Permission
from studyportal.crf import display
from studyportal.crf.partial_date import PartialDate
from studyportal.crf.registry import all_specs, get
from studyportal.queries.models import QueryState
from studyportal.ui.parts import Cell, Column, Filter, Row, TimelineEvent
from studyportal.ui.templatetags.ui_tags import human_date_text

SHOWN, SHOWN_IN_FULL = 15, 500


# --- worklist -------------------------------------------------------------------------------------------


def worklist_of(user: User, show: str) -> dict[str, Any]:
    """show: the list that is opened in full, "" for the beginning of each."""

    def limit(name: str) -> int:
        return SHOWN_IN_FULL if name == show else SHOWN

    sites = worklist.sites_of(user)
    due = worklist.visits_due(sites, limit=limit("visits"))
    unfinished = worklist.unfinished_forms(sites, limit=limit("unfinished"))
    missing = worklist.visits_without_forms(sites, limit=limit("missing"))
    queries = worklist.open_queries(user, limit=limit("queries"))
    products = worklist.products_waiting(user, limit=limit("products"))
    sections = [
        section("visits", _("Visits"), due, [_due_row(row) for row in due.rows], show,
                [_("Participant"), _("Visit"), _("State"), _("Window"), _("Target")],
                _("No visit is overdue, due, or due within %(n)d days.") % {"n": worklist.SOON_DAYS}),
        section("unfinished", _("Unfinished forms"), unfinished, [_unfinished_row(row) for row in unfinished.rows], show,
                [_("Participant"), _("Form"), _("State"), _("Last saved")], _("Every form that was begun is complete.")),
        section("missing", _("Visits with forms not begun"), missing, [_missing_row(row) for row in missing.rows], show,
                [_("Participant"), _("Visit"), _("Forms")], _("Every visit that took place has its forms.")),
        section("queries", _("Queries to answer"), queries, [_query_row(row) for row in queries.rows], show,
                [_("Participant"), _("Form"), _("Question"), _("Opened")], _("No question is open.")),
        section("products", _("Products waiting for a result"), products, [_product_row(row) for row in products.rows],
                show, [_("Participant"), _("Product"), _("Waiting for")], _("No product waits for a result.")),
    ]
    stats = [
        (_("Visits overdue"), due.counts.get("overdue", 0), "#visits", "bad" if due.counts.get("overdue") else "good"),
        (_("Visits due now"), due.counts.get("due", 0), "#visits", ""),
        (_("Due within %(n)d days") % {"n": worklist.SOON_DAYS}, due.counts.get("soon", 0), "#visits", ""),
        (_("Unfinished forms"), unfinished.total, "#unfinished", ""),
        (_("Visits with forms not begun"), missing.total, "#missing", ""),
        (_("Queries to answer"), queries.total, "#queries", ""),
        (_("Products waiting"), products.total, "#products", ""),
    ]
    if user.may(Permission.MANAGE_QUERIES):
        stats.append(
            (_("Answers to review"), worklist.answered_queries(user), f"{reverse('casebook:queries')}?state=answered", "")
        )
    return {"sections": sections, "stats": stats, "sites": ", ".join(site.code for site in sites)}


def section(
    key: str, title: str, listing: worklist.Listing, rows: list[Any], show: str, columns: list[str], nothing: str
) -> dict[str, Any]:
    return {
        "key": key,
        "title": title,
        "total": listing.total,
        "columns": columns,
        "rows": rows,
        "nothing": nothing,
        "more": listing.total - len(rows) if show != key else 0,
        "cut": show == key and listing.total > len(rows),
    }


def _person(code: str, synthetic: bool) -> Cell:
    return Cell(code, url=reverse("casebook:participant", args=[code]), detail=_("synthetic") if synthetic else "")


def visit_label(key: str) -> str:
    visit = protocol.current().visits.get(key)
    return key if visit is None else str(visit.label)


def _due_row(row: worklist.DueVisit) -> Row:
    url = (
        reverse("casebook:visit", args=[row.code, row.visit_id])
        if row.visit_id
        else grid.new_visit_url(row.code, row.key)
    )
    return Row(
        [
            _person(row.code, row.synthetic),
            Cell(visit_label(row.key), url=url),
            Cell("", state=row.state),
            f"{human_date_text(row.earliest)} – {human_date_text(row.latest)}",
            Cell(human_date_text(row.target), detail=days_text(row.days)),
        ],
        tone="bad" if row.state == "overdue" else "",
    )


def days_text(days: int) -> str:
    if days == 0:
        return _("today")
    if days > 0:
        return ngettext("in %(n)d day", "in %(n)d days", days) % {"n": days}
    return ngettext("%(n)d day ago", "%(n)d days ago", -days) % {"n": -days}


def _unfinished_row(row: worklist.UnfinishedForm) -> list[Any]:
    url = reverse("crf:edit", args=[row.form, row.record_id])
    return [
        _person(row.code, row.synthetic),
        Cell(title_of(row.form), url=url),
        Cell("", state="incomplete"),
        human_date_text(row.updated_at),
    ]


def _missing_row(row: worklist.VisitWithoutForms) -> list[Any]:
    label = visit_label(row.key) + (f" {row.number}" if row.number > 1 else "")
    return [
        _person(row.code, row.synthetic),
        Cell(label, url=reverse("casebook:visit", args=[row.code, row.visit_id])),
        ", ".join(title_of(form) for form in row.forms),
    ]


def _query_row(query: Any) -> list[Any]:
    return [
        _person(query.participant.code, query.participant.synthetic),
        title_of(query.form),
        Cell(query.message, url=grid.query_url(query)),
        human_date_text(query.opened_at),
    ]


def _product_row(product: Any) -> list[Any]:
    waits = []
    if product.decision is None and not product.infused:
        waits.append(_("release decision"))
    if not product.cultures_read:
        waits.append(_("cultures of day 14"))
    return [
        _person(product.participant.code, product.participant.synthetic),
        Cell(str(product), url=reverse("celldose:product", args=[product.pk])),
        ", ".join(waits),
    ]


def session_url(code: str, number: int | None, record: Any) -> str:
    """The page of a cell session; a session without a number is reached by its form."""
    return reverse("celldose:session", args=[code, number]) if number is not None else record.get_absolute_url()


# --- the list of participants ---------------------------------------------------------------------------


def participants_of(user: User, query: QueryDict) -> dict[str, Any]:
    sites = selectors.sites_with(user, Permission.VIEW_DATA)
    choice = Choice(
        q=query.get("q", ""),
        group=_known(query.get("group"), Group.values),
        status=_known(query.get("status"), ParticipantStatus.values),
        site=_known(query.get("site"), [site.code for site in sites]),
    )
    page = selectors.page_of_participants(
        user, choice, on=timezone.localdate(), after=query.get("after", "")[:20], before=query.get("before", "")[:20]
    )
    narrowed = {name: value for name, value in vars(choice).items() if value}
    return {
        "filters": [
            Filter("q", _("Code"), widget="search", value=choice.q, placeholder="MUM-0001"),
            Filter("group", _("Group"), value=choice.group, choices=[("", _("All")), *Group.choices]),
            Filter("status", _("Status"), value=choice.status, choices=[("", _("All")), *ParticipantStatus.choices]),
            *_site_filter(sites, choice.site),
        ],
        "clear_url": reverse("casebook:participants") if narrowed else "",
        "columns": [
            _("Participant"), _("Group"), _("Status"), _("Consent"),
            Column(_("Forms complete"), numeric=True), Column(_("Open queries"), numeric=True), _("Last visit"),
        ],
        "rows": [_participant_row(line) for line in page.lines],
        **_neighbours(page, narrowed),
        "narrowed": bool(narrowed),
        "may_register": user.may(Permission.REGISTER_PARTICIPANTS),
    }


def _site_filter(sites: list[Site], chosen: str) -> list[Filter]:
    if len(sites) < 2:
        return []
    choices = [("", _("All")), *((site.code, f"{site.code} {site.name}") for site in sites)]
    return [Filter("site", _("Site"), value=chosen, choices=choices)]


def _known(value: str | None, among: Iterable[str]) -> str:
    return value if value and value in list(among) else ""


def _neighbours(page: Page, narrowed: dict[str, Any]) -> dict[str, str]:
    def url(**key: str) -> str:
        return "?" + urlencode(narrowed | key)

    return {
        "next_url": url(after=page.after) if page.after else "",
        "previous_url": url(before=page.before) if page.before else "",
    }


def _participant_row(line: selectors.Line) -> list[Any]:
    participant = line.participant
    marks = [_("synthetic")] * participant.synthetic + [_("published case")] * participant.retrospective
    return [
        Cell(
            participant.code,
            url=participant.get_absolute_url(),
            detail=" · ".join([*marks, *([participant.label] if participant.label else [])]),
        ),
        participant.get_group_display(),
        participant.get_status_display(),
        Cell("", state=consent_chip(line.consent)),
        line.progress.text,
        line.open_queries,
        Cell(
            line.last_visit.label if line.last_visit else "",
            detail=human_date_text(line.last_visit.happened_on) if line.last_visit and line.last_visit.happened_on else "",
        ),
    ]


def consent_chip(state: ConsentState) -> str:
    """The state of consent as one word of the portal."""
    if state.in_force == "yes":
        return "partly_withdrawn" if state.withdrawn else "in_force"
    if state.withdrawn:
        return "withdrawn"
    return "consent_unclear" if state.in_force == "indeterminate" else "missing"


# --- one participant ------------------------------------------------------------------------------------


def casebook_of(user: User, participant: Participant) -> dict[str, Any]:
    """Everything on the page of one participant. The caller fetched the participant with permission."""
    today = timezone.localdate()
    book = selectors.casebook(participant, today)
    may_enter = user.may(Permission.ENTER_DATA, participant.site_id)
    code = participant.code
    return {
        "participant": participant,
        "synthetic": participant.synthetic,
        "book": book,
        "may_enter": may_enter,
        "may_record_consent": user.may(Permission.RECORD_CONSENT, participant.site_id),
        "may_register": user.may(Permission.REGISTER_PARTICIPANTS, participant.site_id),
        "may_ask": user.may(Permission.MANAGE_QUERIES, participant.site_id),
        "may_see_trail": user.may(Permission.VIEW_AUDIT_TRAIL, participant.site_id),
        "consent_chip": consent_chip(book.consent),
        "consent_since": consent_since(book),
        "alerts": alerts_of(book),
        "facts": facts_of(book),
        "progress": book.progress,
        "open_queries": [query for query in book.queries if query.state == QueryState.OPEN],
        "grid": grid.grid_of(book, today=today, may_enter=may_enter),
        "about": about_of(book, may_enter),
        "outside": outside_visits(book),
        **sessions_context(participant, user),
        "timeline": timeline_of(book),
        "charts": charts.charts_of(book),
        "query_rows": [
            Row(
                [
                    Cell(query.message, url=grid.query_url(query, code)),
                    title_of(query.form),
                    Cell("", state=query.state),
                    human_date_text(query.opened_at),
                ]
            )
            for query in book.queries
        ],
        "query_columns": [_("Question"), _("Form"), _("State"), _("Opened")],
        "deviation_rows": [
            [
                deviation.description,
                Cell("", state=deviation.classification),
                Cell("", state=deviation.state),
                human_date_text(deviation.raised_at),
            ]
            for deviation in book.deviations
        ],
        "deviation_columns": [_("Deviation"), _("Class"), _("State"), _("Raised")],
        "consent_rows": [consent_row(event) for event in book.consent_events],
        "consent_columns": [_("Entry"), _("Signed"), _("Signer"), _("Document"), _("Entered")],
    }


def facts_of(book: Casebook) -> list[tuple[Any, ...]]:
    participant, about = book.participant, book.demographics
    facts: list[tuple[Any, ...]] = [
        (_("Group"), participant.get_group_display()),
        (_("Status"), participant.get_status_display()),
        (_("Site"), str(participant.site)),
        (_("Enrolled"), human_date_text(participant.enrolled_on) if participant.enrolled_on else _("not recorded")),
    ]
    if about is not None and about.age_at_enrolment is not None:
        facts.append((_("Age at enrolment"), _("%(n)d years") % {"n": about.age_at_enrolment}))
    else:
        facts.append((_("Age at enrolment"), _("not recorded")))
    facts.append((_("Sex"), (words(about, "sex") if about is not None else "") or _("not recorded")))
    if participant.group == Group.CONTROL:
        case = participant.matched_case
        facts.append((_("Index date"), human_date_text(participant.index_date) if participant.index_date else _("not set")))
        facts.append((_("Matched case"), case.code if case else _("none")))
    return facts


def words(record: Any, name: str) -> str:
    """The value of a field as people read it."""
    return str(record._meta.get_field(name).for_people(getattr(record, name)) or "")


def consent_since(book: Casebook) -> Any:
    signed = [e.signed_on for e in book.consent_events if e.kind in ("consent", "lar_consent") and e.signed_on]
    return signed[-1] if signed and book.consent.in_force == "yes" else None


def alerts_of(book: Casebook) -> list[tuple[str, str, list[str]]]:
    """Tone, title and particulars of what a coordinator should know before anything else."""
    found: list[tuple[str, str, list[str]]] = []
    why = list(book.consent.why)
    if book.consent.in_force == "no":
        found.append(("bad", _("Consent to take part is not in force"), why))
    elif book.consent.in_force == "indeterminate":
        found.append(("attention", _("It cannot be shown that consent is in force"), why))
    elif book.consent.withdrawn:
        found.append(("attention", _("Consent is withdrawn in part"), why))
    if book.participant.group == Group.UNASSIGNED:
        found.append(("info", _("The participant is in no group yet, so no visit has a due date"), []))
    serious = [event for event in book.adverse_events if event.serious]
    if serious:
        found.append(("bad", _("Serious adverse events"), [event.verbatim or str(event) for event in serious]))
    critical = [d.description for d in book.deviations if d.classification == "critical" and d.state == "open"]
    if critical:
        found.append(("bad", _("Critical deviations"), critical))
    return found


def about_of(book: Casebook, may_enter: bool) -> list[list[Any]]:
    """Forms about the participant, and those that repeat outside visits."""
    held = {one.form: one for one in book.held if one.visit_id is None}
    records: dict[str, list[Any]] = {
        "demographics": [book.demographics] if book.demographics else [],
        "medical-history": [book.history] if book.history else [],
        "hospitalisation": list(book.hospitalisations),
    }
    code = book.participant.code
    rows: list[list[Any]] = []
    for spec in holdings.participant_forms():
        if spec.key == "cell-session":
            continue
        own = records.get(spec.key, [])
        if spec.key not in records and spec.key in held:
            rows.append(_held_row(book.participant.code, held[spec.key]))
            continue
        for record in own:
            rows.append(
                [
                    Cell(str(spec.title), url=record.get_absolute_url()),
                    Cell("", state=record.status),
                    display.summary(spec, record),
                ]
            )
        if (not own or spec.repeats) and may_enter:
            label = _("Add") if own else _("Begin")
            rows.append(
                [
                    Cell(str(spec.title) if not own else _("%(form)s: another") % {"form": spec.title}),
                    Cell(label, url=grid.new_form_url(code, spec.key), state="" if own or spec.repeats else "not_started"),
                    "",
                ]
            )
    return rows


def outside_visits(book: Casebook) -> list[list[Any]]:
    """Forms of visits that belong to none: laboratory results of the time before the study, adverse events."""
    return [
        _held_row(book.participant.code, one)
        for one in book.held
        if one.visit_id is None and "visit" in get(one.form).parents
    ]


def _held_row(code: str, one: holdings.Held) -> list[Any]:
    several = reverse("casebook:records", args=[code, one.form])
    return [
        Cell(title_of(one.form), url=several if one.count > 1 else reverse("crf:edit", args=[one.form, one.first_id])),
        Cell("", state="complete" if one.is_complete else "incomplete"),
        ngettext("%(n)d record", "%(n)d records", one.count) % {"n": one.count},
    ]


def consent_row(event: Any) -> list[Any]:
    return [
        Cell(event.get_kind_display(), detail=words(event, "withdrawal_scopes")),
        human_date_text(event.signed_on) if event.signed_on else _("not recorded"),
        words(event, "signer") or _("not recorded"),
        _("version %(v)s") % {"v": event.document_version} if event.document_version else _("version not recorded"),
        Cell(human_date_text(event.entered_at), detail=str(event.entered_by)),
    ]


def timeline_of(book: Casebook) -> list[TimelineEvent]:
    """Everything that happened, in order; what has no date comes last and says so."""
    dated: list[tuple[Any, TimelineEvent]] = []

    def add(when: Any, title: str, **more: Any) -> None:
        shown = when if when is not None else _("date not recorded")
        dated.append((when, TimelineEvent(shown, title, **more)))

    code = book.participant.code
    if book.history is not None:
        url = book.history.get_absolute_url()
        add(book.history.diagnosed_on, _("Diabetes diagnosed"), icon="flag", url=url)
        if book.history.insulin_since is not None:
            add(book.history.insulin_since, _("Insulin started"), icon="drop", url=url)
    for stay in book.hospitalisations:
        add(stay.admitted_on, _("In hospital before the study"), text=words(stay, "reason"), icon="home", url=stay.get_absolute_url())
    for event in book.consent_events:
        tone = "bad" if event.kind == "withdrawal" else "good" if "consent" in event.kind or "assent" in event.kind else "neutral"
        add(event.signed_on, event.get_kind_display(), tone=tone, icon="shield", url="#consent")
    for session in book.sessions:
        when = session.performed_on
        add(when, str(session), tone="accent", icon="syringe", url=session_url(code, session.number, session),
            text="" if when else _("planned for %(day)s") % {"day": human_date_text(session.planned_on)} if session.planned_on else "")
    for infusion in book.infusions:
        if infusion.started_at is not None:
            add(infusion.started_at, _("Infusion of %(product)s") % {"product": infusion.product}, tone="accent", icon="drop",
                url=infusion.get_absolute_url())
    for visit in book.visits:
        if visit.status == VisitStatus.PLANNED:
            continue
        detail = _("day %(n)d") % {"n": visit.day_number} if visit.day_number is not None else visit.nominal_label
        missed = visit.status == VisitStatus.MISSED
        add(visit.happened_on, visit.label if not missed else _("%(visit)s missed") % {"visit": visit.label},
            text=visit.missed_reason, detail=detail, tone="attention" if missed else "neutral", icon="calendar",
            url=reverse("casebook:visit", args=[code, visit.pk]))
    for harm in book.adverse_events:
        add(harm.onset_on, harm.verbatim or _("Adverse event"), text=words(harm, "grade"), tone="bad" if harm.serious else "attention",
            icon="alert", url=harm.get_absolute_url(), detail=_("serious") if harm.serious else "")
    return [event for _when, event in sorted(dated, key=lambda pair: _order(pair[0]))]


def _order(when: Any) -> tuple[int, str]:
    """Ages come first (they are history), then days, then what has no date."""
    if when is None:
        return 2, ""
    if isinstance(when, PartialDate):
        if when.age is not None:
            return 0, f"{when.age:03d}"
        return 1, when.earliest.isoformat() if when.earliest else ""
    if isinstance(when, dt.datetime):
        return 1, timezone.localtime(when).isoformat()
    return 1, when.isoformat()


# --- the query board ------------------------------------------------------------------------------------


def board_of(user: User, query: QueryDict) -> dict[str, Any]:
    sites = selectors.sites_with(user, Permission.ENTER_DATA)
    forms = [(spec.key, str(spec.title)) for spec in all_specs()]
    choice = QueryChoice(
        state=_known(query.get("state"), [*QueryState.values, "all"]),
        site=_known(query.get("site"), [site.code for site in sites]),
        form=_known(query.get("form"), [*(key for key, _title in forms), "visit"]),
        q=query.get("q", ""),
    )
    page = selectors.page_of_queries(user, choice, after=_number(query.get("after")), before=_number(query.get("before")))
    counts = selectors.counts_of_queries(user)
    narrowed = {name: value for name, value in vars(choice).items() if value}
    states = [("", _("Not closed")), *QueryState.choices, ("all", _("All"))]
    return {
        "filters": [
            Filter("q", _("Participant"), widget="search", value=choice.q, placeholder="MUM-0001"),
            Filter("state", _("State"), value=choice.state, choices=states),
            Filter("form", _("Form"), value=choice.form, choices=[("", _("All")), ("visit", _("Visit")), *forms]),
            *_site_filter(sites, choice.site),
        ],
        "clear_url": reverse("casebook:queries") if narrowed else "",
        "stats": [
            (label, counts.get(state, 0), f"?state={state}") for state, label in QueryState.choices
        ],
        "cards": [
            {
                "query": one,
                "form": title_of(one.form),
                "url": grid.query_url(one),
                "may_manage": user.may(Permission.MANAGE_QUERIES, one.site_id),
                "may_answer": one.state == QueryState.OPEN,
            }
            for one in page.lines
        ],
        **_neighbours(page, narrowed),
        "narrowed": bool(narrowed),
    }


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else 0
