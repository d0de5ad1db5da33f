"""How far the review has come, by site and form."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studyportal.access.models import Site
from studyportal.api import csv_cells
from studyportal.crf import signing
from studyportal.review.kinds import Kind, kinds
from studyportal.review.selectors import fetch

# (site, form) → how many records the protocol expects by now.
Expected = Callable[[Collection[int]], Mapping[tuple[int, str], int]]

_expected: list[Expected] = []

COUNTS = ("expected", "records", "complete", "verified", "signed", "locked")
HEADER = ("site", "form", *COUNTS, "complete_percent", "verified_percent", "signed_percent", "locked_percent")


def register_expected(expected: Expected) -> Expected:
    """Of the app that knows visits: how many forms are expected at the sites, in a fixed number of queries."""
    if expected not in _expected:
        _expected.append(expected)
    return expected


@dataclass(frozen=True)
class Counted:
    """One form at one site; site "" and form "": several of them together. expected: 0 where nothing is expected of it."""

    site: str
    form: str
    title: str
    expected: int = 0
    records: int = 0
    complete: int = 0
    verified: int = 0
    signed: int = 0
    locked: int = 0

    @property
    def whole(self) -> int:
        """Of how many records the parts are counted: those that are there, and those that are expected and are not."""
        return max(self.expected, self.records)

    def percent(self, part: str) -> int | None:
        """Whole per cent, rounded down, so that 100 is all; None of nothing."""
        return self.share(int(getattr(self, part)))

    def share(self, part: int) -> int | None:
        return None if not self.whole else part * 100 // self.whole


def by_form(sites: Sequence[Site]) -> list[Counted]:
    """Site by site, form by form; what is neither there nor expected is left out. One query, and that of the visits."""
    of = {form: kind for form, kind in kinds().items() if kind.spec is not None}
    if not sites or not of:
        return []
    ids = [site.pk for site in sites]
    branches = [_branch(kind) for kind in of.values()]
    params = [value for _kind in of for value in (ids, ids, ids, ids)]
    counted = {(site, form): counts for form, site, *counts in fetch(" UNION ALL ".join(branches), params)}
    expected: dict[tuple[int, str], int] = {}
    for one in _expected:
        expected |= one(ids)
    found = []
    for site in sites:
        for form, kind in of.items():
            counts = counted.get((site.pk, form), [0] * 5)
            due = expected.get((site.pk, form), 0)
            if due or counts[0]:
                found.append(Counted(site.code, form, kind.title, due, *counts))
    return found


def by_site(rows: Iterable[Counted]) -> list[Counted]:
    """The forms of each site together, in the order of the rows."""
    sites: dict[str, list[Counted]] = {}
    for row in rows:
        sites.setdefault(row.site, []).append(row)
    return [together(own, site=site) for site, own in sites.items()]


def together(rows: Sequence[Counted], *, site: str = "", form: str = "", title: str = "") -> Counted:
    return Counted(site, form, title, *(sum(getattr(row, name) for row in rows) for name in COUNTS))


def as_csv(rows: Iterable[Counted]) -> Iterator[str]:
    """Line by line: the counts of each form at each site, and whole per cents (empty: of nothing)."""
    return csv_cells.lines(HEADER, (_values(row) for row in rows))


def _values(row: Counted) -> list[Any]:
    shares = [row.percent(name) for name in COUNTS[2:]]
    return [
        row.site,
        row.form,
        *(getattr(row, name) for name in COUNTS),
        *("" if share is None else share for share in shares),
    ]


def _branch(kind: Kind) -> str:
    """Each table of events is read once and joined: not asked for each record."""
    assert kind.spec is not None
    names = ", ".join(f"'{name}'" for name in kind.asked_fields)
    by_fields = (
        f" OR count(*) FILTER (WHERE k.stands AND k.field IN ({names})) = {len(kind.asked_fields)}"
        if names
        else ""
    )
    marks = kind.marks("v.site_id = ANY(%s::bigint[])")
    return (
        f"SELECT '{kind.form}', rec.site_id, count(*), count(*) FILTER (WHERE {kind.complete}),"
        f" count(*) FILTER (WHERE {kind.complete} AND v.verified), count(*) FILTER (WHERE s.object_id IS NOT NULL),"
        f" count(*) FILTER (WHERE l.act = 'locked') FROM {kind.table} rec"
        f" LEFT JOIN (SELECT k.object_id, bool_or(k.field = '' AND k.stands){by_fields} AS verified"
        f" FROM ({marks}) k GROUP BY 1) v ON v.object_id = rec.id"
        f" LEFT JOIN (SELECT DISTINCT t.object_id FROM signatures_signature t WHERE t.form = '{kind.form}'"
        f" AND t.site_id = ANY(%s::bigint[]) AND NOT {signing.changed_later_sql([kind.spec])}) s"
        " ON s.object_id = rec.id"
        " LEFT JOIN (SELECT DISTINCT ON (o.object_id) o.object_id, o.act FROM review_lock o"
        f" WHERE o.form = '{kind.form}' AND o.act IN ('locked', 'unlocked') AND o.site_id = ANY(%s::bigint[])"
        " ORDER BY o.object_id, o.id DESC) l ON l.object_id = rec.id"
        " WHERE rec.site_id = ANY(%s::bigint[]) GROUP BY 2"
    )
