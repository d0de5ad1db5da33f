"""`{% query_card query %}`: a query wherever it stands; one partial for the form, the visit, the casebook and the board."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

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
        "back": _back(request, shown.query),
        "csrf_token": context.get("csrf_token"),
    }


def _back(request: Any, query: Query) -> str:
    """The page to which an act returns: this one, and from the answer to a refused act the page of the query."""
    if request.method == "GET":
        return str(request.get_full_path())
    acted = request.resolver_match is not None and request.resolver_match.namespace == "queries"
    return reverse("queries:query", args=[query.pk]) if acted else str(request.path)
