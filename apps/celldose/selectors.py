"""Reads of cell sessions and products, scoped to the user, and the facts that rules and gates judge."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import lifecycle, release, rules
from apps.celldose.lifecycle import Happening, Identity, Life, State
from apps.celldose.models import (
    CellCounts,
    CellProduct,
    CellSession,
    Discard,
    DonorTests,
    Harvest,
    IdentityCheck,
    Infusion,
    Microbiology,
    Phenotype,
    Processing,
    ReagentLot,
    Release,
    ReleaseEvaluation,
    Transport,
    Viability,
)
from apps.consent.selectors import Procedure
from apps.visits.models import VitalSigns
from studyportal import protocol
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.outcomes import NotDerivable
from studyportal.crf.partial_date import PartialDate

# Everything that is recorded under a product, by the related name: one query each, whatever the number of products.
PRODUCT_RECORDS = (
    "transports",
    "identity_checks",
    "processings",
    "reagent_lots",
    "cell_counts",
    "phenotypes",
    "viabilities",
    "microbiology",
    "evaluations",
    "releases",
    "infusions",
    "infusions__observations",
    "discards",
)


@dataclass(frozen=True)
class ProductFile:
    """A product with all its records, read once. Single records are None until they are entered."""

    product: CellProduct
    transport: Transport | None
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
            transport=only("transports"),
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
            observations=tuple(infusion.observations.all()) if infusion else (),
            discard=only("discards"),
        )

    @property
    def harvest(self) -> Harvest:
        return self.product.harvest

    @property
    def session(self) -> CellSession:
        return self.product.harvest.session

    @cached_property
    def identity(self) -> dict[str, Identity]:
        """The newest check of each step: a mismatch is mended by checking again, not by editing."""
        newest: dict[str, Identity] = {}
        for check in self.identity_checks:
            if check.step:
                said = (
                    ""
                    if check.matches
                    else f"read “{check.identifier_read}” for {check.participant_code_read}"
                )
                newest[check.step] = Identity(check.matches, said)
        return newest

    @cached_property
    def life(self) -> Life:
        return lifecycle.live(self.happenings())

    def happenings(self, *, without_infusion: bool = False) -> Iterable[Happening]:
        """What is recorded, in the order of the steps."""
        yield Happening(State.HARVESTED, self.harvest.ended_at)
        if self.transport is not None:
            yield Happening(State.RECEIVED, self.transport.received_at)
        if self.processing is not None:
            yield Happening(State.PROCESSED, self.processing.ended_at)
        if self.evaluation is not None:
            yield Happening(State.QUARANTINED, self.evaluation.evaluated_at)
        if self.decision is not None and self.decision.decision:
            step = State.REJECTED if self.decision.decision == "rejected" else State.RELEASED
            yield Happening(step, self.decision.released_at)
        issued = [check for check in self.identity_checks if check.step == "issue" and check.matches]
        if issued:
            yield Happening(State.ISSUED, issued[-1].checked_at)
        if self.infusion is not None and not without_infusion:
            yield Happening(State.INFUSED, self.infusion.started_at)
        if self.discard is not None:
            yield Happening(State.DISCARDED, self.discard.discarded_at)

    @cached_property
    def expires_at(self) -> dt.datetime | NotDerivable:
        storage = self.processing.storage if self.processing else None
        return rules.expires_at(self.harvest.ended_at, storage, shelf_lives(self.product.component))

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
        return release.evaluate(criteria_of(self.product.component), self.results)

    @property
    def evaluation_is_current(self) -> bool:
        return self.evaluation is not None and self.evaluation.fingerprint == release.fingerprint(self.judged)


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
    """Products with everything that a ProductFile reads, in a fixed number of queries."""
    return products.select_related("participant", "site", "harvest__session").prefetch_related(
        *PRODUCT_RECORDS
    )


def product_file(product_id: int) -> ProductFile:
    """The file of one product, read afresh: for gates, derivations and actions."""
    return ProductFile.of(with_records(CellProduct.objects.all()).get(pk=product_id))


# --- scoped reads ---------------------------------------------------------------------------------------


def sessions_of(
    participant: Any, user: User, permission: Permission = Permission.VIEW_DATA
) -> list[CellSession]:
    """The participant's sessions with harvests, products and all their records, by number: a fixed number of queries."""
    products = with_records(CellProduct.objects.order_by("component"))
    return list(
        CellSession.objects.visible_to(user, permission)
        .filter(participant=participant)
        .select_related("participant", "site")
        .prefetch_related(
            Prefetch(
                "harvests",
                Harvest.objects.order_by("tissue").prefetch_related(Prefetch("products", products)),
            ),
            Prefetch("donor_tests", DonorTests.objects.all()),
        )
        .order_by("number")
    )


def session_before(session: CellSession) -> CellSession | None:
    if session.number is None:
        return None
    return (
        CellSession.objects.filter(participant_id=session.participant_id, number__lt=session.number)
        .order_by("-number")
        .first()
    )


