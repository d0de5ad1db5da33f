"""What the page of an adverse event includes of its clocks, reports and alerts."""

from __future__ import annotations

from typing import Any

from django import template

from apps.safety.views import clocks_page

register = template.Library()


@register.simple_tag(takes_context=True)
def event_clocks(context: Any, event: Any) -> dict[str, Any]:
    """The panel of one event for the person who reads the page: four queries."""
    return clocks_page.event_panel(event, context["request"].user)


@register.filter
def split_heads(text: str) -> list[str]:
    """“Participant|Alert|Raised” → the heads of a table."""
    return str(text).split("|")
