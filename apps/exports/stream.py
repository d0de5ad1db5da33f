"""Rows from PostgreSQL to a client at the speed of COPY, in memory that does not grow.

A thread with a connection of its own runs COPY … TO STDOUT in a read-only REPEATABLE READ transaction and
hands chunks to the response through a bounded queue. When the client goes away, or stops reading for
`PATIENCE` seconds, the COPY is cancelled and the connection closed.
"""

from __future__ import annotations

import hashlib
import io
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg2
from django.db import connections
from psycopg2 import sql

logger = logging.getLogger(__name__)

CHUNK = 256 * 1024
DEPTH = 4
PATIENCE = 60.0  # seconds that a client may leave the queue full


class ClientStalledError(Exception):
    """The client did not read for `PATIENCE` seconds, or went away."""


class ExportFailedError(Exception):
    """The database ended the COPY; the response breaks off, so that no client takes the part for the whole."""


@dataclass(frozen=True)
class Sent:
    """What went to the client. `rows` is None when the COPY did not end; `sha256` is over `bytes`."""

    rows: int | None
    bytes: int
    sha256: str
    complete: bool


class _Chunks(io.RawIOBase):
    """The raw end of a buffered writer: psycopg2 writes rows into C code, Python sees only whole chunks.

    It never raises: after an exception psycopg2 would read the rest of the COPY into memory. When nobody reads
    any more it asks the server to cancel, and throws away what still arrives until the server has done so.
    """

    def __init__(
        self,
        chunks: queue.Queue[bytes | None],
        *,
        stopped: threading.Event,
        cancel: Callable[[], None],
        patience: float,
    ) -> None:
        self.chunks = chunks
        self.stopped = stopped
        self.cancel = cancel
        self.patience = patience
        self.cancelled = self.stalled = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if not self.stopped.is_set() and not self.stalled:
            try:
                self.chunks.put(bytes(data), timeout=self.patience)
            except queue.Full:
                self.stalled = True
        if (self.stalled or self.stopped.is_set()) and not self.cancelled:
            self.cancelled = True
            self.cancel()
        return len(data)


class CopyStream:
    """Iterate once over the bytes of `COPY (query) TO STDOUT` as CSV with a header.

    `query` is complete SQL, its parameters as quoted literals. `on_end` is called once, in the
    thread of the reader, with what was sent, also after a failure or when the client went away; not when
    iteration never began. `backend_pid` is the server process, None before it began. `prepare` runs in the transaction before the COPY (session settings).
    """

    def __init__(
        self,
        query: sql.Composable,
        *,
        on_end: Callable[[Sent], None] | None = None,
        prepare: Callable[[Any], None] | None = None,
        using: str = "default",
        patience: float = PATIENCE,
    ) -> None:
        self.query = query
        self.on_end = on_end
        self.prepare = prepare
        self.using = using
        self.patience = patience
        self.rows: int | None = None
        self.backend_pid: int | None = None
        self._error: BaseException | None = None
        self._connection: Any = None
        self._stopped = threading.Event()
        self._chunks: queue.Queue[bytes | None] = queue.Queue(DEPTH)

    def __iter__(self) -> Iterator[bytes]:
        digest, size, complete = hashlib.sha256(), 0, False
        thread = threading.Thread(target=self._copy, name="export", daemon=True)
        thread.start()
        try:
            while (chunk := self._chunks.get()) is not None:
                digest.update(chunk)
                size += len(chunk)
                yield chunk
            if self._error is not None or self.rows is None:
                raise ExportFailedError(str(self._error)) from self._error
            complete = True
        finally:
            if not complete:
                self._stop()
            thread.join()
            if self.on_end is not None:
                rows = self.rows if complete else None
                self.on_end(Sent(rows=rows, bytes=size, sha256=digest.hexdigest(), complete=complete))

    def _stop(self) -> None:
        """End the COPY, whatever it is doing, and let the thread out of a full queue."""
        self._stopped.set()
        self._cancel()
        while True:
            try:
                self._chunks.get_nowait()
            except queue.Empty:
                return

    def _cancel(self) -> None:
        connection = self._connection
        if connection is None or connection.closed:
            return
        try:
            connection.cancel()
        except psycopg2.Error:
            logger.info("The connection of the export was closed before it could be cancelled.")

    def _copy(self) -> None:
        raw = _Chunks(self._chunks, stopped=self._stopped, cancel=self._cancel, patience=self.patience)
        try:
            wrapper = connections[self.using].copy()
            try:
                wrapper.connect()
                wrapper.set_autocommit(True)
                connection = self._connection = wrapper.connection
                self.backend_pid = connection.info.backend_pid
                with connection.cursor() as cursor:
                    self._copy_into(raw, cursor)
            finally:
                wrapper.close()
        except BaseException as failure:  # handed to the reader, who raises it
            stalled = f"The client did not read for {self.patience:.0f} s."
            self._error = ClientStalledError(stalled) if raw.stalled else failure
            if not self._stopped.is_set():
                logger.warning("An export ended before its last row: %s", self._error)
        finally:
            self._end()

    def _copy_into(self, raw: _Chunks, cursor: Any) -> None:
        cursor.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if self.prepare is not None:
            self.prepare(cursor)
        # Rows go out in the order of their key as they are read: no sort before the first byte.
        # One core for one export: parallel workers would only queue wide rows behind the one that sends them.
        cursor.execute("SET LOCAL enable_sort = off; SET LOCAL max_parallel_workers_per_gather = 0")
        query = self.query.as_string(cursor)
        with io.BufferedWriter(raw, CHUNK) as out:
            cursor.copy_expert(
                f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')", out
            )
        if raw.stalled or self._stopped.is_set():
            raise ClientStalledError("The client went away at the last row.")
        self.rows = cursor.rowcount
        cursor.execute("COMMIT")

    def _end(self) -> None:
        """Tell the reader that nothing more comes; it may be gone, or may come back to a full queue."""
        while not self._stopped.is_set():
            try:
                self._chunks.put(None, timeout=1)
                return
            except queue.Full:
                continue
