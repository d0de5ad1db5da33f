"""The settings of a deployment, read in a process of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from config import servers

SHOW = """
import json, django
from django.conf import settings as s
names = ["DEBUG", "DEMO", "HTTPS", "SECRET_KEY", "ALLOWED_HOSTS", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE",
         "SECURE_HSTS_SECONDS", "ATOMIC_REQUESTS" if hasattr(s, "ATOMIC_REQUESTS") else "DEBUG", "DATABASES",
         "CELERY_BROKER_URL", "SESSION_COOKIE_NAME", "SECOND_FACTOR_ROLES", "ALLAUTH_TRUSTED_PROXY_COUNT"]
print(json.dumps({n: getattr(s, n) for n in names}, default=lambda v: sorted(v) if isinstance(v, frozenset) else str(v)))
"""


def read(**environment: str) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(
        [sys.executable, "-c", SHOW],
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
        **REAL, SECRET_KEY_FILE=str(tmp_path / "key"), DATABASE_PASSWORD_FILE=str(tmp_path / "password")
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
    real = read(**REAL, SECRET_KEY="x", DATABASE_OWNER_URL=owner, STUDYPORTAL_DATABASE_ROLE="owner")
    assert json.loads(real.stdout)["DATABASES"]["default"]["USER"] == "studyportal_owner"
