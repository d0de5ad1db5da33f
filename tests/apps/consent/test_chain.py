"""The chain of the log as it is written: numbers without gaps, links without forks, whoever writes and however."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.consent import chain
from apps.consent.actions import chain as actions
from apps.consent.chain_content import CHAIN, Rows, content_of, fields_of
from apps.consent.models import AppendOnly, ChainHead, ConsentEvent, Kind
from apps.consent.rules import canonical
from apps.enrolment import actions as enrolment
from studyportal.access import walls
from tests.apps.consent.factories import an_adults_consent
from tests.apps.consent.tampering import a_later_entry
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def participant(cast: Cast) -> Any:
    return enrolment.register(site=cast.mumbai, by=cast.asha)


def run(statement: str, params: Any = ()) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)
        return cursor.fetchall() if cursor.description else None


def links() -> list[tuple[Any, ...]]:
    return list(
        ConsentEvent.objects.order_by("sequence").values_list(
            "sequence", "previous_sha256", "content_sha256", "sha256"
        )
    )


def faults() -> list[str]:
    return [fault.code for fault in actions.verify().outcome.faults]


# --- What is refused -------------------------------------------------------------------------------------


def refused(statement: str, match: str, params: Any = ()) -> None:
    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        run(statement, params)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent_chainhead SET count = 0",
        "DELETE FROM consent_chainhead",
        "TRUNCATE consent_chainhead",
        "INSERT INTO consent_chainhead (id, count, sha256) VALUES (2, 0, '')",
        "SELECT 1 FROM consent_chainhead FOR UPDATE",
        "UPDATE consent_consentevent SET note = ''",
        "DELETE FROM consent_consentevent",
        "TRUNCATE consent_consentevent",
        "UPDATE consent_checkpoint SET count = 0",
        "DELETE FROM consent_checkpoint",
        "UPDATE consent_verification SET intact = true",
        "UPDATE consent_checkpointkey SET public_key = ''",
        "ALTER TABLE consent_consentevent DISABLE TRIGGER consent_chain_link",
        "DROP TRIGGER consent_chain_advance ON consent_consentevent",
        "CREATE OR REPLACE FUNCTION public.consent_chain_link() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "DROP FUNCTION public.consent_chain_reserve(integer)",
    ],
)
def test_the_application_cannot_touch_the_chain(statement: str) -> None:
    refused(statement, "permission denied|must be owner")


def test_the_triggers_functions_are_nobodys_to_hang_elsewhere(db: None) -> None:
    run("CREATE TEMPORARY TABLE mine (id int) ON COMMIT DROP")
    for function in ("consent_chain_link", "consent_chain_advance"):
        refused(
            f"CREATE TRIGGER t BEFORE INSERT ON mine FOR EACH ROW EXECUTE FUNCTION public.{function}()",
            "permission denied for function",
        )


@pytest.mark.parametrize(
    ("column", "value"),
    [("sequence", 7), ("previous_sha256", "a" * 64), ("sha256", "b" * 64)],
)
def test_a_forged_link_is_refused(cast: Cast, participant: Any, column: str, value: Any) -> None:
    an_adults_consent(participant, cast.asha)
    refused(_insert(participant, cast, **{column: value}), "follows the last one, which is 1")


@pytest.mark.parametrize(
    "more", [{"content_sha256": None}, {"content_sha256": "abc"}, {"salt": None}, {"salt": "zz"}]
)
def test_an_entry_says_the_hash_of_its_content(cast: Cast, participant: Any, more: Any) -> None:
    refused(_insert(participant, cast, **more), "says the SHA-256 of its content")


def _insert(participant: Any, cast: Cast, conflict: str = "", **more: Any) -> str:
    values = {
        "site_id": participant.site_id, "participant_id": participant.pk, "kind": "'consent'", "absent": "'{}'",
        "entered_at": "now()", "entered_by_id": cast.asha.pk, "document_sha256": "''", "paper_sha256": "''", "road": "''",
        "content_sha256": f"'{'c' * 64}'", "salt": f"'{'d' * 32}'",
    }  # fmt: skip
    for name, value in more.items():
        values[name] = "NULL" if value is None else f"'{value}'"
    columns, given = ", ".join(values), ", ".join(str(one) for one in values.values())
    return f"INSERT INTO consent_consentevent ({columns}) VALUES ({given}) {conflict}"


def test_an_entry_is_saved_once(cast: Cast, participant: Any) -> None:
    event = an_adults_consent(participant, cast.asha)
    with pytest.raises(AppendOnly):
        event.save()
    with pytest.raises(AppendOnly):
        event.delete()


def test_links_are_told_to_nobody_that_nobody_spoke_for(cast: Cast, participant: Any) -> None:
    an_adults_consent(participant, cast.asha)
    with transaction.atomic():
        walls.close()
        refused("SELECT * FROM public.consent_chain_links(0, 10)", "nobody spoke")
        walls.leave()


# --- What is written -------------------------------------------------------------------------------------


def test_each_entry_is_bound_to_the_one_before(cast: Cast, participant: Any) -> None:
    events = [an_adults_consent(participant, cast.asha), a_later_entry(participant, cast.asha)]
    before = canonical.FIRST
    for number, event in enumerate(events, start=1):
        content = canonical.content_sha256(content_of(event))
        expected = (number, before, content, canonical.link(number, before, content))
        assert (event.sequence, event.previous_sha256, event.content_sha256, event.sha256) == expected
        fresh = ConsentEvent.objects.get(pk=event.pk)
        assert (fresh.sequence, fresh.previous_sha256, fresh.content_sha256, fresh.sha256) == expected
        assert canonical.content_sha256(content_of(fresh)) == content
        before = event.sha256
    head = ChainHead.objects.get()
    assert (head.count, head.sha256) == (2, before)
    assert head.updated_at is not None
    assert faults() == []


def test_the_content_names_people_as_they_are_known(cast: Cast, participant: Any) -> None:
    event = an_adults_consent(participant, cast.asha)
    content = content_of(event)
    assert content["format"] == "consent-event/1"
    assert (content["participant"], content["site"], content["entered_by"]) == (
        participant.code,
        "MUM",
        "asha",
    )
    assert content["signed_on"] == "2024-02-01"
    assert content["purposes"] == ["participation", "procedure"]
    assert len(content["salt"]) == 32
    assert "witness" not in content
    assert "document_sha256" not in content


def test_every_column_is_in_the_content_or_of_the_chain() -> None:
    names = {field.name for field in ConsentEvent._meta.concrete_fields}
    assert {field.name for field in fields_of(ConsentEvent)} | CHAIN == names
    for field in fields_of(ConsentEvent):
        # A column that comes later must be able to hold nothing, or old contents would change.
        assert field.null or field.name in (
            "id", "site", "participant", "kind", "absent", "entered_at", "entered_by"
        ) or field.get_default() == "", field.name  # fmt: skip


def test_the_hash_alone_tells_nothing(cast: Cast, participant: Any) -> None:
    """Two equal contents have different hashes."""
    first, second = (
        canonical.content_sha256(canonical.content_of({"kind": "consent"}, salt))
        for salt in ("0" * 32, "1" * 32)
    )
    assert first != second
    salts = {a_later_entry(participant, cast.asha).salt for _n in range(3)}
    assert len(salts) == 3


def test_a_rolled_back_entry_leaves_no_gap(cast: Cast, participant: Any) -> None:
    an_adults_consent(participant, cast.asha)
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsentEvent.objects.create(
            site_id=participant.site_id, participant=participant, kind="nothing", entered_at=timezone.now(),
            entered_by=cast.asha,
        )  # fmt: skip
    event = a_later_entry(participant, cast.asha)
    assert event.sequence == 2
    assert faults() == []


def test_the_same_instance_after_a_refusal_is_linked_anew(cast: Cast, participant: Any) -> None:
    event = ConsentEvent(
        site_id=participant.site_id, participant=participant, kind="nothing", entered_at=timezone.now(),
        entered_by=cast.asha,
    )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        event.save()
    an_adults_consent(participant, cast.asha)
    event.kind = "consent"
    event.save()
    assert event.sequence == 2
    assert faults() == []


def test_many_at_once(cast: Cast, participant: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(chain, "AT_ONCE", 7)
    an_adults_consent(participant, cast.asha)
    made = ConsentEvent.objects.bulk_create(
        ConsentEvent(
            site_id=participant.site_id, participant=participant, kind=Kind.COPY_GIVEN, entered_at=timezone.now(),
            entered_by=cast.asha, note=f"number {number}",
        )
        for number in range(20)
    )  # fmt: skip
    assert [event.sequence for event in made] == list(range(2, 22))
    assert faults() == []


def test_many_rows_of_one_raw_statement(cast: Cast, participant: Any) -> None:
    row = _insert(participant, cast)
    values = row[row.index("VALUES") + 6 :]
    run(f"{row}, {values}, {values}")
    assert [link[0] for link in links()] == [1, 2, 3]
    assert ChainHead.objects.get().count == 3
    assert faults() == ["edited"] * 3, (
        "the database links what it is given, and the verification tells what it is not"
    )


def test_a_row_that_conflicts_leaves_no_gap(cast: Cast, participant: Any) -> None:
    event = an_adults_consent(participant, cast.asha)
    run(_insert(participant, cast, conflict="ON CONFLICT DO NOTHING", id=event.pk))
    assert [link[0] for link in links()] == [1]
    assert a_later_entry(participant, cast.asha).sequence == 2
    assert faults() == []


def test_a_log_without_its_head_takes_nothing(cast: Cast, participant: Any, as_owner: Any) -> None:
    an_adults_consent(participant, cast.asha)
    with as_owner():
        run("DELETE FROM consent_chainhead")
    with pytest.raises(DatabaseError, match="the head of the consent log is gone"), transaction.atomic():
        a_later_entry(participant, cast.asha)
    assert "head" in faults()


# What a person may state, in every shape that the fields take.
TEXT = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40),
)
MOMENT = st.none() | st.datetimes(
    min_value=timezone.datetime(1901, 1, 1), max_value=timezone.datetime(2099, 1, 1), timezones=st.timezones()
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stated=st.fixed_dictionaries(
        {
            "purposes": st.none() | st.lists(st.sampled_from(["participation", "procedure", "images"]), max_size=3),
            "document_version": TEXT,
            "note": TEXT,
            "as_it_happened": TEXT,
            "recording_reason": TEXT,
            "ethics_approval_validity": st.none() | st.dates(),
            "signed_on": st.none() | st.sampled_from(["2016-11-03", "2016-11", "2016"]),
            "informed_at": MOMENT,
            "signed_at": MOMENT,
            "age_at_signature": st.none() | st.integers(0, 110),
            "signer": st.none() | st.sampled_from(["participant", "other"]),
            "signer_can_read": st.none() | st.booleans(),
            "copy_given": st.none() | st.booleans(),
            "road": st.sampled_from(["", "page", "api"]),
            "document_sha256": st.sampled_from(["", "a" * 64]),
            "absent": st.dictionaries(TEXT.filter(bool), st.sampled_from(["not_done", "unknown"]), max_size=3),
        }
    )
)  # fmt: skip
def test_what_is_hashed_is_what_stands(cast: Cast, participant: Any, stated: dict[str, Any]) -> None:
    """Of whatever is stated: the content before the row is written is the content that is read from it."""
    event = ConsentEvent.objects.create(
        site_id=participant.site_id, participant=participant, kind="consent", entered_at=timezone.now(),
        entered_by=cast.asha, **stated,
    )  # fmt: skip
    (read,) = Rows(ConsentEvent).of([event.pk]).values()
    assert read.content == content_of(event)
    assert read.entry.computed_sha256 == event.content_sha256
    assert ConsentEvent.objects.get(pk=event.pk).sha256 == event.sha256


# --- Many writers ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_twenty_writers_at_once(cast: Cast) -> None:
    """On connections of their own: some give up, none leaves a gap, and nobody forks the chain."""
    people = [enrolment.register(site=cast.mumbai, by=cast.asha) for _n in range(20)]
    errors: list[BaseException] = []
    gate = threading.Barrier(20)

    def write(number: int) -> None:
        try:
            gate.wait(timeout=30)
            for turn in range(5):
                try:
                    with transaction.atomic():
                        an_adults_consent(people[number], cast.asha, f"2024-02-{turn + 1:02}")
                        a_later_entry(people[number], cast.asha)
                        if (number + turn) % 4 == 0:
                            raise ZeroDivisionError
                except ZeroDivisionError:
                    continue
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not errors
    found = list(
        ConsentEvent.objects.order_by("sequence").values_list("sequence", "id", "previous_sha256", "sha256")
    )
    assert len(found) == 2 * (20 * 5 - 25)
    assert [row[0] for row in found] == list(range(1, len(found) + 1))
    assert [row[1] for row in found] == sorted(row[1] for row in found), "ids grow with the numbers"
    assert [row[2] for row in found] == [canonical.FIRST, *(row[3] for row in found[:-1])]
    assert ChainHead.objects.get().count == len(found)
    assert faults() == []


# --- What stood before there was a chain -----------------------------------------------------------------


def test_the_migration_links_what_stands(cast: Cast, participant: Any, as_owner: Any) -> None:
    from importlib import import_module
    from types import SimpleNamespace

    from django.apps import apps

    an_adults_consent(participant, cast.asha)
    for note in ("a", "b", "c"):
        a_later_entry(participant, cast.asha, note=note)
    columns = ("sequence", "salt", "content_sha256", "previous_sha256", "sha256")
    with as_owner():
        run("SET CONSTRAINTS ALL IMMEDIATE")
        run("ALTER TABLE consent_consentevent DISABLE TRIGGER USER")
        for column in columns:
            run(f"ALTER TABLE consent_consentevent ALTER {column} DROP NOT NULL")
        run(f"UPDATE consent_consentevent SET {', '.join(f'{column} = NULL' for column in columns)}")
        run("DELETE FROM consent_chainhead")
        run("ALTER TABLE consent_consentevent ENABLE TRIGGER USER")
        migration = import_module("apps.consent.migrations.0005_chain")
        migration.link_what_stands(apps, SimpleNamespace(connection=connection))
        for column in columns:
            run(f"ALTER TABLE consent_consentevent ALTER {column} SET NOT NULL")
    assert [link[0] for link in links()] == [1, 2, 3, 4]
    assert list(ConsentEvent.objects.order_by("sequence")) == list(ConsentEvent.objects.order_by("id"))
    assert faults() == []
    assert a_later_entry(participant, cast.asha).sequence == 5
    assert faults() == []
    with as_owner(), pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        run("UPDATE consent_consentevent SET note = 'x'")
