"""Soft checks as tables. A check without its input finds nothing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest

from apps.celldose import checks
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate

SESSION_ON = {"session_on": PartialDate.parse("2024-11-12")}
COUNTS = checks.million_factor("tnc")
DOSE = checks.million_factor("total_dose")
MOMENT, HOUR = dt.datetime(2024, 11, 12, 9, tzinfo=dt.UTC), dt.timedelta(hours=1)


def date(text: str) -> PartialDate:
    return PartialDate.parse(text)


@pytest.mark.parametrize(
    ("check", "values", "context", "expected"),
    [
        # the date of a session
        (
            checks.session_date_precision,
            {"performed_on": date("2016-11")},
            {},
            ["performed_on:date_precision"],
        ),
        (checks.session_date_precision, {"performed_on": date("2016-11-03")}, {}, []),
        (checks.session_date_precision, {"performed_on": None}, {}, []),
        (
            checks.session_date_missing,
            {"performed_on": None},
            {"absent": {"performed_on": "not_recorded"}},
            ["performed_on:date_missing"],
        ),
        (checks.session_date_missing, {"performed_on": None}, {"absent": {"performed_on": "pending"}}, []),
        (checks.session_date_missing, {"performed_on": date("2016")}, {"absent": {}}, []),
        # donor tests
        (
            checks.donor_test_positive,
            {"hiv": "positive", "hcv": "indeterminate"},
            {},
            ["hiv:donor_test", "hcv:donor_test"],
        ),
        (checks.donor_test_positive, {"hiv": "negative", "hcv": None}, {}, []),
        (
            checks.donor_test_day,
            {"hiv_sampled_on": dt.date(2024, 11, 13)},
            SESSION_ON,
            ["hiv_sampled_on:sample_after_session"],
        ),
        (
            checks.donor_test_day,
            {"hiv_sampled_on": dt.date(2024, 10, 12)},
            SESSION_ON,
            ["hiv_sampled_on:sample_old"],
        ),
        (checks.donor_test_day, {"hiv_sampled_on": dt.date(2024, 10, 13)}, SESSION_ON, []),
        (checks.donor_test_day, {"hiv_sampled_on": dt.date(2024, 11, 13)}, {"session_on": None}, []),
        # harvest
        (
            checks.harvest_site_fits_tissue,
            {"tissue": "bone_marrow", "anatomical_site": "gluteal"},
            {},
            ["anatomical_site:unusual_site"],
        ),
        (checks.harvest_site_fits_tissue, {"tissue": "adipose", "anatomical_site": "gluteal"}, {}, []),
        (checks.harvest_site_fits_tissue, {"tissue": "adipose", "anatomical_site": None}, {}, []),
        (
            checks.harvest_volume_usual,
            {"tissue": "adipose", "volume_ml": D("9.9")},
            {},
            ["volume_ml:unusual_volume"],
        ),
        (checks.harvest_volume_usual, {"tissue": "adipose", "volume_ml": D("10")}, {}, []),
        (checks.harvest_volume_usual, {"tissue": None, "volume_ml": D("1")}, {}, []),
        (
            checks.volume_is_a_range,
            {"volume_as_stated": "50–60 mL", "volume_ml": None},
            {},
            ["volume_ml:volume_range"],
        ),
        (checks.volume_is_a_range, {"volume_as_stated": "about 100 mL", "volume_ml": D("100")}, {}, []),
        (checks.volume_is_a_range, {"volume_as_stated": None, "volume_ml": None}, {}, []),
        # transport
        (
            checks.hand_over_temperature,
            {"temperature_min": D("1.9"), "temperature_max": D("25.1")},
            {"transport_limits": (D("2"), D("25"))},
            ["temperature_min:temperature", "temperature_max:temperature"],
        ),
        (
            checks.hand_over_temperature,
            {"temperature_min": D("2"), "temperature_max": D("25")},
            {"transport_limits": (D("2"), D("25"))},
            [],
        ),
        (checks.hand_over_temperature, {"temperature_min": D("1")}, {"transport_limits": None}, []),
        # identity
        (checks.identity_mismatch, {"matches": False}, {}, ["matches:identity_mismatch"]),
        (checks.identity_mismatch, {"matches": True}, {}, []),
        (checks.identity_mismatch, {"matches": None}, {}, []),
        # reagents
        (
            checks.reagent_expired,
            {"expires_on": dt.date(2024, 11, 11)},
            {"processed_on": dt.date(2024, 11, 12)},
            ["expires_on:reagent_expired"],
        ),
        (
            checks.reagent_expired,
            {"expires_on": dt.date(2024, 11, 12)},
            {"processed_on": dt.date(2024, 11, 12)},
            [],
        ),
        (checks.reagent_expired, {"expires_on": None}, {"processed_on": dt.date(2024, 11, 12)}, []),
        # a factor of a million
        (COUNTS, {"tnc": D("750000000")}, {}, ["tnc:million_factor"]),
        (COUNTS, {"tnc": D("100000.001")}, {}, ["tnc:million_factor"]),
        (COUNTS, {"tnc": D("100000")}, {}, []),
        (COUNTS, {"tnc": D("750")}, {}, []),
        (COUNTS, {"tnc": D("1")}, {}, []),
        (COUNTS, {"tnc": D("0.999")}, {}, ["tnc:million_factor"]),
        (COUNTS, {"tnc": D("0")}, {}, []),
        (COUNTS, {"tnc": None}, {}, []),
        (DOSE, {"total_dose": D("106")}, {}, ["total_dose:lost_superscript"]),
        (DOSE, {"total_dose": D("106.5")}, {}, []),
        (
            COUNTS,
            {"tnc": D("750000")},
            {"usual": (D("500"), D("5000"))},
            ["tnc:million_factor"],  # thousands
        ),
        (COUNTS, {"tnc": D("0.75")}, {"usual": (D("500"), D("5000"))}, ["tnc:million_factor"]),  # ×10⁹
        (COUNTS, {"tnc": D("25")}, {"usual": (D("500"), D("5000"))}, []),  # the far end: 500 ÷ 20
        (COUNTS, {"tnc": D("100000")}, {"usual": (D("500"), D("5000"))}, []),  # and 5000 × 20
        # CD34+, counted and by percentage
        (
            checks.cd34_count_fits,
            {"cd34_count": D("18000"), "cd34_percent": D("1.2")},
            {"tnc": D("1500")},
            ["cd34_count:million_factor"],
        ),
        (
            checks.cd34_count_fits,
            {"cd34_count": D("18000000"), "cd34_percent": D("1.2")},
            {"tnc": D("1500")},
            ["cd34_count:million_factor"],
        ),
        (
            checks.cd34_count_fits,
            {"cd34_count": D("0.018"), "cd34_percent": D("1.2")},
            {"tnc": D("1500")},
            ["cd34_count:million_factor"],
        ),
        (
            checks.cd34_count_fits,
            {"cd34_count": D("21.6"), "cd34_percent": D("1.2")},
            {"tnc": D("1500")},
            [],  # a fifth more
        ),
        (
            checks.cd34_count_fits,
            {"cd34_count": D("21.601"), "cd34_percent": D("1.2")},
            {"tnc": D("1500")},
            ["cd34_count:cd34_differs"],
        ),
        (
            checks.cd34_count_fits,
            {"cd34_count": D("1500.001"), "cd34_percent": None},
            {"tnc": D("1500")},
            ["cd34_count:million_factor"],
        ),
        (checks.cd34_count_fits, {"cd34_count": D("0.4"), "cd34_percent": None}, {"tnc": D("1500")}, []),
        (checks.cd34_count_fits, {"cd34_count": D("18"), "cd34_percent": D("1.2")}, {"tnc": None}, []),
        (checks.cd34_count_fits, {"cd34_count": None, "cd34_percent": D("1.2")}, {"tnc": D("1500")}, []),
        (checks.markers_plausible, {"cd34_percent": D("10.01")}, {}, ["cd34_percent:unusual_marker"]),
        (checks.markers_plausible, {"cd34_percent": D("10")}, {}, []),
        (
            checks.markers_plausible,
            {"cd34_percent": D("5"), "cd45_percent": D("4.9")},
            {},
            ["cd34_percent:cd34_above_cd45"],
        ),
        (checks.gating_named, {"cd34_percent": D("1"), "gating": None}, {}, ["gating:gating_missing"]),
        (checks.gating_named, {"cd34_percent": D("1"), "gating": "ishage_single"}, {}, []),
        (checks.gating_named, {"cd34_percent": None, "gating": None}, {}, []),
        # processing
        (
            checks.processing_after_receipt,
            {"started_at": MOMENT - HOUR},
            {"received_at": MOMENT},
            ["started_at:before_receipt"],
        ),
        (checks.processing_after_receipt, {"started_at": MOMENT}, {"received_at": MOMENT}, []),
        (checks.processing_after_receipt, {"started_at": MOMENT}, {"received_at": None}, []),
        (
            checks.processed_within_expiry,
            {"ended_at": MOMENT + HOUR, "expires_at": MOMENT},
            {},
            ["ended_at:processed_after_expiry"],
        ),
        (checks.processed_within_expiry, {"ended_at": MOMENT, "expires_at": MOMENT}, {}, []),
        (checks.processed_within_expiry, {"ended_at": MOMENT, "expires_at": None}, {}, []),
        (
            checks.final_volume_usual,
            {"final_volume_ml": D("100.1")},
            {"harvest_volume_ml": D("100")},
            ["final_volume_ml:volume_above_harvest"],
        ),
        (checks.final_volume_usual, {"final_volume_ml": D("100")}, {"harvest_volume_ml": D("100")}, []),
        (checks.final_volume_usual, {"final_volume_ml": D("100")}, {"harvest_volume_ml": None}, []),
        (
            checks.digestion_usual,
            {"enzyme_temperature": D("34.9"), "enzyme_minutes": 121},
            {},
            ["enzyme_temperature:unusual_digestion", "enzyme_minutes:unusual_digestion"],
        ),
        (checks.digestion_usual, {"enzyme_temperature": D("35"), "enzyme_minutes": 120}, {}, []),
        (checks.digestion_usual, {"enzyme_temperature": None, "enzyme_minutes": None}, {}, []),
        (checks.enzyme_expiry, {"enzyme_lot": "E1"}, {"lots": ()}, ["enzyme_expires_on:enzyme_expiry"]),
        (checks.enzyme_expiry, {"enzyme_lot": "E1"}, {"lots": ("E1",)}, []),
        (checks.enzyme_expiry, {"enzyme_lot": "E1", "enzyme_expires_on": dt.date(2025, 1, 1)}, {}, []),
        (checks.enzyme_expiry, {"enzyme_lot": None}, {}, []),
        (
            checks.viability_measured_late,
            {"measured_at": MOMENT + 4.1 * HOUR},
            {"processed_at": MOMENT},
            ["measured_at:measured_late"],
        ),
        (checks.viability_measured_late, {"measured_at": MOMENT + 4 * HOUR}, {"processed_at": MOMENT}, []),
        (checks.viability_measured_late, {"measured_at": None}, {"processed_at": MOMENT}, []),
        # recovery
        (
            checks.recovery_plausible,
            {"tnc_recovery": D("110.01"), "mnc_recovery": D("4.99")},
            {},
            ["tnc_recovery:recovery_above_all", "mnc_recovery:recovery_low"],
        ),
        (checks.recovery_plausible, {"tnc_recovery": D("110"), "mnc_recovery": D("5")}, {}, []),
        (checks.recovery_plausible, {"tnc_recovery": None, "mnc_recovery": None}, {}, []),
        # the dose plan
        (
            checks.plan_within_protocol,
            {"planned_low": D("499"), "planned_high": D("5001")},
            {"protocol_range": (D("500"), D("5000"))},
            ["planned_low:plan_outside_protocol", "planned_high:plan_outside_protocol"],
        ),
        (
            checks.plan_within_protocol,
            {"planned_low": D("500"), "planned_high": D("5000")},
            {"protocol_range": (D("500"), D("5000"))},
            [],
        ),
        (checks.plan_within_protocol, {"planned_low": D("1"), "planned_high": None}, {}, []),
        (
            checks.planned_after_session,
            {"planned_on": dt.date(2024, 11, 13)},
            SESSION_ON,
            ["planned_on:planned_after_session"],
        ),
        (checks.planned_after_session, {"planned_on": dt.date(2024, 11, 12)}, SESSION_ON, []),
        (checks.planned_after_session, {"planned_on": dt.date(2024, 11, 12)}, {"session_on": None}, []),
        (checks.plan_age, {"age_years": 40}, {"age_disagrees": True}, ["age_years:age_disagrees"]),
        (checks.plan_age, {"age_years": 40}, {"age_disagrees": None}, []),
        (checks.plan_age, {"age_years": None}, {"age_disagrees": True}, []),
        (
            checks.plan_basis,
            {"planned_low": D("500"), "weight_kg": None, "severity": "severe"},
            {},
            ["weight_kg:plan_without_weight", "severity_basis:severity_basis"],
        ),
        (
            checks.plan_basis,
            {"planned_low": D("500"), "weight_kg": D("50"), "severity": "severe", "severity_basis": "x"},
            {},
            [],
        ),
        (checks.plan_basis, {"planned_low": None, "weight_kg": None, "severity": None}, {}, []),
        (
            checks.session_planned_outside_interval,
            {"planned_on": dt.date(2025, 1, 4)},
            {"allowed_on": (dt.date(2024, 12, 20), dt.date(2025, 1, 3))},
            ["planned_on:planned_outside_interval"],
        ),
        (
            checks.session_planned_outside_interval,
            {"planned_on": dt.date(2025, 1, 3)},
            {"allowed_on": (dt.date(2024, 12, 20), dt.date(2025, 1, 3))},
            [],
        ),
        (checks.session_planned_outside_interval, {"planned_on": dt.date(2025, 1, 3)}, {}, []),
        # dose by volume
        (
            checks.dose_fits_volume,
            {"total_dose": D("1725.001"), "volume_ml": D("50")},
            {"tnc": D("1500"), "final_volume_ml": D("50")},
            ["total_dose:dose_volume"],
        ),
        (
            checks.dose_fits_volume,
            {"total_dose": D("1275"), "volume_ml": D("50")},
            {"tnc": D("1500"), "final_volume_ml": D("50")},
            [],
        ),
        (
            checks.dose_fits_volume,
            {"total_dose": D("750"), "volume_ml": D("25")},
            {"tnc": D("1500"), "final_volume_ml": D("50")},
            [],
        ),
        (checks.dose_fits_volume, {"total_dose": D("1"), "volume_ml": None}, {"tnc": D("1500")}, []),
        # yields
        (
            checks.svf_yield,
            {"cells_per_ml": D("2.0001")},
            {"yield_maximum": D("2")},
            ["cells_per_ml:yield_implausible"],
        ),
        (checks.svf_yield, {"cells_per_ml": D("2")}, {"yield_maximum": D("2")}, []),
        (checks.svf_yield, {"cells_per_ml": D("9")}, {"yield_maximum": None}, []),
        (checks.svf_yield, {"cells_per_ml": None}, {"yield_maximum": D("2")}, []),
        (
            checks.viable_agrees_with_viability,
            {"tnc": D("100"), "viable": D("50")},
            {"viability_percent": D("90")},
            ["viable:viability_differs"],
        ),
        (
            checks.viable_agrees_with_viability,
            {"tnc": D("100"), "viable": D("75")},
            {"viability_percent": D("90")},
            [],
        ),
        (
            checks.viable_agrees_with_viability,
            {"tnc": D("0"), "viable": D("0")},
            {"viability_percent": D("90")},
            [],
        ),
        # microbiology
        (
            checks.microbiology_result,
            {"gram_stain": "positive", "fungal": "growth"},
            {},
            ["gram_stain:organism_seen", "fungal:growth"],
        ),
        (checks.microbiology_result, {"gram_stain": "negative", "fungal": "pending"}, {}, []),
        (
            checks.cultures_read_early,
            {"sampled_on": dt.date(2024, 11, 12), "read_on": dt.date(2024, 11, 25), "aerobic": "no_growth"},
            {"sterility_days": 14},
            ["read_on:read_early"],
        ),
        (
            checks.cultures_read_early,
            {"sampled_on": dt.date(2024, 11, 12), "read_on": dt.date(2024, 11, 26), "aerobic": "no_growth"},
            {"sterility_days": 14},
            [],
        ),
        (
            checks.cultures_read_early,
            {"sampled_on": None, "read_on": dt.date(2024, 11, 26)},
            {"sterility_days": 14},
            [],
        ),
        # dose
        (checks.dose_not_stated, {"total_dose": None}, {}, ["total_dose:dose_not_stated"]),
        (checks.dose_not_stated, {"total_dose": D("700"), "dose_as_stated": "500–5000 × 106"}, {}, []),
        (
            checks.dose_within_plan,
            {"total_dose": D("399.999")},
            {"planned_range": (D("400"), D("1600"))},
            ["total_dose:dose_outside_range"],
        ),
        (checks.dose_within_plan, {"total_dose": D("400")}, {"planned_range": (D("400"), D("1600"))}, []),
        (checks.dose_within_plan, {"total_dose": None}, {"planned_range": (D("400"), D("1600"))}, []),
        (
            checks.dose_within_count,
            {"total_dose": D("701")},
            {"tnc": D("700")},
            ["total_dose:dose_above_count"],
        ),
        (checks.dose_within_count, {"total_dose": D("700")}, {"tnc": D("700")}, []),
        (checks.dose_within_count, {"total_dose": D("700")}, {"tnc": None}, []),
        (
            checks.volume_balance,
            {"volume_ml": D("48"), "residual_discarded_ml": D("3")},
            {"final_volume_ml": D("50")},
            ["volume_ml:volume_balance"],
        ),
        (
            checks.volume_balance,
            {"volume_ml": D("50"), "residual_discarded_ml": None},
            {"final_volume_ml": D("50")},
            [],
        ),
        # observations
        (checks.reaction_reported, {"reactions": ["fever"]}, {}, ["reactions:reaction"]),
        (checks.reaction_reported, {"reactions": ["none"]}, {}, []),
        (checks.reaction_reported, {"reactions": None}, {}, []),
    ],
)
def test_checks(check: Any, values: dict[str, Any], context: dict[str, Any], expected: list[str]) -> None:
    found = list(check(values, context))
    assert [f"{one.field}:{one.code}" for one in found] == expected


@pytest.mark.parametrize(
    ("count", "typed", "millions"),
    [
        (D("750000000"), "single cells", D("750")),
        (D("750000"), "thousands of cells (×10³)", D("750")),
        (D("0.75"), "thousand millions (×10⁹)", D("750")),
    ],
)
def test_a_slip_names_what_was_typed_and_what_was_meant(count: D, typed: str, millions: D) -> None:
    assert checks.slip(count, (D("500"), D("5000"))) == (typed, millions)
    (found,) = checks.million_factor("tnc")({"tnc": count}, {"usual": (D("500"), D("5000"))})
    assert f"were {typed} typed? In millions that would be 750." in found.message


@pytest.mark.parametrize("count", [D("0"), D("25"), D("500"), D("100000"), D("100000000000")])
def test_what_no_power_of_ten_explains_is_no_slip(count: D) -> None:
    assert checks.slip(count, (D("500"), D("5000"))) is None


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("500–5000 × 106 BM-MNC", True),
        ("400-1600 x 106", True),
        ("400-1600 × 10 6", True),
        ("500–5000 ×10⁶", False),
        ("500 × 10^6", False),
        ("500 × 1060", False),
        ("106 patients", False),
        ("", False),
        (None, False),
    ],
)
def test_a_lost_superscript_is_recognised(text: str | None, lost: bool) -> None:
    assert checks.lost_superscript(text) is lost


def test_a_range_from_a_paper_is_never_taken_for_the_dose() -> None:
    (found,) = checks.dose_not_stated({"total_dose": None, "dose_as_stated": "500–5000 × 106"}, {})
    assert "× 10⁶" in found.message
    assert "range" in found.message


def test_an_expected_date_is_named_when_the_session_before_is_known() -> None:
    context = {
        "absent": {"performed_on": "not_recorded"},
        "expected_on": (dt.date(2016, 12, 16), dt.date(2017, 1, 14)),
    }
    (found,) = checks.session_date_missing({"performed_on": None}, context)
    assert "between 16 Dec 2016 and 14 Jan 2017" in found.message


def test_bars_held_back_by_history_become_findings() -> None:
    bar = Problem("participant", "consent_not_in_force", "Consent is missing.")
    (found,) = checks.history({}, {"history": [bar]})
    assert found.code == "history_consent_not_in_force"
    assert list(checks.history({}, {})) == []
