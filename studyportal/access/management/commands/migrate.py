"""Django's `migrate`, with an empty database filled in seconds (studyportal.access.quick_migrations)."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from studyportal.access.quick_migrations import quick


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with quick():
            super().handle(*args, **options)
