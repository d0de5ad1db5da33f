"""Make the blind keys by which the same person is found at two sites, for the identities that have none."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from studyportal.access.grants import APPLICATION_ROLE
from studyportal.identity import indexing

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Make the blind keys of every identity that has none, or that has those of another IDENTITY_INDEX_KEY, and"
        " compare everybody: after an upgrade, and after identities were brought in past the portal. Run it as the owner"
        " of the database, with the keys of identities."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="only tell whose keys disagree with the identity, and whose records lie before birth, by code",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IDENTITY_CLOSED:
            raise CommandError("This process is closed to identities (IDENTITY=closed); give it the keys.")
        if not indexing.sees_the_index():
            raise CommandError(
                f"The role {APPLICATION_ROLE} sees no blind keys. Run this as the owner of the database: DATABASE_URL of"
                " studyportal_owner, or STUDYPORTAL_DATABASE_ROLE=owner with the embedded servers."
            )
        try:
            found = indexing.check() if options["check"] else indexing.index(say=self.stdout.write)
        except DatabaseError as error:
            raise CommandError(f"Stopped: {error}. What was made stays; run this again to go on.") from error
        self._tell(found, checked=options["check"])

    def _tell(self, found: indexing.Found, *, checked: bool) -> None:
        self.stdout.write(f"{found.rows} identities" + ("" if checked else f", keys made for {found.made}"))
        wrong = 0
        for what, codes in (
            ("no key of this installation opens the identity", found.unopened),
            ("blind keys disagree with the identity: run index_identities", found.disagree),
            ("lies before birth: correct the record or the identity", found.before_birth),
        ):
            wrong += len(codes)
            for code in codes[:SHOWN]:
                self.stderr.write(f"{code}: {what}")
            if len(codes) > SHOWN:
                self.stderr.write(f"… and {len(codes) - SHOWN} more")
        if wrong:
            raise CommandError(f"{wrong} need attention.")
        self.stdout.write("Identities and blind keys agree." if checked else "Everybody is compared.")
