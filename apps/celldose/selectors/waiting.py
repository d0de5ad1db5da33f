"""Products that wait for somebody: to be decided on, signed, discarded, read, or looked after because they grew.

Each list is made of what one query finds and a fixed number for the records of the products: a product that is infused
or discarded, with its cultures read and its decision signed, is not looked at again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import release, rules, signed, stated
from apps.celldose.lifecycle import LETS_INFUSE
from apps.celldose.models import CellProduct, Discard, Infusion, Microbiology, Release
from apps.celldose.product_file import ProductFile, with_records
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.deviations.models import Deviation, DeviationState

PENDING = Q(aerobic="pending") | Q(anaerobic="pending") | Q(fungal="pending")
GROWN = Q(aerobic="growth") | Q(anaerobic="growth") | Q(fungal="growth") | Q(gram_stain="positive")


@dataclass(frozen=True)
class CultureDue:
    """Cultures of a product that are not read. due_on: None when it cannot be told, and why then says so."""

    product: CellProduct
    due_on: dt.date | None
    state: str  # overdue, due, scheduled, missing_result
    why: str = ""


@dataclass(frozen=True)
class Waiting:
    """A product that waits; tasks: what for, in words. urgent: growth, or a product that must not be used."""

    product: CellProduct
    state: str
    tasks: tuple[str, ...]
    urgent: bool


def _products(user: User) -> QuerySet[CellProduct]:
    """Of transcribed cases nothing waits: their source says no more."""
    visible = CellProduct.objects.visible_to(user, Permission.HANDLE_PRODUCTS)
    return visible.filter(participant__retrospective=False)


def cultures_to_read(user: User) -> list[CultureDue]:
    """Cultures that are pending, and those of infused products of which nothing is recorded; the most overdue first.

    One query. A discarded product is left out: nobody waits for its cultures.
    """
    of_product = Microbiology.objects.filter(product=OuterRef("pk"))
    found = (
        _products(user)
        .annotate(
            discarded=Exists(Discard.objects.filter(product=OuterRef("pk"))),
            infused=Exists(Infusion.objects.filter(product=OuterRef("pk"))),
            recorded=Exists(of_product),
            pending=Exists(of_product.filter(PENDING)),
            sampled_on=of_product.values("sampled_on")[:1],
        )
        .filter(Q(pending=True) | Q(recorded=False, infused=True), discarded=False)
        .select_related("participant", "site", "harvest__session")
    )
    due = [_culture(product) for product in found]
    return sorted(due, key=lambda one: (one.due_on is not None, one.due_on or dt.date.min, one.product.pk))


def _culture(product: CellProduct) -> CultureDue:
    if not product.recorded:  # type: ignore[attr-defined]
        return CultureDue(product, None, "missing_result", _("infused, and no culture is recorded"))
    due = release.culture_due(product.sampled_on, stated.culture_days(product.component))  # type: ignore[attr-defined]
    if not isinstance(due, dt.date):
        return CultureDue(product, None, "missing_result", due.why)
    today = stated.local_day(timezone.now(), product.site)
    assert today is not None
    return CultureDue(product, due, "overdue" if due < today else "due" if due == today else "scheduled")


def waiting(user: User) -> list[Waiting]:
    """Products that wait for a decision, a signature, a discard or an answer to growth; what is urgent first.

    A fixed number of queries, whatever the number of products.
    """
    grown = Microbiology.objects.filter(GROWN, product=OuterRef("pk"))
    unsigned = signed.with_signature(Release.objects.filter(product=OuterRef("pk"))).filter(is_signed=False)
    found = (
        _products(user)
        .annotate(
            discarded=Exists(Discard.objects.filter(product=OuterRef("pk"))),
            infused=Exists(Infusion.objects.filter(product=OuterRef("pk"))),
            unsigned=Exists(unsigned),
            grown=Exists(grown),
        )
        .filter(Q(infused=False, discarded=False) | Q(unsigned=True, discarded=False) | Q(grown=True))
        .order_by("pk")
    )
    files = [ProductFile.of(product) for product in with_records(found)]
    open_growth = _open_growth([file.microbiology.pk for file in files if file.microbiology is not None])
    listed = [one for file in files if (one := _waiting(file, open_growth)) is not None]
    return sorted(listed, key=lambda one: (not one.urgent, one.product.pk))


def _open_growth(microbiology: Sequence[int]) -> set[int]:
    """Microbiology → whose deviation of late growth is still open."""
    found = Deviation.objects.filter(
        form="microbiology", object_id__in=microbiology, code=rules.LATE_GROWTH, state=DeviationState.OPEN
    )
    return {pk for pk in found.values_list("object_id", flat=True) if pk is not None}


def _waiting(file: ProductFile, open_growth: set[int]) -> Waiting | None:
    tasks = tuple(_tasks(file, open_growth))
    if not tasks:
        return None
    late = file.microbiology is not None and file.microbiology.pk in open_growth
    return Waiting(file.product, str(file.life.state or ""), tasks, late or bool(file.quarantine))


def _tasks(file: ProductFile, open_growth: set[int]) -> Iterable[str]:
    decision = file.decision.decision if file.decision else None
    if file.microbiology is not None and file.microbiology.pk in open_growth:
        where = ", ".join(release.GROWN[name] for name in file.grown)
        yield _("growth after the release (%s): the deviation is open") % where
    if file.discard is not None:
        return
    if file.decision is not None and not file.is_signed:
        yield _("signature on the decision")
    if file.infusion is not None:
        return
    apart = [one.message for one in file.quarantine if one.code != "release_unsigned"]
    if apart:
        yield _("in quarantine, to be discarded or decided on: %s") % " ".join(apart)
    elif decision == "rejected" and file.is_signed:
        yield _("rejected, to be discarded")
    elif decision not in LETS_INFUSE and file.processing is not None:
        yield _("release decision")
