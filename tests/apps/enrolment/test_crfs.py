"""The forms about the time before the study."""

from __future__ import annotations

from typing import Any

import pytest

from apps.consent import actions as consent
from apps.consent.selectors import findings_of
from apps.enrolment.crfs import ANTIBODY_AT_DIAGNOSIS, DEMOGRAPHICS, HOSPITALISATION, MEDICAL_HISTORY
from apps.enrolment.models import Antibody
from apps.labs.crfs import LAB_RESULT
from studyportal import protocol
from studyportal.crf.actions import save
from studyportal.crf.errors import CrfInvalid
from studyportal.queries.models import Query
from tests.apps.enrolment.factories import a_case, demographics_of, enrolled

pytestmark = pytest.mark.django_db


def test_one_demographics_for_each(cast: Any) -> None:
    participant = a_case(cast)
    demographics_of(participant, cast.asha)
    with pytest.raises(CrfInvalid, match="unique"):
        demographics_of(participant, cast.asha)


def test_another_country_is_named(cast: Any) -> None:
    with pytest.raises(CrfInvalid, match="country_other: required"):
        demographics_of(a_case(cast), cast.asha, country="other")


@pytest.mark.parametrize(("age", "open_queries"), [(17, 0), (41, 1), (7, 1)])
def test_age_is_asked_about_by_the_protocol(cast: Any, age: int, open_queries: int) -> None:
    demographics_of(a_case(cast), cast.asha, age_at_enrolment=age)
    assert Query.objects.filter(code="age_outside_study").count() == open_queries


def test_the_published_history(cast: Any) -> None:
    participant = a_case(cast, by=cast.meera, retrospective=True)
    history = save(
        MEDICAL_HISTORY,
        raw={
            "diagnosed_on": "age:12",
            "diabetes_type": "type_1",
            "autoimmune": True,
            "symptoms_at_onset": ["abdominal_pain", "polyuria", "fainting"],
            "insulin_since": "age:12",
            "dka_history": True,
            "dka_episodes": 1,
            "absent": {"comorbidities": "not_recorded", "severity": "not_recorded"},
        },
        by=cast.meera,
        participant=participant,
    )
    assert str(history.diagnosed_on) == "age:12"
    stay = {"reason": "dka", "admitted_on": "age:15", "duration_days": 30, "duration_as_written": "a month"}
    first = save(HOSPITALISATION, raw=stay, by=cast.meera, participant=participant)
    second = save(HOSPITALISATION, raw=stay, by=cast.meera, participant=participant)
    assert first.pk != second.pk
    assert not Query.objects.exists()


def test_declared_forms() -> None:
    specs = (DEMOGRAPHICS, MEDICAL_HISTORY, ANTIBODY_AT_DIAGNOSIS, HOSPITALISATION)
    assert [s.repeats for s in specs] == [False, False, True, True]


HISTORY = {
    "diagnosed_on": "2011-05",
    "diabetes_type": "type_1",
    "autoimmune": True,
    "symptoms_at_onset": ["polyuria"],
    "insulin_since": "2011-05",
    "dka_history": False,
    "comorbidities": ["none"],
    "severity": "moderate",
}
ICA = {
    "antibody": "ica",
    "result": "positive",
    "collected_on": "2011-05",
    "reported": "40",
    "unit": "{titer}",
}


def history_of(participant: Any, by: Any, **more: Any) -> Any:
    return save(MEDICAL_HISTORY, raw=HISTORY | more, by=by, participant=participant)


def antibody_of(participant: Any, by: Any, **more: Any) -> Any:
    return save(ANTIBODY_AT_DIAGNOSIS, raw=ICA | more, by=by, participant=participant)


def asked(form: str) -> set[str]:
    return set(Query.objects.filter(form=form).exclude(state="closed").values_list("code", flat=True))


