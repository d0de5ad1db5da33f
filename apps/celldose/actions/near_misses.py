"""What would have harmed and was stopped, kept although what was tried is not."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.celldose.models import CellProduct, NearMiss
from studyportal.access.models import User
from studyportal.audit import acting

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
