"""Every test runs on a real PostgreSQL with the rights of the application's role, which owns nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.db.backends.signals import connection_created

from config import servers
from studyportal.embedded import Lease, lease
from studyportal.embedded.clean import remove_outside
from studyportal.embedded.places import APP_ROLE
from tests.cast import api, cast, page  # noqa: F401 (fixtures)
from tests.world import bare_world, world  # noqa: F401 (fixtures)

_held: list[Lease] = []


def pytest_configure(config: pytest.Config) -> None:
    """The session's servers; xdist's workers use the controller's."""
    if not hasattr(config, "workerinput"):
        _held.append(lease(servers.places().var, fast=True))


def pytest_unconfigure(config: pytest.Config) -> None:
    while _held:
        _held.pop().release()


# --- The roles -------------------------------------------------------------------------------------------


def _become_application(connection: Any, **_: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {APP_ROLE}")


@contextmanager
def _as_owner() -> Iterator[None]:
    """Inside, the connection is the owner of the tables again."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    try:
        yield
    finally:
        # An aborted transaction refuses statements, and gives the role back itself when rolled back.
        if not connection.needs_rollback and connection.connection is not None:
            with connection.cursor() as cursor:
                cursor.execute(f"SET ROLE {APP_ROLE}")


def _migrations_fingerprint() -> str:
    root = servers.BASE_DIR
    files = sorted(p for top in ("studyportal", "apps") for p in (root / top).glob("*/migrations/*.py"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest) -> bool:
    """Keep the test database while no migration changed; `--create-db` makes it anew in any case."""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    mark = servers.places().var / f"migrations-{worker}"
    now = _migrations_fingerprint()
    same = mark.exists() and mark.read_text() == now and not request.config.getvalue("create_db")
    mark.unlink(missing_ok=True)
    request.addfinalizer(lambda: mark.write_text(now) if _set_up else None)
    return same


_set_up: list[bool] = []


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_use_migrations: bool,
    django_db_keepdb: bool,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """As pytest-django's, except that the database is always left for the next session of this slot."""
    from django.core.management.commands import flush
    from django.test.utils import setup_databases

    with django_db_blocker.unblock():
        setup_databases(verbosity=0, interactive=False, keepdb=django_db_keepdb, serialized_aliases=[])
        _set_up.append(True)
        connection_created.connect(_become_application, dispatch_uid="tests.become_application")
        _become_application(connection)

    # Transactional tests empty the tables afterwards, which only the owner may.
    plain_handle = flush.Command.handle

    def handle(self: Any, *args: Any, **options: Any) -> Any:
        with _as_owner():
            return plain_handle(self, *args, **(options | {"allow_cascade": True}))

    flush.Command.handle = handle  # type: ignore[method-assign]
    yield
    flush.Command.handle = plain_handle  # type: ignore[method-assign]
    connection_created.disconnect(dispatch_uid="tests.become_application")
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture
def as_owner(db: None) -> Callable[[], AbstractContextManager[None]]:
    """`with as_owner():` for what the application's role may not do."""
    return _as_owner


@pytest.fixture
def eager_jobs() -> Iterator[None]:
    """Celery tasks run at once, in this process; an error in a task is raised."""
    from config.celery import app

    before = app.conf.task_always_eager, app.conf.task_eager_propagates
    app.conf.task_always_eager, app.conf.task_eager_propagates = True, True
    yield
    app.conf.task_always_eager, app.conf.task_eager_propagates = before


# --- The whole portal ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunningPortal:
    """Its tests are marked e2e and run in one process (see the Makefile), against one portal."""

    url: str
    var: Path


# The tests of the running portal all come from one address, and sign in more often than people do.
RATES_OF_THE_PORTAL = ("RATE_PERSON", "RATE_STRANGER", "RATE_TOKENS", "RATE_WRONG_TOKENS")


@pytest.fixture(scope="session")
def running_portal() -> Iterator[RunningPortal]:
    """The portal with its demo study and jobs, as `make demo` starts it; STUDYPORTAL_URL names one that runs."""
    if url := os.environ.get("STUDYPORTAL_URL"):
        yield RunningPortal(url, Path(os.environ.get("STUDYPORTAL_DEMO_VAR", servers.BASE_DIR / "var")))
        return
    var = servers.places().var / "portal"
    shutil.rmtree(var, ignore_errors=True)
    var.mkdir(parents=True)
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("STUDYPORTAL", "DJANGO", "PYTEST"))
    } | dict.fromkeys(RATES_OF_THE_PORTAL, "1000000")
    process = subprocess.Popen(
        [sys.executable, "-m", "studyportal.embedded.demo", "--var", str(var), "--port", "18400"],
        cwd=servers.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("StudyPortal is ready: "):
                yield RunningPortal(line.split()[-1], var)
                break
        else:
            pytest.fail(f"The portal did not start:\n{said}", pytrace=False)
    finally:
        process.terminate()
        process.communicate(timeout=60)
        remove_outside(var)


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """Where tests leave screenshots and the like; not committed."""
    directory = servers.BASE_DIR / "artefacts"
    directory.mkdir(exist_ok=True)
    return directory
