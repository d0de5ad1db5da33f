"""Invariants that the database holds, whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from apps.celldose.models import (
    CellCounts,
    CellProduct,
    CellSession,
    DonorTests,
    HandOver,
    Harvest,
    IdentityCheck,
    Infusion,
    InfusionObservation,
    Microbiology,
    Phenotype,
    Processing,
    ReagentLot,
    Release,
    Viability,
)
from studyportal.audit.selectors import history_of
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.models import CrfRecord
from tests.apps.celldose.conftest import Journey, at


def copy_of(record: Any, **changed: Any) -> Any:
    """An unsaved copy of a record."""
    values = {
        f.attname: getattr(record, f.attname) for f in record._meta.concrete_fields if not f.primary_key
    }
    return type(record)(**(values | changed))


def named_check(j: Journey) -> IdentityCheck:
    """A check of two people whom a source names."""
    return IdentityCheck.objects.create(
        site=j.product.site,
        participant=j.participant,
        product=j.product,
        step="bedside",
        checked_at=at(15),
        first_person="Asha",
        second_person="Nurse Pinto",
    )


CASES: list[tuple[str, Callable[[Journey], Any]]] = [
    ("cellsession_number_once", lambda j: copy_of(j.session)),
    ("cellsession_number_from_1", lambda j: copy_of(j.session, number=0)),
    ("harvest_tissue_once_per_session", lambda j: copy_of(j.made["harvest"])),
    ("harvest_volume_positive", lambda j: copy_of(j.made["harvest"], tissue="adipose", volume_ml=0)),
    (
        "harvest_ends_after_start",
        lambda j: copy_of(j.made["harvest"], tissue="adipose", started_at=at(12), ended_at=at(11)),
    ),
    ("cellproduct_identifier_unique", lambda j: copy_of(j.product, component="svf")),
    ("cellproduct_component_once_per_harvest", lambda j: copy_of(j.product, product_identifier="D-9")),
    (
        "cellproduct_identifier_not_blank",
        lambda j: copy_of(j.product, component="svf", product_identifier=""),
    ),
    (
        "cellproduct_planned_range_ordered",
        lambda j: copy_of(
            j.product, component="svf", product_identifier="D-9", planned_dose_low=9, planned_dose_high=8
        ),
    ),
    ("handover_once_per_moment", lambda j: copy_of(j.made["hand_over"])),
    ("processing_once_per_product", lambda j: copy_of(j.made["processing"])),
    ("cellcounts_once_per_product", lambda j: copy_of(j.made["counts"])),
    ("viability_once_per_product", lambda j: copy_of(j.made["viability"])),
    ("microbiology_once_per_product", lambda j: copy_of(j.made["microbiology"])),
    ("release_once_per_product", lambda j: copy_of(j.made["release"])),
    ("infusion_product_used_once", lambda j: copy_of(j.made["infusion"])),
    ("identitycheck_once_per_moment", lambda j: copy_of(named_check(j))),
    (
        "identitycheck_two_people",
        lambda j: copy_of(named_check(j), checked_at=at(16), second_person="ASHA"),
    ),
]


def violated(name: str, record: Any) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        record.save()


@pytest.mark.parametrize(("name", "make"), CASES, ids=[name for name, _make in CASES])
def test_constraint(name: str, make: Callable[[Journey], Any], whole: Journey) -> None:
    violated(name, make(whole))


@pytest.fixture
def whole(journey: Journey) -> Journey:
    journey.upto("infusion")
    return journey


@pytest.mark.parametrize(
    ("model", "values", "name"),
    [
        (HandOver, {"temperature_min": 6, "temperature_max": 2}, "temperatures_ordered"),
        (Processing, {"final_volume_ml": 0}, "processing_volume_positive"),
        (Processing, {"started_at": at(12), "ended_at": at(11)}, "processing_ends_after_start"),
        (CellCounts, {"tnc": 1, "mnc": 2}, "cellcounts_mnc_within_tnc"),
        (CellCounts, {"tnc": 1, "viable": 2}, "cellcounts_viable_within_tnc"),
        (Viability, {"viability_percent": Decimal("100.01")}, "viability_is_a_percentage"),
        (Infusion, {"started_at": at(12), "stopped_at": at(11)}, "infusion_stops_after_start"),
        (Infusion, {"total_dose": 1, "viable_dose": 2}, "infusion_viable_within_total"),
        (Microbiology, {"status": "finished"}, "celldose_microbiology_known_status"),
    ],
)
def test_check_constraint_of_a_product_form(
    model: type[CrfRecord], values: dict[str, Any], name: str, journey: Journey
) -> None:
    journey.upto("product")
    product = journey.product
    violated(name, model(site=product.site, participant=product.participant, product=product, **values))


@pytest.mark.parametrize(
    ("model", "values"),
    [(Phenotype, {}), (ReagentLot, {"reagent": "Ficoll", "lot": "L1"})],
)
def test_once_per_product(model: type[CrfRecord], values: dict[str, Any], journey: Journey) -> None:
    journey.upto("product")
    product = journey.product
    model.objects.create(site=product.site, participant=product.participant, product=product, **values)
    violated(
        "once_per_product",
        model(site=product.site, participant=product.participant, product=product, **values),
    )


def test_donor_tests_once_per_session(journey: Journey) -> None:
    session = journey.open()
    of_session = {"site": session.site, "participant": session.participant, "session": session}
    DonorTests.objects.create(**of_session)
    violated("donortests_once_per_session", DonorTests(**of_session))


def test_a_timepoint_is_observed_once(whole: Journey) -> None:
    infusion = whole.made["infusion"]
    of_infusion = {"site": infusion.site, "participant": infusion.participant, "infusion": infusion}
    InfusionObservation.objects.create(timepoint="start", **of_infusion)
    violated("observation_timepoint_once", InfusionObservation(timepoint="start", **of_infusion))


def test_every_constraint_says_what_to_do() -> None:
    for model in apps.get_app_config("celldose").get_models():
        for constraint in model._meta.constraints:
            assert "Constraint “" not in str(constraint.violation_error_message), constraint.name


def test_a_violated_constraint_becomes_a_field_error(journey: Journey) -> None:
    journey.upto("product")
    with pytest.raises(CrfInvalid) as caught:
        from apps.celldose import actions, crfs
        from tests.apps.celldose.conftest import save

        fat = save(crfs.HARVEST, journey.asha, {"session": journey.session}, tissue="adipose", volume_ml="55")
        actions.create_product(harvest=fat, product_identifier="D-001", by=journey.asha)
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == ("product_identifier", "unique")
    assert "read the label again" in problem.message


def test_history_is_kept_of_the_release_with_who_decided(whole: Journey) -> None:
    changes = history_of(Release.objects.get())
    assert {change.by for change in changes} == {"rao"} or {change.by for change in changes} == {"Rao"}


def test_records_name_themselves(whole: Journey) -> None:
    for model in (CellSession, Harvest, CellProduct, IdentityCheck, HandOver, Processing, Release, Infusion):
        assert str(model.objects.first())
