"""The stream: flat, whole or broken off, and gone when the client is gone."""

from __future__ import annotations

import hashlib
import time

import pytest
from django.db import connection
from psycopg2 import sql

from apps.exports.stream import CHUNK, CopyStream, ExportFailedError

pytestmark = pytest.mark.django_db(transaction=True)

ENDLESS = sql.SQL("SELECT generate_series(1, 100000000) AS i, repeat('x', 1000) AS x")


def connected(stream: CopyStream) -> bool:
    """Whether the server still holds the connection of the stream."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [stream.backend_pid])
        return cursor.fetchone()[0] == 1


def wait_until(condition, patience: float = 5.0) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_query_that_fails_at_once_raises_and_is_told():
    told = []
    with pytest.raises(ExportFailedError, match="nowhere"):
        list(CopyStream(sql.SQL("SELECT * FROM nowhere"), on_end=told.append))
    assert [sent.complete for sent in told] == [False]


def test_a_query_that_fails_in_the_middle_breaks_off():
    told = []
    query = sql.SQL("SELECT 1 / (200000 - i), repeat('x', 50) FROM generate_series(1, 200001) i")
    read = 0
    with pytest.raises(ExportFailedError, match="division by zero"):
        for chunk in CopyStream(query, on_end=told.append):
            read += len(chunk)
    assert read > 0 and (told[0].complete, told[0].rows) == (False, None)


def test_a_client_that_goes_away_ends_the_copy():
    told = []
    stream = CopyStream(ENDLESS, on_end=told.append)
    chunks = iter(stream)
    assert len(next(chunks)) <= CHUNK
    assert connected(stream)
    chunks.close()
    wait_until(lambda: not connected(stream))
    assert told[0].complete is False and told[0].bytes > 0


def test_a_client_that_stops_reading_ends_the_copy():
    stream = CopyStream(ENDLESS, patience=0.3)
    chunks = iter(stream)
    next(chunks)
    wait_until(lambda: not connected(stream))
    with pytest.raises(ExportFailedError, match="did not read"):
        list(chunks)


def test_a_stream_that_is_never_read_opens_nothing():
    told = []
    stream = CopyStream(ENDLESS, on_end=told.append)
    iter(stream).close()
    assert stream.backend_pid is None and told == []


def test_whole_rows_bytes_and_checksum():
    told = []
    query = sql.SQL("SELECT i, repeat('x', 100) AS x FROM generate_series(1, 20000) i")
    body = b"".join(CopyStream(query, on_end=told.append))
    (sent,) = told
    assert (sent.rows, sent.complete) == (20000, True)
    assert (sent.bytes, sent.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert body.startswith(b"i,x\n1,x") and body.count(b"\n") == 20001


def test_it_reads_one_moment_and_writes_nothing():
    query = sql.SQL(
        "SELECT current_setting('transaction_isolation') AS a, current_setting('transaction_read_only') AS b"
    )
    assert b"".join(CopyStream(query)) == b"a,b\nrepeatable read,on\n"


def test_memory_does_not_grow_with_rows():
    largest = max(
        len(chunk) for chunk in CopyStream(sql.SQL("SELECT repeat('x', 1000) FROM generate_series(1, 50000)"))
    )
    assert largest <= CHUNK
