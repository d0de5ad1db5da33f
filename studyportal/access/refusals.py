"""Why people, sites, roles or tokens were not changed: said once, shown by the page and by the API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """field: name of what was given, "" for the whole request."""

    field: str
    code: str
    message: str


class NotDone(Exception):
    """Nothing was changed. status: 400 a value is wrong, 409 a rule forbids it, 412 it changed meanwhile."""

    def __init__(self, problems: Iterable[Problem], *, status: int = 400) -> None:
        self.problems = tuple(problems)
        self.status = status
        super().__init__(" ".join(problem.message for problem in self.problems))


def refused(code: str, message: str, field: str = "") -> NotDone:
    """A rule forbids it."""
    return NotDone([Problem(field, code, message)], status=409)


def wrong(field: str, code: str, message: str) -> NotDone:
    """A value is wrong."""
    return NotDone([Problem(field, code, message)])
