"""The log in the database and by API: added to, read, and nothing else."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from apps.consent import actions, selectors
from apps.consent.models import AppendOnly, ConsentEvent
from studyportal.crf.errors import CrfInvalid
from tests.apps.consent.factories import FULL, a_minors_consent, an_adults_consent, an_event
from tests.apps.enrolment.factories import a_case, demographics_of, enrolled

pytestmark = pytest.mark.django_db
URL = "/api/v1/consent-events/"


def test_an_entry_is_final(cast: Any, as_owner: Any) -> None:
    event = an_adults_consent(a_case(cast), cast.asha)
    event.note = "later"
    with pytest.raises(AppendOnly):
        event.save()
    with pytest.raises(AppendOnly):
        event.delete()
    for statement in ("UPDATE consent_consentevent SET note = 'x'", "DELETE FROM consent_consentevent"):
        # The application's role has no right to; the owner is stopped by the trigger.
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        with as_owner(), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.parametrize(
    ("kind", "values", "constraint"),
    [
        ("promise", {}, "consentevent_known_kind"),
        ("correction", {}, "consentevent_correction_names_entry"),
        ("withdrawal", {"withdrawal_scopes": []}, "consentevent_withdrawal_has_scope"),
        ("lar_consent", {"signer": "participant"}, "consentevent_representative_signs"),
    ],
)
def test_the_database_holds_the_rules(cast: Any, kind: str, values: dict, constraint: str) -> None:
    participant = a_case(cast)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ConsentEvent.objects.create(
            site=cast.mumbai,
            participant=participant,
            kind=kind,
            entered_at=timezone.now(),
            entered_by=cast.asha,
            **values,
        )


def test_all_problems_at_once_and_nothing_saved(cast: Any) -> None:
    with pytest.raises(CrfInvalid) as refused:
        actions.record_event(
            participant=a_case(cast),
            kind="withdrawal",
            by=cast.asha,
            signed_on="2031-01-01",
            age_at_signature=140,
            mood="good",
            absent={"witness": "lost", "colour": "unknown"},
        )
    assert {p.field for p in refused.value.problems} == {
        "withdrawal_scopes", "signed_on", "age_at_signature", "mood", "witness", "absent.colour",
    }  # fmt: skip
    assert not ConsentEvent.objects.exists()


def test_a_value_has_no_reason_for_its_absence(cast: Any) -> None:
    with pytest.raises(CrfInvalid, match="document_version: contradiction"):
        an_event(a_case(cast), "consent", cast.asha, absent={"document_version": "not_recorded"})


def test_a_correction_names_an_entry_of_the_same_participant(cast: Any) -> None:
    event = an_adults_consent(a_case(cast), cast.asha)
    with pytest.raises(CrfInvalid, match="other_participant"):
        an_event(
            a_case(cast), "correction", cast.asha, None, corrects=event, note="x", document_version="3.0"
        )


def test_who_reads_the_log(cast: Any) -> None:
    an_adults_consent(a_case(cast), cast.asha)
    an_adults_consent(a_case(cast, site=cast.pune, by=cast.vikram), cast.vikram)
    for who, entries in (("asha", 1), ("vikram", 1), ("rao", 1), ("meera", 2), ("farah", 2)):
        assert selectors.log(getattr(cast, who)).count() == entries
    for who in ("sanjay", "admin", "norole"):
        with pytest.raises(PermissionDenied):
            selectors.log(getattr(cast, who))


def test_state_follows_log_age_and_day(cast: Any) -> None:
    participant = enrolled(a_case(cast), "2024-02-01")
    demographics_of(participant, cast.asha, age_at_enrolment=15)
    assert selectors.state_for(participant, dt.date(2024, 3, 1)).in_force == "no"
    a_minors_consent(participant, cast.asha)
    state = selectors.state_for(participant, dt.date(2024, 3, 1))
    assert (state.in_force, state.procedure, state.covers_session(2)) == ("yes", "yes", "yes")
    assert selectors.state_for(participant, dt.date(2024, 2, 1)).in_force == "indeterminate"
    assert selectors.state_for(participant, dt.date(2024, 1, 31)).in_force == "no"
    assert selectors.state_for(participant, None).in_force == "indeterminate"
    assert selectors.state_for(participant, dt.date(2028, 3, 1)).missing == ("consent",)


def test_findings_cost_the_same_for_any_number(cast: Any, django_assert_max_num_queries: Any) -> None:
    for _ in range(6):
        enrolled(a_case(cast), "2024-02-01")
    with django_assert_max_num_queries(40):
        found = selectors.findings_for(cast.farah)
    assert [f.finding.code for f in found] == ["no_consent"] * 6
    assert selectors.findings_for(cast.asha) == []


# ------------------------------------------------------------------------------------------------------- API


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("sanjay", 403), ("admin", 403), ("norole", 403)])
def test_refused(cast: Any, api: Any, who: str | None, status: int) -> None:
    event = an_adults_consent(a_case(cast), cast.asha)
    client = api(getattr(cast, who) if who else None)
    assert client.get(URL).status_code == status
    assert client.get(f"{URL}{event.pk}/").status_code == status
    assert client.post(URL, {}).status_code == status


def test_the_auditor_adds_nothing(cast: Any, api: Any) -> None:
    assert api(cast.farah).post(URL, {"kind": "consent"}).status_code == 403


def test_another_sites_entries_are_not_found(cast: Any, api: Any) -> None:
    participant = a_case(cast)
    event = an_adults_consent(participant, cast.asha)
    client = api(cast.vikram)
    assert client.get(f"{URL}{event.pk}/").status_code == 404
    answer = client.post(URL, {"participant": participant.code, "kind": "consent"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "participant")


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_no_road_to_change_or_delete(cast: Any, api: Any, method: str) -> None:
    event = an_adults_consent(a_case(cast), cast.asha)
    for url in (URL, f"{URL}{event.pk}/"):
        assert getattr(api(cast.asha), method)(url, {}).status_code == 405


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"kind": None}, "kind", "required"),
        ({"kind": "promise"}, "kind", "choice"),
        ({"kind": "consent", "entered_by": "x"}, "entered_by", "read_only"),
        ({"kind": "consent", "mood": "x"}, "mood", "unknown_field"),
        ({"kind": "consent", "signed_on": "03/04/2024"}, "signed_on", "ambiguous_date"),
        ({"kind": "consent", "signer": "neighbour"}, "signer", "choice"),
        ({"kind": "correction", "corrects": 999, "note": "x"}, "corrects", "not_found"),
        ({"kind": "consent", "absent": []}, "absent", "type"),
    ],
)
def test_what_is_wrong_is_named(cast: Any, api: Any, body: dict, field: str, code: str) -> None:
    participant = a_case(cast)
    answer = api(cast.asha).post(URL, {"participant": participant.code} | body)
    assert answer.status_code == 400
    assert field in {e["field"] for e in answer.json()["errors"]}
    assert not ConsentEvent.objects.exists()


def test_add_correct_read(cast: Any, api: Any) -> None:
    participant = a_case(cast)
    client = api(cast.asha)
    made = client.post(
        URL,
        FULL | {
            "participant": participant.code,
            "kind": "consent",
            "signed_on": "2024-02-01",
            "signer": "participant",
            "age_at_signature": 25,
            "absent": {"witness": "not_applicable"},
        },
    )  # fmt: skip
    assert made.status_code == 201, made.json()
    corrected = client.post(
        URL,
        {
            "participant": participant.code,
            "kind": "correction",
            "corrects": made.json()["id"],
            "document_version": "2.1",
            "note": "Version misread",
        },
    )
    assert corrected.status_code == 201, corrected.json()
    listed = api(cast.farah).get(f"{URL}?participant={participant.code}").json()["results"]
    assert [row["kind"] for row in listed] == ["consent", "correction"]
    assert listed[0]["absent"] == {"witness": "not_applicable"}
    assert listed[0]["entered_by"] == "asha"
    assert client.get(f"{URL}?kind=correction").json()["results"][0]["corrects"] == made.json()["id"]
