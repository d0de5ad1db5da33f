"""Leases on the embedded servers.

A lease is a shared lock on `var/users.lock`, so the kernel gives it back when its holder ends, even by kill -9.
The keeper process (:mod:`studyportal.embedded.keeper`) owns the servers and stops them as soon as it can have
that lock alone.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from studyportal.embedded.places import Places
from studyportal.embedded.postgres import ServerError
from studyportal.embedded.processes import tail

START_PATIENCE = 90.0


class EmbeddedError(RuntimeError):
    """The embedded servers cannot be had; the message says why and what helps."""


@dataclass(frozen=True, slots=True)
class Lease:
    """While it is held (not released, process alive) the servers run."""

    places: Places
    lock: IO[bytes]
    started: bool

    def release(self) -> None:
        self.lock.close()

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def users_lock(places: Places) -> Path:
    return places.var / "users.lock"


def keeper_lock(places: Places) -> Path:
    return places.var / "keeper.lock"


def keeper_runs(places: Places) -> bool:
    with keeper_lock(places).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def lease(var: str | os.PathLike[str], *, fast: bool = False) -> Lease:
    """Use the embedded servers under `var`, starting them when they do not run.

    `fast` starts PostgreSQL without waiting for the disk (tests). Raises EmbeddedError.
    """
    places = Places.at(var)
    places.logs.mkdir(parents=True, exist_ok=True)
    with (places.var / "start.lock").open("ab") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        users = users_lock(places).open("ab")
        fcntl.flock(users, fcntl.LOCK_SH)  # waits while a keeper is stopping
        try:
            started = not keeper_runs(places)
            if started:
                _start_keeper(places, fast=fast)
        except BaseException:
            users.close()
            raise
    return Lease(places, users, started)


def _start_keeper(places: Places, *, fast: bool) -> None:
    arguments = [sys.executable, "-m", "studyportal.embedded.keeper", str(places.var)]
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    reading, writing = os.pipe()
    try:
        with places.keeper_log.open("wb") as log:
            keeper = subprocess.Popen(
                [*arguments, *(["--fast"] if fast else []), "--ready-fd", str(writing)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=root,
                env=environment,
                pass_fds=[writing],
                start_new_session=True,
            )
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        ready = answer.read() == b"ready"  # until the keeper says so or ends
    if not ready:
        keeper.wait()
        raise EmbeddedError(f"The embedded servers did not start.\n{tail(places.keeper_log, 40)}")


def wait_until_stopped(places: Places, patience: float = 30) -> None:
    """Wait until nobody keeps the servers of `places`; raises ServerError after `patience` seconds."""
    deadline = time.monotonic() + patience
    while keeper_lock(places).exists() and keeper_runs(places):
        if time.monotonic() > deadline:
            raise ServerError(f"The embedded servers in {places.var} are still used by another process.")
        time.sleep(0.05)
