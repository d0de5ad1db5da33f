"""Phone and recovery codes are lost: `manage.py reset_second_factor asha`, after making sure who asks."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from studyportal.access.models import User
from studyportal.access.signing_in import second_factor


class Command(BaseCommand):
    help = "Remove a person's second factors, so that new ones can be set up. The password is left as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user “{options['username']}”.")
        count = second_factor.reset(user=user)
        self.stdout.write(f"{user.get_username()}: {count} second factor(s) removed.")
