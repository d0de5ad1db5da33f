"""Opening a session and making the product of a harvest."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.celldose import crfs
from apps.celldose.models import (
    CellProduct,
    CellSession,
    Harvest,
)
from apps.celldose.rules import COMPONENT_OF_TISSUE
from studyportal.access.models import User
from studyportal.crf import actions as crf
from studyportal.crf.errors import Refused
from studyportal.crf.outcomes import Problem


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
