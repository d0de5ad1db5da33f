"""The pages of adverse events."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.safety.selectors import event_file, event_or_404, open_events
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission


@requires(Permission.VIEW_SAFETY)
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """The adverse events that the reader may see, newest first."""
    return render(request, "safety/events.html", {"events": open_events(request.user)})  # type: ignore[arg-type]


@requires(Permission.VIEW_SAFETY)
@require_safe
def event(request: HttpRequest, pk: int) -> HttpResponse:
    """One adverse event with everything that belongs to it."""
    file = event_file(event_or_404(pk, request.user))  # type: ignore[arg-type]
    return render(request, "safety/event.html", {"file": file, "event": file.event})
