"""What a cell of a CSV file may begin with, and how the dictionary writes codes. Pure.

A spreadsheet takes a text that begins with one of = + - @, a tab or a carriage return for a formula and may
run it (OWASP: CSV injection). Free text of a dataset is therefore given a leading apostrophe where it begins
so. Only free text is: codes, dates and numbers cannot begin so by their own rules. A script that wants the
text as it was typed removes one apostrophe before one of these characters.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

DANGEROUS_FIRST = ("=", "+", "-", "@", "\t", "\r")


def guarded(text: str) -> str:
    """`text`, with a leading apostrophe where a spreadsheet would take it for a formula."""
    return "'" + text if text.startswith(DANGEROUS_FIRST) else text


def guarded_sql(expression: str) -> str:
    """The same as `guarded`, in SQL, for a trusted expression of type text."""
    points = ", ".join(str(ord(character)) for character in DANGEROUS_FIRST)
    return f"CASE WHEN ascii({expression}) IN ({points}) THEN '''' || {expression} ELSE {expression} END"


def codes_as_text(codes: Sequence[tuple[str, str]]) -> str:
    """`female = Female | male = Male`: the code list in one cell."""
    return " | ".join(f"{code} = {label}" for code, label in codes)


def as_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A small CSV file with guarded texts, lines ending in \\n, None as an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(
            ["" if cell is None else guarded(cell) if isinstance(cell, str) else cell for cell in row]
        )
    return out.getvalue()


class _Line:
    """A file for the csv writer that gives each line back instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A large CSV file line by line, with guarded texts: nothing is kept."""
    writer = csv.writer(_Line(), lineterminator="\r\n")
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([guarded(value) if isinstance(value, str) else value for value in row])
