"""The codes of the logs as people read them."""

from __future__ import annotations

from django.utils.translation import gettext as _


def road_words(road: str) -> str:
    """How a change or a look came about."""
    return {
        "page": _("page"),
        "api": _("API"),
        "import": _("import"),
        "job": _("job"),
        "command": _("command"),
        "database": _("database, outside the portal"),
    }.get(road, road)
