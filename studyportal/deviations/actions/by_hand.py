"""A person reports a deviation that no rule can see."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.audit import acting
from studyportal.crf.errors import Refused
from studyportal.crf.outcomes import Problem
from studyportal.deviations.models import Deviation, DeviationState
from studyportal.deviations.typed import Typed

# The code of what a person saw. Other codes with a person behind them follow from another act, such as an override.
HAND = "reported"


@transaction.atomic
def raise_by_hand(
    *,
    participant: Any,
    description: str,
    classification: str,
    by: User,
    code: str = HAND,
    kind: str = "other",
    occurred_on: dt.date | str | None = None,
    form: str = "",
    object_id: int | None = None,
) -> Deviation:
    """Report a deviation of a participant. form and object_id: the record that it is about, if there is one.

    Raises CrfInvalid with a problem for each value, Refused when the same is reported and open already.
    """
    typed = Typed(site=participant.site)
    words = typed.text("description", description, needed=True)
    day = typed.day("occurred_on", occurred_on)
    of_class, of_kind = typed.classification(classification), typed.kind(kind)
    if code == HAND:
        typed.nobody_named(participant, {"description": words}, by)
    typed.settle()
    same = Deviation.objects.filter(
        participant=participant,
        code=code,
        description=words,
        occurred_on=day,
        form=form,
        object_id=object_id,
        raised_by__isnull=False,
        state=DeviationState.OPEN,
    ).first()
    if same is not None and code == HAND:
        said = _("This is reported already, as deviation %d. Add what is new there.") % same.pk
        raise Refused([Problem("description", "reported_already", said)])
    with acting(user=by, reason=_("Deviation reported")):
        return Deviation.objects.create(
            site_id=participant.site_id,
            participant=participant,
            form=form,
            object_id=object_id,
            code=code,
            description=words,
            classification=of_class,
            kind=of_kind,
            occurred_on=day,
            raised_by=by,
        )
