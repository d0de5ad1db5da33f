"""Registration, groups, withdrawal."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from apps.enrolment import actions, rules
from apps.enrolment.models import CodeSequence, Participant
from studyportal.audit.selectors import history_of
from studyportal.crf.errors import CrfInvalid, ReasonRequired, StaleVersion
from tests.apps.enrolment.factories import a_case, a_control

pytestmark = pytest.mark.django_db


def test_a_coordinator_transcribes_no_published_case(cast: Any) -> None:
    with pytest.raises(PermissionDenied):
        a_case(cast, retrospective=True)
    assert not Participant.objects.exists()


def test_an_impossible_registration_takes_no_number(cast: Any) -> None:
    with pytest.raises(CrfInvalid) as refused:
        actions.register(
            site=cast.mumbai, by=cast.asha, group="friend", label="x" * 61, screened_on="tomorrow"
        )
    assert {p.field for p in refused.value.problems} == {"group", "label", "screened_on"}
    assert not CodeSequence.objects.exists()


def test_a_closed_site_takes_nobody(cast: Any) -> None:
    cast.mumbai.is_active = False
    with pytest.raises(CrfInvalid, match="inactive"):
        a_case(cast)


def test_retrospective_ends_where_the_study_opens(cast: Any) -> None:
    with pytest.raises(CrfInvalid, match="study_open"):
        a_case(cast, by=cast.meera, retrospective=True, enrolled_on="2024-02")


def test_a_stale_version_is_refused(cast: Any) -> None:
    participant = a_case(cast)
    actions.change(participant=participant, by=cast.asha, label="first")
    with pytest.raises(StaleVersion):
        actions.change(
            participant=participant, by=cast.asha, expected_version=2, label="second", reason="typing"
        )


def test_a_given_value_changes_only_with_a_reason(cast: Any) -> None:
    participant = a_case(cast, label="first")
    with pytest.raises(ReasonRequired):
        actions.change(participant=participant, by=cast.asha, label="second")
    participant.refresh_from_db()
    assert (participant.label, participant.version) == ("first", 2)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"group": "friend"}, "participant_known_group"),
        ({"status": "gone"}, "participant_known_status"),
        ({"group": "case", "index_date": dt.date(2024, 1, 1)}, "participant_only_controls_index_date"),
        ({"synthetic": True, "retrospective": True}, "participant_synthetic_or_retrospective"),
    ],
)
def test_the_database_holds_the_rules(cast: Any, values: dict, constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Participant.objects.create(site=cast.mumbai, code="MUM-0001-X", **values)


def test_the_database_matches_controls_only_and_never_to_themselves(cast: Any) -> None:
    case, control = a_case(cast), a_control(cast)
    with pytest.raises(IntegrityError, match="participant_only_controls_matched"), transaction.atomic():
        Participant.objects.filter(pk=case.pk).update(matched_case=control)
    with pytest.raises(IntegrityError, match="participant_not_matched_to_self"), transaction.atomic():
        Participant.objects.filter(pk=control.pk).update(matched_case=control)


def test_codes_run_by_site_and_carry_a_check_character(cast: Any) -> None:
    codes = [a_case(cast).code, a_case(cast).code, a_case(cast, site=cast.pune, by=cast.vikram).code]
    assert codes == [rules.participant_code(*place) for place in (("MUM", 1), ("MUM", 2), ("PUN", 1))]


def test_a_control_gets_index_date_and_case(cast: Any) -> None:
    case = a_case(cast)
    control = actions.assign_group(
        participant=actions.register(site=cast.mumbai, by=cast.asha),
        group="control",
        index_date=dt.date(2024, 5, 1),
        matched_case=case,
        by=cast.asha,
    )
    assert (control.group, control.matched_case, control.version) == ("control", case, 2)


def test_the_published_case(cast: Any) -> None:
    participant = a_case(cast, by=cast.meera, retrospective=True, label="Published case", enrolled_on="2016")
    assert participant.retrospective
    assert participant.enrolled_on.precision == "year"
    assert participant.get_absolute_url().endswith(f"{participant.code}/")


def test_history_says_who_and_why(cast: Any) -> None:
    participant = a_case(cast, label="first")
    actions.change(participant=participant, by=cast.asha, label="second", reason="Wrong label")
    newest = history_of(participant)[0]
    assert (newest.by, newest.reason) == ("asha", "Wrong label") or newest.reason == "Wrong label"


def test_nothing_changes_when_nothing_is_different(cast: Any) -> None:
    participant = a_case(cast, label="first")
    assert actions.change(participant=participant, by=cast.asha, label="first").version == 2
