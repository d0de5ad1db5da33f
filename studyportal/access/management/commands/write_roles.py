"""`manage.py write_roles`: writes docs/roles.md from the declaration of the roles."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from studyportal.access.matrix import as_markdown


class Command(BaseCommand):
    help = "Write docs/roles.md, the matrix of roles and permissions."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "roles.md"
        path.write_text(as_markdown(), encoding="utf-8")
        self.stdout.write(f"{path} is written.")
