"""Rows of many participants, read side by side: each lane is one query in the order of the participants, and nothing of
it is kept but the rows of the participant who is looked at. So whole studies are read in a fixed number of queries and in
bounded memory."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

Rows = Generator[tuple[Any, ...], None, None]
FETCHED = 2000


def streamed(rows: QuerySet[Any], *names: str) -> Rows:
    """The columns as the driver gives them, without what the fields would make of them."""
    try:
        sql, params = rows.values_list(*names).query.sql_with_params()
    except EmptyResultSet:
        return
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while found := cursor.fetchmany(FETCHED):
            yield from found


class Lane:
    """Rows whose first value is the participant, in ascending order of it; asked in that order."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, participant_id: int) -> Sequence[tuple[Any, ...]]:
        row = self._next
        while row is not None and row[0] < participant_id:
            row = next(self._rows, None)
        found: list[tuple[Any, ...]] = []
        while row is not None and row[0] == participant_id:
            found.append(row)
            row = next(self._rows, None)
        self._next = row
        return found

    def close(self) -> None:
        self._rows.close()
