"""The chain of the consent log: the database numbers each entry and binds it to the one before.

Two functions of the database, which run as its owner (`ChainHead` is read by the application and written by nobody else):

- `consent_chain_reserve(n)` lets the caller stand in line (it locks the head until the transaction ends) and answers
  with ids for `n` entries, and with the head. So ids, numbers and the order of commits agree, without gap or fork.
- the trigger of `ConsentEvent` gives an entry its number, the hash of its predecessor and its own; it refuses what an
  insert says of these when it is anything else. A row that is not inserted after all leaves no gap: the head goes on
  after the row stands.

What the hashes are made of: `apps.consent.rules.canonical`. See docs/decisions/0022-consent-chain.md.

Whoever locks rows of a participant for writing to the log does so before the first entry: behind the head everybody
waits for one another.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

from django.db import connections, transaction

from apps.consent import chain_content
from apps.consent.rules import canonical
from studyportal.access.grants import APPLICATION_ROLE

RESERVE = "public.consent_chain_reserve"
LINKS = "public.consent_chain_links"
TRIGGER_FUNCTION = "public.consent_chain_link"
ADVANCE_FUNCTION = "public.consent_chain_advance"
EVENTS, HEAD = "public.consent_consentevent", "public.consent_chainhead"
AT_ONCE = 5000


def prepare(events: Sequence[Any], using: str) -> None:
    """Give unsaved entries their ids, salts, contents and links. In the transaction that inserts them, in this order."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT ids, head_count, head_sha256 FROM {RESERVE}(%s)", [len(events)])
        ids, count, before = cursor.fetchone()
    for number, (event, pk) in enumerate(zip(events, ids, strict=True), start=count + 1):
        event.pk, event.salt = pk, secrets.token_hex(16)
        event.content_sha256 = canonical.content_sha256(chain_content.content_of(event))
        event.sequence, event.previous_sha256 = number, before
        event.sha256 = before = canonical.link(number, before, event.content_sha256)


def links(after: int, limit: int, using: str = "default") -> list[tuple[int, str, str, str]]:
    """Number, previous hash, content's hash and hash of the entries of every site, after that number.

    They tell nothing of an entry but that it is there: each content is salted.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"SELECT sequence, previous_sha256, content_sha256, sha256 FROM {LINKS}(%s, %s)", [after, limit]
        )
        found: list[tuple[int, str, str, str]] = cursor.fetchall()
        return found


# --- The functions of the database -----------------------------------------------------------------------

# The head, locked until the transaction ends. A log that lost its head takes no more entries.
_LOCKED_HEAD = f"""
    SELECT h.count, coalesce(nullif(h.sha256, ''), '{canonical.FIRST}') AS sha256 INTO head
    FROM {HEAD} h WHERE h.id = 1 FOR UPDATE;
    IF NOT FOUND THEN
        IF EXISTS (SELECT FROM {EVENTS}) THEN
            RAISE EXCEPTION 'the head of the consent log is gone: nothing can be added before it is put back';
        END IF;
        INSERT INTO {HEAD} (id, count, sha256) VALUES (1, 0, '') ON CONFLICT (id) DO NOTHING;
        SELECT h.count, coalesce(nullif(h.sha256, ''), '{canonical.FIRST}') AS sha256 INTO head
        FROM {HEAD} h WHERE h.id = 1 FOR UPDATE;
    END IF;
"""

_RESERVE_BODY = f"""
DECLARE
    head record;
BEGIN
    IF wanted IS NULL OR wanted NOT BETWEEN 1 AND {AT_ONCE} THEN
        RAISE EXCEPTION 'one to {AT_ONCE} entries at once';
    END IF;
    {_LOCKED_HEAD}
    SELECT array_agg(nextval(pg_get_serial_sequence('{EVENTS}', 'id')) ORDER BY n) INTO ids
    FROM generate_series(1, wanted) n;
    head_count := head.count;
    head_sha256 := head.sha256;
END
"""

_LINK_BODY = f"""
DECLARE
    head record;
    before record;
    number bigint;
    previous text;
    bound text;
BEGIN
    IF NEW.content_sha256 IS NULL OR NEW.content_sha256 !~ '^[0-9a-f]{{64}}$'
        OR NEW.salt IS NULL OR NEW.salt !~ '^[0-9a-f]{{32}}$'
    THEN
        RAISE EXCEPTION 'an entry of the consent log says the SHA-256 of its content, and its salt'
            USING ERRCODE = 'check_violation';
    END IF;
    {_LOCKED_HEAD}
    number := head.count;
    previous := head.sha256;
    -- Rows of the same statement stand already, and the head does not yet know them.
    SELECT e.sequence, e.sha256 INTO before FROM {EVENTS} e WHERE e.sequence > head.count ORDER BY e.sequence DESC LIMIT 1;
    IF FOUND THEN
        number := before.sequence;
        previous := before.sha256;
    END IF;
    number := number + 1;
    bound := encode(sha256(convert_to(
        '{canonical.LINK_FORMAT}' || E'\\n' || number || E'\\n' || previous || E'\\n' || NEW.content_sha256 || E'\\n', 'UTF8'
    )), 'hex');
    IF coalesce(NEW.sequence, number) <> number OR coalesce(NEW.previous_sha256, previous) <> previous
        OR coalesce(NEW.sha256, bound) <> bound
    THEN
        RAISE EXCEPTION 'an entry of the consent log follows the last one, which is %', number - 1
            USING ERRCODE = 'check_violation';
    END IF;
    NEW.sequence := number;
    NEW.previous_sha256 := previous;
    NEW.sha256 := bound;
    RETURN NEW;
