"""The list of cell products: what is in hand first, found by donation number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.celldose import rules, selectors
from apps.celldose.models import CellProduct, Component
from apps.celldose.pages.doses import SHORT, STATES, dose_words, planned_of
from apps.celldose.pages.tabs import tabs_of_products
from apps.celldose.product_file import ProductFile
from studyportal.access.models import User
from studyportal.crf.outcomes import NotDerivable
from studyportal.ui.paging import page_by_key
from studyportal.ui.parts import Cell, Column, Filter, Row
from studyportal.ui.templatetags.ui_tags import human_date_text

SIZE = 50

# State of the list → what of the records there is; the state itself is folded and stands in no column.
STAGES: dict[str, Q] = {
    "in_hand": Q(infusions__isnull=True, discards__isnull=True),
    "infused": Q(infusions__isnull=False),
    "discarded": Q(discards__isnull=False),
}


@dataclass(frozen=True)
class Choice:
    """What was asked of the list; whatever is not known is not asked."""

    search: str = ""
    stage: str = ""
    component: str = ""
    after: int | None = None
    before: int | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Choice:
        def key(name: str) -> int | None:
            text = given.get(name, "")
            return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None

        stage, component = given.get("stage", ""), given.get("component", "")
        return cls(
            search="".join(given.get("q", "").replace("\x00", "").split())[:60],
            stage=stage if stage in STAGES else "",
            component=component if component in Component.values else "",
            after=key("after"),
            before=key("before"),
        )

    def narrow(self, found: QuerySet[CellProduct]) -> QuerySet[CellProduct]:
        if self.stage:
            found = found.filter(STAGES[self.stage])
        if self.component:
            found = found.filter(component=self.component)
        if self.search:
            found = found.filter(
                Q(product_identifier__icontains=self.search) | Q(participant__code__icontains=self.search)
            )
        return found

    def url(self, **more: Any) -> str:
        asked = {"q": self.search, "stage": self.stage, "component": self.component} | more
        query = urlencode({name: value for name, value in asked.items() if value})
        address = reverse("celldose:products")
        return f"{address}?{query}" if query else address


def products_page(user: User, given: Mapping[str, str]) -> dict[str, Any]:
    """Context of `celldose/products.html`: a fixed number of queries, whatever the number of products."""
    choice = Choice.of(given)
    found = choice.narrow(selectors.products_of(user))
    page = page_by_key(found, after=choice.after, before=choice.before, size=SIZE)
    return {
        "tabs": tabs_of_products(user, "products"),
        "filters": [
            Filter(
                "q",
                _("Donation number or participant"),
                "search",
                choice.search,
                placeholder=_("Scan or type"),
            ),
            Filter(
                "stage",
                _("State"),
                "select",
                choice.stage,
                [
                    ("", _("All")),
                    ("in_hand", _("In hand")),
                    ("infused", _("Infused")),
                    ("discarded", _("Discarded")),
                ],
            ),
            Filter(
                "component",
                _("Component"),
                "select",
                choice.component,
                [("", _("Both")), *((code.value, SHORT[code]) for code in Component)],
            ),
        ],
        "clear_url": reverse("celldose:products"),
        "narrowed": bool(choice.search or choice.stage or choice.component),
        "columns": [
            Column(_("Product")),
            Column(_("Participant")),
            Column(_("Session")),
            Column(_("State")),
            Column(_("Expires")),
            Column(_("Dose given")),
        ],
        "rows": [_row(ProductFile.of(product)) for product in page.rows],
        "next_url": choice.url(after=page.after) if page.after else "",
        "previous_url": choice.url(before=page.before) if page.before else "",
    }


def _row(file: ProductFile) -> Row:
    product, participant = file.product, file.product.participant
    given = rules.compared(file.infusion.total_dose if file.infusion else None, planned_of(file))
    over = file.infusion is not None or file.discard is not None
    with timezone.override(ZoneInfo(product.site.timezone)):
        expiry, now = file.expires_at, timezone.now()
        past = not over and not isinstance(expiry, NotDerivable) and expiry < now
        return Row(
            [
                Cell(str(product), reverse("celldose:product", args=[product.pk]), nowrap=True),
                Cell(
                    participant.code,
                    participant.get_absolute_url(),
                    detail=_("synthetic") if participant.synthetic else "",
                    nowrap=True,
                ),
                Cell(str(file.session), _session_url(file)),
                Cell(state=str(file.life.state or "not_started")),
                Cell("–", detail=expiry.why)
                if isinstance(expiry, NotDerivable)
                else Cell(human_date_text(expiry), state="expired" if past else ""),
                Cell(dose_words(file), state=STATES.get(given.state, "")),
            ],
            "bad" if past else "",
        )


def _session_url(file: ProductFile) -> str:
    """By the participant at hand: the session's own would be read anew for each row."""
    number = file.session.number
    if number is None:
        return ""
    return reverse("celldose:session", args=[file.product.participant.code, number])
