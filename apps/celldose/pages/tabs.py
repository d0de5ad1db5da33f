"""The two lists of products, each reached from the other."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from studyportal.access.models import User
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Tab


def tabs_of_products(user: User, here: str) -> list[Tab]:
    """here: products or waiting. None for who handles no products and has one list alone."""
    if not user.may(Permission.HANDLE_PRODUCTS):
        return []
    return [
        Tab(label, reverse(f"celldose:{name}"), active=name == here)
        for name, label in (("products", _("All products")), ("waiting", _("Products that wait")))
    ]
