"""The dose plan: who makes it and when, what rests on it, and what was given against it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest

from apps.celldose import crfs, stated
from apps.celldose.models import CellProduct, DosePlan, Infusion
from apps.celldose.rules import Weighed
from studyportal.audit.selectors import history_of
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate
from studyportal.deviations.models import Deviation
from studyportal.queries.models import Query
from tests.apps.celldose.conftest import DAY, Journey, save, weigh
from tests.cast import Cast

FORMS = "/api/v1/forms/dose-plan/"


def plan(journey: Journey, **more: Any) -> Any:
    """A plan for bone marrow, made on the day of the session."""
    ordinary = {
        "component": "bm_mnc",
        "planned_on": DAY.isoformat(),
        "severity": "moderate",
        "severity_basis": "HbA1c 9.1 %",
        "age_years": 24,
        "comorbidities": ["none"],
        "planned_low": "800",
        "planned_high": "1600",
        "rationale": "The middle of the range.",
    }
    if journey.session is None:
        journey.open()
    return save(crfs.DOSE_PLAN, journey.rao, {"session": journey.session}, **(ordinary | more))


@pytest.mark.parametrize(
    ("name", "status"),
    [
        (None, 401),
        ("norole", 403),
        ("sanjay", 403),
        ("farah", 403),
        ("admin", 403),
        ("vikram", 400),  # for him the session does not exist
        ("asha", 201),
        ("rao", 201),
        ("nikhil", 201),
    ],
)
def test_who_plans_a_dose(name: str | None, status: int, journey: Journey, cast: Cast, api: Any) -> None:
    session = journey.open()
    sent = {"session": session.pk, "component": "bm_mnc", "planned_low": "800", "complete": False}
    answer = api(getattr(cast, name) if name else None).post(FORMS, sent, format="json")
    assert answer.status_code == status
    assert DosePlan.objects.count() == (status == 201)


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"planned_low": "1601"}, "planned_high", "order"),
        ({"planned_low": "0", "planned_high": "0"}, "planned_high", "min_value"),
        ({"planned_low": "-1"}, "planned_low", "min_value"),
        ({"comorbidities": ["none", "obesity"]}, "comorbidities", "contradiction"),
        ({"component": "plasma"}, "component", "unknown_code"),
        ({"age_years": 121}, "age_years", "max_value"),
    ],
)
def test_what_no_plan_can_say(values: dict[str, Any], field: str, code: str, journey: Journey) -> None:
    with pytest.raises(CrfInvalid) as caught:
        plan(journey, **values)
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == (field, code)


def test_a_component_is_planned_once(journey: Journey) -> None:
    plan(journey)
    with pytest.raises(CrfInvalid) as caught:
        plan(journey)
    assert "edit that plan" in caught.value.problems[0].message
    plan(journey, component="svf", planned_low="400", planned_high="900")


def test_a_plan_after_the_infusion_is_refused(journey: Journey) -> None:
    journey.upto("infusion")
    with pytest.raises(Refused) as caught:
        plan(journey)
    (problem,) = caught.value.problems
    assert problem.code == "plan_after_infusion"
    assert "10 Mar 2025, 15:10" in problem.message
    plan(journey, component="svf", planned_low="400", planned_high="900")  # that one is not given yet


def test_a_plan_is_not_moved_after_the_infusion_but_its_words_are_mended(journey: Journey) -> None:
    made = plan(journey)
    journey.upto("infusion", infusion={"total_dose": "1500"})
    with pytest.raises(Refused):
        save(crfs.DOSE_PLAN, journey.rao, record=made, planned_high="1400", reason="hindsight")
    save(crfs.DOSE_PLAN, journey.rao, record=made, rationale="As the board agreed.", reason="words")
    made.refresh_from_db()
    assert (made.planned_high, made.rationale) == (D("1600"), "As the board agreed.")


def test_history_is_planned_after_the_fact(transcribed: Journey) -> None:
    transcribed.open(performed_on="2016-11")
    transcribed.upto("harvest", harvest={"started_at": None, "ended_at": None})
    transcribed.upto("product", product={"product_identifier": None})
    transcribed.make_infusion(started_at=None, stopped_at=None, volume_ml=None, total_dose=None)
    plan(transcribed, planned_on=None, planned_low="500", planned_high="5000")
    assert DosePlan.objects.get().absent["weight_kg"] == (
        "not_derivable: day of the plan missing, so no weight of that day"
    )


def test_a_plan_rests_on_the_weight_of_its_day(journey: Journey) -> None:
    made = plan(journey)
    assert (made.weight_kg, made.weight_on) == (D("50"), DAY)
    assert (made.planned_low_per_kg, made.planned_high_per_kg) == (D("16"), D("32"))
    assert made.within_protocol is True
    early = plan(journey, component="svf", planned_on="2025-03-09", planned_low="400", planned_high="900")
    assert early.absent["planned_low_per_kg"] == "not_derivable: same-day weight missing"
    assert Query.objects.filter(form="dose-plan", code="plan_without_weight").count() == 1


def test_a_weight_that_comes_later_reaches_the_plan(journey: Journey) -> None:
    early = plan(journey, planned_on="2025-03-08")
    weigh(journey.participant, journey.asha, "48", on="2025-03-08", key="BL")
    early.refresh_from_db()
    assert (early.weight_kg, early.weight_on) == (D("48.0"), dt.date(2025, 3, 8))
    assert not Query.objects.filter(code="plan_without_weight").exclude(state="closed").exists()


@pytest.mark.parametrize("before_the_product", [True, False])
def test_the_planned_dose_of_a_product_is_that_of_its_plan(
    before_the_product: bool, journey: Journey
) -> None:
    if before_the_product:
        plan(journey)
    product = journey.upto("product")
    if not before_the_product:
        assert (product.planned_dose_low, product.planned_dose_high) == (D("500"), D("5000"))
        plan(journey)
        product.refresh_from_db()
        assert history_of(product)[0].reason
    assert (product.planned_dose_low, product.planned_dose_high) == (D("800"), D("1600"))


def test_a_plan_that_is_changed_before_the_infusion_moves_the_planned_dose(journey: Journey) -> None:
    made = plan(journey)
    journey.upto("product")
    save(crfs.DOSE_PLAN, journey.rao, record=made, planned_high="2000", reason="weight measured")
    assert CellProduct.objects.get().planned_dose_high == D("2000")


def test_the_plan_of_the_other_component_is_not_this_products(journey: Journey) -> None:
    plan(journey, component="svf", planned_low="400", planned_high="900")
    assert journey.upto("product").planned_dose_low == D("500")


@pytest.mark.parametrize(("dose", "raised"), [("799", True), ("800", False), ("1600", False), ("1601", True)])
def test_the_dose_is_judged_by_the_plan(dose: str, raised: bool, journey: Journey) -> None:
    plan(journey)
    journey.upto("infusion", infusion={"total_dose": dose}, counts={"tnc": "2000"})
    assert Deviation.objects.filter(code="dose_outside_range").exists() is raised


def test_a_plan_outside_the_protocol_is_asked_about_and_the_dose_is_a_deviation(journey: Journey) -> None:
    made = plan(journey, planned_low="300", planned_high="700")
    assert made.within_protocol is False
    assert Query.objects.filter(code="plan_outside_protocol", field="planned_low").exists()
    journey.upto("infusion", infusion={"total_dose": "400"})
    assert {one.code for one in Deviation.objects.all()} == {"dose_outside_protocol"}


def test_slips_of_the_power_are_asked_about(journey: Journey) -> None:
    plan(journey, planned_low="800000", planned_high="1600000")
    assert Query.objects.filter(form="dose-plan", code="million_factor").count() == 2


# --- the one road to a weight -------------------------------------------------------------------------------


def on(text: str) -> PartialDate:
    return PartialDate.parse(text)


@pytest.mark.parametrize(
    ("day", "within", "expected"),
    [
        ("2025-03-10", 0, Weighed(D("50.0"), DAY)),
        ("2025-03-11", 0, NotDerivable("same-day weight missing")),
        ("2025-03-09", 7, NotDerivable("weight of the last 7 days missing")),  # never one from after
        ("2025-03-17", 7, Weighed(D("50.0"), DAY)),
        ("2025-03-18", 7, NotDerivable("weight of the last 7 days missing")),
        ("2025-03", 7, NotDerivable("day of the session missing, so no same-day weight")),
        (None, 7, NotDerivable("day of the session missing, so no same-day weight")),
    ],
)
def test_the_weight_of_a_day(
    day: str | None, within: int, expected: Any, journey: Journey, monkeypatch: Any
) -> None:
    monkeypatch.setattr(stated, "weight_within_days", lambda: within)
    assert stated.weight_of(journey.participant.pk, on(day) if day else None) == expected


def test_the_nearest_day_counts_and_of_one_day_the_last_entry(journey: Journey, monkeypatch: Any) -> None:
    monkeypatch.setattr(stated, "weight_within_days", lambda: 7)
    weigh(journey.participant, journey.asha, "52", on="2025-03-12", key="D1")
    assert stated.weight_of(journey.participant.pk, on("2025-03-14")) == Weighed(
        D("52.0"), dt.date(2025, 3, 12)
    )
    weigh(journey.participant, journey.asha, "53", on="2025-03-12", key="UNS")
    assert stated.weight_of(journey.participant.pk, on("2025-03-14")) == Weighed(
        D("53.0"), dt.date(2025, 3, 12)
    )


def test_the_infusion_names_the_day_of_its_weight(journey: Journey) -> None:
    journey.upto("infusion")
    assert (Infusion.objects.get().weight_kg, Infusion.objects.get().weight_on) == (D("50.0"), DAY)
