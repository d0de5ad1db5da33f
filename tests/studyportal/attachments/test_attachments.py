"""Attachments: who may, what is refused, what is kept, and what of it is told to whom."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from PIL import Image

from studyportal.attachments import actions, selectors
from studyportal.attachments.actions import AttachmentRefused
from studyportal.attachments.models import Attachment, AttachmentWithdrawal
from studyportal.attachments.places import get_place
from studyportal.audit.models import Look
from studyportal.identity.models import Paper
from tests.apps.enrolment.factories import a_case, demographics_of
from tests.apps.visits.factories import a_visit
from tests.counting import questions
from tests.studyportal.attachments.pictures import PLACE, given, photo, picture
from tests.studyportal.files.samples import PDF, SVG, zipped

pytestmark = pytest.mark.django_db

API = "/api/v1/attachments/"


@pytest.fixture
def record(cast: Any) -> Any:
    return demographics_of(a_case(cast), cast.asha)


@pytest.fixture
def attachment(cast: Any, record: Any) -> Attachment:
    return attached(record, cast.asha)


def attached(record: Any, by: Any, content: bytes | None = None, name: str = "page.jpg", **more: Any) -> Any:
    return actions.attach(
        place=get_place("demographics"), record=record, upload=given(name, content or photo()), by=by, **more
    )


def url(record: Any) -> str:
    return f"/attachments/of/demographics/{record.pk}/"


# --- Refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "page_status", "api_status"),
    [
        (None, 302, 401), ("vikram", 404, 404), ("meera", 403, 403), ("nikhil", 403, 403), ("farah", 403, 403),
        ("sanjay", 403, 403), ("admin", 403, 403), ("norole", 403, 403),
    ],
)  # fmt: skip
def test_who_may_not_attach(
    cast: Any, page: Any, api: Any, record: Any, who: str | None, page_status: int, api_status: int
) -> None:
    user = getattr(cast, who) if who else None
    sent = {"form": "demographics", "record": record.pk, "file": given("page.jpg", photo())}
    assert page(user).post(url(record), {"file": given("page.jpg", photo())}).status_code == page_status
    assert api(user).post(API, sent, format="multipart").status_code == api_status
    assert not Attachment.objects.exists()
    assert not Paper.objects.exists()


@pytest.mark.parametrize(
    ("who", "status"),
    [(None, 302), ("vikram", 404), ("meera", 403), ("nikhil", 403), ("farah", 403), ("sanjay", 403), ("admin", 403)],
)  # fmt: skip
def test_who_may_not_see_the_picture(
    cast: Any, page: Any, api: Any, attachment: Any, who: str | None, status: int
) -> None:
    browser = page(getattr(cast, who) if who else None)
    for tail in ("file", "thumbnail"):
        assert browser.get(f"/attachments/{attachment.pk}/{tail}/").status_code == status
    if who is not None:
        assert api(getattr(cast, who)).get(f"{API}{attachment.pk}/file/").status_code == status
    assert not Look.objects.filter(what="attachment").exists()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("../../x.svg", SVG, "type"),
        ("C:\\x.jpg", photo(), "name"),
        ("x.svg", SVG, "type"),
        ("x.jpg", SVG, "type"),
        ("x.html", b"<!doctype html><script>alert(1)</script>", "type"),
        ("x.jpg", b"<html><body>" + photo(), "type"),
        ("x.jpg", zipped(), "type"),
        ("x.jpg", b"", "empty"),
        ("x.jpg", photo() + zipped(), "two_kinds"),
        ("x.jpg", photo()[:200], "two_kinds"),
        ("x.jpg", photo()[:200] + b"\xff\xd9", "broken"),
        ("x.pdf", photo(), "ending"),
        ("x.pdf", PDF.replace(b"/Type", b"/JavaScript (x) /Type"), "two_kinds"),
        ("x.gif", picture("GIF", mode="L"), "type"),
        ("x.tiff", picture("TIFF"), "type"),
    ],
)
def test_wrong_files(
    cast: Any, api: Any, page: Any, record: Any, name: str, content: bytes, code: str
) -> None:
    with pytest.raises(AttachmentRefused) as refused:
        attached(record, cast.asha, content or b" "[:0], name) if content else actions.attach(
            place=get_place("demographics"), record=record, upload=given(name, b""), by=cast.asha
        )
    assert (refused.value.field, refused.value.code) == ("file", code)
    sent = page(cast.asha).post(url(record), {"file": given(name, content), "caption": "Page 1"})
    # Django itself takes the path off the name of what a browser sends.
    expected = 302 if name == "C:\\x.jpg" else 400
    assert sent.status_code == expected
    if expected == 400:
        assert b"Page 1" in sent.content, "the caption is still there"
        assert not Attachment.objects.exists()


def test_without_a_file(cast: Any, page: Any, api: Any, record: Any) -> None:
    assert b"Choose a file" in page(cast.asha).post(url(record), {"caption": "x"}).content
    answer = api(cast.asha).post(API, {"form": "demographics", "record": record.pk}, format="multipart")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "file")
    for wrong in ({"form": "nothing", "record": record.pk}, {"form": "demographics", "record": 987654321}):
        sent = {**wrong, "file": given("page.jpg", photo())}
        assert api(cast.asha).post(API, sent, format="multipart").status_code == 404


@pytest.mark.parametrize(
    ("caption", "code"),
    [
        ("Call 98200 12345 for more", "identity"),
        ("mother@example.org", "identity"),
        ("x" * 201, "max_length"),
        ("half \udc80", "surrogate"),
        ("a\x00b", "nul_character"),
        ("\u202egpj.x", "control_character"),
    ],
)
def test_wrong_captions(cast: Any, record: Any, caption: str, code: str) -> None:
    with pytest.raises(AttachmentRefused) as refused:
        attached(record, cast.asha, caption=caption)
    assert (refused.value.field, refused.value.code) == ("caption", code)
    assert not Attachment.objects.exists()


def test_a_caption_may_not_name_the_participant(cast: Any, record: Any) -> None:
    from studyportal.identity import actions as identity

    identity.record(
        participant=record.participant, by=cast.asha,
        raw={"full_name": "Zebulon Quist", "birth_date": "2001-02-03"},
    )  # fmt: skip
    with pytest.raises(AttachmentRefused) as refused:
        attached(record, cast.asha, caption="Page of Zebulon Quist")
    assert refused.value.code == "identity"


def test_an_attachment_is_never_changed_or_deleted(attachment: Attachment) -> None:
    for act in (attachment.delete, lambda: Attachment.objects.update(caption="x")):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_withdrawing_needs_a_reason_and_the_right(cast: Any, page: Any, api: Any, attachment: Any) -> None:
    address = f"/attachments/{attachment.pk}/withdraw/"
    assert page(cast.asha).post(address, {"reason": "  "}).status_code == 400
    assert api(cast.asha).post(f"{API}{attachment.pk}/withdraw/", {}).status_code == 400
    for who, status in (("vikram", 404), ("nikhil", 403), ("farah", 403), ("sanjay", 403)):
        assert page(getattr(cast, who)).post(address, {"reason": "Wrong page"}).status_code == status
        answer = api(getattr(cast, who)).post(f"{API}{attachment.pk}/withdraw/", {"reason": "Wrong page"})
        assert answer.status_code == status
    assert not AttachmentWithdrawal.objects.exists()


# --- Kept ------------------------------------------------------------------------------------------------


def test_a_photo_is_drawn_anew_and_sealed(cast: Any, page: Any, record: Any) -> None:
    sent = photo()
    assert page(cast.asha).post(url(record), {"file": given("Zebulon Quist.jpg", sent), "caption": "Page 1"}).status_code == 302  # fmt: skip
    kept = Attachment.objects.get()
    assert kept.name == f"demographics-{record.pk}-1.jpg", "the name of the file is kept nowhere"
    paper = Paper.objects.get()
    for stored in (bytes(paper.sealed), paper.name.encode(), kept.caption.encode()):
        assert PLACE not in stored
        assert b"Zebulon" not in stored
    assert not bytes(paper.sealed).startswith(b"\xff\xd8"), "sealed"
    answer = page(cast.rao).get(f"/attachments/{kept.pk}/file/")
    assert answer.status_code == 200
    assert Image.open(io.BytesIO(answer.content)).size == (kept.width, kept.height) == (60, 40)
    assert PLACE not in answer.content
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "no-store"
    assert kept.original_sha256 != kept.sha256 == paper.sha256
    assert Look.objects.get(what="attachment").user == cast.rao
    saved = page(cast.rao).get(f"/attachments/{kept.pk}/file/?save")
    assert saved["Content-Disposition"].startswith("attachment")
    assert page(cast.rao).get(f"/attachments/{kept.pk}/thumbnail/")["Content-Type"] == "image/jpeg"


def test_a_pdf_is_kept_as_it_is_and_only_ever_saved(cast: Any, page: Any, api: Any, record: Any) -> None:
    kept = attached(record, cast.asha, PDF, "page.pdf")
    assert kept.sha256 == kept.original_sha256
    for answer in (page(cast.asha).get(kept.get_absolute_url()), api(cast.asha).get(f"{API}{kept.pk}/file/")):
        assert answer.content == PDF
        assert answer["Content-Disposition"].startswith("attachment")
    assert page(cast.asha).get(f"/attachments/{kept.pk}/thumbnail/").status_code == 404


def test_the_same_file_again_is_the_attachment_that_stands(cast: Any, api: Any, record: Any) -> None:
    first = attached(record, cast.asha)
    assert attached(record, cast.asha) == first
    sent = {"form": "demographics", "record": record.pk, "file": given("other name.jpg", photo())}
    answer = api(cast.asha).post(API, sent, format="multipart")
    assert (answer.status_code, answer.json()["id"]) == (200, first.pk)
    actions.withdraw(attachment=first, reason="Wrong page", by=cast.asha)
    assert attached(record, cast.asha).number == 2


def test_several_with_one_caption_and_those_that_are_right_stay(cast: Any, page: Any, record: Any) -> None:
    files = [given("a.jpg", photo(colour=10)), given("b.svg", SVG), given("c.png", picture("PNG"))]
    answer = page(cast.asha).post(url(record), {"file": files, "caption": "Pages"})
    assert answer.status_code == 400
    assert "File 2" in answer.content.decode()
    assert [one.number for one in Attachment.objects.all()] == [1, 2]


def test_the_panel_stays_where_it_is_when_htmx_asks(cast: Any, page: Any, record: Any) -> None:
    answer = page(cast.asha).post(url(record), {"file": given("b.svg", SVG)}, headers={"HX-Request": "true"})
    assert answer.status_code == 200, "htmx leaves an error unswapped"
    assert 'id="attachments"' in answer.content.decode()
    assert not Attachment.objects.exists()


def test_withdrawn_stays_readable_with_its_reason(cast: Any, page: Any, api: Any, attachment: Any) -> None:
    done = page(cast.asha).post(f"/attachments/{attachment.pk}/withdraw/", {"reason": "Wrong page"})
    assert done.status_code == 302
    shown = page(cast.asha).get(f"/forms/demographics/{attachment.object_id}/").content.decode()
    assert "Wrong page" in shown
    assert page(cast.rao).get(attachment.get_absolute_url()).status_code == 200
    again = api(cast.asha).post(f"{API}{attachment.pk}/withdraw/", {"reason": "Again"})
    assert (again.status_code, again.json()["code"]) == (409, "withdrawn")
    assert selectors.counts("demographics", [attachment.object_id]) == {}


# --- Told ------------------------------------------------------------------------------------------------


def test_who_is_told_that_there_is_one(cast: Any, page: Any, api: Any, attachment: Any) -> None:
    for who in ("asha", "meera", "farah"):
        listed = api(getattr(cast, who)).get(f"{API}?form=demographics").json()["results"]
        assert [one["sha256"] for one in listed] == [attachment.sha256]
        assert attachment.sha256 in page(getattr(cast, who)).get("/attachments/").content.decode()
    assert api(cast.vikram).get(API).json()["results"] == []
    assert attachment.sha256 not in page(cast.vikram).get("/attachments/").content.decode()
    assert api(cast.vikram).get(f"{API}{attachment.pk}/").status_code == 404
    assert api(cast.sanjay).get(API).status_code == 403


def test_the_data_manager_sees_the_hash_and_no_picture(cast: Any, page: Any, attachment: Any) -> None:
    shown = page(cast.meera).get(f"/forms/demographics/{attachment.object_id}/").content.decode()
    assert attachment.sha256 in shown
    assert "thumbnail" not in shown
    assert 'name="file"' not in shown
    assert "thumbnail" in page(cast.asha).get(f"/forms/demographics/{attachment.object_id}/").content.decode()


def test_a_visit_has_attachments_too(cast: Any, page: Any, record: Any) -> None:
    visit = a_visit(record.participant, "UNS", "2024-02-01", cast.asha)
    answer = page(cast.asha).post(f"/attachments/of/visit/{visit.pk}/", {"file": given("a.jpg", photo())})
    assert answer.status_code == 302
    assert Attachment.objects.get().form == "visit"
    shown = page(cast.asha).get(answer["Location"]).content.decode()
    assert f"/participants/{record.participant.code}/visits/{visit.pk}/" in shown


def test_the_panel_asks_the_same_however_many_there_are(cast: Any, page: Any, record: Any) -> None:
    browser, address = page(cast.asha), f"/forms/demographics/{record.pk}/"
    attached(record, cast.asha)
    browser.get(address)
    with questions() as one:
        browser.get(address)
    for colour in range(5):
        attached(record, cast.asha, photo(colour=colour * 20))
    with questions() as many:
        browser.get(address)
    assert len(one) == len(many)


def test_a_record_takes_only_so_many(cast: Any, record: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(actions, "MOST", 1)
    attached(record, cast.asha)
    with pytest.raises(AttachmentRefused) as refused:
        attached(record, cast.asha, photo(colour=1))
    assert refused.value.code == "too_many"


def test_places_are_forms_and_what_is_registered() -> None:
    for key in ("participant", "../demographics", ""):
        with pytest.raises(LookupError):
            get_place(key)
