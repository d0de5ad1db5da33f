"""`manage.py add_administrator --username …`: the first person who gives the others their roles."""

from __future__ import annotations

import sys
from typing import Any

import pghistory
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from studyportal.access import delegation, people
from studyportal.access.models import User
from studyportal.access.refusals import NotDone


class Command(BaseCommand):
    help = (
        "Make the first administrator. With --password-stdin the password is read from standard input; otherwise a"
        " temporary one is printed, to be changed at the first sign-in."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--username", required=True, help="small letters, digits, dots, hyphens")
        parser.add_argument("--name", default="", help="the person's name; left out: the user name")
        parser.add_argument("--email", default="")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )
        parser.add_argument(
            "--force", action="store_true", help="also when there is an administrator already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if delegation.administrators(timezone.localdate()).exists() and not options["force"]:
            raise CommandError(
                "There is an administrator already, who adds people in the portal. When nobody can sign in as one"
                " any more, run this with --force."
            )
        chosen = sys.stdin.readline().rstrip("\r\n") if options["password_stdin"] else ""
        try:
            with transaction.atomic(), pghistory.context(source="command", reason="add_administrator"):
                user, password = people.add_user(
                    username=options["username"],
                    display_name=options["name"] or options["username"],
                    email=options["email"],
                    by=None,
                )
                if options["password_stdin"]:
                    self._set_password(user, chosen)
                delegation.grant(
                    user=user, role="administrator", site=None, by=None, reason="Set up at the server"
                )
        except NotDone as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{user.username} is administrator of the whole study.")
        if not options["password_stdin"]:
            self.stdout.write(f"Temporary password, shown this once: {password}")

    def _set_password(self, user: User, chosen: str) -> None:
        try:
            validate_password(chosen, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        user.set_password(chosen)
        user.password_is_temporary = False
        user.save(update_fields=["password", "password_is_temporary"])
