"""Settling a pair: who may, what is refused, and what follows from it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from studyportal.access import walls
from studyportal.access.models import Membership, User
from studyportal.audit.selectors import history_of
from studyportal.deviations.models import Deviation
from studyportal.identity import actions, duplicates
from studyportal.identity.errors import IdentityInvalid, StaleIdentity
from studyportal.identity.models import LeftOutOfAnalysis, PossibleDuplicate
from studyportal.identity.settling import settle
from tests.apps.enrolment.factories import a_case
from tests.cast import ROLES, Cast
from tests.studyportal.identity.conftest import PERSON

pytestmark = pytest.mark.django_db
WHY = "Both sites asked the person"


@pytest.fixture
def pair(cast: Cast, recorded: Any, pune: Any) -> uuid.UUID:
    actions.record(participant=pune, raw=PERSON, by=cast.vikram)
    return PossibleDuplicate.objects.first().pair


def rows(pair: uuid.UUID) -> dict[str, PossibleDuplicate]:
    return {row.site.code: row for row in PossibleDuplicate.objects.filter(pair=pair)}


def codes(refused: Any) -> set[tuple[str | None, str]]:
    return {(one.field, one.code) for one in refused.value.problems}


# --- Refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [who for who in ROLES if who != "meera"])
def test_others_settle_nothing(cast: Cast, pair: uuid.UUID, who: str) -> None:
    with pytest.raises(PermissionDenied):
        settle(pair=pair, decision="different_people", by=getattr(cast, who), reason=WHY)
    assert {row.state for row in rows(pair).values()} == {"open"}


def test_the_data_manager_of_one_site_settles_no_pair_of_two(cast: Cast, pair: uuid.UUID) -> None:
    Membership.objects.create(user=cast.norole, role="data_manager", site=cast.pune, valid_from="2020-01-01")
    local = User.objects.get(pk=cast.norole.pk)
    with walls.opened(local), pytest.raises(PermissionDenied):
        settle(pair=pair, decision="different_people", by=local, reason=WHY)
    seen = duplicates.seen(local, duplicates.listed(local))
    assert [(one.row.site.code, one.other, one.may_settle) for one in seen] == [("PUN", None, False)]


def test_a_pair_that_is_none(cast: Cast, pair: uuid.UUID) -> None:
    with pytest.raises(PermissionDenied):
        settle(pair=uuid.uuid4(), decision="different_people", by=cast.meera, reason=WHY)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"decision": ""}, ("decision", "choice")),
        ({"decision": "open"}, ("decision", "choice")),
        ({"decision": "withdrawn"}, ("decision", "choice")),
        ({"decision": "same_person"}, ("stays", "required")),
        ({"decision": "same_person", "stays": "PUN-9999-X"}, ("stays", "required")),
        ({"stays": "PUN"}, ("stays", "contradiction")),
        ({"reason": None}, ("reason", "reason_required")),
        ({"reason": ""}, ("reason", "reason_required")),
        ({"reason": "x"}, ("reason", "too_short")),
        ({"reason": 7}, ("reason", "type")),
        ({"reason": "y" * 1001}, ("reason", "max_length")),
        ({"reason": "Seen at pun last year"}, ("reason", "names_other_site")),
        ({"reason": "The Pune clinic confirms"}, ("reason", "names_other_site")),
    ],
)
def test_what_is_refused(
    cast: Cast, pair: uuid.UUID, given: dict[str, Any], problem: tuple[str, str]
) -> None:
    with pytest.raises(IdentityInvalid) as refused:
        settle(**{"pair": pair, "decision": "different_people", "by": cast.meera, "reason": WHY} | given)
    assert codes(refused) == {problem}
    assert {row.state for row in rows(pair).values()} == {"open"}


@pytest.mark.parametrize("written", ["{code}", "{code} is her", "it is {lower}", "code {squeezed}"])
def test_a_reason_names_no_code(cast: Cast, pair: uuid.UUID, pune: Any, written: str) -> None:
    code = pune.code
    reason = written.format(code=code, lower=code.lower(), squeezed=code.replace("-", " "))
    with pytest.raises(IdentityInvalid) as refused:
        settle(pair=pair, decision="different_people", by=cast.meera, reason=reason)
    assert codes(refused) == {("reason", "names_other_site")}


def test_a_version_that_was_not_seen(cast: Cast, pair: uuid.UUID) -> None:
    settle(pair=pair, decision="different_people", by=cast.meera, reason=WHY, expected_version=1)
    with pytest.raises(StaleIdentity):
        settle(pair=pair, decision="different_people", by=cast.meera, reason=WHY, expected_version=1)


def test_nobody_stays_who_is_left_out_elsewhere(cast: Cast, pair: uuid.UUID, pune: Any) -> None:
    third = a_case(cast)
    actions.record(participant=third, raw=PERSON | {"hospital_number": "MH-3"}, by=cast.asha)
    mumbai = rows(pair)["MUM"].participant
    settle(pair=pair, decision="same_person", stays=mumbai.code, by=cast.meera, reason=WHY)
    other = PossibleDuplicate.objects.filter(participant=pune).exclude(pair=pair).get().pair
    with pytest.raises(IdentityInvalid) as refused:
        settle(pair=other, decision="same_person", stays=pune.code, by=cast.meera, reason=WHY)
    assert codes(refused) == {("stays", "left_elsewhere")}


def test_the_database_says_who_stays_of_one_person_only(pair: uuid.UUID) -> None:
    for change in ({"state": "same_person"}, {"stays_in_analysis": True}, {"state": "nonsense"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            PossibleDuplicate.objects.filter(pair=pair).update(**change)


# --- What follows ----------------------------------------------------------------------------------------


def test_different_people(cast: Cast, pair: uuid.UUID) -> None:
    with walls.opened(cast.meera):
        settle(pair=pair, decision="different_people", by=cast.meera, reason=WHY)
    for row in rows(pair).values():
        assert (row.state, row.stays_in_analysis, row.settled_by, row.version) == (
            "different_people",
            None,
            cast.meera,
            2,
        )
        change = history_of(row)[0]
        assert (change.by, change.reason) == ("meera", WHY)
    assert not LeftOutOfAnalysis.objects.exists() and not Deviation.objects.exists()


def test_the_same_person(cast: Cast, pair: uuid.UUID, pune: Any) -> None:
    mumbai = rows(pair)["MUM"].participant
    with walls.opened(cast.meera):
        settle(pair=pair, decision="same_person", stays=mumbai.code, by=cast.meera, reason=WHY)
    assert {site: row.stays_in_analysis for site, row in rows(pair).items()} == {"MUM": True, "PUN": False}
    assert duplicates.left_out() == duplicates.left_out([pune.pk, mumbai.pk]) == {pune.pk}
    assert duplicates.left_out([mumbai.pk]) == frozenset()
    said = {one.participant: one for one in Deviation.objects.all()}
    assert set(said) == {mumbai, pune}
    for participant, other in ((mumbai, pune), (pune, mumbai)):
        deviation = said[participant]
        assert (deviation.code, deviation.classification, deviation.raised_by) == (
            "enrolled_twice",
            "major",
            cast.meera,
        )
        assert other.code not in deviation.description and other.site.name not in deviation.description


def test_analyses_read_the_mark_and_nobody_else_writes_it(cast: Cast, pair: uuid.UUID, pune: Any) -> None:
    settle(
        pair=pair, decision="same_person", stays=rows(pair)["MUM"].participant.code, by=cast.meera, reason=WHY
    )
    with walls.opened(cast.sanjay):
        assert duplicates.left_out() == {pune.pk}
    for who in ("vikram", "sanjay", "asha"):
        with walls.opened(getattr(cast, who)):
            assert LeftOutOfAnalysis.objects.all().delete()[0] == 0


def test_the_same_decision_worded_anew_reports_nothing_again(cast: Cast, pair: uuid.UUID, pune: Any) -> None:
    for why in (WHY, "Better words"):
        settle(pair=pair, decision="same_person", stays=pune.code, by=cast.meera, reason=why)
    assert Deviation.objects.count() == 2
    settle(
        pair=pair,
        decision="same_person",
        stays=rows(pair)["MUM"].participant.code,
        by=cast.meera,
        reason="Other",
    )
    assert Deviation.objects.count() == 4 and duplicates.left_out() == {pune.pk}


def test_a_decision_taken_back_takes_the_mark_back(cast: Cast, pair: uuid.UUID, pune: Any) -> None:
    settle(pair=pair, decision="same_person", stays=pune.code, by=cast.meera, reason=WHY)
    settle(pair=pair, decision="different_people", by=cast.meera, reason="Twins, as the sites found")
    assert duplicates.left_out() == frozenset()
    assert {row.stays_in_analysis for row in rows(pair).values()} == {None}


def test_within_one_site_a_reason_may_name_codes(cast: Cast, recorded: Any) -> None:
    second = a_case(cast)
    actions.record(participant=second, raw=PERSON | {"hospital_number": "MH-2"}, by=cast.asha)
    pair = PossibleDuplicate.objects.first().pair
    settle(
        pair=pair,
        decision="same_person",
        stays=second.code,
        by=cast.meera,
        reason=f"{recorded.participant.code} was opened twice",
    )
    assert duplicates.left_out() == {recorded.participant_id}
