"""The visits × forms grid of a casebook: what stands, what is due, and the way to each."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.casebook.selectors import Casebook
from apps.visits.models import Visit, VisitStatus
from apps.visits.rules import VisitState
from apps.visits.selectors import Scheduled
from apps.visits.selectors.holdings import Editions, Expectations, Held, visit_forms
from studyportal import protocol
from studyportal.crf.registry import UnknownForm, get
from studyportal.crf.spec import CrfSpec
from studyportal.signatures.selectors import SignatureState
from studyportal.ui.parts import GridCell, GridRow, GridVisit
from studyportal.ui.templatetags.ui_tags import human_date_text


@dataclass(frozen=True)
class Grid:
    visits: list[GridVisit]
    rows: list[GridRow]


@dataclass(frozen=True)
class Column:
    """A visit of the protocol, recorded or not. expected: by the version under which it is or was held."""

    key: str
    label: str
    visit: Visit | None
    plan: Scheduled | None
    expected: Expectations


def columns_of(book: Casebook) -> list[Column]:
    """In the order of the participant's version of the protocol; what was recorded and is not of it comes last."""
    editions = Editions()
    participant = book.participant
    mine = editions.of(participant)
    planned = {row.key: row for row in book.schedule if row.of_plan and row.scheduled}
    told = {row.visit.pk: row for row in book.schedule if row.visit is not None}
    recorded: dict[str, list[Visit]] = {}
    for visit in sorted(book.visits, key=lambda v: v.number):
        recorded.setdefault(visit.key, []).append(visit)
    found: list[Column] = []

    def held(visit: Visit) -> Column:
        expected = editions.at(visit.protocol_version, participant)
        return Column(visit.key, visit.label, visit, told.get(visit.pk), expected)

    for key, visit_of_protocol in mine.plan.visits.items():
        own = recorded.pop(key, [])
        plan = planned.get(key)
        if own:
            found += [held(visit) for visit in own]
        elif plan is not None:
            found.append(Column(key, str(visit_of_protocol.label), None, plan, mine))
    found += [held(visit) for own in recorded.values() for visit in own]
    return found


def grid_of(book: Casebook, *, today: dt.date, may_enter: bool) -> Grid:
    """No query: everything is in the book."""
    code, group = book.participant.code, book.participant.group
    held = {(one.visit_id, one.form): one for one in book.held}
    asked = open_queries(book)
    signed = signs_of(book)
    columns = columns_of(book)
    named = Editions().of(book.participant).plan
    shown = {form for (visit_id, form) in held if visit_id is not None}
    for column in columns:
        shown |= set(column.expected.forms(column.key, group, required_only=False))
    rows = [
        GridRow(
            _title(spec, named),
            [
                _signed(
                    _cell(spec.key, spec.repeats, column, book, held, asked, today, may_enter),
                    signed.get((column.visit.pk, spec.key), "") if column.visit else "",
                )
                for column in columns
            ],
        )
        for spec in visit_forms()
        if spec.key in shown
    ]
    visits = [
        GridVisit(
            column.label,
            detail_of(column, today),
            reverse("casebook:visit", args=[code, column.visit.pk])
            if column.visit
            else new_visit_url(code, column.key)
            if may_enter
            else "",
        )
        for column in columns
    ]
    return Grid(visits, rows)


def _title(spec: CrfSpec, plan: protocol.Protocol) -> str:
    """A form that the version of the participant no longer names stays where it was filled, and says so."""
    if spec.key in plan.form_keys:
        return str(spec.title)
    return _("%(form)s (not in version %(version)s)") % {"form": spec.title, "version": plan.version}


def signs_of(book: Casebook) -> dict[tuple[int | None, str], str]:
    """(visit, form) → its sign: broken when the signature of one record is, signed when every record bears one."""
    held = {(one.visit_id, one.form): one.count for one in book.held}
    states: dict[tuple[int | None, str], list[SignatureState]] = {}
    for one in book.signed:
        states.setdefault((one.visit_id, one.form), []).append(one.state)
    return {
        key: SignatureState.BROKEN if SignatureState.BROKEN in found else SignatureState.SIGNED
        for key, found in states.items()
        if SignatureState.BROKEN in found or len(found) == held.get(key)
    }


def _signed(cell: GridCell, sign: str) -> GridCell:
    return replace(cell, signature=sign) if sign else cell


