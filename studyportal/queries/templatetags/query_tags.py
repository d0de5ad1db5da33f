"""`{% query_card query %}`: a query wherever it stands; one partial for the form, the visit, the casebook and the board."""

from __future__ import annotations

from typing import Any

from django import template

from studyportal.queries.cards import Card, card
from studyportal.queries.models import Query

register = template.Library()


@register.inclusion_tag("queries/_card.html", takes_context=True)
def query_card(
    context: Any, query: Query | Card, alone: bool = False, choose: bool = False, unfold: bool = False
) -> dict[str, Any]:
    """alone: on its own page, where nothing is folded. choose: with a box, for closing several at once. unfold: where an
    open question is answered on the spot, its text is ready to be typed."""
    request = context["request"]
    shown = query if isinstance(query, Card) else card(request.user, query)
    return {
        "card": shown,
        "query": shown.query,
        "alone": alone,
        "unfolded": alone or bool(shown.fault) or (unfold and shown.is_asked),
        "choose": choose,
        "chosen": shown.query.pk in context.get("chosen", ()),
        "back": request.get_full_path() if request.method == "GET" else "",
        "csrf_token": context.get("csrf_token"),
    }
