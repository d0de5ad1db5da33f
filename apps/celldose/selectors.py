"""Reads of cell sessions and products, always scoped to the user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from apps.celldose.models import CellProduct, CellSession, Component, DonorTests, Harvest, Infusion, Tissue
from apps.celldose.product_file import ProductFile, with_records
from apps.celldose.stated import day_of_harvest, day_of_infusion
from apps.consent.rules.uses import Use
from apps.consent.selectors import Procedure
from apps.consent.selectors.sources import Source
from apps.enrolment.rules import LifeEvent
from studyportal.access.declare import get_visible_or_404
from studyportal.access.models import User
from studyportal.access.permissions import Permission


def sessions(user: User, permission: Permission = Permission.VIEW_DATA) -> QuerySet[CellSession]:
    """Sessions with harvests, products and all their records, in a fixed number of queries."""
    products = with_records(CellProduct.objects.order_by("component"))
    return (
        CellSession.objects.visible_to(user, permission)
        .select_related("participant__site", "site")
        .prefetch_related(
            Prefetch(
                "harvests",
                Harvest.objects.order_by("tissue").prefetch_related(Prefetch("products", products)),
            ),
            Prefetch("donor_tests", DonorTests.objects.all()),
        )
    )


def sessions_of(
    participant: Any, user: User, permission: Permission = Permission.VIEW_DATA
) -> list[CellSession]:
    """The participant's sessions by number, with all their records."""
    return list(sessions(user, permission).filter(participant=participant).order_by("number"))


def session_before(session: CellSession) -> CellSession | None:
    if session.number is None:
        return None
    return (
        CellSession.objects.filter(participant_id=session.participant_id, number__lt=session.number)
        .order_by("-number")
        .first()
    )


def session_or_404(
    participant: Any, number: int, user: User, permission: Permission = Permission.VIEW_DATA
) -> CellSession:
    found = sessions(user, permission).filter(participant=participant, number=number).first()
    if found is None:
        raise Http404(_("%(code)s has no session %(number)d.") % {"code": participant.code, "number": number})
    return found


def product_or_404(pk: int, user: User, permission: Permission = Permission.VIEW_DATA) -> CellProduct:
    found: CellProduct = get_visible_or_404(with_records(CellProduct.objects.all()), user, permission, pk=pk)
    return found


def products_of(user: User, permission: Permission = Permission.VIEW_DATA) -> QuerySet[CellProduct]:
    return with_records(CellProduct.objects.visible_to(user, permission)).order_by("id")


def files_of_session(session: CellSession) -> list[ProductFile]:
    """The files of the products of a session from `sessions_of`, bone marrow first; no query."""
    found = [
        ProductFile.of(product) for harvest in session.harvests.all() for product in harvest.products.all()
    ]
    return sorted(found, key=lambda file: file.product.component or "")


@dataclass(frozen=True)
class SessionLine:
    """One session in the casebook: its products with their state and dose."""

    session: CellSession
    url: str
    products: tuple[ProductFile, ...]


def sessions_context(participant: Any, user: User) -> dict[str, Any]:
    """What `celldose/_sessions.html` shows in the casebook; as many queries for ten sessions as for one."""
    return {
        "participant": participant,
        "sessions": [
            SessionLine(
                session,
                session.page_url,
                tuple(files_of_session(session)),
            )
            for session in sessions_of(participant, user)
        ],
        "may_plan": participant.group == "case" and user.may(Permission.ENTER_DATA, participant.site_id),
    }


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
