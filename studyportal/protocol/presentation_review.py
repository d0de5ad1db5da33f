"""What the protocol says of the review of records, as the protocol's page shows it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .presentation import Cell, Section, columns
from .review import Review
from .schema import Protocol


def review_sections(protocol: Protocol) -> list[Section]:
    """Nothing for a protocol that asks neither verification nor signatures."""
    asked = protocol.review
    rows: list[list[Cell | str]] = [*_verified(asked), *_signed(asked)]
    if not rows:
        return []
    note = _("A record is locked when it is complete, no query is open on it, and what stands here is done.")
    title, heads = _("Review of records"), columns(_("What"), _("Of which forms"), _("Fields"), _("Basis"))
    return [Section("review", title, heads, rows, note=note)]


def _verified(asked: Review) -> list[list[Cell | str]]:
    rule = asked.verification
    what = _("Compared with the source")
    basis = Cell(asked.source, _("working default of this study") if asked.configurable else "")
    if rule.verify == "none":
        return []
    if rule.verify == "critical_fields":
        return [
            [what, Cell(form, code=True), ", ".join(name.replace("_", " ") for name in names), basis]
            for form, names in rule.critical_fields.items()
        ]
    forms = ", ".join(rule.forms) or _("every form")
    share = ngettext("%(n)d record in a hundred, by lot", "%(n)d records in a hundred, by lot", rule.percent)
    return [[what, forms, _("all") if rule.verify == "all" else share % {"n": rule.percent}, basis]]


def _signed(asked: Review) -> list[list[Cell | str]]:
    basis = Cell(asked.source, _("working default of this study") if asked.configurable else "")
    return [[_("Signed by the investigator"), Cell(form, code=True), "", basis] for form in asked.sign]
