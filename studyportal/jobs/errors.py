"""What can go wrong with a job, for those who ask for it and for those who write one."""

from __future__ import annotations


class UnknownKind(LookupError):
    """No app registers a job of this kind."""


class InvalidParams(ValueError):
    """The parameters do not fit the kind. `.errors`: mappings with field, code, message."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{error['field']}: {error['message']}" for error in errors))


class NotPossible(Exception):
    """The job's state does not allow this; the message says why."""


class JobError(Exception):
    """Raised by a job that cannot go on: the message is shown to the requester as it is. It is not tried again."""


class Cancelled(Exception):
    """Raised by `progress` inside a job whose cancellation was asked for."""


class LeaseLost(Exception):
    """Raised inside a job that was given to another worker meanwhile: nothing more may be written for it."""
