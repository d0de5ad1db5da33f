"""The blind keys of everybody, made for identities that have none yet or anew with another key, and compared.

Run by the owner of the database, the only one who sees the index, and where the keys of identities are. In batches,
each a transaction; what was interrupted goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from studyportal.access import walls
from studyportal.audit import acting
from studyportal.identity import crossing, rules, signals
from studyportal.identity.errors import CannotBeOpened
from studyportal.identity.models import Identity, PersonIndex
from studyportal.identity.selectors import opened

BATCH = 500
REASON = "Blind keys of identities made"
Say = Callable[[str], None]


@dataclass
class Found:
    """disagree: participants whose keys in the index are missing, old or of nobody; before_birth: participant and what
    of the records lies before the birth; unopened: identities that no key opens. By code, never a value."""

    rows: int = 0
    made: int = 0
    disagree: list[str] = field(default_factory=list)
    before_birth: list[str] = field(default_factory=list)
    unopened: list[str] = field(default_factory=list)


def sees_the_index() -> bool:
    """Whether the connection is the owner's: the wall shows the index to nobody else."""
    table = PersonIndex._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = %s::regclass",
            [table],
        )
        return bool(cursor.fetchone() == (True,))


def check() -> Found:
    """Compare every identity with its keys and with the dates on record, changing nothing."""
    found = Found()
    with walls.whole_study():
        orphans = PersonIndex.objects.exclude(participant_id__in=Identity.objects.values("participant_id"))
        found.disagree += [row.participant.code for row in orphans.select_related("participant")]

    def look(row: Identity, person: Any) -> None:
        if not crossing.agrees(row, person):
            found.disagree.append(row.participant.code)
        _look_before_birth(row, person, found)

    _for_each(look, found)
    return found


def index(say: Say = lambda line: None) -> Found:
    """Make the keys that are missing or of another key, all of them first; then compare everybody who has new ones:
    while only some are made anew, nobody is taken for somebody who no longer agrees."""
    found = Found()

    def make(row: Identity, person: Any) -> None:
        if not crossing.agrees(row, person):
            crossing.put(row, person)
            found.made += 1

    _for_each(make, found, after_each=lambda: say(f"{found.rows} looked at, {found.made} keys made"))
    waiting = PersonIndex.objects.filter(identity_version=0).values("participant_id")
    _for_each(crossing.compare, Found(), only=waiting, before_each=crossing.stand_in_line)
    return found


def _look_before_birth(row: Identity, person: Any, found: Found) -> None:
    first = rules.earliest_birth(person.birth_date)
    if first is None:
        return
    answers: Any = signals.birth_date_asked.send(sender=type(row.participant), participant=row.participant)
    found.before_birth += [
        f"{row.participant.code}: {one.label}"
        for _r, answer in answers
        for one in answer
        if one.latest < first
    ]


def _for_each(
    act: Callable[[Identity, Any], object],
    found: Found,
    *,
    only: Any = None,
    before_each: Callable[[], None] = lambda: None,
    after_each: Callable[[], None] = lambda: None,
) -> None:
    """Every identity that opens, in the order of the keys; a batch is a transaction of its own."""
    last = 0
    while True:
        with walls.whole_study(), acting(source="command", reason=REASON):
            before_each()
            rows = Identity.objects.filter(pk__gt=last).select_related("participant").order_by("pk")
            batch = list((rows if only is None else rows.filter(participant_id__in=only))[:BATCH])
            for row in batch:
                found.rows += 1
                try:
                    person = opened(row)
                except CannotBeOpened:
                    found.unopened.append(row.participant.code)
                    continue
                act(row, person)
        if not batch:
            return
        last = batch[-1].pk
        after_each()
