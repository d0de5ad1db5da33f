"""Lists that stand beside the deviations, of apps above: what an app registers here has a page under /deviations/.

A deviation happened; a near miss was stopped. Both are read by the same people, but studyportal imports no app, so
the app says which rows it has and how one of them is shown.

    register(Listing(key="near-misses", title=_("Near misses"), rows=…, line=…))

Register in `AppConfig.ready`. The page narrows by site and participant and pages by key, a fixed number of queries.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from studyportal.access.models import User
from studyportal.ui.parts import Text


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is shown: when, at which step, what was stopped, what was read or typed, who stood there.

    url: the page of the thing it is about, "" where the reader may not open it.
    """

    at: dt.datetime
    what: Text
    detail: Text = ""
    step: Text = ""
    about: Text = ""
    who: Text = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of an app.

    rows(user): a QuerySet of a SiteScoped model with a `participant`, visible to the user for VIEW_SAFETY, with
    `site`, `participant` and whatever `line` reads already selected; listed by id, newest first.
    line(row, user): asks no query.
    """

    key: str
    title: Text
    purpose: Text
    rows: Callable[[User], QuerySet[Any]]
    line: Callable[[Any, User], Line]
    empty: Text = ""


_registered: dict[str, Listing] = {}


def register(listing: Listing) -> Listing:
    """Add a list; the same key again replaces it."""
    _registered[listing.key] = listing
    return listing


def registered() -> tuple[Listing, ...]:
    """All lists, by key."""
    return tuple(_registered[key] for key in sorted(_registered))


def listing(key: str) -> Listing | None:
    return _registered.get(key)
