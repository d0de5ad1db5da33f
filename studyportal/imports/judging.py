"""Rows of a file → a verdict on each: read by the columns, compared within the file, judged by the importer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from studyportal.access.models import Site, User
from studyportal.imports.cells import shown
from studyportal.imports.errors import CellRefused
from studyportal.imports.identity_trap import REMOVED, holds_contact
from studyportal.imports.reading import Record
from studyportal.imports.registry import Column, Importer, Judged, Problem, Row, Verdict


@dataclass(frozen=True)
class Judgement:
    """In the order of the file."""

    judged: list[Judged]

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(one.verdict.kind for one in self.judged)
        return {kind: counted[kind] for kind in ("ready", "same", "changed", "refused")}


def judge(
    importer: Importer,
    columns: Sequence[Column],
    records: Iterable[Record],
    *,
    site: Site,
    by: User,
    hold: bool = False,
) -> Judgement:
    """hold: the rows are about to be written; what they are compared with is locked until then."""
    reader = _Reader(columns)
    read = [reader.row(record) for record in records]
    _compare(read, importer.key_columns)
    sound = [row for row, problems in read if not problems]
    verdicts = iter(importer.judge(sound, site=site, by=by, hold=hold))
    judged = [
        Judged(row, Verdict("refused", tuple(problems)) if problems else next(verdicts))
        for row, problems in read
    ]
    return Judgement(judged)


Read = tuple[Row, list[Problem]]


class _Reader:
    """Reads cells by their columns. The same text in the same column is read once: lists repeat dates and codes."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = columns
        self.seen: list[dict[str, Any]] = [{} for _column in columns]

    def row(self, record: Record) -> Read:
        problems: list[Problem] = []
        cells = record.cells
        if REMOVED in cells or holds_contact("\n".join(cells)):
            cells = self._without_contacts(cells, problems)
        values: dict[str, Any] = {}
        for column, seen, cell in zip(self.columns, self.seen, cells, strict=True):
            if cell in seen:
                found = seen[cell]
            else:
                found = self._read(column, cell)
                if len(seen) < 10_000:
                    seen[cell] = found
            if isinstance(found, Problem):
                if cell != REMOVED:
                    problems.append(found)
                found = None
            values[column.name] = found
        if record.had != record.wanted:
            problems.insert(0, _wrong_length(record))
        return Row(record.line, cells, values), problems

    @staticmethod
    def _read(column: Column, cell: str) -> Any:
        if not cell:
            if column.required:
                return Problem(column.name, "required", _("This must be given."))
            return None
        try:
            return column.read(cell)
        except CellRefused as error:
            return Problem(column.name, error.code, error.message)

    def _without_contacts(self, cells: tuple[str, ...], problems: list[Problem]) -> tuple[str, ...]:
        kept = []
        for column, cell in zip(self.columns, cells, strict=True):
            if cell == REMOVED or holds_contact(cell):
                problems.append(
                    Problem(
                        column.name,
                        "contact",
                        _("Looks like a phone number, an e-mail address or the number of an identity card. The portal did"
                          " not keep it: write something else here."),
                    )
                )  # fmt: skip
                cell = REMOVED
            kept.append(cell)
        return tuple(kept)


def _wrong_length(record: Record) -> Problem:
    return Problem(
        "",
        "cells",
        _(
            "%(had)d cells under %(wanted)d headings. Put a text that holds the separator into quotation marks."
        )
        % {"had": record.had, "wanted": record.wanted},
    )


def _compare(read: list[Read], names: Sequence[str]) -> None:
    """Two rows about the same thing: of equal ones the first stands; of unequal ones none, for which is right?"""
    first: dict[tuple[Any, ...], Read] = {}
    for row, problems in read:
        key = tuple(row.values.get(name) for name in names)
        if None in key:
            continue
        earlier = first.setdefault(key, (row, problems))
        if earlier[0] is row:
            continue
        called = ", ".join(shown(str(part)) for part in key)
        said = {"key": called, "line": earlier[0].line}
        if earlier[0].cells == row.cells:
            problems.append(
                Problem(
                    names[0], "repeated", _("%(key)s stands with the same values in line %(line)d.") % said
                )
            )
        else:
            problems.append(
                Problem(
                    names[0],
                    "twice",
                    _("%(key)s stands with other values in line %(line)d. Keep one.") % said,
                )
            )
            if not any(problem.code == "twice" for problem in earlier[1]):
                said["line"] = row.line
                earlier[1].append(
                    Problem(
                        names[0],
                        "twice",
                        _("%(key)s stands with other values in line %(line)d. Keep one.") % said,
                    )
                )
