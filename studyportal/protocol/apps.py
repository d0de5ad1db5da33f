import sys
from pathlib import Path

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured


class ProtocolConfig(AppConfig):
    name = "studyportal.protocol"
    label = "protocol"

    def ready(self) -> None:
        from studyportal.protocol import ProtocolError, checks, current  # noqa: F401  (registers the check)

        if _is_command():
            return  # the system check protocol.E001 says it, without a traceback
        try:
            current()
        except ProtocolError as error:
            # Web and worker run no system checks: they must not start on a wrong protocol either.
            raise ImproperlyConfigured(str(error)) from None


def _is_command() -> bool:
    """Whether this is manage.py or django-admin, which run the system checks before they work."""
    return bool(sys.argv) and Path(sys.argv[0]).name in {"manage.py", "django-admin", "django-admin.py"}
