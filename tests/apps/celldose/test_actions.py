"""Writes, what follows from them, and what they leave behind: derived values, deviations, queries, evidence."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest

from apps.celldose import actions, crfs, release
from apps.celldose.models import (
    CellCounts,
    Infusion,
    Microbiology,
    Processing,
    ReagentLot,
    ReleaseEvaluation,
)
from apps.consent.selectors import findings_of
from studyportal.audit.selectors import history_of
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.deviations.models import Deviation
from studyportal.queries.models import Query
from tests.apps.celldose.conftest import Journey, at, consent, save, treated, weigh
from tests.cast import Cast


def test_a_session_number_is_not_given_twice(journey: Journey) -> None:
    journey.open()
    with pytest.raises(CrfInvalid) as caught:
        actions.plan_session(participant=journey.participant, by=journey.asha, number=1)
    assert caught.value.problems[0].code == "unique"


def test_sessions_are_numbered_in_order_and_planned_until_they_happen(journey: Journey) -> None:
    first = actions.plan_session(participant=journey.participant, by=journey.asha, planned_on="2025-03-10")
    second = actions.plan_session(participant=journey.participant, by=journey.asha)
    assert (first.number, second.number) == (1, 2)
    assert (first.status, first.absent["performed_on"]) == ("incomplete", "pending")
    assert not Query.objects.exists()


def test_a_product_needs_a_harvest_with_its_tissue(journey: Journey) -> None:
    journey.open()
    harvest = journey.make_harvest(tissue=None)
    with pytest.raises(Refused) as caught:
        actions.create_product(harvest=harvest, product_identifier="D-001", by=journey.asha)
    assert caught.value.problems[0].code == "tissue_missing"


def test_a_product_needs_its_identifier(journey: Journey) -> None:
    journey.upto("harvest")
    with pytest.raises(CrfInvalid) as caught:
        actions.create_product(
            harvest=journey.made["harvest"],
            product_identifier=None,
            absent={"product_identifier": "unknown"},
            by=journey.asha,
        )
    assert [p.field for p in caught.value.problems] == ["product_identifier"]


def test_the_component_follows_the_tissue(journey: Journey) -> None:
    journey.upto("harvest")
    with pytest.raises(CrfInvalid) as caught:
        actions.create_product(
            harvest=journey.made["harvest"], product_identifier="D-001", component="svf", by=journey.asha
        )
    assert caught.value.problems[0].code == "component_tissue"
    product = journey.upto("product")
    assert product.component == "bm_mnc"
    assert (product.planned_dose_low, product.planned_dose_high) == (D("500"), D("5000"))


def test_a_discarded_product_is_not_evaluated(journey: Journey) -> None:
    journey.upto("product")
    save(crfs.DISCARD, journey.asha, {"product": journey.product}, reason_code="damaged")
    with pytest.raises(Refused):
        actions.evaluate_release(product=journey.product, by=journey.rao)


def test_an_evaluation_is_evidence_and_is_made_once_per_result(journey: Journey) -> None:
    first = journey.upto("evaluation")
    assert {one["key"]: one["outcome"] for one in first.criteria} == {
        "viability": "pass",
        "endotoxin": "pass",
        "gram_stain": "pass",
        "sterility": "pending",
    }
    assert first.fingerprint == release.fingerprint(release.from_json(first.criteria))
    assert actions.evaluate_release(product=journey.product, by=journey.rao) == first
    save(
        crfs.VIABILITY,
        journey.asha,
        record=journey.made["viability"],
        viability_percent="80",
        reason="second count",
    )
    second = actions.evaluate_release(product=journey.product, by=journey.rao)
    assert second != first
    assert ReleaseEvaluation.objects.count() == 2


def test_a_conditional_release_becomes_full_when_the_cultures_are_read(journey: Journey) -> None:
    decided = journey.upto("release")
    cleared = dict.fromkeys(("aerobic", "anaerobic", "fungal"), "no_growth")
    save(
        crfs.MICROBIOLOGY,
        journey.asha,
        record=journey.made["microbiology"],
        read_on="2025-03-24",
        reason="day 14",
        **cleared,
    )
    actions.evaluate_release(product=journey.product, by=journey.rao)
    decided = save(
        crfs.RELEASE,
        journey.rao,
        record=decided,
        decision="released",
        conditions=None,
        reason="cultures clear",
    )
    decided.refresh_from_db()
    assert (decided.decision, decided.criteria_passed, decided.criteria_pending) == ("released", 4, 0)


def test_derived_values(journey: Journey) -> None:
    infusion = journey.upto("infusion")
    assert CellCounts.objects.get().cells_per_ml == D("15")
    assert Microbiology.objects.get().endotoxin_per_kg == D("0.5")  # <0.5 EU/mL × 50 mL ÷ 50 kg
    assert (infusion.viable_dose, infusion.weight_kg) == (D("925"), D("50"))
    assert (infusion.dose_per_kg, infusion.viable_dose_per_kg) == (D("20"), D("18.5"))
    assert Processing.objects.get().expires_at.isoformat() == "2025-03-13T04:30:00+00:00"  # 72 h at 2–6 °C


@pytest.mark.parametrize(
    ("change", "model", "field", "expected"),
    [
        ("harvest", CellCounts, "cells_per_ml", D("12.5")),
        ("viability", Infusion, "viable_dose", D("800")),
        ("processing", Microbiology, "endotoxin_per_kg", D("0.4")),
        ("weight", Infusion, "dose_per_kg", D("25")),
        ("weight", Microbiology, "endotoxin_per_kg", D("0.625")),
    ],
)
def test_what_rests_on_a_corrected_value_is_computed_again(
    change: str, model: Any, field: str, expected: D, journey: Journey
) -> None:
    journey.upto("infusion")
    match change:
        case "harvest":
            save(
                crfs.HARVEST,
                journey.asha,
                record=journey.made["harvest"],
                volume_ml="120",
                reason="typing error",
            )
        case "viability":
            record = journey.made["viability"]
            save(crfs.VIABILITY, journey.asha, record=record, viability_percent="80", reason="typing error")
        case "processing":
            record = journey.made["processing"]
            save(crfs.PROCESSING, journey.asha, record=record, final_volume_ml="40", reason="typing error")
        case "weight":
            from apps.visits.crfs import VITAL_SIGNS
            from apps.visits.models import VitalSigns

            save(
                VITAL_SIGNS, journey.asha, record=VitalSigns.objects.get(), weight="40", reason="typing error"
            )
    record = model.objects.get()
    assert getattr(record, field) == expected
    assert history_of(record)[0].reason


def test_a_dose_per_kg_without_weight_says_so_and_comes_with_the_weight(cast: Cast) -> None:
    journey = Journey(treated(cast.asha, cast.mumbai, retrospective=False), cast.asha, cast.rao)
    consent(journey.participant, cast.asha)
    journey.upto("viability")
    micro = journey.make_microbiology()
    assert micro.absent["endotoxin_per_kg"] == "not_derivable: same-day weight missing"
    weigh(journey.participant, cast.asha)
    micro.refresh_from_db()
    assert micro.endotoxin_per_kg == D("0.5")
    assert "endotoxin_per_kg" not in micro.absent


@pytest.mark.parametrize(
    ("dose", "raised"), [("499", True), ("500", False), ("5000", False), ("5000.5", True)]
)
def test_a_dose_outside_the_plan_is_a_deviation(dose: str, raised: bool, journey: Journey) -> None:
    journey.upto("infusion", infusion={"total_dose": dose}, counts={"tnc": "6000"})
    assert Deviation.objects.filter(code="dose_outside_range", classification="major").exists() is raised


def test_a_deviation_says_of_what_it_departs_and_when(journey: Journey) -> None:
    journey.upto("infusion", infusion={"total_dose": "499"})
    found = Deviation.objects.get(code="dose_outside_range")
    assert (found.kind, found.occurred_on) == ("dose", dt.date(2025, 3, 10))


def test_a_corrected_dose_withdraws_its_deviation(journey: Journey) -> None:
    infusion = journey.upto("infusion", infusion={"total_dose": "50"})
    assert Deviation.objects.get().state == "open"
    save(crfs.INFUSION, journey.asha, record=infusion, total_dose="500", reason="a zero was lost")
    assert Deviation.objects.get().state == "withdrawn"
    assert not Query.objects.filter(code="dose_outside_range").exclude(state="closed").exists()


@pytest.mark.parametrize(
    ("second", "raised"),
    [
        ("2025-04-16", True),
        ("2025-04-17", False),
        ("2025-05-01", False),
        ("2025-05-02", True),
        ("2025-04", False),
    ],
)
def test_sessions_outside_45_days_and_a_week_are_a_deviation(
    second: str, raised: bool, journey: Journey
) -> None:
    journey.open()
    journey.open(performed_on=second)
    assert Deviation.objects.filter(code="session_interval").exists() is raised


def test_moving_the_first_session_judges_the_second_again(journey: Journey) -> None:
    first = journey.open()
    journey.open(performed_on="2025-04-24")
    save(crfs.CELL_SESSION, journey.asha, record=first, performed_on="2025-02-25", reason="wrong month")
    assert Deviation.objects.get().code == "session_interval"


def lot(journey: Journey, **more: Any) -> Any:
    stated = {"reagent": "Ficoll", "lot": "L1", "expires_on": "2025-03-10"} | more
    return save(crfs.REAGENT_LOT, journey.asha, {"product": journey.product}, **stated)


def test_an_expired_lot_is_refused_before_and_after_the_processing(journey: Journey) -> None:
    journey.upto("hand_over")
    with pytest.raises(Refused) as caught:
        lot(journey, expires_on="2025-03-09")
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == ("expires_on", "reagent_expired")
    assert "Ficoll, lot L1, expired on 9 Mar 2025" in problem.message
    journey.upto("processing")
    with pytest.raises(Refused):
        lot(journey, expires_on="2025-03-09")
    assert not ReagentLot.objects.exists()
    assert lot(journey).expires_on.isoformat() == "2025-03-10"  # on its last day it may be used


def test_a_processing_is_refused_on_a_day_when_a_lot_had_expired(journey: Journey) -> None:
    journey.upto("hand_over")
    lot(journey)
    with pytest.raises(Refused) as caught:
        journey.make_processing(started_at=at(1, days=1), ended_at=at(2, days=1))
    assert [(one.field, one.code) for one in caught.value.problems] == [("started_at", "reagent_expired")]
    journey.make_processing()


def test_an_expired_enzyme_is_refused_at_its_own_field(journey: Journey) -> None:
    journey.upto("receipt", harvest={"tissue": "adipose", "volume_ml": "55"})
    digested = {"method": "enzymatic", "enzyme": "Collagenase", "enzyme_lot": "E1"}
    with pytest.raises(Refused) as caught:
        journey.make_processing(enzyme_expires_on="2025-03-09", **digested)
    assert [(one.field, one.code) for one in caught.value.problems] == [
        ("enzyme_expires_on", "reagent_expired")
    ]
    journey.make_processing(enzyme_expires_on="2025-03-10", **digested)
    assert not Query.objects.filter(code="enzyme_expiry").exists()


def test_an_enzyme_lot_without_expiry_is_asked_about_until_the_lot_is_recorded(journey: Journey) -> None:
    journey.upto("receipt", harvest={"tissue": "adipose", "volume_ml": "55"})
    journey.made["processing"] = journey.make_processing(
        method="enzymatic", enzyme="Collagenase", enzyme_lot="E1"
    )
    asked = Query.objects.get(code="enzyme_expiry")
    assert asked.state == "open"
    lot(journey, reagent="Collagenase", lot="E1", expires_on="2025-12-31")
    asked.refresh_from_db()
    assert asked.state == "closed"


def test_a_lot_of_the_past_is_told_and_not_refused(transcribed: Journey) -> None:
    transcribed.open(performed_on="2016-11-03")
    transcribed.upto("harvest", harvest={"started_at": None, "ended_at": None})
    transcribed.upto("product", product={"product_identifier": None})
    transcribed.make_processing(started_at="2016-11-03T11:00:00+05:30", ended_at=None)
    lot(transcribed, expires_on="2016-11-02")
    found = Deviation.objects.get(code="reagent_expired")
    assert (found.classification, found.kind, found.occurred_on) == ("major", "product", dt.date(2016, 11, 3))
    assert Query.objects.filter(form="reagent-lot", code="reagent_expired").exists()


def test_the_counts_say_recovery_and_yields(journey: Journey) -> None:
    journey.upto("processing", harvest={"mass_g": "60"})
    counts = journey.make_counts(start_tnc="2400", start_mnc="1500")
    assert (counts.tnc_recovery, counts.mnc_recovery) == (D("62.50"), D("80.00"))
    assert (counts.cells_per_ml, counts.cells_per_g, counts.tnc_per_ml_product) == (D("15"), D("25"), D("30"))


def test_counts_without_their_start_say_why_there_is_no_recovery(journey: Journey) -> None:
    journey.upto("processing")
    counts = journey.make_counts()
    assert counts.absent["tnc_recovery"] == "not_derivable: nucleated cells before processing missing"
    assert counts.absent["cells_per_g"] == "not_derivable: mass harvested missing"


def test_more_cells_after_than_before_are_asked_about(journey: Journey) -> None:
    journey.upto("processing")
    journey.make_counts(start_tnc="1000")
    assert Query.objects.filter(code="recovery_above_all", field="tnc_recovery").exists()


def test_the_totals_of_a_phenotype_follow_a_corrected_count(journey: Journey) -> None:
    counts = journey.upto("counts")
    panel = save(
        crfs.PHENOTYPE,
        journey.asha,
        {"product": journey.product},
        panel="bm_mnc",
        cd34_percent="1.2",
        cd34_count="18000",
        cfu_f="12",
    )
    assert (panel.cd34_total, panel.cfu_f_total) == (D("18"), 18000)
    assert panel.absent["cd45_total"] == "not_derivable: percentage of CD45+ missing"
    assert Query.objects.filter(form="phenotype", code="million_factor", field="cd34_count").exists()
    save(crfs.CELL_COUNTS, journey.asha, record=counts, tnc="1600", reason="second count")
    panel.refresh_from_db()
    assert panel.cd34_total == D("19.2")


def test_the_days_since_the_session_before(journey: Journey) -> None:
    first = journey.open()
    second = journey.open(performed_on="2025-04-24")
    assert (first.days_since_previous, second.days_since_previous) == (None, 45)
    assert first.absent["days_since_previous"] == "not_derivable: there is no session before"
    save(crfs.CELL_SESSION, journey.asha, record=first, performed_on="2025-03-09", reason="wrong day")
    second.refresh_from_db()
    assert second.days_since_previous == 46


def test_growth_after_the_infusion_is_a_critical_deviation(journey: Journey) -> None:
    journey.upto("infusion")
    save(
        crfs.MICROBIOLOGY, journey.asha, record=journey.made["microbiology"], fungal="growth", reason="day 10"
    )
    found = Deviation.objects.get()
    assert (found.code, found.classification) == ("late_growth", "critical")
    assert Query.objects.filter(form="microbiology", code="growth", state="open").exists()


def test_single_cells_typed_as_millions_open_a_query(journey: Journey) -> None:
    journey.upto("processing")
    journey.make_counts(tnc="1500000000", mnc="1200", viable="1400")
    assert Query.objects.filter(code="million_factor", field="tnc").exists()


def test_an_implausible_svf_yield_opens_a_query(journey: Journey) -> None:
    svf = {"harvest": {"tissue": "adipose", "volume_ml": "55"}, "processing": {"method": "mechanical"}}
    journey.upto("processing", **svf)
    journey.make_counts(tnc="1500", mnc="1200", viable="1400")
    assert Query.objects.filter(code="yield_implausible").exists()


def test_consent_findings_know_harvest_and_infusion(cast: Cast) -> None:
    journey = Journey(treated(cast.asha, cast.mumbai), cast.asha, cast.rao)
    consent(journey.participant, cast.asha, signed_on="2025-02-20")
    weigh(journey.participant, cast.asha)
    journey.upto("infusion", harvest={"started_at": at(9)})
    assert isinstance(findings_of(journey.participant), list)
    from apps.celldose.selectors import procedures_of

    found = procedures_of([journey.participant.pk])[journey.participant.pk]
    assert [(one.kind, one.session_number) for one in found] == [("harvest", 1), ("infusion", 1)]
