"""A form that was sent by a page: saved once, or shown again with everything that was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from studyportal.audit import reasons
from studyportal.crf import (
    actions,
    conflicts,
    copying,
    drafts,
    explanations,
    form_page,
    forms,
    onwards,
    submissions,
)
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.crf.fetch import record_or_404
from studyportal.crf.form_page import Shown
from studyportal.crf.outcomes import Problem
from studyportal.crf.reasons import names_for
from studyportal.crf.spec import CrfSpec
from studyportal.ui.posted import version_seen


class _Standing(Exception):
    """A form that is filled once was opened twice, and the other page was first."""

    def __init__(self, record: Any) -> None:
        self.record = record


def sent_new(
    request: HttpRequest, spec: CrfSpec, participant: Any, parents: Mapping[str, Any]
) -> HttpResponse:
    """A new record. The page carries its own key: sent twice, it gives one record and the same answer."""
    raw = forms.raw_of(spec, request.POST)
    problems: list[Problem] = []
    explained = explanations.posted(request.POST, problems)
    source = copying.source_of(spec, participant, request.POST)
    copied = [] if source is None else copying.copied_of(spec, source, raw, request.POST)
    problems += copying.unconfirmed(copied)
    status, needs_reason = 400, False
    page = drafts.page_of(request)
    complete = "incomplete" not in request.POST
    try:
        if problems:
            raise CrfInvalid(problems)
        with submissions.once(
            user=request.user,  # type: ignore[arg-type]
            key=submissions.page_key(page),
            content=[participant.pk, drafts.parents_text(parents), complete, raw],
            form=spec.key,
        ) as sent:
            if sent.object_id is None:
                if (standing := form_page.sole_record(spec, participant, parents)) is not None:
                    raise _Standing(standing)
                saved = actions.save(
                    spec,
                    raw=raw,
                    by=request.user,  # type: ignore[arg-type]
                    participant=participant,
                    parents=parents,
                    reason=_reason(request, spec),
                    complete=complete,
                    explanations=explained,
                )
                sent.made(saved.pk)
            else:
                saved = record_or_404(request, spec, sent.object_id)
    except submissions.KeyReused as error:
        return _sent_before(request, spec, participant, parents, raw, error.object_id)
    except _Standing as error:
        return _compared(request, spec, raw, error.record, seen=0)
    except ReasonRequired as error:
        problems, needs_reason = list(error.problems), True
    except CrfInvalid as error:
        problems = list(error.problems)
    except Refused as error:
        problems, status = list(error.problems), 409
    else:
        drafts.forget(posted=request.POST, by=request.user)  # type: ignore[arg-type]
        return _after(request, spec, saved)
    return form_page.drawn(
        request,
        spec,
        participant,
        parents=parents,
        form=forms.build(
            spec, typed=raw, problems=problems, previous=form_page.previous_of(spec, participant, None)
        ),
        shown=Shown(
            source=source,
            copied=copied,
            needs_reason=needs_reason,
            reason_problems=_of_reason(spec, problems),
        ),
        status=status,
    )


def sent_change(request: HttpRequest, spec: CrfSpec, record: Any) -> HttpResponse:
    """A change of a record, by the version that its page showed."""
    typed = forms.raw_of(spec, request.POST)
    raw, shown_raw = conflicts.chosen(spec, typed, request.POST, record)
    problems: list[Problem] = []
    explained = explanations.posted(request.POST, problems)
    status, needs_reason = 400, False
    seen = version_seen(request.POST)
    try:
        if problems:
            raise CrfInvalid(problems)
        saved = actions.save(
            spec,
            raw=raw,
            by=request.user,  # type: ignore[arg-type]
            record=record,
            expected_version=seen,
            reason=_reason(request, spec),
            complete="incomplete" not in request.POST,
            explanations=explained,
        )
    except ReasonRequired as error:
        problems, needs_reason = list(error.problems), True
    except CrfInvalid as error:
        problems = list(error.problems)
    except Refused as error:
        problems, status = list(error.problems), 409
    except StaleVersion as error:
        return _compared(request, spec, shown_raw, error.current, seen=seen)
    else:
        drafts.forget(posted=request.POST, by=request.user)  # type: ignore[arg-type]
        submissions.mark_saved(
            user=request.user,  # type: ignore[arg-type]
            page=drafts.page_of(request),
            form=spec.key,
            object_id=saved.pk,
        )
        return _after(request, spec, saved, unchanged=saved.version == seen)
    return form_page.drawn(
        request,
        spec,
        record.participant,
        record=record,
        form=forms.build(
            spec,
            record=record,
            typed=shown_raw,
            problems=problems,
            previous=form_page.previous_of(spec, record.participant, record),
            queries=form_page.queries_of(spec, record),
        ),
        shown=Shown(needs_reason=needs_reason, reason_problems=_of_reason(spec, problems)),
        status=status,
    )


def _reason(request: HttpRequest, spec: CrfSpec) -> Any:
    return reasons.of_form(request.POST, **vars(names_for(spec)))


def _of_reason(spec: CrfSpec, problems: Sequence[Problem]) -> list[str]:
    return [p.message for p in problems if p.field == names_for(spec).text]


def _compared(
    request: HttpRequest, spec: CrfSpec, raw: Mapping[str, Any], current: Any, *, seen: int
) -> HttpResponse:
    """Somebody saved meanwhile: both values, field by field. Who sent the same as what stands has saved it."""
    found = conflicts.differences(spec, raw, current, seen=seen)
    if not found:
        drafts.forget(posted=request.POST, by=request.user)  # type: ignore[arg-type]
        return _after(request, spec, current)
    return form_page.drawn(
        request,
        spec,
        current.participant,
        record=current,
        form=forms.build(
            spec,
            record=current,
            typed=raw,
            previous=form_page.previous_of(spec, current.participant, current),
            queries=form_page.queries_of(spec, current),
        ),
        shown=Shown(conflict=found, by_whom=form_page.last_by(current, request)),
        status=412,
    )


def _sent_before(
    request: HttpRequest,
    spec: CrfSpec,
    participant: Any,
    parents: Mapping[str, Any],
    raw: Mapping[str, Any],
    object_id: int,
) -> HttpResponse:
    """The page made a record before, and comes again with other values (the back button): nothing is made in silence."""
    made = record_or_404(request, spec, object_id)
    if not spec.repeats:
        return _compared(request, spec, raw, made, seen=1)
    return form_page.drawn(
        request,
        spec,
        participant,
        parents=parents,
        form=forms.build(spec, typed=raw),
        shown=Shown(saved=made),
        page="",
        status=409,
    )


def _after(request: HttpRequest, spec: CrfSpec, saved: Any, *, unchanged: bool = False) -> HttpResponse:
    """Where a person goes after saving: to explain what was found, on to what is next, or back to where the form belongs.

    unchanged: the page was sent as it stands; who asks for the next form then has seen what was found, and goes on.
    """
    open_queries = [query for query in form_page.queries_of(spec, saved) if query.state == "open"]
    if open_queries and not (unchanged and "next" in request.POST):
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
    place = "&".join(
        f"{name}={getattr(saved, f'{name}_id')}"
        for name in sorted(spec.parents)
        if getattr(saved, f"{name}_id")
    )
    if copying.is_copy(request.POST):
        row = copying.rest_of_copy(request.user, spec, saved.participant, place)  # type: ignore[arg-type]
        if row is not None:
            messages.success(request, _("%s is saved. The next row that was copied waits here.") % spec.title)
            return redirect(drafts.url_of(row, chosen=True))
    if "next" in request.POST:
        step = onwards.after(request.user, spec, saved)  # type: ignore[arg-type]
        if step is not None and not step.done:
            messages.success(
                request, _("%(form)s is saved. Next: %(next)s.") % {"form": spec.title, "next": step.title}
            )
            return redirect(step.url)
        messages.success(request, _("%s is saved. Nothing else is expected here.") % spec.title)
        return redirect(saved.home_url if step is None else step.url)
    messages.success(request, _("%s is saved.") % spec.title)
    if "again" in request.POST and spec.repeats:
        return redirect(f"/participants/{saved.participant.code}/forms/{spec.key}/new/?{place}")
    return redirect(saved.home_url)
