"""Entering what a source states, whatever kind of entry it is."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.consent.models import ConsentEvent
from tests.apps.enrolment.factories import a_case
from tests.cast import Cast
from tests.studyportal.files.samples import PDF

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Choose the kind of entry"),
        ({"kind": "withdrawal"}, "Say what is withdrawn"),
        ({"kind": "correction"}, "Name the entry"),
        ({"kind": "correction", "corrects": "999999"}, "no such entry"),
        ({"kind": "copy_given", "concerns": "999999"}, "no such entry"),
        ({"kind": "lar_consent", "signer": "participant"}, "representative signs"),
        ({"kind": "consent", "signed_on": "2099-01-01"}, "future"),
        ({"kind": "consent", "age_at_signature": "seventeen"}, "number"),
        ({"kind": "consent", "absent-signed_on": "nonsense"}, "no reason"),
    ],
)
def test_an_entry_refused(cast: Cast, page: Any, typed: dict[str, str], said: str) -> None:
    participant = a_case(cast)
    url = f"/participants/{participant.code}/consent/new/"
    answer = page(cast.asha).post(url, {"note": "kept text"} | typed)
    assert answer.status_code == 400
    assert said in answer.content.decode() and "kept text" in answer.content.decode()
    assert not ConsentEvent.objects.exists()


def test_consent_correction_and_withdrawal(cast: Cast, page: Any) -> None:
    participant = a_case(cast)
    url = f"/participants/{participant.code}/consent/new/"
    browser = page(cast.asha)
    first = {
        "kind": "consent",
        "purposes": ["participation", "procedure"],
        "document_version": "2.1",
        "signed_on": "2026-01-02",
        "signer": "participant",
        "age_at_signature": "19",
        "copy_given": "true",
        "absent-witness": "not_applicable",
        # What a hidden control of another kind might still post is not meant.
        "withdrawal_scopes": ["visits"],
    }
    assert browser.post(url, first).status_code == 302
    event = ConsentEvent.objects.get()
    assert (event.purposes, event.document_version, event.copy_given, event.absent) == (
        ["participation", "procedure"],
        "2.1",
        True,
        {"witness": "not_applicable"},
    )
    correction = {"kind": "correction", "corrects": event.pk, "document_version": "2.0", "note": "Misread."}
    assert browser.post(url, correction).status_code == 302
    copy = {"kind": "copy_given", "concerns": event.pk, "signed_on": "2026-01-03"}
    assert browser.post(url, copy).status_code == 302
    withdrawal = {"kind": "withdrawal", "withdrawal_scopes": ["treatment"], "signed_on": "2026-03-01"}
    assert browser.post(url, withdrawal).status_code == 302
    assert list(ConsentEvent.objects.order_by("id").values_list("kind", "corrects_id", "concerns_id")) == [
        ("consent", None, None),
        ("correction", event.pk, None),
        ("copy_given", None, event.pk),
        ("withdrawal", None, None),
    ]


def test_the_data_manager_enters_it_without_the_sheet(cast: Cast, page: Any) -> None:
    participant = a_case(cast)
    url = f"/participants/{participant.code}/consent/new/"
    meera = page(cast.meera)
    assert b'name="sheet"' not in meera.get(url).content
    typed = {"kind": "consent", "signed_on": "2026-01-02", "signer": "participant", "note": "kept text"}
    answer = meera.post(url, typed | {"sheet": SimpleUploadedFile("sheet.pdf", PDF)})
    assert answer.status_code == 400 and "kept text" in answer.content.decode()
    assert "staff of the site" in answer.content.decode()
    assert meera.post(url, typed).status_code == 302
