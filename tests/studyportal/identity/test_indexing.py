"""The commands that make blind keys, and that the keys in the database are those of the identities."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.core.management import CommandError, call_command

from apps.enrolment.crfs import MEDICAL_HISTORY
from studyportal.audit.selectors import event_model_of, history_of
from studyportal.crf.actions import save
from studyportal.identity import actions, crossing, indexing
from studyportal.identity.models import Identity, PersonIndex, PossibleDuplicate
from studyportal.identity.settling import settle
from tests.cast import Cast
from tests.studyportal.identity.conftest import PERSON

pytestmark = pytest.mark.django_db


def index(*flags: str, command: str = "index_identities") -> str:
    said = StringIO()
    try:
        call_command(command, *flags, stdout=said, stderr=said)
    except CommandError as error:
        raise CommandError(f"{said.getvalue()} {error}") from error
    return said.getvalue()


@pytest.fixture
def both(cast: Cast, recorded: Any, pune: Any) -> list[Identity]:
    return [recorded, actions.record(participant=pune, raw=PERSON, by=cast.vikram)]


def test_the_applications_role_may_not(both: Any) -> None:
    for flags in ([], ["--check"]):
        with pytest.raises(CommandError, match="owner of the database"):
            index(*flags)


def test_a_closed_process_may_not(both: Any, settings: Any) -> None:
    settings.IDENTITY_CLOSED = True
    with pytest.raises(CommandError, match="closed"):
        index("--check")


def test_keys_and_identities_agree_after_every_save(cast: Cast, both: Any, as_owner: Any) -> None:
    changed = PERSON | {"full_name": "Zarina Q", "phone": ""}
    actions.record(participant=both[0].participant, raw=changed, by=cast.asha, reason="Card read")
    with as_owner():
        assert "agree" in index("--check")
        assert PersonIndex.objects.count() == Identity.objects.count() == 2
        for row in Identity.objects.all():
            assert crossing.agrees(row, actions.opened(row))


def test_keys_that_are_missing_old_or_of_nobody_are_told(cast: Cast, both: Any, as_owner: Any) -> None:
    with as_owner():
        PersonIndex.objects.filter(participant=both[0].participant).update(keys=[])
        with pytest.raises(CommandError, match=f"{both[0].participant.code}: blind keys disagree"):
            index("--check")
        PersonIndex.objects.filter(participant=both[0].participant).delete()
        with pytest.raises(CommandError, match="1 need attention"):
            index("--check")
        index()
        assert "agree" in index("--check")


def test_what_was_recorded_before_there_were_keys_is_found(both: Any, as_owner: Any) -> None:
    with as_owner():
        PersonIndex.objects.all().delete()
        PossibleDuplicate.objects.all().delete()
        assert "keys made for 2" in index()
        rows = list(PossibleDuplicate.objects.all())
    assert {row.state for row in rows} == {"open"} and len(rows) == 2
    assert history_of(rows[0])[0].source == "job"
    with as_owner():
        assert "keys made for 0" in index(), "a second run makes nothing"
        assert PossibleDuplicate.objects.count() == 2


def test_a_new_index_key_changes_no_finding(
    cast: Cast, both: Any, as_owner: Any, settings: Any, new_key: Callable[[], str]
) -> None:
    before = sorted(PossibleDuplicate.objects.values_list("pair", "state", "version"))
    settings.IDENTITY_INDEX_KEY = new_key()
    with as_owner():
        old = set(PersonIndex.objects.get(participant=both[0].participant).keys)
        assert "2 persons with blind keys of another key" in index("--check", command="rotate_identity_keys")
        index("--reindex", command="rotate_identity_keys")
        new = set(PersonIndex.objects.get(participant=both[0].participant).keys)
        assert len(old) == len(new) and not old & new
        assert "agree" in index("--check")
        assert "another key" not in index("--check", command="rotate_identity_keys")
    assert sorted(PossibleDuplicate.objects.values_list("pair", "state", "version")) == before


def test_an_interrupted_run_goes_on(both: Any, as_owner: Any, monkeypatch: Any, settings: Any) -> None:
    monkeypatch.setattr(indexing, "BATCH", 1)
    plain = crossing.compare
    with as_owner():
        PersonIndex.objects.all().delete()
        PossibleDuplicate.objects.all().delete()

        def breaks(*_: Any) -> None:
            raise RuntimeError("the power went")

        monkeypatch.setattr(crossing, "compare", breaks)
        with pytest.raises(RuntimeError):
            index()
        assert PersonIndex.objects.filter(identity_version=0).count() == 2
        monkeypatch.setattr(crossing, "compare", plain)
        index()
        assert PossibleDuplicate.objects.count() == 2 and "agree" in index("--check")


def test_an_identity_that_no_key_opens_is_told(both: Any, as_owner: Any, settings: Any, new_key: Any) -> None:
    settings.IDENTITY_KEYS = (new_key(),)
    with as_owner():
        for flags in ([], ["--check"]):
            with pytest.raises(CommandError, match="no key of this installation opens"):
                index(*flags)
        assert PersonIndex.objects.count() == 2


def test_records_before_birth_are_told_by_code(cast: Cast, both: Any, as_owner: Any, settings: Any) -> None:
    """What a process without the keys could not refuse."""
    settings.IDENTITY_CLOSED = True
    participant = both[0].participant
    save(MEDICAL_HISTORY, raw={"diagnosed_on": "1999"}, by=cast.asha, participant=participant, complete=False)
    settings.IDENTITY_CLOSED = False
    with as_owner(), pytest.raises(CommandError, match="before birth") as told:
        index("--check")
    assert f"{participant.code}: Diabetes diagnosed" in str(told.value)
    assert "1999" not in str(told.value) and "2001" not in str(told.value)


def test_a_settled_pair_stays_settled(
    cast: Cast, both: Any, as_owner: Any, settings: Any, new_key: Any
) -> None:
    pair = PossibleDuplicate.objects.first().pair
    settle(pair=pair, decision="different_people", by=cast.meera, reason="Both were asked")
    settings.IDENTITY_INDEX_KEY = new_key()
    with as_owner():
        index()
    assert {row.state for row in PossibleDuplicate.objects.all()} == {"different_people"}


def test_keys_stand_in_no_history(both: Any) -> None:
    assert event_model_of(Identity).objects.count() == 2
    with pytest.raises(FieldDoesNotExist):
        event_model_of(PersonIndex)
