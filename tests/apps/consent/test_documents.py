"""The register of consent documents: what is refused, what the database holds, what may be signed when."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.consent.actions import documents, documents_approval
from apps.consent.models import ConsentDocument, ConsentDocumentText
from apps.consent.selectors import documents as selectors
from apps.enrolment import actions as enrolment
from studyportal.audit.selectors import history_of
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from tests.approvals import approval_of, lapse
from tests.apps.consent.documents import a_document, a_draft, pdf, text_of
from tests.cast import Cast
from tests.counting import questions

pytestmark = pytest.mark.django_db
NEW = dt.date(2024, 3, 1)


def codes_of(error: Any) -> list[tuple[str | None, str]]:
    return [(problem.field, problem.code) for problem in error.value.problems]


# --- Drafting --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"kind": "leaflet"}, ("kind", "choice")),
        ({"purpose": "surgery"}, ("purpose", "choice")),
        ({"version_label": ""}, ("version_label", "required")),
        ({"version_label": "1\n0"}, ("version_label", "type")),
        ({"version_label": "1" * 41}, ("version_label", "max_length")),
        ({"title": None}, ("title", "required")),
        ({"title": ["x"]}, ("title", "type")),
        ({"valid_from": "soon"}, ("valid_from", "invalid_date")),
        ({"reconsent_needed": "perhaps"}, ("reconsent_needed", "boolean")),
        ({"state": "approved"}, ("state", "unknown_field")),
    ],
)
def test_a_draft_that_cannot_be_read(cast: Cast, given: Any, code: Any) -> None:
    whole = {
        "kind": "consent_form",
        "purpose": "participation",
        "version_label": "1.0",
        "title": "Consent form",
    }
    with pytest.raises(CrfInvalid) as error:
        documents.draft(site=cast.mumbai, by=cast.rao, **whole | given)
    assert code in codes_of(error)
    assert not ConsentDocument.objects.exists()


def test_a_version_is_there_once(cast: Cast) -> None:
    a_draft(cast.mumbai, cast.rao, version="v1", filled=False)
    with pytest.raises(CrfInvalid) as error:
        a_draft(cast.mumbai, cast.rao, version="V1", filled=False)
    assert codes_of(error) == [("version_label", "unique")]
    a_draft(cast.pune, cast.meera, version="v1", filled=False)
    a_draft(cast.mumbai, cast.rao, version="v1", kind="information_sheet", filled=False)


def test_a_next_version_is_of_the_same_document(cast: Cast) -> None:
    first = a_document(cast.mumbai, cast.rao)
    for other in ({"purpose": "images"}, {"kind": "information_sheet"}):
        with pytest.raises(CrfInvalid) as error:
            a_draft(cast.mumbai, cast.rao, version="2.0", supersedes=first, filled=False, **other)
        assert codes_of(error) == [("supersedes", "other_document")]
    with pytest.raises(CrfInvalid) as error:
        a_draft(cast.pune, cast.meera, version="2.0", supersedes=first, filled=False)
    assert codes_of(error) == [("supersedes", "other_document")]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("form.pdf", b"", "empty"),
        ("form.pdf", b"<html>hello", "type"),
        ("form.png", None, "ending"),
    ],
)
def test_a_file_that_is_none(cast: Cast, name: str, content: bytes | None, code: str) -> None:
    draft = a_draft(cast.mumbai, cast.rao, filled=False)
    upload = pdf(name) if content is None else SimpleUploadedFile(name, content)
    with pytest.raises(CrfInvalid) as error:
        documents.put_text(document=draft, language="en", by=cast.rao, upload=upload)
    assert codes_of(error) == [("file", code)]


@pytest.mark.parametrize("words", [7, "a\x00b", "left \u202e right", "a\ud800"])
def test_words_that_are_no_words(cast: Cast, words: Any) -> None:
    draft = a_draft(cast.mumbai, cast.rao, filled=False)
    with pytest.raises(CrfInvalid) as error:
        documents.put_text(document=draft, language="en", by=cast.rao, words=words)
    assert codes_of(error) == [("words", "type")]


def test_a_language_of_the_study(cast: Cast) -> None:
    draft = a_draft(cast.mumbai, cast.rao, filled=False)
    with pytest.raises(CrfInvalid) as error:
        documents.put_text(document=draft, language="fr", by=cast.rao, words="Bonjour")
    assert codes_of(error) == [("language", "choice")]
    with pytest.raises(CrfInvalid) as error:
        documents.put_text(document=draft, language="en", by=cast.rao)
    assert codes_of(error) == [("file", "required")]


def test_words_are_kept_in_one_form_and_hashed(cast: Cast) -> None:
    draft = a_draft(cast.mumbai, cast.rao, filled=False)
    one = documents.put_text(
        document=draft, language="hi", by=cast.rao, words="\r\nनमस्ते  \r\n\r\nदो\u200dस्त \n"
    )
    assert one.text == "नमस्ते\n\nदो\u200dस्त"
    assert one.text_sha256 == documents.sha256_of(one.text)
    again = documents.put_text(document=draft, language="hi", by=cast.rao, upload=pdf())
    assert again.pk == one.pk and again.text == one.text and again.file_sha256 and again.version == 2


def test_a_draft_changes_and_its_history_stays(cast: Cast) -> None:
    draft = a_draft(cast.mumbai, cast.rao, filled=False)
    changed = documents.change(
        document=draft, by=cast.rao, title="Form of consent", expected_version=draft.version
    )
    assert changed.version == 2
    with pytest.raises(StaleVersion):
        documents.change(document=draft, by=cast.meera, title="Another", expected_version=1)
    assert [entry.by for entry in history_of(changed)] == ["rao", "rao"]
    documents.put_text(document=changed, language="en", by=cast.rao, words="Words")
    documents.remove_text(document=changed, language="en", by=cast.rao)
    with pytest.raises(CrfInvalid):
        documents.remove_text(document=changed, language="en", by=cast.rao)
    documents.discard(document=changed, by=cast.rao)
    assert not ConsentDocument.objects.exists()
    with pytest.raises(Refused):
        documents.change(document=changed, by=cast.rao, title="Gone")


# --- Approving -------------------------------------------------------------------------------------------


def test_every_language_has_its_file(cast: Cast) -> None:
    draft = a_draft(cast.mumbai, cast.rao)
    documents.remove_text(document=draft, language="mr", by=cast.rao)
    documents.put_text(document=draft, language="mr", by=cast.rao, words="Only the words")
    with pytest.raises(CrfInvalid) as error:
        documents_approval.approve(
            document=draft, by=cast.rao, approval=approval_of(cast.mumbai), valid_from=NEW
        )
    assert codes_of(error) == [(None, "language_missing")]
    assert "Marathi" in error.value.problems[0].message


def test_approved_by_an_approval_that_can(cast: Cast) -> None:
    draft = a_draft(cast.mumbai, cast.rao)

    def refused(approval: Any, valid_from: Any = NEW) -> list[tuple[str | None, str]]:
        with pytest.raises(CrfInvalid) as error:
            documents_approval.approve(document=draft, by=cast.rao, approval=approval, valid_from=valid_from)
        return codes_of(error)

    assert ("approval", "required") in refused(None)
    assert refused(approval_of(cast.pune)) == [("approval", "other_site")]
    assert refused(approval_of(cast.mumbai, "regulator")) == [("approval", "kind")]
    assert refused(approval_of(cast.mumbai), None) == [("valid_from", "required")]
    assert refused(approval_of(cast.mumbai), "1999-12-31") == [("valid_from", "outside_approval")]
    short = lapse(cast.mumbai, dt.date(2024, 1, 31))
    assert refused(short) == [("valid_from", "outside_approval")]
    enrolment.suspend_approval(
        approval=short, by=cast.meera, kind="suspended", from_on="2023-05-01", reason="Audit of the committee"
    )
    assert refused(approval_of(cast.mumbai), "2023-06-01") == [("valid_from", "approval_suspended")]
    enrolment.enter_in_error(approval=short, by=cast.meera, reason="Typed twice")
    assert refused(approval_of(cast.mumbai), "2023-01-01") == [("approval", "required")]


def test_approved_says_by_whom_and_when(cast: Cast) -> None:
    document = a_document(cast.mumbai, cast.rao)
    assert document.state == "approved" and document.approved_by == cast.rao
    assert {one.approved_at for one in document.texts.all()} == {document.approved_at}
    assert document.reconsent_needed is False


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({}, ("reconsent_needed", "required")),
        ({"reconsent_needed": True}, ("reconsent_whom", "required")),
        ({"reconsent_needed": True, "reconsent_whom": "everybody"}, ("reconsent_from", "required")),
        (
            {"reconsent_needed": True, "reconsent_whom": "everybody", "reconsent_from": "2024-02-29"},
            ("reconsent_from", "before_first_day"),
        ),
        ({"reconsent_needed": False, "reconsent_whom": "cases"}, ("reconsent_whom", "not_needed")),
        ({"reconsent_needed": False, "what_changed": ""}, ("what_changed", "required")),
    ],
)
def test_a_new_version_says_who_signs_again(cast: Cast, said: Any, code: Any) -> None:
    first = a_document(cast.mumbai, cast.rao)
    draft = a_draft(cast.mumbai, cast.rao, version="2.0", supersedes=first, what_changed="A visit was added")
    with pytest.raises(CrfInvalid) as error:
        documents_approval.approve(
            document=draft, by=cast.rao, approval=approval_of(cast.mumbai), valid_from=NEW, **said
        )
    assert code in codes_of(error)


def test_a_first_version_asks_nobody_to_sign_again(cast: Cast) -> None:
    draft = a_draft(cast.mumbai, cast.rao, reconsent_needed=True)
    with pytest.raises(CrfInvalid) as error:
        documents_approval.approve(
            document=draft, by=cast.rao, approval=approval_of(cast.mumbai), valid_from=NEW
        )
    assert codes_of(error) == [("reconsent_needed", "supersedes_none")]


def test_one_version_is_in_use_on_a_day(cast: Cast) -> None:
    first = a_document(cast.mumbai, cast.rao)
    with pytest.raises(CrfInvalid) as error:
        a_document(cast.mumbai, cast.rao, version="2.0", valid_from=NEW)
    assert codes_of(error) == [("supersedes", "not_newest")]
    with pytest.raises(CrfInvalid) as error:
        a_document(
            cast.mumbai, cast.rao, version="2.0-b", supersedes=first, valid_from=first.valid_from or NEW
        )
    assert codes_of(error) == [("valid_from", "before_superseded")]
    second = a_document(cast.mumbai, cast.rao, version="2.1", supersedes=first, valid_from=NEW)
    with pytest.raises(CrfInvalid) as error:
        a_document(cast.mumbai, cast.rao, version="3.0", supersedes=first, valid_from=NEW + dt.timedelta(9))
    assert codes_of(error) == [("supersedes", "not_newest")]
    # A version that was withdrawn before it began takes no place: the one before may be superseded again.
    documents_approval.withdraw(
        document=second, by=cast.rao, from_on=NEW, because="The committee took it back"
    )
    third = a_document(
        cast.mumbai, cast.rao, version="3.1", supersedes=first, valid_from=NEW + dt.timedelta(9)
    )
    register = selectors.register_of([cast.mumbai.pk])[cast.mumbai.pk]
    found = [register.current("participation", day) for day in (NEW, NEW + dt.timedelta(9))]
    assert [one and one.id for one in found] == [first.pk, third.pk]


def test_approved_once(cast: Cast) -> None:
    document = a_document(cast.mumbai, cast.rao)
    for again in (
        lambda: documents_approval.approve(
            document=document, by=cast.rao, approval=approval_of(cast.mumbai), valid_from=NEW
        ),
        lambda: documents.change(document=document, by=cast.rao, title="Another"),
        lambda: documents.put_text(document=document, language="en", by=cast.rao, words="Other words"),
        lambda: documents.remove_text(document=document, language="en", by=cast.rao),
        lambda: documents.discard(document=document, by=cast.rao),
    ):
        with pytest.raises(Refused) as error:
            again()
        assert codes_of(error) == [(None, "final")]


# --- Withdrawing -----------------------------------------------------------------------------------------


def test_withdrawn_once_and_for_good(cast: Cast) -> None:
    draft = a_draft(cast.mumbai, cast.rao, version="0.9", filled=False)
    with pytest.raises(Refused):
        documents_approval.withdraw(document=draft, by=cast.rao, from_on=NEW, because="Not needed any more")
    document = a_document(cast.mumbai, cast.rao)
    for given, code in [
        ({"from_on": "", "because": "No longer needed"}, ("from_on", "required")),
        ({"from_on": "2014-12-31", "because": "No longer needed"}, ("from_on", "before_first_day")),
        ({"from_on": "2024-03-01", "because": "Why"}, ("because", "required")),
        ({"from_on": "March", "because": "No longer needed"}, ("from_on", "invalid_date")),
    ]:
        with pytest.raises(CrfInvalid) as error:
            documents_approval.withdraw(document=document, by=cast.rao, **given)
        assert codes_of(error) == [code]
    with pytest.raises(StaleVersion):
        documents_approval.withdraw(
            document=document, by=cast.rao, from_on=NEW, because="No longer needed", expected_version=1
        )
    gone = documents_approval.withdraw(
        document=document, by=cast.rao, from_on=NEW, because="No longer needed"
    )
    assert (gone.state, gone.withdrawn_from) == ("withdrawn", NEW)
    with pytest.raises(Refused) as refused:
        documents_approval.withdraw(document=gone, by=cast.rao, from_on=NEW, because="Once more, please")
    assert codes_of(refused) == [(None, "withdrawn")]
    before, after = NEW - dt.timedelta(1), NEW
    assert set(selectors.in_force(cast.mumbai, "participation", before)) == {"en", "hi", "mr"}
    assert selectors.in_force(cast.mumbai, "participation", after) == {}


# --- What the database itself refuses --------------------------------------------------------------------

RAW = [
    "UPDATE consent_consentdocument SET title = 'Another' WHERE id = %(document)s",
    "UPDATE consent_consentdocument SET valid_from = '2016-01-01' WHERE id = %(document)s",
    "UPDATE consent_consentdocument SET state = 'draft' WHERE id = %(document)s",
    "UPDATE consent_consentdocument SET state = 'withdrawn', withdrawn_from = '2024-01-01', withdrawn_because = 'x', "
    "title = 'Another' WHERE id = %(document)s",
    "DELETE FROM consent_consentdocument WHERE id = %(document)s",
    "UPDATE consent_consentdocumenttext SET text = 'Other words' WHERE id = %(text)s",
    "UPDATE consent_consentdocumenttext SET document_id = %(draft)s WHERE id = %(text)s",
    "UPDATE consent_consentdocumenttext SET document_id = %(document)s WHERE document_id = %(draft)s",
    "DELETE FROM consent_consentdocumenttext WHERE id = %(text)s",
    "INSERT INTO consent_consentdocumenttext (document_id, site_id, language, file_sha256, text, text_sha256, version, "
    "created_at, updated_at) SELECT %(document)s, site_id, 'fr', '', 'Bonjour', 'x', 1, now(), now() "
    "FROM consent_consentdocument WHERE id = %(document)s",
    # A draft does not become approved beside the action, nor is it withdrawn.
    "UPDATE consent_consentdocument SET state = 'approved', approval_id = (SELECT approval_id FROM "
    "consent_consentdocument WHERE id = %(document)s), valid_from = '2024-01-01', approved_at = now(), "
    "reconsent_needed = false WHERE id = %(draft)s",
    "UPDATE consent_consentdocument SET state = 'withdrawn', withdrawn_from = '2024-01-01', withdrawn_because = 'x', "
    "approval_id = (SELECT approval_id FROM consent_consentdocument WHERE id = %(document)s), "
    "valid_from = '2024-01-01', approved_at = now(), reconsent_needed = false WHERE id = %(draft)s",
    # A text is of the site of its document.
    "UPDATE consent_consentdocumenttext SET site_id = %(pune)s WHERE document_id = %(draft)s",
]


@pytest.mark.parametrize("statement", RAW)
def test_raw_sql_changes_nothing_of_an_approved_document(cast: Cast, statement: str) -> None:
    document = a_document(cast.mumbai, cast.rao)
    draft = a_draft(cast.mumbai, cast.rao, purpose="images", filled=False)
    documents.put_text(document=draft, language="en", by=cast.rao, words="Of the draft")
    named = {
        "document": document.pk,
        "draft": draft.pk,
        "text": text_of(document).pk,
        "pune": cast.pune.pk,
    }
    before = list(ConsentDocument.objects.values()), list(ConsentDocumentText.objects.values())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, named)
    assert before == (list(ConsentDocument.objects.values()), list(ConsentDocumentText.objects.values()))


def test_raw_sql_withdraws_once(cast: Cast) -> None:
    document = a_document(cast.mumbai, cast.rao)
    say = (
        "UPDATE consent_consentdocument SET state = 'withdrawn', withdrawn_from = %s, withdrawn_because = 'x' "
        "WHERE id = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(say, ["2024-01-01", document.pk])
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(say, ["2024-06-01", document.pk])
    document.refresh_from_db()
    assert document.withdrawn_from == dt.date(2024, 1, 1)


@pytest.mark.parametrize(
    "values",
    [
        {"title": ""},
        {"kind": "leaflet"},
        {"purpose": "surgery"},
        {"withdrawn_because": "Because"},
        {"withdrawn_from": NEW},
    ],
)
def test_what_a_row_may_not_say(cast: Cast, values: dict[str, Any]) -> None:
    draft = a_draft(cast.mumbai, cast.rao, filled=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsentDocument.objects.filter(pk=draft.pk).update(**values)


# --- What may be signed ----------------------------------------------------------------------------------


def test_in_force_is_of_the_site_the_purpose_and_the_day(cast: Cast) -> None:
    first = a_document(cast.mumbai, cast.rao)
    second = a_document(cast.mumbai, cast.rao, version="2.0", supersedes=first, valid_from=NEW)

    def label(day: dt.date, purpose: str = "participation", site: Any = cast.mumbai) -> Any:
        found = selectors.in_force(site, purpose, day)
        return next(iter(found.values())).document.version_label if found else None

    assert label(NEW - dt.timedelta(1)) == "1.0"
    assert label(NEW) == "2.0"
    assert label(dt.date(2014, 12, 31)) is None
    assert label(NEW, "images") is None
    assert label(NEW, site=cast.pune) is None
    assert list(selectors.in_force(cast.mumbai, "participation", NEW)) == ["en", "hi", "mr"]
    assert second.supersedes == first


def test_a_renewal_of_the_approval_carries_the_document_on(cast: Cast) -> None:
    a_document(cast.mumbai, cast.rao)
    approval = lapse(cast.mumbai, dt.date(2023, 12, 31))
    gap, later = dt.date(2024, 1, 10), dt.date(2024, 2, 1)
    assert selectors.in_force(cast.mumbai, "participation", later) == {}
    enrolment.record_approval(
        site=cast.mumbai, by=cast.meera, supersedes=approval, kind="ethics_committee", authority="The committee",
        number="EC/2", approved_on="2024-01-15", valid_from="2024-01-20", without_end=True,
    )  # fmt: skip
    assert selectors.in_force(cast.mumbai, "participation", gap) == {}
    assert set(selectors.in_force(cast.mumbai, "participation", later)) == {"en", "hi", "mr"}
    register = selectors.register_of([cast.mumbai.pk])[cast.mumbai.pk]
    (document,) = register.documents
    assert document.approved_until(dt.date(2023, 6, 1)) == dt.date(2023, 12, 31)
    assert document.approved_until(later) is None


def test_a_text_is_found_by_its_hash(cast: Cast) -> None:
    document = a_document(cast.mumbai, cast.rao)
    text = text_of(document, "mr")
    draft = a_draft(cast.pune, cast.meera)
    assert selectors.text_by_hash(text.file_sha256) == text
    assert selectors.text_by_hash(text.text_sha256, site=cast.mumbai) == text
    assert selectors.text_by_hash(text.file_sha256, site=cast.pune) is None
    assert selectors.text_by_hash(text_of(draft).file_sha256) is None, "nobody signs a draft"
    assert selectors.text_by_hash("") is None


def test_the_register_asks_a_fixed_number_of_questions(cast: Cast) -> None:
    a_document(cast.mumbai, cast.rao)
    with questions() as few:
        selectors.register_of([cast.mumbai.pk])
    for purpose in ("images", "data_sharing", "lar_consent"):
        a_document(cast.mumbai, cast.rao, purpose=purpose)
        a_document(cast.pune, cast.meera, purpose=purpose)
    with questions() as many:
        found = selectors.register_of([cast.mumbai.pk, cast.pune.pk])
    assert len(few) == len(many)
    assert [len(found[site.pk].documents) for site in (cast.mumbai, cast.pune)] == [4, 3]
