"""Possible duplicates as plain parts for the components of the pages: codes, sites and words, never an identity."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.audit.reason_fields import field_views
from studyportal.identity import duplicates
from studyportal.identity.duplicates import Seen
from studyportal.identity.errors import Problem
from studyportal.identity.models import DuplicateState, PossibleDuplicate
from studyportal.ui.parts import Cell, Column, FieldView, Filter, Row
from studyportal.ui.posted import errors_by_field
from studyportal.ui.templatetags.ui_tags import human_date_text

PAGE = 50
ALL = "all"


def board(user: User, query: QueryDict) -> dict[str, Any]:
    """The page that lists them: a person's own, one line for each pair."""
    state = query.get("state", "")
    state = state if state in (*DuplicateState.values, ALL) else ""
    rows = duplicates.listed(user)
    if state != ALL:
        rows = rows.filter(state=state or DuplicateState.OPEN)
    before = query.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 18:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PAGE + 1])
    shown = duplicates.seen(user, found[:PAGE])
    settles = user.may(Permission.RESOLVE_DUPLICATES)
    more = {"state": state} if state else {}
    return {
        "settles": settles,
        "filters": [
            Filter(
                "state",
                _("State"),
                value=state,
                choices=[
                    ("", _("Open")),
                    *((value, label) for value, label in DuplicateState.choices if value != "open"),
                    (ALL, _("All")),
                ],
            )
        ],
        "clear_url": reverse("identity:duplicates") if state or before else "",
        "columns": [
            Column(_("Participant")),
            Column(_("Perhaps the same as")),
            Column(_("What agrees")),
            Column(_("State")),
            Column(_("Found")),
        ],
        "rows": [_line(one) for one in shown],
        "next_url": "?" + urlencode(more | {"before": found[PAGE - 1].pk}) if len(found) > PAGE else "",
        "previous_url": "?" + urlencode(more) if before else "",
    }


def _line(one: Seen) -> Row:
    row = one.row
    return Row(
        [
            _code(row),
            _code(one.other) if one.other is not None else _("somebody at another site"),
            Cell("; ".join(one.agreement), detail=row.get_strength_display())
            if one.other is not None
            else _("told to the data manager"),
            Cell(
                state_in_words(row),
                url=reverse("identity:duplicate", args=[row.pair]) if one.may_settle else "",
            ),
            _day(row, row.found_at),
        ],
        tone="attention" if row.state == DuplicateState.OPEN else "",
    )


def _day(row: PossibleDuplicate, moment: dt.datetime | None) -> str:
    """The day at the participant's site."""
    if moment is None:
        return ""
    return str(human_date_text(timezone.localdate(moment, timezone=ZoneInfo(row.site.timezone))))


def _code(row: PossibleDuplicate) -> Cell:
    return Cell(
        row.participant.code,
        url=row.participant.get_absolute_url(),
        detail=f"{row.site.name} · {group_of(row.participant)}",
        nowrap=True,
    )


def group_of(participant: Any) -> str:
    """The group in words, where the study has groups."""
    shown = getattr(participant, "get_group_display", None)
    return str(shown()) if shown is not None else ""


def state_in_words(row: PossibleDuplicate) -> str:
    if row.stays_in_analysis is None:
        return str(row.get_state_display())
    return (
        _("Same person, this code stays")
        if row.stays_in_analysis
        else _("Same person, this code is left out")
    )


def pair(one: Seen, values: Mapping[str, str], problems: Sequence[Problem] = ()) -> dict[str, Any]:
    """The page on which a pair is settled."""
    assert one.other is not None
    errors = errors_by_field(problems)
    both = (one.row, one.other)
    decision = FieldView(
        "decision",
        _("What is it?"),
        widget="radio",
        value=values.get("decision", ""),
        choices=[
            (DuplicateState.DIFFERENT_PEOPLE.value, DuplicateState.DIFFERENT_PEOPLE.label),
            (DuplicateState.SAME_PERSON.value, DuplicateState.SAME_PERSON.label),
        ],
        required=True,
        errors=errors.get("decision", []),
    )
    stays = FieldView(
        "stays",
        _("Which code stays in the analysis?"),
        widget="radio",
        value=values.get("stays", ""),
        choices=[(row.participant.code, row.participant.code) for row in both],
        help=_(
            "The other one is marked: it is not enrolled, matched or counted. Its records stay as they are."
        ),
        required=False,
        conditional=True,
        errors=errors.get("stays", []),
        show_if=OnlyFor("decision", (DuplicateState.SAME_PERSON.value,)),
    )
    labels = {"decision": str(decision.label), "stays": str(stays.label), "reason": _("Reason")}
    return {
        "one": one,
        "pair": one.row.pair,
        "version": one.row.version,
        "people": [_person(row) for row in both],
        "agreement": one.agreement,
        "strength": one.row.get_strength_display(),
        "state": one.row.get_state_display(),
        "settled": one.row.settled_at is not None,
        "settled_on": _day(one.row, one.row.settled_at),
        "settled_by": one.row.settled_by,
        "settled_because": one.row.settled_because,
        "fields": [decision, stays],
        "reasons": field_views(
            values,
            text_help=_(
                "What was asked and found. The staff of both sites read it: no code, site or name in it."
            ),
            required=True,
            errors=errors.get("reason", []),
        ),
        "problems": [
            (one.field if one.field in labels else "", labels.get(one.field or "", ""), one.message)
            for one in problems
        ],
    }


class OnlyFor:
    """When a field is asked, as `components/field.html` takes it."""

    def __init__(self, field: str, values: tuple[str, ...]) -> None:
        self.field, self.values = field, values


def _person(row: PossibleDuplicate) -> tuple[str, str, list[tuple[Any, ...]]]:
    """Code, address, and what a data manager sees of one of the two."""
    status = getattr(row.participant, "get_status_display", None)
    facts: list[tuple[Any, ...]] = [
        (_("Site"), str(row.site)),
        (_("Group"), group_of(row.participant) or "–"),
        (_("Status"), str(status()) if status is not None else "–"),
        (_("In the analysis"), _("left out") if row.stays_in_analysis is False else _("yes")),
    ]
    return row.participant.code, row.participant.get_absolute_url(), facts
