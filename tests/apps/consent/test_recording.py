"""Adding to the log: what is refused and why, what may be recorded as it happened, and what is kept of an entry."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from apps.consent import actions, selectors
from apps.consent.models import ConsentEvent
from apps.consent.rules.circumstances import MAY_BE_RECORDED
from apps.enrolment.actions import register
from studyportal.access.clock import today_at
from studyportal.access.models import Membership, User
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.files import actions as files
from studyportal.files.checks import Accepted
from studyportal.identity import actions as identity
from studyportal.identity.models import Paper
from tests.approvals import approval_of, none_at
from tests.apps.consent.documents import a_document, a_draft, text_of
from tests.apps.consent.factories import a_drawing, a_scan, an_adults_consent, an_event
from tests.apps.enrolment.factories import a_case, demographics_of, enrolled
from tests.studyportal.files.samples import PDF

pytestmark = pytest.mark.django_db
WHY = "The sheet of the old version was signed by mistake"


@pytest.fixture
def participant(cast: Any) -> Any:
    return a_case(cast)


def record(participant: Any, by: Any, kind: str = "consent", **stated: Any) -> ConsentEvent:
    plain = {"signed_on": "2024-02-01", "signer": "participant"} if kind == "consent" else {}
    return actions.record_event(participant=participant, kind=kind, by=by, **(plain | stated))


def refused(participant: Any, by: Any, kind: str = "consent", **stated: Any) -> set[tuple[str | None, str]]:
    """(field, code) of each problem; nothing was written."""
    before = ConsentEvent.objects.count()
    with pytest.raises(CrfInvalid) as error:
        record(participant, by, kind, **stated)
    assert ConsentEvent.objects.count() == before
    assert all(problem.message for problem in error.value.problems)
    return {(problem.field, problem.code) for problem in error.value.problems}


# --- What is impossible, whatever is said ----------------------------------------------------------------


@pytest.mark.parametrize("why", ["", WHY])
@pytest.mark.parametrize(
    ("kind", "stated", "found"),
    [
        ("promise", {}, ("kind", "choice")),
        ("consent", {"signed_on": "2099-01-01"}, ("signed_on", "in_future")),
        ("consent", {"informed_at": "2099-01-01T10:00Z"}, ("informed_at", "in_future")),
        ("consent", {"signed_at": "2024-02-03T10:00Z"}, ("signed_at", "contradiction")),
        ("consent", {"signer": "mother"}, ("signer", "not_the_participant")),
        ("consent", {"signer_relationship": "aunt"}, ("signer_relationship", "not_expected")),
        ("consent", {"data_retained": True}, ("data_retained", "not_expected")),
        ("consent", {"declined": ["participation"]}, ("declined", "not_optional")),
        ("consent", {"purposes": ["images"], "declined": ["images"]}, ("declined", "contradiction")),
        ("consent", {"purposes": ["participation"], "session_number": 2}, ("session_number", "contradiction")),
        ("consent", {"recording_sha256": "abc"}, ("recording_sha256", "sha256")),
        (
            "consent",
            {"audio_visual": "required_not_done", "recording_sha256": "a" * 64},
            ("recording_sha256", "contradiction"),
        ),
        (
            "consent",
            {"audio_visual": "recorded", "recording_reason": "camera broken"},
            ("recording_reason", "contradiction"),
        ),
        ("dissent", {"signer": "father"}, ("signer", "not_the_child")),
        ("dissent", {"purposes": ["images"]}, ("purposes", "not_expected")),
        ("optional_items", {}, ("purposes", "required")),
        ("optional_items", {"purposes": ["procedure"]}, ("purposes", "not_optional")),
        ("optional_items", {"declined": ["participation"]}, ("declined", "not_optional")),
        ("withdrawal", {}, ("withdrawal_scopes", "required")),
        ("withdrawal", {"withdrawal_scopes": ["visits"], "purposes": ["images"]}, ("purposes", "not_expected")),
        ("witnessed", {"witness": "Teacher"}, ("concerns", "required")),
        ("recorded", {}, ("audio_visual", "required")),
        ("correction", {"note": "Misread"}, ("corrects", "required")),
    ],
)  # fmt: skip
def test_impossible_stays_impossible(
    cast: Any, participant: Any, kind: str, stated: dict, found: Any, why: str
) -> None:
    more = {"as_it_happened": why} if why else {}
    assert found in refused(participant, cast.asha, kind, **stated, **more)


def test_a_reason_of_a_few_letters_is_none(cast: Any, participant: Any) -> None:
    assert refused(participant, cast.asha, as_it_happened="so it was") == {("as_it_happened", "too_short")}


def test_an_entry_is_of_the_participant(cast: Any, participant: Any) -> None:
    other = an_adults_consent(a_case(cast), cast.asha)
    for name, kind in (("corrects", "correction"), ("concerns", "witnessed")):
        found = refused(participant, cast.asha, kind, **{name: other, "note": "x", "as_it_happened": WHY})
        assert (name, "other_participant") in found


def test_nobody_signs_before_birth(cast: Any, participant: Any) -> None:
    identity.record(
        participant=participant, raw={"full_name": "Zarina Quill", "birth_date": "2010-05-02"}, by=cast.asha
    )
    assert refused(participant, cast.asha, signed_on="2010-05-01") == {("signed_on", "before_birth")}
    assert record(participant, cast.asha, signed_on="2010-05-02")


def test_no_text_names_the_person(cast: Any, participant: Any) -> None:
    """The log is read by many, and what is in it stays in it."""
    who = {"full_name": "Zarina Quill", "guardian_name": "Imtiaz Quill", "phone": "+91 98200 12345"}
    identity.record(participant=participant, raw=who, by=cast.asha)
    for name, text in (
        ("note", "Quill asked for time"),
        ("witness", "Imtiaz, her uncle"),
        ("as_it_happened", "Called 98200 12345 and read it aloud"),
    ):
        found = refused(participant, cast.asha, **{name: text})
        assert found == {(name, "names_person")}
    assert record(participant, cast.asha, note="Asked for time"), "and it stands without"


def test_the_day_is_the_sites_own(cast: Any, participant: Any) -> None:
    """One minute before midnight in UTC it is the next day at Mumbai."""
    zone = ZoneInfo("Asia/Kolkata")
    tomorrow = today_at(cast.mumbai) + dt.timedelta(days=1)
    assert refused(participant, cast.asha, signed_on=tomorrow.isoformat()) == {("signed_on", "in_future")}
    late = "2024-02-01T23:59+00:00"
    event = record(participant, cast.asha, signed_on=None, signed_at=late)
    assert str(event.signed_on) == "2024-02-02"
    assert event.signed_at is not None and event.signed_at.astimezone(zone).hour == 5
    assert refused(participant, cast.asha, signed_at=late) == {("signed_at", "contradiction")}


def test_a_time_without_an_offset_is_the_sites(cast: Any, participant: Any) -> None:
    event = record(participant, cast.asha, signed_at="2024-02-01T10:30")
    assert event.signed_at == dt.datetime(2024, 2, 1, 5, 0, tzinfo=dt.UTC)


# --- What can have happened ------------------------------------------------------------------------------


def happened(participant: Any, by: Any, code: str, kind: str = "consent", **stated: Any) -> ConsentEvent:
    """Refused with the code, and recorded with the reason."""
    assert code in {found for _field, found in refused(participant, by, kind, **stated)}
    assert code in MAY_BE_RECORDED
    event = record(participant, by, kind, as_it_happened=WHY, **stated)
    assert event.as_it_happened == WHY
    return event


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2020-01-01", "document_not_yet"),
        ("2025-03-01", "document_superseded"),
        ("2024-02", None),
        ("2025-02", None),  # some of its days are before the new version
        (None, None),
    ],
)
def test_the_version_of_the_day(cast: Any, participant: Any, day: str | None, code: str | None) -> None:
    first = a_document(cast.mumbai, cast.rao, valid_from="2024-01-01")
    a_document(cast.mumbai, cast.rao, version="2.0", supersedes=first, valid_from="2025-02-15")
    named = {"document": text_of(first, "hi"), "signed_on": day}
    event = (
        record(participant, cast.asha, **named)
        if code is None
        else happened(participant, cast.asha, code, **named)
    )
    assert event.document == text_of(first, "hi")
    assert (event.document_version, event.document_language) == ("1.0", "hi")
    assert event.document_sha256 == text_of(first, "hi").file_sha256
    assert event.ethics_approval_number == approval_of(cast.mumbai).number


def test_a_draft_is_no_document(cast: Any, participant: Any) -> None:
    draft = a_draft(cast.mumbai, cast.rao)
    happened(participant, cast.asha, "document_not_approved", document=text_of(draft))


def test_a_withdrawn_document_and_one_of_another_kind(cast: Any, participant: Any) -> None:
    sheet = a_document(cast.mumbai, cast.rao, kind="information_sheet")
    happened(participant, cast.asha, "information_sheet", document=text_of(sheet))
    lar = a_document(cast.mumbai, cast.rao, purpose="lar_consent")
    happened(participant, cast.asha, "other_form", document=text_of(lar), signed_on="2024-02-02")
    storage = a_document(cast.mumbai, cast.rao, purpose="sample_storage")
    happened(
        participant, cast.asha, "other_form", document=text_of(storage), purposes=["participation"], signed_on="2024-02-03",
    )  # fmt: skip


def test_another_sites_document_is_named_in_words(cast: Any, participant: Any) -> None:
    foreign = text_of(a_document(cast.pune, cast.meera, version="9.0"))
    assert refused(participant, cast.meera, document=foreign, as_it_happened=WHY) == {
        ("document", "other_site")
    }
    a_document(cast.mumbai, cast.rao)
    event = happened(
        participant, cast.asha, "not_in_register", document_version="9.0", document_language="en"
    )
    assert (event.document, event.document_version) == (None, "9.0")


def test_words_are_looked_up_in_the_register(cast: Any, participant: Any) -> None:
    document = a_document(cast.mumbai, cast.rao, version="2.0")
    assert ("document_version", "not_in_register") in refused(
        participant, cast.asha, document_version="3.0", document_language="en"
    )
    assert ("document_version", "not_in_register") in refused(
        participant, cast.asha, document_version="2.0", document_language="ta"
    )
    event = record(participant, cast.asha, document_version="v2.0", document_language="MR")
    assert event.document == text_of(document, "mr")
    # In which language it was is not known: the words stand, and name no text.
    assert record(participant, cast.asha, document_version="2.0", signed_on="2024-03-01").document is None
    # For this purpose the site has no document at all: what is stated stands alone.
    stands = record(
        participant, cast.asha, "lar_consent", signer="mother", signed_on="2024-02-01", document_version="7"
    )
    assert (stands.document, stands.document_version) == (None, "7")


def test_words_that_contradict_the_document(cast: Any, participant: Any) -> None:
    text = text_of(a_document(cast.mumbai, cast.rao), "hi")
    found = refused(
        participant,
        cast.asha,
        document=text,
        document_version="4",
        document_language="en",
        as_it_happened=WHY,
    )
    assert found == {("document_version", "contradiction"), ("document_language", "contradiction")}


def test_a_day_before_the_approval(cast: Any, participant: Any) -> None:
    happened(participant, cast.asha, "before_approval", signed_on="1999-12-31")
    assert record(participant, cast.asha, signed_on="2000-01-01")
    none_at(cast.mumbai)
    assert record(participant, cast.asha, signed_on="1998-01-01"), "nothing is known of approvals"


def test_who_obtained_it(cast: Any, participant: Any) -> None:
    event = record(participant, cast.asha, obtainer=cast.asha)
    assert event.delegation == cast.asha.memberships.get()
    assert (event.obtained_by, event.training) == ("Site coordinator (asha)", None)
    for who in (cast.vikram, cast.sanjay, cast.norole):
        day = f"2024-03-{who.pk % 28 + 1:02d}"
        made = happened(participant, cast.asha, "not_delegated", obtainer=who, signed_on=day)
        assert (made.obtainer, made.delegation) == (who, None)
    study_wide = record(participant, cast.asha, obtainer=cast.meera, signed_on="2024-04-01")
    assert study_wide.delegation == cast.meera.memberships.get()


@pytest.mark.parametrize(
    ("day", "known"),
    [
        ("2024-01-09", "no"),
        ("2024-01-10", "yes"),
        ("2024-01-20", "yes"),
        ("2024-01-21", "no"),
        ("2024-01", "part"),
        ("2024-02", "no"),
        (None, "part"),
    ],
)
def test_delegation_is_of_the_day(cast: Any, participant: Any, day: str | None, known: str) -> None:
    Membership.objects.create(
        user=cast.norole, site=cast.mumbai, role="investigator", valid_from="2024-01-10",
        valid_until="2024-01-20",
    )  # fmt: skip
    if known == "no":
        happened(participant, cast.asha, "not_delegated", obtainer=cast.norole, signed_on=day)
        return
    event = record(participant, cast.asha, obtainer=cast.norole, signed_on=day)
    assert (event.delegation is not None) is (day is not None)


def test_two_roles_in_a_row_cover_a_month(cast: Any, participant: Any) -> None:
    for first, last in (("2024-01-01", "2024-01-10"), ("2024-01-11", None)):
        Membership.objects.create(
            user=cast.norole, site=cast.mumbai, role="investigator", valid_from=first, valid_until=last
        )
    event = record(participant, cast.asha, obtainer=cast.norole, signed_on="2024-01")
    assert str(event.delegation.valid_from) == "2024-01-11"


def test_training_of_the_day(cast: Any, participant: Any) -> None:
    given = {
        "user": cast.asha, "site": cast.mumbai, "by": cast.admin, "upload": SimpleUploadedFile("a.pdf", PDF)
    }  # fmt: skip
    files.add_delegation_document(kind="gcp_certificate", valid_from=dt.date(2020, 1, 1), **given)
    given["upload"] = SimpleUploadedFile("b.pdf", PDF)
    trained = files.add_delegation_document(
        kind="training_certificate", valid_from=dt.date(2024, 1, 1), valid_until=dt.date(2024, 6, 30), **given
    )
    assert record(participant, cast.asha, obtainer=cast.asha).training == trained
    for day in ("2023-12-31", "2024-07-01", "2024-06", "2024"):
        made = record(participant, cast.asha, obtainer=cast.asha, signed_on=day)
        assert (made.training == trained) is (day == "2024-06")


@pytest.mark.parametrize("witness", ["Asha", "asha", "Dr Rao", "rao", "  FARAH "])
def test_a_witness_with_an_account(cast: Any, participant: Any, witness: str) -> None:
    happened(participant, cast.asha, "witness_is_staff", witness=witness)


def test_a_witness_by_relation_and_by_a_name_of_several_words(cast: Any, participant: Any) -> None:
    User.objects.create(username="mk", display_name="Meena Kumari")
    happened(participant, cast.asha, "witness_is_staff", witness="Sister Meena Kumari, ward 4")
    happened(
        participant, cast.asha, "witness_is_staff", witness_relation="study_staff", signed_on="2024-02-02"
    )
    for day, said in enumerate(("ASHA worker of the village", "Teacher", "Kumari the neighbour"), start=1):
        assert record(
            participant, cast.asha, witness=said, witness_relation="community", signed_on=f"2024-03-0{day}",
        )  # fmt: skip


def test_what_is_out_of_order(cast: Any, participant: Any) -> None:
    happened(
        participant, cast.asha, "informed_after", signed_at="2024-02-01T10:00", informed_at="2024-02-01T11:00"
    )
    happened(participant, cast.asha, "cannot_decide", capacity="cannot_decide", signed_on="2024-02-02")
    happened(participant, cast.asha, "spoken", method="spoken", signed_on="2024-02-03")
    assert record(participant, cast.asha, "oral_assent", method="spoken", signed_on="2024-02-03")


def test_who_stops_may_say_so_to_anybody(cast: Any, participant: Any) -> None:
    stated = {"signer": "participant", "obtainer": cast.norole, "method": "spoken", "signed_on": "1999-01-01"}
    event = record(
        participant,
        cast.asha,
        "withdrawal",
        withdrawal_scopes=["erasure_request"],
        data_retained=False,
        **stated,
    )
    assert (event.obtainer, event.delegation, event.data_retained) == (cast.norole, None, False)
    assert record(participant, cast.asha, "dissent", **stated)


def test_a_past_record_states_what_its_source_states(cast: Any) -> None:
    past = register(site=cast.mumbai, by=cast.meera, group="case", retrospective=True, label="Published")
    a_document(cast.mumbai, cast.rao, valid_from="2024-01-01")
    event = record(
        past, cast.asha, document_version="0.9", obtainer=cast.norole, witness="Asha", signed_on="1999-01-01"
    )
    assert (event.document, event.as_it_happened) == (None, None)
    assert ("signed_on", "in_future") in refused(past, cast.asha, signed_on="2099-01-01")


# --- On the screen ---------------------------------------------------------------------------------------


def test_on_the_screen_it_is_signed_now(cast: Any, participant: Any) -> None:
    text = text_of(a_document(cast.mumbai, cast.rao), "mr")
    event = record(participant, cast.asha, method="screen", document=text, sheet=a_drawing(), signed_on=None)
    assert event.document_sha256 == text.text_sha256 != text.file_sha256
    assert event.obtainer == cast.asha and event.delegation is not None
    assert event.signed_at is not None and timezone.now() - event.signed_at < dt.timedelta(minutes=1)
    today = today_at(cast.mumbai).isoformat()
    assert str(event.signed_on) == today
    again = record(
        a_case(cast), cast.asha, method="screen", document=text, sheet=a_drawing(), signed_on=today
    )
    assert again.signed_at is not None


@pytest.mark.parametrize(
    ("without", "found"),
    [
        ({"sheet": None}, ("sheet", "signature_required")),
        ({"sheet": a_scan()}, ("sheet", "signature_required")),
        ({"document": None}, ("document", "required")),
        ({"signed_on": "2024-02-01"}, ("signed_on", "not_now")),
        ({"signed_at": "2024-02-01T10:00"}, ("signed_at", "not_now")),
        ({"as_it_happened": WHY}, ("as_it_happened", "not_on_screen")),
    ],
)
def test_what_the_screen_refuses(cast: Any, participant: Any, without: dict, found: Any) -> None:
    text = text_of(a_document(cast.mumbai, cast.rao))
    whole = {"method": "screen", "document": text, "sheet": a_drawing(), "signed_on": None}
    assert found in refused(participant, cast.asha, **(whole | without))


def test_a_superseded_version_is_not_signed_on_the_screen(cast: Any, participant: Any) -> None:
    first = a_document(cast.mumbai, cast.rao, valid_from="2024-01-01")
    a_document(cast.mumbai, cast.rao, version="2.0", supersedes=first, valid_from="2025-02-15")
    whole = {"method": "screen", "document": text_of(first), "sheet": a_drawing(), "signed_on": None}
    assert refused(participant, cast.asha, **whole) == {("document", "document_superseded")}


# --- Sheets ----------------------------------------------------------------------------------------------


def test_a_sheet_is_kept_sealed(cast: Any, participant: Any) -> None:
    sheet = a_scan()
    event = record(participant, cast.asha, method="paper", sheet=sheet)
    assert event.paper_sha256 == sheet.sha256
    paper = Paper.objects.get()
    assert (paper.participant, paper.size) == (participant, len(sheet.content))
    assert sheet.content not in bytes(paper.sealed)


def test_a_sheet_of_two_signatures_is_kept_once(cast: Any, participant: Any) -> None:
    for kind, signer in (("lar_consent", "mother"), ("written_assent", "participant")):
        record(participant, cast.asha, kind, signer=signer, signed_on="2024-02-01", sheet=a_scan())
    assert Paper.objects.count() == 1
    assert ConsentEvent.objects.exclude(paper=None).count() == 2


def test_who_may_not_know_the_person_adds_no_sheet(cast: Any, participant: Any) -> None:
    assert refused(participant, cast.meera, sheet=a_scan()) == {("sheet", "not_permitted")}
    assert not Paper.objects.exists()


def test_a_sheet_of_the_wrong_type(cast: Any, participant: Any) -> None:
    wrong = Accepted("a.txt", b"text", "text/plain", "0" * 64)
    assert refused(participant, cast.asha, sheet=wrong, as_it_happened=WHY) == {("sheet", "type")}


def test_what_is_refused_keeps_no_sheet(cast: Any, participant: Any) -> None:
    refused(participant, cast.asha, sheet=a_scan(), signed_on="2099-01-01")
    assert not Paper.objects.exists()


def test_a_process_without_keys_keeps_no_sheet(cast: Any, participant: Any, settings: Any) -> None:
    settings.IDENTITY_CLOSED = True
    assert refused(participant, cast.asha, sheet=a_scan()) == {("sheet", "closed")}


# --- Witness, recording, copy ----------------------------------------------------------------------------


def test_of_one_signature_it_need_not_be_said_which(cast: Any, participant: Any) -> None:
    signed = record(participant, cast.asha)
    for kind, stated in (
        ("witnessed", {"witness": "Teacher"}),
        ("recorded", {"audio_visual": "recorded", "recording_sha256": "A" * 64}),
        ("copy_given", {"copy_given": True}),
    ):
        event = record(participant, cast.asha, kind, signed_on="2024-02-01", **stated)
        assert event.concerns == signed
    assert ConsentEvent.objects.get(kind="recorded").recording_sha256 == "a" * 64


def test_of_two_it_must_be_said(cast: Any, participant: Any) -> None:
    first, second = (record(participant, cast.asha, signed_on=day) for day in ("2024-02-01", "2025-02-01"))
    assert ("concerns", "required") in refused(participant, cast.asha, "witnessed", witness="Teacher")
    event = record(
        participant, cast.asha, "witnessed", concerns=second, witness="Teacher", signed_on="2025-02-01"
    )
    assert event.concerns == second
    happened(
        participant, cast.asha, "before_signature", "copy_given", concerns=second, signed_on="2025-01-31"
    )
    happened(participant, cast.asha, "witness_later", "witnessed", concerns=first, signed_on="2024-02-02")


def test_what_is_no_signature_has_no_witness(cast: Any, participant: Any) -> None:
    record(participant, cast.asha)
    gone = record(participant, cast.asha, "withdrawal", withdrawal_scopes=["visits"])
    assert refused(participant, cast.asha, "witnessed", concerns=gone, witness="Teacher") == {
        ("concerns", "no_signature")
    }
    found = refused(participant, cast.asha, signed_on="2024-03-01", concerns=gone)
    assert ("concerns", "not_expected") in found


def test_a_correction_of_the_signature_is_the_signature(cast: Any, participant: Any) -> None:
    signed = record(participant, cast.asha)
    fixed = record(participant, cast.asha, "correction", corrects=signed, note="Misread", copy_given=False)
    assert record(participant, cast.asha, "copy_given", concerns=fixed, copy_given=True).concerns == signed


# --- Corrections -----------------------------------------------------------------------------------------


def correct(entry: ConsentEvent, by: Any, **stated: Any) -> ConsentEvent:
    return record(entry.participant, by, "correction", corrects=entry, note="Misread", **stated)


def test_a_correction_has_the_fields_of_what_it_corrects(cast: Any, participant: Any) -> None:
    gone = record(participant, cast.asha, "withdrawal", withdrawal_scopes=["visits"], signed_on="2024-05-01")
    assert correct(gone, cast.asha, withdrawal_scopes=["treatment"])
    signed = record(participant, cast.asha)
    for stated, name in (
        ({"withdrawal_scopes": ["visits"]}, "withdrawal_scopes"),
        ({"data_retained": True}, "data_retained"),
    ):
        assert (name, "not_expected") in refused(
            participant, cast.asha, "correction", corrects=signed, note="Misread", **stated
        )
    assert ("purposes", "not_expected") in refused(
        participant, cast.asha, "correction", corrects=gone, note="Misread", purposes=["images"]
    )


def test_a_correction_is_judged_as_what_it_makes_of_the_entry(cast: Any, participant: Any) -> None:
    first = a_document(cast.mumbai, cast.rao, valid_from="2024-01-01")
    a_document(cast.mumbai, cast.rao, version="2.0", supersedes=first, valid_from="2025-02-15")
    signed = record(participant, cast.asha, document=text_of(first), obtainer=cast.asha)
    asked = {"corrects": signed, "note": "Misread"}
    found = refused(participant, cast.asha, "correction", signed_on="2025-03-01", **asked)
    assert found == {("document", "document_superseded")}
    found = refused(participant, cast.asha, "correction", obtainer=cast.norole, **asked)
    assert found == {("obtainer", "not_delegated")}
    found = refused(participant, cast.asha, "correction", signed_on="2019-06-01", **asked)
    assert found == {("document", "document_not_yet"), ("obtainer", "not_delegated")}
    found = refused(participant, cast.asha, "correction", signer="mother", **asked)
    assert found == {("signer", "not_the_participant")}
    happened(participant, cast.asha, "document_superseded", "correction", signed_on="2025-03-01", **asked)


def test_what_was_wrong_before_is_not_the_corrections_fault(cast: Any, participant: Any) -> None:
    signed = record(participant, cast.asha, obtainer=cast.norole, as_it_happened=WHY)
    assert correct(signed, cast.asha, copy_given=True)


def test_a_correction_of_a_correction(cast: Any, participant: Any) -> None:
    signed = record(participant, cast.asha, copy_given=True)
    once = correct(signed, cast.asha, copy_given=False)
    twice = correct(once, cast.asha, copy_given=True)
    assert twice.corrects == once
    with pytest.raises(Refused, match="already_so"):
        correct(once, cast.asha, copy_given=True)


def test_a_correction_that_states_nothing_takes_the_entry_back_once(cast: Any, participant: Any) -> None:
    signed = record(participant, cast.asha)
    with pytest.raises(Refused, match="already_recorded"):
        record(participant, cast.asha)
    correct(signed, cast.asha)
    with pytest.raises(Refused, match="already_so"):
        correct(signed, cast.asha)
    again = record(participant, cast.asha)
    assert again.pk != signed.pk, "what was taken back may be entered anew"
    assert ("absent", "alone") in refused(
        participant, cast.asha, "correction", corrects=again, note="x", absent={"witness": "not_recorded"}
    )


def test_what_was_taken_back_counts_for_nothing(cast: Any, participant: Any) -> None:
    enrolled(participant, "2024-02-01")
    demographics_of(participant, cast.asha, age_at_enrolment=25)
    signed = an_adults_consent(participant, cast.asha)
    gone = record(participant, cast.asha, "withdrawal", withdrawal_scopes=["visits"], signed_on="2024-02-10")

    def in_force() -> str:
        return selectors.state_for(participant, dt.date(2024, 3, 1)).in_force

    assert in_force() == "no"
    correct(gone, cast.asha)
    assert in_force() == "yes"
    empty = correct(signed, cast.asha)
    assert in_force() == "no"
    correct(empty, cast.asha, copy_given=False)
    assert in_force() == "yes", "stated again, it stands"


def test_a_scan_is_added_later(cast: Any, participant: Any) -> None:
    signed = record(participant, cast.asha)
    assert correct(signed, cast.asha, sheet=a_scan()).paper_sha256 == a_scan().sha256
    with pytest.raises(Refused, match="already_so"):
        correct(signed, cast.asha, sheet=a_scan())
    assert correct(signed, cast.asha, sheet=a_scan("better")).paper_sha256


# --- What is in the log already --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "same"),
    [
        ({}, True),
        ({"signer": None}, True),
        ({"kind": "re_consent"}, True),
        ({"signed_on": "2024-02-02"}, False),
        ({"signed_on": None}, False),
        ({"signed_on": "2024-02"}, False),
        ({"document_version": "3"}, False),
        ({"purposes": ["images"]}, False),
        ({"session_number": 2}, False),
        ({"kind": "lar_consent", "signer": "mother"}, False),
    ],
)
def test_a_second_signature_for_the_same_event(cast: Any, participant: Any, second: dict, same: bool) -> None:
    plain = {
        "kind": "consent", "signer": "participant", "signed_on": "2024-02-01", "document_version": "2",
        "purposes": ["participation", "procedure"],
    }  # fmt: skip
    first = actions.record_event(participant=participant, by=cast.asha, **plain)
    if not same:
        assert actions.record_event(participant=participant, by=cast.rao, **(plain | second))
        return
    with pytest.raises(Refused) as error:
        actions.record_event(participant=participant, by=cast.rao, as_it_happened=WHY, **(plain | second))
    (problem,) = error.value.problems
    assert problem.code == "already_recorded"
    assert f"entry {first.pk}" in problem.message and "Asha" in problem.message


@pytest.mark.parametrize(
    ("kind", "first", "second", "same"),
    [
        ("witnessed", {"witness": "Teacher"}, {"witness": "teacher "}, True),
        ("witnessed", {"witness": "Teacher"}, {"witness": "Neighbour"}, False),
        ("copy_given", {"copy_given": True}, {"copy_given": True}, True),
        ("copy_given", {"copy_given": False}, {"copy_given": True}, False),
        ("withdrawal", {"withdrawal_scopes": ["visits"]}, {"withdrawal_scopes": ["visits"]}, True),
        ("withdrawal", {"withdrawal_scopes": ["visits"]}, {"withdrawal_scopes": ["new_data"]}, False),
        ("optional_items", {"declined": ["images"]}, {"declined": ["images"]}, True),
        ("optional_items", {"declined": ["images"]}, {"purposes": ["images"]}, False),
        ("dissent", {}, {}, True),
    ],
)
def test_the_same_of_other_kinds(
    cast: Any, participant: Any, kind: str, first: dict, second: dict, same: bool
) -> None:
    record(participant, cast.asha)
    record(participant, cast.asha, kind, signed_on="2024-02-01", **first)
    if same:
        with pytest.raises(Refused, match="already_recorded"):
            record(participant, cast.asha, kind, signed_on="2024-02-01", **second)
    else:
        assert record(participant, cast.asha, kind, signed_on="2024-02-01", **second)


def test_a_ticket_adds_once(cast: Any, participant: Any) -> None:
    first = record(participant, cast.asha, ticket="page-1")
    assert record(participant, cast.asha, ticket="page-1") == first
    with pytest.raises(Refused, match="ticket_used"):
        record(participant, cast.asha, ticket="page-1", signed_on="2024-02-02")
    with pytest.raises(Refused, match="ticket_used"):
        record(a_case(cast), cast.asha, ticket="page-1")
    assert record(a_case(cast), cast.rao, ticket="page-1"), "another person's ticket is another"
    assert record(participant, cast.asha, ticket="page-2", signed_on="2024-02-02").pk != first.pk


def test_what_was_refused_uses_no_ticket(cast: Any, participant: Any) -> None:
    refused(participant, cast.asha, ticket="page-1", signed_on="2099-01-01")
    assert record(participant, cast.asha, ticket="page-1")


def test_an_entry_costs_a_fixed_number_of_queries(
    cast: Any, participant: Any, django_assert_max_num_queries: Any
) -> None:
    text = text_of(a_document(cast.mumbai, cast.rao))
    for month in range(1, 9):
        an_event(participant, "consent", cast.asha, f"2024-{month:02d}-01", document_version=None)
    with django_assert_max_num_queries(50):
        record(
            participant,
            cast.asha,
            document=text,
            obtainer=cast.asha,
            witness="Teacher",
            ticket="t",
            signed_on="2024-12-31",
        )
