"""`manage.py makemessages`: as Django's, and it finds the sentences of pure code, which are marked by `said`.

The catalogues are written to `locale/<language>/LC_MESSAGES/django.po` of the project. `%(name)s` in a template of
`said` is checked by msgfmt as in any other text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.commands import makemessages


class Command(makemessages.Command):
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=said:1", "--keyword=lazy:1"]

    def handle(self, *args: Any, **options: Any) -> None:
        options["ignore_patterns"] = [
            *(options["ignore_patterns"] or []),
            ".venv",
            "tests/*",
            "demo/*",
            "*/migrations/*",
        ]
        Path(settings.LOCALE_PATHS[0]).mkdir(exist_ok=True)
        super().handle(*args, **options)
