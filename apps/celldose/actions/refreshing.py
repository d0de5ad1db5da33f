"""What rests on a record that was saved: derived values and deviations, made to agree."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from apps.celldose import breaches
from apps.celldose.models import (
    CellProduct,
    CellSession,
    DosePlan,
    Harvest,
)
from apps.celldose.stated import day_of_infusion, weight_of
from studyportal.access.models import User
from studyportal.crf import actions as crf
from studyportal.crf.outcomes import NotDerivable

# Which records rest on which: after a save of the first, the derived values of the others are computed again.
RESTS_ON: dict[str, tuple[str, ...]] = {
    "harvest": ("processings", "reagent_lots", "cell_counts", "microbiology", "infusions"),
    "cell-product": ("identity_checks", "processings", "infusions"),
    "hand-over": ("hand_overs", "processings"),
    "processing": ("reagent_lots", "cell_counts", "viabilities", "microbiology", "infusions", "containers"),
    "reagent-lot": ("processings",),
    "cell-counts": ("phenotypes", "infusions"),
    "phenotype": ("infusions",),
    "viability": ("cell_counts", "infusions"),
    "microbiology": ("infusions",),
    "infusion": ("microbiology",),
}


def refresh_after(*, record: Any, form: str, by: User | None) -> None:
    """Compute again what rests on a saved record, and raise or withdraw the deviations of all concerned."""
    breaches.note(record, by=by)
    if isinstance(record, CellSession):
        for later in CellSession.objects.filter(
            participant_id=record.participant_id, number__gt=record.number or 0
        ):
            crf.rederive(later, reason=_("An earlier session changed"))
            breaches.note(later, by=by)
        for plan in record.dose_plans.all():
            crf.rederive(plan, reason=_("The session changed"))
        return
    if isinstance(record, DosePlan):
        _follow_plan(record, by=by)
        return
    products = list(record.products.all()) if isinstance(record, Harvest) else [_product_of(record)]
    for product in products:
        if product is not None:
            _rederive(product, RESTS_ON.get(form, ()), reason=_("The form “%s” changed") % form, by=by)


def _follow_plan(plan: DosePlan, *, by: User | None) -> None:
    """The planned dose of the product follows its plan until it is infused."""
    found = CellProduct.objects.filter(harvest__session_id=plan.session_id, component=plan.component or "")
    for product in found:
        if crf.rederive(product, reason=_("The dose plan changed")):
            _rederive(product, ("infusions",), reason=_("The dose plan changed"), by=by)


def refresh_weight(*, participant_id: int, by: User | None) -> None:
    """Body weight was measured or corrected: plans, doses per kg and EU per kg rest on it.

    Most weights are of another day than the session's: what stands on the same weight as before is left alone.
    """
    reason = _("The weight changed")
    for plan in DosePlan.objects.filter(participant_id=participant_id):
        crf.rederive(plan, reason=reason)
    found = CellProduct.objects.filter(participant_id=participant_id).select_related(
        "harvest__session", "site"
    )
    for product in found.prefetch_related("infusions"):
        infusion = next(iter(product.infusions.all()), None)
        if infusion is not None:
            weight = weight_of(participant_id, day_of_infusion(infusion))
            known = (None, None) if isinstance(weight, NotDerivable) else (weight.kg, weight.on)
            if (infusion.weight_kg, infusion.weight_on) == known:
                continue
        _rederive(product, ("microbiology", "infusions"), reason=reason, by=by)


def _product_of(record: Any) -> CellProduct | None:
    if isinstance(record, CellProduct):
        return record
    product: CellProduct | None = getattr(record, "product", None)
    return product


def _rederive(product: CellProduct, names: tuple[str, ...], *, reason: str, by: User | None) -> None:
    for name in names:
        for record in getattr(product, name).all():
            crf.rederive(record, reason=reason)
            breaches.note(type(record)._default_manager.get(pk=record.pk), by=by)
