"""Why an identity was not saved or not opened. No error carries a value: codes, fields and words only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Problem:
    """field None: the identity as a whole."""

    field: str | None
    code: str
    message: str


class IdentityError(Exception):
    """Nothing was saved, or nothing could be read."""


class IdentityInvalid(IdentityError):
    """The values cannot be kept: 400."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{one.field or ''}: {one.code}" for one in problems))
        self.problems = tuple(problems)


class StaleIdentity(IdentityError):
    """Somebody saved meanwhile: 412. version: the one that stands now."""

    def __init__(self, version: int) -> None:
        super().__init__(f"version is {version}")
        self.version = version


class CannotBeOpened(IdentityError):
    """No key of this installation opens it, or it is not the participant's own: 409."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    @property
    def message(self) -> str:
        return _(
            "This identity cannot be opened with the keys of this installation. Nothing is lost: the person who"
            " keeps the server's keys must add the one that sealed it (IDENTITY_KEYS)."
        )
