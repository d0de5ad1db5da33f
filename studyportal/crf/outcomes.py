"""What rules, checks and derivations answer with. No Django: the pure files of every app import this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """A hard error: the form is refused. field None: the form as a whole."""

    field: str | None
    code: str
    message: str


@dataclass(frozen=True)
class Finding:
    """A soft finding: the form is saved and a query opens on the field (None: the form as a whole)."""

    field: str | None
    code: str
    message: str
    severity: str = "query"


@dataclass(frozen=True)
class NotDerivable:
    """The answer of a derivation whose inputs are not there. why: what is missing, in words."""

    why: str


Values = Mapping[str, Any]
Rule = Callable[[Values], Iterable[Problem]]
Check = Callable[[Values, Mapping[str, Any]], Iterable[Finding]]
Derivation = Callable[[Values, Mapping[str, Any]], Mapping[str, Any]]
