"""Why a form was not saved. Pages and API turn these into their answers, each in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from studyportal.crf.outcomes import Problem


class CrfError(Exception):
    """Nothing was saved."""


class CrfInvalid(CrfError):
    """The values are not possible: 400."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{p.field or ''}: {p.code}" for p in problems))
        self.problems = tuple(problems)


class ReasonRequired(CrfInvalid):
    """A complete form would change without saying why: 400."""

    def __init__(self, fields: Sequence[str], *, name: str = "reason") -> None:
        super().__init__(
            [
                Problem(
                    name,
                    "reason_required",
                    _("This form was complete. Say why you change it: %s.") % ", ".join(fields),
                )
            ]
        )
        self.fields = tuple(fields)


class Refused(CrfError):
    """The values are possible, but what must come before has not happened: 409."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(p.code for p in problems))
        self.problems = tuple(problems)


class StaleVersion(CrfError):
    """Somebody saved meanwhile: 412. current: the record as it is now."""

    def __init__(self, current: Any) -> None:
        super().__init__(f"version is {current.version}")
        self.current = current
