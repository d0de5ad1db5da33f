"""A page of a list by the key of its neighbours: one query, whatever the depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet


@dataclass(frozen=True)
class KeyPage:
    """Rows in the order of the list; `after` and `before` are the keys behind and before which its neighbours lie
    ("" for no neighbour)."""

    rows: Sequence[Any]
    after: str = ""
    before: str = ""


def page_by_key(
    found: QuerySet[Any],
    *,
    key: str = "id",
    newest_first: bool = True,
    after: Any = None,
    before: Any = None,
    size: int = 50,
) -> KeyPage:
    """The rows behind the key `after`, or those just before the key `before`, in the order of the list.

    newest_first: the list falls by its key; otherwise it rises. Both keys left out: the first page.
    """
    falls, rises = (f"-{key}", key) if newest_first else (key, f"-{key}")
    behind, ahead = (f"{key}__lt", f"{key}__gt") if newest_first else (f"{key}__gt", f"{key}__lt")
    if before:
        rows = list(found.filter(**{ahead: before}).order_by(rises)[: size + 1])
        more_before, more_after = len(rows) > size, True
        rows = rows[:size][::-1]
    else:
        if after:
            found = found.filter(**{behind: after})
        rows = list(found.order_by(falls)[: size + 1])
        more_before, more_after = bool(after), len(rows) > size
        rows = rows[:size]
    return KeyPage(
        rows,
        after=str(getattr(rows[-1], key)) if rows and more_after else "",
        before=str(getattr(rows[0], key)) if rows and more_before else "",
    )
