"""What must be true before a lot is used, a product is processed or a dose is planned.

Whether a bar refuses or, because the event precedes the study, opens a query is decided in `gates.refusing` alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from django.utils import timezone

from apps.celldose import gates, reagents, rules, stated
from apps.celldose.models import DosePlan, Infusion, Processing, ReagentLot
from studyportal.access.models import User
from studyportal.crf.outcomes import Problem
from studyportal.words import said


def lot_gate(record: ReagentLot, by: User | None) -> Iterable[Problem]:
    return gates.refusing(
        lot_bars(record),
        record.participant,
        stated.day_of_use(record.product.harvest, record.product.processings.first()),
    )


def processing_gate(record: Processing, by: User | None) -> Iterable[Problem]:
    return gates.refusing(
        processing_bars(record), record.participant, stated.day_of_use(record.product.harvest, record)
    )


def dose_plan_gate(record: DosePlan, by: User | None) -> Iterable[Problem]:
    return gates.refusing(plan_bars(record), record.participant, record.session.performed_on)


def lot_bars(record: ReagentLot) -> tuple[Problem, ...]:
    product = record.product
    used_on = stated.reagents_used_on(product.harvest, product.processings.first())
    return rules.expired_lots((record,), used_on)


def processing_bars(record: Processing) -> tuple[Problem, ...]:
    """The lots that had expired when it was processed. The enzyme of this very form is named at its own field."""
    used_on = stated.reagents_used_on(record.product.harvest, record)
    of_others = rules.expired_lots(record.product.reagent_lots.all(), used_on)
    own = rules.expired_lots((reagents.enzyme_lot(record),), used_on)
    return (
        *(Problem("started_at", one.code, one.message) for one in of_others),
        *(Problem("enzyme_expires_on", one.code, one.message) for one in own),
    )


def plan_bars(record: DosePlan) -> tuple[Problem, ...]:
    """A plan that is made or moved after the infusion plans nothing: the range that was in force then stands."""
    infusion = (
        Infusion.objects.filter(
            product__harvest__session_id=record.session_id, product__component=record.component or ""
        )
        .select_related("site", "product__harvest__session")
        .first()
    )
    if infusion is None:
        return ()
    if record.pk is not None:
        before = DosePlan.objects.filter(pk=record.pk).values_list("component", "planned_low", "planned_high")
        if before.first() == (record.component, record.planned_low, record.planned_high):
            return ()
    when = infusion.started_at
    clause = (
        said(" at %(localtime)s", localtime=timezone.localtime(when, ZoneInfo(record.site.timezone)))
        if when is not None
        else ""
    )
    return (
        Problem(
            "planned_low",
            "plan_after_infusion",
            said(
                "%(product)s was infused%(clause)s: the range that was in force then stands. Words can"
                " still be mended.",
                product=infusion.product,
                clause=clause,
            ),
        ),
    )
