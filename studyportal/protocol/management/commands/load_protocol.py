from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from studyportal.protocol import ProtocolError, current, load
from studyportal.protocol.actions import VersionTaken, register_version


class Command(BaseCommand):
    help = "Register the version of the protocol file. The same text again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--file", help="Another file than PROTOCOL_FILE, for a trial; nothing else uses it."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            protocol = load(options["file"]) if options["file"] else current()
            version, created = register_version(protocol)
        except (ProtocolError, VersionTaken) as error:
            raise CommandError(str(error)) from error
        said = "registered" if created else "already registered"
        self.stdout.write(f"Protocol {version.key} {version.version} {said} ({version.sha256[:12]}…).")
