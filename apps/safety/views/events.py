"""The pages of adverse events: list, one event, first notice, and what it is linked to."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.enrolment.models import Participant
from apps.enrolment.selectors import participant_or_404
from apps.enrolment.selectors.screening import sites_with
from apps.safety import event_inputs as inputs
from apps.safety import event_list_page, event_page
from apps.safety.actions import events as actions
from apps.safety.selectors.events import event_file, event_or_404
from studyportal.access.clock import zone_of
from studyportal.access.declare import requires
from studyportal.access.permissions import Permission
from studyportal.audit import reasons
from studyportal.audit.looks import log_look
from studyportal.crf import drafts
from studyportal.crf.attempts import attempt
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.ui.posted import listed as listed_problems
from studyportal.ui.posted import version_seen

METHODS = ["GET", "POST"]


@requires(Permission.VIEW_SAFETY)
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """The adverse events that the reader may see, newest first. The look of who sees no casebook is logged."""
    user: Any = request.user
    sites = sites_with(user, Permission.VIEW_SAFETY)
    with timezone.override(zone_of(sites)):
        context = event_list_page.page_of(user, request.GET, sites)
        if not user.may(Permission.VIEW_DATA):
            log_look(what="adverse_events", by=user, detail=context["narrowed"])
        return render(request, "safety/events.html", context)


@requires(Permission.VIEW_SAFETY)
@require_safe
def event(request: HttpRequest, pk: int) -> HttpResponse:
    """One adverse event with everything that belongs to it. The look of who sees no casebook is logged."""
    user: Any = request.user
    found = event_or_404(pk, user)
    if not user.may(Permission.VIEW_DATA, found.site_id):
        log_look(
            what="adverse_event",
            by=user,
            site=found.site_id,
            participant_code=found.participant.code,
            detail=str(found.pk),
        )
    with timezone.override(ZoneInfo(found.site.timezone)):
        return render(request, "safety/event.html", event_page.page_of(event_file(found), user))


@requires(Permission.ENTER_DATA)
@require_safe
def new(request: HttpRequest) -> HttpResponse:
    """Whose event it is; the notice itself has the participant in its address."""
    code = request.GET.get("participant", "").strip().upper().replace("\x00", "")[:20]
    if code:
        visible = Participant.objects.visible_to(request.user, Permission.ENTER_DATA)  # type: ignore[arg-type]
        if visible.filter(code=code).exists():
            return redirect("safety:notice", code)
    return render(
        request,
        "safety/event_new.html",
        {"code": code, "not_found": bool(code)},
        status=404 if code else 200,
    )


@drafts.keeps_what_was_typed
@requires(Permission.ENTER_DATA)
@require_http_methods(METHODS)
def notice(request: HttpRequest, code: str) -> HttpResponse:
    """The first notice of an event: what the clocks need, in a minute. The form is completed afterwards."""
    user: Any = request.user
    participant = participant_or_404(user, code, Permission.ENTER_DATA)
    with timezone.override(ZoneInfo(participant.site.timezone)):
        made: list[Any] = []

        def act() -> str:
            parents, wrong = inputs.linked(participant, request.POST)
            if wrong:
                raise CrfInvalid(wrong)
            made.append(
                actions.notice(
                    participant=participant, by=user, raw=inputs.raw_of(request.POST), parents=parents
                )
            )
            return _("The event is recorded. Complete its form as soon as more is known.")

        problems, status, said = attempt(request, act)
        if said:
            drafts.forget(posted=request.POST, by=user)
            messages.success(request, said)
            return redirect(made[0].page_url)
        return _notice_page(request, participant, problems, status)


def _notice_page(
    request: HttpRequest, participant: Any, problems: list[Problem], status: int
) -> HttpResponse:
    """The notice as it was typed, as a draft left it, or with now as the moment of awareness."""
    user: Any = request.user
    draft = None
    posted = request.POST
    opened = drafts.page_of(request)
    if request.method != "POST":
        own = drafts.at(user, inputs.PAGE, participant, parents="")
        draft = next((one for one in own if str(one.pk) == request.GET.get("draft")), own[0] if own else None)
        posted = drafts.posted_of(draft) if draft is not None else _begin(request)
        opened = draft.page if draft is not None else ""
    fields = inputs.notice_fields(inputs.raw_of(posted), problems)
    links = inputs.link_fields(participant, posted, problems)
    return render(
        request,
        "safety/event_notice.html",
        {
            "participant": participant,
            "synthetic": participant.synthetic,
            "fields": fields,
            "links": links,
            "problems": listed_problems(problems, [*fields, *links]),
            "draft": draft,
            "ticket": drafts.ticket_for(request, inputs.PAGE, participant, parents="", page=opened),
            "whole_form_url": reverse("crf:new", args=[participant.code, "adverse-event"]),
        },
        status=status,
    )


def _begin(request: HttpRequest) -> QueryDict:
    """What an address names (visit, session, product), and now: it is corrected where the site knew earlier."""
    posted = QueryDict(mutable=True)
    posted["aware_at"] = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    for name in inputs.LINKS:
        if request.GET.get(name):
            posted[name] = request.GET[name]
    return posted


@requires(Permission.ENTER_DATA)
@require_http_methods(METHODS)
def link(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which session or product the event may come from."""
    user: Any = request.user
    found = event_or_404(pk, user, Permission.ENTER_DATA)

    def act() -> str:
        parents, wrong = inputs.linked(found.participant, request.POST)
        if wrong:
            raise CrfInvalid(wrong)
        actions.link(
            event=found,
            session=parents.get("session"),
            product=parents.get("product"),
            by=user,
            reason=reasons.of_form(request.POST),
            expected_version=version_seen(request.POST),
        )
        return _("The link is saved.")

    problems, status, said = attempt(request, act)
    if said:
        messages.success(request, said)
        return redirect(found.page_url)
    fields = [
        *inputs.link_fields(
            found.participant, inputs.link_values(found, request.POST), problems, visit=False
        ),
        *inputs.reason_views(request.POST, problems),
    ]
    return render(
        request,
        "safety/event_link.html",
        {
            "event": found,
            "participant": found.participant,
            "synthetic": found.participant.synthetic,
            "fields": fields,
            "problems": listed_problems(problems, fields),
            "version": event_or_404(pk, user, Permission.ENTER_DATA).version
            if status == 412
            else found.version,
        },
        status=status,
    )
