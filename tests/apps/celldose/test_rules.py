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
        (
            rules.parts_within_start,
            {"start_tnc": D("100"), "start_mnc": D("100.001")},
            ["start_mnc:above_total"],
        ),
        (rules.parts_within_start, {"start_tnc": D("100"), "start_mnc": D("100")}, []),
        (rules.parts_within_start, {"start_tnc": None, "start_mnc": D("100")}, []),
        (
            rules.planned_range_ordered,
            {"planned_low": D("900"), "planned_high": D("899.999")},
            ["planned_high:order"],
        ),
        (rules.planned_range_ordered, {"planned_low": D("900"), "planned_high": D("900")}, []),
        (rules.planned_range_ordered, {"planned_low": None, "planned_high": D("900")}, []),
        (rules.planned_something, {"planned_high": D("0")}, ["planned_high:min_value"]),
        (rules.planned_something, {"planned_high": D("0.001")}, []),
        (rules.planned_something, {"planned_high": None}, []),
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
    ("decision", "failed", "codes"),
    [
        ("released", ["Viability"], ["out_of_specification"]),
        ("exceptional", ["Viability"], ["exceptional_release"]),
        ("exceptional", [], ["exceptional_release"]),
        ("rejected", ["Viability"], []),
        ("released", [], []),
        (None, ["Viability"], []),
    ],
)
def test_out_of_specification_at_the_decision(decision: Any, failed: Any, codes: list[str]) -> None:
    found = list(rules.release_breaches(decision, failed, []))
    assert [one.code for one in found] == codes
    assert {one.classification for one in found} <= {"critical"}


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("failed", [[], ["Viability"]])
def test_out_of_specification_at_the_infusion(failed: Any, answered: bool) -> None:
    found = list(rules.infused_breaches(failed, answered=answered))
    assert [one.code for one in found] == (["out_of_specification"] if failed else [])


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


LOT = Thing(reagent="Ficoll", lot="L1", expires_on=dt.date(2024, 11, 11))


@pytest.mark.parametrize(
    ("lots", "used", "said"),
    [
        ((LOT,), dt.date(2024, 11, 12), ["Ficoll, lot L1, expired on 11 Nov 2024"]),
        ((LOT,), dt.date(2024, 11, 11), []),
        ((LOT, LOT), dt.date(2024, 11, 12), ["Ficoll"] * 2),
        (
            (Thing(reagent=None, lot=None, expires_on=dt.date(2024, 1, 1)),),
            NOON.date(),
            ["A reagent expired"],
        ),
        ((Thing(reagent="Ficoll", lot="L1", expires_on=None),), dt.date(2024, 11, 12), []),
        ((LOT,), None, []),
        ((), dt.date(2024, 11, 12), []),
    ],
)
def test_expired_lots_bar_one_by_one(lots: Any, used: Any, said: list[str]) -> None:
    found = rules.expired_lots(lots, used)
    assert [one.code for one in found] == ["reagent_expired"] * len(said)
    assert all(one.message.startswith(words) for one, words in zip(found, said, strict=True))


@pytest.mark.parametrize(
    ("tnc", "mass", "expected"),
    [
        (D("750"), D("60"), D("12.5000")),
        (D("750"), D("0"), NotDerivable("mass harvested is not above 0 g")),
        (D("750"), None, NotDerivable("mass harvested missing")),
        (None, None, NotDerivable("total nucleated cells and mass harvested missing")),
    ],
)
def test_cells_per_g(tnc: Any, mass: Any, expected: Any) -> None:
    assert rules.cells_per_g(tnc, mass) == expected


@pytest.mark.parametrize(
    ("tnc", "volume", "expected"),
    [
        (D("1500"), D("50"), D("30.0000")),
        (D("1500"), D("0"), NotDerivable("final volume is not above 0 mL")),
        (D("1500"), None, NotDerivable("final volume missing")),
    ],
)
def test_cells_per_ml_of_product(tnc: Any, volume: Any, expected: Any) -> None:
    assert rules.concentration(tnc, volume) == expected


@pytest.mark.parametrize(
    ("after", "before", "expected"),
    [
        (D("1500"), D("2400"), D("62.50")),
        (D("2400"), D("2400"), D("100.00")),
        (D("0"), D("2400"), D("0.00")),
        (D("1500"), D("0"), NotDerivable("nucleated cells before processing are not above 0")),
        (D("1500"), None, NotDerivable("nucleated cells before processing missing")),
        (None, D("2400"), NotDerivable("nucleated cells of the product missing")),
    ],
)
def test_recovery(after: Any, before: Any, expected: Any) -> None:
    assert rules.recovery(after, before, kind="nucleated") == expected


