"""The pages of the register: who is refused, what stays typed, and the way of a version in a browser's requests."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.consent.actions import documents as actions
from apps.consent.models import ConsentDocument
from tests.approvals import approval_of
from tests.apps.consent.documents import a_document, a_draft, pdf, text_of
from tests.cast import Cast
from tests.counting import questions

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(cast: Cast) -> Any:
    def client(user: Any) -> Client:
        found = Client()
        found.force_login(user)
        return found

    return client


def url(name: str, *args: Any) -> str:
    return reverse(f"consent:{name}", args=args)


def test_another_site_is_not_found(cast: Cast, at: Any) -> None:
    document = a_document(cast.mumbai, cast.rao)
    for name, args in (
        ("document", [document.pk]),
        ("document-text", [document.pk, "en"]),
        ("document-file", [document.pk, "en"]),
        ("document-compare", [document.pk, "en"]),
    ):
        assert at(cast.vikram).get(url(name, *args)).status_code == 404
        assert at(cast.norole).get(url(name, *args)).status_code == 403
        assert at(cast.asha).get(url(name, *args)).status_code == 200


def test_who_reads_does_not_write(cast: Cast, at: Any) -> None:
    draft = a_draft(cast.mumbai, cast.rao)
    for name in ("document-change", "document-approve", "document-withdraw", "document-discard"):
        for user in (cast.asha, cast.farah):
            assert at(user).get(url(name, draft.pk)).status_code == 403
            assert at(user).post(url(name, draft.pk)).status_code == 403
    for user in (cast.asha, cast.farah):
        page = at(user).get(url("document", draft.pk)).content.decode()
        assert "Record the approval" not in page and "Take out" not in page


def test_a_document_is_begun_and_what_was_typed_stays(cast: Cast, at: Any) -> None:
    client = at(cast.rao)
    raw = {
        "site": "MUM",
        "purpose": "images",
        "kind": "consent_form",
        "title": "Form for images",
        "version_label": "",
    }
    refused = client.post(url("document-new"), raw)
    assert refused.status_code == 400 and "Form for images" in refused.content.decode()
    assert client.post(url("document-new"), raw | {"site": "PUN"}).status_code == 400
    done = client.post(url("document-new"), raw | {"version_label": "1.0"})
    made = ConsentDocument.objects.get()
    assert done.status_code == 302 and done["Location"] == url("document", made.pk)


def test_the_next_version_knows_what_it_supersedes(cast: Cast, at: Any) -> None:
    first = a_document(cast.mumbai, cast.rao)
    client = at(cast.rao)
    address = f"{url('document-new')}?supersedes={first.pk}"
    assert first.title in client.get(address).content.decode()
    client.post(address, {"title": first.title, "version_label": "2.0", "what_changed": "A visit was added"})
    assert ConsentDocument.objects.get(version_label="2.0").supersedes == first
    # Begun without naming it, the newest approved version is found.
    client.post(
        url("document-new"),
        {
            "site": "MUM",
            "purpose": "participation",
            "kind": "consent_form",
            "title": "Form",
            "version_label": "2.1",
        },
    )
    assert ConsentDocument.objects.get(version_label="2.1").supersedes == first
    assert at(cast.vikram).get(address).status_code == 403


def test_a_language_is_written(cast: Cast, at: Any) -> None:
    draft = a_draft(cast.mumbai, cast.rao, filled=False)
    client, address = at(cast.rao), url("document-write", draft.pk, "hi")
    assert client.get(url("document-write", draft.pk, "fr")).status_code == 404
    refused = client.post(address, {"words": "नमस्ते", "file": pdf("form.png"), "version": draft.version})
    assert refused.status_code == 400 and "नमस्ते" in refused.content.decode()
    assert client.post(address, {"words": "", "version": draft.version}).status_code == 400
    done = client.post(address, {"words": "नमस्ते", "file": pdf(), "version": draft.version})
    assert done.status_code == 302
    stale = client.post(address, {"words": "नया", "version": draft.version})
    assert stale.status_code == 412 and "नया" in stale.content.decode()
    assert text_of(draft, "hi").text == "नमस्ते"
    assert client.post(url("document-remove", draft.pk, "hi")).status_code == 302
    assert not draft.texts.exists()


def test_approved_on_the_page(cast: Cast, at: Any) -> None:
    first = a_document(cast.mumbai, cast.rao)
    draft = a_draft(cast.mumbai, cast.rao, version="2.0", supersedes=first)
    client, address = at(cast.rao), url("document-approve", draft.pk)
    raw = {
        "approval": approval_of(cast.mumbai).pk,
        "valid_from": "2024-03-01",
        "what_changed": "A visit was added",
        "version": draft.version,
    }
    refused = client.post(address, raw)
    assert (
        refused.status_code == 400
        and "Say whether those who signed before sign again" in refused.content.decode()
    )
    raw |= {"reconsent_needed": "true", "reconsent_whom": "everybody", "reconsent_from": "2024-03-01"}
    foreign = client.post(address, raw | {"approval": approval_of(cast.pune).pk})
    assert foreign.status_code == 400
    assert client.post(address, raw).status_code == 302
    draft.refresh_from_db()
    assert draft.state == "approved" and draft.reconsent_needed
    again = client.post(address, raw | {"version": draft.version})
    assert again.status_code == 409
    page = client.get(url("document", draft.pk)).content.decode()
    assert "sign again from" in page and "Versions" in page


def test_withdrawn_on_the_page(cast: Cast, at: Any) -> None:
    document = a_document(cast.mumbai, cast.rao)
    client, address = at(cast.rao), url("document-withdraw", document.pk)
    raw = {"from_on": "2024-03-01", "because": "", "version": document.version}
    assert client.post(address, raw).status_code == 400
    assert client.post(address, raw | {"because": "The committee asked for it"}).status_code == 302
    assert "The committee asked for it" in client.get(url("document", document.pk)).content.decode()


def test_discarded_on_the_page(cast: Cast, at: Any) -> None:
    draft = a_draft(cast.mumbai, cast.rao)
    done = at(cast.rao).post(url("document-discard", draft.pk), {"version": draft.version})
    assert done["Location"] == url("documents") and not ConsentDocument.objects.exists()


def test_words_are_text_and_no_markup(cast: Cast, at: Any) -> None:
    draft = a_draft(cast.mumbai, cast.rao)
    actions.put_text(
        document=draft, language="en", by=cast.rao, words="<script>alert(1)</script>\n\nSecond & last"
    )
    page = at(cast.asha).get(url("document-text", draft.pk, "en")).content.decode()
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page
    assert "is a draft" in page


def test_two_versions_are_compared(cast: Cast, at: Any) -> None:
    first = a_document(cast.mumbai, cast.rao)
    second = a_document(cast.mumbai, cast.rao, version="2.0", supersedes=first, valid_from="2024-01-01")
    page = at(cast.asha).get(url("document-compare", second.pk, "en")).content.decode()
    assert "1 paragraph differs" in page and "<del>1.0,</del>" in page and "<ins>2.0,</ins>" in page
    assert "first version" in at(cast.asha).get(url("document-compare", first.pk, "en")).content.decode()


def test_the_overview_asks_a_fixed_number_of_questions(cast: Cast, at: Any) -> None:
    client = at(cast.meera)
    a_document(cast.mumbai, cast.rao)
    client.get(url("documents"))
    with questions() as few:
        client.get(url("documents"))
    for purpose in ("images", "data_sharing", "sample_storage"):
        a_document(cast.mumbai, cast.rao, purpose=purpose)
        a_document(cast.pune, cast.meera, purpose=purpose)
    with questions() as many:
        page = client.get(url("documents"))
    assert page.status_code == 200
    assert len(few) == len(many)
