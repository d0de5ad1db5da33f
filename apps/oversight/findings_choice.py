"""What the pages of findings are narrowed to, and the controls for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from apps.consent.rules.findings import BY_NUMBER, NUMBERS, Question
from apps.consent.selectors.findings import SEVERITIES, Choice
from apps.oversight.narrowing import clean_code, known, number_of, site_filter
from studyportal.access.models import Site
from studyportal.ui.parts import Filter

VERDICTS = ("fail", "indeterminate")


def choice_of(query: QueryDict, sites: Sequence[Site], *, number: int = 0) -> Choice:
    """What does not exist narrows nothing. number: of the question that the page is about."""
    asked = number or number_of(query.get("number"))
    return Choice(
        site=known(query.get("site"), [one.code for one in sites]),
        numbers=frozenset({asked}) if asked in BY_NUMBER else NUMBERS,
        verdict=known(query.get("verdict"), VERDICTS),
        severity=known(query.get("severity"), SEVERITIES),
        participant=clean_code(query.get("participant", "")),
    )


def said(choice: Choice, *, with_number: bool = True) -> dict[str, Any]:
    """The narrowing as the members of an address."""
    number = next(iter(choice.numbers)) if len(choice.numbers) == 1 and with_number else ""
    named = {
        "site": choice.site,
        "number": number,
        "verdict": choice.verdict,
        "severity": choice.severity,
        "participant": choice.participant,
    }
    return {name: value for name, value in named.items() if value}


def filters_of(choice: Choice, sites: Sequence[Site], *, with_number: bool = False) -> list[Filter]:
    numbers: list[tuple[str, str]] = [("", _("All"))]
    numbers += [(str(one.number), f"{one.number}. {_(one.title)}") for one in BY_NUMBER.values()]
    return [
        *site_filter(sites, choice.site),
        *(
            [Filter("number", _("Question"), value=str(said(choice).get("number", "")), choices=numbers)]
            if with_number
            else []
        ),
        Filter(
            "verdict",
            _("Verdict"),
            value=choice.verdict,
            choices=[("", _("All")), *((code, verdict_words(code)) for code in VERDICTS)],
        ),
        Filter(
            "severity",
            _("Severity"),
            value=choice.severity,
            choices=[("", _("All")), *((code, severity_words(code)) for code in SEVERITIES)],
        ),
    ]


def verdict_words(verdict: str) -> str:
    return _("Found") if verdict == "fail" else _("Undecided by the record")


def severity_words(severity: str) -> str:
    return {"critical": _("Critical"), "major": _("Major"), "minor": _("Minor")}[severity]


def in_words(question: Question) -> dict[str, Any]:
    """The question as a page shows it."""
    return {
        "number": question.number,
        "title": _(question.title),
        "definition": _(question.definition),
        "limits": _(question.limits) if question.limits else "",
        "severity": question.severity,
    }
