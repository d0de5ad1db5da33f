"""The published case goes in through the API and comes out row by row as the domain reference has it (§2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from apps.consent.selectors import findings_of
from apps.enrolment.models import Participant
from apps.visits.models import Visit
from demo import cast as demo_cast
from demo import load_seed
from demo.client import Client
from studyportal.audit.selectors import history_of
from studyportal.crf.registry import all_specs
from studyportal.queries.models import Query
from tests.demo.transport import InProcess

# --- the file ------------------------------------------------------------------------------------------------

GOOD = """
records:
- {id: a, row: 1, source: x, as: meera, to: participants/, known_by: [label], body: {label: P}}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("source: x, ", ""), r"missing \['source'\]"),
        (GOOD.replace("row: 1", "row: 1, dose: 3"), r"unknown \['dose'\]"),
        (GOOD + GOOD.split("records:")[1], "two records are called “a”"),
        (GOOD.replace("label: P", "label: '@b'"), "@b does not stand before it"),
        (GOOD.replace("[label]", "[code]"), r"known by \['code'\]"),
    ],
)
def test_a_wrong_file_is_refused_with_the_record(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(load_seed.SeedError, match=said):
        load_seed.read(path)


def test_every_record_names_its_row_and_its_words_and_posts_neither() -> None:
    for record in load_seed.read():
        assert record.row and len(record.source) > 10
        assert not {"source", "row"} & set(record.body)


def test_all_22_rows_of_the_casebook_are_there() -> None:
    rows = {int(row) for record in load_seed.read() for row in record.row.split(",")}
    assert rows == set(range(1, 23))


# --- the portal ----------------------------------------------------------------------------------------------


class Casebook:
    """What the API gives of the participant after loading, read by the coordinator."""

    def __init__(self, transport: InProcess) -> None:
        self.loaded = load_seed.load(transport, password=demo_cast.PASSWORD)
        self.code = self.loaded.records["patient"]["code"]
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        with Client.sign_in(transport, "asha", demo_cast.PASSWORD, name="reader") as client:
            for endpoint in sorted({record.to for record in load_seed.read()}):
                self.rows[endpoint] = list(client.everything(endpoint, participant=self.code))

    def one(self, endpoint: str, **members: Any) -> dict[str, Any]:
        found = [
            row for row in self.rows[endpoint] if all(row[name] == value for name, value in members.items())
        ]
        assert len(found) == 1, f"{endpoint} {members}: {len(found)} found"
        return found[0]

    def id(self, name: str) -> int:
        return int(self.loaded.records[name]["id"])


@pytest.fixture(scope="module")
def transport() -> InProcess:
    return InProcess()


@pytest.fixture(scope="module")
def casebook(django_db_setup: None, django_db_blocker: Any, transport: InProcess) -> Iterator[Casebook]:
    """Loaded once for the tests of this module, and rolled back after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo_cast.ensure()
        yield Casebook(transport)
        transaction.set_rollback(True)


ABSENT = "not_recorded"
NO_DOSE = {"total_dose": None, "absent.total_dose": ABSENT, "viable_dose": None, "dose_per_kg": None}

# (row of the casebook, endpoint, which record, what it holds); "absent.x" is the reason for x.
ROWS: list[tuple[int, str, dict[str, Any], dict[str, Any]]] = [
    (
        1,
        "participants/",
        {},
        {"group": "case", "retrospective": True, "synthetic": False, "label": "Published case"},
    ),
    (
        1,
        "forms/demographics/",
        {},
        {"sex": "female", "age_at_enrolment": 17, "country": "IN", "age_basis": "stated"},
    ),
    (
        1,
        "forms/demographics/",
        {},
        {
            "can_read": None,
            "absent.can_read": ABSENT,
            "witness_needed": None,
            "absent.witness_needed": "not_derivable: whether the participant can read is not recorded",
        },
    ),
    (
        1,
        "forms/vital-signs/",
        {},
        {"weight": None, "absent.weight": ABSENT, "height": None, "absent.height": ABSENT, "bmi": None},
    ),
    (
        2,
        "forms/medical-history/",
        {},
        {
            "symptoms_at_onset": ["polyuria", "abdominal_pain", "fainting"],
            "symptoms_began_on": "age:12",
            "symptom_weeks": None,
            "absent.symptom_weeks": ABSENT,
            "diagnosed_on": "age:12",
            "age_at_diagnosis": 12,
        },
    ),
    *(
        (
            3,
            "forms/lab-result/",
            {"analyte": analyte, "context": "at_diagnosis"},
            {
                "qualitative": "irregular",
                "reported": None,
                "absent.reported": ABSENT,
                "collected_on": "age:12",
            },
        )
        for analyte in ("glucose_fasting", "glucose_pp", "glucose_random")
    ),
    (
        4,
        "forms/lab-result/",
        {"analyte": "ica", "context": "at_diagnosis"},
        {"qualitative": "positive", "reported": None, "absent.reported": ABSENT, "visit": None},
    ),
    (
        4,
        "forms/lab-result/",
        {"analyte": "c_peptide", "context": "at_diagnosis"},
        {"reported": "0.2", "unit": "ng/mL", "fasting": None, "absent.fasting": ABSENT, "visit": None},
    ),
    (
        4,
        "forms/antibody-at-diagnosis/",
        {"antibody": "ica"},
        {"result": "positive", "reported": None, "absent.reported": ABSENT, "collected_on": "age:12"},
    ),
    (
        4,
        "forms/antibody-at-diagnosis/",
        {"antibody": "gad65"},
        {"result": None, "absent.result": ABSENT, "reported": None},
    ),
    (
        4,
        "forms/medical-history/",
        {},
        {
            "c_peptide_at_diagnosis": "0.2",
            "c_peptide_unit": "ng/mL",
            "c_peptide_state": None,
            "absent.c_peptide_state": ABSENT,
        },
    ),
    (4, "forms/lab-result/", {"analyte": "gad65"}, {"qualitative": "not_reported", "reported": None}),
    (
        5,
        "forms/medical-history/",
        {},
        {
            "diabetes_type": "type_1",
            "autoimmune": True,
            "insulin_since": "age:12",
            "prior_treatments": ["insulin", "diet_exercise"],
        },
    ),
    (
        7,
        "forms/medical-history/",
        {},
        {
            "dka_history": True,
            "dka_episodes": 1,
            "dka_at_diagnosis": None,
            "absent.dka_at_diagnosis": ABSENT,
        },
    ),
    (
        6,
        "forms/lifestyle/",
        {},
        {"exercise_intensity": "moderate", "absent.exercise_minutes_per_week": ABSENT},
    ),
    (
        7,
        "forms/hospitalisation/",
        {},
        {"reason": "dka", "admitted_on": "age:15", "duration_days": None, "duration_as_written": "a month"},
    ),
    (
        8,
        "forms/lab-result/",
        {"analyte": "hba1c", "context": "baseline"},
        {"reported": "11.5", "unit_basis": "presumed", "collected_on": None, "idaa1c": None},
    ),
    (
        9,
        "forms/insulin/",
        {"product": "glargine", "dose": "10.0"},
        {"brand_as_written": "Lantus", "frequency_per_day": None, "daily_dose": None, "atc": "A10AE04"},
    ),
    (
        9,
        "forms/insulin/",
        {"product": "aspart", "taken": True},
        {
            "brand_as_written": "NovaRapid",
            "dose": None,
            "absent.dose": ABSENT,
            "units_per_kg": None,
            "atc": "A10AB05",
        },
    ),
    (10, "consent-events/", {}, {"ethics_approval_number": None, "absent.ethics_approval_number": ABSENT}),
    (
        11,
        "consent-events/",
        {},
        {
            "kind": "consent",
            "signer": "participant",
            "signed_on": None,
            "absent.signed_on": ABSENT,
            "document_version": None,
            "absent.document_version": ABSENT,
        },
    ),
    (12, "forms/cell-session/", {"number": 1}, {"planned_on": None, "absent.planned_on": ABSENT}),
    (13, "forms/cell-session/", {"number": 1}, {"performed_on": "2016-11"}),
    (
        13,
        "visits/",
        {"key": "S1"},
        {"happened_on": "2016-11", "day_number": None, "day_from": -29, "day_to": 29},
    ),
    (
        13,
        "forms/harvest/",
        {"tissue": "bone_marrow", "volume_ml": "100.0"},
        {
            "anatomical_site": "iliac_crest",
            "volume_as_stated": "Approximately 100 mL",
            "anaesthesia": "local",
        },
    ),
    (
        13,
        "forms/harvest/",
        {"tissue": "adipose", "volume_as_stated": "50–60 mL"},
        {"anatomical_site": "gluteal", "volume_ml": None, "absent.volume_ml": ABSENT, "anaesthesia": "local"},
    ),
    (14, "forms/cell-session/", {"number": 2}, {"performed_on": None, "absent.performed_on": ABSENT}),
    (
        14,
        "visits/",
        {"key": "S2"},
        {"happened_on": None, "absent.happened_on": ABSENT, "window_state": "unknown"},
    ),
    (
        17,
        "forms/glucose-chart/",
        {"trend": "falling"},
        {
            "transcribed": False,
            "slots": ["fasting", "post_breakfast", "post_lunch", "post_dinner"],
            "period_start": "2016-11",
        },
    ),
    (18, "visits/", {"key": "M1"}, {"happened_on": None, "nominal_label": "A month following therapy"}),
    (
        18,
        "forms/symptoms/",
        {"general_health_compared": "better"},
        {"polyuria": None, "absent.polyuria": ABSENT},
    ),
    (
        18,
        "forms/insulin/",
        {"product": "glargine", "dose": "6.0"},
        {"taken": True, "frequency_per_day": None, "absent.frequency_per_day": ABSENT, "daily_dose": None},
    ),
    (18, "forms/insulin/", {"product": "aspart", "taken": False}, {"dose": "0.0", "daily_dose": "0.0"}),
    (
        18,
        "forms/lab-result/",
        {"analyte": "glucose_fasting", "context": "follow_up"},
        {"reported": None, "note": "“an overall reduction in fasting blood sugar”; no number"},
    ),
    (
        19,
        "forms/insulin/",
        {"product": "glargine", "taken": False},
        {"dose": "0.0", "daily_dose": "0.0", "units_per_kg": "0.000"},
    ),
    (
        19,
        "forms/lab-result/",
        {"analyte": "hba1c", "context": "follow_up"},
        {"reported": "7.0", "unit_basis": "presumed", "idaa1c": "7.00"},
    ),
    (
        20,
        "forms/glucose-chart/",
        {"period_start": "2017-07"},
        {"transcribed": False, "slots": ["fasting", "post_meal"]},
    ),
    (
        20,
        "forms/glucose-chart/",
        {"period_start": "2017-10"},
        {"transcribed": False, "slots": ["fasting", "bedtime", "post_meal"]},
    ),
    (
        21,
        "forms/lab-result/",
        {"analyte": "ica", "context": "follow_up"},
        {"qualitative": "negative", "reported": None},
    ),
    (
        21,
        "forms/lab-result/",
        {"analyte": "c_peptide", "context": "follow_up"},
        {"reported": "1.7", "unit": "ng/mL", "number_canonical": "1.7000"},
    ),
    (22, "forms/safety-review/", {}, {"any_event": False}),
    (
        22,
        "forms/symptoms/",
        {"polyuria": False},
        {"fainting": False, "polydipsia": None, "absent.polydipsia": ABSENT},
    ),
]


@pytest.mark.parametrize(
    ("row", "endpoint", "which", "held"),
    ROWS,
    ids=[f"{row}-{endpoint}-{n}" for n, (row, endpoint, *_) in enumerate(ROWS)],
)
def test_row(
    casebook: Casebook, row: int, endpoint: str, which: dict[str, Any], held: dict[str, Any]
) -> None:
    if endpoint == "participants/":
        which = {"code": casebook.code}
    record = casebook.one(endpoint, **which)
    found = {
        name: record["absent"].get(name.removeprefix("absent."))
        if name.startswith("absent.")
        else record[name]
        for name in held
    }
    assert found == held


@pytest.mark.parametrize(
    ("infusion", "low", "high", "words"),
    [
        ("mnc-infusion-1", "500.000", "5000.000", "500–5000 × 106 bone marrow-derived mononuclear cells"),
        ("svf-infusion-1", "400.000", "1600.000", "400–1600 × 106 adipose-derived stromal vascular fraction"),
        ("mnc-infusion-2", "500.000", "5000.000", "500–5000 × 106 bone marrow-derived mononuclear cells"),
        ("svf-infusion-2", "400.000", "1600.000", "400–1600 × 106 adipose-derived stromal vascular fraction"),
    ],
)
def test_row_15_the_dose_is_a_range_of_the_protocol_and_never_106(
    casebook: Casebook, infusion: str, low: str, high: str, words: str
) -> None:
    record = casebook.one("forms/infusion/", id=casebook.id(infusion))
    product = casebook.one("forms/cell-product/", id=record["product"])
    assert (product["planned_dose_low"], product["planned_dose_high"]) == (low, high)
    assert product["autologous_only"] is True
    assert record["route"] == "intravenous"
    assert record["dose_as_stated"].endswith(words)
    assert {name: record[name] for name in ("total_dose", "viable_dose", "dose_per_kg")} == dict.fromkeys(
        ("total_dose", "viable_dose", "dose_per_kg")
    )
    assert record["absent"]["total_dose"] == ABSENT


def test_row_16_what_the_dose_depends_on(casebook: Casebook) -> None:
    remarks = casebook.one("forms/cell-session/", number=1)["remarks"]
    for word in ("severity", "age", "weight", "comorbid"):
        assert word in remarks


def test_row_22_no_adverse_event_is_recorded(casebook: Casebook) -> None:
    model = next(spec.model for spec in all_specs() if spec.key == "adverse-event")
    assert not model._default_manager.filter(participant__code=casebook.code).exists()


# --- what is ambiguous is asked, not decided -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "record", "field", "code"),
    [
        # HbA1c without a unit, before therapy and at month 8.
        ("lab-result", "hba1c-baseline", "unit", "unit_presumed"),
        ("lab-result", "hba1c-month-8", "unit", "unit_presumed"),
        # Anti-insulin (abstract) against islet cell (body) antibody.
        ("lab-result", "islet-cell-antibody-at-diagnosis", "source_conflict", "antibody_ambiguous"),
        ("lab-result", "islet-cell-antibody-year-1", "source_conflict", "antibody_ambiguous"),
        # Dates by month only, or none.
        ("cell-session", "session-1", "performed_on", "date_precision"),
        ("cell-session", "session-2", "performed_on", "date_missing"),
        ("visit", "visit-session-1", "happened_on", "date_precision"),
        ("visit", "visit-chart-2", "happened_on", "date_precision"),
        ("visit", "visit-chart-3", "happened_on", "date_precision"),
        ("visit", "visit-month-8", "happened_on", "visit_undated"),
        # “Six months” on July 2017.
        ("visit", "visit-chart-2", "nominal_label", "label_disagrees"),
        # Doses as ranges of the protocol.
        ("infusion", "mnc-infusion-1", "total_dose", "dose_not_stated"),
        ("infusion", "svf-infusion-1", "total_dose", "dose_not_stated"),
        ("infusion", "mnc-infusion-2", "total_dose", "dose_not_stated"),
        ("infusion", "svf-infusion-2", "total_dose", "dose_not_stated"),
        ("harvest", "fat-1", "volume_ml", "volume_range"),
        # Missing weight.
        ("vital-signs", "body-size", "weight", "weight_absent"),
        # And what else the paper leaves open.
        ("lab-result", "c-peptide-at-diagnosis", "fasting", "fasting_state_unknown"),
        ("lab-result", "gad-at-diagnosis", "qualitative", "result_not_reported"),
        ("insulin", "glargine-baseline", "frequency_per_day", "frequency_absent"),
        ("insulin", "aspart-baseline", "dose", "dose_absent"),
        ("harvest", "marrow-1", "", "history_consent_not_in_force"),
    ],
)
def test_an_ambiguity_is_an_open_query(
    casebook: Casebook, form: str, record: str, field: str, code: str
) -> None:
    query = Query.objects.get(form=form, object_id=casebook.id(record), field=field, code=code)
    assert query.state == "open"
    assert query.participant.code == casebook.code


@pytest.mark.parametrize(
    "form", ["demographics", "medical-history", "antibody-at-diagnosis", "hospitalisation"]
)
def test_the_history_says_what_the_paper_says_and_opens_no_query_of_its_own(
    casebook: Casebook, form: str
) -> None:
    """What is ambiguous stands open at the result of the laboratory, once."""
    assert not Query.objects.filter(form=form, participant__code=casebook.code).exists()


def test_no_antibody_is_recorded_that_the_paper_does_not_name(casebook: Casebook) -> None:
    assert {row["antibody"] for row in casebook.rows["forms/antibody-at-diagnosis/"]} == {"ica", "gad65"}


def test_her_end_of_study_is_not_told(casebook: Casebook) -> None:
    for key in ("end-of-study", "lost-to-follow-up"):
        model = next(spec.model for spec in all_specs() if spec.key == key)
        assert not model._default_manager.filter(participant__code=casebook.code).exists()


def test_the_label_one_year_on_october_2017_agrees(casebook: Casebook) -> None:
    open_codes = Query.objects.filter(form="visit", object_id=casebook.id("visit-chart-3")).values_list(
        "code", flat=True
    )
    assert "label_disagrees" not in open_codes


@pytest.mark.parametrize(
    ("code", "severity", "verdict"),
    [
        ("version_missing", "major", "fail"),
        ("representative_missing", "critical", "fail"),
        ("assent_missing", "major", "fail"),
        ("undated", "major", "indeterminate"),
        ("approval_missing", "major", "indeterminate"),
        ("harvest_not_covered", "critical", "fail"),
    ],
)
def test_a_gap_in_consent_is_a_finding(casebook: Casebook, code: str, severity: str, verdict: str) -> None:
    findings = findings_of(Participant.objects.get(code=casebook.code))
    assert (severity, verdict) in {(f.severity, f.verdict) for f in findings if f.code == code}


def test_insulin_adjusted_hba1c_before_therapy_says_what_is_missing(casebook: Casebook) -> None:
    baseline = casebook.one("forms/lab-result/", analyte="hba1c", context="baseline")
    assert baseline["absent"]["idaa1c"] == "not_derivable: insulin dose of a product missing"


def test_history_names_the_road_and_the_person(casebook: Casebook) -> None:
    change = history_of(Visit.objects.get(pk=casebook.id("visit-session-1")))[-1]
    assert (change.source, change.by) == ("api", "asha")


def test_loading_again_changes_nothing(casebook: Casebook, transport: InProcess) -> None:
    before = Query.objects.count(), {spec.key: spec.model._default_manager.count() for spec in all_specs()}
    transport.requests.clear()
    again = load_seed.load(transport, password=demo_cast.PASSWORD)
    assert again.created == []
    assert again.records["patient"]["code"] == casebook.code
    written = {(method, target) for method, target in transport.requests if method != "GET"}
    assert written == {("POST", "/api/v1/tokens/"), ("DELETE", "/api/v1/tokens/own/")}
    assert before == (
        Query.objects.count(),
        {spec.key: spec.model._default_manager.count() for spec in all_specs()},
    )
