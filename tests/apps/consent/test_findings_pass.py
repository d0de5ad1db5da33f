"""The findings as they are read from the database: of whom, of what, and for whom; the pure tables are in test_findings."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.consent.models import ConsentEvent
from apps.consent.selectors import findings as selectors
from apps.consent.selectors import findings_of
from apps.consent.selectors.findings import Choice
from apps.consent.selectors.sources import all_sources
from apps.exports.models import SharedParticipant
from apps.visits import actions as visits
from studyportal.access.models import Membership, User
from studyportal.files.actions import store
from studyportal.files.checks import accept
from studyportal.files.models import DelegationDocument
from tests.apps.consent.documents import a_document, pdf, text_of
from tests.apps.consent.factories import an_adults_consent, an_event
from tests.apps.enrolment.factories import a_case, demographics_of, enrolled
from tests.apps.labs.factories import a_result
from tests.cast import Cast

pytestmark = pytest.mark.django_db

TODAY = dt.date(2024, 12, 1)


def told(participant: Any, by: User | None = None) -> dict[int, list[str]]:
    """Number → codes."""
    found: dict[int, list[str]] = {}
    for one in findings_of(participant, by=by, today=TODAY):
        found.setdefault(one.number, []).append(one.code)
    return found


def entry(participant: Any, kind: str, by: Any, **stated: Any) -> ConsentEvent:
    """An entry as it stands in the log, past the rules of recording: what is looked for here is what came by other roads."""
    plain = {
        "site_id": participant.site_id,
        "entered_at": timezone.now(),
        "entered_by": by,
        "purposes": ["participation", "procedure"],
        "signer": "participant",
        "signed_on": "2024-02-01",
    }
    event = ConsentEvent(participant=participant, kind=kind, **(plain | stated))
    event.save()
    return event


@pytest.fixture
def participant(cast: Cast) -> Any:
    return enrolled(a_case(cast), "2024-02-10")


def test_nobody_and_nothing(cast: Cast) -> None:
    assert selectors.findings_for(cast.farah) == []
    assert selectors.findings_for(cast.norole) == []
    tally = selectors.tally(cast.farah, Choice())
    assert (tally.looked_at, tally.people, sorted(tally.questions)) == (0, 0, list(range(1, 17)))


def test_every_form_that_can_end_is_a_source_once() -> None:
    sources = all_sources()
    kinds = {source.kind for source in sources}
    assert {"visit", "harvest", "infusion", "sample", "form", "contact", "export"} <= kinds
    told_of = [source.model for source in sources if source.uses]
    assert len(told_of) == len(set(told_of))
    # Safety is always recorded, so it is no source.
    assert not any(model.startswith("safety.") for model in told_of)


def test_a_sample_before_the_visit_is_the_first_procedure(cast: Cast, participant: Any) -> None:
    an_adults_consent(participant, cast.meera, "2024-02-20")
    visit = visits.record(participant=participant, key="BL", by=cast.asha, happened_on="2024-03-04")
    assert 1 not in told(participant)
    a_result(cast.asha, visit=visit, analyte="hba1c", collected_on="2024-02-19", context="baseline")
    assert told(participant)[1] == ["procedure_before_consent"]


def test_a_result_of_the_time_before_the_study_is_none(cast: Cast, participant: Any) -> None:
    an_adults_consent(participant, cast.meera, "2024-02-20")
    a_result(
        cast.asha, participant=participant, analyte="ica", collected_on="2020-01", context="at_diagnosis"
    )
    assert 1 not in told(participant)


def test_the_register_of_the_site_is_asked(cast: Cast, participant: Any) -> None:
    first = a_document(cast.mumbai, cast.meera, valid_from="2024-01-01", version="1.0")
    a_document(cast.mumbai, cast.meera, valid_from="2024-06-01", version="2.0", supersedes=first)
    text = text_of(first, "mr")
    stated = {
        "document": text,
        "document_version": "1.0",
        "document_language": "mr",
        "document_sha256": text.file_sha256,
    }
    entry(participant, "consent", cast.meera, signed_on="2024-05-31", **stated)
    assert 2 not in told(participant)
    late = enrolled(a_case(cast), "2024-06-02")
    entry(late, "consent", cast.meera, signed_on="2024-06-01", **stated)
    assert told(late)[2] == ["version_superseded"]


def test_a_document_of_another_site_is_foreign(cast: Cast, participant: Any) -> None:
    text = text_of(a_document(cast.pune, cast.meera, valid_from="2024-01-01"), "mr")
    entry(participant, "consent", cast.meera, document=text, document_version="1.0", document_language="mr")
    assert told(participant)[2] == ["document_foreign"]


def trained(user: User, first: str, last: str | None = None) -> None:
    stored = store(accepted=accept(pdf(f"{user.username}.pdf"), limit=1_000_000), by=user)
    DelegationDocument.objects.create(
        user=user,
        kind="training_certificate",
        valid_from=first,
        valid_until=last,
        file=stored,
        recorded_by=user,
    )


@pytest.mark.parametrize(
    ("signed", "expected"),
    [
        ("2024-02-01", None),
        ("2024-03-31", None),
        ("2024-04-01", ["not_trained"]),
        ("2019-12-31", ["not_delegated", "not_trained"]),
    ],
)
def test_delegation_and_training_of_that_day(
    cast: Cast, participant: Any, signed: str, expected: list[str] | None
) -> None:
    Membership.objects.filter(user=cast.rao).update(valid_from="2020-01-01")
    trained(cast.rao, "2024-01-01", "2024-03-31")
    entry(participant, "consent", cast.meera, signed_on=signed, obtainer=cast.rao, obtained_by="Dr Rao")
    assert told(participant).get(6) == expected


def test_a_witness_who_has_an_account_is_staff(cast: Cast, participant: Any) -> None:
    demographics_of(participant, cast.asha, age_at_enrolment=30, can_read=False)
    entry(participant, "consent", cast.meera, witness=str(cast.asha).upper(), witness_relation="relative")
    assert told(participant)[7] == ["witness_is_staff"]


def test_what_was_recorded_after_a_withdrawal_is_found_by_its_scope(cast: Cast, participant: Any) -> None:
    an_adults_consent(participant, cast.meera, "2024-02-20")
    visit = visits.record(participant=participant, key="M3", by=cast.asha, happened_on="2024-06-04")
    a_result(cast.asha, visit=visit, analyte="hba1c", collected_on="2024-06-04")
    entry(
        participant, "withdrawal", cast.meera, withdrawal_scopes=["sample_use"], signed_on="2024-05-01", data_retained=True,
        purposes=None,
    )  # fmt: skip
    (one,) = [found for found in findings_of(participant, today=TODAY) if found.number == 11]
    assert (one.code, one.about.model if one.about else "") == ("beyond_withdrawal", "labs.labresult")
    entry(
        participant, "withdrawal", cast.meera, withdrawal_scopes=["new_data"], signed_on="2024-05-01", data_retained=True,
        purposes=None,
    )  # fmt: skip
    models = [
        found.about.model
        for found in findings_of(participant, today=TODAY)
        if found.number == 11 and found.about
    ]
    assert sorted(models) == ["labs.labresult", "visits.visit"]


def test_a_file_for_sharing_is_held_against_the_consent_to_it(cast: Cast, participant: Any) -> None:
    import uuid

    entry(
        participant, "consent", cast.meera, document_version="2.0", age_at_signature=30,
        declined=["data_sharing", "images", "future_contact", "sample_storage"],
    )  # fmt: skip
    assert 12 not in told(participant)
    SharedParticipant.objects.create(
        site_id=participant.site_id, user=cast.sanjay, participant=participant, receipt_id=uuid.uuid4(),
        dataset="vital-signs", shared_at="2024-06-01T10:00:00+00:00",
    )  # fmt: skip
    assert told(participant)[12] == ["shared_without_consent"]


def test_amendments_are_counted_with_share_and_lag(cast: Cast) -> None:
    first = a_document(cast.mumbai, cast.meera, valid_from="2024-01-01", version="1.0")
    a_document(
        cast.mumbai, cast.meera, valid_from="2024-06-01", version="2.0", supersedes=first,
        reconsent={"reconsent_needed": True, "reconsent_from": dt.date(2024, 6, 1), "reconsent_whom": "everybody"},
    )  # fmt: skip
    days = (None, "2024-06-11", "2024-07-01", "2024-09-29")
    for day in days:
        participant = enrolled(a_case(cast), "2024-02-10")
        entry(participant, "consent", cast.meera, document_version="1.0", document_language="mr")
        if day:
            entry(participant, "re_consent", cast.meera, document_version="2.0", signed_on=day)
    (one,) = selectors.amendments(cast.farah, Choice(), today=TODAY)
    assert (one.concerned, one.signed, one.share) == (4, 3, 75)
    assert dict(one.states) == {"overdue": 1, "signed": 2, "late": 1}
    assert (one.median_lag, one.longest_lag) == (30, 120)
    assert selectors.amendments(cast.farah, Choice(site="PUN"), today=TODAY) == []


def test_the_birthday_is_told_by_the_year_to_who_may_not_see_it(cast: Cast, participant: Any) -> None:
    from studyportal.identity import actions as identity

    identity.record(
        participant=participant,
        raw={"full_name": "Meena Kulkarni", "birth_date": "2006-03-15", "hospital_number": "HN-77"},
        by=cast.asha,
    )
    entry(
        participant, "lar_consent", cast.meera, signer="mother", lar_relationship_proof="birth certificate",
        age_at_signature=17,
    )  # fmt: skip
    entry(participant, "written_assent", cast.meera, age_at_signature=17)
    assert told(participant, cast.asha)[5] == ["adult_consent_due"]
    assert told(participant, cast.farah)[5] == ["adult_consent_perhaps_due"]
    assert told(participant)[5] == ["adult_consent_perhaps_due"]


def test_a_page_costs_the_same_queries_for_three_and_for_thirty(cast: Cast) -> None:
    def queries(more: int) -> int:
        for _number in range(more):
            person = enrolled(a_case(cast), "2024-02-10")
            an_event(person, "consent", cast.meera, signer="participant", age_at_signature=30)
            an_event(person, "withdrawal", cast.meera, "2024-03-01", withdrawal_scopes=["visits"])
        with CaptureQueriesContext(connection) as captured:
            selectors.tally(cast.farah, Choice())
        return len(captured)

    assert cast.farah.grants
    assert queries(3) == queries(27) < 60


def test_a_pass_that_ends_early_leaves_nothing_open(cast: Cast) -> None:
    for _number in range(3):
        enrolled(a_case(cast), "2024-02-10")
    rows = selectors.listed(cast.farah, Choice())
    assert next(rows).finding.code == "no_consent"
    rows.close()  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE '_django_curs%%'")
        assert cursor.fetchone() == (0,)
