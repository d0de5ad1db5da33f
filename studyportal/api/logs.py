"""How a line of the log is written: without what a record holds."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType
from typing import Any

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class PlainFormatter(logging.Formatter):
    """One line per event, and the places of a failure without its words.

    The message of an exception may quote a value (PostgreSQL: `Key (name)=(…) already exists`), so a traceback
    gives files, lines and classes, and of a database error its SQLSTATE and constraint.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).translate(CONTROL)

    def formatException(self, ei: Any) -> str:
        return "\n".join(_lines(ei[1]))


# Nothing that is logged begins a line of its own.
CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), 127, 0x85, 0x2028, 0x2029)} | {9: " "}


def _lines(error: BaseException | None, seen: int = 0) -> list[str]:
    if error is None or seen > 5:
        return []
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    frames = traceback.extract_tb(error.__traceback__)
    return [
        *_lines(cause, seen + 1),
        *(f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames),
        f"{type(error).__module__}.{type(error).__qualname__}{_database(error)}",
    ]


def _database(error: BaseException) -> str:
    said = getattr(error, "diag", None)
    if said is None:
        return ""
    words = (getattr(error, "pgcode", None), said.table_name, said.constraint_name, said.column_name)
    return f" ({' '.join(word for word in words if word)})"
