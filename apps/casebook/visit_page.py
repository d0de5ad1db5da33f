"""The page of one visit: its place in the schedule and every record of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from apps.casebook import grid
from apps.casebook.summaries import summary_of
from apps.enrolment.models import Participant
from apps.visits.models import Visit, VisitStatus
from apps.visits.selectors import anchor_dates, due_of
from apps.visits.selectors.holdings import expected_analytes, expected_at, visit_forms
from studyportal import protocol
from studyportal.crf.absence import label_of
from studyportal.crf.signing import signed_records
from studyportal.queries.models import Query, QueryState
from studyportal.ui.parts import Cell
from studyportal.ui.templatetags.ui_tags import human_date_text


@dataclass
class FormOfVisit:
    """One form at this visit, with its records."""

    key: str
    title: str
    state: str
    rows: list[Any] = field(default_factory=list)
    new_url: str = ""
    note: str = ""


def context_of(participant: Participant, visit: Visit, *, may_enter: bool) -> dict[str, Any]:
    """One query per form of a visit, whatever the number of records."""
    queries = list(
        Query.objects.filter(participant=participant, form="visit", object_id=visit.pk)
        .exclude(state=QueryState.CLOSED)
        .order_by("id")
    )
    return {
        "visit": visit,
        "facts": facts_of(participant, visit),
        "forms": []
        if visit.status == VisitStatus.MISSED
        else forms_of(participant, visit, may_enter=may_enter),
        "queries": queries,
        "may_enter": may_enter,
        "columns": [_("Record"), _("State"), _("Signature")],
        "content": getattr(protocol.current().visits.get(visit.key), "content", ""),
    }


def facts_of(participant: Participant, visit: Visit) -> list[tuple[Any, ...]]:
    anchors = anchor_dates([participant])[participant.pk]
    due = due_of(visit.key, anchors.get(visit.anchor))
    why = visit.absent.get("happened_on", "")
    when = (
        human_date_text(visit.happened_on)
        if visit.happened_on
        else (label_of(why) if why else _("not recorded"))
    )
    facts: list[tuple[Any, ...]] = [
        (_("State"), visit.get_status_display()),
        (_("Date"), when),
        (
            _("Counted from"),
            visit.get_anchor_display() if visit.anchor else _("nothing: the participant is in no group"),
        ),
    ]
    if visit.day_number is not None:
        facts.append((_("Day"), visit.day_number))
    elif visit.day_from is not None:
        facts.append((_("Day"), _("%(from)d to %(to)d") % {"from": visit.day_from, "to": visit.day_to}))
    elif why := visit.absent.get("day_number", ""):
        facts.append((_("Day"), label_of(why)))
    facts.append((_("Window"), visit.get_window_state_display()))
    if due is not None:
        facts.append((_("Due"), f"{human_date_text(due.earliest)} – {human_date_text(due.latest)}"))
    if visit.nominal_label:
        facts.append((_("Label in the source"), visit.nominal_label))
    if visit.missed_reason:
        facts.append((_("Why missed"), visit.missed_reason))
    return facts


def forms_of(participant: Participant, visit: Visit, *, may_enter: bool) -> list[FormOfVisit]:
    required = expected_at(visit.key, participant.group)
    offered = expected_at(visit.key, participant.group, required_only=False)
    signed = {(one.form, one.object_id): one.state for one in signed_records([participant.pk])}
    found: list[FormOfVisit] = []
    for spec in visit_forms():
        records = list(spec.model._default_manager.filter(visit=visit).order_by("id"))
        if not records and spec.key not in offered and not spec.repeats:
            continue
        complete = bool(records) and all(record.is_complete for record in records)
        note = ""
        if spec.key == "lab-result" and (analytes := expected_analytes(visit.key)):
            lacking = analytes - {record.analyte for record in records}
            complete = complete and not lacking
            names = [str(protocol.current().analytes[key].label) for key in sorted(lacking)]
            note = _("Expected and not recorded: %s") % ", ".join(names) if names else ""
        state = "complete" if complete else "incomplete" if records else "not_started"
        if not records and spec.key not in required:
            state = ""
        found.append(
            FormOfVisit(
                key=spec.key,
                title=str(spec.title),
                state=state,
                rows=[
                    [
                        Cell(summary_of(spec, record), url=record.get_absolute_url()),
                        Cell("", state=record.status),
                        Cell("", state=signed[spec.key, record.pk])
                        if (spec.key, record.pk) in signed
                        else "–",
                    ]
                    for record in records
                ],
                new_url=grid.new_form_url(participant.code, spec.key, visit.pk)
                if may_enter and (spec.repeats or not records)
                else "",
                note=note,
            )
        )
    return found
