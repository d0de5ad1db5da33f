"""What the portal thinks of a form while it is typed: hard errors, soft findings and derived values. Nothing is written."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from django.apps import apps as django_apps
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from studyportal.access.declare import get_visible_or_404, requires
from studyportal.access.permissions import Permission
from studyportal.crf import checking, drafts, forms
from studyportal.crf.fetch import may_enter_or_403, record_or_404, spec_or_404
from studyportal.crf.outcomes import Finding, Problem
from studyportal.crf.spec import CrfSpec
from studyportal.queries.models import Query, QueryState
from studyportal.ui.parts import ShownFinding
from studyportal.words import translated


@dataclass(frozen=True)
class Said:
    """What stands beside one field (name "": beside the form). digest: the page leaves as it is what says the same."""

    name: str
    errors: list[str]
    findings: list[ShownFinding]

    @property
    def digest(self) -> str:
        said = (*self.errors, *(f"{one.code} {one.state} {one.message}" for one in self.findings))
        return hashlib.sha256("\x00".join(said).encode()).hexdigest()[:16] if said else "nothing"


@requires(Permission.VIEW_DATA)
@require_POST
def check(request: HttpRequest, key: str) -> HttpResponse:
    """POST /forms/<key>/check/: the controls of the form with its ticket → fragments that htmx puts to their fields.

    Parse, show-if, rules, derivation and checks run as in a save. Nothing is saved, no query opens, no history is made.
    `touched`: names of the fields that the person has been at; `said`: names beside which something stands from before.
    Of a new form what lies behind the last of them is not judged yet, because nobody has come to it.
    """
    spec = spec_or_404(key)
    ticket = drafts.read_ticket(request.POST, max_age=None)
    if ticket is None or ticket.form != spec.key or ticket.user != request.user.pk:
        return HttpResponseBadRequest(_("This is no page of this form. Open the form again."))
    people: Any = django_apps.get_model(settings.PARTICIPANT_MODEL)
    participant: Any = get_visible_or_404(
        people._default_manager.select_related("site"),
        request.user,
        Permission.VIEW_DATA,
        pk=ticket.participant,
    )
    may_enter_or_403(request.user, spec, participant.site_id)
    new = ticket.record is None
    record = (
        _unsaved(request, spec, participant, ticket.parents)
        if ticket.record is None
        else record_or_404(request, spec, ticket.record)
    )
    if record is None:
        return HttpResponse(status=204)
    with timezone.override(ZoneInfo(participant.site.timezone)):
        raw = forms.raw_of(spec, request.POST)
        judged = checking.judge(spec, raw=raw, record=record, new=new)
        queries = [] if new else list(Query.objects.filter(form=spec.key, object_id=ticket.record))
        return render(
            request,
            "crf/check.html",
            {
                "said": _said(spec, judged, raw, queries, request.POST, new=new),
                "echoes": [
                    (name, forms.echo_of(crf_field, getattr(judged.record, name)))
                    for name, crf_field in spec.entered_fields.items()
                    if crf_field.widget in ("day", "partial-date") or getattr(crf_field, "offered", ())
                ],
                "derived": [
                    (
                        name,
                        forms.derived_text(
                            crf_field,
                            getattr(judged.record, name),
                            judged.record.absent_reason(name),
                        ),
                        crf_field.unit,
                    )
                    for name, crf_field in spec.derived_fields.items()
                ],
            },
        )


def _unsaved(request: HttpRequest, spec: CrfSpec, participant: Any, parents: str) -> Any:
    """A record that is not saved, of the participant and parents of the ticket; None while a parent is missing."""
    given = dict(parse_qsl(parents))
    found = {}
    for name in spec.parents:
        parents_of: Any = spec.model._meta.get_field(name).related_model
        if name in given:
            found[name] = get_visible_or_404(
                parents_of._default_manager.filter(participant=participant).select_related("participant"),
                request.user,
                Permission.VIEW_DATA,
                pk=given[name],
            )
    if any(name not in found and name not in spec.optional_parents for name in spec.parents):
        return None
    return spec.model(site=participant.site, participant=participant, **found)


def _said(
    spec: CrfSpec,
    judged: checking.Judged,
    raw: forms.Typed,
    queries: Iterable[Query],
    posted: Any,
    *,
    new: bool,
) -> list[Said]:
    touched = _names(spec, posted.get("touched", ""))
    reached = _reached(spec, touched) if new else frozenset(("", *spec.fields))
    unread = [one for one in judged.unread if one.code != "required"]
    errors: dict[str, list[str]] = {}
    for problem in (*unread, *(one for one in judged.broken if _field_of(spec, one) in reached)):
        _control, words = forms.place_of(spec, problem.field)
        message = translated(problem.message)
        # Of a cell the row and the column are said, because the message stands beside the whole table.
        cell = words if "." in (problem.field or "") else ""
        errors.setdefault(_field_of(spec, problem), []).append(f"{cell}: {message}" if cell else message)
    shown = {
        name: [forms.shown_query(spec, one) for one in _of_people(queries) if one.field == name]
        for name in {one.field for one in _of_people(queries)}
    }
    explained = {(one.field, one.code): one for one in queries if one.state == QueryState.ANSWERED}
    for finding in judged.findings:
        name = finding.field or ""
        if name in reached and not errors.get(name):
            shown.setdefault(name, []).append(_shown(spec, finding, judged.texts, explained, raw))
    around = {*touched, *_names(spec, posted.get("said", "")), ""}
    order = ("", *spec.fields)
    return [
        Said(name, errors.get(name, []), shown.get(name, []))
        for name in order
        if name in around or name in errors or name in shown
    ]


def _field_of(spec: CrfSpec, problem: Problem) -> str:
    """The field beside which a problem stands; of a cell, that of its table."""
    name = (problem.field or "").partition(".")[0]
    return name if name in spec.fields else ""


def _names(spec: CrfSpec, text: str) -> frozenset[str]:
    return frozenset(name for name in text[:8000].split(",") if name in spec.fields)


def _reached(spec: CrfSpec, touched: Collection[str]) -> frozenset[str]:
    """The fields up to the last that was touched, in the order of the page."""
    order = list(spec.fields)
    last = max((order.index(name) for name in touched), default=-1)
    return frozenset(order[: last + 1])


def _of_people(queries: Iterable[Query]) -> list[Query]:
    return [one for one in queries if one.origin == "person" and one.state != QueryState.CLOSED]


def _shown(
    spec: CrfSpec,
    finding: Finding,
    texts: Mapping[str, str],
    explained: Mapping[tuple[str, str], Query],
    raw: forms.Typed,
) -> ShownFinding:
    key = (finding.field or "", finding.code)
    stands = explained.get(key)
    if stands is not None and stands.explained_value == texts.get(key[0], ""):
        return forms.shown_query(spec, stands)
    return ShownFinding(
        message=translated(finding.message),
        code=finding.code,
        explanation=raw.explanations.get(key, ""),
        field=key[0],
        explain_name=forms.explain_name(*key),
    )
