"""Identities as plain parts for the components of the pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from studyportal.access.clock import today_at
from studyportal.audit.reason_fields import field_views
from studyportal.identity import duplicates, rules
from studyportal.identity.errors import Problem
from studyportal.identity.fields import FIELDS, SECTIONS
from studyportal.identity.selectors import Known
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import errors_by_field, stale_said, whole_number
from studyportal.ui.templatetags.ui_tags import human_date_text


def about(participant: Any) -> dict[str, Any]:
    return {"participant": participant, "synthetic": getattr(participant, "synthetic", False)}


def shown(participant: Any, known: Known | None) -> dict[str, Any]:
    context = about(participant) | {"known": known}
    if known is None:
        return context
    today = today_at(participant.site)
    return context | {
        "sections": [
            (title, [(FIELDS[name].label, _in_words(known, name)) for name in names])
            for title, names in SECTIONS
        ],
        "lacks_representative": bool(
            rules.is_minor(known.person.birth_date, today=today) and not known.person.guardian_name
        ),
    }


def _in_words(known: Known, name: str) -> str:
    value = getattr(known.person, name)
    if name == "birth_date" and len(value) == len("2001-05-14"):
        return human_date_text(dt.date.fromisoformat(value))
    return ", ".join(value.split("\n")) or _("not recorded")


def alert(user: Any, participant: Any) -> dict[str, Any]:
    """That the study may know the person under a second code, as far as the user may be told."""
    found = duplicates.alert_of(user, participant)
    if found is None:
        return {}
    tone, title, lines = found
    return {"duplicate": {"tone": tone, "title": title, "lines": lines}}


def stands(known: Known | None) -> dict[str, str]:
    """The values that the form begins with."""
    return {name: getattr(known.person, name) if known else "" for name in FIELDS}


def form(
    participant: Any,
    values: Mapping[str, str],
    *,
    version: int,
    problems: Sequence[Problem] = (),
    known: Known | None = None,
) -> dict[str, Any]:
    """known: what stands now, when it differs from what was typed because somebody else saved."""
    errors = errors_by_field(problems)
    labels = {name: str(field.label) for name, field in FIELDS.items()} | {
        "reason": _("Reason for the change")
    }
    return about(participant) | {
        "version": version,
        "sections": [(title, _field_views(names, values, errors)) for title, names in SECTIONS],
        "reasons": field_views(
            values,
            help=_("Needed when something that was recorded changes."),
            text_help=_(
                "Read by those who may not see this page: never a name or a number in it. Needed for another reason."
            ),
            errors=errors.get("reason", []),
        )
        if version or errors.get("reason")
        else (),
        "problems": [
            (one.field if one.field in labels else "", labels.get(one.field or "", ""), one.message)
            for one in problems
        ],
        "conflict": [
            (labels[name], getattr(known.person, name), values.get(name, ""))
            for name in FIELDS
            if getattr(known.person, name) != values.get(name, "")
        ]
        if known
        else [],
    }


def _field_views(
    names: Iterable[str], values: Mapping[str, str], errors: Mapping[str, list[str]]
) -> list[FieldView]:
    return [
        FieldView(
            name,
            field.label,
            widget=field.widget,
            value=values.get(name, ""),
            help=field.help,
            required=field.required,
            placeholder=field.placeholder,
            errors=errors.get(name, []),
        )
        for name in names
        for field in (FIELDS[name],)
    ]


def finding(
    *, problems: Sequence[Problem] = (), found: Sequence[Any] = (), searched: bool = False
) -> dict[str, Any]:
    """The page that searches by hospital number; the number itself is not among its parts."""
    return {"errors": [one.message for one in problems], "found": found, "searched": searched}


def version_seen(posted: QueryDict) -> int:
    """The version that the page showed; -1, which none has, when it says nonsense."""
    return whole_number(posted.get("version"), otherwise=-1)


def stale_problem() -> Problem:
    return Problem(None, "stale_version", stale_said())
