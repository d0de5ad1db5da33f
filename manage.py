#!/usr/bin/env python
"""Django's command line. Without DATABASE_URL or REDIS_URL it uses the embedded servers (docs/decisions)."""

import os
import sys

# What changes the schema runs as the database's owner; everything else as the application role.
OWNER_COMMANDS = {
    "migrate",
    "makemigrations",
    "flush",
    "sqlmigrate",
    "squashmigrations",
    "pgtrigger",
    "close_logs",
}
WITHOUT_SERVERS = {
    *("help", "version", "--help", "--version", "check", "collectstatic", "findstatic"),
    *("makemessages", "compilemessages", "spectacular", "diffsettings", "startapp"),
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command in OWNER_COMMANDS:
        os.environ["STUDYPORTAL_DATABASE_ROLE"] = "owner"
    from config import servers

    held = servers.lease_if_embedded() if command not in WITHOUT_SERVERS else None
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    finally:
        if held is not None:
            held.release()


if __name__ == "__main__":
    main()
