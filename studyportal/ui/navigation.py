"""The main navigation. Apps register their entries; the context processor shows each person what is theirs."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry as an app declares it.

    `permission` is a value of `access.permissions.Permission`; the entry shows for whom
    `request.user.may(permission)` is true, and for everybody signed in when it is "". `count` gives the number
    beside the entry, or None for no number; it is asked on every page, so it must be one cheap query.
    """

    label: str | Promise
    url_name: str
    permission: str = ""
    order: int = 100
    icon: str = "circle"
    count: Callable[[HttpRequest], int | None] | None = None


@dataclass(frozen=True, slots=True)
class NavLink:
    """An entry as the shell draws it."""

    label: str | Promise
    url: str
    icon: str
    active: bool
    count: int | None


_registered: dict[str, NavItem] = {}


def register(item: NavItem) -> NavItem:
    """Add an entry; the same URL name again replaces it, so that a reload does no harm."""
    _registered[item.url_name] = item
    return item


def registered() -> tuple[NavItem, ...]:
    """All entries in the order in which they are shown."""
    return tuple(sorted(_registered.values(), key=lambda item: (item.order, item.url_name)))


def _permitted(request: HttpRequest, item: NavItem) -> bool:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return False
    if not item.permission:
        return True
    may: Callable[[str], bool] | None = getattr(user, "may", None)
    return may is not None and may(item.permission)


def links_for(request: HttpRequest) -> list[NavLink]:
    """The entries this person may open. The one whose address is the longest beginning of the path is active."""
    shown: list[tuple[NavItem, str]] = []
    for item in registered():
        if not _permitted(request, item):
            continue
        try:
            shown.append((item, reverse(item.url_name)))
        except NoReverseMatch:
            # A page must not fail because of a wrong entry; the check ui.W001 names it at start-up.
            logger.warning("Navigation: no URL is named %r", item.url_name)
    inside = [url for _, url in shown if request.path == url or (url != "/" and request.path.startswith(url))]
    active = max(inside, key=len, default=None)
    return [
        NavLink(item.label, url, item.icon, url == active, item.count(request) if item.count else None)
        for item, url in shown
    ]


def navigation(request: HttpRequest) -> dict[str, SimpleLazyObject]:
    """Context processor: `navigation`, the links of the main navigation, found when a template asks."""
    return {"navigation": SimpleLazyObject(lambda: links_for(request))}