def session_or_404(participant: Any, number: int, user: User, permission: Permission) -> CellSession:
    for session in sessions_of(participant, user, permission):
        if session.number == number:
            return session
    raise Http404(_("%(code)s has no session %(number)d.") % {"code": participant.code, "number": number})


def products_of(user: User, permission: Permission = Permission.VIEW_DATA) -> QuerySet[CellProduct]:
    return with_records(CellProduct.objects.visible_to(user, permission)).order_by("id")


def files_of_session(session: CellSession) -> list[ProductFile]:
    """The files of the products of a session from `sessions_of`, bone marrow first; no query."""
    found = [
        ProductFile.of(product) for harvest in session.harvests.all() for product in harvest.products.all()
    ]
    return sorted(found, key=lambda file: file.product.component or "")


# --- the protocol in the terms of the rules -------------------------------------------------------------


def interval() -> rules.Interval:
    asked = protocol.current().sessions.interval
    return rules.Interval(int(asked.target_days), int(asked.days_before), int(asked.days_after))


def planned_range(component: str | None) -> tuple[Decimal, Decimal] | None:
    dose = protocol.current().dose_ranges.get(component or "")
    return None if dose is None else (dose.minimum, dose.maximum)


def shelf_lives(component: str | None) -> tuple[rules.ShelfLife, ...]:
    limits = protocol.current().expiry.get(component or "") or {}
    return tuple(
        rules.ShelfLife(Decimal(limit.hours), None if limit.storage == "any" else limit.storage)
        for limit in limits.values()
    )


def criteria_of(component: str | None) -> tuple[release.Criterion, ...]:
    stated = protocol.current().release_criteria.get(component or "") or {}
    return tuple(
        release.Criterion(
            key=one.key,
            label=one.label,
            specification=one.specification,
            unit=getattr(one, "unit", ""),
            minimum=one.limit if one.kind == "at_least" else None,
            maximum=one.limit if one.kind == "at_most" else None,
            wanted=getattr(one, "expected", ""),
            days=getattr(one, "days", 14),
            may_be_pending=one.pending_allowed,
        )
        for one in stated.values()
    )


# --- days and weights -----------------------------------------------------------------------------------


def local_day(moment: dt.datetime | None, site: Any) -> dt.date | None:
    """The day of a moment at the site: 20:00 UTC is already tomorrow in Mumbai."""
    return None if moment is None else timezone.localtime(moment, zoneinfo.ZoneInfo(site.timezone)).date()


def day_of_harvest(harvest: Harvest) -> PartialDate | None:
    """The day of a harvest as far as it is known: by its own time, else by its session."""
    day = local_day(harvest.started_at or harvest.ended_at, harvest.site)
    return PartialDate.of(day) if day else harvest.session.performed_on


def day_of_infusion(infusion: Infusion) -> PartialDate | None:
    day = local_day(infusion.started_at, infusion.site)
    return PartialDate.of(day) if day else infusion.product.harvest.session.performed_on


def weight_on(participant_id: int, day: PartialDate | None) -> Decimal | NotDerivable:
    """The weight measured on that very day; the last one entered when there are several."""
    exact = day.exact if day is not None else None
    if exact is None:
        return NotDerivable("day of the session missing, so no same-day weight")
    # An empty day of measurement means the day of the visit.
    that_day = Q(taken_on=exact) | Q(taken_on__isnull=True, visit__happened_on=exact)
    weight = (
        VitalSigns.objects.filter(that_day, participant_id=participant_id, weight__isnull=False)
        .order_by("-id")
        .values_list("weight", flat=True)
        .first()
    )
    return NotDerivable("same-day weight missing") if weight is None else weight


def procedures_of(participant_ids: Collection[int]) -> dict[int, list[Procedure]]:
    """Harvests and infusions of the participants, as the consent findings ask for them: two queries."""
    found: dict[int, list[Procedure]] = defaultdict(list)
    harvests = Harvest.objects.filter(participant_id__in=participant_ids).select_related("session", "site")
    for harvest in harvests.order_by("id"):
        found[harvest.participant_id].append(
            Procedure(
                what=_("%(form)s, session %(number)s") % {"form": harvest, "number": harvest.session.number},
                kind="harvest",
                on=day_of_harvest(harvest),
                session_number=harvest.session.number,
                at=harvest.started_at,
            )
        )
    infusions = Infusion.objects.filter(participant_id__in=participant_ids).select_related(
        "product__harvest__session", "site"
    )
    for infusion in infusions.order_by("id"):
        session = infusion.product.harvest.session
        found[infusion.participant_id].append(
            Procedure(
                what=_("Infusion of %(product)s, session %(number)s")
                % {"product": infusion.product, "number": session.number},
                kind="infusion",
                on=day_of_infusion(infusion),
                session_number=session.number,
                at=infusion.started_at,
            )
        )
    return dict(found)
