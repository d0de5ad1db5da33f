"""The page of the flow, as plain parts for the components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.outcomes import flow_counting, flow_files, flow_words
from apps.outcomes.flow_counting import Asked, Counted
from apps.outcomes.statistics.flow import Step
from studyportal.access.models import User
from studyportal.ui.parts import Cell, Column, Filter, Row


def page_of(user: User, query: Mapping[str, Any]) -> dict[str, Any]:
    """Everything on the page. What was not understood is said, and the flow of everything is shown instead."""
    sites = flow_counting.sites_of(user)
    problems: list[str] = []
    try:
        asked = flow_counting.asked_of(query, sites)
    except ValidationError as error:
        asked = Asked()
        problems = [found[0] for found in error.message_dict.values()]
    counted = flow_counting.flow_of(user, asked, sites)
    at = {step.key: step.counts for step in counted.flow.steps}
    return {
        "problems": problems,
        "counted": counted,
        "empty": not at["screened"].n,
        "narrowed": asked != Asked(),
        "filters": _filters(asked, sites),
        "clear_url": reverse("outcomes:flow") if query else "",
        "summary": _("%(n)d screened") % {"n": at["screened"].n},
        "synthetic": asked.synthetic != "exclude",
        "drawing": flow_files.figure(counted, notes=False),
        "title": flow_files.title_of(counted),
        "desc": flow_words.summary(counted.flow),
        "differences": counted.differences,
        "columns": _columns(),
        "rows": _rows(counted),
        "site_columns": [Column(_("Step")), *(Column(site, numeric=True) for site in counted.sites), Column(_("All"), numeric=True)],
        "site_rows": _site_rows(counted) if len(counted.sites) > 1 else [],
        "notes": flow_files.reading_notes(),
        "files": [
            (label, kind.upper(), reverse(f"api:flow-{kind}") + asked.query())
            for kind, label in (
                ("svg", _("Figure, for print and web")),
                ("png", _("Figure, as a picture")),
                ("csv", _("Every number, with its reason and site")),
            )
        ],
        "provenance": _provenance(counted),
    }  # fmt: skip


def _filters(asked: Asked, sites: Mapping[str, int]) -> list[Filter]:
    found = []
    if len(sites) > 1:
        choices = [("", _("All")), *((code, code) for code in sites)]
        found.append(Filter("site", _("Site"), value=asked.site, choices=choices))
    return [
        *found,
        Filter(
            "synthetic",
            _("Synthetic participants"),
            value=asked.synthetic,
            choices=[("include", _("Included")), ("exclude", _("Excluded")), ("only", _("Only these"))],
        ),
        Filter(
            "as_of",
            _("Windows judged on"),
            widget="date",
            value=asked.as_of.isoformat() if asked.as_of else "",
        ),
    ]


def _columns() -> list[Column]:
    return [
        Column(_("Step")),
        Column(_("Persons"), numeric=True),
        Column(_("At the visit")),
        Column(_("Went no further")),
        Column(_("Gone in all"), numeric=True),
        Column(_("Pending")),
    ]


def _rows(counted: Counted) -> list[Row]:
    """The figure as a table, step by step: the same numbers, with the reasons beside them."""
    return [Row(_cells(step), tone="accent" if step.plan.kind == "analysed" else "") for step in counted.flow.steps]  # fmt: skip


def _cells(step: Step) -> list[Any]:
    plan, counts = step.plan, step.counts
    label = flow_words.step_label(plan)
    if plan.group and plan.kind != "group":
        label = f"{flow_words.group_label(plan.group)}: {flow_words.beside(label)}"
    visit = plan.kind == "visit"
    said = "; ".join(flow_words.manner(plan, counts))
    return [
        Cell(label, detail="" if visit else said),
        counts.n,
        said if visit else "",
        _reasons(counts.lost),
        sum(counts.gone.values()) if visit else "",
        _reasons(counts.pending),
    ]


def _reasons(counted: Mapping[str, int]) -> Any:
    """How many before this step did not come to it, and why."""
    return Cell(sum(counted.values()), detail=flow_words.counted(counted)) if counted else ""


def _site_rows(counted: Counted) -> list[list[Any]]:
    rows = []
    for step in counted.flow.steps:
        cells = _cells(step)
        rows.append([cells[0].text, *(step.sites[site].n for site in counted.sites), step.counts.n])
    return rows


def _provenance(counted: Counted) -> list[tuple[Any, ...]]:
    facts = counted.provenance
    return [
        (_("Windows judged on"), facts["as_of"], ""),
        (_("Read"), f"{counted.read_at:%Y-%m-%d %H:%M} UTC", _("live data, not a snapshot")),
        (_("Sites"), ", ".join(facts["sites"]), _("the whole study") if facts["whole_study"] else ""),
        (_("Protocol"), facts["protocol_version"], ""),
        (_("Code"), facts["code_version"], ""),
        (
            _("Do the numbers add up?"),
            _("yes, at every arrow and over the sites") if not counted.differences else _("no"),
            "",
        ),
    ]
