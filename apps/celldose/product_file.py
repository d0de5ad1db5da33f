"""A product with all its records, read in a fixed number of queries, and what follows from them together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Prefetch, QuerySet

from apps.celldose import lifecycle, release, rules, signed, stated
from apps.celldose.lifecycle import Happening, Identity, Life, State
from apps.celldose.models import (
    CellCounts,
    CellProduct,
    CellSession,
    Container,
    Discard,
    HandOver,
    Harvest,
    IdentityCheck,
    IdentityReading,
    Infusion,
    InfusionHappening,
    Microbiology,
    Phenotype,
    Processing,
    ReagentLot,
    Release,
    ReleaseEvaluation,
    Viability,
)
from studyportal.crf.outcomes import NotDerivable

# Everything that is recorded under a product, by the related name: one query each, whatever the number of products.
# The releases among them come with whether they are signed (`with_records`).
PRODUCT_RECORDS = (
    "hand_overs",
    "readings",
    "containers",
    "containers__aliquots",
    "identity_checks",
    "processings",
    "reagent_lots",
    "cell_counts",
    "phenotypes",
    "viabilities",
    "microbiology",
    "evaluations",
    "infusions",
    "infusions__observations",
    "infusions__happenings",
    "discards",
)


@dataclass(frozen=True)
class ProductFile:
    """A product with all its records, read once. Single records are None until they are entered."""

    product: CellProduct
    hand_overs: tuple[HandOver, ...]
    readings: tuple[IdentityReading, ...]
    containers: tuple[Container, ...]
    identity_checks: tuple[IdentityCheck, ...]
    processing: Processing | None
    reagent_lots: tuple[ReagentLot, ...]
    counts: CellCounts | None
    phenotype: Phenotype | None
    viability: Viability | None
    microbiology: Microbiology | None
    evaluation: ReleaseEvaluation | None
    decision: Release | None
    infusion: Infusion | None
    happenings_of_infusion: tuple[InfusionHappening, ...]
    observations: tuple[Any, ...]
    discard: Discard | None

    @classmethod
    def of(cls, product: CellProduct) -> ProductFile:
        """From a product fetched by `with_records` (no query), or any other (one query per kind of record)."""

        def only(name: str) -> Any:
            return next(iter(getattr(product, name).all()), None)

        infusion = only("infusions")
        evaluations = sorted(product.evaluations.all(), key=lambda one: one.pk)
        return cls(
            product=product,
            hand_overs=tuple(sorted(product.hand_overs.all(), key=_received_order)),
            readings=tuple(sorted(product.readings.all(), key=lambda one: one.pk)),
            containers=tuple(product.containers.all()),
            identity_checks=tuple(sorted(product.identity_checks.all(), key=_checked_order)),
            processing=only("processings"),
            reagent_lots=tuple(product.reagent_lots.all()),
            counts=only("cell_counts"),
            phenotype=only("phenotypes"),
            viability=only("viabilities"),
            microbiology=only("microbiology"),
            evaluation=evaluations[-1] if evaluations else None,
            decision=only("releases"),
            infusion=infusion,
            happenings_of_infusion=tuple(infusion.happenings.all()) if infusion else (),
            observations=tuple(infusion.observations.all()) if infusion else (),
            discard=only("discards"),
        )

    @property
    def harvest(self) -> Harvest:
        return self.product.harvest

    @property
    def session(self) -> CellSession:
        return self.product.harvest.session

    @property
    def to_laboratory(self) -> HandOver | None:
        """The way from the theatre to the laboratory; the last when it was recorded anew."""
        return next((one for one in reversed(self.hand_overs) if one.leg == "to_laboratory"), None)

    @cached_property
    def verified(self) -> Mapping[str, rules.Verified]:
        """Step → what was read there: by two signed-in people, or as the source of a transcribed case names them."""
        return rules.verification(self.readings, self.identity_checks)

    @cached_property
    def identity(self) -> dict[str, Identity]:
        """What gates ask of each step: a mismatch is mended by reading again; one reading alone is no check yet."""
        return {
            step: Identity(one.matches, one.said)
            for step, one in self.verified.items()
            if one.matches is not None or not one.by_readings
        }

    @cached_property
    def life(self) -> Life:
        return lifecycle.live(self.happenings())

    def happenings(self, *, without_infusion: bool = False) -> Iterable[Happening]:
        """What is recorded, in the order of the steps."""
        yield Happening(State.HARVESTED, self.harvest.ended_at)
        if self.to_laboratory is not None:
            yield Happening(State.RECEIVED, self.to_laboratory.received_at)
        if self.processing is not None:
            yield Happening(State.PROCESSED, self.processing.ended_at)
        if self.evaluation is not None:
            yield Happening(State.QUARANTINED, self.evaluation.evaluated_at)
        if self.decision is not None and self.decision.decision:
            step = State.REJECTED if self.decision.decision == "rejected" else State.RELEASED
            yield Happening(step, self.decision.released_at)
        issued = self.verified.get("issue")
        if issued is not None and issued.ever_matched:
            yield Happening(State.ISSUED, issued.matched_at)
        if self.infusion is not None and not without_infusion:
            yield Happening(State.INFUSED, self.infusion.started_at)
        if self.discard is not None:
            yield Happening(State.DISCARDED, self.discard.discarded_at)

    @cached_property
    def is_signed(self) -> bool:
        """Whether the decision bears a signature that stands; False while there is none."""
        return self.decision is not None and signed.is_signed(self.decision)

    @cached_property
    def expires_at(self) -> dt.datetime | NotDerivable:
        storage = self.processing.storage if self.processing else None
        return rules.expires_at(self.harvest.ended_at, storage, stated.shelf_lives(self.product.component))

    @cached_property
    def results(self) -> Mapping[str, release.Measured]:
        """Release criterion → what was found."""
        micro = self.microbiology
        cultures = None
        if micro is not None:
            cultures = release.Cultures(
                {name: getattr(micro, name) for name in rules.CULTURES},
                release.culture_days(micro.sampled_on, micro.read_on),
            )
        return {
            "viability": self.viability.viability_percent if self.viability else None,
            "endotoxin": _found(micro, "endotoxin_per_kg"),
            "gram_stain": micro.gram_stain if micro else None,
            "sterility": cultures,
            "tnc": self.counts.tnc if self.counts else None,
            "mnc": self.counts.mnc if self.counts else None,
            "viable": self.counts.viable if self.counts else None,
            "cells_per_ml": _found(self.counts, "cells_per_ml"),
            "cd34": self.phenotype.cd34_percent if self.phenotype else None,
            "cd45": self.phenotype.cd45_percent if self.phenotype else None,
            "final_volume": self.processing.final_volume_ml if self.processing else None,
        }

    @cached_property
    def judged(self) -> tuple[release.Evaluated, ...]:
        """The release criteria as the results are now; the evidence of a decision is its evaluation."""
        return release.evaluate(stated.criteria_of(self.product.component), self.results)

    @property
    def evaluation_is_current(self) -> bool:
        return self.evaluation is not None and self.evaluation.fingerprint == release.fingerprint(self.judged)


def _received_order(one: HandOver) -> tuple[dt.datetime, int]:
    return one.received_at or dt.datetime.min.replace(tzinfo=dt.UTC), one.pk


def _checked_order(check: IdentityCheck) -> tuple[dt.datetime, int]:
    return check.checked_at or dt.datetime.min.replace(tzinfo=dt.UTC), check.pk


def _found(record: Any, name: str) -> release.Measured:
    """A derived value, or why it is not derivable as its record says."""
    if record is None:
        return None
    value = getattr(record, name)
    if value is None:
        why = record.absent_reason(name).partition(":")[2].strip()
        return NotDerivable(why or "not recorded")
    return value  # type: ignore[no-any-return]


def with_records(products: QuerySet[CellProduct]) -> QuerySet[CellProduct]:
    """Products with everything that a ProductFile reads, in a fixed number of queries; given twice, it is once."""
    products = products.select_related("participant", "site", "harvest__session").prefetch_related(None)
    return products.prefetch_related(
        *PRODUCT_RECORDS, Prefetch("releases", signed.with_signature(Release.objects.all()))
    )


def product_file(product_id: int) -> ProductFile:
    """The file of one product, read afresh: for gates, derivations and actions."""
    return ProductFile.of(with_records(CellProduct.objects.all()).get(pk=product_id))
