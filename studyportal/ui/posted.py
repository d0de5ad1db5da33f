"""What a page reads of the form that came back, and how it puts the problems to their fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from studyportal.words import translated


def whole_number(text: str | None, otherwise: int = 0) -> int:
    """A whole number of an address or a hidden field; `otherwise` when it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def version_seen(posted: QueryDict) -> int:
    """The version that the page showed; 0 (which no record has) when it says none."""
    return whole_number(posted.get("version"))


def errors_by_field(problems: Iterable[Any]) -> dict[str, list[str]]:
    """Field name → its messages; under "" those of no field. A problem has `.field` and `.message`."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        found.setdefault(problem.field or "", []).append(translated(problem.message))
    return found


def listed(problems: Iterable[Any], fields: Iterable[Any]) -> list[tuple[str, str, str]]:
    """The problems as the summary above a form takes them: field and label ("" for none on the page), message."""
    labels = {field.name: str(field.label) for field in fields}
    return [
        (
            problem.field if problem.field in labels else "",
            labels.get(problem.field or "", ""),
            translated(problem.message),
        )
        for problem in problems
    ]


def stale_said() -> str:
    """What a page says when somebody saved meanwhile: the same words everywhere."""
    return _(
        "Somebody saved this while you were typing. What you typed is still here; look at what stands now, and save"
        " again only if yours is right: it is written over theirs."
    )
