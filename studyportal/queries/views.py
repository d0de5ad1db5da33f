"""The pages of queries: the board, its numbers and its file, one query, asking, and each act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from studyportal.access.clock import in_own_zone
from studyportal.access.declare import requires
from studyportal.access.downloads import csv_answer
from studyportal.access.permissions import Permission
from studyportal.audit.looks import log_look
from studyportal.queries import actions, cards, files, page, selectors, subjects, thread
from studyportal.queries.actions import QueryRefused, QueryStale
from studyportal.queries.models import Query
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import listed, version_seen, whole_number

SEE = selectors.SEES


@requires(SEE)
@require_safe
@in_own_zone
def board(request: HttpRequest) -> HttpResponse:
    """The queries that one may see, newest first."""
    return render(request, "queries/board.html", page.board(request.user, request.GET))  # type: ignore[arg-type]


@requires(SEE)
@require_safe
def counts(request: HttpRequest) -> HttpResponse:
    """How many wait at each site and form, and for how long."""
    return render(request, "queries/counts.html", page.counts(request.user, request.GET))  # type: ignore[arg-type]


@requires(SEE)
@require_safe
def as_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The board with the filters of the page as a file, oldest first."""
    user: Any = request.user
    choice = page.choice_of(request.GET, page.sites_seen(user))
    log_look(what="queries_file", by=user, detail=page.asked(choice))
    found = selectors.queries(user, choice).order_by("id")
    rows = found.select_related("participant", "site", "raised_by", "assigned_to").iterator(chunk_size=2000)
    return csv_answer(user, files.as_csv(rows), "queries")


@requires(SEE)
@require_safe
def query(request: HttpRequest, pk: int) -> HttpResponse:
    """One query from beginning to end, with the history of the values around it."""
    return _page(request, selectors.query_or_404(request.user, pk, SEE))


def _page(
    request: HttpRequest,
    found: Query,
    *,
    typed: str = "",
    fault: str = "",
    assign_fault: str = "",
    status: int = 200,
) -> HttpResponse:
    user: Any = request.user
    with timezone.override(ZoneInfo(found.site.timezone)):
        steps, left_out = thread.of(found)
        card = cards.card(user, found, typed=typed, fault=fault)
        fields = []
        if card.may_assign:
            errors = [assign_fault] if assign_fault else []
            fields = [
                page.assignee_field(
                    found.site_id, request.POST.get("assignee", page.chosen_assignee(found)), errors
                ),
                FieldView(
                    "text",
                    _("Note"),
                    widget="textarea",
                    required=False,
                    value=request.POST.get("text", "") if assign_fault else "",
                ),
            ]
        context = {
            "query": found,
            "participant": found.participant,
            "synthetic": found.participant.synthetic,
            "card": card,
            "thread": steps,
            "left_out": left_out,
            "assign_fields": fields,
            "assign_fault": assign_fault,
        }
        return render(request, "queries/query.html", context, status=status)


# --- asking ----------------------------------------------------------------------------------------------


@requires(*selectors.ASKS)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, code: str) -> HttpResponse:
    """Ask the site about a participant, or about ?form= and ?record=, there about ?field=."""
    user: Any = request.user
    participant = _participant(user, code)
    form, record = request.GET.get("form", "")[:60], whole_number(request.GET.get("record"))
    subject = subjects.of(form)
    found = None if subject is None else subject.record_of(participant.pk, record)
    if subject is None or found is None:
        subject, form = None, ""
    problems: list[Any] = []
    if request.method == "POST":
        try:
            given = page.assignee_of(request.POST.get("assignee", ""), participant.site_id)
            actions.raise_query(
                participant=participant,
                message=request.POST.get("message", ""),
                by=user,
                form=form,
                object_id=None if found is None else found.pk,
                field=request.POST.get("field", "") if found is not None else "",
                assigned_to=given.get("to"),
                assigned_role=given.get("role", ""),
            )
        except QueryRefused as error:
            problems = [_Fault(_control_of(error.field), str(error))]
        else:
            messages.success(request, _("The question is open; the site sees it on its worklist."))
            return redirect(found.get_absolute_url() if found is not None else participant.get_absolute_url())
    fields = _fields_of_new(request, participant, subject, problems)
    context = {
        "participant": participant,
        "synthetic": participant.synthetic,
        "about": "" if subject is None else subject.title,
        "cancel_url": participant.get_absolute_url() if found is None else found.get_absolute_url(),
        "fields": fields,
        "problems": listed(problems, fields),
    }
    return render(request, "queries/new.html", context, status=400 if problems else 200)


class _Fault:
    def __init__(self, field: str, message: str) -> None:
        self.field, self.message = field, message


