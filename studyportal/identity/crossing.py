"""The one narrow way through the wall between sites: the database itself compares the blind keys of a person.

The application reads no key, of its own site or of another's (`wall = "sealed"`). When an identity is saved it gives
the new keys to one function of the database, which runs as the owner, compares them with everybody's and writes what
it found, a row for each participant of a pair at that participant's own site. It answers nothing, so it cannot be asked:

- only for the identity that a transaction has just saved at a site where it may write identities, once for each
  version of it: to try a name, one must save it as a participant's, into the history, under one's own name;
- the rows at the other site say neither who acted nor at which site.

See docs/decisions/0016-duplicates.md.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from django.db import connection, connections

from studyportal.access.grants import APPLICATION_ROLE
from studyportal.identity import linkage, sealing
from studyportal.identity.models import DuplicateState, Identity, PersonIndex, PossibleDuplicate
from studyportal.identity.person import Person

FUNCTION = "public.identity_take_match_keys"
SIGNATURE = f"{FUNCTION}(bigint, text[], text[])"
# Those who save at the same moment stand in line, so that each sees the other.
LINE = "SELECT pg_advisory_xact_lock(hashtext('studyportal.identity'), 0)"
# A kind, and the HMAC in hexadecimal.
KEY = re.compile(r"[a-z_]{1,24}[.][0-9a-f]{64}")
# Who found a pair, as the history of the row at the other site tells it.
FOUND_BY = '{"source": "job", "reason": "Possible duplicate found"}'


def blind_keys(person: Person) -> tuple[list[str], list[str]]:
    """All keys of a person, and those that bind."""
    keys = linkage.match_keys(person)
    return sorted(map(sealing.blind, keys)), sorted(sealing.blind(key) for key in keys if key.binds)


def stand_in_line() -> None:
    """Before any row is locked: whoever saves an identity waits here for who saves another, and never holding a row."""
    with connection.cursor() as cursor:
        cursor.execute(LINE)


def compare(row: Identity, person: Person) -> None:
    """Give the keys of an identity that was just saved to the database, which writes what they agree with."""
    keys, binding = blind_keys(person)
    # Past Django's cursor: what it executes may be logged, with its values.
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute(f"SELECT {FUNCTION}(%s, %s, %s)", [row.participant_id, keys, binding])


def agrees(row: Identity, person: Person) -> bool:
    """Whether the index holds the keys of this identity, made with the key in force. For the owner alone, who sees it."""
    keys, binding = blind_keys(person)
    return PersonIndex.objects.filter(
        participant_id=row.participant_id, keys=keys, binding=binding, identity_version=row.version
    ).exists()


def put(row: Identity, person: Person) -> None:
    """Keep the keys of an identity without comparing them, to be compared later. For the owner alone."""
    keys, binding = blind_keys(person)
    PersonIndex.objects.update_or_create(
        participant_id=row.participant_id,
        defaults={"site_id": row.site_id, "keys": keys, "binding": binding, "identity_version": 0},
    )


# --- The function of the database ------------------------------------------------------------------------


def _array(kinds: Iterable[str]) -> str:
    return "ARRAY[" + ", ".join(f"'{kind}'" for kind in sorted(kinds)) + "]::text[]"


def _saying(strength: str) -> str:
    return _array(kind for kind, says in linkage.KINDS.items() if says == strength)


def body() -> str:
    """The function in plpgsql. Tables and lists of kinds are this code's own, never somebody's text."""
    identity, index = Identity._meta.db_table, PersonIndex._meta.db_table
    pairs, state = PossibleDuplicate._meta.db_table, DuplicateState
    return f"""
DECLARE
    own record;
    other record;
    known record;
    found_pair uuid;
    says text;
    met bigint[] := '{{}}';
    reach text := nullif(current_setting('studyportal.identity_write', true), '');
    said text := coalesce(current_setting('pghistory.context_metadata', true), '');
    said_id text := coalesce(current_setting('pghistory.context_id', true), '');
