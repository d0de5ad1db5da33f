from collections.abc import Iterator
from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CelldoseConfig(AppConfig):
    name = "apps.celldose"
    label = "celldose"
    verbose_name = _("Cell therapy")

    def ready(self) -> None:
        from apps.celldose import course_receivers, order_gates, receivers  # noqa: F401
        from apps.celldose.selectors.custody import NEAR_MISS_LIST
        from studyportal.access.permissions import Permission
        from studyportal.audit import looks
        from studyportal.deviations import lists
        from studyportal.ui.navigation import NavItem, register

        lists.register(NEAR_MISS_LIST)
        order_gates.register()
        register(
            NavItem(
                _("Cell products"),
                "celldose:products",
                permission=Permission.VIEW_DATA,
                order=30,
                icon="flask",
            )
        )
        looks.register("product_sheet", _("Sheet of a cell product, as a file"))
        _name_in_files()


def _name_in_files() -> None:
    """What the records of a session are called in files that are imported."""
    from apps.celldose.models import CellProduct, CellSession, Container, Harvest, Infusion
    from studyportal.bulk.parents import Reader, register

    product, example = _("The product by the identifier on its label."), "A9999 26 000017"
    register(
        Reader(
            CellSession,
            lambda s: (str(s.number), f"session {s.number}"),
            _("The session by its number."),
            "1",
        )
    )
    register(
        Reader(
            Harvest,
            _names_of_harvest,
            _("The harvest by session and tissue: 1 bone_marrow."),
            "1 bone_marrow",
            ("session",),
        )
    )
    register(Reader(CellProduct, lambda p: (str(p.product_identifier),), product, example))
    register(Reader(Infusion, lambda i: (str(i.product.product_identifier),), product, example, ("product",)))
    register(
        Reader(
            Container,
            lambda c: (f"{c.product.product_identifier}/{c.number}",),
            _("The container by product and number: identifier/1."),
            f"{example}/1",
            ("product",),
        )
    )


def _names_of_harvest(harvest: Any) -> Iterator[str]:
    yield f"{harvest.session.number} {harvest.tissue}"
    yield str(harvest.pk)