END
"""

# Once for each statement: a row whose versions grow with every entry of a long transaction is found ever more slowly.
_ADVANCE_BODY = f"""
DECLARE
    first record;
    last record;
    entries bigint;
BEGIN
    SELECT count(*) INTO entries FROM added;
    IF entries = 0 THEN
        RETURN NULL;
    END IF;
    SELECT a.sequence, a.previous_sha256 INTO first FROM added a ORDER BY a.sequence LIMIT 1;
    SELECT a.sequence, a.sha256 INTO last FROM added a ORDER BY a.sequence DESC LIMIT 1;
    UPDATE {HEAD} SET count = last.sequence, sha256 = last.sha256, updated_at = clock_timestamp()
    WHERE id = 1 AND count = first.sequence - 1 AND last.sequence = count + entries
        AND coalesce(nullif(sha256, ''), '{canonical.FIRST}') = first.previous_sha256;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'an entry of the consent log follows its head';
    END IF;
    RETURN NULL;
END
"""

_LINKS_BODY = f"""
BEGIN
    IF coalesce(current_setting('studyportal.read', true), '') IN ('', '{{}}') THEN
        RAISE EXCEPTION 'nobody spoke for this connection' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY SELECT e.sequence, e.previous_sha256::text, e.content_sha256::text, e.sha256::text
    FROM {EVENTS} e WHERE e.sequence > after ORDER BY e.sequence, e.id LIMIT least(at_most, {AT_ONCE});
END
"""

# Signature with names, signature as PostgreSQL writes it, what it answers, body, whether the application calls it.
_FUNCTIONS = (
    (
        f"{RESERVE}(wanted integer, OUT ids bigint[], OUT head_count bigint, OUT head_sha256 text)",
        f"{RESERVE}(integer)",
        "",
        _RESERVE_BODY,
        True,
    ),
    (
        f"{LINKS}(after bigint, at_most integer)",
        f"{LINKS}(bigint, integer)",
        "RETURNS TABLE (sequence bigint, previous_sha256 text, content_sha256 text, sha256 text)",
        # The names of the answer are also columns: the columns are meant.
        f"#variable_conflict use_column\n{_LINKS_BODY}",
        True,
    ),
    (f"{TRIGGER_FUNCTION}()", f"{TRIGGER_FUNCTION}()", "RETURNS trigger", _LINK_BODY, False),
    (f"{ADVANCE_FUNCTION}()", f"{ADVANCE_FUNCTION}()", "RETURNS trigger", _ADVANCE_BODY, False),
)
_TRIGGERS = (
    ("consent_chain_link", "BEFORE INSERT", "FOR EACH ROW", TRIGGER_FUNCTION),
    (
        "consent_chain_advance",
        "AFTER INSERT",
        "REFERENCING NEW TABLE AS added FOR EACH STATEMENT",
        ADVANCE_FUNCTION,
    ),
)


def build(using: str = "default", **_: Any) -> None:
    """After a migration: functions and triggers as this code has them; what stands as it should is left alone."""
    database = connections[using]
    with database.cursor() as cursor:
        # Columns of the table are asked for, since an elder state of the schema has none of the chain.
        cursor.execute(
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public'"
            " AND (table_name, column_name) IN (('consent_consentevent', 'sha256'), ('consent_chainhead', 'sha256'))"
        )
        if cursor.fetchone() != (2,):
            return
        mark = hashlib.sha256(repr((_FUNCTIONS, _TRIGGERS)).encode()).hexdigest()[:16]
        cursor.execute("SELECT obj_description(to_regprocedure(%s), 'pg_proc')", [f"{TRIGGER_FUNCTION}()"])
        if cursor.fetchone() == (mark,):
            return
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APPLICATION_ROLE])
        application = database.ops.quote_name(APPLICATION_ROLE) if cursor.fetchone() else None
        with transaction.atomic(using=using):
            for name, signature, answers, body, called in _FUNCTIONS:
                cursor.execute(
                    f"CREATE OR REPLACE FUNCTION {name} {answers} LANGUAGE plpgsql VOLATILE SECURITY DEFINER"
                    f" SET search_path = pg_catalog, public, pg_temp AS $of_the_portal${body}$of_the_portal$"
                )
                cursor.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
                if called and application:
                    cursor.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {application}")
            for name, when, each, function in _TRIGGERS:
                cursor.execute(
                    f"CREATE OR REPLACE TRIGGER {name} {when} ON {EVENTS} {each} EXECUTE FUNCTION {function}()"
                )
            cursor.execute(f"COMMENT ON FUNCTION {TRIGGER_FUNCTION}() IS '{mark}'")
