"""Who may record and read an identity, what is refused, and what is kept of it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from apps.enrolment import actions as enrolment
from studyportal.access.models import Membership, User
from studyportal.audit.selectors import event_model_of, history_of
from studyportal.crf.errors import CrfInvalid
from studyportal.identity import actions, rules
from studyportal.identity.errors import CannotBeOpened, IdentityInvalid, StaleIdentity
from studyportal.identity.models import Identity
from studyportal.identity.selectors import find_by_hospital_number, identity_of, mentioned_in
from tests.apps.enrolment.factories import a_case
from tests.cast import Cast
from tests.studyportal.identity.conftest import PERSON

pytestmark = pytest.mark.django_db

OUTSIDERS = ["vikram", "meera", "sanjay", "farah", "admin", "norole"]


def codes(refused: Any) -> set[tuple[str | None, str]]:
    return {(one.field, one.code) for one in refused.value.problems}


# --- Who may not -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", OUTSIDERS)
def test_others_record_nothing(cast: Cast, mumbai: Any, who: str) -> None:
    with pytest.raises(PermissionDenied):
        actions.record(participant=mumbai, raw=PERSON, by=getattr(cast, who))
    assert not Identity.objects.exists()


@pytest.mark.parametrize("who", OUTSIDERS)
def test_others_read_nothing(cast: Cast, recorded: Any, logged: Any, who: str) -> None:
    with pytest.raises(PermissionDenied):
        identity_of(recorded.participant, getattr(cast, who), "curiosity")
    assert find_by_hospital_number(PERSON["hospital_number"], getattr(cast, who)) == []
    assert not any(line[0] == "identity" for line in logged)


def test_a_membership_that_ended_reads_nothing(cast: Cast, recorded: Any) -> None:
    Membership.objects.filter(user=cast.asha).update(valid_until=timezone.localdate() - dt.timedelta(days=1))
    with pytest.raises(PermissionDenied):
        identity_of(recorded.participant, User.objects.get(pk=cast.asha.pk), "late")


def test_a_stranger_sees_no_row(recorded: Any) -> None:
    assert not Identity.objects.visible_to(AnonymousUser()).exists()


# --- What is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"full_name": ""}, "full_name", "required"),
        ({"full_name": None}, "full_name", "required"),
        ({"full_name": 7}, "full_name", "type"),
        ({"full_name": "Zarina\x00"}, "full_name", "nul_character"),
        ({"full_name": "Z" * 10_000_000}, "full_name", "max_length"),
        ({"address": "x" * 501}, "address", "max_length"),
        ({"address": "12 Sea Road\x0bMumbai"}, "address", "control_character"),
        ({"hospital_number": "МН-451"}, "hospital_number", "hospital_number"),
        ({"email": "zarina"}, "email", "email"),
        ({"phone": "call"}, "phone", "phone"),
        ({"guardian_name": ""}, "guardian_name", "guardian_name_missing"),
        ({"sex": "female"}, None, "unknown_field"),
        ({"site": "2"}, None, "unknown_field"),
    ],
)
def test_values_that_cannot_be_kept(
    cast: Cast, mumbai: Any, change: dict[str, Any], field: str | None, code: str
) -> None:
    with pytest.raises(IdentityInvalid) as refused:
        actions.record(participant=mumbai, raw=PERSON | change, by=cast.asha)
    assert codes(refused) == {(field, code)}
    said = str(refused.value) + "".join(one.message for one in refused.value.problems)
    assert len(said) < 500
    assert not any(str(value) in said for value in change.values() if value)
    assert not Identity.objects.exists()


def test_a_birth_date_of_tomorrow_at_the_site(cast: Cast, mumbai: Any, monkeypatch: Any) -> None:
    evening = dt.datetime(2026, 6, 1, 20, 0, tzinfo=dt.UTC)  # the 2nd in Mumbai
    monkeypatch.setattr("django.utils.timezone.now", lambda: evening)
    with pytest.raises(IdentityInvalid):
        actions.record(participant=mumbai, raw=PERSON | {"birth_date": "2026-06-03"}, by=cast.asha)
    actions.record(participant=mumbai, raw=PERSON | {"birth_date": "2026-06-02"}, by=cast.asha)


def test_the_number_of_another_participant_names_the_code_only(cast: Cast, recorded: Any) -> None:
    second = a_case(cast)
    raw = PERSON | {"full_name": "Somebody Else", "hospital_number": "mh 2016/00451"}
    with pytest.raises(IdentityInvalid) as refused:
        actions.record(participant=second, raw=raw, by=cast.asha)
    assert codes(refused) == {("hospital_number", "unique")}
    message = refused.value.problems[0].message
    assert recorded.participant.code in message
    assert "Zarina" not in message and "00451" not in message
    assert refused.value.__cause__ is None
    assert Identity.objects.count() == 1


def test_the_same_number_at_another_site_is_another(cast: Cast, recorded: Any, pune: Any) -> None:
    other = actions.record(participant=pune, raw=PERSON, by=cast.vikram)
    assert other.hospital_number_index != recorded.hospital_number_index


def test_the_database_keeps_one_number_per_site(recorded: Any, cast: Cast) -> None:
    row = Identity(
        participant=a_case(cast),
        site=cast.mumbai,
        sealed=b"x",
        key_id="k",
        hospital_number_index=recorded.hospital_number_index,
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_a_change_without_a_reason(cast: Cast, recorded: Any) -> None:
    with pytest.raises(IdentityInvalid) as refused:
        actions.record(participant=recorded.participant, raw=PERSON | {"phone": "12345"}, by=cast.asha)
    assert codes(refused) == {("reason", "reason_required")}


@pytest.mark.parametrize(
    "reason", ["Ms Quillfeather married", "was called Zarina", "MH201600451 is hers", "new: Kettering"]
)
def test_a_reason_that_names_the_person(cast: Cast, recorded: Any, reason: str) -> None:
    with pytest.raises(IdentityInvalid) as refused:
        actions.record(
            participant=recorded.participant,
            raw=PERSON | {"full_name": "Zarina Kettering"},
            by=cast.asha,
            reason=reason,
        )
    assert codes(refused) == {("reason", "reason_names_person")}
    assert event_model_of(Identity).objects.count() == 1


@pytest.mark.parametrize(
    "reason", [7, "x\x00", "no", "r" * 1001, {"code": "nonsense"}, {"code": "other", "text": ""}]
)
def test_a_reason_that_is_none(cast: Cast, recorded: Any, reason: Any) -> None:
    with pytest.raises(IdentityInvalid) as refused:
        actions.record(participant=recorded.participant, raw=PERSON, by=cast.asha, reason=reason)
    assert {field for field, _code in codes(refused)} == {"reason"}


@pytest.mark.parametrize("version", [0, 2, -1])
def test_a_stale_version(cast: Cast, recorded: Any, version: int) -> None:
    with pytest.raises(StaleIdentity):
        actions.record(
            participant=recorded.participant,
            raw=PERSON | {"phone": "12345"},
            by=cast.rao,
            reason="new phone",
            expected_version=version,
        )


def test_a_label_that_names_the_person(cast: Cast) -> None:
    labelled = a_case(cast, label="Zarina Q")
    with pytest.raises(IdentityInvalid) as refused:
        actions.record(participant=labelled, raw=PERSON, by=cast.asha)
    assert codes(refused) == {(None, "label_names_person")}


def test_a_label_is_not_given_the_name_later(cast: Cast, recorded: Any) -> None:
    with pytest.raises(CrfInvalid) as refused:
        enrolment.change(participant=recorded.participant, by=cast.asha, label="quillfeather")
    assert codes(refused) == {("label", "names_person")}
    assert enrolment.change(participant=recorded.participant, by=cast.asha, label="third of the day").label


def test_whether_a_text_names_the_person_is_no_oracle(cast: Cast, recorded: Any) -> None:
    assert mentioned_in(recorded.participant, "Zarina", cast.asha)
    for who in OUTSIDERS:
        assert not mentioned_in(recorded.participant, "Zarina", getattr(cast, who))


# --- What no key opens -----------------------------------------------------------------------------------


def test_a_row_swapped_to_another_participant(cast: Cast, recorded: Any, logged: Any, caplog: Any) -> None:
    second = a_case(cast)
    actions.record(participant=second, raw={"full_name": "Somebody Else"}, by=cast.asha)
    Identity.objects.filter(participant=second).update(sealed=recorded.sealed, key_id=recorded.key_id)
    with caplog.at_level(logging.ERROR), pytest.raises(CannotBeOpened) as refused:
        identity_of(second, cast.asha, "test")
    assert "keys of this installation" in refused.value.message
    assert "Zarina" not in caplog.text + str(refused.value)
    assert f"participant {second.pk}" in caplog.text


def test_what_cannot_be_opened_is_not_overwritten(
    cast: Cast, recorded: Any, settings: Any, new_key: Callable[[], str]
) -> None:
    settings.IDENTITY_KEYS = (new_key(),)
    with pytest.raises(CannotBeOpened):
        actions.record(participant=recorded.participant, raw=PERSON, by=cast.asha, reason="new keys")
    assert bytes(Identity.objects.get().sealed) == recorded.sealed


# --- What is kept ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["asha", "rao"])
def test_the_sites_own_staff_read_it_and_the_look_is_logged(
    cast: Cast, recorded: Any, logged: list[Any], who: str
) -> None:
    known = identity_of(recorded.participant, getattr(cast, who), "phone call about visit 3")
    assert known is not None
    assert {name: getattr(known.person, name) for name in PERSON} == PERSON
    assert logged == [("identity", who, recorded.participant.code, "phone call about visit 3")]


def test_nothing_recorded_is_none(cast: Cast, mumbai: Any) -> None:
    assert identity_of(mumbai, cast.asha, "test") is None


def test_the_row_and_its_history_hold_ciphertext_only(cast: Cast, recorded: Any, as_owner: Any) -> None:
    actions.record(
        participant=recorded.participant,
        raw=PERSON | {"phone": "12345"},
        by=cast.asha,
        reason={"code": "arrived_later", "text": "new phone"},
    )
    for table in (Identity._meta.db_table, event_model_of(Identity)._meta.db_table):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT t::text FROM {table} t")
            text = " ".join(row[0] for row in cursor.fetchall())
        assert "Zarina" not in text and b"Zarina".hex() not in text
    newest = history_of(recorded)[0]
    assert (newest.by, newest.reason, newest.fields) == ("asha", "Information arrived later: new phone", ())


def test_what_was_empty_needs_no_reason_and_the_same_again_changes_nothing(cast: Cast, mumbai: Any) -> None:
    first = actions.record(participant=mumbai, raw={"full_name": "Zarina"}, by=cast.asha, expected_version=0)
    second = actions.record(participant=mumbai, raw=PERSON | {"full_name": "Zarina"}, by=cast.asha)
    third = actions.record(
        participant=mumbai, raw=PERSON | {"full_name": " Zarina  "}, by=cast.asha, expected_version=2
    )
    assert (first.version, second.version, third.version) == (1, 2, 2)
    assert event_model_of(Identity).objects.count() == 2


@pytest.mark.parametrize("spelling", ["MH-2016/00451", "mh 2016/00451", "ＭＨ２０１６／００４５１"])
def test_searching_by_hospital_number(cast: Cast, recorded: Any, logged: list[Any], spelling: str) -> None:
    assert find_by_hospital_number(spelling, cast.asha) == [recorded.participant]
    assert find_by_hospital_number(spelling, cast.vikram) == []
    assert find_by_hospital_number("MH-2016/0045", cast.asha) == []
    assert logged == [
        ("identity_search", "asha", recorded.participant.code, "found"),
        ("identity_search", "vikram", "", "nobody found"),
        ("identity_search", "asha", "", "nobody found"),
    ]


def test_searching_with_no_number(cast: Cast) -> None:
    for text in ("Zarina", "  ", "MH\x00451"):
        with pytest.raises(rules.Impossible):
            find_by_hospital_number(text, cast.asha)


def test_history_is_not_changed_by_the_application(recorded: Any) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {event_model_of(Identity)._meta.db_table} SET sealed = ''")
