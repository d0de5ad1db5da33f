"""What derivations and checks are told beside the form's own values: the one place where they ask the ORM."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from apps.celldose import gates, release, selectors, stated
from apps.celldose.models import (
    CellCounts,
    CellProduct,
    CellSession,
    DonorTests,
    HandOver,
    Harvest,
    IdentityCheck,
    Infusion,
    Microbiology,
    Processing,
    ReagentLot,
    Release,
)
from apps.celldose.product_file import product_file
from studyportal import protocol
from studyportal.crf.outcomes import NotDerivable


def session_context(record: CellSession) -> Mapping[str, Any]:
    before = selectors.session_before(record)
    held = before.performed_on if before is not None else None
    expected = None
    if held is not None and held.earliest is not None and held.latest is not None:
        gap = dt.timedelta(days=stated.interval().target)
        expected = (held.earliest + gap, held.latest + gap)
    return {"absent": record.absent, "expected_on": expected}


def donor_tests_context(record: DonorTests) -> Mapping[str, Any]:
    return {"session_on": record.session.performed_on}


def product_context(record: CellProduct) -> Mapping[str, Any]:
    """The dose range of the day on which the product was entered stays with it."""
    if record.planned_dose_low is not None and record.planned_dose_high is not None:
        return {"planned_range": (record.planned_dose_low, record.planned_dose_high)}
    return {"planned_range": stated.planned_range(record.component)}


def identity_context(record: IdentityCheck) -> Mapping[str, Any]:
    return {
        "product_identifier": record.product.product_identifier,
        "participant_code": record.product.participant.code,
    }


def hand_over_context(record: HandOver) -> Mapping[str, Any]:
    """The widest span of temperatures at which the protocol lets this component stand."""
    limits = (protocol.current().expiry.get(record.product.component or "") or {}).values()
    lows = [one.temperature_low for one in limits if one.temperature_low is not None]
    highs = [one.temperature_high for one in limits if one.temperature_high is not None]
    return {"transport_limits": (min(lows), max(highs)) if lows and highs else None}


def processing_context(record: Processing) -> Mapping[str, Any]:
    product = record.product
    return {
        "harvest_ended_at": product.harvest.ended_at,
        "shelf_lives": stated.shelf_lives(product.component),
    }


def reagent_context(record: ReagentLot) -> Mapping[str, Any]:
    product = record.product
    return {"processed_on": stated.reagents_used_on(product.harvest, product.processings.first())}


def counts_context(record: CellCounts) -> Mapping[str, Any]:
    product = record.product
    component = protocol.current().components.get(product.component or "")
    limit = component.plausibility.get("yield_per_ml") if component else None
    viability = product.viabilities.first()
    return {
        "harvest_volume_ml": product.harvest.volume_ml,
        "yield_maximum": limit.maximum if limit else None,
        "viability_percent": viability.viability_percent if viability else None,
    }


def microbiology_context(record: Microbiology) -> Mapping[str, Any]:
    product = record.product
    processing = product.processings.first()
    infusion = product.infusions.first()
    day = stated.day_of_infusion(infusion) if infusion else stated.day_of_harvest(product.harvest)
    weight = stated.weight_of(record.participant_id, day)
    days = [one.days for one in stated.criteria_of(product.component) if one.key == "sterility"]
    return {
        "final_volume_ml": processing.final_volume_ml if processing else None,
        "weight_kg": None if isinstance(weight, NotDerivable) else weight.kg,
        "sterility_days": days[0] if days else None,
    }


def release_context(record: Release) -> Mapping[str, Any]:
    file = product_file(record.product_id)
    return {
        "outcomes": release.by_label(release.from_json(file.evaluation.criteria))
        if file.evaluation
        else None,
        "history": gates.held_back_by_history(gates.release_bars(record, file), *gates.when(record, file)),
    }


def infusion_context(record: Infusion) -> Mapping[str, Any]:
    file = product_file(record.product_id)
    weight = stated.weight_of(record.participant_id, stated.day_of_infusion(record))
    low, high = file.product.planned_dose_low, file.product.planned_dose_high
    return {
        "viability_percent": file.viability.viability_percent if file.viability else None,
        "weighed": weight,
        "planned_range": (low, high) if low is not None and high is not None else None,
        "tnc": file.counts.tnc if file.counts else None,
        "final_volume_ml": file.processing.final_volume_ml if file.processing else None,
        "history": gates.held_back_by_history(gates.infusion_bars(record, file), *gates.when(record, file)),
    }


def harvest_context(record: Harvest) -> Mapping[str, Any]:
    return {
        "history": gates.held_back_by_history(
            gates.harvest_bars(record), record.participant, stated.day_of_harvest(record)
        )
    }
