"""What derivations and checks are told beside the form's own values: the one place where they ask the ORM."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from apps.celldose import early_gates, gates, release, selectors, stated
from apps.celldose.models import (
    CellCounts,
    CellProduct,
    CellSession,
    Discard,
    DonorTests,
    DosePlan,
    HandOver,
    Harvest,
    IdentityCheck,
    Infusion,
    Microbiology,
    Phenotype,
    Processing,
    ReagentLot,
    Release,
    Viability,
)
from apps.celldose.product_file import product_file
from studyportal import protocol
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate
from studyportal.identity import births
from studyportal.words import said


def session_context(record: CellSession) -> Mapping[str, Any]:
    before = selectors.session_before(record)
    held = before.performed_on if before is not None else None
    expected = allowed = None
    if held is not None and held.earliest is not None and held.latest is not None:
        asked = stated.interval()
        gap = dt.timedelta(days=asked.target)
        expected = (held.earliest + gap, held.latest + gap)
        allowed = (
            held.earliest + dt.timedelta(days=asked.earliest),
            held.latest + dt.timedelta(days=asked.latest),
        )
    return {
        "absent": record.absent,
        "expected_on": expected,
        "allowed_on": allowed,
        "previous": before.number if before is not None else None,
        "previous_on": held,
    }


def dose_plan_context(record: DosePlan) -> Mapping[str, Any]:
    """The weight is that of the day of the plan; a plan that nobody dated rests on none."""
    day = PartialDate.of(record.planned_on) if record.planned_on is not None else None
    weight = (
        stated.weight_of(record.participant_id, day)
        if day is not None
        else NotDerivable(said("day of the plan missing, so no weight of that day"))
    )
    return {
        "weighed": weight,
        "weight_why": weight.why if isinstance(weight, NotDerivable) else "",
        "protocol_range": stated.planned_range(record.component),
        "usual": stated.planned_range(record.component),
        "session_on": record.session.performed_on,
        "age_disagrees": births.age_disagrees(record.participant, record.age_years, day),
    }


def donor_tests_context(record: DonorTests) -> Mapping[str, Any]:
    return {"session_on": record.session.performed_on}


def product_context(record: CellProduct) -> Mapping[str, Any]:
    """The range of the dose plan until the product is infused; without a plan, the protocol's of the day of entry.

    After the infusion it stands: what was planned then is what was planned.
    """
    kept = (record.planned_dose_low, record.planned_dose_high)
    known = None not in kept
    if known and record.pk is not None and record.infusions.exists():
        return {"planned_range": kept}
    planned = stated.plan_range(stated.plan_of(record.harvest.session_id, record.component))
    if planned is None:
        planned = kept if known else stated.planned_range(record.component)
    return {"planned_range": planned}


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
    received = product.hand_overs.filter(leg="to_laboratory").order_by("-received_at").first()
    return {
        "harvest_ended_at": product.harvest.ended_at,
        "harvest_volume_ml": product.harvest.volume_ml,
        "received_at": stated.at_site(received.received_at if received else None, record.site),
        "shelf_lives": stated.shelf_lives(product.component),
        "lots": tuple(product.reagent_lots.values_list("lot", flat=True)),
        "history": gates.held_back_by_history(
            early_gates.processing_bars(record),
            record.participant,
            stated.day_of_use(product.harvest, record),
        ),
    }


def reagent_context(record: ReagentLot) -> Mapping[str, Any]:
    product = record.product
    return {"processed_on": stated.reagents_used_on(product.harvest, product.processings.first())}


def counts_context(record: CellCounts) -> Mapping[str, Any]:
    product = record.product
    component = protocol.current().components.get(product.component or "")
    limit = component.plausibility.get("yield_per_ml") if component else None
    viability = product.viabilities.first()
    processing = product.processings.first()
    return {
        "usual": stated.planned_range(product.component),
        "harvest_volume_ml": product.harvest.volume_ml,
        "harvest_mass_g": product.harvest.mass_g,
        "final_volume_ml": processing.final_volume_ml if processing else None,
        "yield_maximum": limit.maximum if limit else None,
        "viability_percent": viability.viability_percent if viability else None,
    }


def phenotype_context(record: Phenotype) -> Mapping[str, Any]:
    counts = record.product.cell_counts.first()
    return {"tnc": counts.tnc if counts else None}


def viability_context(record: Viability) -> Mapping[str, Any]:
    processing = record.product.processings.first()
    return {"processed_at": processing.ended_at if processing else None}


def microbiology_context(record: Microbiology) -> Mapping[str, Any]:
    product = record.product
    processing = product.processings.first()
    infusion = product.infusions.first()
    day = stated.day_of_infusion(infusion) if infusion else stated.day_of_harvest(product.harvest)
    weight = stated.weight_of(record.participant_id, day)
    return {
        "final_volume_ml": processing.final_volume_ml if processing else None,
        "weight_kg": None if isinstance(weight, NotDerivable) else weight.kg,
        "sterility_days": stated.culture_days(product.component),
    }


def release_context(record: Release) -> Mapping[str, Any]:
    file = product_file(record.product_id)
    evaluation = gates.evaluation_for(record, file)
    micro = file.microbiology
    return {
        "outcomes": release.by_label(release.from_json(evaluation.criteria)) if evaluation else None,
        "culture_due": NotDerivable(said("microbiology not recorded"))
        if micro is None
        else release.culture_due(micro.sampled_on, stated.culture_days(file.product.component)),
        "history": gates.held_back_by_history(gates.release_bars(record, file), *gates.when(record, file)),
    }


def discard_context(record: Discard) -> Mapping[str, Any]:
    file = product_file(record.product_id)
    expiry, at, decision = file.expires_at, record.discarded_at, file.decision
    consent = gates.consent_bar(record.participant, file.session, at or file.session.performed_on)
    return {
        "discard_facts": {
            "expired": None if at is None or isinstance(expiry, NotDerivable) else at > expiry,
            "rejected": decision is not None and decision.decision == "rejected" and file.is_signed,
            "positive_culture": bool(file.grown),
            "participant_withdrew": consent is not None,
        },
        "transcribed": gates.is_history(record.participant, file.session.performed_on),
    }


def infusion_context(record: Infusion) -> Mapping[str, Any]:
    file = product_file(record.product_id)
    weight = stated.weight_of(record.participant_id, stated.day_of_infusion(record))
    low, high = file.product.planned_dose_low, file.product.planned_dose_high
    return {
        "viability_percent": file.viability.viability_percent if file.viability else None,
        "weighed": weight,
        "planned_range": (low, high) if low is not None and high is not None else None,
        "usual": stated.planned_range(file.product.component),
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
