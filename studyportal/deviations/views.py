"""The pages of deviations: list, file, paper, one of them, reporting, and each step of settling."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from studyportal.access.clock import in_own_zone
from studyportal.access.declare import refusal, requires
from studyportal.access.downloads import csv_answer
from studyportal.access.permissions import Permission
from studyportal.audit.looks import log_look
from studyportal.crf import drafts
from studyportal.crf.attempts import attempt
from studyportal.deviations import acts, files, lists, page, places, records, selectors
from studyportal.deviations.actions import raise_by_hand
from studyportal.identity.selectors import participant_or_404
from studyportal.ui.posted import errors_by_field, listed, version_seen

SEE = Permission.VIEW_SAFETY
METHODS = ["GET", "HEAD", "POST"]
REPORTED = ("description", "occurred_on", "kind", "classification")


def _address_of_new(code: str, place: str) -> str:
    return f"{reverse('deviations:new')}?participant={code}" + (f"&{place}" if place else "")


def _address_of_act(code: str, place: str) -> str:
    asked = QueryDict(place)
    return reverse("deviations:act", args=[asked.get("pk", "0"), asked.get("act", "assess")])


NEW_PAGE = drafts.register_page(drafts.Page("deviation-new", SEE, REPORTED, _address_of_new))
ACT_PAGE = drafts.register_page(
    drafts.Page(
        "deviation-act",
        Permission.MANAGE_DEVIATIONS,
        tuple(dict.fromkeys(name for act in acts.ACTS.values() for name in act.names)),
        _address_of_act,
    )
)


@requires(SEE)
@require_safe
@in_own_zone
def index(request: HttpRequest) -> HttpResponse:
    """The deviations that one may see, newest first."""
    return render(request, "deviations/list.html", page.list_page(request.user, request.GET))  # type: ignore[arg-type]


@requires(SEE)
@require_safe
def as_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The list with the filters of the page as a file, oldest first."""
    user: Any = request.user
    choice = page.choice_of(request.GET, page.sites_seen(user))
    log_look(what="deviations_file", by=user, detail=page.asked(choice))
    found = selectors.deviations(user, choice, today=timezone.localdate()).order_by("id")
    rows = found.select_related("participant", "site", "raised_by", "closed_by").iterator(chunk_size=2000)
    return csv_answer(user, files.as_csv(rows), "deviations")


@requires(SEE)
@require_safe
@in_own_zone
def to_print(request: HttpRequest) -> HttpResponse:
    """The newest that fit, in full, for the printer."""
    user: Any = request.user
    return render(request, "deviations/print.html", page.print_page(user, request.GET))


@requires(SEE)
@require_safe
@in_own_zone
def listing(request: HttpRequest, key: str) -> HttpResponse:
    """A list that an app has beside the deviations, such as near misses."""
    found = lists.listing(key)
    if found is None:
        raise Http404(_("There is no such list."))
    user: Any = request.user
    return render(request, "deviations/listing.html", page.listing_page(user, found, request.GET))


