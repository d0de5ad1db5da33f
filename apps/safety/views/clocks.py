"""`/safety/`: what is to be reported, by when; what must not be overlooked."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.safety.views import clocks_page
from studyportal.access.clock import in_own_zone
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission


@requires(Permission.VIEW_SAFETY)
@require_safe
@in_own_zone
def overview(request: HttpRequest) -> HttpResponse:
    """Alerts, running clocks, events whose seriousness is not said, follow-ups due."""
    return render(request, "safety/clocks.html", clocks_page.overview(request.user))  # type: ignore[arg-type]
