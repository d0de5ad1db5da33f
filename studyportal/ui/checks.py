"""System checks of the user interface."""

from typing import Any

from django.core.checks import CheckMessage, Warning
from django.urls import NoReverseMatch, reverse

from studyportal.ui.icons import ICONS
from studyportal.ui.navigation import registered


def navigation_points_somewhere(**_: Any) -> list[CheckMessage]:
    """ui.W001: an entry of the navigation names a URL that does not exist; ui.W002: an icon that does not."""
    found: list[CheckMessage] = []
    for item in registered():
        try:
            reverse(item.url_name)
        except NoReverseMatch:
            found.append(
                Warning(
                    f"The navigation entry “{item.label}” names the URL {item.url_name!r}, which does not exist.",
                    hint="Correct url_name where the entry is registered, or add the URL (without arguments).",
                    id="ui.W001",
                )
            )
        if item.icon not in ICONS:
            found.append(
                Warning(
                    f"The navigation entry “{item.label}” names the icon {item.icon!r}, which does not exist.",
                    hint="Choose one of the names in studyportal/ui/icons.py.",
                    id="ui.W002",
                )
            )
    return found
