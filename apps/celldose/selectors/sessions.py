"""Sessions and products, always scoped to the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from apps.celldose.models import CellProduct, CellSession, DonorTests, Harvest
from apps.celldose.product_file import ProductFile, with_records
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
            "dose_plans",
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
        "may_plan": participant.group == "case" and user.may(Permission.HANDLE_PRODUCTS, participant.site_id),
    }