def _control_of(field: str) -> str:
    """The name of the control that an argument of the action comes from."""
    return "assignee" if field.startswith("assigned") else field


def _participant(user: Any, code: str) -> Any:
    """The participant, for any of the permissions by which one may ask."""
    model = apps.get_model(settings.PARTICIPANT_MODEL)
    found = model._default_manager.select_related("site")
    return selectors.one_or_404(found, user, *selectors.ASKS, code=code.replace("\x00", ""))


def _fields_of_new(
    request: HttpRequest, participant: Any, subject: subjects.Subject | None, problems: list[Any]
) -> list[FieldView]:
    def errors(name: str) -> list[str]:
        return [one.message for one in problems if one.field == name]

    fields = [
        FieldView(
            "message",
            _("Question"),
            widget="textarea",
            value=request.POST.get("message", ""),
            errors=errors("message"),
        )
    ]
    if subject is not None and subject.fields:
        fields.insert(
            0,
            FieldView(
                "field",
                _("About"),
                widget="select",
                value=request.POST.get("field", request.GET.get("field", "")),
                choices=[
                    ("", _("the whole of it")),
                    *((name, str(label)) for name, label in subject.fields.items()),
                ],
                required=False,
                errors=errors("field"),
            ),
        )
    fields.append(
        page.assignee_field(participant.site_id, request.POST.get("assignee", ""), errors("assignee"))
    )
    return fields


# --- the acts --------------------------------------------------------------------------------------------


@requires(Permission.ENTER_DATA)
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Explain the value that was asked about."""
    return _act(request, pk, [Permission.ENTER_DATA], actions.answer, _("The answer is saved."))


@requires(Permission.MANAGE_QUERIES)
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept the answer."""
    return _act(request, pk, [Permission.MANAGE_QUERIES], actions.close, _("The query is closed."))


@requires(Permission.MANAGE_QUERIES)
@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask again, saying why."""
    return _act(request, pk, [Permission.MANAGE_QUERIES], actions.reopen, _("The query is open again."))


@requires(*selectors.ASKS)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back one's own question."""
    return _act(request, pk, selectors.ASKS, actions.withdraw, _("The question is taken back."))


@requires(*selectors.ASSIGNS)
@require_POST
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Say who is to answer."""
    found = selectors.query_or_404(request.user, pk, *selectors.ASSIGNS)
    try:
        actions.assign(
            query=found,
            by=request.user,  # type: ignore[arg-type]
            text=request.POST.get("text", ""),
            expected_version=version_seen(request.POST) or None,
            **page.assignee_of(request.POST.get("assignee", ""), found.site_id),
        )
    except QueryRefused as error:
        return _page(
            request,
            selectors.query_or_404(request.user, pk, SEE),
            assign_fault=str(error),
            status=_status(error),
        )
    messages.success(request, _("It is assigned."))
    return redirect("queries:query", pk)


@requires(Permission.MANAGE_QUERIES)
@require_POST
@in_own_zone
def close_many(request: HttpRequest) -> HttpResponse:
    """Accept several answers at once, with one reason."""
    user: Any = request.user
    ids = [number for one in request.POST.getlist("ids") if (number := whole_number(one))]
    text = request.POST.get("text", "")
    try:
        closed, left = actions.close_many(
            ids=ids, text=text, by=user, within=Query.objects.visible_to(user, Permission.MANAGE_QUERIES)
        )
    except QueryRefused as error:
        context = page.board(user, request.GET, chosen=ids, typed=text, fault=str(error))
        return render(request, "queries/board.html", context, status=_status(error))
    messages.success(
        request, ngettext("%(n)d query is closed.", "%(n)d queries are closed.", closed) % {"n": closed}
    )
    if left:
        said = ngettext(
            "%(n)d was left as it is: it is not answered any more.",
            "%(n)d were left as they are: they are not answered any more.",
            left,
        )
        messages.warning(request, said % {"n": left})
    return redirect(f"{reverse('queries:board')}?{request.GET.urlencode()}")


def _status(error: QueryRefused) -> int:
    return 412 if isinstance(error, QueryStale) else 400 if error.field else 409


def _act(
    request: HttpRequest, pk: int, permissions: Sequence[Permission], action: Callable[..., Any], said: str
) -> HttpResponse:
    found = selectors.query_or_404(request.user, pk, *permissions)
    text = request.POST.get("text", "")
    try:
        action(query=found, text=text, by=request.user, expected_version=version_seen(request.POST) or None)
    except QueryRefused as error:
        # On the page of the query, with what was typed.
        return _page(
            request,
            selectors.query_or_404(request.user, pk, SEE),
            typed=text,
            fault=str(error),
            status=_status(error),
        )
    messages.success(request, said)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = reverse("queries:board")
    return redirect(back)
