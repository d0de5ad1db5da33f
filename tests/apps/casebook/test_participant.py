"""The list of participants and the casebook of one: what they show, and in how many queries."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.consent import actions as consent
from apps.visits.selectors import holdings
from studyportal.queries import actions as query_actions
from tests.apps.casebook.conftest import Cohort
from tests.cast import Cast

pytestmark = pytest.mark.django_db

REST = {"absent": dict.fromkeys(("height", "systolic", "diastolic", "pulse"), "not_done")}
HBA1C = {
    "analyte": "hba1c",
    "context": "follow_up",
    "unit": "%",
    "unit_basis": "stated",
    "fasting": "fasting",
}


# --- the list -------------------------------------------------------------------------------------------


def test_an_empty_list_says_so(cast: Cast, page: Any) -> None:
    assert "No participants yet" in page(cast.asha).get("/participants/").content.decode()
    assert "No participant fits" in page(cast.asha).get("/participants/?q=XYZ").content.decode()


def test_the_list_is_narrowed(cast: Cast, cohort: Cohort, page: Any) -> None:
    import datetime as dt

    case, control = cohort.case(), cohort.control(index=dt.date(2026, 1, 1))
    other = cohort.case(site=cast.pune)
    browser = page(cast.meera)

    def codes(query: str) -> set[str]:
        return {row[0].text for row in browser.get(f"/participants/?{query}").context["rows"]}

    assert codes("") == {case.code, control.code, other.code}
    assert codes("group=control") == {control.code}
    assert codes("site=PUN") == {other.code}
    assert codes(f"q={case.code[:8].lower()}") == {case.code}
    assert codes("status=withdrawn") == set()
    assert codes("group=nonsense&site=nonsense&status=nonsense") == {case.code, control.code, other.code}
    assert codes("q=%27%25_") == set()


def test_pages_by_key_go_forth_and_back(cast: Cast, cohort: Cohort, page: Any) -> None:
    codes = sorted(cohort.case().code for _number in range(60))
    browser = page(cast.asha)
    seen, url = [], "/participants/"
    while url:
        answer = browser.get(url)
        seen.append([row[0].text for row in answer.context["rows"]])
        last, url = (
            answer,
            "/participants/" + answer.context["next_url"] if answer.context["next_url"] else "",
        )
    assert [code for part in seen for code in part] == codes
    back = browser.get("/participants/" + last.context["previous_url"])
    assert [row[0].text for row in back.context["rows"]] == seen[-2]


def test_progress_counts_complete_forms_of_expected(cast: Cast, cohort: Cohort, page: Any) -> None:
    participant = cohort.case()
    visit = cohort.visit(participant, "M1", "2026-01-02")
    expected = len(holdings.expected_at("M1", "case")) + 2  # demographics and medical history
    cohort.form("vital-signs", visit=visit, weight="61.2", **REST)
    cohort.form("symptoms", visit=visit, complete=False, polyuria=False)
    cohort.form("lab-result", visit=visit, complete=False, analyte="haemoglobin")
    row = page(cast.asha).get("/participants/").context["rows"][0]
    assert row[4] == f"1 / {expected}"


def test_synthetic_and_published_are_marked(cast: Cast, cohort: Cohort, page: Any) -> None:
    made = cohort.case(synthetic=True)
    published = cohort.case(by=cast.meera, retrospective=True)
    text = page(cast.asha).get("/participants/").content.decode()
    assert "synthetic" in text and "published case" in text
    assert "SYNTHETIC DATA" in page(cast.asha).get(f"/participants/{made.code}/").content.decode()
    answer = page(cast.asha).get(f"/participants/{published.code}/").content.decode()
    assert "Published case" in answer and "SYNTHETIC DATA" not in answer


def test_the_list_asks_as_often_for_three_as_for_twenty(cast: Cast, cohort: Cohort, page: Any) -> None:
    def queries(count: int) -> int:
        for _number in range(count):
            participant = cohort.case()
            visit = cohort.visit(participant, "BL", "2026-01-02")
            cohort.form("vital-signs", visit=visit, complete=False, weight="61.2")
            query_actions.raise_query(participant=participant, message="Why?", by=cast.meera)
        browser = page(cast.asha)
        with CaptureQueriesContext(connection) as captured:
            browser.get("/participants/")
        return len(captured)

    assert queries(3) == queries(17)


# --- one participant ------------------------------------------------------------------------------------


def test_an_empty_casebook_can_be_read(cast: Cast, cohort: Cohort, page: Any) -> None:
    participant = cohort.case()
    text = page(cast.asha).get(f"/participants/{participant.code}/").content.decode()
    assert "No consent" in text and "No open queries" in text
    assert f"/participants/{participant.code}/forms/demographics/new/" in text


def test_the_grid_leads_to_what_is_there_and_what_is_to_do(cast: Cast, cohort: Cohort, page: Any) -> None:
    participant = cohort.case(day_0="2026-01-05")
    visit = cohort.visit(participant, "BL", "2026-01-02")
    record = cohort.form("vital-signs", visit=visit, weight="61.2", **REST)
    missed = cohort.visit(participant, "D7", status="missed", missed_reason="Monsoon")
    answer = page(cast.asha).get(f"/participants/{participant.code}/")
    grid = answer.context["grid"]
    column = {visit.label: number for number, visit in enumerate(grid.visits)}
    rows = {row.label: row.cells for row in grid.rows}
    assert rows["Vital signs"][column["Baseline"]].state == "complete"
    assert rows["Vital signs"][column["Baseline"]].url == record.get_absolute_url()
    assert rows["Symptoms"][column["Baseline"]].state == "not_started"
    assert rows["Symptoms"][column["Baseline"]].url.endswith(f"/forms/symptoms/new/?visit={visit.pk}")
    assert rows["Insulin"][column["Day 7"]].state == "missed"
    assert (
        rows["Lifestyle" if "Lifestyle" in rows else "Diet and exercise"][column["Month 1"]].state
        == "not_expected"
    )
    assert rows["Insulin"][column["Month 1"]].url.endswith("/visits/new/?key=M1")
    assert "missed" in grid.visits[column["Day 7"]].detail
    assert f"/participants/{participant.code}/visits/{missed.pk}/" == grid.visits[column["Day 7"]].url


def test_a_laboratory_cell_is_complete_with_every_expected_analyte(cast: Cast, cohort: Cohort) -> None:
    assert not holdings.is_done("lab-result", "BL", None)
    held = holdings.Held("lab-result", 1, 1, 2, 2, 1, frozenset({"hba1c", "c_peptide"}))
    assert not holdings.is_done("lab-result", "BL", held)
    whole = holdings.Held("lab-result", 1, 1, 3, 3, 1, frozenset({"hba1c", "c_peptide", "glucose_fasting"}))
    assert holdings.is_done("lab-result", "BL", whole)
    begun = holdings.Held("lab-result", 1, 1, 3, 2, 1, whole.details)
    assert not holdings.is_done("lab-result", "BL", begun)


def test_charts_draw_what_is_dated_and_say_what_is_not(cast: Cast, cohort: Cohort, page: Any) -> None:
    participant = cohort.case(day_0="2026-01-05")
    baseline = cohort.visit(participant, "BL", "2026-01-02")
    cohort.form(
        "lab-result", visit=baseline, complete=False, reported="8.4", collected_on="2026-01-02", **HBA1C
    )
    undated = dict(HBA1C, context="at_diagnosis")
    cohort.form("lab-result", participant, complete=False, reported="11.5", **undated)
    charts = {
        one.chart.key: one
        for one in page(cast.asha).get(f"/participants/{participant.code}/").context["charts"]
    }
    hba1c = charts["chart-hba1c"]
    assert [(point.x.isoformat(), point.y) for point in hba1c.chart.points] == [("2026-01-02", 8.4)]
    assert len(hba1c.left_out) == 1 and "11.5" in hba1c.left_out[0]


def test_the_timeline_is_in_order_and_says_what_has_no_date(cast: Cast, cohort: Cohort, page: Any) -> None:
    participant = cohort.case(day_0="2026-01-05")
    cohort.form("medical-history", participant, complete=False, diagnosed_on="age:12", insulin_since="2014")
    cohort.visit(participant, "BL", "2026-01-02")
    consent.record_event(participant=participant, kind="consent", by=cast.asha)
    titles = [
        str(e.title) for e in page(cast.asha).get(f"/participants/{participant.code}/").context["timeline"]
    ]
    assert titles[:3] == ["Diabetes diagnosed", "Insulin started", "Baseline"]
    assert titles[-1] == "Consent of the participant"


def test_the_casebook_asks_as_often_for_many_records_as_for_few(
    cast: Cast, cohort: Cohort, page: Any
) -> None:
    def queries(participant: Any) -> int:
        browser = page(cast.asha)
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(f"/participants/{participant.code}/").status_code == 200
        return len(captured)

    few, many = cohort.case(day_0="2026-01-05"), cohort.case(day_0="2026-01-05")
    for participant, keys in ((few, ["BL"]), (many, ["SCR", "BL", "D1", "D7", "M1", "M3"])):
        for number, key in enumerate(keys):
            visit = cohort.visit(participant, key, f"2026-01-{6 + number:02d}")
            cohort.form("vital-signs", visit=visit, weight="61.2", **REST)
            for _again in range(number + 1):
                cohort.form("lab-result", visit=visit, complete=False, reported="8.4", **HBA1C)
            cohort.form(
                "adverse-event", visit=visit, complete=False, participant=participant, verbatim="Fever"
            )
            query_actions.raise_query(participant=participant, message="Why?", by=cast.meera)
            consent.record_event(participant=participant, kind="consent", by=cast.asha)
            cohort.form("hospitalisation", participant, complete=False, reason="dka")
    assert queries(few) == queries(many)


def test_records_of_one_form(cast: Cast, cohort: Cohort, page: Any) -> None:
    participant = cohort.case()
    for reported in ("8.4", "9.1"):
        cohort.form("lab-result", participant, complete=False, reported=reported, **HBA1C)
    text = page(cast.asha).get(f"/participants/{participant.code}/records/lab-result/").content.decode()
    assert text.count("HbA1c") >= 2 and "at no visit" in text
