"""The second wall around a site: PostgreSQL itself shows and takes only rows of the sites that a person reaches.

The first wall is `visible_to(user)` in every query. This one stands under it, in the database, on every table of
participant level and on its history: a query without its filter still finds nothing of another site. What a person
reaches is said once per transaction, in settings that end with it; a connection that nobody spoke for sees nothing.

    with walls.opened(user): …        whatever no request brings: jobs, streams
    with walls.whole_study(): …       commands, which act for no person

Requests enter by `access.declare`. The policies are put on the tables after each migration (`build`), by what the
model says: its `site`, or `wall = "identity" | "own" | "log" | …` (`KINDS`). See docs/decisions/0014-row-level-security.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, fields
from typing import Any

from django.apps import apps
from django.db import connection, connections, models, transaction
from psycopg2.errors import InsufficientPrivilege

from studyportal.access.models import ALL_SITES, AllSites, SiteScoped, User
from studyportal.access.permissions import CHANGES_ROWS, READING, Permission
from studyportal.access.standing import settle

ALL = "all"

# For whom the wall shows rows; identities have a wall of their own.
SHOWS_ROWS = CHANGES_ROWS | READING - {Permission.VIEW_IDENTITY}

Sites = frozenset[int] | AllSites


@dataclass(frozen=True)
class Reach:
    """What the database is told: the person's id, and the sites of each kind of row."""

    person: int | None = None
    read: Sites = frozenset()
    write: Sites = frozenset()
    identity_read: Sites = frozenset()
    identity_write: Sites = frozenset()
    duplicates: Sites = frozenset()
    unmask: Sites = frozenset()

    def statement(self) -> tuple[str, list[str]]:
        values = {field.name: _text(getattr(self, field.name)) for field in fields(self)}
        calls = ", ".join(f"set_config('studyportal.{name}', %s, true)" for name in values)
        return f"SELECT {calls}", list(values.values())


NOBODY = Reach()
WHOLE_STUDY = Reach(None, ALL_SITES, ALL_SITES, ALL_SITES, ALL_SITES, ALL_SITES, ALL_SITES)


def _text(value: Sites | int | None) -> str:
    if isinstance(value, AllSites):
        return ALL
    if isinstance(value, frozenset):
        return "{" + ",".join(str(one) for one in sorted(value)) + "}"
    return "" if value is None else str(value)


def reach_of(user: Any) -> Reach:
    """What the person reaches by the memberships in force, whatever the role: the widest that any page may show."""
    if not user.is_authenticated:
        return NOBODY
    return Reach(
        person=user.pk,
        read=_sites(user, SHOWS_ROWS),
        write=_sites(user, CHANGES_ROWS),
        identity_read=user.sites_with(Permission.VIEW_IDENTITY),
        identity_write=user.sites_with(Permission.EDIT_IDENTITY),
        duplicates=user.sites_with(Permission.RESOLVE_DUPLICATES),
        unmask=user.sites_with(Permission.UNMASK_SAFETY_TABLES),
    )


def _sites(user: User, permissions: Iterable[Permission]) -> Sites:
    reached: frozenset[int] = frozenset()
    for permission in permissions:
        sites = user.sites_with(permission)
        if isinstance(sites, AllSites):
            return ALL_SITES
        reached |= sites
    return reached


# --- Opening and closing ---------------------------------------------------------------------------------


def enter(user: Any) -> None:
    """Open the wall to the person for the rest of the transaction."""
    _say(reach_of(user))


def close() -> None:
    """Nobody's: for the rest of the transaction, no row of any site."""
    _say(NOBODY)


def leave() -> None:
    """What the connection was opened with: nothing, but for a transaction that goes on (tests)."""
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET LOCAL studyportal.{field.name} TO DEFAULT" for field in fields(Reach)))


def _say(reach: Reach) -> None:
    with connection.cursor() as cursor:
        cursor.execute(*reach.statement())


@contextmanager
def opened(user: Any, *, writing: bool = False) -> Iterator[None]:
    """One transaction behind the wall of the person. writing: what the person holds stays until it ends."""

    def reach() -> Reach:
        settle(user, writing=writing)
        return reach_of(user)

    with _behind(reach):
        yield


@contextmanager
def whole_study() -> Iterator[None]:
    """One transaction for which no wall stands: commands that act for no person."""
    with _behind(lambda: WHOLE_STUDY):
        yield


def knowing_identities_at(site_id: int) -> AbstractContextManager[None]:
    """Inside, the identities of one site are shown whoever asks. Only for an answer that gives none away: whether a
    date lies before a birth (`identity.births`). It says nothing where no wall stands or the person knows them anyway."""
    return _knowing(frozenset({site_id}))


def knowing_identities() -> AbstractContextManager[None]:
    """As `knowing_identities_at`, of every site: for a query that is bound to participants whom the caller reaches."""
    return _knowing(ALL_SITES)


