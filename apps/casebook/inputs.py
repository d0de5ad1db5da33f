"""The fields of the casebook's own forms, and what was typed into them as the actions take it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from apps.enrolment.models import Participant
from apps.visits.models import MissedReason, Visit, VisitStatus
from studyportal import protocol
from studyportal.audit.reason_fields import field_views
from studyportal.crf.absence import AbsentReason
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import ShowIf
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import errors_by_field


def stale_problem() -> Problem:
    return Problem(
        None,
        "stale_version",
        _(
            "Somebody saved this while you were typing. What you typed is still here; what stands now is shown above."
            " Saving again writes yours over it."
        ),
    )


# --- the reason of a change ------------------------------------------------------------------------------


def reason_fields(posted: QueryDict, errors: Mapping[str, Sequence[str]]) -> list[FieldView]:
    return field_views(
        posted,
        help=_("Needed when a value that was given before changes; kept with the old and the new value."),
        errors=errors.get("reason", []),
    )


# --- visits ---------------------------------------------------------------------------------------------


def visit_choices(participant: Participant) -> list[tuple[str, str]]:
    """The visits of the protocol that may still be recorded; all of them while there is no group."""
    recorded = set(Visit.objects.filter(participant=participant).values_list("key", flat=True))
    plan = protocol.of(participant)
    assigned = participant.group in plan.groups
    return [
        (visit.key, f"{visit.key} · {visit.label}" if str(visit.label) != visit.key else visit.key)
        for visit in plan.visits.values()
        if (not visit.scheduled or visit.key not in recorded)
        and (not assigned or participant.group in visit.groups)
    ]


def visit_fields(
    choices: Sequence[tuple[str, str]], typed: QueryDict, problems: Iterable[Problem]
) -> list[FieldView]:
    errors = errors_by_field(problems)
    return [
        FieldView(
            "key",
            _("Visit"),
            widget="select",
            value=typed.get("key", ""),
            choices=choices,
            errors=errors.get("key", []) + errors.get("number", []),
        ),
        *_visit_fields(
            {
                name: typed.get(name, "")
                for name in ("happened_on", "missed_code", "missed_reason", "nominal_label")
            }
            | {
                "status": typed.get("status", VisitStatus.DONE),
                "absent": typed.get("absent-happened_on", ""),
            },
            errors,
        ),
    ]


def _visit_fields(values: Mapping[str, str], errors: Mapping[str, Sequence[str]]) -> list[FieldView]:
    return [
        FieldView(
            "status",
            _("State"),
            widget="radio",
            value=values["status"],
            choices=VisitStatus.choices,
            errors=errors.get("status", []),
        ),
        FieldView(
            "happened_on",
            _("Date of the visit"),
            widget="partial-date",
            value=values["happened_on"],
            absent=values["absent"],
            absent_choices=AbsentReason.choices,
            show_if=ShowIf("status", (VisitStatus.DONE,)),
            errors=errors.get("happened_on", []),
        ),
        FieldView(
            "missed_code",
            _("Why missed"),
            widget="select",
            value=values["missed_code"],
            choices=MissedReason.choices,
            show_if=ShowIf("status", (VisitStatus.MISSED,)),
            errors=errors.get("missed_code", []),
        ),
        FieldView(
            "missed_reason",
            _("Why missed, in words"),
            required=False,
            value=values["missed_reason"],
            show_if=ShowIf("status", (VisitStatus.MISSED,)),
            errors=errors.get("missed_reason", []),
        ),
        FieldView(
            "nominal_label",
            _("Label in the source"),
            value=values["nominal_label"],
            required=False,
            help=_("Only when the source gives the visit a name of its own, such as “six months”."),
            errors=errors.get("nominal_label", []),
        ),
    ]


def visit_values(posted: QueryDict) -> dict[str, Any]:
    """What visits.actions.record takes."""
    return {"key": posted.get("key", ""), **visit_changes(posted)}


def visit_changes(posted: QueryDict) -> dict[str, Any]:
    """What visits.actions.change takes. A control that was hidden counts as empty."""
    why = posted.get("absent-happened_on", "")
    return {
        "status": posted.get("status", ""),
        "happened_on": posted.get("happened_on", ""),
        "missed_code": posted.get("missed_code", ""),
        "missed_reason": posted.get("missed_reason", ""),
        "nominal_label": posted.get("nominal_label", ""),
        "absent": {"happened_on": why} if why else {},
    }


def visit_change_fields(visit: Visit, posted: QueryDict, problems: Iterable[Problem]) -> list[FieldView]:
    errors = errors_by_field(problems)
    stands = {
        "status": visit.status,
        "happened_on": str(visit.happened_on or ""),
        "missed_code": visit.missed_code,
        "missed_reason": visit.missed_reason,
        "nominal_label": visit.nominal_label,
        "absent": visit.absent.get("happened_on", ""),
    }
    typed = {name: posted.get("absent-happened_on" if name == "absent" else name, "") for name in stands}
    return [*_visit_fields(typed if posted else stands, errors), *reason_fields(posted, errors)]
