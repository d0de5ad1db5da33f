"""The process that owns the embedded servers: `python -m studyportal.embedded.keeper VAR`.

Started by :func:`studyportal.embedded.lease`, never by hand. It ends, and the servers before it, when nobody
holds a lease any more; when it is killed, the kernel stops the servers.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from studyportal.embedded import postgres, valkey
from studyportal.embedded.leases import keeper_lock, users_lock
from studyportal.embedded.places import Places, service_user
from studyportal.embedded.processes import spawn, stop, tail

LOOK_EVERY = 0.2  # seconds between looks for the last lease and for crashed servers


def make_directories(places: Places) -> None:
    """The servers' directories, private to the user that runs them."""
    user = service_user()
    places.logs.mkdir(parents=True, exist_ok=True)
    places.servers.mkdir(parents=True, exist_ok=True)
    for directory in (places.sockets, places.valkey_data):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = directory.lstat()
        # The socket directory may lie in the shared temporary directory: believe nobody else's.
        if directory.is_symlink() or info.st_uid not in {os.geteuid(), user.uid if user else os.geteuid()}:
            raise postgres.ServerError(f"{directory} belongs to somebody else: remove it and start again.")
        directory.chmod(0o700)
        if user is not None:
            os.chown(directory, user.uid, user.gid)
    if user is not None:
        os.chown(places.servers, user.uid, user.gid)
    if places.moved:
        print(f"The user {user and user.name} cannot reach {places.var}: the data is in {places.servers}.")


class Servers:
    """PostgreSQL and Valkey of one place, started and stopped together."""

    def __init__(self, places: Places, *, fast: bool) -> None:
        self.places = places
        self.fast = fast
        self.running: list[tuple[str, subprocess.Popen[bytes], int, Path]] = []

    def start(self) -> None:
        places, user = self.places, service_user()
        make_directories(places)
        postgres.prepare(places, user)
        cache = spawn(
            valkey.command(places, fast=self.fast),
            log=places.valkey_log,
            user=user,
            cwd=places.servers,
            env=postgres.environment(),
        )
        self.running.append(("Valkey", cache, signal.SIGTERM, places.valkey_log))
        database = spawn(
            postgres.command(places, fast=self.fast),
            log=places.postgres_log,
            death_signal=signal.SIGINT,  # PostgreSQL's fast shutdown
            user=user,
            cwd=places.servers,
            env=postgres.environment(),
        )
        self.running.append(("PostgreSQL", database, signal.SIGINT, places.postgres_log))
        postgres.wait_until_ready(places, database)
        postgres.create_roles_and_database(places)
        valkey.wait_until_ready(places, cache)

    def crashed(self) -> str | None:
        for name, process, _, log in self.running:
            if process.poll() is not None:
                return f"{name} ended with status {process.returncode}. The end of {log}:\n{tail(log)}"
        return None

    def stop(self) -> None:
        for _, process, with_signal, _ in reversed(self.running):
            stop(process, with_signal=with_signal, patience=20)


def keep(places: Places, *, fast: bool, ready_fd: int | None) -> int:
    asked_to_stop = False

    def on_signal(*_: object) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, on_signal)
    own = keeper_lock(places).open("ab")
    try:
        fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"The servers of {places.var} are kept by another process.")
        return 1
    (places.var / "keeper.pid").write_text(f"{os.getpid()}\n")
    users = users_lock(places).open("ab")
    servers = Servers(places, fast=fast)
    status = 0
    try:
        servers.start()
        if ready_fd is not None:
            os.write(ready_fd, b"ready")
            os.close(ready_fd)
        while not asked_to_stop:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break  # nobody uses the servers any more; newcomers wait for us to end
            except BlockingIOError:
                pass
            if (crash := servers.crashed()) is not None:
                print(crash)
                status = 1
                break
            time.sleep(LOOK_EVERY)
    except (postgres.ServerError, OSError, LookupError) as error:
        print(error)
        status = 1
    finally:
        servers.stop()
    own.close()
    users.close()
    return status


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("var")
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--ready-fd", type=int)
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    return keep(Places.at(options.var), fast=options.fast, ready_fd=options.ready_fd)


if __name__ == "__main__":
    sys.exit(main())
