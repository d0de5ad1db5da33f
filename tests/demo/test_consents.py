"""The demo's consent documents, what everybody signs, and those of whom it is not as it should be."""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import cache
from typing import Any

import pytest
from django.db import transaction

from apps.consent.models import ConsentDocument, ConsentDocumentText, ConsentEvent
from apps.consent.rules import documents as rules
from apps.consent.selectors import documents as selectors
from apps.enrolment.models import Participant
from demo import cast as demo_cast
from demo import consent_documents, consent_plan, load_gaps, load_synthetic, paper, synthetic, synthetic_gaps
from demo.synthetic import SyntheticParticipant
from demo.synthetic_consents import ITEMS, language_of
from studyportal.access.models import Site
from studyportal.audit import acting
from studyportal.files import checks

UNTIL = dt.date(2026, 3, 31)


@cache
def cohort() -> list[SyntheticParticipant]:
    return synthetic.cohort(until=UNTIL)


# --- The documents ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", ["MUM", "PUN"])
def test_every_document_is_there_in_every_language(site: str) -> None:
    planned = list(consent_plan.planned(site, UNTIL))
    forms = {one.purpose for one in planned if one.kind == "consent_form" and one.version == "2.0"}
    assert len(forms) == 9
    for one in planned:
        assert set(one.words) == {"en", "hi", "mr"}
        for language, words in one.words.items():
            assert "{" not in words and words == words.strip()
            devanagari = sum("\u0900" <= letter <= "\u097f" for letter in words)
            assert (devanagari > len(words) / 3) is (language != "en"), (one.purpose, language)


def test_an_amendment_says_something_else() -> None:
    for kind, purpose in consent_plan.AGAIN:
        for language in consent_plan.LANGUAGES:
            first, amended = (consent_plan.words(kind, purpose, language, v, "MUM") for v in ("2.0", "3.0"))
            assert first != amended and len(amended) > len(first)


def test_paper_is_taken_as_a_document() -> None:
    words = consent_plan.words("consent_form", "participation", "mr", "3.0", "MUM")
    made = [
        paper.document(title="Form", version="3.0", hospital="Demo", words=words, signed=True) for _ in (1, 2)
    ]
    assert made[0] == made[1], "the same words give the same hash"
    for content in (made[0], paper.sheet("MUM-0001-X", "Synthetic (case) 01")):
        accepted = checks.accept(paper.Upload(content, "form.pdf"), limit=1_000_000)
        assert accepted.content_type == "application/pdf"


# --- What everybody signs --------------------------------------------------------------------------------


def test_everybody_signs_in_the_language_read_best() -> None:
    for one in cohort():
        signed = [event for event in (*one.consents, *one.later) if "form" in event]
        assert {event["document_language"] for event in signed} == {language_of(one.history)}


def test_each_optional_item_is_answered() -> None:
    for one in cohort():
        for event in (*one.consents, *one.later):
            if event["kind"] in ("consent", "lar_consent", "re_consent") and "session_number" not in event:
                assert sorted({*event["purposes"], *event["declined"]} & set(ITEMS)) == sorted(ITEMS)


def test_each_signature_names_a_version_in_use_on_its_day() -> None:
    for one in cohort():
        for event in (*one.consents, *one.later):
            if "form" in event:
                purpose, version = event["form"]
                day = dt.date.fromisoformat(event["signed_on"])
                assert version == consent_plan.version_of(purpose, one.person.site, day, UNTIL)
                assert day <= UNTIL


def test_the_amendment_is_signed_by_most_and_not_by_all() -> None:
    again = {one.person.label for one in cohort() if any(e["kind"] == "re_consent" for e in one.later)}
    assert 45 <= len(again) < 72
    for one in cohort():
        kinds = [event["kind"] for event in one.later]
        if "re_consent" in kinds and any(e["kind"] == "written_assent" for e in one.consents):
            assert "written_assent" in kinds


# --- Those of whom it is not as it should be -------------------------------------------------------------


def test_every_question_and_every_task_has_somebody() -> None:
    told = {what for gap in synthetic_gaps.gaps(UNTIL) for what in gap.tells}
    # Who was treated or enrolled is in the cohort: signed late (1), no assent (4), no copy (9), the amendment (10),
    # session 2 (13). Who was screened only is in the screening log (14).
    assert told | {1, 4, 9, 10, 13, 14} >= set(range(1, 17))
    assert told >= {"birthday", "reconsent", "copy", "recording", "witness", "representative"}
    assert any(event.get("session_number") == 1 for one in cohort() for event in one.later)
    treated = synthetic_gaps.in_treatment(UNTIL)
    assert [event["session_number"] for event in treated.consents if "session_number" in event] == [1]


def test_labels_are_used_once() -> None:
    labels = [gap.label for gap in synthetic_gaps.gaps(UNTIL)] + [one.person.label for one in cohort()]
    assert len(labels) == len(set(labels))


@pytest.fixture
def crews(db: Any) -> Any:
    demo_cast.ensure()
    return load_synthetic._crews()


@pytest.mark.slow
def test_documents_are_recorded_once(crews: Any) -> None:
    crew = crews["MUM"]
    assert consent_documents.ensure(crew.site, by=crew.investigator, until=UNTIL) > 0
    assert consent_documents.ensure(crew.site, by=crew.investigator, until=UNTIL) == 0
    assert not ConsentDocument.objects.filter(site=Site.objects.get(code="PUN")).exists()
    register = selectors.register_of([crew.site.pk])[crew.site.pk]
    began = consent_plan.amended_on("MUM", UNTIL)
    for purpose in ("participation", "lar_consent", "written_assent"):
        before = register.current(purpose, began - dt.timedelta(days=1))
        after = register.current(purpose, began)
        assert before is not None and before.version_label == "2.0"
        assert after is not None and after.version_label == "3.0" and after.reconsent_needed
    assert [one.purpose for one in register.documents if one.state == rules.DRAFT] == ["images"]
    for text in ConsentDocumentText.objects.select_related("file"):
        assert not text.file or hashlib.sha256(bytes(text.file.content)).hexdigest() == text.file_sha256


@pytest.mark.slow
def test_whoever_has_a_gap_is_entered_as_it_happened(crews: Any) -> None:
    for crew in crews.values():
        consent_documents.ensure(crew.site, by=crew.investigator, until=UNTIL)
    for gap in synthetic_gaps.gaps(UNTIL):
        with transaction.atomic(), acting(source="command", reason="Test"):
            load_gaps.enter(gap, site=crews[gap.site].site, by=crews[gap.site].coordinator)
    assert Participant.objects.filter(label__startswith="Synthetic consent").count() == 16
    as_it_happened = ConsentEvent.objects.exclude(as_it_happened=None).values_list(
        "participant__label", flat=True
    )
    assert {label.split(":")[0][-2:] for label in as_it_happened} == {"01", "05", "06", "10"}
    signed = ConsentEvent.objects.filter(kind__in=("consent", "lar_consent", "written_assent"))
    assert all(event.paper_sha256 and event.document_sha256 and event.obtainer_id for event in signed)


def test_consent_comes_before_the_first_glucose_chart() -> None:
    for one in cohort():
        if synthetic.Blemish.LATE_CONSENT in one.person.blemishes:
            continue
        first = min(str(chart.form.values["period_start"]) for visit in one.visits for chart in visit.charts)
        assert one.consents[0]["signed_on"] < first, one.person.label
        assert one.screened_on.isoformat() < one.consents[0]["signed_on"]
