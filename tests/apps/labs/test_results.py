"""Results and glucose readings in the database and by API."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.enrolment.models import Participant
from apps.labs import actions, frames, selectors
from apps.labs.models import GlucoseReading, LabResult
from studyportal.crf.errors import CrfInvalid, ReasonRequired
from studyportal.queries.models import Query
from tests.apps.enrolment.factories import a_case
from tests.apps.labs.factories import a_chart, a_result
from tests.apps.visits.factories import a_visit, on_insulin, weighed
from tests.counting import questions

pytestmark = pytest.mark.django_db
URL = "/api/v1/glucose-readings/"


def open_codes() -> set[str]:
    return set(Query.objects.filter(form="lab-result", state="open").values_list("code", flat=True))


@pytest.mark.parametrize(
    ("raw", "field", "code"),
    [
        ({"analyte": "hba1c", "reported": "30", "unit": "%"}, "reported", "max_value"),
        ({"analyte": "hba1c", "reported": "7", "unit": "mg/dL"}, "unit", "unit"),
        ({"analyte": "hiv", "reported": "7", "qualitative": "negative"}, "reported", "qualitative_only"),
        (
            {"analyte": "gad65", "reported": "7", "unit": "[IU]/mL", "qualitative": "not_reported"},
            "qualitative",
            "contradiction",
        ),
        ({"analyte": "aspirin", "reported": "7"}, "analyte", "choice"),
        ({"analyte": "hba1c", "reported": "7,4", "unit": "%"}, "reported", "ambiguous_number"),
        ({"analyte": "hba1c", "reported": "7.4", "unit": "%", "idaa1c": "9"}, "idaa1c", "derived"),
    ],
)
def test_refused(cast: Any, raw: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(CrfInvalid) as refused:
        a_result(cast.asha, participant=a_case(cast), **raw)
    found = {(p.field, p.code) for p in refused.value.problems}
    assert field in {f for f, _ in found}
    assert (field, code) in found or field == "analyte"
    assert not LabResult.objects.exists()


def test_a_unit_put_right_closes_the_query(cast: Any) -> None:
    from apps.labs.crfs import LAB_RESULT
    from studyportal.crf.actions import save

    visit = a_visit(a_case(cast), "M3", "2024-05-01", cast.asha)
    result = a_result(cast.asha, visit=visit, analyte="hba1c", reported="11.5")
    assert open_codes() == {"hba1c_without_unit"}
    assert result.number_canonical is None
    assert result.absent["number_canonical"] == "not_derivable: unit missing"
    raw = {"unit": "%", "absent": {"unit": ""}}
    result = save(LAB_RESULT, raw=raw, by=cast.asha, record=result, reason="Laboratory confirmed")
    assert (result.number_canonical, result.eag) == (Decimal("11.5"), Decimal(283))
    assert open_codes() == set()


def test_the_published_results(cast: Any) -> None:
    """Rows 3, 4, 8, 19 and 21 of the casebook."""
    case = a_case(cast, by=cast.meera, retrospective=True)
    month_8 = a_visit(case, "M9", None, cast.meera)
    history = {"participant": case, "context": "at_diagnosis", "collected_on": "age:12"}
    a_result(cast.meera, analyte="glucose_fasting", qualitative="irregular", **history)
    a_result(cast.meera, analyte="gad65", qualitative="not_reported", **history)
    peptide = a_result(cast.meera, analyte="c_peptide", reported="0.2", unit="ng/mL", **history)
    assert peptide.number_canonical == Decimal("0.2")
    a_result(
        cast.meera,
        analyte="ica",
        qualitative="positive",
        source_conflict="The abstract says anti-insulin.",
        **history,
    )
    before = a_result(cast.meera, participant=case, context="before_study", analyte="hba1c", reported="11.5")
    assert before.absent["idaa1c"].startswith("not_derivable")
    assert open_codes() == {
        "hba1c_without_unit", "fasting_state_unknown", "antibody_ambiguous", "result_not_reported",
    }  # fmt: skip
    # Insulin 0 is documented at month 8, so IDAA1c is HbA1c, without any weight.
    at_8 = a_result(
        cast.meera, visit=month_8, analyte="hba1c", reported="7.0", unit="%", unit_basis="presumed"
    )
    assert at_8.idaa1c is None
    on_insulin(month_8, cast.meera, taken=False, dose="0", frequency_per_day=None)
    at_8.refresh_from_db()
    assert (str(at_8.reported), at_8.idaa1c) == ("7.0", Decimal("7.00"))
    assert "unit_presumed" in open_codes()


def test_idaa1c_follows_weight_and_insulin(cast: Any) -> None:
    visit = a_visit(a_case(cast), "M3", "2024-05-01", cast.asha)
    result = a_result(cast.asha, visit=visit, analyte="hba1c", reported="53", unit="mmol/mol")
    assert result.absent["idaa1c"] == "not_derivable: insulin dose missing"
    on_insulin(visit, cast.asha, dose="25")
    result.refresh_from_db()
    assert result.absent["idaa1c"] == "not_derivable: weight missing"
    weighed(visit, "50", cast.asha)
    result.refresh_from_db()
    assert (result.number_canonical, result.idaa1c) == (Decimal("7.0004"), Decimal("9.00"))


def test_frames(cast: Any) -> None:
    case = a_case(cast)
    everyone = Participant.objects.all()
    empty = frames.hba1c_frame(everyone)
    assert list(empty.columns) == list(frames.RESULT_COLUMNS)
    a_visit(case, "S1", "2024-02-01", cast.asha)
    visit = a_visit(case, "M3", "2024-05-01", cast.asha)
    a_result(cast.asha, visit=visit, analyte="hba1c", reported="8.1", unit="%")
    a_result(cast.asha, visit=visit, analyte="c_peptide", reported="<0.1", unit="ng/mL", fasting="fasting")
    a_result(cast.asha, participant=case, context="at_diagnosis", analyte="hba1c", reported="12", unit="%")
    frame = frames.hba1c_frame(everyone)
    assert empty.dtypes.equals(frame.dtypes)
    (row,) = frame.to_dict("records")
    assert (row["participant"], row["visit"], row["day"], row["value"]) == (case.code, "M3", 90, 8.1)
    (limit,) = frames.analyte_frame(everyone, "c_peptide").to_dict("records")
    assert (limit["comparator"], limit["reported"]) == ("<", "<0.1")
    assert limit["value"] != limit["value"]
    assert frames.idaa1c_frame(everyone)["value"].isna().all()
    on_insulin(visit, cast.asha)
    assert frames.insulin_frame(everyone)["daily_dose"].tolist() == [10.0]
    assert frames.visit_frame(everyone)["day"].tolist() == [90, 0]
    assert frames.glucose_frame(everyone).empty


# --------------------------------------------------------------------------------------------------- readings

ONE = {"measured_on": "2024-03-01", "slot": "fasting", "value": "132"}


@pytest.mark.parametrize(
    ("readings", "field", "code"),
    [
        (None, "readings", "required"),
        ([], "readings", "required"),
        ([ONE, 3], "readings.1.", "type"),
        ([ONE, ONE], "readings.1.slot", "duplicate"),
        ([ONE | {"slot": "teatime"}], "readings.0.slot", "choice"),
        ([ONE | {"measured_on": "1 March"}], "readings.0.measured_on", "invalid_date"),
        ([ONE | {"measured_on": "2090-01-01"}], "readings.0.measured_on", "in_future"),
        ([ONE | {"value": "1,32"}], "readings.0.value", "invalid_number"),
        ([ONE | {"value": "NaN"}], "readings.0.value", "invalid_number"),
        ([ONE | {"value": True}], "readings.0.value", "invalid_number"),
        ([ONE | {"value": "2"}], "readings.0.value", "limits"),
        ([ONE | {"unit": "g/L"}], "readings.0.unit", "unit"),
        ([ONE | {"unit": ["mg/dL"]}], "readings.0.unit", "unit"),
        ([ONE | {"mood": "x"}], "readings.0.mood", "unknown_field"),
    ],
)
def test_all_or_none_of_the_readings(cast: Any, api: Any, readings: Any, field: str, code: str) -> None:
    chart = a_chart(cast.asha, a_case(cast))
    answer = api(cast.asha).post(URL, {"chart": chart.pk, "readings": readings})
    assert answer.status_code == 400
    assert (field, code) in {(e["field"], e["code"]) for e in answer.json()["errors"]}
    assert not GlucoseReading.objects.exists()


@pytest.mark.parametrize(
    ("who", "status"), [(None, 401), ("sanjay", 403), ("farah", 403), ("admin", 403), ("norole", 403)]
)
def test_refused_readings(cast: Any, api: Any, who: str | None, status: int) -> None:
    client = api(getattr(cast, who) if who else None)
    assert client.get(URL).status_code == status
    assert client.post(URL, {}).status_code == status


def test_another_sites_chart_is_not_found(cast: Any, api: Any) -> None:
    chart = a_chart(cast.asha, a_case(cast))
    actions.record_readings(chart=chart, readings=[ONE], by=cast.asha)
    client = api(cast.vikram)
    answer = client.post(URL, {"chart": chart.pk, "readings": [ONE]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "chart")
    assert client.get(URL).json()["results"] == []


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"slot": "teatime"}, "glucosereading_known_slot"),
        ({"value": 2}, "glucosereading_possible"),
        ({"value": 180, "unit": "mmol/L"}, "glucosereading_possible"),
    ],
)
def test_the_database_holds_the_rules(cast: Any, values: dict[str, Any], constraint: str) -> None:
    chart = a_chart(cast.asha, a_case(cast))
    plain = {"measured_on": dt.date(2024, 3, 1), "slot": "fasting", "value": 100}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        GlucoseReading.objects.create(
            site=cast.mumbai, participant=chart.participant, chart=chart, **(plain | values)
        )


def test_a_reading_changes_only_with_a_reason(cast: Any) -> None:
    chart = a_chart(cast.asha, a_case(cast))
    actions.record_readings(chart=chart, readings=[ONE], by=cast.asha)
    with pytest.raises(ReasonRequired):
        actions.record_readings(chart=chart, readings=[ONE | {"value": "140"}], by=cast.asha)
    (changed,) = actions.record_readings(
        chart=chart, readings=[ONE | {"value": "140"}], by=cast.asha, reason="Misread"
    )
    assert (changed.value, changed.version) == (140, 2)
    assert (
        actions.record_readings(chart=chart, readings=[ONE | {"value": "140.0"}], by=cast.asha)[0].version
        == 2
    )


def test_readings_and_their_profile(cast: Any, api: Any) -> None:
    chart = a_chart(cast.asha, a_case(cast))
    days = [f"2024-03-{day:02d}" for day in range(1, 8)]
    readings = [
        {"measured_on": d, "slot": s, "value": v}
        for d in days
        for s, v in (("fasting", 110), ("post_lunch", 190))
    ]
    client = api(cast.asha)
    made = client.post(URL, {"chart": chart.pk, "readings": readings})
    assert made.status_code == 201, made.json()
    assert len(made.json()) == 14
    found = selectors.profile_of(chart)
    assert (found.days, found.percent_in_range, found.percent_above_180) == (7, 50.0, 50.0)
    client.get(URL)
    with questions() as asked:
        rows = client.get(f"{URL}?chart={chart.pk}&slot=fasting&measured_from=2024-03-05").json()["results"]
    assert len(asked) == 1
    assert [row["value"] for row in rows] == ["110.00"] * 3


def test_a_chart_that_is_not_transcribed_and_holds_readings(cast: Any) -> None:
    chart = a_chart(cast.asha, a_case(cast), transcribed=False)
    assert not Query.objects.exists()
    actions.record_readings(chart=chart, readings=[ONE], by=cast.asha)
    assert Query.objects.get().code == "readings_though_not_transcribed"
