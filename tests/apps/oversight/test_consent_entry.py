"""One entry of the consent log on one page."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.consent.models import ConsentEvent
from apps.oversight import entry_page, log_lines
from studyportal.access.models import Membership, User
from studyportal.audit.models import Look
from tests.apps.consent.documents import a_document
from tests.apps.oversight.conftest import Records
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def url(pk: int) -> str:
    return f"/oversight/consent-log/{pk}/"


def test_every_value_that_can_be_stated_has_its_place() -> None:
    placed = [name for _key, _title, names in log_lines.TOPICS for name in names]
    assert sorted(placed) == sorted(ConsentEvent.fields_entered())


@pytest.mark.parametrize("name", ["asha", "rao", "meera", "sanjay", "admin", "norole"])
def test_it_is_the_auditors(cast: Cast, records: Records, page: Any, name: str) -> None:
    event = records.consent(records.participant())
    assert page(getattr(cast, name)).get(url(event.pk)).status_code == 403


@pytest.mark.parametrize("pk", [0, 987654321, 2**63, 10**30])
def test_what_is_not_there_is_not_found(cast: Cast, page: Any, pk: int) -> None:
    assert page(cast.farah).get(url(pk)).status_code == 404


def test_another_site_is_not_found(cast: Cast, records: Records, page: Any) -> None:
    lalita = User.objects.create(username="lalita", display_name="Lalita")
    Membership.objects.create(user=lalita, role="ethics_auditor", site=cast.pune, valid_from="2020-01-01")
    foreign, own = (
        records.consent(records.participant()),
        records.consent(records.participant(site=cast.pune)),
    )
    assert page(lalita).get(url(foreign.pk)).status_code == 404
    answer = page(lalita).get(url(own.pk))
    assert answer.status_code == 200
    assert answer.context["previous_url"] == "", "the entry before is of another site"


def test_it_says_what_was_stated_and_what_was_not(cast: Cast, records: Records, page: Any) -> None:
    event = records.consent(
        records.participant(), "lar_consent", signer="other", signer_relationship="Aunt", signer_can_read=False,
        purposes=["participation"], declined=["images"], document_language="mr", witness_relation="community",
        absent={"witness": "not_recorded"}, note="Read aloud twice",
    )  # fmt: skip
    answer = page(cast.farah).get(url(event.pk))
    text = answer.content.decode()
    for said in (
        "Aunt", "Marathi", "Not recorded in the source", "Read aloud twice", "Images that may show the participant",
        "Neighbour, teacher or other person of trust", "1 Mar 2026",
    ):  # fmt: skip
        assert said in text, said
    left_out = answer.context["left_out"]
    assert "Signed copy given" in left_out and "Impartial witness" not in left_out


def test_it_is_shown_as_entered_with_its_corrections_beside(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    event = records.consent(participant, document_version="1.0")
    correction = records.consent(
        participant, "correction", corrects=event, signed_on="2026-02-28", note="The sheet was read wrongly"
    )
    shown = page(cast.farah).get(url(event.pk))
    assert [row[:3] for row in shown.context["corrections"]] == [["Signed on", "1 Mar 2026", "28 Feb 2026"]]
    assert "The sheet was read wrongly" in shown.content.decode()
    assert {label: text for label, text, _d in shown.context["topics"][0][1]}["Signed on"] == "1 Mar 2026"
    there = page(cast.farah).get(url(correction.pk))
    assert [(way, n) for way, n, _u, _w in there.context["related"]] == [
        ("Corrects", log_lines.number_of(event))
    ]
    assert there.context["left_out"] == ""


def test_witness_recording_and_copy_lead_to_their_signature(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    event = records.consent(participant)
    copy = records.consent(participant, "copy_given", concerns=event, signed_on="2026-03-01")
    signature = page(cast.farah).get(url(event.pk)).context["related"]
    assert signature == [("Belongs to it", log_lines.number_of(copy), url(copy.pk), "Signed copy given")]
    beside = page(cast.farah).get(url(copy.pk)).context["related"]
    assert beside == [("Is about", log_lines.number_of(event), url(event.pk), "Consent of the participant")]


@pytest.mark.parametrize(
    ("signed_on", "said"),
    [
        ("2026-03-01", "approved and current"),
        ("2026-01-31", "not yet in use"),
        ("2026-02", "approved and current"),
        ("2026", "cannot be told from the date"),
    ],
)
def test_the_document_is_judged_on_the_day_of_signature(
    cast: Cast, records: Records, page: Any, signed_on: str, said: str
) -> None:
    document = a_document(cast.mumbai, cast.rao, purpose="participation", valid_from="2026-02-01")
    participant = records.participant()
    text = document.texts.get(language="mr")
    event = ConsentEvent(
        site=cast.mumbai, participant=participant, kind="consent", document=text, document_sha256=text.file_sha256,
        signed_on=signed_on, entered_by=cast.meera, entered_at=participant.created_at, document_version="1.0",
    )  # fmt: skip
    event.save()
    shown = {one[0]: one for one in page(cast.farah).get(url(event.pk)).context["document"]}
    assert said in shown["On the day of signature"][1]
    assert shown["SHA-256 in the signature"][2] == "the same as that of the file of the register"


def test_a_hash_that_is_not_the_registers_is_said(cast: Cast, records: Records, page: Any) -> None:
    text = a_document(cast.mumbai, cast.rao, purpose="participation").texts.get(language="mr")
    event = ConsentEvent(
        site=cast.mumbai, participant=records.participant(), kind="consent", document=text, document_sha256="0" * 64,
        signed_on="2026-03-01", entered_by=cast.meera, entered_at=text.created_at,
    )  # fmt: skip
    event.save()
    assert "not the same as that of the register now" in page(cast.farah).get(url(event.pk)).content.decode()


def test_the_link_of_the_chain_is_computed_again() -> None:
    link = f"consent-log/1\n7\n{'a' * 64}\n{'b' * 64}\n"
    event = ConsentEvent(
        sequence=7,
        previous_sha256="a" * 64,
        content_sha256="b" * 64,
        sha256=hashlib.sha256(link.encode()).hexdigest(),
    )
    assert entry_page.chain_of(event)[-1][2] == "follows from the three above"
    event.sequence = 8
    assert entry_page.chain_of(event)[-1][2] == "does not follow from the three above"


def test_each_look_at_an_entry_is_logged_with_whose_it_is(cast: Cast, records: Records, page: Any) -> None:
    event = records.consent(records.participant())
    page(cast.farah).get(url(event.pk))
    look = Look.objects.get()
    assert (look.what, look.participant_code, look.site, look.detail) == (
        "consent_entry", event.participant.code, cast.mumbai, f"entry: {event.pk}",
    )  # fmt: skip


def test_many_corrections_cost_no_more_queries(cast: Cast, records: Records, page: Any) -> None:
    participant = records.participant()
    event = records.consent(participant)
    browser = page(cast.farah)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(url(event.pk)).status_code == 200
        return len(asked)

    records.consent(participant, "correction", corrects=event, copy_given=True, note="Found the receipt")
    records.consent(participant, "copy_given", concerns=event, signed_on="2026-03-01")
    before = queries()
    for day in range(2, 7):
        records.consent(
            participant,
            "correction",
            corrects=event,
            signed_on=f"2026-03-0{day}",
            note="Read again, and better",
        )
        records.consent(participant, "copy_given", concerns=event, signed_on=f"2026-03-0{day}")
    assert queries() == before


def test_nothing_can_be_sent(cast: Cast, records: Records, page: Any) -> None:
    event = records.consent(records.participant())
    assert page(cast.farah).post(url(event.pk)).status_code == 405
