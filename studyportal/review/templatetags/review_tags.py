"""`{% review_of_visit visit %}`: the part of a visit's page about locks and freezes."""

from __future__ import annotations

from typing import Any

from django import template

from studyportal.review import record_page

register = template.Library()


@register.inclusion_tag("review/_visit.html", takes_context=True)
def review_of_visit(context: Any, visit: Any) -> dict[str, Any]:
    request = context["request"]
    return {"panel": record_page.visit_panel(request.user, visit), "request": request}
