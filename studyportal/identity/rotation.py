"""Sealing every identity and every signed sheet again with the first key, history included, so that old keys may go.

Run by the owner of the database: the application's role cannot change history. In batches, each a transaction;
what was interrupted goes on where it stopped, because a row says which key sealed it.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pgtrigger
from django.db.models import Model

from studyportal.access import walls
from studyportal.audit import acting
from studyportal.audit.selectors import event_model_of
from studyportal.identity import papers, sealing
from studyportal.identity.errors import CannotBeOpened
from studyportal.identity.models import Identity, Paper

BATCH = 500
# A sheet may have ten megabytes: so many are in memory at once.
BATCH_OF_PAPERS = 10
REASON = "Keys of identities rotated"
Say = Callable[[str], None]


@dataclass
class Found:
    """What stands in one table: rows by the key that sealed them, those that no key opens, indexes of another key."""

    rows: int = 0
    by_key: Counter[str] = field(default_factory=Counter)
    unopened: list[str] = field(default_factory=list)
    stale_indexes: int = 0
    changed: int = 0


def tables() -> tuple[tuple[str, type[Model]], ...]:
    return (("identities", Identity), ("history", event_model_of(Identity)), ("papers", Paper))


def check() -> dict[str, Found]:
    """Open every row and compare its index, changing nothing."""
    report = {name: Found() for name, _model in tables()}
    for name, model in tables():
        _for_each(model, functools.partial(_look, found=report[name]))
    return report


def rotate(*, reindex: bool = False, say: Say = lambda line: None) -> dict[str, Found]:
    """Seal again what the first key did not seal; reindex: make every blind index anew, too."""
    report = {name: Found() for name, _model in tables()}
    # History before the rows: sealing a row again adds to the history, with the first key already.
    for name, model in reversed(tables()):
        found = report[name]

        def renew(row: Any, found: Found = found) -> None:
            plain = _look(row, found)
            if plain is not None and _renew(row, plain, reindex=reindex):
                found.changed += 1

        _for_each(model, renew, lock=True, after_each=functools.partial(_tell, name, found, say))
    return report


def _tell(name: str, found: Found, say: Say) -> None:
    say(f"{name}: {found.rows} looked at, {found.changed} sealed again")


def _for_each(
    model: type[Model],
    act: Callable[[Any], object],
    *,
    lock: bool = False,
    after_each: Callable[[], None] = lambda: None,
) -> None:
    """Every row in the order of the keys; a batch is a transaction of its own."""
    last, size = 0, BATCH_OF_PAPERS if model is Paper else BATCH
    while True:
        with walls.whole_study(), acting(source="command", reason=REASON):
            rows = model._default_manager.filter(pk__gt=last).order_by("pk")
            batch = list((rows.select_for_update() if lock else rows)[:size])
            for row in batch:
                act(row)
        if not batch:
            return
        last = batch[-1].pk
        after_each()


def _look(row: Any, found: Found) -> Any:
    found.rows += 1
    found.by_key[row.key_id] += 1
    try:
        if isinstance(row, Paper):
            return papers.plain(row)
        person = sealing.unseal(
            row.sealed, row.key_id, participant_id=row.participant_id, site_id=row.site_id
        )
    except CannotBeOpened as error:
        found.unopened.append(f"{row._meta.verbose_name} {row.pk}: {error.why}")
        return None
    if row.hospital_number_index != sealing.index_of(person.hospital_number, row.site_id):
        found.stale_indexes += 1
    return person


def _renew(row: Any, plain: Any, *, reindex: bool) -> bool:
    if isinstance(row, Paper):
        return _renew_paper(row, plain)
    return _renew_identity(row, plain, reindex=reindex)


def _renew_paper(row: Paper, content: bytes) -> bool:
    if row.key_id == sealing.first_key_id():
        return False
    whose: dict[str, Any] = {
        "participant_id": row.participant_id, "site_id": row.site_id, "sha256": row.sha256
    }  # fmt: skip
    sealed, key_id = sealing.seal_paper(content, **whose)
    # Nothing takes the place of a sheet that does not open to the same: `unseal_paper` compares its hash.
    sealing.unseal_paper(sealed, key_id, **whose)
    with pgtrigger.ignore("identity.Paper:append_only"):
        Paper.objects.filter(pk=row.pk).update(sealed=sealed, key_id=key_id)
    return True


def _renew_identity(row: Any, person: Any, *, reindex: bool) -> bool:
    values: dict[str, Any] = {}
    if row.key_id != sealing.first_key_id():
        values["sealed"], values["key_id"] = sealing.seal(
            person, participant_id=row.participant_id, site_id=row.site_id
        )
        again = sealing.unseal(
            values["sealed"], values["key_id"], participant_id=row.participant_id, site_id=row.site_id
        )
        if again != person:
            raise CannotBeOpened("what was sealed again does not open to the same")
    if reindex:
        index = sealing.index_of(person.hospital_number, row.site_id)
        if index != row.hospital_number_index:
            values["hospital_number_index"] = index
    if not values:
        return False
    # The version is the content's and stays; history rows are kept from everybody but the owner.
    with pgtrigger.ignore("identity.IdentityEvent:append_only"):
        type(row)._default_manager.filter(pk=row.pk).update(**values)
    return True
