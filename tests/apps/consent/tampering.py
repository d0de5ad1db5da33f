"""What somebody can do who owns the database: the log changed past every guard, as each of the tests needs it."""

from __future__ import annotations

import datetime as dt
import itertools
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.db import connection

from apps.consent.chain_content import Rows
from apps.consent.models import ChainHead, ConsentEvent
from apps.consent.rules import canonical
from tests.apps.consent.factories import an_event

EVENTS = "consent_consentevent"
_days = itertools.count()


def a_later_entry(participant: Any, by: Any, **more: Any) -> ConsentEvent:
    """One more entry, of a day that no other entry of the tests has: the same twice is refused."""
    on = dt.date(2024, 3, 1) + dt.timedelta(days=next(_days) % 700)
    return an_event(participant, "copy_given", by, on.isoformat(), **more)


def run(statement: str, params: Any = ()) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)
        return cursor.fetchall() if cursor.description else None


class Owner:
    """The owner of the tables, with the triggers put to sleep."""

    def __init__(self, as_owner: Callable[[], AbstractContextManager[None]]) -> None:
        self._as_owner = as_owner

    def does(self, *statements: str) -> None:
        with self._as_owner():
            run("SET CONSTRAINTS ALL IMMEDIATE")
            run(f"ALTER TABLE {EVENTS} DISABLE TRIGGER USER")
            for statement in statements:
                run(statement)
            run("SET CONSTRAINTS ALL IMMEDIATE")
            run(f"ALTER TABLE {EVENTS} ENABLE TRIGGER USER")

    def rechains(self) -> None:
        """Every hash anew, in the order of the numbers, with new salts and a head to fit: nothing inside shows it."""
        number, before, statements = 0, canonical.FIRST, []
        for read in Rows(ConsentEvent).numbered():
            number += 1
            salt = secrets.token_hex(16)
            content = canonical.content_sha256(read.content | {"salt": salt})
            sha256 = canonical.link(number, before, content)
            statements.append(
                f"UPDATE {EVENTS} SET sequence = {number}, salt = '{salt}', content_sha256 = '{content}',"
                f" previous_sha256 = '{before}', sha256 = '{sha256}' WHERE id = {read.content['id']}"
            )
            before = sha256
        self.does(*statements, f"UPDATE consent_chainhead SET count = {number}, sha256 = '{before}'")

    def edits(self, number: int = 3) -> None:
        self.does(f"UPDATE {EVENTS} SET signed_on = '2024-01-01' WHERE sequence = {number}")

    def deletes(self, *numbers: int, head: bool = False) -> None:
        self.does(
            f"DELETE FROM {EVENTS} WHERE sequence IN ({', '.join(map(str, numbers))})",
            *([HEAD_TO_FIT] if head else []),
        )

    def truncates(self) -> None:
        self.does(f"DELETE FROM {EVENTS}", "UPDATE consent_chainhead SET count = 0, sha256 = ''")

    def exchanges_contents(self, a: int = 2, b: int = 4) -> None:
        """The links of two entries stay where they are, and everything else changes places."""
        chain = ("sequence", "content_sha256", "previous_sha256", "sha256")
        self.does(
            # Numbers are unique: by a place that nobody has.
            *(f"UPDATE {EVENTS} SET sequence = -{n}, sha256 = 'x{n}' WHERE sequence = {n}" for n in (a, b)),
            *(
                f"UPDATE {EVENTS} e SET {', '.join(f'{c} = $${v}$$' for c, v in zip(chain, values, strict=True))}"
                f" WHERE sequence = -{other}"
                for (values, other) in ((self._chain_of(a), b), (self._chain_of(b), a))
            ),
        )

    def exchanges_numbers(self, a: int = 2, b: int = 4) -> None:
        self.does(
            f"UPDATE {EVENTS} SET sequence = -1 WHERE sequence = {a}",
            f"UPDATE {EVENTS} SET sequence = {a} WHERE sequence = {b}",
            f"UPDATE {EVENTS} SET sequence = {b} WHERE sequence = -1",
        )

    def back_dates(self, number: int = 4) -> None:
        self.does(
            f"UPDATE {EVENTS} SET entered_at = entered_at - interval '40 days' WHERE sequence = {number}"
        )

    def edits_and_rechains(self, number: int = 3) -> None:
        self.edits(number)
        self.rechains()

    @staticmethod
    def _chain_of(number: int) -> tuple[Any, ...]:
        one = ConsentEvent.objects.get(sequence=number)
        return one.sequence, one.content_sha256, one.previous_sha256, one.sha256


HEAD_TO_FIT = (
    "UPDATE consent_chainhead SET (count, sha256) ="
    f" (SELECT sequence, sha256 FROM {EVENTS} ORDER BY sequence DESC LIMIT 1)"
)


def head() -> ChainHead:
    return ChainHead.objects.get()
