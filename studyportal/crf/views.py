"""The pages of forms: enter, change, explain, and read the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps as django_apps
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from studyportal.access.declare import get_visible_or_404, requires
from studyportal.access.permissions import Permission
from studyportal.audit import links, reasons
from studyportal.audit.reason_fields import field_views
from studyportal.audit.selectors import history_of
from studyportal.crf import actions, display, drafts, forms, panels, signature_pages, signing
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.crf.fetch import may_enter_or_403, record_or_404, spec_or_404
from studyportal.crf.models import Draft
from studyportal.crf.outcomes import Problem
from studyportal.crf.reasons import names_for
from studyportal.crf.spec import CrfSpec
from studyportal.queries import selectors as query_selectors
from studyportal.queries.models import Query
from studyportal.ui.posted import version_seen


@drafts.keeps_what_was_typed
@requires(Permission.VIEW_DATA)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, code: str, key: str) -> HttpResponse:
    """An empty form for a participant; its parents (visit, session, …) are named in the address."""
    spec = spec_or_404(key)
    model = django_apps.get_model(settings.PARTICIPANT_MODEL)
    participant = get_visible_or_404(
        model._default_manager.select_related("site"), request.user, Permission.VIEW_DATA, code=code
    )
    may_enter_or_403(request.user, spec, participant.site_id)
    parents = {
        name: get_visible_or_404(
            spec.model._meta.get_field(name).related_model._default_manager.filter(participant=participant),
            request.user,
            Permission.VIEW_DATA,
            pk=request.GET[name],
        )
        for name in spec.parents
        if request.GET.get(name)
    }
    with timezone.override(ZoneInfo(participant.site.timezone)):
        if request.method == "POST":
            return _save(request, spec, participant=participant, parents=parents)
        return _open(request, spec, participant, parents=parents)


@drafts.keeps_what_was_typed
@requires(Permission.VIEW_DATA)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    """A saved form: read by those who may see it, changed by those who may enter it."""
    spec = spec_or_404(key)
    record = record_or_404(request, spec, pk)
    with timezone.override(ZoneInfo(record.site.timezone)):
        if request.method == "POST":
            may_enter_or_403(request.user, spec, record.site_id)
            return _save(request, spec, participant=record.participant, record=record)
        return _open(request, spec, record.participant, record=record)


@requires(Permission.VIEW_DATA)
def history(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    spec = spec_or_404(key)
    record = record_or_404(request, spec, pk)
    with timezone.override(ZoneInfo(record.site.timezone)):
        return render(
            request,
            "crf/history.html",
            {
                "spec": spec,
                "record": record,
                "participant": record.participant,
                "synthetic": getattr(record.participant, "synthetic", False),
                "changes": signature_pages.in_history(
                    display.history_in_words(spec, history_of(record)),
                    signature_pages.shown_on(spec, record),
                ),
                "trail_url": links.trail_of(record)
                if request.user.may(Permission.VIEW_AUDIT_TRAIL, record.site_id)  # type: ignore[union-attr]
                else "",
            },
        )


def _open(
    request: HttpRequest,
    spec: CrfSpec,
    participant: Any,
    *,
    parents: Mapping[str, Any] | None = None,
    record: Any = None,
) -> HttpResponse:
    """The form as it is saved, or as the person left it unsaved."""
    may_enter = request.user.may(spec.permission, participant.site_id)  # type: ignore[union-attr]
    own = drafts.at(request.user, spec, participant, record=record, parents=parents) if may_enter else []  # type: ignore[arg-type]
    draft = next((one for one in own if str(one.pk) == request.GET.get("draft")), own[0] if own else None)
    typed = None if draft is None else drafts.posted_of(draft)
    raw = None if typed is None else forms.raw_of(spec, typed)
    return _page(
        request,
        spec,
        participant,
        parents=parents,
        record=record,
        form=forms.build(
            spec,
            record=record,
            typed=raw,
            previous=_previous(spec, participant, record),
            queries=[] if record is None else _queries(spec, record),
            disabled=record is not None and not may_enter,
        ),
        conflict=_differences(spec, raw, record)
        if raw is not None
        and draft is not None
        and record is not None
        and draft.version_seen != record.version
        else (),
        reason_typed=typed,
        draft=draft,
        other_drafts=[(one, drafts.url_of(one, chosen=True)) for one in own if one is not draft],
    )


def _save(
    request: HttpRequest,
    spec: CrfSpec,
    *,
    participant: Any,
    parents: Mapping[str, Any] | None = None,
    record: Any = None,
) -> HttpResponse:
    raw = forms.raw_of(spec, request.POST)
    problems: tuple[Problem, ...] = ()
    current = None
    status = 400
    needs_reason = False
    try:
        saved = actions.save(
            spec,
            raw=raw,
            by=request.user,
            participant=participant,
            parents=parents,
            record=record,
            expected_version=version_seen(request.POST) if record is not None else None,
            reason=reasons.of_form(request.POST, **vars(names_for(spec))),
            complete="incomplete" not in request.POST,
        )
    except ReasonRequired as error:
        problems, needs_reason = error.problems, True
    except CrfInvalid as error:
        problems = error.problems
    except Refused as error:
        problems, status = error.problems, 409
    except StaleVersion as error:
        current, status = error.current, 412
    else:
        drafts.forget(posted=request.POST, by=request.user)
        return _after(request, spec, saved)
    return _page(
        request,
        spec,
        participant,
        parents=parents,
        record=record if current is None else current,
        form=forms.build(
            spec,
            record=record,
            typed=raw,
            problems=problems,
            previous=_previous(spec, participant, record),
            queries=[] if record is None else _queries(spec, record),
        ),
        conflict=[] if current is None else _differences(spec, raw, current),
        needs_reason=needs_reason,
        reason_problems=[p.message for p in problems if p.field == names_for(spec).text],
        status=status,
    )


def _after(request: HttpRequest, spec: CrfSpec, saved: Any) -> HttpResponse:
    """Where a person goes after saving: to explain what was found, or back to where the form belongs."""
    open_queries = [query for query in _queries(spec, saved) if query.state == "open"]
    if open_queries:
        messages.warning(
            request,
            ngettext(
                "%(form)s is saved. One point looks unusual: correct or explain it below.",
                "%(form)s is saved. %(n)d points look unusual: correct or explain them below.",
                len(open_queries),
            )
            % {"form": spec.title, "n": len(open_queries)},
        )
        return redirect("crf:edit", spec.key, saved.pk)
    messages.success(request, _("%s is saved.") % spec.title)
    if "again" in request.POST and spec.repeats:
        query = "&".join(
            f"{name}={getattr(saved, f'{name}_id')}" for name in spec.parents if getattr(saved, f"{name}_id")
        )
        return redirect(f"/participants/{saved.participant.code}/forms/{spec.key}/new/?{query}")
    return redirect(saved.home_url)


def _page(
    request: HttpRequest,
    spec: CrfSpec,
    participant: Any,
    *,
    form: forms.FormView,
    parents: Mapping[str, Any] | None = None,
    record: Any = None,
    conflict: Any = (),
    needs_reason: bool = False,
    reason_typed: Mapping[str, Any] | None = None,
    reason_problems: Sequence[str] = (),
    draft: Draft | None = None,
    other_drafts: Sequence[tuple[Draft, str]] = (),
    status: int = 200,
) -> HttpResponse:
    signatures = signature_pages.shown_on(spec, record) if record is not None else []
    page = draft.page if draft is not None else drafts.page_of(request)
    return render(
        request,
        "crf/form.html",
        {
            "spec": spec,
            "participant": participant,
            "synthetic": getattr(participant, "synthetic", False),
            "record": record,
            "form": form,
            "conflict": conflict,
            "draft": draft,
            "other_drafts": other_drafts,
            "ticket": drafts.ticket_for(
                request, spec, participant, record=record, parents=parents, page=page
            ),
            "asks_reason": needs_reason or (record is not None and record.is_complete),
            "reason_fields": field_views(
                reason_typed or request.POST,
                names=names_for(spec),
                help=_(
                    "Needed when you change a value: the form was complete. It is kept with the old and the new value."
                ),
                required=needs_reason,
                errors=[_("Say why you change it.")] if needs_reason else reason_problems,
            ),
            "may_enter": request.user.may(spec.permission, participant.site_id),  # type: ignore[union-attr]
            "parents": display.parents_in_words(spec, record) if record is not None else [],
            "panels": panels.of(request, spec, record) if record is not None else [],
            "signatures": signatures,
            "signed_now": any(not one.broken for one in signatures),
            "may_sign": record is not None and bool(signing.may_sign(request.user, spec, record.site_id)),  # type: ignore[arg-type]
        },
        status=status,
    )


def _differences(spec: CrfSpec, raw: Mapping[str, Any], current: Any) -> list[tuple[str, str, str]]:
    """Field by field: label, what stands now, what was typed."""
    found = []
    for name, crf_field in spec.entered_fields.items():
        text = crf_field.typed_for_people(raw[name])
        value = getattr(current, name)
        stands = crf_field.for_people(value) if crf_field.widget == "rows" else crf_field.as_text(value)
        if text.strip() != stands:
            found.append((crf_field.label, stands or "–", text or "–"))
    return found


def _previous(spec: CrfSpec, participant: Any, record: Any) -> Any:
    """The record of this form entered before this one, whose values stand beside the fields."""
    if spec.repeats:
        return None
    earlier = spec.model._default_manager.filter(participant=participant).order_by("-id")
    if record is not None:
        earlier = earlier.filter(pk__lt=record.pk)
    return earlier.first()


def _queries(spec: CrfSpec, record: Any) -> list[Query]:
    return query_selectors.of_record(spec.key, record.pk)
