"""What other parts know of a product: deviations, near misses, and what apps above answer, such as adverse events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.celldose.models import CellSession, Harvest, IdentityReading, NearMiss
from apps.celldose.pages.blocks import Block
from apps.celldose.product_file import ProductFile
from apps.celldose.signals import around_product
from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.crf.registry import spec_for
from studyportal.deviations.models import Deviation
from studyportal.ui.parts import Cell, Column, Row

# How deviations name a reading of the identity, which is saved by no form.
READING = "identity-reading"


def blocks_of(file: ProductFile, user: User) -> list[Block]:
    """Near misses and deviations for who may see them, then what the apps above say."""
    found: list[Block] = []
    if user.may(Permission.VIEW_SAFETY, file.product.site_id):
        found += [near_misses_block(file), deviations_block(records_of(file))]
    answers: list[Any] = around_product.send(
        sender=None, product=file.product, session=file.session, user=user
    )
    return [*found, *(block for _receiver, blocks in answers for block in blocks)]


def near_misses_block(file: ProductFile) -> Block:
    known = NearMiss.objects.filter(product=file.product).select_related("by").order_by("id")
    return Block(
        "near-misses",
        _("Near misses"),
        columns=[Column(_("When")), Column(_("What was stopped")), Column(_("Step")), Column(_("By"))],
        rows=[
            Row(
                [one.at, Cell(one.message, detail=one.said), one.step, str(one.by) if one.by else ""],
                "attention",
            )
            for one in known
        ],
        empty=_("None."),
    )


def records_of(file: ProductFile) -> list[Any]:
    """The records of the product's way whose deviations stand on its page."""
    single = (
        file.session,
        file.harvest,
        file.product,
        file.processing,
        file.counts,
        file.phenotype,
        file.viability,
        file.microbiology,
        file.decision,
        file.infusion,
        file.discard,
    )
    many = (
        *file.reagent_lots,
        *file.identity_checks,
        *file.readings,
        *file.hand_overs,
        *file.containers,
        *file.observations,
        *file.happenings_of_infusion,
    )
    return [one for one in (*single, *many) if one is not None]


def session_records(session: CellSession, files: Iterable[ProductFile]) -> list[Any]:
    """The same for all products of a session, its harvests and its plans."""
    known: dict[tuple[type, int], Any] = {(type(session), session.pk): session}
    harvests: Iterable[Harvest] = session.harvests.all()
    for one in (*harvests, *(record for file in files for record in records_of(file))):
        known[type(one), one.pk] = one
    return list(known.values())


def _form_of(record: Any) -> str:
    """As deviations name it; a reading is no form."""
    return READING if isinstance(record, IdentityReading) else spec_for(type(record)).key


def deviations_block(records: Iterable[Any]) -> Block:
    """One query for all of them."""
    by_form: dict[str, list[int]] = defaultdict(list)
    for record in records:
        by_form[_form_of(record)].append(record.pk)
    wanted = Q(pk__in=())
    for form, ids in by_form.items():
        wanted |= Q(form=form, object_id__in=ids)
    known = Deviation.objects.filter(wanted).order_by("id")
    labels = dict(Deviation._meta.get_field("kind").flatchoices)
    return Block(
        "deviations",
        _("Deviations"),
        columns=[Column(_("What")), Column(_("Class")), Column(_("Happened")), Column(_("State"))],
        rows=[
            Row(
                [
                    Cell(one.description, one.get_absolute_url(), detail=str(labels.get(one.kind, one.kind))),
                    Cell(state=one.classification),
                    one.occurred_on,
                    Cell(one.get_state_display()),
                ],
                "attention" if one.state == "open" else "",
            )
            for one in known
        ],
        empty=_("None."),
    )
