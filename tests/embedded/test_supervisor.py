"""The life of `make demo`, with real processes."""

import http.client
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from config import servers
from studyportal.embedded import Places, postgres
from studyportal.embedded.clean import remove_outside
from studyportal.embedded.places import OWNER_ROLE, SystemUser, reachable
from studyportal.embedded.supervisor import Failed, free_port
from tests.embedded.conftest import Portal, processes_of, wait_for

Start = Callable[..., Portal]


def pid_of(var: Path, part: str) -> int:
    return min(int(line.split()[0]) for line in processes_of(var) if part in line)


# --- Refusals --------------------------------------------------------------------------------------------


def test_a_second_start_on_the_same_data_is_refused(portal: Start):
    first = portal("--servers-only")
    first.wait_ready()
    status, output = portal("--servers-only").end(with_signal=None)
    assert status == 3
    assert "already runs on this data" in output
    assert str(first.process.pid) in output
    assert "--var" in output  # the remedy
    assert first.process.poll() is None


def test_a_crashed_database_stops_the_whole_with_its_log(portal: Start, var: Path):
    one = portal("--servers-only")
    one.wait_ready()
    os.kill(pid_of(var, "bin/postgres"), signal.SIGKILL)
    status, output = one.end(with_signal=None)
    assert status == 1
    assert "PostgreSQL ended with status -9" in output
    wait_for(lambda: not processes_of(var), "everything to end")


def test_a_name_that_is_no_address_is_refused():
    with pytest.raises(Failed, match="no address"):
        free_port("no-such-host.invalid", 8000)


def test_a_taken_port_gives_the_next_free_one():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) != port


# --- Stopping --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_in_order(portal: Start, var: Path, with_signal: int):
    one = portal("--servers-only")
    one.wait_ready()
    status, output = one.end(with_signal)
    assert status == 0, output
    assert not processes_of(var)
    assert "database system is shut down" in Places.at(var).postgres_log.read_text()


def test_a_killed_supervisor_leaves_no_child(portal: Start, var: Path):
    one = portal("--servers-only")
    one.wait_ready()
    one.end(signal.SIGKILL)
    wait_for(lambda: not processes_of(var), "the servers to end")
    assert "database system is shut down" in Places.at(var).postgres_log.read_text()


@pytest.mark.parametrize(("command", "expected"), [("true", 0), ("sh -c 'exit 7'", 7)])
def test_the_status_of_the_command_is_handed_on(portal: Start, command: str, expected: int):
    status, _ = portal("--servers-only", "--once-ready", command).end(with_signal=None)
    assert status == expected


# --- Starting again, and elsewhere -----------------------------------------------------------------------


def test_a_second_start_keeps_the_data_in_a_path_with_spaces(portal: Start, var: Path):
    odd = var / "a path with spaces, é and ’"
    places = Places.at(odd)
    try:
        first = portal("--servers-only", var=odd)
        first.wait_ready()
        with closing(postgres.connect(places, "studyportal", OWNER_ROLE)) as owner, owner.cursor() as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        assert first.end()[0] == 0
        began = time.monotonic()
        second = portal("--servers-only", var=odd)
        second.wait_ready()
        assert time.monotonic() - began < 8
        with closing(postgres.connect(places, "studyportal", OWNER_ROLE)) as owner, owner.cursor() as cursor:
            cursor.execute("SELECT answer FROM kept")
            assert cursor.fetchone() == (42,)
        assert second.end()[0] == 0
    finally:
        remove_outside(odd)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a directory that the servers cannot reach")
def test_data_under_a_private_directory_go_where_the_servers_reach(portal: Start, var: Path):
    private = var / "private"
    private.mkdir(mode=0o700)
    try:
        one = portal("--servers-only", var=private / "var")
        assert "cannot reach" in one.wait_ready()
        assert Places.at(private / "var").servers.parent == Path("/var/lib")
        assert one.end()[0] == 0
    finally:
        remove_outside(private / "var")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start as somebody else")
def test_an_ordinary_user_can_start_it(var: Path):
    entry = pwd.getpwnam("nobody")
    user = SystemUser("nobody", entry.pw_uid, entry.pw_gid)
    if not reachable(Path(sys.executable).resolve(), user):
        pytest.skip("this Python lies where no other user reaches it")
    own = var / "own"
    own.mkdir()
    shutil.chown(own, user.uid, user.gid)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "studyportal.embedded.demo",
            "--var",
            own,
            "--servers-only",
            "--once-ready",
            "id",
        ],
        cwd=servers.BASE_DIR,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        user=user.uid,
        group=user.gid,
        extra_groups=[],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "nobody" in done.stdout


# --- The whole -------------------------------------------------------------------------------------------


def healthy(url: str) -> bool:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.mark.slow
def test_the_whole_starts_heals_and_dies_with_its_supervisor(portal: Start, var: Path):
    one = portal("--no-demo-data", "--port", str(free_port("127.0.0.1", 18000)))
    output = one.wait_ready()
    url = next(line.split()[-1] for line in output.splitlines() if line.startswith("StudyPortal is ready"))
    assert healthy(url)
    with (
        closing(postgres.connect(Places.at(var), "studyportal", OWNER_ROLE)) as owner,
        owner.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'studyportal' AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchall() == [("studyportal_app",)]  # nothing runs as the owner

    os.kill(pid_of(var, "gunicorn"), signal.SIGKILL)
    wait_for(lambda: not healthy(url), "the web server to be gone")
    wait_for(lambda: healthy(url), "the web server to be back", patience=30)

    for part in ("gunicorn", "celery", "bin/postgres", "valkey-server"):
        assert pid_of(var, part)
    one.end(signal.SIGKILL)
    wait_for(lambda: not processes_of(var), "every process to end")


def test_psycopg2_is_the_driver():
    """Its COPY is the fastest; Django takes psycopg 3 as soon as that is installed."""
    from django.db import connection

    assert connection.Database is psycopg2