@requires(SEE)
@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One deviation: what, how grave, what was done about it, and its history."""
    user: Any = request.user
    deviation = selectors.deviation_or_404(user, pk)
    with timezone.override(ZoneInfo(deviation.site.timezone)):
        return render(request, "deviations/one.html", page.one_page(user, deviation))


# --- Reporting -------------------------------------------------------------------------------------------


@drafts.keeps_what_was_typed
@requires(*page.RAISE)
@require_http_methods(METHODS)
def new(request: HttpRequest) -> HttpResponse:
    """Report a deviation of ?participant=, about the record ?form= and ?record= if there is one."""
    user: Any = request.user
    code = request.GET.get("participant", "").strip().upper()
    if not code:
        return render(request, "deviations/choose.html", {"may_raise": True})
    participant = participant_or_404(user, code, SEE)
    if not page.may_raise(user, participant.site_id):
        raise PermissionDenied(refusal(*page.RAISE))
    form, record = records.asked(request.GET, participant)
    about = {"form": form, "record": record.pk} if record is not None else {}

    def act() -> str:
        made = raise_by_hand(
            participant=participant,
            by=user,
            form=form,
            object_id=None if record is None else record.pk,
            **{name: request.POST.get(name, "") for name in REPORTED},
        )
        nonlocal url
        url = made.get_absolute_url()
        return _("The deviation is reported.")

    url = ""
    with timezone.override(ZoneInfo(participant.site.timezone)):
        problems, status, done = attempt(request, act)
        if done is not None:
            drafts.forget(posted=request.POST, by=user)
            messages.success(request, done)
            return redirect(url)
        place = "&".join(f"{name}={value}" for name, value in about.items())
        typed, draft, opened = _typed(request, NEW_PAGE, participant, place)
        fields = acts.what_fields(typed, errors_by_field(problems))
        context = {
            "participant": participant,
            "synthetic": participant.synthetic,
            "title": _("Report a deviation"),
            "about": _(
                "What a rule finds is raised by itself. Report here what no rule can see: what was done otherwise"
                " than the protocol says, by whomever."
            ),
            "record_label": places.label_of(form),
            "record": record,
            "fields": fields,
            "problems": listed(problems, fields),
            "save_label": _("Report it"),
            "cancel_url": participant.get_absolute_url()
            if user.may(Permission.VIEW_DATA)
            else reverse("deviations:list"),
            "draft": draft,
            "ticket": drafts.ticket_for(request, NEW_PAGE, participant, parents=place, page=opened),
        }
        return render(request, "deviations/form.html", context, status=status)


# --- Settling --------------------------------------------------------------------------------------------


@drafts.keeps_what_was_typed
@requires(Permission.MANAGE_DEVIATIONS)
@require_http_methods(METHODS)
def act(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """One step of settling: shows the fields, calls the action, says what stands in the way."""
    user: Any = request.user
    chosen = acts.ACTS.get(key)
    if chosen is None:
        raise Http404(_("There is no such step."))
    deviation = selectors.deviation_or_404(user, pk, Permission.MANAGE_DEVIATIONS)
    if request.method != "POST" and not chosen.open_to(deviation):
        messages.info(request, _("This step is not open: see below what stands."))
        return redirect(deviation)

    def run() -> str:
        chosen.run(deviation, request.POST, user, version_seen(request.POST))
        return str(chosen.said)

    with timezone.override(ZoneInfo(deviation.site.timezone)):
        problems, status, done = attempt(request, run)
        if done is not None:
            drafts.forget(posted=request.POST, by=user)
            messages.success(request, done)
            return redirect(deviation)
        if status == 412:
            deviation = selectors.deviation_or_404(user, pk, Permission.MANAGE_DEVIATIONS)
        place = f"act={chosen.key}&pk={deviation.pk}"
        typed, draft, opened = _typed(request, ACT_PAGE, deviation.participant, place)
        values = {name: typed.get(name, value) for name, value in chosen.stands(deviation).items()}
        fields = chosen.fields(deviation, values, errors_by_field(problems))
        context = {
            "participant": deviation.participant,
            "synthetic": deviation.participant.synthetic,
            "deviation": deviation,
            "title": chosen.title,
            "about": chosen.about,
            "fields": fields,
            "problems": listed(problems, fields),
            "version": deviation.version,
            "save_label": chosen.button,
            "save_kind": "danger" if chosen.danger else "primary",
            "cancel_url": deviation.get_absolute_url(),
            "draft": draft,
            "ticket": drafts.ticket_for(request, ACT_PAGE, deviation.participant, parents=place, page=opened),
        }
        return render(request, "deviations/form.html", context, status=status)


def _typed(request: HttpRequest, kept: drafts.Page, participant: Any, place: str) -> tuple[Any, Any, str]:
    """What stands in the form, its draft if it came from one, and which opening of the page it is."""
    if request.method == "POST":
        return request.POST, None, drafts.page_of(request)
    own = drafts.at(request.user, kept, participant, parents=place)  # type: ignore[arg-type]
    draft = next((one for one in own if str(one.pk) == request.GET.get("draft")), own[0] if own else None)
    if draft is None:
        return {}, None, ""
    return drafts.posted_of(draft), draft, draft.page