BEGIN
    {LINE.replace("SELECT", "PERFORM")};
    SELECT i.site_id, i.version INTO own FROM {identity} i WHERE i.participant_id = of_participant;
    -- One refusal for every cause: it tells nobody which participants there are.
    IF NOT FOUND OR reach IS NULL
        OR NOT (reach = 'all' OR own.site_id = ANY (nullif(reach, 'all')::bigint[]))
        OR EXISTS (
            SELECT 1 FROM {index} x WHERE x.participant_id = of_participant AND x.identity_version >= own.version)
        OR NOT (given_binding <@ given)
        OR EXISTS (SELECT 1 FROM unnest(given) k WHERE k IS NULL OR k !~ '^{KEY.pattern}$')
    THEN
        RAISE EXCEPTION 'match keys are taken for an identity that was just saved'
            USING ERRCODE = 'insufficient_privilege';
    END IF;

    INSERT INTO {index} AS x (participant_id, site_id, keys, binding, identity_version)
    VALUES (of_participant, own.site_id, given, given_binding, own.version)
    ON CONFLICT (participant_id) DO UPDATE
        SET site_id = excluded.site_id, keys = excluded.keys, binding = excluded.binding,
            identity_version = excluded.identity_version;

    -- Whoever reads the history of a pair at one site is not told who acted at the other.
    PERFORM set_config('pghistory.context_metadata', '{FOUND_BY}', true), set_config('pghistory.context_id', '', true);
    FOR other IN
        SELECT x.participant_id, x.site_id, agreed.kinds
        FROM {index} x, LATERAL (
            SELECT array_agg(DISTINCT split_part(k.key, '.', 1)::varchar ORDER BY split_part(k.key, '.', 1)::varchar) AS kinds
            FROM ((SELECT unnest(x.keys) AS key INTERSECT SELECT unnest(given_binding))
                UNION (SELECT unnest(x.binding) INTERSECT SELECT unnest(given))) k
        ) agreed
        WHERE x.participant_id <> of_participant
            AND (x.keys && given_binding::varchar[] OR x.binding && given::varchar[])
        ORDER BY x.participant_id
    LOOP
        met := met || other.participant_id;
        says := CASE
            WHEN other.kinds && {_saying(linkage.STRONG)}::varchar[] THEN '{linkage.STRONG}'
            WHEN other.kinds && {_array(linkage.OF_THE_NAME)}::varchar[]
                AND other.kinds && {_array(linkage.OF_CONTACT)}::varchar[] THEN '{linkage.STRONG}'
            WHEN other.kinds && {_saying(linkage.PROBABLE)}::varchar[] THEN '{linkage.PROBABLE}'
            ELSE '{linkage.POSSIBLE}' END;
        SELECT a.pair, a.state, a.agreement INTO known
        FROM {pairs} a JOIN {pairs} b ON b.pair = a.pair
        WHERE a.participant_id = of_participant AND b.participant_id = other.participant_id;
        IF NOT FOUND THEN
            found_pair := gen_random_uuid();
            INSERT INTO {pairs} (site_id, participant_id, pair, agreement, strength, state, found_at, updated_at,
                settled_because, version)
            SELECT one.site, one.participant, found_pair, other.kinds, says, '{state.OPEN.value}', now(), now(), '', 1
            FROM (VALUES (own.site_id, of_participant), (other.site_id, other.participant_id)) one (site, participant);
        ELSIF known.state = '{state.WITHDRAWN.value}'
            OR (known.state = '{state.DIFFERENT_PEOPLE.value}' AND NOT known.agreement @> other.kinds)
        THEN
            -- It agrees again, or by more than was judged.
            UPDATE {pairs} p SET state = '{state.OPEN.value}', agreement = other.kinds, strength = says,
                settled_at = NULL, settled_by_id = NULL, settled_because = '', version = p.version + 1, updated_at = now()
            WHERE p.pair = known.pair;
        ELSIF known.state = '{state.OPEN.value}' AND known.agreement <> other.kinds THEN
            UPDATE {pairs} p SET agreement = other.kinds, strength = says, version = p.version + 1, updated_at = now()
            WHERE p.pair = known.pair;
        END IF;
    END LOOP;
    -- What was open and agrees no longer is kept as such: people have seen it. What was settled stays settled.
    UPDATE {pairs} p SET state = '{state.WITHDRAWN.value}', version = p.version + 1, updated_at = now()
    WHERE p.state = '{state.OPEN.value}' AND p.pair IN (
        SELECT a.pair FROM {pairs} a JOIN {pairs} b ON b.pair = a.pair AND b.participant_id <> a.participant_id
        WHERE a.participant_id = of_participant AND NOT (b.participant_id = ANY (met)));
    PERFORM set_config('pghistory.context_metadata', said, true), set_config('pghistory.context_id', said_id, true);
END
"""


def build(using: str = "default", **_: Any) -> None:
    """After a migration: the function as this code has it, for the application's role alone; none that stands is touched."""
    database = connections[using]
    with database.cursor() as cursor:
        existing = set(database.introspection.table_names(cursor))
        if not {model._meta.db_table for model in (Identity, PersonIndex, PossibleDuplicate)} <= existing:
            return
        text = body()
        mark = hashlib.sha256(text.encode()).hexdigest()[:16]
        cursor.execute("SELECT obj_description(to_regprocedure(%s), 'pg_proc')", [SIGNATURE])
        if cursor.fetchone() == (mark,):
            return
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {FUNCTION}(of_participant bigint, given text[], given_binding text[])"
            f" RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
            f" AS $of_the_portal${text}$of_the_portal$"
        )
        cursor.execute(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION_ROLE])
        if cursor.fetchone() is not None:
            application = database.ops.quote_name(APPLICATION_ROLE)
            cursor.execute(f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO {application}")
        cursor.execute(f"COMMENT ON FUNCTION {SIGNATURE} IS '{mark}'")
