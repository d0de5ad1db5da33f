"""Physical limits of the machine: pgbench for single statements, COPY for streams."""

from __future__ import annotations

import io
import re
import subprocess
import tempfile
import time
from typing import Any

import psycopg2

from studyportal.embedded.places import DATABASE, OWNER_ROLE, Places
from studyportal.embedded.postgres import environment, installation


def pgbench(places: Places, script: str, *, clients: int, seconds: float) -> tuple[float, float]:
    """Mean latency in seconds and statements per second of `script`, prepared, on kept connections."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            [
                str(installation() / "bin" / "pgbench"),
                *("-h", str(places.sockets), "-U", OWNER_ROLE, "-n", "-M", "prepared"),
                *("-c", str(clients), "-j", str(min(clients, 2)), "-T", str(max(1, round(seconds)))),
                *("-f", file.name, DATABASE),
            ],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"pgbench failed: {done.stderr.strip()}")
    latency = re.search(r"latency average = ([0-9.]+) ms", done.stdout)
    rate = re.search(r"tps = ([0-9.]+)", done.stdout)
    if latency is None or rate is None:
        raise RuntimeError(f"pgbench said: {done.stdout}")
    return float(latency[1]) / 1000, float(rate[1])


def connect(places: Places) -> psycopg2.extensions.connection:
    connection = psycopg2.connect(host=str(places.sockets), user=OWNER_ROLE, dbname=DATABASE)
    connection.autocommit = True
    return connection


class Nothing(io.RawIOBase):
    """Takes everything, keeps only the number of bytes."""

    bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.bytes += len(data)
        return len(data)


def copy_out(connection: psycopg2.extensions.connection, query: str) -> tuple[float, int]:
    """Seconds and bytes of `COPY (query) TO STDOUT` as CSV into nothing: the limit of an export."""
    nothing = Nothing()
    with connection.cursor() as cursor:
        began = time.perf_counter()
        with io.BufferedWriter(nothing, 256 * 1024) as out:
            cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER true)", out)
            out.flush()
        return time.perf_counter() - began, nothing.bytes


def timed(connection: psycopg2.extensions.connection, query: str, repeats: int = 5) -> float:
    """The best of some runs of a query, with all of its rows fetched."""
    best = float("inf")
    with connection.cursor() as cursor:
        for _ in range(repeats):
            began = time.perf_counter()
            cursor.execute(query)
            cursor.fetchall()
            best = min(best, time.perf_counter() - began)
    return best
