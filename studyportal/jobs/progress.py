"""Progress and heartbeat of a running job."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, connection

from . import leases
from .errors import Cancelled, LeaseLost

logger = logging.getLogger(__name__)

WRITE_EVERY = 0.25  # seconds: at most four writes a second, however often progress is called
LOOK_EVERY = 1.0  # seconds: heartbeat, and how soon a cancellation is seen


class Progress:
    """`progress(done, total, message)`, called by the job as often as it likes.

    Raises Cancelled when cancellation was asked for, and LeaseLost when the job was given to another worker.
    """

    def __init__(self, job_id: int, token: uuid.UUID, *, inline: bool = False) -> None:
        self.job_id = job_id
        self._token = token
        self._inline = inline
        self._now: tuple[int, int, str] = (0, 0, "")
        self._written = self._now
        self._last_write = time.monotonic()
        self._cancelled = self._lost = False

    def __call__(self, done: int, total: int = 0, message: object = "") -> None:
        self._now = (int(done), int(total), str(message))
        self.check()

    def check(self) -> None:
        """Only ask whether to go on."""
        if self._inline and time.monotonic() - self._last_write >= WRITE_EVERY:
            self.write()
        if self._lost:
            raise LeaseLost
        if self._cancelled:
            raise Cancelled

    def write(self) -> None:
        """Send heartbeat and progress, and learn whether to go on."""
        now = self._now
        asked = leases.beat(self.job_id, self._token, *now)
        self._written, self._last_write = now, time.monotonic()
        if asked is None:
            self._lost = True
        elif asked:
            self._cancelled = True

    def keep_writing(self, stop: threading.Event) -> None:
        """Body of the background thread, which has a connection of its own: the job's transactions do not hide it."""
        try:
            while not stop.wait(WRITE_EVERY):
                silent = time.monotonic() - self._last_write
                if self._now == self._written and silent < LOOK_EVERY:
                    continue
                try:
                    self.write()
                except (DatabaseError, InterfaceError):
                    logger.warning(
                        "Job %s: no heartbeat, the database did not answer", self.job_id, exc_info=True
                    )
                    connection.close()
                    if silent > leases.stale_after().total_seconds():
                        self._lost = True
                if self._lost:
                    return
        finally:
            connection.close()


@contextmanager
def reporting(job_id: int, token: uuid.UUID) -> Iterator[Progress]:
    """Progress with its heartbeat; when it ends, the last state of the progress is written.

    Inside a transaction (tests with eager tasks) another connection cannot see the job: then it reports itself.
    """
    if connection.in_atomic_block:
        progress = Progress(job_id, token, inline=True)
        yield progress
        progress.write()
        return
    progress = Progress(job_id, token)
    stop = threading.Event()
    thread = threading.Thread(
        target=progress.keep_writing, args=(stop,), name=f"heartbeat-{job_id}", daemon=True
    )
    thread.start()
    try:
        yield progress
    finally:
        stop.set()
        thread.join()
    progress.write()
