"""Answers to the protocol's criteria, for tests."""

from __future__ import annotations

from typing import Any

from apps.enrolment import actions
from apps.enrolment.models import EligibilityAnswer, ScreeningEntry
from studyportal import protocol

PASSWORD = "a long enough password"
EVIDENCE = "own laboratory, 3 Nov 2026"


def met(**other: str) -> dict[str, dict[str, Any]]:
    """Every criterion answered so that it is met; other: criterion → another answer."""
    return {
        key: {
            "answer": other.get(key, "yes" if criterion.kind == "inclusion" else "no"),
            "evidence": EVIDENCE if criterion.analyte else "",
        }
        for key, criterion in protocol.current().eligibility.items()
    }


def with_versions(entry: ScreeningEntry, answers: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """As somebody sends them who read what stands."""
    seen = dict(EligibilityAnswer.objects.filter(entry=entry).values_list("criterion", "version"))
    return {key: {"version": seen.get(key, 0)} | given for key, given in answers.items()}


def answer(entry: ScreeningEntry, by: Any, *, reason: Any = None, **other: str) -> ScreeningEntry:
    """Answer every criterion, having read what stands."""
    given = with_versions(entry, met(**other))
    return actions.eligibility.answer(entry=entry, by=by, answers=given, reason=reason)


def one(
    entry: ScreeningEntry, by: Any, key: str, said: str, *, reason: Any = None, **more: Any
) -> ScreeningEntry:
    given = with_versions(entry, {key: {"answer": said, **more}})
    return actions.eligibility.answer(entry=entry, by=by, answers=given, reason=reason)
