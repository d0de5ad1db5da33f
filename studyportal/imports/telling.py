"""How far the writing of many rows is: the job that commits listens, and an importer that writes row by row tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[int, int], None]

_listener: ContextVar[Listener | None] = ContextVar("imports_listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(done: int, total: int) -> None:
    """So many rows of so many are written. Raises what ends the job when it was cancelled."""
    listener = _listener.get()
    if listener is not None:
        listener(done, total)
