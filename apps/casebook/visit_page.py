"""The page of one visit: its place in the schedule and every record of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from apps.casebook import grid
from apps.casebook.summaries import summary_of
from apps.enrolment.models import Participant
from apps.visits.actions import FORM
from apps.visits.models import Visit, VisitStatus
from apps.visits.selectors import Scheduled, anchor_date, anchor_dates, schedule, window_of
from apps.visits.selectors.holdings import Editions, visit_forms
from studyportal import protocol
from studyportal.access.clock import today_at
from studyportal.crf.absence import label_of
from studyportal.crf.signing import signed_records
from studyportal.deviations import selectors as deviations
from studyportal.deviations.page import state_of
from studyportal.queries import selectors as asked
from studyportal.queries.models import QueryState
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


def context_of(
    participant: Participant, visit: Visit, *, may_enter: bool, may_see_safety: bool = False
) -> dict[str, Any]:
    """One query per form of a visit, whatever the number of records. may_see_safety: deviations lead to their page."""
    place = place_of(participant, visit)
    of_visit = deviations.of_records({FORM: [visit.pk]})
    queries = [one for one in asked.of_record("visit", visit.pk) if one.state != QueryState.CLOSED]
    return {
        "visit": visit,
        "facts": facts_of(participant, visit, place),
        "state": place.state(today_at(participant.site)),
        "progress": place.forms if visit.status == VisitStatus.DONE else None,
        "of_plan": place.of_plan,
        "version": protocol.of(participant).version,
        "deviations": [
            (one, one.get_absolute_url() if may_see_safety else "", state_of(one)) for one in of_visit
        ],
        "forms": []
        if visit.status == VisitStatus.MISSED
        else forms_of(participant, visit, may_enter=may_enter),
        "queries": queries,
        "may_enter": may_enter,
        "columns": [_("Record"), _("State"), _("Signature")],
        "content": getattr(protocol.visit_of(visit.key, visit.protocol_version), "content", ""),
    }


def place_of(participant: Participant, visit: Visit) -> Scheduled:
    """The visit in the schedule of the participant; one of a time as a control, before the treatment, by itself."""
    for row in schedule(participant):
        if row.visit is not None and row.visit.pk == visit.pk:
            return row
    planned = protocol.visit_of(visit.key, visit.protocol_version)
    anchors = anchor_dates([participant])[participant.pk]
    return Scheduled(
        visit.key,
        visit.label,
        window_of(planned, anchor_date(planned, visit.anchor, anchors)),
        visit,
        anchor=visit.anchor,
    )


def facts_of(participant: Participant, visit: Visit, place: Scheduled) -> list[tuple[Any, ...]]:
    due = place.due
    why = visit.absent.get("happened_on", "")
    when = (
        human_date_text(visit.happened_on)
        if visit.happened_on
        else (label_of(why) if why else _("not recorded"))
    )
    facts: list[tuple[Any, ...]] = [
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
    if visit.missed_code:
        facts.append((_("Why missed"), visit.get_missed_code_display()))
    if visit.missed_reason:
        facts.append(
            (_("Why missed, in words") if visit.missed_code else _("Why missed"), visit.missed_reason)
        )
    if visit.protocol_version:
        facts.append((_("Protocol"), _("version %s") % visit.protocol_version))
    return facts


def forms_of(participant: Participant, visit: Visit, *, may_enter: bool) -> list[FormOfVisit]:
    expected = Editions().at(visit.protocol_version, participant)
    required = expected.forms(visit.key, participant.group)
    offered = expected.forms(visit.key, participant.group, required_only=False)
    named = protocol.of(participant)
    signed = {(one.form, one.object_id): one.state for one in signed_records([participant.pk])}
    found: list[FormOfVisit] = []
    for spec in visit_forms():
        records = list(spec.model._default_manager.filter(visit=visit).order_by("id"))
        if not records and spec.key not in offered and not spec.repeats:
            continue
        complete = bool(records) and all(record.is_complete for record in records)
        note = ""
        if spec.key == "lab-result" and (analytes := expected.analytes(visit.key)):
            lacking = analytes - {record.analyte for record in records}
            complete = complete and not lacking
            names = [str(expected.plan.analytes[key].label) for key in sorted(lacking)]
            note = _("Expected and not recorded: %s") % ", ".join(names) if names else ""
        if records and spec.key not in named.form_keys:
            note = (
                _(
                    "Version %s of the protocol has this form no longer. What was filled stays, and can be changed."
                )
                % named.version
            )
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
