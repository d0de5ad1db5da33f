"""The settings of a deployment, read in a process of their own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config import servers

SHOW = """
import json, django
from django.conf import settings as s
names = ["DEBUG", "DEMO", "HTTPS", "SECRET_KEY", "ALLOWED_HOSTS", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
         "SECURE_HSTS_SECONDS", "ATOMIC_REQUESTS" if hasattr(s, "ATOMIC_REQUESTS") else "DEBUG", "DATABASES",
         "CELERY_BROKER_URL", "SESSION_COOKIE_NAME", "SECOND_FACTOR_ROLES", "ALLAUTH_TRUSTED_PROXY_COUNT"]
print(json.dumps({n: getattr(s, n) for n in names}, default=lambda v: sorted(v) if isinstance(v, frozenset) else str(v)))
"""


def read(show: str = SHOW, /, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(
        [sys.executable, "-c", show],
        cwd=servers.BASE_DIR,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


REAL = {"DATABASE_URL": "postgres://studyportal_app@db:5432/studyportal", "REDIS_URL": "redis://redis:6379/0"}


def test_real_servers_without_a_key_are_refused():
    done = read(**REAL)
    assert done.returncode != 0
    assert "Set SECRET_KEY, or SECRET_KEY_FILE" in done.stderr


def test_an_unreadable_key_file_is_named(tmp_path: Path):
    done = read(**REAL, SECRET_KEY_FILE=str(tmp_path / "absent"))
    assert done.returncode != 0
    assert "SECRET_KEY_FILE names" in done.stderr


def test_a_deployment_is_closed_and_secret(tmp_path: Path):
    (tmp_path / "key").write_text("from the file\n")
    (tmp_path / "password").write_text("pass@word\n")
    done = read(
        **REAL,
        SECRET_KEY_FILE=str(tmp_path / "key"),
        DATABASE_PASSWORD_FILE=str(tmp_path / "password"),
        IDENTITY="closed",
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["SECRET_KEY"] == "from the file"
    assert (found["DEBUG"], found["DEMO"], found["HTTPS"]) == (False, False, True)
    assert found["SESSION_COOKIE_SECURE"] and found["CSRF_COOKIE_SECURE"]
    assert found["SECURE_HSTS_SECONDS"] == 31_536_000
    assert found["SESSION_COOKIE_NAME"] == "__Host-sessionid"
    assert (found["SECOND_FACTOR_ROLES"], found["ALLAUTH_TRUSTED_PROXY_COUNT"]) == (["all"], 1)
    assert found["ALLOWED_HOSTS"] == []
    database = found["DATABASES"]["default"]
    assert (database["USER"], database["HOST"], database["PASSWORD"]) == (
        "studyportal_app",
        "db",
        "pass@word",
    )
    assert found["CELERY_BROKER_URL"] == REAL["REDIS_URL"]


def test_without_variables_it_is_the_demo_on_embedded_servers(tmp_path: Path):
    first, second = (json.loads(read(STUDYPORTAL_VAR=str(tmp_path)).stdout) for _ in range(2))
    assert (first["DEBUG"], first["DEMO"], first["HTTPS"]) == (False, True, False)
    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert first["DATABASES"]["default"]["USER"] == "studyportal_app"
    assert "localhost" in first["ALLOWED_HOSTS"]
    assert (first["SESSION_COOKIE_NAME"], first["SECOND_FACTOR_ROLES"]) == ("sessionid", [])


def test_the_migration_is_the_owner(tmp_path: Path):
    embedded = json.loads(read(STUDYPORTAL_VAR=str(tmp_path), STUDYPORTAL_DATABASE_ROLE="owner").stdout)
    assert embedded["DATABASES"]["default"]["USER"] == "studyportal_owner"
    owner = "postgres://studyportal_owner@db/studyportal"
    real = read(
        **REAL, SECRET_KEY="x", IDENTITY="closed", DATABASE_OWNER_URL=owner, STUDYPORTAL_DATABASE_ROLE="owner"
    )
    assert json.loads(real.stdout)["DATABASES"]["default"]["USER"] == "studyportal_owner"


# --- The keys of identities ------------------------------------------------------------------------------

SHOW_IDENTITY = """
import json, django
from django.conf import settings as s
print(json.dumps([s.IDENTITY_CLOSED, s.IDENTITY_KEYS, s.IDENTITY_INDEX_KEY]))
"""
FIRST, SECOND, INDEX = "first" + "0a" * 40, "second" + "0b" * 40, "index" + "0c" * 40


def test_real_servers_without_the_keys_of_identities_are_refused(tmp_path: Path):
    done = read(**REAL, SECRET_KEY="x")
    assert done.returncode != 0
    assert "Set IDENTITY_KEYS, or IDENTITY_KEYS_FILE" in done.stderr
    done = read(**REAL, SECRET_KEY="x", IDENTITY_KEYS=FIRST)
    assert done.returncode != 0
    assert "Set IDENTITY_INDEX_KEY, or IDENTITY_INDEX_KEY_FILE" in done.stderr
    assert FIRST not in done.stderr


@pytest.mark.parametrize("separator", [",", "\n", " ,\n"])
def test_keys_are_read_from_variable_and_file(tmp_path: Path, separator: str):
    (tmp_path / "keys").write_text(f"{FIRST}{separator}{SECOND}\n")
    for keys in (
        {"IDENTITY_KEYS_FILE": str(tmp_path / "keys")},
        {"IDENTITY_KEYS": f"{FIRST}{separator}{SECOND}"},
    ):
        done = read(SHOW_IDENTITY, **REAL, SECRET_KEY="x", IDENTITY_INDEX_KEY=INDEX, **keys)
        assert json.loads(done.stdout) == [False, [FIRST, SECOND], INDEX], done.stderr


def test_a_closed_process_has_none_of_them(tmp_path: Path):
    done = read(SHOW_IDENTITY, **REAL, SECRET_KEY="x", IDENTITY="closed", IDENTITY_KEYS=FIRST)
    assert json.loads(done.stdout) == [True, [], ""]


def test_the_demo_makes_its_own_once(tmp_path: Path):
    first, second = (json.loads(read(SHOW_IDENTITY, STUDYPORTAL_VAR=str(tmp_path)).stdout) for _ in range(2))
    assert first == second
    assert len(first[1]) == 1
    for name in ("identity_keys", "identity_index_key"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


# --- The key of checkpoints, and mail --------------------------------------------------------------------

SHOW_CHECKPOINTS = """
import json, django
from django.conf import settings as s
print(json.dumps([s.CHECKPOINT_KEYS, s.CHECKPOINT_RECIPIENTS, s.MAIL_IS_SET_UP, s.EMAIL_BACKEND.split(".")[-2],
                  getattr(s, "EMAIL_HOST", "")]))
