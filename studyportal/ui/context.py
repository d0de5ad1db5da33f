"""What the shell needs on every page beside the navigation."""

import importlib
import logging
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from studyportal.ui.banners import banners_for

logger = logging.getLogger(__name__)

THEMES = ("light", "dark")
THEME_COOKIE = "theme"


def theme_of(request: HttpRequest) -> str:
    """The theme that this browser remembers: "light", "dark" or "" (as the system says)."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def _protocol() -> Any:
    # Imported late: `protocol` stands beside `ui` on the ground, and an error page must render without it.
    try:
        return importlib.import_module("studyportal.protocol").current()
    except Exception:  # the shell must also draw the page that reports a broken protocol
        logger.debug("The shell has no protocol to show", exc_info=True)
        return None


def protocol_version() -> str:
    """The version of the protocol in force, or "" when none can be had."""
    return str(getattr(_protocol(), "version", "") or "")


def study_name() -> str:
    """`settings.STUDY_NAME`, else the protocol's short title, else "StudyPortal"."""
    named = getattr(settings, "STUDY_NAME", "")
    if named:
        return str(named)
    study = getattr(_protocol(), "study", None)
    for attribute in ("short_title", "short_name", "acronym", "title", "name"):
        value = getattr(study, attribute, None)
        if value:
            return str(value)
    return "StudyPortal"


def role_labels(user: Any) -> list[str]:
    """The person's roles in words, from `user.role_labels` (attribute or method)."""
    if user is None or not user.is_authenticated:
        return []
    labels = getattr(user, "role_labels", ())
    return [str(label) for label in (labels() if callable(labels) else labels)]


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `ui_theme`, `ui_languages`, `study_name`, `protocol_version`, `user_label`, `user_roles`, `banners`.

    What needs the database is lazy, so that the error page still comes out when the database is away.
    """
    user = getattr(request, "user", None)
    return {
        "ui_theme": theme_of(request),
        "ui_languages": (("en", "English"), ("hi", "हिन्दी"), ("mr", "मराठी")),
        "study_name": SimpleLazyObject(study_name),
        "protocol_version": SimpleLazyObject(protocol_version),
        "banners": SimpleLazyObject(lambda: banners_for(request)),
        "user_roles": SimpleLazyObject(lambda: role_labels(user)),
        "user_label": SimpleLazyObject(lambda: getattr(user, "display_name", "") or str(user or "")),
    }
