"""The page of a form, drawn: as it is saved, as it was left unsaved, as it came back refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from studyportal.audit.reason_fields import field_views
from studyportal.audit.selectors import history_of
from studyportal.crf import (
    conflicts,
    copying,
    display,
    drafts,
    forms,
    onwards,
    panels,
    signature_pages,
    signing,
)
from studyportal.crf.models import Draft
from studyportal.crf.reasons import names_for
from studyportal.crf.spec import CrfSpec
from studyportal.queries import selectors as query_selectors
from studyportal.queries.models import Query


@dataclass(frozen=True)
class Shown:
    """What stands on the page besides the form itself.

    conflict: both values, field by field, and who saved meanwhile; draft: the one that is shown, others beside it;
    source and copied: the record that was copied from, and what still says the same; saved: the record that this very
    page made before.
    """

    conflict: Sequence[conflicts.Difference] = ()
    by_whom: str = ""
    draft: Draft | None = None
    others: Sequence[tuple[Draft, str]] = ()
    leftovers: Sequence[tuple[str, str]] = ()
    source: Any = None
    copied: Sequence[copying.Copied] = ()
    saved: Any = None
    needs_reason: bool = False
    reason_problems: Sequence[str] = ()
    typed: Mapping[str, Any] | None = None


NOTHING_MORE = Shown()


def opened(
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
    if record is None and (standing := sole_record(spec, participant, parents or {})) is not None:
        if draft is None:
            messages.info(request, _("%s is saved already. This is what stands.") % spec.title)
            return redirect(standing)
        record = standing
    if draft is None and record is None:
        return drawn(
            request,
            spec,
            participant,
            parents=parents,
            form=forms.build(spec, previous=previous_of(spec, participant, None)),
        )
    typed = None if draft is None else drafts.posted_of(draft)
    raw = None if typed is None else forms.raw_of(spec, typed)
    source = copying.source_of(spec, participant, typed) if typed is not None and record is None else None
    differing: Sequence[conflicts.Difference] = ()
    if raw is not None and draft is not None and record is not None and draft.version_seen != record.version:
        differing = conflicts.differences(spec, raw, record, seen=draft.version_seen)
    return drawn(
        request,
        spec,
        participant,
        parents=parents,
        record=record,
        form=forms.build(
            spec,
            record=record,
            typed=raw,
            previous=previous_of(spec, participant, record),
            queries=[] if record is None else queries_of(spec, record),
            disabled=record is not None and not may_enter,
        ),
        shown=Shown(
            conflict=differing,
            by_whom=last_by(record, request) if differing else "",
            draft=draft,
            others=[(one, drafts.url_of(one, chosen=True)) for one in own if one is not draft],
            leftovers=[] if draft is None else drafts.leftovers(spec, draft),
            source=source,
            copied=[] if source is None else copying.copied_of(spec, source, raw or {}, typed or {}),
            typed=typed,
        ),
    )


def drawn(
    request: HttpRequest,
    spec: CrfSpec,
    participant: Any,
    *,
    form: forms.FormView,
    parents: Mapping[str, Any] | None = None,
    record: Any = None,
    shown: Shown = NOTHING_MORE,
    page: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """page: the token of the opened page, None for that of the draft or of the page that was sent."""
    signatures = signature_pages.shown_on(spec, record) if record is not None else []
    if page is None:
        page = shown.draft.page if shown.draft is not None else drafts.page_of(request)
    # A form that was opened as new and is there already is sent to where it stands.
    address = record.get_absolute_url() if record is not None else ""
    may_enter = request.user.may(spec.permission, participant.site_id)  # type: ignore[union-attr]
    return render(
        request,
        "crf/form.html",
        {
            "spec": spec,
            "participant": participant,
            "synthetic": getattr(participant, "synthetic", False),
            "record": record,
            "form": form,
            "shown": shown,
            "action": address,
            "ticket": drafts.ticket_for(
                request, spec, participant, record=record, parents=parents, page=page, address=address
            ),
            "asks_reason": shown.needs_reason or (record is not None and record.is_complete),
            "reason_fields": field_views(
                shown.typed or request.POST,
                names=names_for(spec),
                help=_(
                    "Needed when you change a value: the form was complete. It is kept with the old and the new value."
                ),
                required=shown.needs_reason,
                errors=[_("Say why you change it.")] if shown.needs_reason else shown.reason_problems,
            ),
            "may_enter": may_enter,
            # A new form with nothing to be read before it: typing begins at once.
            "begins": may_enter and record is None and shown is NOTHING_MORE and request.method == "GET",
            "leads_on": "visit" in spec.parents and onwards.known(),
            "may_copy": may_enter
            and record is None
            and shown.draft is None
            and request.method == "GET"
            and bool(copying.sources(spec, participant, parents or {})),
            "copy_query": drafts.parents_text(parents or {}),
            "parents": display.parents_in_words(spec, record) if record is not None else [],
            "panels": panels.of(request, spec, record) if record is not None else [],
            "signatures": signatures,
            "signed_now": any(not one.broken for one in signatures),
            "may_sign": record is not None and bool(signing.may_sign(request.user, spec, record.site_id)),  # type: ignore[arg-type]
        },
        status=status,
    )


def sole_record(spec: CrfSpec, participant: Any, parents: Mapping[str, Any]) -> Any:
    """The record that a form filled once already has here: at its visit, its session, or of the participant."""
    places = spec.parents or ("participant",)
    once = any(
        isinstance(one, models.UniqueConstraint) and one.condition is None and set(one.fields) == set(places)
        for one in spec.model._meta.constraints
    )
    if spec.repeats or not once:
        return None
    where = {"participant": participant} | {name: parents.get(name) for name in spec.parents}
    if None in where.values():
        return None
    return (
        spec.model._default_manager.filter(**where)
        .select_related("participant__site", "site", *spec.parents)
        .first()
    )


def previous_of(spec: CrfSpec, participant: Any, record: Any) -> Any:
    """The record of this form entered before this one, whose values stand beside the fields."""
    if spec.repeats:
        return None
    earlier = spec.model._default_manager.filter(participant=participant).order_by("-id")
    # What dates it is shown beside its values.
    earlier = earlier.select_related("site", *spec.parents)
    if record is not None:
        earlier = earlier.filter(pk__lt=record.pk)
    return earlier.first()


def queries_of(spec: CrfSpec, record: Any) -> list[Query]:
    return query_selectors.of_record(spec.key, record.pk)


def last_by(record: Any, request: HttpRequest) -> str:
    """Who saved it last, "" when it was the person at this page."""
    changes = history_of(record)
    by = changes[0].by if changes else "?"
    return "" if by == request.user.get_username() else by
