"""The imports, each declared once in an app's `imports.py` (found by itself when the portal starts).

    SCREENING = register(
        Importer(
            key="screening-list",
            title=_("Screening list"),
            permission=Permission.REGISTER_PARTICIPANTS,
            columns=(Column("list_number", _("Number in the list"), required=True, read=cells.text(40)), …),
            key_columns=("list_number",),
            judge=judge,
            commit=commit,
        )
    )

judge(rows, site=, by=, hold=) -> one Verdict for each row, in their order. It reads with a number of queries that does
not grow with the rows. hold: the rows will be written in this transaction; lock what must not change until then.

commit(new, changed, site=, by=, reason=) -> {line: what the written thing is called}. new and changed: [Judged]. It
writes all of them or raises; the kernel gives the transaction, who acts, the road and the reason.

A file is of one site. Pages, endpoints and the template follow from the declaration. Importers of a family
(`family="form"`, key `form-vital-signs`) share one set of addresses, in which the rest of the key stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.conf import settings
from django.utils.functional import Promise

from studyportal.access.models import Site, User
from studyportal.access.permissions import CHANGES_ROWS, Permission
from studyportal.audit.reasons import Reason
from studyportal.imports.cells import text

Kind = Literal["ready", "same", "changed", "refused"]


@dataclass(frozen=True)
class Column:
    """read: the text of a cell that is not empty → its value; raises CellRefused. An empty cell is None."""

    name: str
    label: str | Promise
    required: bool = False
    help: str | Promise = ""
    example: str = ""
    read: Callable[[str], Any] = field(default=text(200))


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is refused; of a row that is not, what will be asked once it is written (a query opens).

    column: its name, "" for the row as a whole.
    """

    column: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that the row would change, in words. given: a value stood there before, so that a reason is needed."""

    column: str
    before: str
    after: str
    given: bool


@dataclass(slots=True)
class Row:
    """A row as it was read. values: column name → value, None where the cell is empty or the file has no such column."""

    line: int
    cells: tuple[str, ...]
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """target: the importer's own, for its commit (the record that is there already)."""

    kind: Kind
    problems: Sequence[Problem] = ()
    differences: Sequence[Difference] = ()
    target: Any = None


@dataclass(frozen=True, slots=True)
class Judged:
    row: Row
    verdict: Verdict


Judge = Callable[..., Iterable[Verdict]]
Commit = Callable[..., Mapping[int, str]]


@dataclass(frozen=True)
class Importer:
    """key_columns: what makes two rows of a file the same thing. about: one sentence above the upload.

    more_columns: columns that are only known when the portal runs (of the protocol).
    rows_at_once: how many are written while the person waits (None: as the settings say); most_rows: of one file.
    """

    key: str
    title: str | Promise
    permission: Permission
    columns: Sequence[Column]
    key_columns: Sequence[str]
    judge: Judge
    commit: Commit
    about: str | Promise = ""
    holds_none: str | Promise = ""
    more_columns: Callable[[], Sequence[Column]] | None = None
    family: str = ""
    rows_at_once: int | None = None
    most_rows: int | None = None

    @property
    def member(self) -> str:
        """What stands in the addresses of its family."""
        return self.key.removeprefix(f"{self.family}-")

    @property
    def waits_for(self) -> int:
        """How many rows are written while the person waits."""
        return settings.IMPORT_ROWS_AT_ONCE if self.rows_at_once is None else self.rows_at_once

    @property
    def takes(self) -> int:
        """How many rows a file may have."""
        return settings.IMPORT_ROWS if self.most_rows is None else min(self.most_rows, settings.IMPORT_ROWS)

    @property
    def all_columns(self) -> tuple[Column, ...]:
        more = () if self.more_columns is None else self.more_columns()
        return (*self.columns, *more)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.all_columns if column.name == name), None)

    def may(self, user: User, site: Site | None = None) -> bool:
        return user.may(self.permission, site)


_importers: dict[str, Importer] = {}


def register(importer: Importer) -> Importer:
    if importer.permission not in CHANGES_ROWS:
        raise ValueError(
            f"{importer.key}: {importer.permission} does not allow to change rows (CHANGES_ROWS)"
        )
    names = [column.name for column in importer.columns]
    if importer.family and not importer.key.startswith(f"{importer.family}-"):
        raise ValueError(f"{importer.key}: the key of a {importer.family} begins with its family")
    if len(set(names)) != len(names) or not set(importer.key_columns) <= set(names):
        raise ValueError(f"{importer.key}: a column stands twice, or a key column is none of the columns")
    known = _importers.get(importer.key)
    if known is not None and known.judge is not importer.judge:
        raise ValueError(f"two imports have the key {importer.key}")
    _importers[importer.key] = importer
    return importer


def forget(key: str) -> None:
    """For tests, which declare imports of their own."""
    _importers.pop(key, None)


def get(key: str) -> Importer:
    """Raises LookupError."""
    try:
        return _importers[key]
    except KeyError:
        raise LookupError(
            f"There is no import {key!r}; there are: {', '.join(sorted(_importers))}."
        ) from None


def all_importers() -> tuple[Importer, ...]:
    return tuple(_importers.values())


def family_of(family: str) -> tuple[Importer, ...]:
    return tuple(importer for importer in _importers.values() if importer.family == family)


def families() -> tuple[str, ...]:
    return tuple(dict.fromkeys(importer.family for importer in _importers.values() if importer.family))


__all__ = [
    "Column", "Difference", "Importer", "Judged", "Kind", "Problem", "Reason", "Row", "Verdict", "all_importers", "families",
    "family_of", "get", "register",
]  # fmt: skip
