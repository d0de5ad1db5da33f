"""The cells of the grid: a casebook draws hundreds, too many for an include each."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from studyportal.ui.parts import GridCell
from studyportal.ui.states import state_of
from studyportal.ui.templatetags.ui_tags import icon

register = template.Library()
drawn = lru_cache(maxsize=64)(icon)


@register.filter
def grid_cell(cell: GridCell) -> SafeString:
    """What `ui/components/grid_cell.html` draws, without its template (a test holds the two together)."""
    shown = state_of(cell.state)
    words = str(cell.label or shown.label)
    mark: str | SafeString = ""
    if cell.queries:
        open_queries = ngettext("%(counter)s open query", "%(counter)s open queries", cell.queries)
        words = f"{words}, {open_queries % {'counter': cell.queries}}"
        mark = format_html('<span class="grid-queries" aria-hidden="true">{}</span>', cell.queries)
    signature: str | SafeString = ""
    if cell.signature:
        signed = state_of(cell.signature)
        words = f"{words}, {signed.label}"
        signature = format_html(
            '<span class="grid-signature tone-{}" aria-hidden="true">{}</span>',
            signed.tone,
            drawn(signed.icon),
        )
    tag = "a" if cell.url else "span"
    return format_html(
        '<{}{} class="grid-cell grid-{} tone-{}">{}<span class="visually-hidden">{}</span>{}{}</{}>',
        tag,
        format_html(' href="{}"', cell.url) if cell.url else "",
        cell.state,
        shown.tone,
        drawn(shown.icon),
        words,
        mark,
        signature,
        tag,
    )
