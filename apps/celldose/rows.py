"""Products and cultures as rows of a list: on their own page and on the worklist."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.celldose.models import CellProduct
from apps.celldose.selectors.waiting import CultureDue, Waiting
from studyportal.ui.parts import Cell, Row
from studyportal.ui.templatetags.ui_tags import human_date_text


def product_columns() -> list[str]:
    return [_("Participant"), _("Product"), _("State"), _("Waiting for")]


def culture_columns() -> list[str]:
    return [_("Participant"), _("Product"), _("State"), _("Final on")]


def product_row(one: Waiting) -> Row:
    return Row(
        [
            _person(one.product),
            Cell(str(one.product), url=reverse("celldose:release", args=[one.product.pk])),
            Cell("", state=one.state),
            "; ".join(one.tasks),
        ],
        tone="bad" if one.urgent else "",
    )


def culture_row(one: CultureDue) -> Row:
    return Row(
        [
            _person(one.product),
            Cell(str(one.product), url=reverse("celldose:product", args=[one.product.pk])),
            Cell("", state=one.state),
            human_date_text(one.due_on) if one.due_on else one.why,
        ],
        tone="bad" if one.state == "overdue" else "",
    )


def _person(product: CellProduct) -> Cell:
    participant = product.participant
    return Cell(
        participant.code,
        url=participant.get_absolute_url(),
        detail=_("synthetic") if participant.synthetic else "",
        nowrap=True,
    )
