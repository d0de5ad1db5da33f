"""Two whole worlds, Mumbai's and Pune's, whose identifiers never meet: what a hostile person tries is always foreign.

Every identifier of Pune's world is at or above `worlds.floor`, every one of Mumbai's below it, whatever the table. So
an address or a body of tomorrow needs no entry here: it is tried with every identifier that Pune has.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models
from django.utils import timezone

from apps.celldose.actions import near_misses, numbers
from apps.celldose.models import IdentityReading, LabelPrint
from apps.consent import actions as consent
from apps.enrolment import actions as enrolment
from apps.exports.models import ExportReceipt
from apps.outcomes.models import OutcomeTable
from apps.visits import actions as visits
from studyportal import protocol
from studyportal.access import tokens
from studyportal.access.grants import is_log
from studyportal.access.models import Membership, Site, User
from studyportal.files import actions as files
from studyportal.imports import actions as imports
from studyportal.imports import registry
from studyportal.jobs.models import Job
from studyportal.queries import actions as queries
from tests.approvals import approval_of, approve, none_at
from tests.apps.consent.factories import an_entry_with_a_sheet
from tests.apps.safety.reported import a_kept_report, an_alert
from tests.cast import Cast
from tests.studyportal.files.samples import PDF
from tests.world import World

OURS = [m for m in apps.get_models(include_auto_created=True) if m._meta.managed]
# What any request may add to: it says that somebody came, not that anything changed.
COMES_AND_GOES = {
    "pghistory_context",
    "django_session",
    "axes_accessattempt",
    "axes_accessfailurelog",
    "axes_accesslog",
}


@dataclass
class Held:
    """A world with what stands beside its forms."""

    world: World
    owner: User
    site: Site
    others: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return str(self.world.participant.code)


@dataclass
class Worlds:
    cast: Cast
    mumbai: Held
    pune: Held
    floor: int

    def foreign_numbers(self) -> list[int]:
        """Every whole-number key that Pune has, of whatever table."""
        return self._numbers(lambda pk: pk >= self.floor)

    def own_numbers(self) -> list[int]:
        return self._numbers(lambda pk: pk < self.floor)

    def _numbers(self, wanted: Callable[[int], bool]) -> list[int]:
        found: set[int] = set()
        for model in OURS:
            told = hasattr(model, "pgh_tracked_model") or not model.__module__.startswith(
                ("apps.", "studyportal.")
            )
            if not told and isinstance(model._meta.pk, models.AutoField):
                found |= {pk for pk in model._base_manager.values_list("pk", flat=True) if wanted(pk)}
        return sorted(found)


def build(cast: Cast, as_owner: Callable[[], AbstractContextManager[None]]) -> Worlds:
    _begin_at(_highest() + 1_000, as_owner)
    mumbai = _held(cast, cast.mumbai, cast.rao, cast.asha)
    floor = _highest() + 100_000
    _begin_at(floor, as_owner)
    investigator = User.objects.create(username="patil", display_name="Dr Patil")
    Membership.objects.create(user=investigator, role="investigator", site=cast.pune, valid_from="2020-01-01")
    return Worlds(cast, mumbai, _held(cast, cast.pune, investigator, cast.vikram), floor)


def _held(cast: Cast, site: Site, investigator: User, coordinator: User) -> Held:
    none_at(site)  # those of the cast were numbered before the worlds
    approve(site, by=investigator)
    participant = enrolment.register(
        site=site, by=cast.meera, group="case", retrospective=True, label="World"
    )
    visit = visits.record(participant=participant, key="BL", by=coordinator, happened_on="2016-11-01")
    world = World(cast=_as(cast, rao=investigator), participant=participant, visit=visit).fill()
    held = Held(world, coordinator, site)
    held.others["query"] = queries.raise_query(participant=participant, message="Sure?", by=cast.meera)
    held.others["deviation"] = world.deviation
    held.others["consent"] = consent.record_event(
        participant=participant, kind="oral_assent", by=coordinator, signed_on="2016-10-01"
    )
    held.others["sheet"] = an_entry_with_a_sheet(participant, coordinator)
    held.others["job"] = Job.objects.create(kind="nothing", requester=coordinator, params={})
    held.others["import"] = imports.upload(
        importer=registry.get("screening-list"), site=site, file_name=f"{site.code}.csv", by=coordinator,
        content=b"list_number,screened_on\n1,2026-03-01\n2,03/04/2016\n",
    )  # fmt: skip
    held.others["token"], held.others["secret"] = tokens.issue(by=coordinator, name="script")
    held.others["document"] = files.add_delegation_document(
        user=coordinator, site=site, kind="gcp_certificate", valid_from="2026-01-01", by=cast.admin,
        upload=SimpleUploadedFile("sheet.pdf", PDF),
    )  # type: ignore[arg-type]  # fmt: skip
    held.others["site-approval"] = approval_of(site)
    held.others["approval-suspension"] = enrolment.suspend_approval(
        approval=approval_of(site),
        by=investigator,
        kind="suspended",
        from_on="2001-01-01",
        reason="Inspection",
    )
    held.others["consent-document"] = world.consent_document
    held.others["safety-report"] = a_kept_report(world.records["adverse-event"], investigator)
    held.others["safety-alert"] = an_alert(world.records["cell-product"], world.records["adverse-event"])
    now = held.others["query"].opened_at
    held.others |= _of_custody(world.records["cell-product"], coordinator)
    held.others["receipt"] = ExportReceipt.objects.create(
        id=_uuid(), requester=coordinator, source="api", dataset="demographics", filters={}, sites=[site.code],
        protocol_version=protocol.current().version, started_at=now, complete=True, rows=0, bytes=0, sha256="0" * 64,
    )  # fmt: skip
    return held


def _of_custody(product: Any, by: User) -> dict[str, Any]:
    """What stands beside the forms of a product: written past the gates, since the world's product is infused."""
    of: dict[str, Any] = {"site": product.site, "participant": product.participant, "product": product}
    return {
        "reading": IdentityReading.objects.create(
            **of, step="collection", reader=by, reader_name=str(by), reader_role="", how="typed", identifier_read="D-1",
            participant_code_read="x", matches=False, read_at=timezone.now(),
        ),
        "near-miss": near_misses.note(product=product, step="infusion", code="expired", message="Late.", by=by),
        "label-print": LabelPrint.objects.create(
            **of, identifier="D-1", size="product", print_number=1, copies=1, file_sha256="0" * 64, printed_by=by
        ),
        "donation-number": numbers.allocate(site=product.site, by=by),
    }  # fmt: skip


