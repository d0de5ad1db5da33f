"""What would have harmed and was stopped, kept although what was tried is not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose.models import CellProduct, NearMiss
from apps.celldose.rules.identity import NEAR_MISSES
from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.outcomes import Problem

# Pressing the button again is not a second near miss.
SAME_WITHIN = dt.timedelta(minutes=10)


@transaction.atomic
def note(
    *, product: CellProduct, step: str, code: str, message: str, said: str = "", by: User | None
) -> NearMiss:
    """Keep a near miss of the product. Call it when nothing is rolled back around it (`crf.afterwards.run`).

    step: the key of the form, or the step of an identity check; said: what was read or typed, as it was. The same person
    trying the same thing again within ten minutes is one near miss.
    """
    step, code, said = step[:20], code[:60], said[:200]
    same: Any = {"product": product, "step": step, "code": code, "said": said, "by": by}
    before = NearMiss.objects.filter(**same, at__gt=timezone.now() - SAME_WITHIN).first()
    if before is not None:
        return before
    with acting(user=by):
        return NearMiss.objects.create(
            site_id=product.site_id, participant_id=product.participant_id, message=message, **same
        )


def note_refused(*, form: str, record: Any, problems: Iterable[Problem], by: User | None) -> None:
    """Keep what of a refused form would have harmed. A form that belongs to no product yet has none to harm by."""
    harmful = [one for one in problems if one.code in NEAR_MISSES]
    product = product_of(record) if harmful else None
    if product is None:
        return
    for one in harmful:
        other = one.code == "other_participant"
        said = record.participant.code if other else ""
        message = (
            _("%(form)s of %(code)s with %(product)s, which belongs to %(owner)s.")
            % {"form": form, "code": said, "product": product, "owner": product.participant.code}
            if other
            else one.message
        )
        note(product=product, step=form, code=one.code, message=message, said=said, by=by)


def product_of(record: Any) -> CellProduct | None:
    """The product that a record of any form is about, through its parents; None for one that is not saved."""
    if isinstance(record, CellProduct):
        return record if record.pk else None
    for name in ("product", "container", "infusion"):
        if getattr(record, f"{name}_id", None) is not None:
            return product_of(getattr(record, name)) if name != "product" else record.product
    return None
