import json
from typing import Any

from django.core.management.base import BaseCommand

from studyportal.protocol.selectors import json_schema


class Command(BaseCommand):
    help = "Print the JSON Schema of the protocol file, for editors and other tools."
    requires_system_checks: list[str] = []  # it helps to mend a wrong protocol

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False))
