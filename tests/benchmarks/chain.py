"""What the chain of the consent log costs: an entry beside a bare INSERT of the same row, and verifying beside reading."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from tests.benchmarks.limits import connect
from tests.benchmarks.portal import Portal
from tests.benchmarks.report import Report, ms, per_second, percentile

ONE_BY_ONE = 400
WRITERS = 20
OF_EACH = 15


def chain(portal: Portal, report: Report, *, entries: int) -> None:
    """Writing one by one, by many at once and many in one statement; then verifying what is there."""
    _prepare(portal)
    bare = [_timed(_bare_insert) for _n in range(ONE_BY_ONE)]
    linked = [_timed(_entry) for _n in range(ONE_BY_ONE)]
    limit, ours = percentile(bare, 0.5), percentile(linked, 0.5)
    report.add("entry of the log beside a bare INSERT, p50", ms(ours), ms(limit), f"{ours / limit:.2f} ×")
    limit, ours = _at_once(_bare_insert), _at_once(_entry)
    report.add(
        f"entries by {WRITERS} writers beside bare INSERTs",
        per_second(ours, 1),
        per_second(limit, 1),
        f"{ours / limit:.2f} ×",
    )
    limit = _timed(lambda: _many(entries, bare=True))
    ours = _timed(lambda: _many(entries, bare=False))
    report.add(
        f"{entries:,} entries in one transaction beside bare INSERTs",
        ms(ours),
        ms(limit),
        f"{ours / limit:.2f} ×",
    )
    reading = min(_timed(_read) for _n in range(3))
    verifying = min(_timed(_verify) for _n in range(3))
    report.add(
        f"verifying {_count():,} entries beside reading the rows",
        ms(verifying),
        ms(reading),
        f"{verifying / reading:.2f} ×",
    )
    linking = min(_timed(_read_links) for _n in range(3))
    report.add("links alone beside reading the rows", ms(linking), ms(reading), f"{linking / reading:.2f} ×")


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# The table of the log with its indexes, and without what makes it a chain.
BARE = "bench_consentevent"


def _prepare(portal: Portal) -> None:
    with closing(connect(portal.places)) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {BARE}")
        cursor.execute(f"CREATE TABLE {BARE} (LIKE consent_consentevent INCLUDING ALL)")
        cursor.execute(f"GRANT ALL ON {BARE} TO studyportal_app")


def _event(**more: Any) -> Any:
    from django.utils import timezone

    from apps.consent.models import ConsentEvent
    from apps.enrolment.models import Participant
    from studyportal.access.models import User

    global _participant, _user
    if _participant is None:
        _participant = Participant.objects.select_related("site").order_by("id").first()
        _user = User.objects.order_by("id").first()
    return ConsentEvent(
        site=_participant.site, participant=_participant, kind="consent", purposes=["participation", "procedure"],
        document_version="2.0", document_language="mr", ethics_approval_number="EC/2024/7", signed_on="2024-02-01",
        age_at_signature=25, signer="participant", obtained_by="Investigator 3", audio_visual="recorded",
        copy_given=True, entered_at=timezone.now(), entered_by=_user, **more,
    )  # fmt: skip


_participant: Any = None
_user: Any = None
_number = 0
_lock = threading.Lock()


def _entry() -> None:
    from studyportal.access import walls

    with walls.whole_study():
        _event().save()


def _raw(event: Any) -> list[Any]:
    """The columns of a row as the bare INSERT gives them; hashes are made up, as they cost nothing."""
    global _number
    with _lock:
        _number += 1
        number = _number
    event.pk, event.sequence, event.salt = number, number, "0" * 32
    event.content_sha256 = event.previous_sha256 = "a" * 64
    event.sha256 = f"{number:064}"
    from django.db import connection

    return [
        field.get_db_prep_save(getattr(event, field.attname), connection)
        for field in type(event)._meta.concrete_fields
    ]


def _statement(rows: int) -> str:
    from apps.consent.models import ConsentEvent

    columns = [f'"{field.column}"' for field in ConsentEvent._meta.concrete_fields]
    row = f"({', '.join(['%s'] * len(columns))})"
    return f"INSERT INTO {BARE} ({', '.join(columns)}) VALUES {', '.join([row] * rows)}"


def _bare_insert() -> None:
    from django.db import connection

    from studyportal.access import walls

    with walls.whole_study(), connection.cursor() as cursor:
        cursor.execute(_statement(1), _raw(_event()))


def _many(entries: int, *, bare: bool) -> None:
    from django.db import connection

    from apps.consent.models import ConsentEvent
    from studyportal.access import walls

    batch = 1000
    with walls.whole_study(), connection.cursor() as cursor:
        for _start in range(0, entries, batch):
            events = [_event() for _n in range(batch)]
            if bare:
                cursor.execute(_statement(batch), [value for event in events for value in _raw(event)])
            else:
                ConsentEvent.objects.bulk_create(events)


def _at_once(work: Callable[[], None]) -> float:
    """Entries a second of all writers together, each on a connection of its own."""
    from django.db import connection

    gate = threading.Barrier(WRITERS + 1)

    def write() -> None:
        try:
            connection.ensure_connection()
            gate.wait()
            for _n in range(OF_EACH):
                work()
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _n in range(WRITERS)]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return WRITERS * OF_EACH / (time.perf_counter() - began)


def _read() -> None:
    """The same rows by the same batches, without looking at them."""
    from apps.consent.chain_content import Rows
    from apps.consent.models import ConsentEvent
    from studyportal.access import walls

    class Unread(Rows):
        def _read(self, row: Any) -> Any:
            return row

    with walls.whole_study():
        for _row in Unread(ConsentEvent).numbered():
            pass


def _read_links() -> None:
    from apps.consent import chain
    from studyportal.access import walls

    with walls.whole_study():
        last = 0
        while found := chain.links(last, 2000):
            last = found[-1][0]


def _verify() -> None:
    from apps.consent.actions.chain import verify
    from studyportal.access import walls

    with walls.whole_study():
        outcome = verify().outcome
    if not outcome.intact:
        raise RuntimeError(f"The log is not intact: {outcome.faults[:3]}")


def _count() -> int:
    from apps.consent.models import ChainHead

    return ChainHead.objects.get().count
