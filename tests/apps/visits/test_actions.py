"""Visits: recorded, changed, counted from their anchor, late without being refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from apps.consent import selectors as consent
from apps.enrolment import actions as enrolment
from apps.visits import actions, selectors
from apps.visits.crfs import SYMPTOMS
from apps.visits.models import Visit
from studyportal.crf.actions import save
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.deviations.models import Deviation
from studyportal.queries.models import Query
from tests.apps.enrolment.factories import a_case, a_control
from tests.apps.visits.factories import a_visit, on_insulin, weighed

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"key": "M99"}, "key", "choice"),
        ({"key": None}, "key", "choice"),
        ({"status": "perhaps"}, "status", "choice"),
        ({"anchor": "birth"}, "anchor", "choice"),
        ({"happened_on": "03/04/2024"}, "happened_on", "ambiguous_date"),
        ({"happened_on": "2090"}, "happened_on", "in_future"),
        ({"number": 2}, "number", "not_repeated"),
        ({"number": "1"}, "number", "type"),
        ({"status": "missed", "happened_on": None}, "missed_code", "required"),
        ({"nominal_label": "x" * 61}, "nominal_label", "max_length"),
        ({"absent": {"happened_on": "lost"}}, "happened_on", "absent_reason"),
        ({"absent": {"happened_on": "not_recorded"}}, "happened_on", "value_and_absent"),
        ({"absent": {"weight": "not_done"}}, "absent.weight", "unknown_field"),
    ],
)
def test_refused(cast: Any, values: dict[str, Any], field: str, code: str) -> None:
    plain = {"key": "M3", "happened_on": "2024-05-01"}
    with pytest.raises(CrfInvalid) as refused:
        actions.record(participant=a_case(cast), by=cast.asha, **(plain | values))
    assert (field, code) in {(p.field, p.code) for p in refused.value.problems}
    assert not Visit.objects.exists()


def test_a_scheduled_visit_is_there_once(cast: Any) -> None:
    case = a_case(cast)
    a_visit(case, "M3", "2024-05-01", cast.asha)
    with pytest.raises(CrfInvalid, match="unique"):
        a_visit(case, "M3", "2024-05-02", cast.asha)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"status": "perhaps"}, "visit_known_status"),
        ({"window_state": "soon"}, "visit_known_window_state"),
        ({"status": "planned", "happened_on": "2024"}, "visit_date_only_when_done"),
        ({"status": "missed"}, "visit_missed_has_reason"),
    ],
)
def test_the_database_holds_the_rules(cast: Any, values: dict[str, Any], constraint: str) -> None:
    case = a_case(cast)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Visit.objects.create(site=cast.mumbai, participant=case, key="M3", **({"status": "done"} | values))


def test_a_done_visit_changes_only_with_a_reason(cast: Any) -> None:
    visit = a_visit(a_case(cast), "M3", "2024-05-01", cast.asha)
    with pytest.raises(ReasonRequired):
        actions.change(visit=visit, by=cast.asha, happened_on="2024-05-02")
    with pytest.raises(StaleVersion):
        actions.change(
            visit=visit, by=cast.asha, expected_version=9, happened_on="2024-05-02", reason="typing"
        )
    with pytest.raises(CrfInvalid, match="key: read_only"):
        actions.change(visit=visit, by=cast.asha, key="M6", reason="typing")
    assert actions.change(visit=visit, by=cast.asha, happened_on="2024-05-02", reason="typing").version == 2


def test_nothing_is_recorded_at_a_missed_visit(cast: Any) -> None:
    visit = a_visit(a_case(cast), "M3", None, cast.asha, status="missed", missed_reason="Travelled")
    with pytest.raises(Refused, match="visit_missed"):
        weighed(visit, "50", cast.asha)


def test_days_are_counted_from_session_1(cast: Any) -> None:
    case = a_case(cast)
    month_3 = a_visit(case, "M3", "2024-05-01", cast.asha)
    assert (month_3.day_number, month_3.window_state) == (None, "unknown")
    assert month_3.absent["day_number"] == "not_derivable: date of the anchor missing"
    session = a_visit(case, "S1", "2024-02-01", cast.asha)
    assert (session.day_number, session.window_state, session.anchor) == (0, "in_window", "session_1")
    month_3.refresh_from_db()
    assert (month_3.day_number, month_3.window_state, month_3.absent) == (90, "in_window", {})
    actions.change(visit=session, by=cast.asha, happened_on="2024-01-01", reason="Wrong date")
    month_3.refresh_from_db()
    assert (month_3.day_number, month_3.window_state) == (121, "late")


def test_a_control_is_counted_from_the_index_date(cast: Any) -> None:
    control = a_control(cast, index_date=dt.date(2024, 2, 1))
    visit = a_visit(control, "M3", "2024-05-01", cast.asha)
    assert (visit.anchor, visit.day_number) == ("index", 90)
    enrolment.match(
        participant=control,
        matched_case=None,
        by=cast.asha,
        index_date=dt.date(2024, 3, 1),
        reason="New match",
    )
    visit.refresh_from_db()
    assert (visit.day_number, visit.window_state) == (61, "early")


def test_a_control_who_becomes_a_case_is_counted_from_the_session(cast: Any) -> None:
    control = a_control(cast, index_date=dt.date(2024, 2, 1))
    visit = a_visit(control, "M3", "2024-05-01", cast.asha)
    enrolment.assign_group(participant=control, group="case", by=cast.asha, reason="Treated")
    visit.refresh_from_db()
    assert (visit.anchor, visit.day_number) == ("session_1", None)


def test_a_late_visit_is_accepted_and_raises_a_deviation(cast: Any) -> None:
    case = a_case(cast)
    a_visit(case, "S1", "2024-02-01", cast.asha)
    late = a_visit(case, "M1", "2024-03-08", cast.asha)
    assert (late.day_number, late.window_state) == (36, "late")
    deviation = Deviation.objects.exclude(code=actions.BEFORE_CONSENT).get()
    assert (deviation.code, deviation.classification, deviation.state) == ("visit_late", "minor", "open")
    actions.change(visit=late, by=cast.asha, happened_on="2024-03-07", reason="Misread")
    deviation.refresh_from_db()
    assert deviation.state == "withdrawn"


def test_a_missed_visit_is_a_deviation_and_a_published_case_has_none(cast: Any) -> None:
    a_visit(a_case(cast), "M1", None, cast.asha, status="missed", missed_reason="Travelled")
    assert Deviation.objects.get().code == "visit_missed"
    published = a_case(cast, by=cast.meera, retrospective=True)
    a_visit(published, "S1", "2016-11-01", cast.meera)
    a_visit(published, "M1", "2017-11-01", cast.meera)
    assert Deviation.objects.count() == 1


def test_the_published_case_is_dated_by_months(cast: Any) -> None:
    published = a_case(cast, by=cast.meera, retrospective=True)
    a_visit(published, "S1", "2016-11", cast.meera)
    july = a_visit(published, "M9", "2017-07", cast.meera, nominal_label="Six months")
    assert (july.day_number, july.day_from, july.day_to, july.window_state) == (None, 213, 272, "unknown")
    assert Query.objects.get(form="visit", code="label_disagrees").state == "open"
    session_2 = a_visit(published, "S2", None, cast.meera, absent={"happened_on": "not_recorded"})
    assert session_2.absent["happened_on"] == "not_recorded"
    assert Query.objects.filter(code="visit_undated").count() == 1


def test_unscheduled_visits_are_numbered(cast: Any) -> None:
    case = a_case(cast)
    assert [a_visit(case, "UNS", "2024-05-01", cast.asha).number for _ in range(3)] == [1, 2, 3]


def test_plan_and_fill(cast: Any) -> None:
    case = a_case(cast)
    planned = actions.plan(participant=case, by=cast.asha)
    assert [v.key for v in planned][:3] == ["SCR", "BL", "S1"]
    assert actions.plan(participant=case, by=cast.asha) == []
    filled = actions.change(visit=planned[2], by=cast.asha, status="done", happened_on="2024-02-01")
    assert (filled.status, filled.day_number, filled.version) == ("done", 0, 2)
    rows = {row.key: row for row in selectors.schedule(case)}
    assert rows["M1"].due is not None
    assert rows["M1"].due.target == dt.date(2024, 3, 2)
    assert rows["M1"].state(dt.date(2024, 2, 25)) == "upcoming"
    assert rows["M1"].state(dt.date(2024, 2, 26)) == "due"
    assert rows["M1"].state(dt.date(2024, 3, 7)) == "due"
    assert rows["M1"].state(dt.date(2024, 3, 8)) == "overdue"
    assert rows["S1"].state(dt.date(2024, 3, 8)) == "in_progress", "its forms are not filled"


def test_schedules_cost_the_same_for_any_number(cast: Any, django_assert_max_num_queries: Any) -> None:
    people = [a_case(cast) for _ in range(5)]
    with django_assert_max_num_queries(4):
        assert len(selectors.schedules(people)) == 5


def test_visits_need_consent_before_them(cast: Any) -> None:
    case = a_case(cast)
    a_visit(case, "SCR", "2024-01-10", cast.asha)
    found = {f.code: f for f in consent.findings_of(case)}
    assert "Screening" in found["no_consent"].message


# ------------------------------------------------------------------------------------------------------ forms


def test_weight_saved_later_gives_the_dose_per_kilogram(cast: Any) -> None:
    visit = a_visit(a_case(cast), "M1", "2024-03-01", cast.asha)
    insulin = on_insulin(visit, cast.asha)
    assert insulin.daily_dose == 10
    assert insulin.absent["units_per_kg"] == "not_derivable: weight missing"
    weighed(visit, "50", cast.asha)
    insulin.refresh_from_db()
    assert str(insulin.units_per_kg) == "0.200"
    assert "units_per_kg" not in insulin.absent


def test_the_published_insulin(cast: Any) -> None:
    visit = a_visit(a_case(cast, by=cast.meera, retrospective=True), "BL", None, cast.meera)
    absent = {"frequency_per_day": "not_recorded"}
    lantus = on_insulin(visit, cast.meera, brand_as_written="Lantus", frequency_per_day=None, absent=absent)
    assert lantus.absent["daily_dose"] == "not_derivable: frequency missing"
    rapid = {"role": "bolus", "product": "aspart", "brand_as_written": "NovaRapid", "dose": None}
    both = absent | {"dose": "not_recorded"}
    on_insulin(visit, cast.meera, frequency_per_day=None, absent=both, **rapid)
    open_codes = set(Query.objects.filter(form="insulin", state="open").values_list("code", flat=True))
    assert open_codes == {"frequency_absent", "dose_absent"}
    assert selectors.insulin_at(visit.pk).why == "insulin dose of a product missing"


def test_a_documented_zero(cast: Any) -> None:
    visit = a_visit(a_case(cast), "M9", "2024-03-01", cast.asha)
    stopped = on_insulin(visit, cast.asha, taken=False, dose="0", frequency_per_day=None)
    assert (stopped.daily_dose, stopped.units_per_kg) == (0, 0)
    assert selectors.insulin_per_kg_at(visit.pk) == 0


def test_a_weight_jump_opens_a_query(cast: Any) -> None:
    case = a_case(cast)
    a_visit(case, "S1", "2024-02-01", cast.asha)
    weighed(a_visit(case, "M1", "2024-03-01", cast.asha), "50", cast.asha)
    weighed(a_visit(case, "M3", "2024-05-01", cast.asha), "60", cast.asha)
    assert Query.objects.get(code="weight_jump").state == "open"


def test_form_of_a_visit_is_there_once(cast: Any) -> None:
    visit = a_visit(a_case(cast), "M1", "2024-03-01", cast.asha)
    weighed(visit, "50", cast.asha)
    with pytest.raises(CrfInvalid, match="unique"):
        weighed(visit, "51", cast.asha)


def test_fainting_is_asked_about(cast: Any) -> None:
    visit = a_visit(a_case(cast), "M1", "2024-03-01", cast.asha)
    raw = {
        "polyuria": False, "polydipsia": False, "fainting": True, "abdominal_pain": False,
        "general_health_compared": "better",
    }  # fmt: skip
    save(SYMPTOMS, raw=raw, by=cast.asha, parents={"visit": visit})
    assert Query.objects.get().code == "fainting"
