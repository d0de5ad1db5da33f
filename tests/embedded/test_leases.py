"""The servers run exactly as long as somebody uses them."""

import os
import signal
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from config import servers
from studyportal.embedded import EmbeddedError, Places, lease, postgres, valkey
from studyportal.embedded.leases import keeper_runs, wait_until_stopped
from studyportal.embedded.places import APP_ROLE, OWNER_ROLE
from tests.embedded.conftest import processes_of, wait_for


def test_a_start_that_fails_says_why_and_leaves_nothing(var: Path):
    Places.at(var).servers.mkdir(parents=True)
    Places.at(var).postgres_data.mkdir()
    (Places.at(var).postgres_data / "PG_VERSION").write_text("9\n")  # not a cluster of ours
    with pytest.raises(EmbeddedError, match="PostgreSQL ended with status"):
        lease(var, fast=True)
    wait_for(lambda: not processes_of(var), "the keeper to end")


def test_the_last_lease_stops_the_servers(var: Path):
    first = lease(var, fast=True)
    second = lease(var, fast=True)
    places = first.places
    assert (first.started, second.started) == (True, False)
    first.release()
    with pytest.raises(Exception, match="still used"):
        wait_until_stopped(places, patience=0.6)
    assert valkey.answers(places)
    second.release()
    wait_until_stopped(places)
    wait_for(lambda: not processes_of(var), "the servers to end")
    with lease(var, fast=True) as third:  # and they can be had again
        assert third.started
        assert valkey.answers(places)


def test_a_killed_holder_gives_its_lease_back(var: Path):
    program = "import sys, time; from studyportal.embedded import lease; held = lease(sys.argv[1], fast=True); print('up', flush=True); time.sleep(60)"
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(var)], cwd=servers.BASE_DIR, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "up\n"
    assert keeper_runs(Places.at(var))
    holder.kill()
    holder.communicate()
    wait_for(lambda: not processes_of(var), "the servers to end")


def test_a_killed_keeper_takes_its_servers_with_it(var: Path):
    with lease(var, fast=True):
        os.kill(int((var / "keeper.pid").read_text()), signal.SIGKILL)
        wait_for(lambda: len(processes_of(var)) == 0, "the servers to end")
    with lease(var, fast=True) as again:
        assert again.started


def test_the_roles_own_what_they_should(var: Path):
    with lease(var, fast=True) as held:
        places = held.places
        assert stat.S_IMODE(places.sockets.stat().st_mode) == 0o700
        assert stat.S_IMODE(places.postgres_data.stat().st_mode) == 0o700
        with closing(postgres.connect(places, "studyportal", APP_ROLE)) as app, app.cursor() as cursor:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute("CREATE TABLE mine (x int)")
            cursor.execute(
                "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
            )
            assert cursor.fetchone() == (False, False, False, False)
            cursor.execute("SELECT count(*) FROM pg_auth_members WHERE member = %s::regrole", [APP_ROLE])
            assert cursor.fetchone() == (0,)
        with closing(postgres.connect(places, "studyportal", OWNER_ROLE)) as owner, owner.cursor() as cursor:
            cursor.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
            assert cursor.fetchone() == (False, False)
            cursor.execute("CREATE TABLE diary (x int generated always as identity, y int)")
            cursor.execute("SELECT current_setting('timezone')")
            assert cursor.fetchone() == ("UTC",)
        with closing(postgres.connect(places, "studyportal", APP_ROLE)) as app, app.cursor() as cursor:
            cursor.execute("INSERT INTO diary (y) VALUES (1)")
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute("TRUNCATE diary")
