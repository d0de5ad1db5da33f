"""Tables as CSV, line by line: nothing is kept, and no text is run by a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from studyportal.api.csv_cells import guarded


class _Line:
    """A file for the csv writer that gives each line back instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Line(), lineterminator="\r\n")
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([guarded(value) if isinstance(value, str) else value for value in row])
