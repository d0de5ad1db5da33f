"""What stands on every page until somebody settles it. Apps register what they have; the shell shows it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import Error as DatabaseError
from django.http import HttpRequest
from django.utils.functional import Promise

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Banner:
    """One line above the page. `tone` is one of `states.TONES`; `url` leads to where it is settled, in the words of
    `action`."""

    text: str | Promise
    url: str = ""
    action: str | Promise = ""
    tone: str = "bad"
    label: str | Promise = ""


Source = Callable[[HttpRequest], Sequence[Banner]]

_sources: dict[str, Source] = {}


def register(source: Source) -> Source:
    """Add a source of banners. It is asked on every page of everybody who is signed in, so it must be one cheap query,
    or none for whom it does not concern. The same function again replaces itself."""
    _sources[f"{source.__module__}.{source.__qualname__}"] = source
    return source


def banners_for(request: HttpRequest) -> list[Banner]:
    """Of all sources, in the order in which they registered; none for who is not signed in.

    A page must come out also when the database is away: a source that fails is told in the log.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    found: list[Banner] = []
    for source in _sources.values():
        try:
            found += source(request)
        except DatabaseError:
            logger.exception("The banners of %s could not be had", source.__module__)
    return found
