"""Why a file, or its commit, is refused. Pages and API turn these into their answers, each in one place."""

from __future__ import annotations

from collections.abc import Sequence


class FileRefused(ValueError):
    """The file is not taken and nothing of it is kept. code: for scripts; the message says what, where, how to mend it.

    line: of the file, counted from 1; columns: the headings that it is about.
    """

    def __init__(
        self, code: str, message: str, *, line: int | None = None, columns: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.code, self.line, self.columns = code, line, tuple(columns)


class CellRefused(ValueError):
    """A reader of a column cannot take the text of a cell."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class NotPossible(Exception):
    """The upload's state, or what was saved meanwhile, does not allow this: 409."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ReasonRequired(ValueError):
    """Values that were given before would be overwritten without a reason, or the reason is none: 400."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