@pytest.mark.parametrize(
    ("tnc", "percent", "expected"),
    [
        (D("1500"), D("1.2"), D("18.000")),
        (D("1500"), D("0"), D("0.000")),
        (D("1500"), None, NotDerivable("percentage of CD34+ missing")),
        (None, None, NotDerivable("total nucleated cells and percentage of CD34+ missing")),
    ],
)
def test_a_part_of_the_cells(tnc: Any, percent: Any, expected: Any) -> None:
    assert rules.part_of(tnc, percent, kind="CD34+") == expected


@pytest.mark.parametrize(
    ("per_million", "tnc", "expected"),
    [
        (12, D("1500"), 18000),
        (0, D("1500"), 0),
        (None, D("1500"), NotDerivable("CFU-F per million cells missing")),
        (12, None, NotDerivable("total nucleated cells missing")),
    ],
)
def test_colonies(per_million: Any, tnc: Any, expected: Any) -> None:
    assert rules.colonies(per_million, tnc) == expected


def test_the_totals_of_a_phenotype_follow_its_panel() -> None:
    measured = {"cd34_percent": D("1"), "cd45_percent": D("90"), "stromal_percent": D("20"), "cfu_f": 10}
    marrow = rules.derive_phenotype({"panel": "bm_mnc"} | measured, {"tnc": D("1000")})
    fat = rules.derive_phenotype({"panel": "svf"} | measured, {"tnc": D("1000")})
    other = NotDerivable("not part of this panel")
    assert marrow == {
        "cd34_total": D("10.000"),
        "cd45_total": D("900.000"),
        "stromal_count": other,
        "cfu_f_total": 10000,
    }
    assert fat == {
        "cd34_total": other,
        "cd45_total": other,
        "stromal_count": D("200.000"),
        "cfu_f_total": 10000,
    }
    assert rules.derive_phenotype({"panel": None}, {})["cd34_total"] == NotDerivable("panel missing")


@pytest.mark.parametrize(
    ("previous", "before", "performed", "expected"),
    [
        (None, None, "2024-12-27", NotDerivable("there is no session before")),
        (1, "2024-11-12", "2024-12-27", 45),
        (1, "2024-11-12", "2024-11-12", 0),
        (1, "2024-11-12", None, NotDerivable("date of this session missing")),
        (1, None, "2024-12-27", NotDerivable("date of the session before missing")),
        (1, "2024-11", "2024-12-27", NotDerivable("a date is not known to the day: 27 to 56 days")),
    ],
)
def test_days_since_the_session_before(previous: Any, before: Any, performed: Any, expected: Any) -> None:
    context = {"previous": previous, "previous_on": PartialDate.parse(before) if before else None}
    values = {"performed_on": PartialDate.parse(performed) if performed else None}
    assert rules.derive_session(values, context) == {"days_since_previous": expected}


@pytest.mark.parametrize(
    ("days", "state"),
    [
        ((38, 38), "within"),
        ((52, 52), "within"),
        ((37, 37), "outside"),
        ((53, 53), "outside"),
        ((30, 60), "unknown"),
        ((40, 60), "unknown"),
        ((53, 80), "outside"),
        (None, "unknown"),
    ],
)
def test_the_interval_in_words(days: Any, state: str) -> None:
    assert rules.interval_state(days, ASKED) == state


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
        {"total_dose": D("1000")},
        {"viability_percent": D("90"), "weighed": rules.Weighed(D("50"), dt.date(2024, 11, 12))},
    )
    assert derived == {
        "viable_dose": D("900.000"),
        "weight_kg": D("50"),
        "weight_on": dt.date(2024, 11, 12),
        "dose_per_kg": D("20.0000"),
        "viable_dose_per_kg": D("18.0000"),
    }
    counted = rules.derive_release(
        {},
        {
            "outcomes": {"a": "pass", "b": "fail", "c": "pending", "d": "not_evaluable"},
            "culture_due": dt.date(2024, 11, 26),
        },
    )
    assert counted.pop("culture_due_on") == dt.date(2024, 11, 26)
    assert set(counted.values()) == {1}
