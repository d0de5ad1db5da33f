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
    assert "between 2016-12-16 and 2017-01-14" in found.message


def test_bars_held_back_by_history_become_findings() -> None:
    bar = Problem("participant", "consent_not_in_force", "Consent is missing.")
    (found,) = checks.history({}, {"history": [bar]})
    assert found.code == "history_consent_not_in_force"
    assert list(checks.history({}, {})) == []