def open_queries(book: Casebook) -> Counter[tuple[str, int]]:
    """(form, record) → open queries."""
    return Counter(
        (query.form, query.object_id) for query in book.queries if query.state == "open" and query.object_id
    )


def new_visit_url(code: str, key: str) -> str:
    return f"{reverse('casebook:visit-new', args=[code])}?key={key}"


def new_form_url(code: str, form: str, visit_id: int | None = None) -> str:
    url = reverse("crf:new", args=[code, form])
    return url if visit_id is None else f"{url}?visit={visit_id}"


def detail_of(column: Column, today: dt.date) -> str:
    """Under the name of a visit: when it was, or when it is due."""
    visit, plan = column.visit, column.plan
    if visit is not None and visit.status == VisitStatus.MISSED:
        return _("missed")
    if visit is not None and visit.status == VisitStatus.DONE:
        when = human_date_text(visit.happened_on) if visit.happened_on else _("no date")
        words = [when, {"late": _("late"), "early": _("early")}.get(visit.window_state, "")]
        if plan is not None and not plan.of_plan:
            words.append(_("not in this protocol"))
        return ", ".join(filter(None, words))
    if plan is None:
        return _("not dated")
    state = plan.state(today)
    if state == VisitState.NOT_APPLICABLE:
        return _("not applicable")
    if plan.due is None:
        return _("not dated")
    if state == VisitState.OVERDUE:
        return _("overdue since %(day)s") % {"day": human_date_text(plan.due.latest)}
    return _("due %(day)s") % {"day": human_date_text(plan.due.target)}


# How a form is drawn at a visit that did not take place yet.
_AHEAD = {
    VisitState.DUE: "due",
    VisitState.OVERDUE: "overdue",
    VisitState.NOT_APPLICABLE: "not_expected",
}


def _cell(
    form: str,
    repeats: bool,
    column: Column,
    book: Casebook,
    held: Mapping[tuple[int | None, str], Held],
    asked: Mapping[tuple[str, int], int],
    today: dt.date,
    may_enter: bool,
) -> GridCell:
    group = book.participant.group
    visit, plan = column.visit, column.expected
    required = form in plan.forms(column.key, group)
    offered = required or form in plan.forms(column.key, group, required_only=False)
    if visit is None or visit.status == VisitStatus.PLANNED:
        if not required:
            return GridCell()
        state = column.plan.state(today) if column.plan else VisitState.UPCOMING
        target = reverse("casebook:visit", args=[book.participant.code, visit.pk]) if visit else ""
        url = target or (new_visit_url(book.participant.code, column.key) if may_enter else "")
        return GridCell(_AHEAD.get(state, "expected"), url)
    own = held.get((visit.pk, form))
    if own is not None:
        return _held_cell(form, repeats, column, visit, book, own, asked)
    if visit.status == VisitStatus.MISSED:
        return GridCell("missed" if required else "not_expected")
    url = new_form_url(book.participant.code, form, visit.pk) if may_enter else ""
    if required:
        return GridCell("not_started", url)
    return (
        GridCell("not_expected", url, label=_("Only if it applies")) if offered and may_enter else GridCell()
    )


def _held_cell(
    form: str,
    repeats: bool,
    column: Column,
    visit: Visit,
    book: Casebook,
    own: Held,
    asked: Mapping[tuple[str, int], int],
) -> GridCell:
    plan = column.expected
    done = plan.is_done(form, column.key, own)
    if own.count == 1 and not repeats:
        url = reverse("crf:edit", args=[form, own.first_id])
        return GridCell("complete" if done else "incomplete", url, queries=asked.get((form, own.first_id), 0))
    label = ngettext("%(n)d record", "%(n)d records", own.count) % {"n": own.count}
    expected = plan.analytes(column.key) if form == "lab-result" else frozenset()
    missing = expected - own.details
    if missing:
        label = _("%(n)d of %(all)d expected results") % {
            "n": len(expected) - len(missing),
            "all": len(expected),
        }
    state = "complete" if done else "incomplete"
    url = reverse("casebook:visit", args=[book.participant.code, visit.pk]) + f"#form-{form}"
    return GridCell(state, url, label=f"{label}, {_('complete') if done else _('incomplete')}")


def title_of(form: str) -> str:
    """The title of a form; a form that is no more, or none, by its key."""
    try:
        return str(get(form).title)
    except UnknownForm:
        others = {"visit": _("Visit"), "start-up": _("Study start-up"), "": _("Participant")}
        return others.get(form, form)
