"""A product with all its records, read in a fixed number of queries, and what follows from them together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import lifecycle, reagents, release, rules, signed, stated
from apps.celldose.history import is_history
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
from apps.celldose.rules import identity
from studyportal import protocol
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.words import said

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
    evaluation: ReleaseEvaluation | None  # the newest
    evaluations: tuple[ReleaseEvaluation, ...]
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
            evaluations=tuple(evaluations),
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
        return rules.verification(
            [one for one in self.readings if self._still_reads(one)], self.identity_checks
        )

    def _still_reads(self, one: IdentityReading) -> bool:
        """A reading of a label that is not this product's any more counts no longer: its identifier was changed since."""
        return (
            not one.matches
            or self.infusion is not None
            or identity.same_identifier(
                one.identifier_read,
                self.product.product_identifier,
                [held.identifier for held in self.containers],
            )
        )

    @cached_property
    def identity(self) -> dict[str, Identity]:
        """What gates ask of each step: a mismatch is mended by reading again; one reading alone is no check yet."""
        return {
            step: Identity(
                one.matches, one.said, stated.at_site(one.at, self.product.site) if one.by_readings else None
            )
            for step, one in self.verified.items()
            if one.matches is not None or not one.by_readings
        }

    @cached_property
    def life(self) -> Life:
        """Where the product stands. One that must stand apart is in quarantine, whatever was decided before."""
        found = lifecycle.live(self.happenings())
        return replace(found, state=State.QUARANTINED) if self.quarantine else found

    def happenings(self, *, without_infusion: bool = False) -> Iterable[Happening]:
        """What is recorded, in the order of the steps."""
        yield Happening(State.HARVESTED, self.harvest.ended_at)
        if self.to_laboratory is not None:
            yield Happening(State.RECEIVED, self.to_laboratory.received_at)
        if self.processing is not None:
            yield Happening(State.PROCESSED, self.processing.ended_at)
        if self.evaluation is not None:
            yield Happening(State.QUARANTINED, self.evaluation.evaluated_at)
        if self.decision is not None and self.decision.decision and (self.is_signed or self.is_history):
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
    def seen_at(self) -> dt.datetime:
        """The moment at which the product is looked at."""
        return _now()

    @property
    def is_history(self) -> bool:
        return is_history(self.product.participant, self.session.performed_on)

    @cached_property
    def quarantine(self) -> tuple[Problem, ...]:
        """Why the product must stand apart now, in words; empty when it need not. Nothing of a transcribed case does."""
        if self.is_history:
            return ()
        zone, expiry, decision = ZoneInfo(self.product.site.timezone), self.expires_at, self.decision
        use_by = decision.use_by if decision else None
        return lifecycle.quarantine(
            lifecycle.QuarantineFacts(
                product=str(self.product),
                life=lifecycle.live(self.happenings()),
                decision=decision.decision if decision else None,
                signed=self.is_signed,
                failing=self.failing,
                grown=tuple(release.GROWN[name] for name in self.grown),
                expires_at=expiry if isinstance(expiry, NotDerivable) else timezone.localtime(expiry, zone),
                now=self.seen_at,
                use_by=None if use_by is None else timezone.localtime(use_by, zone),
            )
        )

    @property
    def evaluation_of_decision(self) -> ReleaseEvaluation | None:
        """The evaluation that the decision stands on."""
        if self.decision is None:
            return None
        return next((one for one in self.evaluations if one.pk == self.decision.evaluation_id), None)

    @cached_property
    def failing(self) -> tuple[str, ...]:
        """Criteria that fail as the results are now, without those that an exceptional release answers for as they were."""
        answered: set[tuple[str, str]] = set()
        evaluation = self.evaluation_of_decision
        if self.decision is not None and self.decision.decision == "exceptional" and evaluation is not None:
            judged = release.from_json(evaluation.criteria)
            answered = {(one.key, one.result) for one in judged if one.outcome == release.FAIL}
        return tuple(
            one.label
            for one in self.judged
            if one.outcome == release.FAIL and (one.key, one.result) not in answered
        )

    @cached_property
    def undone(self) -> tuple[str, ...]:
        """What the decision rested on and is no longer so, in words: results taken back, an expiry that is later now."""
        made = self.evaluation_of_decision
        if self.decision is None or made is None:
            return ()
        then = {one.key: one.outcome for one in release.from_json(made.criteria)}
        found = [
            _("%(criterion)s has no result any more") % {"criterion": one.label}
            for one in self.judged
            if one.outcome == release.NOT_EVALUABLE and then.get(one.key) != release.NOT_EVALUABLE
        ]
        if self.decision.decision == "released":
            found += [
                _("%(criterion)s is pending again") % {"criterion": one.label}
                for one in self.judged
                if one.outcome == release.PENDING and then.get(one.key) == release.PASS
            ]
        expiry = self.expires_at
        if (
            self.decision.use_by is None
            and made.expires_at is not None
            and not isinstance(expiry, NotDerivable)
            and expiry > made.expires_at
        ):
            found.append(_("the expiry is later than it was then"))
        return tuple(found)

    @property
    def grown(self) -> tuple[str, ...]:
        """The cultures that grew, and gram_stain when an organism was seen."""
        return release.grown(self.microbiology)

    @property
    def grown_late(self) -> tuple[str, ...]:
        """Those of them that the decision on the product did not know of: it was released, or infused, before."""
        decision = self.decision.decision if self.decision else None
        if self.is_history or (decision not in lifecycle.LETS_INFUSE and self.infusion is None):
            return ()
        evaluation = self.evaluation_of_decision
        known = {one.key: one for one in release.from_json(evaluation.criteria)} if evaluation else {}
        return release.not_known(self.grown, known)

    @cached_property
    def expired_lots(self) -> tuple[Problem, ...]:
        """What of the reagents, the enzyme included, had expired when they were used."""
        return reagents.expired(self.product, self.processing, self.reagent_lots)

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
        return self.evaluation is not None and not self.outdated

    @cached_property
    def outdated(self) -> str:
        """What changed since the criteria were evaluated, in words; empty when nothing did, or nothing is evaluated."""
        made = self.evaluation
        if made is None:
            return ""
        if made.fingerprint != release.fingerprint(self.judged):
            return _("A result changed since the criteria were evaluated")
        if self.infusion is not None or self.discard is not None:
            return ""  # what came of it is history: a later protocol does not judge it again
        version = protocol.current().version
        if made.protocol_version != version:
            return _(
                "The criteria were evaluated by protocol version %(then)s, and %(now)s is in force now"
            ) % {"then": made.protocol_version, "now": version}
        expiry = self.expires_at
        if made.expires_at != (None if isinstance(expiry, NotDerivable) else expiry):
            return _("The expiry changed since the criteria were evaluated")
        return ""


def _now() -> dt.datetime:
    return timezone.now()


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
        return NotDerivable(why or said("not recorded"))
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
