"""Explanations given before a form is saved: why an unusual value is right all the same.

A page posts `explain-<field>-<code>`, a script sends `"explanations": [{"field", "code", "text"}]`. They answer the query
that the check opens in the same save (`queries.actions.reconcile`); one whose check does not fire is left aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from studyportal.crf.outcomes import Problem
from studyportal.crf.parsing import text_of

PREFIX = "explain-"
LONGEST = 2000
Explanations = dict[tuple[str, str], str]


def posted(data: QueryDict, problems: list[Problem]) -> Explanations:
    """(field or "", code) → text, of what a browser posted; what cannot be kept is a problem of its field."""
    found: Explanations = {}
    for name in data:
        if name.startswith(PREFIX):
            field, _sign, code = name.removeprefix(PREFIX).partition("-")
            _take(found, field, code, data.get(name, ""), problems)
    return found


def sent(raw: Any, problems: list[Problem]) -> Explanations:
    """As `posted`, of the member of a payload."""
    found: Explanations = {}
    if raw is None:
        return found
    if not isinstance(raw, list) or len(raw) > 200:
        problems.append(
            Problem("explanations", "type", _("Give a list of objects with field, code and text."))
        )
        return found
    for one in raw:
        if not isinstance(one, Mapping) or set(one) - {"field", "code", "text"} or not one.get("code"):
            problems.append(
                Problem("explanations", "type", _("Give a list of objects with field, code and text."))
            )
            continue
        _take(found, str(one.get("field") or ""), str(one["code"]), one.get("text"), problems)
    return found


def _take(found: Explanations, field: str, code: str, text: Any, problems: list[Problem]) -> None:
    if not code or text in (None, ""):
        return
    try:
        words = text_of(text, max_length=LONGEST).strip()
    except ValidationError as error:
        problems.append(Problem(field or None, "explanation", error.messages[0]))
        return
    if words:
        found[field[:80], code[:80]] = words
