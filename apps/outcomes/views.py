"""The pages of the outcome tables and of the flow."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.outcomes import actions, flow_page, presentation
from apps.outcomes.catalogue import KINDS
from apps.outcomes.models import OutcomeTable
from studyportal import protocol
from studyportal.access.declare import get_visible_or_404, requires
from studyportal.access.permissions import Permission
from studyportal.ui.parts import Cell, Column

SHOWN_RUNS = 50


@requires(Permission.VIEW_OUTCOMES)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What can be computed, and what was."""
    tables = (
        OutcomeTable.objects.visible_to(request.user).select_related("made_by").defer("content")[:SHOWN_RUNS]
    )
    context = {
        "kinds": list(KINDS.values()),
        "may_run": request.user.may(Permission.RUN_OUTCOMES),
        "columns": [
            Column(_("Table")),
            Column(_("Made")),
            Column(_("By")),
            Column(_("Data as of")),
            Column(_("Protocol")),
            Column(_("Synthetic")),
        ],
        "runs": [
            [
                Cell(table.title, url=table.get_absolute_url(), detail=table.sha256[:12]),
                f"{table.made_at:%Y-%m-%d %H:%M} UTC",
                str(table.made_by),
                "" if table.data_as_of is None else f"{table.data_as_of:%Y-%m-%d %H:%M} UTC",
                table.protocol_version,
                _("included") if table.include_synthetic else _("excluded"),
            ]
            for table in tables
        ],
    }
    return render(request, "outcomes/index.html", context)


@requires(Permission.RUN_OUTCOMES)
@require_POST
def run(request: HttpRequest, key: str) -> HttpResponse:
    """Start the job and go to its progress."""
    if key not in KINDS:
        return redirect("outcomes:index")
    include = request.POST.get("include_synthetic") == "true"
    job = actions.start(key=key, include_synthetic=include, as_of=None, by=request.user)
    return redirect(f"/jobs/{job.pk}/")


@requires(Permission.VIEW_OUTCOMES)
@require_safe
def table(request: HttpRequest, pk: int) -> HttpResponse:
    """One computed table: numbers, chart, footnotes, provenance, files."""
    found = get_visible_or_404(
        OutcomeTable.objects.select_related("made_by"), request.user, Permission.VIEW_OUTCOMES, pk=pk
    )
    groups = {key: group.label for key, group in protocol.current().groups.items()}
    content = found.content
    synthetic = sum(group["synthetic"] for group in content["counts"].values())
    total = sum(group["participants"] for group in content["counts"].values())
    provenance = content["provenance"]
    address = reverse("api:outcome", args=[found.pk]).rstrip("/")
    context = {
        "table": found,
        "content": content,
        "columns": presentation.page_columns(content["analyte"]["unit"]),
        "rows": presentation.page_rows(content, groups),
        "chart": presentation.chart(content, groups),
        "synthetic": synthetic > 0,
        "synthetic_count": _("%(n)d of %(total)d participants") % {"n": synthetic, "total": total},
        "csv": f"{address}.csv",
        "json": f"{address}.json",
        "provenance": [
            (_("Made"), f"{found.made_at:%Y-%m-%d %H:%M} UTC", str(found.made_by)),
            (
                _("Data as of"),
                provenance["data_as_of"] or "–",
                _("last change among the rows that were read"),
            ),
            (_("Visit windows judged on"), provenance["windows_judged_on"], ""),
            (_("Participants"), total, ""),
            (_("Synthetic participants"), synthetic, ""),
            (_("Protocol"), found.protocol_version, found.protocol_sha256),
            (_("Code"), found.code_version, ""),
            (_("Data SHA-256"), found.data_sha256, ""),
            (_("Table SHA-256"), found.sha256, _("of the JSON file, byte for byte")),
        ],
    }
    return render(request, "outcomes/table.html", context)


@requires(Permission.VIEW_OUTCOMES)
@require_safe
def flow(request: HttpRequest) -> HttpResponse:
    """The STROBE flow at the person's sites, from live data."""
    context = flow_page.page_of(request.user, request.GET.dict())
    return render(request, "outcomes/flow.html", context, status=400 if context["problems"] else 200)
