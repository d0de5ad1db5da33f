"""Hard rules, derived values and breaches as tables: fires, does not, at the boundary, and with a value missing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from types import SimpleNamespace as Thing
from typing import Any

import pytest

from apps.celldose import rules
from studyportal.crf.laboratory_value import LaboratoryValue
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate

NOON = dt.datetime(2024, 11, 12, 12, 0, tzinfo=dt.UTC)


def later(hours: float) -> dt.datetime:
    return NOON + dt.timedelta(hours=hours)


@pytest.mark.parametrize(
    ("tnc", "volume", "expected"),
    [
        (D("750"), D("100"), D("7.5000")),
        (D("0"), D("100"), D("0.0000")),
        (D("1"), D("3"), D("0.3333")),
        (None, D("100"), NotDerivable("total nucleated cells missing")),
        (D("750"), None, NotDerivable("volume harvested missing")),
        (None, None, NotDerivable("total nucleated cells and volume harvested missing")),
        (D("750"), D("0"), NotDerivable("volume harvested is not above 0 mL")),
    ],
)
def test_cells_per_ml(tnc: Any, volume: Any, expected: Any) -> None:
    assert rules.cells_per_ml(tnc, volume) == expected


@pytest.mark.parametrize(
    ("total", "viability", "expected"),
    [
        (D("1000"), D("92.5"), D("925.000")),
        (D("1000"), D("0"), D("0.000")),
        (D("1000"), D("100"), D("1000.000")),
        (None, D("92.5"), NotDerivable("dose given missing")),
        (D("1000"), None, NotDerivable("viability missing")),
    ],
)
def test_viable_dose(total: Any, viability: Any, expected: Any) -> None:
    assert rules.viable_dose(total, viability) == expected


@pytest.mark.parametrize(
    ("dose", "weight", "expected"),
    [
        (D("1000"), D("50"), D("20.0000")),
        (D("0"), D("50"), D("0.0000")),
        (D("1000"), None, NotDerivable("same-day weight missing")),
        (None, D("50"), NotDerivable("dose given missing")),
        (None, None, NotDerivable("dose given and same-day weight missing")),
        (D("1000"), D("0"), NotDerivable("same-day weight is not above 0 kg")),
    ],
)
def test_dose_per_kg(dose: Any, weight: Any, expected: Any) -> None:
    assert rules.per_kg(dose, weight) == expected


@pytest.mark.parametrize(
    ("endotoxin", "volume", "weight", "expected"),
    [
        ("0.5", D("100"), D("50"), D("1.0000")),
        ("<0.5", D("100"), D("50"), D("1.0000")),  # at most
        (">10", D("100"), D("50"), NotDerivable("endotoxin >10 has no upper bound")),
        (None, D("100"), D("50"), NotDerivable("endotoxin missing")),
        ("0.5", None, None, NotDerivable("final volume and same-day weight missing")),
    ],
)
def test_endotoxin_per_kg(endotoxin: Any, volume: Any, weight: Any, expected: Any) -> None:
    value = LaboratoryValue.parse(endotoxin) if endotoxin else None
    assert rules.endotoxin_per_kg(value, volume, weight) == expected


MARROW = (rules.ShelfLife(D(72), "refrigerated"), rules.ShelfLife(D(48), "room_temperature"))
FAT = (rules.ShelfLife(D(6)),)


@pytest.mark.parametrize(
    ("ended", "storage", "limits", "expected"),
    [
        (NOON, "refrigerated", MARROW, later(72)),
        (NOON, "room_temperature", MARROW, later(48)),
        (NOON, None, FAT, later(6)),
        (NOON, "refrigerated", FAT, later(6)),
        (NOON, None, MARROW, NotDerivable("storage temperature missing")),
        (NOON, "frozen", MARROW, NotDerivable("the protocol states no expiry for storage at frozen")),
        (None, "refrigerated", MARROW, NotDerivable("end of harvest missing")),
        (NOON, "refrigerated", (), NotDerivable("the protocol states no expiry for this component")),
    ],
)
def test_expiry(ended: Any, storage: Any, limits: Any, expected: Any) -> None:
    assert rules.expires_at(ended, storage, limits) == expected


@pytest.mark.parametrize(
    ("identifier_read", "code_read", "expected"),
    [
        ("D-001", "MUM-0001-K", True),
        (" d-001 ", "mum-0001-k", True),
        ("D-002", "MUM-0001-K", False),
        ("D-001", "MUM-0002-I", False),
        (None, "MUM-0001-K", NotDerivable("identifier read missing")),
        ("D-001", None, NotDerivable("participant code read missing")),
    ],
)
def test_identity_read(identifier_read: Any, code_read: Any, expected: Any) -> None:
    read = rules.identity_read(identifier_read, code_read, identifier="D-001", participant_code="MUM-0001-K")
    assert read == expected


def test_identity_of_a_product_without_identifier_is_not_derivable() -> None:
    read = rules.identity_read("D-001", "MUM-0001-K", identifier=None, participant_code="MUM-0001-K")
    assert read == NotDerivable("product identifier missing")


def codes_of(problems: Any) -> list[str]:
    return [f"{problem.field}:{problem.code}" for problem in problems]


MARROW_HARVEST = Thing(tissue="bone_marrow", started_at=NOON)
MARROW_PRODUCT = Thing(component="bm_mnc", harvest=MARROW_HARVEST)


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        (rules.harvest_ends_after_start, {"started_at": NOON, "ended_at": later(-1)}, ["ended_at:order"]),
        (rules.harvest_ends_after_start, {"started_at": NOON, "ended_at": NOON}, []),
        (rules.harvest_ends_after_start, {"started_at": None, "ended_at": NOON}, []),
        (rules.harvest_volume_positive, {"volume_ml": D("0")}, ["volume_ml:min_value"]),
        (rules.harvest_volume_positive, {"volume_ml": D("0.1")}, []),
        (rules.harvest_volume_positive, {"volume_ml": None}, []),
        (
            rules.none_stands_alone("complications"),
            {"complications": ["none", "pain"]},
            ["complications:contradiction"],
        ),
        (rules.none_stands_alone("complications"), {"complications": ["none"]}, []),
        (rules.none_stands_alone("complications"), {"complications": None}, []),
        (
            rules.component_fits_tissue,
            {"harvest": MARROW_HARVEST, "component": "svf"},
            ["component:component_tissue"],
        ),
        (rules.component_fits_tissue, {"harvest": MARROW_HARVEST, "component": "bm_mnc"}, []),
        (rules.component_fits_tissue, {"harvest": MARROW_HARVEST, "component": None}, []),
        (
            rules.identified_unless_transcribed,
            {"participant": Thing(retrospective=False), "product_identifier": None},
            ["product_identifier:required"],
        ),
        (
            rules.identified_unless_transcribed,
            {"participant": Thing(retrospective=True), "product_identifier": None},
            [],
        ),
        (
            rules.identified_unless_transcribed,
            {"participant": Thing(retrospective=False), "product_identifier": "D-001"},
            [],
        ),
        (
            rules.temperatures_ordered,
            {"temperature_min": D("6"), "temperature_max": D("2")},
            ["temperature_max:order"],
        ),
        (rules.temperatures_ordered, {"temperature_min": D("4"), "temperature_max": D("4")}, []),
        (
            rules.not_before_harvest("received_at"),
            {"product": MARROW_PRODUCT, "received_at": later(-0.1)},
            ["received_at:before_harvest"],
        ),
        (rules.not_before_harvest("received_at"), {"product": MARROW_PRODUCT, "received_at": NOON}, []),
        (rules.not_before_harvest("received_at"), {"product": MARROW_PRODUCT, "received_at": None}, []),
        (
            rules.two_different_people,
            {"first_person": "Asha Kulkarni", "second_person": " asha  kulkarni"},
            ["second_person:same_person"],
        ),
        (rules.two_different_people, {"first_person": "Asha", "second_person": "Vikram"}, []),
        (rules.two_different_people, {"first_person": "Asha", "second_person": None}, []),
        (
            rules.method_fits_component,
            {"product": MARROW_PRODUCT, "method": "enzymatic"},
            ["method:method_component"],
        ),
        (rules.method_fits_component, {"product": MARROW_PRODUCT, "method": "density_gradient"}, []),
        (rules.method_fits_component, {"product": MARROW_PRODUCT, "method": None}, []),
        (
            rules.parts_within_tnc,
            {"tnc": D("100"), "mnc": D("101"), "viable": D("100.001")},
            ["mnc:above_total", "viable:above_total"],
        ),
        (rules.parts_within_tnc, {"tnc": D("100"), "mnc": D("100"), "viable": None}, []),
        (rules.parts_within_tnc, {"tnc": None, "mnc": D("100"), "viable": D("1")}, []),
        (rules.panel_fits_component, {"product": MARROW_PRODUCT, "panel": "svf"}, ["panel:panel_component"]),
        (rules.panel_fits_component, {"product": MARROW_PRODUCT, "panel": "bm_mnc"}, []),
        (
            rules.cultures_read_after_sample,
            {"sampled_on": dt.date(2024, 11, 12), "read_on": dt.date(2024, 11, 11)},
            ["read_on:order"],
        ),
        (rules.cultures_read_after_sample, {"sampled_on": dt.date(2024, 11, 12), "read_on": None}, []),
        (
            rules.infusion_stops_after_start,
            {"started_at": NOON, "stopped_at": later(-1)},
            ["stopped_at:order"],
        ),
        (rules.infusion_stops_after_start, {"started_at": NOON, "stopped_at": NOON}, []),
        (rules.diastolic_below_systolic, {"systolic": 120, "diastolic": 120}, ["diastolic:order"]),
        (rules.diastolic_below_systolic, {"systolic": 120, "diastolic": 80}, []),
        (rules.diastolic_below_systolic, {"systolic": None, "diastolic": 80}, []),
    ],
)
def test_hard_rules(rule: Any, values: dict[str, Any], expected: list[str]) -> None:
    assert codes_of(rule(values)) == expected


@pytest.mark.parametrize(
    ("performed", "previous", "refused"),
    [
        ("2024-11-11", "2024-11-12", True),
        ("2024-10", "2024-11", True),
        ("2024-11", "2024-11-12", False),  # the month may mean a later day
        ("2024-11-12", None, False),
        (None, "2024-11-12", False),
    ],
)
def test_session_order(performed: str | None, previous: str | None, refused: bool) -> None:
    def date(text: str | None) -> PartialDate | None:
        return PartialDate.parse(text) if text else None

    assert bool(list(rules.session_order(date(performed), date(previous)))) is refused


ASKED = rules.Interval(45, 7, 7)


@pytest.mark.parametrize(
    ("number", "days", "fires"),
    [
        (2, (37, 37), True),
        (2, (38, 38), False),
        (2, (52, 52), False),
        (2, (53, 53), True),
        (2, (30, 60), False),  # a month-only date proves nothing
        (2, (53, 80), True),  # … unless every day it can mean is outside
        (1, (10, 10), False),
        (2, None, False),
        (None, (10, 10), False),
    ],
)
def test_interval_between_sessions(number: Any, days: Any, fires: bool) -> None:
    assert bool(list(rules.interval_breaches(number, days, ASKED))) is fires


def test_days_between_partial_dates() -> None:
    first, second = PartialDate.parse("2016-11"), PartialDate.parse("2017-01-14")
    assert rules.days_between(first, second) == (45, 74)
    assert rules.days_between(None, second) is None
    assert rules.days_between(PartialDate.parse("age:17"), second) is None


@pytest.mark.parametrize(
    ("dose", "fires"),
    [(D("499.999"), True), (D("500"), False), (D("5000"), False), (D("5000.001"), True), (None, False)],
)
def test_dose_range_includes_its_bounds(dose: Any, fires: bool) -> None:
    found = list(rules.dose_breaches(dose, D("500"), D("5000")))
    assert bool(found) is fires
    assert all(one.classification == "major" for one in found)


@pytest.mark.parametrize(
    ("started", "expiry", "fires"),
    [
        (later(6.5), later(6), True),
        (later(6), later(6), False),
        (None, later(6), False),
        (later(9), NotDerivable("storage temperature missing"), False),
    ],
)
def test_overtime(started: Any, expiry: Any, fires: bool) -> None:
    assert bool(list(rules.overtime_breaches(started, expiry))) is fires


@pytest.mark.parametrize(("matches", "fires"), [(False, True), (True, False), (None, False)])
def test_identity_mismatch_is_critical(matches: Any, fires: bool) -> None:
    found = list(rules.identity_breaches(matches, "bedside"))
    assert [one.classification for one in found] == (["critical"] if fires else [])


@pytest.mark.parametrize(
    ("decision", "failed", "infused", "fires"),
    [
        ("released", ["Viability"], False, True),
        ("rejected", ["Viability"], False, False),
        ("rejected", ["Viability"], True, True),
        ("released", [], False, False),
        (None, ["Viability"], False, False),
    ],
)
def test_out_of_specification(decision: Any, failed: Any, infused: bool, fires: bool) -> None:
    assert bool(list(rules.out_of_specification_breaches(decision, failed, infused=infused))) is fires


@pytest.mark.parametrize(
    ("expires", "used", "fires"),
    [
        (dt.date(2024, 11, 11), dt.date(2024, 11, 12), True),
        (dt.date(2024, 11, 12), dt.date(2024, 11, 12), False),
        (None, dt.date(2024, 11, 12), False),
        (dt.date(2024, 11, 11), None, False),
    ],
)
def test_reagent_expiry(expires: Any, used: Any, fires: bool) -> None:
    assert bool(list(rules.reagent_breaches("Collagenase", expires, used))) is fires


def test_derivations_name_what_is_missing() -> None:
    derived = rules.derive_infusion({"total_dose": None}, {"viability_percent": None})
    assert derived["viable_dose"] == NotDerivable("dose given and viability missing")
    assert derived["dose_per_kg"] == NotDerivable("dose given and same-day weight missing")
    assert derived["weight_kg"] == NotDerivable("same-day weight missing")
    assert rules.derive_product({}, {"planned_range": None})["planned_dose_low"] == NotDerivable(
        "the protocol states no dose range for this component"
    )
    assert rules.derive_release({}, {"outcomes": None})["criteria_passed"] == NotDerivable(
        "criteria not evaluated"
    )


def test_derivations_happy_path() -> None:
    derived = rules.derive_infusion(
        {"total_dose": D("1000")}, {"viability_percent": D("90"), "weighed": rules.Weighed(D("50"), dt.date(2024, 11, 12))}
    )
    assert derived == {
        "viable_dose": D("900.000"),
        "weight_kg": D("50"),
        "weight_on": dt.date(2024, 11, 12),
        "dose_per_kg": D("20.0000"),
        "viable_dose_per_kg": D("18.0000"),
    }
    counted = rules.derive_release(
        {}, {"outcomes": {"a": "pass", "b": "fail", "c": "pending", "d": "not_evaluable"}}
    )
    assert set(counted.values()) == {1}
