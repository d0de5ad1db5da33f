"""`manage.py rotate_identity_keys [--check] [--reindex]`: seal every identity and signed sheet again with the first key."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from studyportal.access.grants import APPLICATION_ROLE
from studyportal.audit.selectors import event_model_of
from studyportal.identity import indexing, rotation, sealing
from studyportal.identity.models import Identity

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Seal every identity, its history and every signed sheet again with the first of IDENTITY_KEYS. Put the new key first, keep the old"
        " ones after it, restart the portal, run this as the owner of the database, then remove the old keys."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="only open everything, and tell what is sealed with which key",
        )
        parser.add_argument(
            "--reindex",
            action="store_true",
            help="also make the blind indexes anew, of hospital numbers and of persons, after IDENTITY_INDEX_KEY changed",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IDENTITY_CLOSED:
            raise CommandError("This process is closed to identities (IDENTITY=closed); give it the keys.")
        if options["check"] and options["reindex"]:
            raise CommandError("--check changes nothing and --reindex does: give one of the two.")
        if not options["check"]:
            self._require_owner()
        try:
            report = (
                rotation.check()
                if options["check"]
                else rotation.rotate(reindex=options["reindex"], say=self.stdout.write)
            )
            if options["reindex"]:
                indexing.index(say=self.stdout.write)
            self._stale_keys = (
                len(indexing.check().disagree) if options["check"] and indexing.sees_the_index() else 0
            )
        except DatabaseError as error:
            raise CommandError(
                f"Stopped: {error}. What was sealed stays sealed; run this again to go on."
            ) from error
        self._tell(report, checked=options["check"])

    def _require_owner(self) -> None:
        table = event_model_of(Identity)._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute("SELECT has_table_privilege(current_user, %s, 'UPDATE')", [table])
            if cursor.fetchone() != (True,):
                raise CommandError(
                    f"The role {APPLICATION_ROLE} may not change history. Run this as the owner of the database:"
                    " DATABASE_URL of studyportal_owner, or STUDYPORTAL_DATABASE_ROLE=owner with the embedded servers."
                )

    def _tell(self, report: dict[str, rotation.Found], *, checked: bool) -> None:
        known = sealing.key_ids()
        for name, found in report.items():
            self.stdout.write(
                f"{name}: {found.rows} rows" + ("" if checked else f", {found.changed} changed")
            )
            if checked:
                for key, count in sorted(found.by_key.items()):
                    where = (
                        "the first key"
                        if key == known[0]
                        else "an old key"
                        if key in known
                        else "not known here"
                    )
                    self.stdout.write(f"  {count} sealed with {key} ({where})")
                if found.stale_indexes:
                    self.stdout.write(f"  {found.stale_indexes} with an index of another key: run --reindex")
        if self._stale_keys:
            self.stdout.write(f"{self._stale_keys} persons with blind keys of another key: run --reindex")
        unopened = [line for found in report.values() for line in found.unopened]
        for line in unopened[:SHOWN]:
            self.stderr.write(line)
        if len(unopened) > SHOWN:
            self.stderr.write(f"… and {len(unopened) - SHOWN} more")
        if unopened:
            raise CommandError(
                f"{len(unopened)} rows cannot be opened with the keys of this installation and stay as they are."
            )
        if not checked:
            self.stdout.write("Everything is sealed with the first key. The other keys may be removed.")
        elif any(set(found.by_key) - {known[0]} for found in report.values()):
            self.stdout.write(
                "Other keys than the first are in use: run this without --check, then remove them."
            )
