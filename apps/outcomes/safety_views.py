"""The pages of the safety tables: asking for them, reading them one by one, and looking behind the mask."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.outcomes import safety_actions
from apps.outcomes import safety_presentation as presentation
from apps.outcomes.safety_models import SafetyTables
from studyportal.access.declare import get_visible_or_404, requires
from studyportal.access.permissions import Permission
from studyportal.audit.looks import log_look
from studyportal.ui.parts import Cell, Column, Tab

SHOWN_RUNS = 50
# Tables that stand in a second row of tabs: products, deviations and listings.
APART = frozenset(
    {"products", "near-misses", "deviations", "deaths", "serious-list", "special-list", "products-list"}
)


@requires(Permission.VIEW_SAFETY_TABLES)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What was computed, and the forms by which more is."""
    return _index(request, {}, {})


def _index(request: Any, typed: dict[str, str], problems: dict[str, list[str]]) -> HttpResponse:
    user = request.user
    tables = SafetyTables.objects.visible_to(user).select_related("made_by").defer("content")[:SHOWN_RUNS]
    context = {
        "may_run": user.may(Permission.RUN_SAFETY_TABLES),
        "may_unmask": user.may(Permission.UNMASK_SAFETY_TABLES),
        "typed": typed,
        "problems": problems,
        "columns": [
            Column(_("Version")),
            Column(_("Cut-off")),
            Column(_("Made")),
            Column(_("By")),
            Column(_("Protocol")),
            Column(_("Synthetic")),
        ],
        "runs": [
            [
                Cell(table.get_audience_display(), url=table.get_absolute_url(), detail=table.sha256[:12]),
                Cell(f"{table.cut_off:%d %b %Y}", nowrap=True),
                Cell(f"{table.made_at:%Y-%m-%d %H:%M} UTC", nowrap=True),
                str(table.made_by),
                table.protocol_version,
                _("included") if table.include_synthetic else _("excluded"),
            ]
            for table in tables
        ],
    }
    return render(request, "outcomes/safety_index.html", context, status=400 if problems else 200)


@requires(Permission.RUN_SAFETY_TABLES)
@require_POST
def run(request: HttpRequest) -> HttpResponse:
    """Start the job and go to its progress; what is wrong is said beside what was typed."""
    typed = {
        name: request.POST.get(name, "")[:1000]
        for name in ("audience", "include_synthetic", "cut_off", "reason")
    }
    problems: dict[str, list[str]] = {}
    try:
        cut_off = dt.date.fromisoformat(typed["cut_off"]) if typed["cut_off"] else None
    except ValueError:
        cut_off, problems["cut_off"] = None, [_("Write the cut-off as 2026-11-30, or leave it empty.")]
    if typed["include_synthetic"] not in ("true", "false"):
        problems["include_synthetic"] = [_("Say whether synthetic participants are included.")]
    if not problems:
        try:
            job = safety_actions.start(
                audience=typed["audience"],
                include_synthetic=typed["include_synthetic"] == "true",
                cut_off=cut_off,
                reason=typed["reason"],
                by=request.user,
            )
            return redirect(f"/jobs/{job.pk}/")
        except ValidationError as error:
            problems = dict(error.message_dict)
    return _index(request, typed, problems)


@requires(Permission.VIEW_SAFETY_TABLES)
@require_safe
def tables(request: HttpRequest, pk: int, key: str = "") -> HttpResponse:
    """One table of a run, with tabs to the others."""
    return _tables(request, _visible(request, pk), key, {})


def _visible(request: Any, pk: int) -> SafetyTables:
    found = SafetyTables.objects.select_related("made_by", "mask")
    return get_visible_or_404(found, request.user, Permission.VIEW_SAFETY_TABLES, pk=pk)


