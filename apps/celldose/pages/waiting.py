"""The page of products that wait for somebody, and of cultures to be read."""

from __future__ import annotations

from typing import Any

from apps.celldose.pages.tabs import tabs_of_products
from apps.celldose.rows import culture_columns, culture_row, product_columns, product_row
from apps.celldose.selectors import waiting
from studyportal.access.models import User
from studyportal.ui.parts import Column


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
