"""The coordinator's pages of consent: who may open them, signing, taking back, and what is added later."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.consent.models import ConsentEvent
from apps.consent.views.drawing import PREFIX, drawn
from studyportal.audit.models import Look
from studyportal.crf.models import Draft
from studyportal.crf.outcomes import Problem
from studyportal.identity.models import Paper
from tests.apps.consent.documents import a_document, text_of
from tests.apps.consent.factories import a_minors_consent, a_scan, an_adults_consent, an_event
from tests.apps.enrolment.factories import a_case
from tests.cast import Cast
from tests.counting import questions
from tests.studyportal.files.samples import PDF, SVG

pytestmark = pytest.mark.django_db

PAGES = ("", "sign/consent/", "withdraw/", "optional-items/", "dissent/", "new/")
LATER = ("", "correct/", "witness/", "recording/", "copy/")


def png(pixels: bytes, width: int = 64, height: int = 16) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + pixels[at : at + width] for at in range(0, width * height, width))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def as_url(content: bytes) -> str:
    return PREFIX + base64.b64encode(content).decode()


BLANK = as_url(png(b"\xff" * 1024))
DRAWING = as_url(png(bytes(255 - n % 60 * 4 for n in range(1024))))
OTHER_DRAWING = as_url(png(bytes(255 - n % 50 * 5 for n in range(1024))))
ASKED = {
    "audio_visual": "recorded",
    "item-procedure": "true",
    "item-sample_storage": "true",
    "item-future_contact": "false",
    "item-data_sharing": "true",
    "item-images": "false",
}


def url(participant: Any, page: str = "") -> str:
    return f"/participants/{participant.code}/consent/{page}"


def ticket_of(answer: Any) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', answer.content.decode())
    assert found, answer.content.decode()[:500]
    return found[1]


@pytest.fixture
def participant(cast: Cast) -> Any:
    return a_case(cast)


@pytest.fixture
def form(cast: Cast) -> Any:
    return a_document(cast.mumbai, cast.rao, version="3.0")


def scan(name: str = "sheet.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


# --- Who opens them --------------------------------------------------------------------------------------


@pytest.mark.parametrize("page_of", PAGES)
@pytest.mark.parametrize(
    ("who", "status"), [("vikram", 404), ("sanjay", 403), ("farah", 403), ("admin", 403), ("asha", 200)]
)
def test_who_opens_the_pages(
    cast: Cast, participant: Any, page: Any, page_of: str, who: str, status: int
) -> None:
    assert page(getattr(cast, who)).get(url(participant, page_of)).status_code == status


@pytest.mark.parametrize("page_of", LATER)
def test_an_entry_of_another_participant_is_not_found(
    cast: Cast, participant: Any, page: Any, page_of: str
) -> None:
    entry = an_adults_consent(a_case(cast), cast.asha)
    assert page(cast.asha).get(url(participant, f"entries/{entry.pk}/{page_of}")).status_code == 404
    assert page(cast.asha).get(url(participant, f"entries/{2**70}/{page_of}")).status_code == 404


def test_pages_that_are_of_nothing(cast: Cast, participant: Any, page: Any) -> None:
    withdrawal = an_event(participant, "withdrawal", cast.asha, withdrawal_scopes=["treatment"])
    asha = page(cast.asha)
    assert asha.get(url(participant, "sign/witnessed/")).status_code == 404
    assert asha.get(url(participant, "sign/consent/?session=99")).status_code == 404
    # A withdrawal is signed by nobody who needs a witness or takes a copy.
    assert asha.get(url(participant, f"entries/{withdrawal.pk}/witness/")).status_code == 404
    assert asha.get(url(participant, f"entries/{withdrawal.pk}/sheet/")).status_code == 404


# --- Signing on the screen -------------------------------------------------------------------------------


def test_the_words_are_shown_in_the_language_of_the_signer(
    cast: Cast, participant: Any, form: Any, page: Any
) -> None:
    said = page(cast.asha).get(url(participant, "sign/consent/?language=mr")).content.decode()
    assert "What you sign for, version 3.0, in mr." in said
    assert "in en." not in said
    assert text_of(form, "mr").text_sha256 in said
    assert 'lang="mr"' in said
    # A language in which there is nothing shows the first that there is.
    assert "in en." in page(cast.asha).get(url(participant, "sign/consent/?language=xx")).content.decode()


def test_without_an_approved_form_there_is_nothing_to_sign_on_the_screen(
    cast: Cast, participant: Any, page: Any
) -> None:
    said = page(cast.asha).get(url(participant, "sign/consent/")).content.decode()
    assert "No form may be signed today" in said
    answer = page(cast.asha).post(
        url(participant, "sign/consent/"),
        ASKED | {"method": "screen", "signer_can_read": "true", "drawing": DRAWING},
    )
    assert answer.status_code == 400
    assert not ConsentEvent.objects.exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"method": ""}, "Choose how it is signed"),
        ({"drawing": ""}, "Sign in the field"),
        ({"drawing": BLANK}, "The field is empty"),
        ({"drawing": "data:text/html;base64,PHNjcmlwdD4="}, "did not arrive whole"),
        ({"drawing": as_url(PDF)}, "did not arrive whole"),
        ({"drawing": PREFIX + "no base64 at all"}, "did not arrive whole"),
        ({"signer_can_read": ""}, "decides whether a witness is needed"),
        ({"item-images": ""}, "yes or no"),
        ({"item-procedure": ""}, "yes or no"),
        ({"signer_can_read": "false"}, "who the impartial witness is"),
        ({"audio_visual": ""}, "say whether it was made"),
        ({"audio_visual": "required_not_done"}, "why there is no recording"),
        (
            {"signer_can_read": "false", "witness": "teacher", "witness_relation": "study_staff",
             "witness_drawing": OTHER_DRAWING},
            "no impartial witness",
        ),
        ({"informed_at": "tomorrow"}, "Write day and time"),
    ],
)  # fmt: skip
def test_a_signature_on_the_screen_refused(
    cast: Cast, participant: Any, form: Any, page: Any, typed: dict[str, str], said: str
) -> None:
    whole = ASKED | {
        "method": "screen",
        "signer_can_read": "true",
        "drawing": DRAWING,
        "note": "kept text",
    }
    answer = page(cast.asha).post(url(participant, "sign/consent/"), whole | typed)
    assert answer.status_code == 400
    shown = answer.content.decode()
    assert said in shown and "kept text" in shown
    if "drawing" not in typed:
        assert DRAWING in shown  # the drawn signature is not lost
    assert not ConsentEvent.objects.exists() and not Paper.objects.exists()


def test_signed_on_the_screen(cast: Cast, participant: Any, form: Any, page: Any) -> None:
    asha = page(cast.asha)
    address = url(participant, "sign/consent/?language=hi")
    typed = ASKED | {
        "ticket": ticket_of(asha.get(address)),
        "method": "screen",
        "signer_can_read": "true",
        "drawing": DRAWING,
        "copy_given": "true",
        "audio_visual": "not_required",
        # What a hidden control of the sheet might still post is not meant.
        "obtainer": "meera",
        "as_it_happened": "This is of no use on a screen",
        "witness": "typed before the answer changed",
    }
    answer = asha.post(address, typed)
    assert answer.status_code == 302 and answer["Location"] == url(participant)
    event = ConsentEvent.objects.get()
    assert event.purposes == ["participation", "procedure", "sample_storage", "data_sharing"]
    assert event.declined == ["future_contact", "images"]
    assert event.document == text_of(form, "hi")
    assert event.document_sha256 == text_of(form, "hi").text_sha256
    assert (event.method, event.obtainer, event.signer, event.copy_given) == (
        "screen", cast.asha, "participant", True,
    )  # fmt: skip
    assert event.signed_at is not None and event.paper_sha256
    assert (event.witness, event.as_it_happened) == (None, None)
    # Sent twice, entered once.
    again = asha.post(address, typed)
    assert again.status_code == 302
    assert ConsentEvent.objects.count() == 1
    # Gone back, changed, and sent again: entered once, and said.
    changed = asha.post(address, typed | {"item-images": "true"}, follow=True)
    assert "in the log once" in changed.content.decode()
    assert ConsentEvent.objects.count() == 1


def test_who_cannot_read_signs_beside_a_witness(cast: Cast, participant: Any, form: Any, page: Any) -> None:
    typed = ASKED | {
        "method": "screen",
        "signer_can_read": "false",
        "drawing": DRAWING,
        "witness": "the village teacher",
        "witness_relation": "community",
        "audio_visual": "recorded",
        "recording_sha256": "AB" * 32,
    }
    address = url(participant, "sign/consent/")
    refused = page(cast.asha).post(address, typed)
    assert refused.status_code == 400 and "Sign in the field" in refused.content.decode()
    answer = page(cast.asha).post(address, typed | {"witness_drawing": OTHER_DRAWING})
    assert answer.status_code == 302, answer.content.decode()
    signature, witness = ConsentEvent.objects.order_by("id")
    assert (witness.kind, witness.concerns, witness.method) == ("witnessed", signature, "screen")
    assert witness.paper_sha256 and witness.paper_sha256 != signature.paper_sha256
    assert signature.recording_sha256 == "ab" * 32


def test_a_page_that_a_script_sends_again_is_drawn_anew_with_its_problems(
    cast: Cast, participant: Any, form: Any, page: Any
) -> None:
    asha = page(cast.asha)
    headers = {"HX-Request": "true"}
    answer = asha.post(url(participant, "sign/consent/"), ASKED, headers=headers)
    assert answer.status_code == 400 and b'id="consent-entry"' in answer.content
    typed = ASKED | {"method": "screen", "signer_can_read": "true", "drawing": DRAWING}
    answer = asha.post(url(participant, "sign/consent/"), typed, headers=headers)
    assert (answer.status_code, answer["HX-Redirect"]) == (204, url(participant))


# --- Signing on paper ------------------------------------------------------------------------------------


def on_paper(form: Any, **more: Any) -> dict[str, Any]:
    return ASKED | {
        "method": "paper",
        "signer_can_read": "true",
        "signed_on": "2024-02-01",
        "document": str(text_of(form, "mr").pk),
        "obtainer": "rao",
        "sheet": scan(),
        **more,
    }


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"sheet": scan("sheet.pdf", SVG)}, "By its content this file is none of"),
        ({"sheet": scan("sheet.exe", PDF)}, "does not end in"),
        ({"signed_on": "2099-01-01"}, "future"),
        ({"document": "987654"}, "no such version"),
        ({"document": "x"}, "no such version"),
        ({"obtainer": "vikram"}, "Choose who obtained it"),
        ({"obtainer": ""}, "Choose who obtained it"),
        ({"signed_on": "2014-02-01"}, "in use from"),
    ],
)
def test_a_sheet_refused(
    cast: Cast, participant: Any, form: Any, page: Any, more: dict[str, Any], said: str
) -> None:
    answer = page(cast.asha).post(url(participant, "sign/consent/"), on_paper(form, note="kept text", **more))
    assert answer.status_code == 400
    shown = answer.content.decode()
    assert said in shown and "kept text" in shown
    assert not ConsentEvent.objects.exists() and not Paper.objects.exists()


def test_signed_on_paper_and_the_sheet_opened(cast: Cast, participant: Any, form: Any, page: Any) -> None:
    asha = page(cast.asha)
    answer = asha.post(url(participant, "sign/consent/"), on_paper(form))
    assert answer.status_code == 302, answer.content.decode()
    event = ConsentEvent.objects.get()
    assert (event.document, event.obtainer, str(event.signed_on)) == (
        text_of(form, "mr"), cast.rao, "2024-02-01",
    )  # fmt: skip
    assert event.document_sha256 == text_of(form, "mr").file_sha256
    sheet = url(participant, f"entries/{event.pk}/sheet/")
    opened = asha.get(sheet)
    assert opened.content == PDF and opened["Content-Type"] == "application/pdf"
    assert "attachment" in opened["Content-Disposition"] and opened["Cache-Control"] == "no-store"
    assert Look.objects.filter(user=cast.asha, participant_code=participant.code).exists()
    # The data manager enters consent and knows nobody.
    assert page(cast.meera).get(sheet).status_code in (403, 404)
    assert page(cast.vikram).get(sheet).status_code == 404
    assert "Open the signed sheet" in asha.get(url(participant, f"entries/{event.pk}/")).content.decode()
    assert "sealed" in page(cast.meera).get(url(participant, f"entries/{event.pk}/")).content.decode()


def test_what_happened_is_entered_as_it_happened(cast: Cast, participant: Any, form: Any, page: Any) -> None:
    address = url(participant, "sign/consent/")
    early = on_paper(form, signed_on="2014-02-01")
    answer = page(cast.asha).post(address, early | {"as_it_happened": "short", "sheet": scan()})
    assert answer.status_code == 400 and "10 characters" in answer.content.decode()
    why = "The sheet was signed before the committee had met"
    answer = page(cast.asha).post(address, early | {"as_it_happened": why, "sheet": scan()})
    assert answer.status_code == 302, answer.content.decode()
    assert ConsentEvent.objects.get().as_it_happened == why


def test_a_second_person_who_enters_the_same_is_told_of_the_first(
    cast: Cast, participant: Any, form: Any, page: Any
) -> None:
    address = url(participant, "sign/consent/")
    assert page(cast.asha).post(address, on_paper(form)).status_code == 302
    first = ConsentEvent.objects.get()
    answer = page(cast.rao).post(address, on_paper(form, sheet=scan(), note="kept text"))
    assert answer.status_code == 409
    assert str(first.pk) in answer.content.decode() and "kept text" in answer.content.decode()
    assert ConsentEvent.objects.count() == 1


def test_a_representative_signs_and_the_child_speaks(cast: Cast, participant: Any, page: Any) -> None:
    lar = a_document(cast.mumbai, cast.rao, purpose="lar_consent")
    asha = page(cast.asha)
    typed = ASKED | {
        "method": "paper", "signer_can_read": "true", "signed_on": "2024-02-01", "obtainer": "asha",
        "document": str(text_of(lar).pk), "audio_visual": "required_not_done", "recording_reason": "No camera",
    }  # fmt: skip
    address = url(participant, "sign/lar_consent/")
    refused = asha.post(address, typed)
    assert refused.status_code == 400 and "who signs for the participant" in refused.content.decode()
    typed |= {"signer": "mother", "lar_relationship_proof": "birth certificate"}
    assert asha.post(address, typed).status_code == 302
    a_document(cast.mumbai, cast.rao, purpose="oral_assent")
    spoken = {
        "method": "spoken",
        "signed_on": "2024-02-01",
        "obtainer": "asha",
        "audio_visual": "not_required",
    }
    answer = asha.post(url(participant, "sign/oral_assent/"), spoken)
    assert answer.status_code == 302, answer.content.decode()
    representative, child = ConsentEvent.objects.order_by("id")
    assert (representative.signer, representative.lar_relationship_proof) == ("mother", "birth certificate")
    assert (child.kind, child.signer, child.method, child.purposes) == (
        "oral_assent", "participant", "spoken", None,
    )  # fmt: skip


def test_one_session_is_signed_by_itself(cast: Cast, participant: Any, form: Any, page: Any) -> None:
    own = a_document(cast.mumbai, cast.rao, purpose="session_harvest", version="S1")
    address = url(participant, "sign/consent/?session=2")
    shown = page(cast.asha).get(address).content.decode()
    assert "session 2" in shown and "version S1, in en" in shown
    assert "item-images" not in shown, "the optional items belong to taking part"
    typed = {"method": "screen", "signer_can_read": "true", "drawing": DRAWING, "audio_visual": "recorded"}
    answer = page(cast.asha).post(address, typed)
    assert answer.status_code == 302, answer.content.decode()
    event = ConsentEvent.objects.get()
    assert (event.purposes, event.session_number, event.document) == (["procedure"], 2, text_of(own))


def test_a_representative_of_an_adult_who_cannot_decide(cast: Cast, participant: Any, page: Any) -> None:
    a_document(cast.mumbai, cast.rao, purpose="lar_consent")
    an_adults_consent(participant, cast.asha)
    address = url(participant, "sign/lar_consent/")
    assert "only while the adult cannot decide" in page(cast.asha).get(address).content.decode()
    typed = ASKED | {
        "signer": "other", "signer_relationship": "husband", "lar_relationship_proof": "ration card",
        "capacity": "cannot_decide", "signer_can_read": "true", "method": "screen", "drawing": DRAWING,
    }  # fmt: skip
    answer = page(cast.asha).post(address, typed)
    assert answer.status_code == 302, answer.content.decode()
    event = ConsentEvent.objects.latest("id")
    assert (event.capacity, event.signer, event.signer_relationship) == ("cannot_decide", "other", "husband")


# --- Taking back, and changing ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"withdrawal_scopes": []}, "Say what is withdrawn"),
        ({"signed_on": "2099-01-01"}, "future"),
        ({"method": "screen", "drawing": ""}, "Sign in the field"),
    ],
)
def test_a_withdrawal_refused(
    cast: Cast, participant: Any, page: Any, typed: dict[str, Any], said: str
) -> None:
    whole = {
        "withdrawal_scopes": ["visits"],
        "signed_on": "2024-03-01",
        "method": "spoken",
        "note": "kept text",
    }
    answer = page(cast.asha).post(url(participant, "withdraw/"), whole | typed)
    assert answer.status_code == 400
    assert said in answer.content.decode() and "kept text" in answer.content.decode()
    assert not ConsentEvent.objects.exists()


def test_taken_back_in_one_step(cast: Cast, participant: Any, page: Any) -> None:
    an_adults_consent(participant, cast.asha)
    asha = page(cast.asha)
    said = asha.get(url(participant, "withdraw/")).content.decode()
    assert "No further harvest and no further infusion" in said
    typed = {
        "withdrawal_scopes": ["treatment", "sample_use"], "signer": "participant", "signed_on": "2024-03-01",
        "method": "spoken", "data_retained": "true",
    }  # fmt: skip
    assert asha.post(url(participant, "withdraw/"), typed).status_code == 302
    event = ConsentEvent.objects.latest("id")
    assert (event.kind, event.withdrawal_scopes, event.data_retained) == (
        "withdrawal", ["treatment", "sample_use"], True,
    )  # fmt: skip
    assert "Use of samples" in asha.get(url(participant)).content.decode()


def test_optional_items(cast: Cast, participant: Any, page: Any) -> None:
    asha, address = page(cast.asha), url(participant, "optional-items/")
    some = {name: value for name, value in ASKED.items() if name not in ("item-images", "item-procedure")}
    typed = some | {"signer": "participant", "method": "paper", "signed_on": "2024-03-01"}
    answer = asha.post(address, typed)
    assert answer.status_code == 400 and "yes or no" in answer.content.decode()
    assert asha.post(address, typed | {"item-images": "false"}).status_code == 302
    event = ConsentEvent.objects.get()
    assert (event.kind, event.purposes, event.declined) == (
        "optional_items", ["sample_storage", "data_sharing"], ["future_contact", "images"],
    )  # fmt: skip
    # The page begins with what stands.
    shown = asha.get(address).content.decode()
    assert re.search(r'name="item-images" value="false" checked', shown)


def test_a_child_says_no(cast: Cast, participant: Any, page: Any) -> None:
    a_minors_consent(participant, cast.asha)
    typed = {"signed_on": "2024-03-01", "note": "I do not want the needle"}
    assert page(cast.asha).post(url(participant, "dissent/"), typed).status_code == 302
    event = ConsentEvent.objects.latest("id")
    assert (event.kind, event.signer, event.method) == ("dissent", "participant", "spoken")


# --- Later -----------------------------------------------------------------------------------------------


def test_witness_recording_and_copy_are_added_later(cast: Cast, participant: Any, page: Any) -> None:
    signature = an_event(
        participant, "consent", cast.asha, "2024-02-01", signer="participant", signer_can_read=False,
        copy_given=False, audio_visual="required_not_done", recording_reason="No camera",
    )  # fmt: skip
    asha, base = page(cast.asha), f"entries/{signature.pk}/"
    shown = asha.get(url(participant, base)).content.decode()
    assert "Add the witness" in shown and "Copy given" in shown
    sent = {
        "witness/": {"witness": "a neighbour", "witness_relation": "community", "method": "paper", "signed_on": "2024-02-01"},
        "recording/": {"audio_visual": "recorded", "recording_sha256": "0f" * 32, "signed_on": "2024-02-01"},
        "copy/": {"signed_on": "2024-02-02"},
    }  # fmt: skip
    for page_of, typed in sent.items():
        answer = asha.post(url(participant, base + page_of), typed)
        assert answer.status_code == 302, answer.content.decode()
        assert answer["Location"] == url(participant, base)
    added = ConsentEvent.objects.filter(concerns=signature).order_by("id")
    assert [one.kind for one in added] == ["witnessed", "recorded", "copy_given"]
    refused = asha.post(url(participant, base + "recording/"), {})
    assert refused.status_code == 400


def test_a_correction_states_what_is_changed_and_nothing_else(
    cast: Cast, participant: Any, page: Any
) -> None:
    entry = an_adults_consent(participant, cast.asha)
    asha, address = page(cast.asha), url(participant, f"entries/{entry.pk}/correct/")
    shown = asha.get(address).content.decode()
    assert 'value="2024-02-01"' in shown and "Investigator 3" in shown
    typed: dict[str, Any] = {
        "take_back": "values", "signed_on": "2024-02-01", "signer": "participant", "obtained_by": "Investigator 3",
        "purposes": ["procedure", "participation"], "copy_given": "true", "age_at_signature": "25",
    }  # fmt: skip
    for more, said in (
        ({"take_back": ""}, "what the correction concerns"),
        ({"note": "No reason to"}, "Nothing was changed"),
        ({"age_at_signature": "26"}, "reason of the correction"),
    ):
        answer = asha.post(address, typed | more)
        assert answer.status_code == 400 and said in answer.content.decode(), (said, answer.content.decode())
    assert asha.post(address, typed | {"age_at_signature": "26", "note": "Misread"}).status_code == 302
    correction = ConsentEvent.objects.latest("id")
    assert (correction.corrects, correction.age_at_signature, correction.note) == (entry, 26, "Misread")
    assert (correction.purposes, correction.signed_on, correction.copy_given) == (None, None, None)
    shown = asha.get(url(participant, f"entries/{entry.pk}/")).content.decode()
    assert "corrected; entered first as 25" in shown and "Misread" in shown
    # The correction itself is corrected: from what stands now, and it names the correction.
    assert 'value="26"' in asha.get(url(participant, f"entries/{correction.pk}/correct/")).content.decode()


def test_an_entry_that_should_not_have_been_made_is_taken_back(
    cast: Cast, participant: Any, page: Any
) -> None:
    entry = an_adults_consent(participant, cast.asha)
    address = url(participant, f"entries/{entry.pk}/correct/")
    typed = {"take_back": "whole", "note": "It belongs to another person", "age_at_signature": "99"}
    assert page(cast.asha).post(address, typed).status_code == 302
    correction = ConsentEvent.objects.latest("id")
    assert (correction.corrects, correction.age_at_signature) == (entry, None)
    assert "taken back" in page(cast.asha).get(url(participant)).content.decode()


# --- What is typed is not lost ---------------------------------------------------------------------------


def test_a_draft_keeps_what_was_typed_and_no_signature(
    cast: Cast, participant: Any, form: Any, page: Any
) -> None:
    asha, address = page(cast.asha), url(participant, "sign/consent/?language=mr")
    typed = {
        "ticket": ticket_of(asha.get(address)), "note": "kept text", "item-images": "false", "witness": "a teacher",
        "drawing": DRAWING, "csrfmiddlewaretoken": "x",
    }  # fmt: skip
    assert asha.post(reverse("crf:draft-keep"), typed).status_code == 200
    draft = Draft.objects.get()
    assert draft.data == {"note": ["kept text"], "item-images": ["false"], "witness": ["a teacher"]}
    shown = asha.get(address).content.decode()
    assert "kept text" in shown and "Restored what you typed" in shown
    # Another signature is another page.
    assert "kept text" not in asha.get(url(participant, "sign/lar_consent/")).content.decode()
    # The session ends: the form leaves a draft on the way to the sign-in page.
    stranger = page(None)
    sent = stranger.post(address, typed | {"note": "typed at the end"})
    assert sent.status_code == 302 and sent["Location"].startswith("/sign-in/")
    assert "typed at the end" in asha.get(address).content.decode()
    # Somebody else's page keeps nothing.
    assert page(cast.rao).post(reverse("crf:draft-keep"), typed).status_code == 400
    answer = asha.post(address, typed | ASKED | {"method": "screen", "signer_can_read": "true"})
    assert answer.status_code == 302
    assert not Draft.objects.exists()
    assert ConsentEvent.objects.get().note == "kept text"


def test_a_draft_is_discarded(cast: Cast, participant: Any, page: Any) -> None:
    asha, address = page(cast.asha), url(participant, "withdraw/")
    asha.post(reverse("crf:draft-keep"), {"ticket": ticket_of(asha.get(address)), "note": "kept text"})
    answer = asha.post(reverse("crf:draft-discard", args=[Draft.objects.get().pk]))
    assert answer["Location"] == address
    assert "kept text" not in asha.get(address).content.decode()


# --- The page of the person ------------------------------------------------------------------------------


def test_the_page_of_a_person_without_consent(cast: Cast, participant: Any, page: Any) -> None:
    said = page(cast.asha).get(url(participant)).content.decode()
    assert "nothing may be done yet" in said and "No entry in the consent log" in said


def test_the_page_of_a_person(cast: Cast, participant: Any, page: Any) -> None:
    an_adults_consent(participant, cast.asha)
    an_event(participant, "copy_given", cast.asha, concerns=ConsentEvent.objects.get(), sheet=a_scan())
    said = page(cast.asha).get(url(participant)).content.decode()
    assert "version 2.0" in said and "Over time" in said
    assert re.search(r"Taking part: visits and data: .*from 1 Feb 2024", said)


def test_the_page_asks_a_fixed_number_of_questions(cast: Cast, participant: Any, page: Any) -> None:
    asha = page(cast.asha)
    entry = an_adults_consent(participant, cast.asha)
    with questions() as few:
        asha.get(url(participant))
    for number in range(6):
        an_event(participant, "copy_given", cast.asha, f"2024-02-0{number + 2}", concerns=entry)
    with questions() as many:
        asha.get(url(participant))
    assert len(many) <= len(few) + 2


# --- A drawing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "required"),
        (BLANK, "empty"),
        (as_url(png(b"\0" * 1024)), "empty"),
        (as_url(b"\x89PNG\r\n\x1a\n" + b"IEND\xaeB`\x82"), "drawing"),
        (PREFIX + "A" * 2_000_000, "drawing"),
    ],
)
def test_what_is_no_drawing(text: str, code: str) -> None:
    found = drawn(text)
    assert isinstance(found, Problem) and found.code == code
