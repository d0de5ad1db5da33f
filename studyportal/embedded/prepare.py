"""What must be true before the portal serves: schema, protocol, static files. One process, quick when done.

`STUDYPORTAL_DATABASE_ROLE=owner python -m studyportal.embedded.prepare`, run by the supervisor.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import django

from studyportal.embedded.places import APP_ROLE


def migrate() -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False)


def load_protocol() -> None:
    """As the application's role, whose rights the portal has later."""
    from django.core.management import call_command, get_commands
    from django.db import connection

    if "load_protocol" not in get_commands():
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s AND pg_has_role(oid, 'SET')", [APP_ROLE])
        if cursor.fetchone():
            cursor.execute(f"SET ROLE {APP_ROLE}")
    call_command("load_protocol")


def collect_static() -> None:
    """Collect only when a static file changed since the last time."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            source = Path(storage.path(path))
            digest.update(f"{path} {source.stat().st_size} {source.stat().st_mtime_ns}\n".encode())
    mark = Path(settings.STATIC_ROOT) / ".collected"
    if mark.exists() and mark.read_text() == digest.hexdigest():
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    mark.write_text(digest.hexdigest())


def main() -> None:
    django.setup()
    migrate()
    load_protocol()
    collect_static()


if __name__ == "__main__":
    main()
