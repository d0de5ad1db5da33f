"""The way through the wall between sites: what it finds, and that nobody can ask it anything."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from studyportal.access import walls
from studyportal.audit.models import Look
from studyportal.audit.selectors import event_model_of, history_of
from studyportal.identity import actions, crossing
from studyportal.identity.errors import IdentityInvalid
from studyportal.identity.models import Identity, PersonIndex, PossibleDuplicate
from tests.apps.enrolment.factories import a_case
from tests.cast import ROLES, Cast
from tests.studyportal.identity.conftest import PERSON

pytestmark = pytest.mark.django_db

# The same person, as another hospital writes her.
AS_PUNE_WRITES = {"full_name": "QUILLFETHER Zareena", "birth_date": "2001-05-14", "hospital_number": "P-7"}
SOMEBODY_ELSE = {"full_name": "Meena Patil", "birth_date": "1999-01-02", "hospital_number": "P-8"}


@pytest.fixture
def at_pune(cast: Cast, recorded: Any, pune: Any) -> Identity:
    return actions.record(participant=pune, raw=AS_PUNE_WRITES, by=cast.vikram)


def call(participant_id: int, keys: list[Any], binding: list[Any] | None = None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {crossing.FUNCTION}(%s, %s::text[], %s::text[])",
            [participant_id, keys, keys if binding is None else binding],
        )


def made_up(kind: str = "name_birth_date") -> str:
    return f"{kind}.{secrets.token_hex(32)}"


def found() -> list[tuple[str, str]]:
    return sorted(PossibleDuplicate.objects.values_list("participant__code", "state"))


# --- Nobody reads a key, nobody writes one ---------------------------------------------------------------


@pytest.mark.parametrize("who", [*ROLES])
def test_no_role_sees_a_key_of_any_site(cast: Cast, at_pune: Any, who: str) -> None:
    with walls.opened(getattr(cast, who)), connection.cursor() as cursor:
        assert not PersonIndex.objects.exists()
        for columns in ("*", "count(keys)", "keys[1]", "identity_version"):
            cursor.execute(f"SELECT {columns} FROM {PersonIndex._meta.db_table}")
            assert cursor.fetchall() in ([], [(0,)])
        cursor.execute(
            f"SELECT most_common_elems FROM pg_stats WHERE tablename = '{PersonIndex._meta.db_table}'"
        )
        assert cursor.fetchall() == []


def test_not_even_where_no_wall_stands(at_pune: Any, as_owner: Any) -> None:
    assert not PersonIndex.objects.exists()
    with walls.whole_study():
        assert not PersonIndex.objects.exists()
    with as_owner():
        assert PersonIndex.objects.count() == 2


@pytest.mark.parametrize("who", ["asha", "vikram", "meera", "sanjay"])
def test_no_role_writes_a_key(cast: Cast, at_pune: Any, pune: Any, who: str) -> None:
    row = PersonIndex(participant=a_case(cast), site=cast.mumbai, keys=[], binding=[], identity_version=1)
    with walls.opened(getattr(cast, who)):
        assert PersonIndex.objects.update(keys=[]) == 0
        assert PersonIndex.objects.all().delete()[0] == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            row.save()


@pytest.mark.parametrize("who", [*ROLES])
def test_a_finding_is_seen_at_its_own_site_and_by_who_settles(cast: Cast, at_pune: Any, who: str) -> None:
    expected = {
        "asha": {"MUM"},
        "rao": {"MUM"},
        "vikram": {"PUN"},
        "iyer": {"PUN"},
        "meera": {"MUM", "PUN"},
    }.get(who, set())
    with walls.opened(getattr(cast, who)):
        for model in (PossibleDuplicate, event_model_of(PossibleDuplicate)):
            assert set(model._default_manager.values_list("site__code", flat=True)) == expected


@pytest.mark.parametrize("who", ["asha", "vikram", "sanjay", "farah"])
def test_a_finding_is_not_written_by_hand(cast: Cast, at_pune: Any, who: str) -> None:
    row = PossibleDuplicate.objects.get(site=cast.mumbai)
    forged = PossibleDuplicate(
        participant=row.participant, site=row.site, pair=row.pair, agreement=[], strength="strong"
    )
    with walls.opened(getattr(cast, who)):
        assert PossibleDuplicate.objects.update(state="withdrawn") == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            forged.save(force_insert=True)


# --- The function is no oracle ---------------------------------------------------------------------------


def test_it_belongs_to_the_application_alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prosecdef, proconfig, has_function_privilege('public', oid, 'EXECUTE'),"
            " has_function_privilege(current_user, oid, 'EXECUTE'), pg_get_userbyid(proowner) <> current_user,"
            " prorettype::regtype::text FROM pg_proc WHERE oid = %s::regprocedure",
            [crossing.SIGNATURE],
        )
        assert cursor.fetchone() == (
            True,
            ["search_path=pg_catalog, public, pg_temp"],
            False,
            True,
            True,
            "void",
        )


def test_a_function_that_stands_is_not_made_again(as_owner: Any, django_assert_max_num_queries: Any) -> None:
    with as_owner(), django_assert_max_num_queries(2):
        crossing.build()


@pytest.mark.parametrize("who", [*ROLES])
def test_it_cannot_be_asked_out_of_turn(cast: Cast, at_pune: Any, pune: Any, who: str) -> None:
    """What was compared once is not compared again, own participant or not; no other answer tells them apart."""
    before = found()
    mine = Identity.objects.exclude(participant=pune).get().participant_id
    said = set()
    with walls.opened(getattr(cast, who)):
        for participant_id in (mine, pune.pk, a_case(cast).pk if who == "asha" else 0, 987654321):
            with pytest.raises(ProgrammingError) as refused:
                call(participant_id, [made_up()])
            said.add(str(refused.value).split("\n")[0])
    assert said == {"match keys are taken for an identity that was just saved"}
    assert found() == before


@pytest.mark.parametrize("who", ["vikram", "meera", "sanjay", "farah", "admin", "norole"])
def test_others_cannot_ask_for_an_identity_that_waits(cast: Cast, recorded: Any, who: str) -> None:
    Identity.objects.update(version=7)
    with walls.opened(getattr(cast, who)), pytest.raises(ProgrammingError, match="just saved"):
        call(recorded.participant_id, [made_up()])


def test_nobody_whom_no_one_spoke_for_can_ask(recorded: Any) -> None:
    Identity.objects.update(version=7)
    with transaction.atomic():
        walls.close()
        with pytest.raises(ProgrammingError, match="just saved"):
            call(recorded.participant_id, [made_up()])
        walls.leave()


@pytest.mark.parametrize(
    "keys",
    [["name"], ["name_birth_date."], [made_up() + "0"], [made_up().upper()], ["x.'; DROP TABLE"], [None]],
)
def test_what_is_no_key_is_not_taken(cast: Cast, recorded: Any, keys: list[Any]) -> None:
    Identity.objects.update(version=7)
    with walls.opened(cast.asha), pytest.raises(ProgrammingError, match="just saved"):
        call(recorded.participant_id, keys)
    with walls.opened(cast.asha), pytest.raises(ProgrammingError, match="just saved"):
        call(recorded.participant_id, [made_up()], [made_up()])


def test_made_up_keys_meet_nobody_and_leave_a_trace(cast: Cast, at_pune: Any, as_owner: Any) -> None:
    """A coordinator who runs SQL must change the identity first, which its history keeps; then learns nothing."""
    mine = Identity.objects.get(site=cast.mumbai)
    entries = event_model_of(Identity).objects.count()
    with walls.opened(cast.asha):
        Identity.objects.filter(pk=mine.pk).update(version=2)
        call(mine.participant_id, [made_up() for _ in range(1000)])
        with pytest.raises(ProgrammingError, match="just saved"):
            call(mine.participant_id, [made_up()])
        assert found() == [(mine.participant.code, "withdrawn")]
    assert event_model_of(Identity).objects.count() == entries + 1
    with as_owner():
        assert not crossing.agrees(Identity.objects.get(pk=mine.pk), actions.opened(mine)), (
            "found by the check"
        )


def test_a_temporary_table_does_not_stand_in_its_way(cast: Cast, recorded: Any, pune: Any) -> None:
    with walls.opened(cast.vikram):
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMPORARY TABLE {PersonIndex._meta.db_table} (participant_id bigint)")
            cursor.execute("CREATE TEMPORARY TABLE identity_identity (participant_id bigint)")
            cursor.execute("DROP TABLE pg_temp.identity_identity")
        actions.record(participant=pune, raw=AS_PUNE_WRITES, by=cast.vikram)
    assert len(found()) == 2


def test_a_person_who_changes_one_identity_all_day_is_stopped(
    cast: Cast, recorded: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(actions, "MOST_CHANGES_A_DAY", 2)
    for number in range(2):
        actions.record(
            participant=recorded.participant,
            raw=PERSON | {"address": f"Road {number}"},
            by=cast.asha,
            reason="Moved",
        )
    with pytest.raises(IdentityInvalid) as refused:
        actions.record(
            participant=recorded.participant, raw=PERSON | {"address": "Road 9"}, by=cast.asha, reason="Moved"
        )
    assert [one.code for one in refused.value.problems] == ["changed_too_often"]


# --- What it finds ---------------------------------------------------------------------------------------


def test_somebody_else_is_not_found(cast: Cast, recorded: Any, pune: Any) -> None:
    actions.record(participant=pune, raw=SOMEBODY_ELSE, by=cast.vikram)
    assert found() == []


def test_the_same_person_is_found_at_once_behind_the_wall(cast: Cast, recorded: Any, pune: Any) -> None:
    with walls.opened(cast.vikram):
        actions.record(participant=pune, raw=AS_PUNE_WRITES, by=cast.vikram)
        assert found() == [(pune.code, "open")]
    rows = list(PossibleDuplicate.objects.order_by("id"))
    assert {row.participant_id for row in rows} == {recorded.participant_id, pune.pk}
    assert len({row.pair for row in rows}) == 1
    assert {row.strength for row in rows} == {"probable"}
    assert all("sound_birth_date" in row.agreement for row in rows)
    assert [row.site_id == row.participant.site_id for row in rows] == [True, True]


def test_two_of_one_site_are_found_too(cast: Cast, recorded: Any) -> None:
    second = a_case(cast)
    actions.record(participant=second, raw=AS_PUNE_WRITES, by=cast.asha)
    assert found() == [(recorded.participant.code, "open"), (second.code, "open")]


def test_three_make_three_pairs(cast: Cast, at_pune: Any) -> None:
    actions.record(participant=a_case(cast), raw=PERSON | {"hospital_number": "MH-3"}, by=cast.asha)
    assert PossibleDuplicate.objects.count() == 6
    assert len(set(PossibleDuplicate.objects.values_list("pair", flat=True))) == 3


def test_the_history_at_one_site_names_nobody_of_the_other(
    cast: Cast, recorded: Any, pune: Any, page: Any
) -> None:
    browser = page(cast.vikram)
    answer = browser.post(f"/participants/{pune.code}/identity/change/", AS_PUNE_WRITES | {"version": "0"})
    assert answer.status_code == 302
    for row in PossibleDuplicate.objects.all():
        (change,) = history_of(row)
        assert (change.by, change.source, change.reason) == ("", "job", "Possible duplicate found")
    entries = event_model_of(PossibleDuplicate).objects.values_list("pgh_context", "pgh_context_id")
    assert all("user" not in said and "request" not in said and number is None for said, number in entries)
    assert history_of(Identity.objects.get(participant=pune))[0].by == "vikram", (
        "what came after is Vikram's again"
    )


def test_that_it_was_compared_is_a_look(cast: Cast, at_pune: Any) -> None:
    looks = Look.objects.filter(what="identity_comparison").values_list(
        "user__username", "site__code", "detail"
    )
    assert set(looks) == {
        (who, site, "saved, and compared with the whole study")
        for who, site in (("asha", "MUM"), ("vikram", "PUN"))
    }


def correct(cast: Cast, at_pune: Identity, **more: str) -> None:
    actions.record(
        participant=at_pune.participant, raw=AS_PUNE_WRITES | more, by=cast.vikram, reason="Card read"
    )


def test_a_correction_that_ends_the_agreement_withdraws_it_and_another_opens_it_again(
    cast: Cast, at_pune: Any
) -> None:
    correct(cast, at_pune, full_name="Meena Patil")
    assert {state for _code, state in found()} == {"withdrawn"}
    assert {row.version for row in PossibleDuplicate.objects.all()} == {2}
    correct(cast, at_pune)
    assert {state for _code, state in found()} == {"open"}
    assert PossibleDuplicate.objects.count() == 2


def test_a_correction_of_something_else_changes_no_finding(cast: Cast, at_pune: Any) -> None:
    correct(cast, at_pune, address="1 Hill Road")
    assert {row.version for row in PossibleDuplicate.objects.all()} == {1}


def test_more_that_agrees_is_told(cast: Cast, at_pune: Any) -> None:
    correct(cast, at_pune, full_name=PERSON["full_name"], phone=PERSON["phone"])
    row = PossibleDuplicate.objects.get(site=cast.pune)
    assert row.strength == "strong" and {"name_birth_date", "phone_birth_year"} <= set(row.agreement)


@pytest.mark.parametrize(
    ("change", "state"), [({}, "different_people"), ({"phone": PERSON["phone"]}, "open")]
)
def test_what_was_settled_stands_until_more_agrees(
    cast: Cast, at_pune: Any, change: dict[str, str], state: str
) -> None:
    from studyportal.identity.settling import settle

    pair = PossibleDuplicate.objects.first().pair
    settle(pair=pair, decision="different_people", by=cast.meera, reason="Both were asked")
    correct(cast, at_pune, address="1 Hill Road", **change)
    assert {row.state for row in PossibleDuplicate.objects.all()} == {state}


def test_a_refused_save_finds_nothing(cast: Cast, recorded: Any, pune: Any) -> None:
    with pytest.raises(IdentityInvalid):
        actions.record(participant=pune, raw=AS_PUNE_WRITES | {"phone": "call"}, by=cast.vikram)
    assert found() == []


def test_no_keys_without_a_birth_date_or_phone(cast: Cast, recorded: Any, pune: Any) -> None:
    actions.record(participant=pune, raw={"full_name": "Zarina Quillfeather"}, by=cast.vikram)
    assert found() == []
