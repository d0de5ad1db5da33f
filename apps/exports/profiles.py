"""The de-identified profile of a dataset: no free text, and days from Day 0 instead of dates.

Day 0 is what the visits count from: for a group that the protocol anchors at a session, the day of the visit at
which it places that session, when the visit is done and its date is known to the day; for one anchored at the
index date, the participant's index date. Days are whole days in the calendar of the site. A participant in no
group, or whose Day 0 is not known to the day, has no study days: the value is empty and its reason says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.utils.translation import gettext as _

from apps.enrolment.models import GroupEvent, GroupEventKind
from apps.exports.datasets import Dataset
from apps.visits.models import Anchor, Visit, VisitStatus
from apps.visits.selectors import session_visits
from studyportal import protocol
from studyportal.access.profiles import CODED, DEIDENTIFIED
from studyportal.crf.columns import Column

__all__ = ["CODED", "DEIDENTIFIED", "deidentified", "in_profile"]

# When a record was typed tells the calendar of the site's work, and nothing about the participant. From the hash
# of a record a date can be found again: whoever has the other values tries every day.
WITHHELD = frozenset({"record_created_at", "record_updated_at", "content_sha256"})
DATED = ("date", "datetime", "partial_date")

DAY0_UNKNOWN = "not_derivable: Day 0 unknown"
DAY_UNKNOWN = "not_derivable: day not known"


def in_profile(dataset: Dataset, profile: str) -> Dataset:
    """The dataset as the profile shows it. Raises KeyError for a profile that there is not."""
    return {CODED: lambda: dataset, DEIDENTIFIED: lambda: deidentified(dataset)}[profile]()


def deidentified(dataset: Dataset) -> Dataset:
    return replace(
        dataset,
        columns=tuple(_reduced(dataset)),
        joins=f"{dataset.joins} {day_zero()}",
        profile=DEIDENTIFIED,
    )


def withheld(column: Column) -> bool:
    """Whether the profile leaves the column out. A derived text was typed by nobody: a code or a unit."""
    return column.name in WITHHELD or (column.free_text and not column.derived)


def _reduced(dataset: Dataset) -> Iterator[Column]:
    hidden = {column.field for column in dataset.columns if withheld(column) and column.field}
    dated = {c.name: c for c in dataset.columns if c.type in DATED and c.name not in WITHHELD}
    # The bounds of a partial date share the reason of the date itself.
    bounds = {name for name, column in dated.items() if column.field and column.field != name}
    explained = {f"{name}_absent" for name in set(dated) - bounds}
    present = {column.name for column in dataset.columns}
    for column in dataset.columns:
        if withheld(column) or (column.field and column.field in hidden):
            continue
        if column.name in dated:
            yield as_day(column)
            if column.name not in bounds and f"{column.name}_absent" not in present:
                yield Column(
                    f"{column.name}_absent",
                    _why_absent(column),
                    "code",
                    f"{column.label}: {_('why absent')}",
                    field=column.field,
                )
        elif column.name in explained:
            source = dated[column.name.removesuffix("_absent")]
            yield replace(column, sql=f"coalesce({column.sql}, {_why_absent(source)})")
        else:
            yield column


def as_day(column: Column) -> Column:
    """A date as the number of days from Day 0; a partial date only when its day is known."""
    return replace(
        column,
        name=f"{column.name}_day",
        sql=f"({_calendar_day(column)} - zero.day)",
        type="integer",
        unit="d",
        required=False,
        label=f"{column.label}: {_('study day')}",
        description=_(
            "Whole days from Day 0 (the first session of a case, the index date of a control), in the calendar of"
            " the site; empty when Day 0 or the day itself is not known."
        ),
    )


def _calendar_day(column: Column) -> str:
    if column.type == "partial_date":
        return f"CASE WHEN {_known_to_the_day(column.sql)} THEN ({column.sql})::date END"
    if column.type == "datetime":
        return f"(({column.sql})::timestamptz AT TIME ZONE s.timezone)::date"
    return f"({column.sql})::date"


def _known_to_the_day(expression: str) -> str:
    return f"(length({expression}) = 10 AND left({expression}, 1) <> 'a')"


def _why_absent(column: Column) -> str:
    """A reason where there is a date but no study day."""
    vague = (
        f" WHEN NOT {_known_to_the_day(column.sql)} THEN '{DAY_UNKNOWN}'"
        if column.type == "partial_date"
        else ""
    )
    return (
        f"CASE WHEN ({column.sql}) IS NULL THEN NULL{vague} WHEN zero.day IS NULL THEN '{DAY0_UNKNOWN}' END"
    )


def day_zero() -> str:
    """Joins that give `zero.day`, the participant's Day 0. Built from the protocol and trusted names only."""
    visits: dict[str, list[str]] = {}
    for key, anchor in session_visits().items():
        visits.setdefault(anchor, []).append(key)
    # Who was a control first is a case from the day of the treatment on: visits of before date no session.
    joins = [
        f'LEFT JOIN (SELECT participant_id, max(effective_on) AS day FROM "{GroupEvent._meta.db_table}"'
        f" WHERE kind = '{GroupEventKind.CROSSED_OVER.value}' GROUP BY participant_id) crossing"
        f" ON crossing.participant_id = p.id"
    ]
    cases = []
    for group, described in protocol.current().groups.items():
        if described.anchor == Anchor.INDEX:
            day = "p.index_date"
        else:
            days = []
            for key in visits.get(described.anchor, []):
                alias = f"zero_{len(joins)}"
                joins.append(
                    f'LEFT JOIN "{Visit._meta.db_table}" {alias} ON {alias}.participant_id = p.id'
                    f" AND {alias}.key = {_quoted(key)} AND {alias}.number <= 2"
                    f" AND CASE WHEN crossing.day IS NULL THEN {alias}.number = 1"
                    f" ELSE {alias}.happened_on >= crossing.day END"
                    f" AND {alias}.status = '{VisitStatus.DONE.value}'"
                    f" AND {_known_to_the_day(f'{alias}.happened_on')}"
                )
                days.append(f"{alias}.happened_on::date")
            if described.anchor == Anchor.SESSION_1:
                days.append("crossing.day::date")
            day = f"coalesce({', '.join(days)})" if days else "NULL::date"
        cases.append(f"WHEN {_quoted(group)} THEN {day}")
    chosen = f'CASE p."group" {" ".join(cases)} END' if cases else "NULL::date"
    return f"{' '.join(joins)} CROSS JOIN LATERAL (SELECT {chosen} AS day) zero"


def _quoted(text: str) -> str:
    """A literal; `%` is doubled for nobody: the query takes no parameters."""
    return "'" + text.replace("'", "''") + "'"
