"""The documents of the delegation log: who adds, who reads, and what comes back."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction

from studyportal.files import actions
from studyportal.files.models import DelegationDocument, StoredFile
from tests.counting import questions
from tests.security.worlds import nothing_changed
from tests.studyportal.files.samples import PDF, PNG, SVG

LIST, NEW = "/delegations/documents/", "/delegations/documents/new/"


def upload(content: bytes = PDF, name: str = "sheet.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


def typed(**changes: Any) -> dict[str, Any]:
    return {
        "user": "rao", "site": "MUM", "kind": "gcp_certificate", "valid_from": "2026-01-01", "valid_until": "", "note": "Seen",
        "file": upload(),
    } | changes  # fmt: skip


@pytest.fixture
def document(cast: Any) -> DelegationDocument:
    return actions.add_delegation_document(
        user=cast.rao,
        site=cast.mumbai,
        kind="gcp_certificate",
        valid_from="2026-01-01",
        upload=upload(),
        by=cast.admin,
    )  # type: ignore[arg-type]


@pytest.mark.django_db
def test_who_may_not(cast: Any, page: Any, document: DelegationDocument) -> None:
    assert page(None).get(LIST).status_code == 302
    for name in ("asha", "vikram", "sanjay", "norole"):
        assert page(getattr(cast, name)).get(LIST).status_code == 403
        assert page(getattr(cast, name)).get(document.get_absolute_url()).status_code == 403
    browsers = {name: page(getattr(cast, name)) for name in ("asha", "rao", "meera", "farah", "norole")}
    with nothing_changed():
        for browser in browsers.values():
            assert browser.get(NEW).status_code == 403
            assert browser.post(NEW, typed()).status_code == 403


@pytest.mark.django_db
def test_another_sites_documents_are_not_there(cast: Any, page: Any) -> None:
    pune = actions.add_delegation_document(
        user=cast.vikram,
        site=cast.pune,
        kind="gcp_certificate",
        valid_from="2026-01-01",
        upload=upload(name="pune.pdf"),
        by=cast.admin,
    )  # type: ignore[arg-type]
    rao = page(cast.rao)
    assert rao.get(pune.get_absolute_url()).status_code == 404
    assert b"pune.pdf" not in rao.get(LIST).content
    assert b"pune.pdf" in page(cast.farah).get(LIST).content


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"user": ""}, "Choose the person"), ({"user": "nobody"}, "Choose the person"), ({"user": "\x00"}, "Choose the person"),
        ({"site": "XXX"}, "no such site"), ({"kind": "passport"}, "kind of document"), ({"valid_from": ""}, "from which it holds"),
        ({"valid_from": "01/02/2026"}, "Write the day"), ({"valid_until": "2025-01-01"}, "before the first"),
        ({"note": "x" * 201}, "200 characters"), ({"note": "a\r\nb"}, "One line"), ({"file": ""}, "Choose the file"),
        ({"file": upload(b"")}, "Choose the file"), ({"file": upload(SVG, "x.svg")}, "By its content"), ({"file": upload(PNG)}, "does not end in"),
        ({"file": upload(PDF + b"PK\x05\x06" + b"\0" * 18)}, "beside the document"),
    ],
)  # fmt: skip
@pytest.mark.django_db
def test_what_is_refused_says_why_and_keeps_what_was_typed(
    cast: Any, page: Any, changes: dict[str, Any], words: str
) -> None:
    browser = page(cast.admin)
    with nothing_changed():
        answer = browser.post(NEW, typed(**changes))
    assert answer.status_code == 400
    text = answer.content.decode()
    if changes.get("file") == "" or not (
        isinstance(changes.get("file"), SimpleUploadedFile) and not changes["file"].size
    ):
        assert words in text
    assert 'value="2026-01-01"' in text or "valid_from" in changes
    assert "chosen again" in text


@pytest.mark.django_db
def test_a_file_beyond_the_limit(cast: Any, page: Any, settings: Any) -> None:
    settings.UPLOAD_LIMIT = 3_000_000
    browser = page(cast.admin)
    with nothing_changed():
        answer = browser.post(NEW, typed(file=upload(PDF + b" " * 3_000_100)))
        assert (answer.status_code, b"larger than" in answer.content) == (400, True)
        assert browser.post(NEW, typed(file=upload(PDF + b" " * 6_000_000))).status_code == 413
        assert browser.post("/tokens/", {"file": upload(PDF + b" " * 2_600_000)}).status_code == 413, (
            "no page for files"
        )
    assert browser.post(NEW, typed(file=upload(b"%PDF-1.4\n" + b" " * 2_700_000 + PDF))).status_code == 302


@pytest.mark.django_db
def test_a_document_is_kept_and_given_back_as_it_came(cast: Any, page: Any) -> None:
    assert page(cast.admin).post(NEW, typed(file=upload(name='Sheet <b>".pdf'))).status_code == 302
    found = DelegationDocument.objects.get()
    assert (found.user, found.site, found.recorded_by, found.note) == (
        cast.rao,
        cast.mumbai,
        cast.admin,
        "Seen",
    )
    assert (found.file.size, found.file.content_type) == (len(PDF), "application/pdf")
    answer = page(cast.rao).get(found.get_absolute_url())
    assert answer.content == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert "no-store" in answer["Cache-Control"]
    assert b"<b>" not in page(cast.rao).get(LIST).content


@pytest.mark.django_db
def test_the_same_file_is_kept_once_and_never_changed(cast: Any, document: DelegationDocument) -> None:
    actions.add_delegation_document(
        user=cast.asha,
        site=None,
        kind="gcp_certificate",
        valid_from="2026-01-01",
        upload=upload(),
        by=cast.admin,
    )  # type: ignore[arg-type]
    assert (StoredFile.objects.count(), DelegationDocument.objects.count()) == (1, 2)
    for act in (
        lambda: StoredFile.objects.update(name="x"),
        lambda: StoredFile.objects.all()._raw_delete("default"),
        lambda: DelegationDocument.objects.update(note="x"),
        lambda: DelegationDocument.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    assert (StoredFile.objects.count(), DelegationDocument.objects.count()) == (1, 2)


@pytest.mark.django_db
def test_the_list_asks_as_often_for_many(cast: Any, page: Any, document: DelegationDocument) -> None:
    browser = page(cast.farah)
    browser.get(LIST)
    with questions() as few:
        browser.get(LIST)
    for number in range(5):
        actions.add_delegation_document(
            user=cast.asha,
            site=cast.mumbai,
            kind="gcp_certificate",
            valid_from="2026-01-01",
            upload=upload(name=f"{number}.pdf"),
            by=cast.admin,
        )  # type: ignore[arg-type]
    with questions() as many:
        browser.get(LIST)
    assert len(few) == len(many)
