"""The consent of one person on one page."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.consent.views import person_page
from apps.enrolment.selectors import participant_or_404
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission


@requires(Permission.RECORD_CONSENT)
@require_safe
def person(request: HttpRequest, code: str) -> HttpResponse:
    user: Any = request.user
    participant = participant_or_404(user, code, Permission.RECORD_CONSENT)
    with timezone.override(ZoneInfo(participant.site.timezone)):
        return render(request, "consent/person.html", person_page.context_of(user, participant))
