"""What pages show of identity and custody. Reads only what a ProductFile holds; no query.

{% include "celldose/_reading.html" with reading=reading only %}    reading_context(file, step, user)
{% include "celldose/_custody.html" with custody=custody only %}    custody_context(file, user)
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose.models import IdentityStep
from apps.celldose.product_file import ProductFile
from apps.celldose.rules.identity import Verified, Waiting
from studyportal import protocol
from studyportal.access.models import User
from studyportal.access.permissions import Permission


@dataclass(frozen=True)
class ReadingState:
    """The check of one step, as a page shows it.

    state: a key of `ui.states`: passed, failed, waiting_person or not_started. text: in words what stands or is to be
    done. waiting: the first reading of another person that this user may answer. url: the page of the check, empty when
    the user may not read.
    """

    step: str
    label: str
    state: str
    text: str
    people: str
    at: dt.datetime | None
    waiting: Waiting | None
    url: str

    @property
    def is_done(self) -> bool:
        return self.state == "passed"


def reading_context(file: ProductFile, step: str, user: User) -> ReadingState:
    """What `celldose/_reading.html` shows of the check at a step."""
    held = file.verified.get(step)
    over = file.infusion is not None or file.discard is not None
    may = user.may(Permission.HANDLE_PRODUCTS, file.product.site_id) and not over
    waiting = waiting_for(held, user)
    state, text = _said(held, waiting)
    return ReadingState(
        step=step,
        label=str(IdentityStep(step).label),
        state=state,
        text=text,
        people=_(" and ").join(held.people) if held else "",
        at=held.at if held else None,
        waiting=waiting,
        url=reverse("celldose:identity", args=[file.product.pk, step]) if may else "",
    )


def waiting_for(held: Verified | None, user: User) -> Waiting | None:
    """The newest first reading of somebody else that is still in time for a second one now."""
    if held is None:
        return None
    since = timezone.now() - dt.timedelta(minutes=protocol.current().custody.identity_minutes)
    return next((one for one in reversed(held.waiting) if one.reader != user.pk and one.at >= since), None)


def _said(held: Verified | None, waiting: Waiting | None) -> tuple[str, str]:
    if held is not None and held.matches:
        return "passed", ""
    if held is not None and held.matches is False:
        return "failed", _("Does not match: %s. Stop, find out, then two people read again.") % held.said
    if waiting is not None:
        return "waiting", _("%s has read. A second person reads now.") % waiting.name
    if held is not None and held.waiting:
        return "waiting", _("One person has read; a second has not.")
    return "not_started", _("Two people read the label and the participant’s code.")


def custody_context(file: ProductFile, user: User) -> dict[str, Any]:
    """What `celldose/_custody.html` shows: the check of each step, hand-overs, and what was made of the product."""
    return {
        "checks": [reading_context(file, step, user) for step in IdentityStep.values],
    }
