"""One page for each act on a participation: it shows the fields, calls the action, and says what stands in the way."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.casebook import inputs
from apps.casebook.acts import ACTS, offered
from apps.casebook.views.entry import METHODS, form_page
from apps.enrolment.models import GroupEvent
from apps.enrolment.selectors import assignments_of, participant_or_404
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.crf.errors import CrfInvalid, Refused, StaleVersion
from studyportal.crf.outcomes import Problem
from studyportal.ui.parts import Tab
from studyportal.ui.posted import version_seen


@requires(Permission.REGISTER_PARTICIPANTS)
@require_http_methods(METHODS)
def act(request: HttpRequest, code: str, key: str) -> HttpResponse:
    participant = participant_or_404(request.user, code, Permission.REGISTER_PARTICIPANTS)
    chosen = ACTS[key]
    problems: list[Problem] = []
    status = 400
    if request.method == "POST":
        try:
            chosen.perform(
                participant,
                request.POST,
                by=request.user,
                expected_version=version_seen(request.POST),
            )
        except CrfInvalid as error:
            problems = list(error.problems)
        except Refused as error:
            problems, status = list(error.problems), 409
        except StaleVersion as error:
            problems, status = [inputs.stale_problem()], 412
            participant = error.current
        else:
            messages.success(request, _("%s is saved.") % participant.code)
            return redirect(participant.get_absolute_url())
    tabs = [
        Tab(one.title, reverse(f"casebook:participant-{one.key}", args=[participant.code]), one == chosen)
        for one in offered(participant)
    ]
    with timezone.override(ZoneInfo(participant.site.timezone)):
        return form_page(
            request,
            "casebook/act.html",
            chosen.views(participant, request.POST, problems),
            problems,
            participant=participant,
            status=status,
            act=chosen,
            save_label=chosen.button,
            tabs=tabs,
            assignments=assignments_of(participant),
            events=GroupEvent.objects.filter(participant=participant).select_related("recorded_by"),
        )
