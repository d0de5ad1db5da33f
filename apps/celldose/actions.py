"""Writes that are more than saving one form. Each is one transaction, audited, and checks what its form checks."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import breaches, crfs, release
from apps.celldose.models import (
    CellProduct,
    CellSession,
    Harvest,
    Release,
    ReleaseEvaluation,
)
from apps.celldose.product_file import product_file
from apps.celldose.rules import COMPONENT_OF_TISSUE
from apps.celldose.stated import day_of_infusion, weight_on
from studyportal import protocol
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf import actions as crf
from studyportal.crf.errors import Refused
from studyportal.crf.outcomes import NotDerivable, Problem


@transaction.atomic
def plan_session(
    *,
    participant: Any,
    by: User,
    planned_on: dt.date | str | None = None,
    number: int | None = None,
    **stated: Any,
) -> CellSession:
    """Open the participant's next session, planned or already performed.

    Without a number it takes the one after the highest. stated: further fields of the form (`performed_on`,
    `remarks`, `absent`); a session without date is kept as planned, its date pending. Raises CrfInvalid when
    the number is taken, Refused for a participant who is not treated in the study.
    """
    # The participant's row is the lock: two people who plan at once get two numbers, not one error.
    type(participant)._default_manager.select_for_update(of=("self",)).get(pk=participant.pk)
    if number is None:
        last = CellSession.objects.filter(participant=participant).order_by("-number").first()
        number = (last.number or 0) + 1 if last else 1
    planned = planned_on.isoformat() if isinstance(planned_on, dt.date) else planned_on
    raw = {"number": number, "planned_on": planned} | stated
    still_planned = not raw.get("performed_on") and not raw.get("absent")
    if still_planned:
        raw["absent"] = {"performed_on": "pending"}
    session: CellSession = crf.save(
        crfs.CELL_SESSION, raw=raw, participant=participant, by=by, complete=not still_planned
    )
    return session


@transaction.atomic
def create_product(
    *,
    harvest: Harvest,
    product_identifier: str | None,
    by: User,
    autologous_only: bool | None = True,
    component: str | None = None,
    absent: dict[str, str] | None = None,
) -> CellProduct:
    """Make the product of a harvest: its component follows the tissue, its planned dose the protocol."""
    if harvest.tissue is None:
        raise Refused([Problem("harvest", "tissue_missing", _("Record which tissue was harvested first."))])
    product: CellProduct = crf.save(
        crfs.CELL_PRODUCT,
        raw={
            "component": component or COMPONENT_OF_TISSUE[harvest.tissue],
            "product_identifier": product_identifier,
            "autologous_only": autologous_only,
            "absent": absent or {},
        },
        parents={"harvest": harvest},
        by=by,
    )
    return product


@transaction.atomic
def evaluate_release(*, product: CellProduct, by: User) -> ReleaseEvaluation:
    """Judge the release criteria by the results recorded now, and keep the judgement as evidence.

    Evaluating again without a changed result gives the evaluation that is there: one fact, one row.
    """
    CellProduct.objects.select_for_update(of=("self",)).get(pk=product.pk)
    file = product_file(product.pk)
    if file.discard is not None:
        raise Refused([Problem("product", "discarded", _("This product has been discarded."))])
    if file.evaluation is not None and file.evaluation_is_current:
        return file.evaluation
    with acting(user=by):
        return ReleaseEvaluation.objects.create(
            site_id=product.site_id,
            participant_id=product.participant_id,
            product=product,
            evaluated_at=timezone.now(),
            evaluated_by=by,
            criteria=release.as_json(file.judged),
            fingerprint=release.fingerprint(file.judged),
            protocol_version=protocol.current().version,
        )


@transaction.atomic
def sign_release(*, record: Release, by: User | None) -> Release:
    """Tie a decision to the evaluation that it stands on and to whoever took it. Runs with every save of it."""
    evaluation = ReleaseEvaluation.objects.filter(product_id=record.product_id).order_by("-id").first()
    if record.evaluation_id != (evaluation.pk if evaluation else None) or record.released_by_id != (
        by.pk if by else None
    ):
        record.evaluation, record.released_by = evaluation, by
        record.save(update_fields=["evaluation", "released_by"])
    return record


# Which records rest on which: after a save of the first, the derived values of the others are computed again.
RESTS_ON: dict[str, tuple[str, ...]] = {
    "harvest": ("processings", "cell_counts", "microbiology", "infusions"),
    "cell-product": ("identity_checks", "processings", "infusions"),
    "processing": ("reagent_lots", "microbiology", "infusions"),
    "cell-counts": ("infusions",),
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
        return
    products = list(record.products.all()) if isinstance(record, Harvest) else [_product_of(record)]
    for product in products:
        if product is not None:
            _rederive(product, RESTS_ON.get(form, ()), reason=_("The form “%s” changed") % form, by=by)


def refresh_weight(*, participant_id: int, by: User | None) -> None:
    """Body weight was measured or corrected: doses per kg and EU per kg rest on it.

    Most weights are of another day than the session's: what stands on the same weight as before is left alone.
    """
    found = CellProduct.objects.filter(participant_id=participant_id).select_related(
        "harvest__session", "site"
    )
    for product in found.prefetch_related("infusions"):
        infusion = next(iter(product.infusions.all()), None)
        if infusion is not None:
            weight = weight_on(participant_id, day_of_infusion(infusion))
            if infusion.weight_kg == (None if isinstance(weight, NotDerivable) else weight):
                continue
        _rederive(product, ("microbiology", "infusions"), reason=_("The same-day weight changed"), by=by)


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
