"""What is sealed opens for its own participant with its own key, and for nothing else."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from studyportal.audit.selectors import event_model_of, history_of
from studyportal.identity import checks, rotation, sealing
from studyportal.identity.errors import CannotBeOpened
from studyportal.identity.models import Identity
from studyportal.identity.person import Person
from studyportal.identity.selectors import find_by_hospital_number, identity_of

ZARINA = Person(full_name="Zarina Quillfeather", hospital_number="MH-2016/00451")
HERS = {"participant_id": 7, "site_id": 1}


# --- What does not open ----------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [{"participant_id": 8, "site_id": 1}, {"participant_id": 7, "site_id": 2}])
def test_a_ciphertext_under_another_participant_or_site(other: dict[str, int]) -> None:
    sealed, key = sealing.seal(ZARINA, **HERS)
    with pytest.raises(CannotBeOpened, match="another participant's"):
        sealing.unseal(sealed, key, **other)


@pytest.mark.parametrize("length", [0, 1, 12, 13, 40, -1])
def test_a_ciphertext_cut_short(length: int) -> None:
    sealed, key = sealing.seal(ZARINA, **HERS)
    with pytest.raises(CannotBeOpened):
        sealing.unseal(sealed[:length], key, **HERS)


def test_a_single_changed_bit() -> None:
    sealed, key = sealing.seal(ZARINA, **HERS)
    for position in range(0, len(sealed), 17):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(CannotBeOpened):
            sealing.unseal(bytes(changed), key, **HERS)


def test_an_unknown_key_is_named_by_its_id(settings: Any, new_key: Callable[[], str]) -> None:
    sealed, key = sealing.seal(ZARINA, **HERS)
    settings.IDENTITY_KEYS = (new_key(),)
    with pytest.raises(CannotBeOpened, match=f"sealed with the key {key}"):
        sealing.unseal(sealed, key, **HERS)


def test_a_wrong_key_under_a_right_name(settings: Any, new_key: Callable[[], str]) -> None:
    sealed, _key = sealing.seal(ZARINA, **HERS)
    settings.IDENTITY_KEYS = (new_key(),)
    with pytest.raises(CannotBeOpened, match="does not open it"):
        sealing.unseal(sealed, sealing.first_key_id(), **HERS)


def test_a_closed_process_opens_nothing(settings: Any) -> None:
    sealed, key = sealing.seal(ZARINA, **HERS)
    settings.IDENTITY_CLOSED = True
    with pytest.raises(CannotBeOpened, match="closed"):
        sealing.unseal(sealed, key, **HERS)


# --- What opens ------------------------------------------------------------------------------------------


def test_what_is_sealed_opens_and_never_looks_the_same() -> None:
    sealed, key = sealing.seal(ZARINA, **HERS)
    assert sealing.unseal(memoryview(sealed), key, **HERS) == ZARINA
    assert sealing.seal(ZARINA, **HERS)[0] != sealed
    assert b"Zarina" not in sealed


def test_the_length_tells_nothing_of_a_name() -> None:
    long = Person(full_name="Zarina " * 10)
    assert len(sealing.seal(long, **HERS)[0]) == len(sealing.seal(Person(full_name="Z"), **HERS)[0])


def test_the_blind_index_is_of_the_number_and_the_site() -> None:
    index = sealing.index_of("MH-2016/00451", 1)
    assert index is not None and len(index) == 64
    for spelling in ("mh 2016/00451", "ＭＨ２０１６／００４５１", " MH2016/00451"):
        assert sealing.index_of(spelling, 1) == index
    assert sealing.index_of("MH-2016/00451", 2) != index
    assert sealing.index_of("MH-2016/00452", 1) != index
    assert sealing.index_of("  ", 1) is None


def test_the_index_depends_on_its_key(settings: Any, new_key: Callable[[], str]) -> None:
    before = sealing.index_of("MH-2016/00451", 1)
    settings.IDENTITY_INDEX_KEY = new_key()
    assert sealing.index_of("MH-2016/00451", 1) != before


def test_a_person_shows_and_stores_nothing_of_itself() -> None:
    for shown in (repr(ZARINA), str(ZARINA), f"{ZARINA}", f"{[ZARINA]}"):
        assert "Zarina" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(ZARINA)
    with pytest.raises(TypeError):
        json.dumps(ZARINA)


# --- Keys ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "index", "said"),
    [
        ((), "i" * 3, "holds no key"),
        (("short",), "", "Key 1 of IDENTITY_KEYS is no key"),
        (("a" * 96,), "", "Key 1 of IDENTITY_KEYS is no key"),
        (("0123456789abcdef" * 6, "0123456789abcdef" * 6), "x", "names one key twice"),
        (("0123456789abcdef" * 6,), "0123456789abcdef" * 6, "also one of IDENTITY_KEYS"),
        (("schlüssel" * 10,), "", "is no key"),
    ],
)
def test_keys_that_are_none(keys: tuple[str, ...], index: str, said: str, settings: Any) -> None:
    settings.IDENTITY_KEYS, settings.IDENTITY_INDEX_KEY = keys, index
    messages = checks.keys_are_keys()
    assert any(said in one.msg for one in messages)
    assert not any(key in one.msg for one in messages for key in keys)
    with pytest.raises(ImproperlyConfigured, match=said):
        sealing.seal(ZARINA, **HERS)


def test_the_signing_key_is_no_key_of_identities(settings: Any) -> None:
    settings.IDENTITY_KEYS = (settings.SECRET_KEY,)
    assert any("SECRET_KEY is also" in one.msg for one in checks.keys_are_keys())


def test_the_keys_of_this_installation_are_keys(settings: Any) -> None:
    assert checks.keys_are_keys() == []
    settings.IDENTITY_CLOSED = True
    settings.IDENTITY_KEYS = ()
    assert checks.keys_are_keys() == []


# --- Rotation --------------------------------------------------------------------------------------------


def rotate(*flags: str) -> str:
    said = StringIO()
    call_command("rotate_identity_keys", *flags, stdout=said, stderr=said)
    return said.getvalue()


def rows() -> list[Any]:
    return [*Identity.objects.all(), *event_model_of(Identity).objects.all()]


@pytest.mark.django_db
def test_the_applications_role_may_not_rotate(recorded: Any) -> None:
    with pytest.raises(CommandError, match="owner of the database"):
        rotate()


@pytest.mark.django_db
def test_two_orders_at_once_are_refused(recorded: Any) -> None:
    with pytest.raises(CommandError, match="one of the two"):
        rotate("--check", "--reindex")


@pytest.mark.django_db
def test_a_closed_process_rotates_nothing(recorded: Any, settings: Any) -> None:
    settings.IDENTITY_CLOSED = True
    with pytest.raises(CommandError, match="closed"):
        rotate("--check")


@pytest.mark.django_db
def test_rotation_with_a_new_key(
    cast: Any, recorded: Any, settings: Any, new_key: Callable[[], str], as_owner: Any, logged: Any
) -> None:
    old, version = settings.IDENTITY_KEYS, recorded.version
    settings.IDENTITY_KEYS = (new_key(), *old)
    with as_owner():
        assert "an old key" in rotate("--check")
        said = rotate()
        assert "Everything is sealed with the first key" in said
        assert {row.key_id for row in rows()} == {sealing.first_key_id()}
        settings.IDENTITY_KEYS = settings.IDENTITY_KEYS[:1]
        assert "1 rows" in rotate("--check") and "old key" not in rotate("--check")
        again = rotate()
        assert "identities: 1 rows, 0 changed" in again
    known = identity_of(recorded.participant, cast.asha, "test")
    assert known is not None and known.person.full_name == "Zarina Quillfeather"
    assert known.version == version, "nobody who has the page open is told that somebody saved"
    assert history_of(recorded)[0].reason == rotation.REASON


@pytest.mark.django_db
def test_an_interrupted_rotation_goes_on(
    recorded: Any, settings: Any, new_key: Callable[[], str], as_owner: Any, monkeypatch: Any
) -> None:
    settings.IDENTITY_KEYS = (new_key(), *settings.IDENTITY_KEYS)
    plain = rotation._renew
    monkeypatch.setattr(rotation, "BATCH", 1)

    def breaks(row: Any, *args: Any, **kwargs: Any) -> bool:
        if isinstance(row, Identity):
            raise CannotBeOpened("the power went")
        return plain(row, *args, **kwargs)

    with as_owner():
        monkeypatch.setattr(rotation, "_renew", breaks)
        with pytest.raises(CannotBeOpened):
            rotate()
        assert len({row.key_id for row in rows()}) == 2
        monkeypatch.setattr(rotation, "_renew", plain)
        rotate()
        assert {row.key_id for row in rows()} == {sealing.first_key_id()}


@pytest.mark.django_db
def test_rows_that_no_key_opens_are_told_and_left(
    recorded: Any, settings: Any, new_key: Callable[[], str], as_owner: Any
) -> None:
    settings.IDENTITY_KEYS = (new_key(),)
    before = [bytes(row.sealed) for row in rows()]
    with as_owner():
        for flags in (["--check"], []):
            with pytest.raises(CommandError, match="2 rows cannot be opened"):
                rotate(*flags)
    assert [bytes(row.sealed) for row in rows()] == before


@pytest.mark.django_db
def test_a_new_index_key(
    cast: Any, recorded: Any, settings: Any, new_key: Callable[[], str], as_owner: Any, logged: Any
) -> None:
    settings.IDENTITY_INDEX_KEY = new_key()
    assert find_by_hospital_number("MH-2016/00451", cast.asha) == []
    with as_owner():
        assert "index of another key" in rotate("--check")
        rotate("--reindex")
        assert "index of another key" not in rotate("--check")
    assert find_by_hospital_number("MH-2016/00451", cast.asha) == [recorded.participant]
