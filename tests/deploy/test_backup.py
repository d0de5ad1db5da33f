"""A backup as deploy/README.md says: dumped and restored by the superuser, walls and history included."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from apps.enrolment import actions as enrolment
from config import servers
from studyportal.access import walls
from studyportal.embedded import postgres
from studyportal.embedded.places import APP_ROLE, OWNER_ROLE
from tests.cast import Cast

RESTORED = "restored_from_backup"


def program(name: str, role: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [
            str(postgres.installation() / "bin" / name),
            "-h",
            str(servers.places().sockets),
            "-U",
            role,
            *words,
        ],
        env=postgres.environment(),
        capture_output=True,
        check=False,
    )


@pytest.fixture
def empty_database() -> Iterator[str]:
    places = servers.places()
    name = f"{RESTORED}_{connection.settings_dict['NAME']}"
    postgres.execute(places, "postgres", f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    yield name
    postgres.execute(places, "postgres", f"DROP DATABASE {name}")


@pytest.mark.django_db(transaction=True)
def test_a_role_behind_the_wall_cannot_dump_a_part_for_the_whole(cast: Cast, tmp_path: Path) -> None:
    dumped = program("pg_dump", OWNER_ROLE, "--file", str(tmp_path / "x"), connection.settings_dict["NAME"])
    assert dumped.returncode != 0
    assert b"row-level security" in dumped.stderr


@pytest.mark.django_db(transaction=True)
def test_what_was_dumped_comes_back_whole_and_walled(cast: Cast, empty_database: str, tmp_path: Path) -> None:
    participant = enrolment.register(site=cast.mumbai, by=cast.asha)
    file = str(tmp_path / "backup.dump")
    source = connection.settings_dict["NAME"]
    dumped = program("pg_dump", postgres.SUPERUSER, "--format", "custom", "--file", file, source)
    assert dumped.returncode == 0, dumped.stderr.decode()
    restored = program(
        "pg_restore",
        postgres.SUPERUSER,
        "--clean",
        "--if-exists",
        "--exit-on-error",
        "-d",
        empty_database,
        file,
    )
    assert restored.returncode == 0, restored.stderr.decode()

    def ask(sql: str) -> Any:
        cursor.execute(sql)
        return cursor.fetchone()[0]

    with closing(postgres.connect(servers.places(), empty_database)) as own, own.cursor() as cursor:
        assert ask("SELECT code FROM enrolment_participant") == participant.code
        assert ask("SELECT count(*) FROM enrolment_participantevent") == 1
        cursor.execute(f"SET ROLE {APP_ROLE}")
        assert ask("SELECT count(*) FROM enrolment_participant") == 0, "the wall came back with the rows"
        cursor.execute("BEGIN")
        walls.for_cursor(cast.asha)(cursor)
        assert ask("SELECT code FROM enrolment_participant") == participant.code
        with pytest.raises(postgres.psycopg2.errors.InsufficientPrivilege):
            cursor.execute("DELETE FROM enrolment_participantevent")
