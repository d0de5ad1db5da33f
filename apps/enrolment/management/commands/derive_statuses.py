"""Derive the status of every participant anew, after an upgrade that tells it otherwise."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from apps.enrolment.actions import refresh_statuses
from studyportal.access import walls
from studyportal.audit import acting


class Command(BaseCommand):
    help = "Derive the status of every participant from what is on record; says how many changed."

    def handle(self, *args: Any, **options: Any) -> None:
        with walls.whole_study(), acting(source="command", reason="Statuses derived anew"):
            changed, total = refresh_statuses()
        self.stdout.write(f"{total} participants, {changed} with another status than before.")
