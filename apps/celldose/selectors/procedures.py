"""What was done to participants in sessions, as consent and participation ask for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from apps.celldose.models import Component, Harvest, Infusion, Tissue
from apps.celldose.stated import day_of_harvest, day_of_infusion
from apps.consent.rules.uses import Use
from apps.consent.selectors import Procedure
from apps.consent.selectors.sources import Source
from apps.enrolment.rules import LifeEvent


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


def consent_sources() -> list[Source]:
    """Harvests and infusions, where the consent findings of many participants read them. They are few: all are read."""
    return [
        Source(
            kind="harvest",
            rows=Harvest.objects.all(),
            days=("started_at", "ended_at", "session__performed_on"),
            uses=(Use.TREATMENT,),
            label=lambda tissue: _("Harvest: %(what)s") % {"what": _label(Tissue, tissue)},
            named="tissue",
            session="session__number",
            begins=True,
            whole=True,
        ),
        Source(
            kind="infusion",
            rows=Infusion.objects.all(),
            days=("started_at", "product__harvest__session__performed_on"),
            uses=(Use.TREATMENT,),
            label=lambda component: _("Infusion: %(what)s") % {"what": _label(Component, component)},
            named="product__component",
            session="product__harvest__session__number",
            begins=True,
            whole=True,
        ),
    ]


def _label(codes: Any, value: str | None) -> str:
    return str(codes(value).label) if value in codes.values else "–"


def lives_of(participant_ids: Collection[int]) -> dict[int, list[LifeEvent]]:
    """Participant id → the sessions whose products were given. One query."""
    found: dict[int, list[LifeEvent]] = defaultdict(list)
    infusions = Infusion.objects.filter(participant_id__in=participant_ids).select_related(
        "product__harvest__session", "site"
    )
    for infusion in infusions.order_by("id"):
        if infusion.started_at is not None:
            number = infusion.product.harvest.session.number
            found[infusion.participant_id].append(
                LifeEvent("treated", day_of_infusion(infusion), str(infusion.product), number)
            )
    return found
