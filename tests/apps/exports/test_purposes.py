"""What leaves the portal is what was consented to: by purpose, by participant, and by the day of a row."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from apps.enrolment.models import Participant
from apps.exports.catalogue import catalogue
from apps.exports.datasets import Filters
from apps.exports.models import ExportReceipt, SharedParticipant
from apps.exports.purposes import leaving
from apps.exports.selectors import preview
from apps.labs.crfs import LAB_RESULT
from apps.safety.crfs import ADVERSE_EVENT
from studyportal.access.models import Membership
from studyportal.crf.actions import save
from studyportal.crf.dating import day_of, day_sql
from tests.apps.consent.factories import an_adults_consent, an_event
from tests.apps.enrolment.factories import a_case, a_control
from tests.apps.exports.test_api import STREAMS, csv_of
from tests.apps.visits.factories import a_visit
from tests.cast import Cast

ALL = ["participation", "procedure", "sample_storage", "future_contact", "data_sharing", "images"]
GONE = "2024-05-10"
DAYS = ("2024-05-09", GONE, "2024-05-11")


def shares(case: Participant, by: Any) -> Participant:
    an_event(case, "consent", by, signer="participant", age_at_signature=25, purposes=ALL)
    return case


def withdraw(case: Participant, by: Any, *scopes: str, **more: Any) -> Any:
    return an_event(case, "withdrawal", by, GONE, withdrawal_scopes=list(scopes), **more)


def a_result(case: Participant, by: Any, on: str, **more: Any) -> Any:
    raw = {"analyte": "hba1c", "context": "follow_up", "collected_on": on} | more
    return save(LAB_RESULT, raw=raw, by=by, participant=case, parents={"visit": None}, complete=False)


def seen(user: Any, key: str, name: str = "participant", **filters: Any) -> list[Any]:
    dataset = catalogue()[key]
    place = [column.name for column in dataset.columns].index(name)
    return [row[place] for row in preview(dataset, Filters(**filters), user).rows]


# refusals
@pytest.mark.parametrize("query", ["purpose=everything", "purpose=sharing'--"])
def test_a_purpose_that_there_is_not_is_named(api: Any, cast: Cast, query: str) -> None:
    answer = api(cast.sanjay).get(f"/api/v1/datasets/participants.csv?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "purpose"


def test_the_database_knows_the_purposes_and_keeps_what_was_shared(cast: Cast) -> None:
    given = {
        "requester": cast.sanjay, "source": "api", "dataset": "visits", "started_at": timezone.now(), "complete": False,
        "bytes": 0, "sha256": "",
    }  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        ExportReceipt.objects.create(**given, purpose="sale")
    receipt = ExportReceipt.objects.create(**given, purpose="sharing")
    case = a_case(cast)
    named = {
        "site": case.site,
        "user": cast.sanjay,
        "participant": case,
        "receipt": receipt,
        "dataset": "visits",
    }
    shared = SharedParticipant.objects.create(**named, shared_at=timezone.now())
    assert receipt.participants == [case.code]
    with pytest.raises(IntegrityError), transaction.atomic():
        SharedParticipant.objects.create(**named, shared_at=timezone.now())
    with pytest.raises(DatabaseError), transaction.atomic():
        shared.delete()


# whose rows
def test_who_asked_for_erasure_is_in_no_dataset(cast: Cast) -> None:
    stays, gone, unkept = a_case(cast), a_case(cast), a_case(cast)
    for case in (stays, gone, unkept):
        an_adults_consent(case, cast.asha)
        a_visit(case, "UNS", "2024-03-01", cast.asha)
    withdraw(gone, cast.asha, "erasure_request")
    withdraw(unkept, cast.asha, "treatment", data_retained=False)
    for key in ("participants", "visits", "consent-events", "screening-log", "group-events"):
        assert set(seen(cast.sanjay, key)) == {stays.code}, key


@pytest.mark.parametrize("scope", ["treatment", "visits", "future_contact", "new_data", "sample_use"])
def test_who_withdrew_something_else_stays_in_the_analysis(cast: Cast, scope: str) -> None:
    case = a_case(cast)
    an_adults_consent(case, cast.asha)
    withdraw(case, cast.asha, scope, data_retained=True)
    assert seen(cast.sanjay, "participants") == [case.code]


def test_those_alone_are_shared_who_agreed_to_it(cast: Cast) -> None:
    agreed = shares(a_case(cast), cast.asha)
    declined, nothing, withdrew = a_case(cast), a_case(cast), shares(a_case(cast), cast.asha)
    an_event(
        declined, "consent", cast.asha, signer="participant", age_at_signature=25, declined=["data_sharing"]
    )
    withdraw(withdrew, cast.asha, "erasure_request")
    stopped = shares(a_case(cast), cast.asha)
    withdraw(stopped, cast.asha, "treatment")
    assert seen(cast.sanjay, "participants", purpose="sharing") == [agreed.code, stopped.code]
    out = preview(catalogue()["participants"], Filters(purpose="sharing"), cast.sanjay).left_out
    assert {one.code: one.why for one in out} == {
        declined.code: "not_consented", nothing.code: "not_consented", withdrew.code: "erasure_request",
    }  # fmt: skip
    assert seen(cast.sanjay, "screening-log", purpose="sharing") == [agreed.code, stopped.code]


def test_the_code_of_another_is_left_out_with_that_one(cast: Cast) -> None:
    case, control = shares(a_case(cast), cast.asha), shares(a_control(cast), cast.asha)
    Participant.objects.filter(pk=control.pk).update(matched_case=case)
    assert seen(cast.sanjay, "participants", "matched_case") == [None, case.code]
    withdraw(case, cast.asha, "erasure_request")
    assert seen(cast.sanjay, "participants", "matched_case") == [None]
    assert seen(cast.sanjay, "participants", "matched_case", purpose="sharing") == [None]


def test_only_those_of_the_filters_are_named_as_left_out(cast: Cast) -> None:
    here, there = a_case(cast), a_case(cast, site=cast.pune, by=cast.vikram)
    for case, by in ((here, cast.asha), (there, cast.vikram)):
        withdraw(case, by, "erasure_request")
    dataset = catalogue()["participants"]
    assert [one.code for one in preview(dataset, Filters(site="PUN"), cast.sanjay).left_out] == [there.code]
    assert preview(dataset, Filters(group="control"), cast.sanjay).left_out == []
    assert preview(catalogue()["site-approvals"], Filters(), cast.sanjay).left_out == []
    user = cast.norole
    Membership.objects.create(user=user, role="statistician", site=cast.mumbai, valid_from="2020-01-01")
    assert [one.code for one in preview(dataset, Filters(), user).left_out] == [here.code]


# which rows
def test_rows_of_days_after_the_withdrawal_stay_behind(cast: Cast) -> None:
    """The withdrawal was entered after the rows; each grade takes what it covers and nothing else."""
    case, other = a_case(cast), a_case(cast)
    for one in (case, other):
        an_adults_consent(one, cast.asha)
        for day in DAYS:
            a_visit(one, "UNS", day, cast.asha)
            a_result(one, cast.asha, day)
        a_result(one, cast.asha, DAYS[2], context="safety")
        save(
            ADVERSE_EVENT, raw={"onset_on": DAYS[2]}, by=cast.asha, participant=one,
            parents={"visit": None, "session": None}, complete=False,
        )  # fmt: skip

    def rows(key: str) -> int:
        return seen(cast.sanjay, key).count(case.code)

    assert (rows("visits"), rows("lab-result"), rows("adverse-event")) == (3, 4, 1)
    entry = withdraw(case, cast.asha, "treatment")
    assert (rows("visits"), rows("lab-result"), rows("adverse-event")) == (3, 4, 1)
    for scope, kept in {"visits": (2, 4, 1), "sample_use": (3, 3, 1), "new_data": (2, 3, 1)}.items():
        an_event(
            case, "correction", cast.asha, None, corrects=entry, withdrawal_scopes=[scope], note="Misread"
        )
        assert (rows("visits"), rows("lab-result"), rows("adverse-event")) == kept, scope
    assert seen(cast.sanjay, "visits").count(other.code) == 3
    an_event(case, "re_consent", cast.asha, DAYS[2], signer="participant", age_at_signature=25)
    assert rows("visits") == 3


def test_the_day_of_a_record_is_the_same_in_python_and_in_sql(cast: Cast) -> None:
    case = a_case(cast)
    visit = a_visit(case, "UNS", "2024-03", cast.asha)
    made = [
        save(
            LAB_RESULT, raw={"collected_on": on} if on else {}, by=cast.asha, participant=case,
            parents={"visit": where}, complete=False,
        )
        for on, where in (("2024-05-11", visit), ("2024-04", None), ("2023", None), (None, visit), ("age:12", visit), (None, None))
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {day_sql(LAB_RESULT)} FROM labs_labresult t JOIN access_site s ON s.id = t.site_id"
            " LEFT JOIN visits_visit visit ON visit.id = t.visit_id ORDER BY t.id"
        )
        by_database = [row[0] for row in cursor.fetchall()]
    dated = [day_of(LAB_RESULT, record) for record in made]
    assert [found and found[1].earliest for found in dated][:4] == by_database[:4]
    assert by_database[5] is None


# the receipt
@STREAMS
def test_the_receipt_says_what_for_who_was_in_it_and_who_was_left_out(api: Any, cast: Cast) -> None:
    agreed, other = shares(a_case(cast), cast.asha), a_case(cast)
    withdraw(other, cast.asha, "erasure_request")
    answer = api(cast.sanjay).get("/api/v1/datasets/participants.csv?purpose=sharing")
    assert "participants_sharing_" in answer["Content-Disposition"]
    assert csv_of(answer)["participant"].tolist() == [agreed.code]
    receipt = api(cast.sanjay).get(f"/api/v1/export-receipts/{answer['X-Export-Receipt']}/").json()
    assert receipt["purpose"] == "sharing"
    assert receipt["participants"] == [agreed.code]
    assert receipt["left_out"] == [{"participant": other.code, "why": "erasure_request"}]
    answer = api(cast.sanjay).get("/api/v1/datasets/participants.csv")
    assert csv_of(answer)["participant"].tolist() == [agreed.code]
    receipt = api(cast.sanjay).get(f"/api/v1/export-receipts/{answer['X-Export-Receipt']}/").json()
    assert (receipt["purpose"], receipt["participants"]) == ("analysis", None)
    assert receipt["left_out"] == [{"participant": other.code, "why": "erasure_request"}]


def test_the_page_says_how_many_are_left_out_and_why(page: Any, cast: Cast) -> None:
    withdraw(a_case(cast), cast.asha, "erasure_request")
    shown = page(cast.sanjay).get("/exports/participants/").content.decode()
    assert "1 participant is left out of this file (erasure requested: 1)" in shown
    shown = page(cast.sanjay).get("/exports/participants/?purpose=sharing").content.decode()
    assert "purpose=sharing" in shown


def test_nothing_is_left_out_where_nobody_ended_anything(cast: Cast) -> None:
    an_adults_consent(a_case(cast), cast.asha)
    found = leaving("analysis", None)
    assert (found.out, found.only, found.stops) == ({}, None, {})
