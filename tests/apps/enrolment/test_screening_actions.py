"""The screening log and the act of enrolling: refusals first."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections

from apps.consent import actions as consent
from apps.enrolment import actions, rules
from apps.enrolment.actions import screening
from apps.enrolment.models import Participant, ScreeningEntry
from studyportal.access.models import Site, User
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from tests.apps.enrolment.factories import a_case, demographics_of


def an_entry(cast: Any, **stated: Any) -> ScreeningEntry:
    return screening.open_entry(site=cast.mumbai, by=cast.asha, **({"screened_on": "2024-02-01"} | stated))


@pytest.mark.django_db
class TestRefused:
    @pytest.mark.parametrize(
        ("stated", "field", "code"),
        [
            ({"screened_on": ""}, "screened_on", "required"),
            ({"screened_on": "2099-01-01"}, "screened_on", "in_future"),
            ({"screened_on": "03/04/2024"}, "screened_on", "ambiguous_date"),
            ({"screened_on": "age:12"}, "screened_on", "age"),
            ({"age": "-1"}, "age", "range"),
            ({"age": 111}, "age", "range"),
            ({"age": True}, "age", "range"),
            ({"sex": "f"}, "sex", "choice"),
            ({"considered_for": "unassigned"}, "considered_for", "choice"),
            ({"note": "a\x00b"}, "note", "type"),
            ({"note": "x" * 401}, "note", "max_length"),
            ({"full_name": "x"}, "full_name", "unknown_field"),
            ({"outcome": "enrolled", "outcome_on": "2024-03-01"}, "outcome", "choice"),
            ({"outcome": "declined", "outcome_on": "2024-03-01"}, "reason_code", "required"),
            ({"outcome": "declined", "reason_code": "travel"}, "outcome_on", "required"),
            ({"outcome": "not_eligible", "outcome_on": "2024-01-01"}, "outcome_on", "before_screening"),
            (
                {"outcome": "other", "outcome_on": "2024-03-01", "reason_code": "other"},
                "reason_text",
                "required",
            ),
            ({"reason_code": "travel"}, "reason_code", "open"),
        ],
    )
    def test_an_impossible_entry(self, cast: Any, stated: dict[str, Any], field: str, code: str) -> None:
        with pytest.raises(CrfInvalid) as refused:
            an_entry(cast, **stated)
        assert (field, code) in {(p.field, p.code) for p in refused.value.problems}
        assert not ScreeningEntry.objects.exists()

    def test_the_same_number_of_the_list_twice(self, cast: Any) -> None:
        an_entry(cast, source_key="17")
        with pytest.raises(CrfInvalid, match="source_key: unique"):
            an_entry(cast, source_key="17")

    def test_a_given_value_needs_a_reason(self, cast: Any) -> None:
        entry = an_entry(cast, age=30)
        with pytest.raises(ReasonRequired):
            screening.change_entry(entry=entry, by=cast.asha, age=31)
        with pytest.raises(StaleVersion):
            screening.change_entry(entry=entry, by=cast.asha, age=31, reason="Misread", expected_version=7)

    def test_an_outcome_is_no_edit(self, cast: Any) -> None:
        with pytest.raises(CrfInvalid, match="outcome: read_only"):
            screening.change_entry(entry=an_entry(cast), by=cast.asha, outcome="declined")

    def test_a_concluded_screening_gives_no_code(self, cast: Any) -> None:
        entry = screening.conclude(
            entry=an_entry(cast), outcome="declined", on="2024-02-02", reason_code="travel", by=cast.asha
        )
        with pytest.raises(Refused, match="screening_ended"):
            actions.register(site=cast.mumbai, by=cast.asha, screening=entry)

    def test_one_entry_gives_one_code(self, cast: Any) -> None:
        entry = an_entry(cast)
        actions.register(site=cast.mumbai, by=cast.asha, screening=entry)
        with pytest.raises(Refused, match="registered"):
            actions.register(site=cast.mumbai, by=cast.asha, screening=entry)

    def test_another_sites_entry(self, cast: Any) -> None:
        with pytest.raises(CrfInvalid, match="other_site"):
            actions.register(site=cast.pune, by=cast.vikram, screening=an_entry(cast))

    def test_nobody_is_enrolled_without_consent(self, cast: Any) -> None:
        participant = a_case(cast, screened_on="2024-02-01")
        with pytest.raises(Refused) as refused:
            actions.enrol(participant=participant, on="2024-02-10", by=cast.asha)
        assert "no_consent" in {p.code for p in refused.value.problems}
        participant.refresh_from_db()
        assert (participant.enrolled_on, participant.status) == (None, "screened")

    @pytest.mark.parametrize(
        ("on", "code"),
        [
            ("", "required"),
            ("2099-01-01", "in_future"),
            ("2024-01-31", "before_screening"),
            ("age:12", "age"),
        ],
    )
    def test_enrolled_on_an_impossible_day(self, cast: Any, on: str, code: str) -> None:
        participant = a_case(cast, screened_on="2024-02-01")
        with pytest.raises(CrfInvalid, match=f"enrolled_on: {code}"):
            actions.enrol(participant=participant, on=on, by=cast.asha)


@pytest.mark.django_db
def test_what_came_of_a_screening_and_back(cast: Any) -> None:
    participant = actions.register(site=cast.mumbai, by=cast.asha, screening=an_entry(cast))
    entry = screening.conclude(
        entry=participant.screening, outcome="declined", on="2024-02-02", reason_code="travel", by=cast.asha
    )
    participant.refresh_from_db()
    assert (entry.outcome, participant.status, str(participant.status_since)) == (
        "declined",
        "declined",
        "2024-02-02",
    )
    with pytest.raises(ReasonRequired):
        screening.reopen(entry=entry, by=cast.asha, reason=None)
    screening.reopen(entry=entry, by=cast.asha, reason="Came back")
    participant.refresh_from_db()
    assert participant.status == "screened"


@pytest.mark.django_db
def test_a_past_participant_passes_the_gates(cast: Any) -> None:
    participant = a_case(cast, by=cast.meera, retrospective=True, enrolled_on="2016-11")
    assert (participant.status, participant.screening.outcome) == ("enrolled", "enrolled")
    assert participant.enrolment_basis["protocol"]["version"]


def consented(cast: Any, signed_on: str) -> Participant:
    participant = a_case(cast, screened_on="2024-02-01")
    demographics_of(participant, cast.asha, age_at_enrolment=30)
    consent.record_event(
        participant=participant,
        kind="consent",
        by=cast.asha,
        signed_on=signed_on,
        signer="participant",
        age_at_signature=30,
        purposes=["participation"],
    )
    participant.refresh_from_db()
    return participant


@pytest.mark.django_db
def test_the_status_follows_the_consent_log(cast: Any) -> None:
    participant = consented(cast, "2024-02-05")
    assert (participant.status, str(participant.status_since)) == ("consented", "2024-02-05")
    consent.record_event(
        participant=participant, kind="withdrawal", by=cast.asha, signed_on="2024-03-01", withdrawal_scopes=["visits"]
    )  # fmt: skip
    participant.refresh_from_db()
    assert (participant.status, str(participant.status_since)) == ("withdrawn", "2024-03-01")


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_get_fifty_codes(transactional_db: Any, settings: Any) -> None:
    """With connections of their own: numbers without gap, codes without duplicate, none given twice."""
    site = Site.objects.create(code="MUM", name="Mumbai", timezone="Asia/Kolkata")
    user = User.objects.create(username="asha")
    start, found, wrong = threading.Barrier(10), [], []

    def enter() -> None:
        try:
            start.wait(30)
            for _ in range(5):
                found.append(actions.register(site=site, by=user, screened_on="2024-02-01").code)
        except Exception as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=enter) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert wrong == []
    assert sorted(found) == [rules.participant_code("MUM", number) for number in range(1, 51)]
    assert sorted(ScreeningEntry.objects.values_list("number", flat=True)) == [
        rules.screening_number("MUM", number) for number in range(1, 51)
    ]
    assert connection.vendor == "postgresql"


@pytest.mark.django_db
def test_the_command_puts_right_what_was_set_by_hand(cast: Any, capsys: Any) -> None:
    participant = consented(cast, "2024-02-05")
    a_case(cast)
    Participant.objects.filter(pk=participant.pk).update(status="completed")
    call_command("derive_statuses")
    participant.refresh_from_db()
    assert participant.status == "consented"
    assert "2 participants, 1 with another status" in capsys.readouterr().out
    call_command("derive_statuses")
    assert "2 participants, 0 with another status" in capsys.readouterr().out