@contextmanager
def _knowing(sites: Sites) -> Iterator[None]:
    with (
        nullcontext() if connection.in_atomic_block else transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT current_setting('studyportal.identity_read', true)")
        known = cursor.fetchone()[0] or ""
        held = known == ALL or (
            not isinstance(sites, AllSites)
            and {str(site) for site in sites} <= set(known.strip("{}").split(","))
        )
        if held:
            yield
            return
        say = "SELECT set_config('studyportal.identity_read', %s, true)"
        cursor.execute(say, [_text(sites)])
        try:
            yield
        finally:
            if not connection.needs_rollback:
                cursor.execute(say, [known])


@contextmanager
def _behind(reach: Callable[[], Reach]) -> Iterator[None]:
    nested = connection.in_atomic_block
    before = _spoken() if nested else ()
    with transaction.atomic(savepoint=nested):
        _say(reach())
        yield
        if nested:  # a rollback gives the settings back by itself
            with connection.cursor() as cursor:
                for name, value in before:
                    cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


def _spoken() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        names = [f"studyportal.{field.name}" for field in fields(Reach)]
        cursor.execute(f"SELECT {', '.join(['current_setting(%s, true)'] * len(names))}", names)
        return [(name, value or "") for name, value in zip(names, cursor.fetchone(), strict=True)]


def for_cursor(user: Any) -> Callable[[Any], None]:
    """Speaks for the person on a connection of one's own, in the transaction that is open there."""
    statement, values = reach_of(user).statement()
    return lambda cursor: cursor.execute(statement, values)


def is_breach(error: BaseException) -> bool:
    """Whether the database refused a row because of the wall."""
    cause = error.__cause__
    return isinstance(cause, InsufficientPrivilege) and "row-level security" in str(cause)


# --- The policies ----------------------------------------------------------------------------------------


def _setting(name: str) -> str:
    """The value of a setting, read once per query and not once per row; NULL where nobody spoke."""
    return f"(SELECT nullif(current_setting('studyportal.{name}', true), ''))"


def _among(name: str) -> str:
    everything = f"coalesce({_setting(name)} = '{ALL}', false)"
    return f"({everything} OR site_id = ANY ((SELECT nullif({_setting(name)}, '{ALL}')::bigint[])::bigint[]))"


# Computed tables that show the groups: of the whole study (no sites) or of some.
UNMASKED = (
    f"(coalesce({_setting('unmask')} = '{ALL}', false)"
    f" OR coalesce(sites <@ (SELECT nullif({_setting('unmask')}, '{ALL}')::bigint[]), false))"
)
PERSON = f"user_id = {_setting('person')}::bigint"
# A command, which acts for nobody; a person with a study-wide role reads every site too, but is somebody.
WITHOUT_PERSON = f"coalesce({_setting('read')} = '{ALL}' AND {_setting('person')} IS NULL, false)"
MASKED = f"(audience = 'masked' AND ({WITHOUT_PERSON} OR {_setting('person')} IS NOT NULL))"

# Kind of wall → (which rows are shown, which may be written). "sealed": neither, to anybody but the owner, on whose
# behalf one function of the database reads and writes (identity.crossing).
KINDS: dict[str, tuple[str, str]] = {
    "site": (_among("read"), _among("write")),
    "identity": (_among("identity_read"), _among("identity_write")),
    "sealed": ("false", "false"),
    # Found by that function, settled by a data manager; seen by the staff of the site, each row by its own.
    "duplicate": (f"({_among('identity_read')} OR {_among('duplicates')})", _among("duplicates")),
    "verdict": (_among("read"), _among("duplicates")),
    # Masked ones show no group and no participant; those by group are for who may unmask.
    "safety_tables": (f"({MASKED} OR {UNMASKED})", f"({MASKED} OR {UNMASKED})"),
    "own": (f"({WITHOUT_PERSON} OR {PERSON})", f"({WITHOUT_PERSON} OR {PERSON})"),
    "log": (f"(site_id IS NULL OR {PERSON} OR {_among('read')})", f"({WITHOUT_PERSON} OR {PERSON})"),
}


def wall_of(model: type[models.Model]) -> str | None:
    """The kind of wall around the model's table, None for none. History stands behind the wall of what it tells of."""
    told_of = getattr(model, "pgh_tracked_model", None)
    if told_of is not None:
        return wall_of(told_of)
    said = getattr(model, "wall", None)
    if said is not None:
        return str(said)
    return "site" if issubclass(model, SiteScoped) else None


def walled() -> dict[str, str]:
    """Table → kind of wall."""
    found = ((m._meta.db_table, wall_of(m)) for m in apps.get_models() if m._meta.managed)
    return {table: kind for table, kind in sorted(found, key=lambda one: one[0]) if kind is not None}


def build(using: str = "default", **_: Any) -> None:
    """After a migration: a wall around every table that should have one. One that stands as it should is left alone."""
    database = connections[using]
    quote = database.ops.quote_name
    with database.cursor() as cursor:
        existing = set(database.introspection.table_names(cursor))
        cursor.execute(
            "SELECT c.relname, obj_description(p.oid, 'pg_policy') FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
            " WHERE p.polname = 'wall_read' AND c.relrowsecurity AND c.relforcerowsecurity"
        )
        standing = dict(cursor.fetchall())
        for table, kind in walled().items():
            read, write = KINDS[kind]
            mark = hashlib.sha256(f"1 {read} {write}".encode()).hexdigest()[:16]
            if table not in existing or standing.get(table) == mark:
                continue
            name = quote(table)
            policies = {
                "wall_read": f"FOR SELECT USING ({read})",
                "wall_insert": f"FOR INSERT WITH CHECK ({write})",
                "wall_update": f"FOR UPDATE USING ({write}) WITH CHECK ({write})",
                "wall_delete": f"FOR DELETE USING ({write})",
                # The owner migrates, checks references and writes history; nobody signs in as the owner.
                "wall_owner": "FOR ALL TO CURRENT_USER USING (true) WITH CHECK (true)",
            }
            cursor.execute(
                f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY; ALTER TABLE {name} FORCE ROW LEVEL SECURITY;"
                + "".join(
                    f"DROP POLICY IF EXISTS {policy} ON {name}; CREATE POLICY {policy} ON {name} {body};"
                    for policy, body in policies.items()
                )
                + f"COMMENT ON POLICY wall_read ON {name} IS '{mark}'"
            )