@pytest.mark.parametrize(
    ("form", "change", "field"),
    [
        ("demographics", {"country": "NP", "home_state": "goa"}, "home_state"),
        ("demographics", {"language": "other"}, "language_other"),
        ("demographics", {"home_state": "atlantis"}, "home_state"),
        ("demographics", {"witness_needed": True}, "witness_needed"),
        ("medical-history", {"diagnosed_on": "2999"}, "diagnosed_on"),
        ("medical-history", {"symptoms_began_on": "2999"}, "symptoms_began_on"),
        ("medical-history", {"insulin_since": "2999"}, "insulin_since"),
        ("medical-history", {"dka_at_diagnosis": True}, "dka_at_diagnosis"),
        ("medical-history", {"prior_treatments": ["none", "pump"]}, "prior_treatments"),
        ("medical-history", {"prior_treatments": ["cell_therapy"]}, "prior_cell_therapy"),
        ("medical-history", {"prior_treatments": ["immunotherapy"]}, "prior_immunotherapy"),
        ("medical-history", {"prior_treatments": ["other"]}, "prior_treatments_other"),
        ("medical-history", {"severe_hypoglycaemia": True}, "severe_hypoglycaemia_last_year"),
        ("medical-history", {"family_history": True, "family_type_1": ["none", "child"]}, "family_type_1"),
        ("medical-history", {"c_peptide_at_diagnosis": "low"}, "c_peptide_at_diagnosis"),
        ("medical-history", {"c_peptide_unit": "mg"}, "c_peptide_unit"),
        ("medical-history", {"symptom_weeks": "-1"}, "symptom_weeks"),
        ("medical-history", {"pregnancies": 31}, "pregnancies"),
        ("medical-history", {"age_at_diagnosis": 12}, "age_at_diagnosis"),
        ("antibody-at-diagnosis", {"result": "not_tested"}, "reported"),
        ("antibody-at-diagnosis", {"reported": "1,5"}, "reported"),
        ("antibody-at-diagnosis", {"collected_on": "2999"}, "collected_on"),
        ("antibody-at-diagnosis", {"antibody": "anti-everything"}, "antibody"),
        ("hospitalisation", {"intensive_care": True, "intensive_care_days": 9}, "intensive_care_days"),
        ("hospitalisation", {"intensive_care": True}, "intensive_care_days"),
        ("hospitalisation", {"admitted_on": "2999"}, "admitted_on"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    cast: Any, api: Any, form: str, change: dict[str, Any], field: str
) -> None:
    whole = {
        "demographics": {"sex": "female", "age_at_enrolment": 17, "age_basis": "stated", "country": "IN"},
        "medical-history": HISTORY,
        "antibody-at-diagnosis": ICA,
        "hospitalisation": {"reason": "dka", "admitted_on": "2012", "duration_days": 5},
    }[form]
    answer = api(cast.asha).post(
        f"/api/v1/forms/{form}/", {"participant": a_case(cast).code, **whole, **change}
    )
    assert answer.status_code == 400, answer.content
    assert field in {error["field"] for error in answer.json()["errors"]}


def test_a_history_without_the_new_fields_is_still_taken(cast: Any) -> None:
    history_of(a_case(cast), cast.asha)
    assert asked("medical-history") == set()


def test_one_row_for_each_antibody(cast: Any) -> None:
    participant = a_case(cast)
    antibody_of(participant, cast.asha)
    antibody_of(participant, cast.asha, antibody="gad65", unit="[IU]/mL")
    with pytest.raises(CrfInvalid, match="unique"):
        antibody_of(participant, cast.asha)


def test_an_antibody_that_was_not_tested_asks_for_no_sample(cast: Any) -> None:
    raw = {"antibody": "znt8", "result": "not_tested"}
    assert save(ANTIBODY_AT_DIAGNOSIS, raw=raw, by=cast.asha, participant=a_case(cast)).is_complete


def test_the_age_at_diagnosis_follows_the_demographics_and_the_enrolment(cast: Any) -> None:
    participant = enrolled(a_case(cast), "2024-03-01")
    history = history_of(participant, cast.asha)
    assert history.absent["age_at_diagnosis"] == "not_derivable: age at enrolment missing"
    demographics_of(participant, cast.asha, age_at_enrolment=25)
    history.refresh_from_db()
    assert (history.age_at_diagnosis_from, history.age_at_diagnosis_to, history.version) == (12, 13, 2)
    assert history.absent["age_at_diagnosis"].startswith("not_derivable: from 12 to 13 years")
    save(
        MEDICAL_HISTORY, raw={"diagnosed_on": "age:12"}, by=cast.asha, record=history, reason="By the source"
    )
    history.refresh_from_db()
    assert (history.age_at_diagnosis, history.age_at_diagnosis_from) == (12, 12)


def test_antibodies_of_another_form_open_and_close_the_query_of_the_history(cast: Any) -> None:
    participant = a_case(cast)
    history_of(participant, cast.asha)
    first = antibody_of(participant, cast.asha, result="negative", reported="<5")
    assert asked("medical-history") == {"antibodies_all_negative"}
    save(ANTIBODY_AT_DIAGNOSIS, raw={"result": "positive"}, by=cast.asha, record=first, reason="Read again")
    assert asked("medical-history") == set()


def test_insulin_antibodies_are_read_by_the_first_insulin_whichever_form_comes_first(cast: Any) -> None:
    participant = a_case(cast)
    antibody_of(participant, cast.asha, antibody="iaa", unit="u[IU]/mL", collected_on="2011-07-01")
    assert asked("antibody-at-diagnosis") == set()
    history_of(participant, cast.asha)
    assert asked("antibody-at-diagnosis") == {"insulin_antibody_after_insulin"}


def test_a_laboratory_result_of_the_diagnosis_is_held_against_the_history(cast: Any) -> None:
    participant = a_case(cast)
    antibody = antibody_of(participant, cast.asha)
    raw = {
        "analyte": "ica",
        "context": "at_diagnosis",
        "collected_on": "2011-05",
        "qualitative": "negative",
        "absent": {"fasting": "not_applicable", "reported": "not_recorded", "unit": "not_recorded"},
    }
    save(LAB_RESULT, raw=raw, by=cast.asha, participant=participant, parents={"visit": None})
    assert asked("lab-result") == {"history_disagrees"}
    save(
        ANTIBODY_AT_DIAGNOSIS, raw={"result": "negative"}, by=cast.asha, record=antibody, reason="Read again"
    )
    assert asked("lab-result") == set()


def test_the_antibodies_are_analytes_of_the_protocol() -> None:
    known = protocol.current().analytes
    assert [(code, str(label)) for code, label in Antibody.choices] == [
        (key, known[key].label) for key in Antibody.values
    ]


@pytest.mark.parametrize(
    ("raw", "needed", "absent"),
    [
        ({"education": "none"}, True, None),
        ({"education": "none", "can_read": True}, False, None),
        ({"education": "graduate"}, False, None),
        ({"education": "primary"}, None, "not_derivable: whether the participant can read is not recorded"),
    ],
)
def test_the_form_says_at_once_whether_a_witness_signs(
    cast: Any, page: Any, raw: dict[str, Any], needed: bool | None, absent: str | None
) -> None:
    record = demographics_of(a_case(cast), cast.asha, **raw)
    assert (record.witness_needed, record.absent.get("witness_needed")) == (needed, absent)
    text = page(cast.asha).get(record.get_absolute_url()).content.decode()
    assert "An impartial witness signs with this participant" in text


@pytest.mark.parametrize(
    ("raw", "witness", "found"),
    [
        ({"education": "graduate", "can_read": False}, "", True),
        ({"education": "graduate", "can_read": False}, "Ward sister", False),
        ({"education": "none"}, "", True),
        ({"education": "none", "can_read": True}, "", False),
        ({"education": "primary"}, "", False),
    ],
)
def test_a_signature_without_the_witness_is_a_finding_of_the_consent_log(
    cast: Any, raw: dict[str, Any], witness: str, found: bool
) -> None:
    participant = enrolled(a_case(cast), "2024-03-01")
    demographics_of(participant, cast.asha, age_at_enrolment=25, **raw)
    consent.record_event(
        participant=participant,
        kind="consent",
        by=cast.asha,
        signer="participant",
        purposes=["participation"],
        signed_on="2024-02-28",
        **({"witness": witness} if witness else {}),
    )
    assert ("witness_missing" in {one.code for one in findings_of(participant)}) is found


@pytest.mark.parametrize(("language", "open_queries"), [("mr", 0), ("ta", 1)])
def test_the_language_is_held_against_the_consent_documents(
    cast: Any, language: str, open_queries: int
) -> None:
    demographics_of(a_case(cast), cast.asha, language=language)
    assert Query.objects.filter(code="no_document_in_language").count() == open_queries