def _tables(
    request: Any, found: SafetyTables, key: str, problems: dict[str, list[str]], typed: str = ""
) -> HttpResponse:
    content = found.content
    chosen = presentation.table_of(content, key or content["tables"][0]["key"])
    if chosen is None:
        raise Http404
    if not found.is_masked:
        log_look(what="safety_tables_by_group", by=request.user, detail=f"{found.pk}: {chosen['key']}")
    columns, rows = presentation.shown(chosen)
    titles, counts, provenance = presentation.titles(), content["counts"], content["provenance"]
    unmaskings = list(found.unmaskings.select_related("by"))
    may_unmask = request.user.may(Permission.UNMASK_SAFETY_TABLES)
    looked = any(one.by_id == request.user.pk for one in unmaskings)
    address = reverse("api:safety-tables", args=[found.pk])
    context = {
        "found": found,
        "content": content,
        "table": chosen,
        "title": titles.get(chosen["key"], chosen["title"]),
        "columns": columns,
        "rows": rows,
        "more": max(len(chosen["rows"]) - presentation.SHOWN_ROWS, 0) if chosen["kind"] == "list" else 0,
        "stack": chosen["kind"] == "list",
        "tabs": _tabs(found, chosen, lambda table: table["key"] not in APART),
        "more_tabs": _tabs(found, chosen, lambda table: table["key"] in APART),
        "synthetic": counts["synthetic"],
        "synthetic_count": _("%(n)d of %(total)d participants")
        % {"n": counts["synthetic"], "total": counts["participants"]},
        "letters": list(safety_actions.letters_of(found).items())
        if may_unmask and looked and found.is_masked
        else [],
        "may_unmask": may_unmask and found.is_masked and not looked,
        "unmaskings": [
            [Cell(f"{one.at:%Y-%m-%d %H:%M} UTC", nowrap=True), str(one.by), one.reason] for one in unmaskings
        ],
        "unmasking_columns": [Column(_("When")), Column(_("By")), Column(_("Why"))],
        "problems": problems,
        "typed": typed,
        "csv": f"{address}tables/{chosen['key']}.csv",
        "json": f"{address.rstrip('/')}.json",
        "pdf": f"{address.rstrip('/')}.pdf",
        "provenance": [
            (_("Version"), found.get_audience_display(), ""),
            (_("Cut-off"), f"{found.cut_off:%d %b %Y}", _("events and follow-up until this day")),
            (_("Made"), f"{found.made_at:%Y-%m-%d %H:%M} UTC", str(found.made_by)),
            (
                _("Data as of"),
                provenance["data_as_of"] or "–",
                _("last change among the rows that were read"),
            ),
            (_("Participants"), counts["participants"], ""),
            (_("Synthetic participants"), counts["synthetic"], ""),
            (_("Protocol"), found.protocol_version, found.protocol_sha256),
            (_("Code"), found.code_version, ""),
            (_("Data SHA-256"), found.data_sha256, ""),
            (_("Tables SHA-256"), found.sha256, _("of the JSON file, byte for byte")),
        ],
    }
    return render(request, "outcomes/safety_tables.html", context, status=400 if problems else 200)


def _tabs(found: SafetyTables, chosen: Any, wanted: Callable[[Any], bool]) -> list[Tab]:
    titles = presentation.titles()
    return [
        Tab(
            titles.get(table["key"], table["title"]),
            reverse("outcomes:safety-table", args=[found.pk, table["key"]]),
            active=table["key"] == chosen["key"],
            count=len(table["rows"]) if table["kind"] == "list" else None,
        )
        for table in found.content["tables"]
        if wanted(table)
    ]


@requires(Permission.UNMASK_SAFETY_TABLES)
@require_POST
def unmask(request: HttpRequest, pk: int) -> HttpResponse:
    """Read which letter is which group; it is written down that and why."""
    found = _visible(request, pk)
    reason = request.POST.get("reason", "")[:2000]
    try:
        safety_actions.unmask(tables=found, by=request.user, reason=reason)
    except ValidationError as error:
        return _tables(request, found, "", dict(error.message_dict), reason)
    return redirect(found.get_absolute_url())
