"""The reason of a change where forms are saved: a wrong one is a problem like any other."""

from __future__ import annotations

from typing import Any

from studyportal.audit import reasons
from studyportal.audit.reason_fields import Names
from studyportal.audit.reasons import Reason
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import CrfSpec


def names_for(spec: CrfSpec) -> Names:
    """The usual names; a form that asks for a reason of its own (of an admission) leaves them to that."""
    usual = Names()
    taken_already = {usual.text, usual.code} & set(spec.fields)
    return Names("change_reason", "change_reason_code") if taken_already else usual


def taken(raw: Any, problems: list[Problem], *, name: str = "reason") -> Reason | None:
    """The reason that was given under that name; what is wrong with it is added to the problems."""
    try:
        return reasons.parse(raw)
    except reasons.ReasonError as error:
        problems.append(Problem(name, error.code, error.message))
        return None
