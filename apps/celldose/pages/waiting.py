"""Products that wait for somebody, and cultures to be read, as rows: for their own page and for the worklist."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.celldose import waiting
from apps.celldose.models import CellProduct
from apps.celldose.pages.tabs import tabs_of_products
from apps.celldose.waiting import CultureDue, Waiting
from studyportal.access.models import User
from studyportal.ui.parts import Cell, Column, Row
from studyportal.ui.templatetags.ui_tags import human_date_text


def waiting_page(user: User) -> dict[str, Any]:
    """Context of `celldose/waiting.html`."""
    products, cultures = waiting.waiting(user), waiting.cultures_to_read(user)
    return {
        "tabs": tabs_of_products(user, "waiting"),
        "products": [product_row(one) for one in products],
        "product_columns": [Column(label) for label in product_columns()],
        "cultures": [culture_row(one) for one in cultures],
        "culture_columns": [Column(label) for label in culture_columns()],
        "urgent": sum(one.urgent for one in products),
        "overdue": sum(one.state == "overdue" for one in cultures),
    }


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
