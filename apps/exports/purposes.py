"""What an export is for, and whose rows may leave for it: the consent of everybody whom it is about is asked here.

Analysis is what everybody who takes part consented to; those who asked for erasure, or do not let what was collected be
retained, are left out. Sharing holds those alone of whom it is shown that they agreed to it. For both, rows of days after
what was withdrawn stay behind, whenever they were entered.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from psycopg2 import sql

from apps.consent.rules.uses import Ruling, Stop, Use
from apps.consent.selectors import engine
from apps.enrolment.models import Participant


class Purpose(TextChoices):
    ANALYSIS = "analysis", _("Analysis of this study")
    SHARING = "sharing", _("Sharing with others")


@dataclass(frozen=True)
class Leaving:
    """Whose rows may leave. out: participant → why not. only: these and nobody else (None: everybody who is not out).

    stops: participant → what was ended, for the rows of days after it.
    """

    out: Mapping[int, Ruling] = field(default_factory=dict)
    only: frozenset[int] | None = None
    stops: Mapping[int, tuple[Stop, ...]] = field(default_factory=dict)

    def people(self, column: str) -> Iterator[sql.Composable]:
        """Conditions on the participant that a row belongs to."""
        if self.only is not None:
            yield sql.SQL(f"{column} = ANY({{}}::bigint[])").format(sql.Literal(sorted(self.only)))
        elif self.out:
            out = sql.Literal(sorted(self.out))
            yield sql.SQL(f"({column} <> ALL({{}}::bigint[]) OR {column} IS NULL)").format(out)

    def code_of(self, alias: str) -> sql.Composable:
        """The code of another participant whom a row names, where that one may leave, too."""
        conditions = [*self.people(f"{alias}.id")]
        if not conditions:
            return sql.SQL(f"{alias}.code")
        return sql.SQL("CASE WHEN {} THEN {} END").format(conditions[0], sql.SQL(f"{alias}.code"))

    def days(
        self, participant: str, day: str, uses: Collection[Use], always: str
    ) -> Iterator[sql.Composable]:
        """The condition on the day of a row, where anybody ended what the rows are about. always: SQL of rows that are
        kept whatever was ended ("": none)."""
        ended = [
            (pk, stop.on, stop.until)
            for pk, stops in sorted(self.stops.items())
            if pk not in self.out and (self.only is None or pk in self.only)
            for stop in stops
            if stop.use in uses
        ]
        if not ended or not day:
            return
        values = sql.SQL(", ").join(
            sql.SQL("({}, {}, {})").format(sql.Literal(pk), _day(on), _day(until)) for pk, on, until in ended
        )
        kept = sql.SQL(f"{always} OR " if always else "")
        yield sql.SQL(
            f"({{}}NOT EXISTS (SELECT FROM (VALUES {{}}) AS ended (pk, day, until) WHERE ended.pk = {participant}"
            f" AND {day} > ended.day AND ({day} < ended.until OR ended.until IS NULL)))"
        ).format(kept, values)


def _day(day: dt.date | None) -> sql.Composable:
    return sql.SQL("NULL::date") if day is None else sql.SQL("{}::date").format(sql.Literal(day.isoformat()))


# What nobody's consent was asked about: for tests and benchmarks of the datasets themselves.
EVERYTHING = Leaving()


def leaving(purpose: str, site_ids: Iterable[int] | None) -> Leaving:
    """Whose rows of the sites (None: all) may leave for the purpose: one query for analysis, the log for sharing."""
    sites = None if site_ids is None else list(site_ids)
    stops = engine.stops_at(sites)
    if purpose == Purpose.ANALYSIS:
        return Leaving(engine.left_out_of_analysis(stops=stops), None, stops)
    out = engine.left_out(Use.SHARING, sites)
    people = Participant.objects.all() if sites is None else Participant.objects.filter(site_id__in=sites)
    return Leaving(out, frozenset(people.values_list("pk", flat=True)) - out.keys(), stops)


def why(ruling: Ruling) -> str:
    """The reason as a receipt keeps it: a grade of withdrawal, or not_retained, not_consented, unclear."""
    return ruling.reason if ruling.stop is None else ruling.stop.scope


WORDS = {
    "erasure_request": _("erasure requested"),
    "not_retained": _("what was collected is not retained"),
    "not_consented": _("sharing is not agreed to"),
    "unclear": _("it cannot be shown that sharing was agreed to"),
}