"""


def test_a_process_may_be_without_the_key_of_checkpoints():
    done = read(SHOW_CHECKPOINTS, **REAL, SECRET_KEY="x", IDENTITY="closed")
    assert json.loads(done.stdout)[:4] == [[], [], False, "dummy"], done.stderr


def test_the_key_of_checkpoints_and_the_mail_server_are_read_from_files(tmp_path: Path):
    (tmp_path / "key").write_text(f"{FIRST}\n{SECOND}\n")
    (tmp_path / "mail").write_text(f"smtp+tls://portal:{'secret'}@mail.example:587\n")
    (tmp_path / "none").write_text("")
    given = {
        "CHECKPOINT_KEY_FILE": str(tmp_path / "key"),
        "CHECKPOINT_RECIPIENTS": "a@hospital.example,b@hospital.example",
    }
    done = read(
        SHOW_CHECKPOINTS,
        **REAL,
        SECRET_KEY="x",
        IDENTITY="closed",
        **given,
        EMAIL_URL_FILE=str(tmp_path / "mail"),
    )
    people = ["a@hospital.example", "b@hospital.example"]
    assert json.loads(done.stdout) == [[FIRST, SECOND], people, True, "smtp", "mail.example"], done.stderr
    done = read(
        SHOW_CHECKPOINTS,
        **REAL,
        SECRET_KEY="x",
        IDENTITY="closed",
        **given,
        EMAIL_URL_FILE=str(tmp_path / "none"),
    )
    assert json.loads(done.stdout)[2:4] == [False, "dummy"], done.stderr


def test_the_demo_makes_its_key_of_checkpoints_once_and_writes_mail_into_files(tmp_path: Path):
    first, second = (
        json.loads(read(SHOW_CHECKPOINTS, STUDYPORTAL_VAR=str(tmp_path)).stdout) for _ in range(2)
    )
    assert first == second
    assert (len(first[0]), first[2:4]) == (1, [True, "filebased"])
    assert (tmp_path / "checkpoint_key").stat().st_mode & 0o077 == 0


def test_the_image_is_built_without_keys():
    """The variables with which the Dockerfile collects static files are enough to read the settings."""
    line = next(x for x in (servers.BASE_DIR / "Dockerfile").read_text().split("&&") if "SECRET_KEY=" in x)
    given = dict(re.findall(r"([A-Z_]+)=(\S+)", line))
    done = read(**given, DEMO="off")
    assert done.returncode == 0, done.stderr