def _uuid() -> Any:
    import uuid

    return uuid.uuid4()


def _as(cast: Cast, **changes: Any) -> Cast:
    from dataclasses import replace

    return replace(cast, **changes)


def _highest() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(last_value), 0) FROM pg_sequences WHERE schemaname = 'public'")
        return int(cursor.fetchone()[0])


def _begin_at(number: int, as_owner: Callable[[], AbstractContextManager[None]]) -> None:
    """Every key that is given from now on is at least this."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(format('public.%%I', sequencename)::regclass, %s) FROM pg_sequences WHERE schemaname = 'public'"
            " AND sequencename NOT LIKE 'django%%' AND sequencename NOT LIKE 'auth%%'",
            [number],
        )


# --- Nothing changed -------------------------------------------------------------------------------------


def tables() -> list[str]:
    """Every table that must stay as it is; of logs of looks, only that nothing was taken away is asked elsewhere."""
    looks = {m._meta.db_table for m in OURS if is_log(m) and m.__name__ in ("Look", "AccessLogEntry")}
    standing = set(connection.introspection.table_names())
    return sorted(({m._meta.db_table for m in OURS} & standing) - COMES_AND_GOES - looks)


@functools.cache
def _statement() -> str:
    return " UNION ALL ".join(
        f"SELECT '{table}', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM \"{table}\" t"
        for table in tables()
    )


def state() -> dict[str, tuple[int, int]]:
    """Table → number of rows, and a checksum of all their columns."""
    with connection.cursor() as cursor:
        cursor.execute(_statement())
        return {table: (rows, int(checksum)) for table, rows, checksum in cursor.fetchall()}


@contextmanager
def nothing_changed(said: str = "") -> Iterator[None]:
    """Whatever happens inside leaves every table as it was, history included."""
    before = state()
    yield
    after = state()
    changed = {table: (before[table], after[table]) for table in before if before[table] != after[table]}
    assert not changed, f"{said} changed {changed}"


PARTICIPANT = apps.get_model(settings.PARTICIPANT_MODEL)
__all__ = ["OURS", "PARTICIPANT", "Held", "OutcomeTable", "Worlds", "build", "nothing_changed", "state"]
