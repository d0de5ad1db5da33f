"""What is done with a deviation on its page: each act with its fields, what they show, and its action."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from studyportal.access.models import User
from studyportal.deviations import actions, rules
from studyportal.deviations.actions import HAND
from studyportal.deviations.models import Classification, Deviation, DeviationState, Kind
from studyportal.ui.parts import FieldView

Values = Mapping[str, Any]
Errors = Mapping[str, list[str]]


@dataclass(frozen=True)
class Act:
    """names: the controls, kept by drafts; about: what the act means; open_to: whether it can be done now."""

    key: str
    title: str | Promise
    about: str | Promise
    button: str | Promise
    said: str | Promise
    names: tuple[str, ...]
    fields: Callable[[Deviation, Values, Errors], list[FieldView]]
    run: Callable[[Deviation, QueryDict, User, int], Deviation]
    open_to: Callable[[Deviation], bool]
    danger: bool = False

    def stands(self, deviation: Deviation) -> dict[str, str]:
        """What the controls show before anything is typed."""
        return {name: _shown(getattr(deviation, name, "")) for name in self.names}


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def _is_open(deviation: Deviation) -> bool:
    return deviation.state == DeviationState.OPEN


def _field(name: str, label: str, values: Values, errors: Errors, **more: Any) -> FieldView:
    return FieldView(name, label, value=values.get(name, ""), errors=errors.get(name, []), **more)


def what_fields(values: Values, errors: Errors) -> list[FieldView]:
    """What a person says of a deviation when reporting it."""
    return [
        _field(
            "description",
            _("What happened"),
            values,
            errors,
            widget="textarea",
            help=_("What was done otherwise than the protocol says. Never a name, number or address."),
        ),
        _field(
            "occurred_on",
            _("Happened on"),
            values,
            errors,
            widget="date",
            required=False,
            help=_("The day at the site; left empty when it is not known to the day."),
        ),
        _field(
            "kind",
            _("What was departed from"),
            values,
            errors,
            widget="select",
            choices=Kind.choices,
        ),
        _field(
            "classification",
            _("Class"),
            values,
            errors,
            widget="radio",
            choices=Classification.choices,
            help=CLASS_HELP,
        ),
    ]


CLASS_HELP = lazy(
    "Critical: harmed or could have harmed a person, or their rights. Major: may affect the safety of people or what the"
    " study can show. Minor: neither."
)


def _assess_fields(deviation: Deviation, values: Values, errors: Errors) -> list[FieldView]:
    own = what_fields(values, errors)[1:3] if deviation.by_hand else []
    return [
        _field(
            "root_cause",
            _("Root cause"),
            values,
            errors,
            widget="textarea",
            help=_(
                "Why it could happen, not only what happened: ask why until the answer can be acted upon."
            ),
        ),
        *own,
        _field(
            "classification",
            _("Class"),
            values,
            errors,
            widget="radio",
            choices=Classification.choices,
            help=CLASS_HELP,
        ),
        _field(
            "reason",
            _("Why the class changes"),
            values,
            errors,
            widget="textarea",
            required=False,
            conditional=True,
            help=_("Needed only when another class is chosen."),
        ),
    ]


def _assess(deviation: Deviation, posted: QueryDict, by: User, seen: int) -> Deviation:
    own = {"kind": posted.get("kind"), "occurred_on": posted.get("occurred_on")} if deviation.by_hand else {}
    return actions.assess(
        deviation=deviation,
        by=by,
        root_cause=posted.get("root_cause", ""),
        classification=posted.get("classification", ""),
        reason=posted.get("reason", ""),
        expected_version=seen,
        **own,
    )


def _plan_fields(deviation: Deviation, values: Values, errors: Errors) -> list[FieldView]:
    return [
        _field(
            "corrective_action",
            _("Corrective action"),
            values,
            errors,
            widget="textarea",
            required=False,
            help=_("What is done about this one."),
        ),
        _field(
            "preventive_action",
            _("Preventive action"),
            values,
            errors,
            widget="textarea",
            required=False,
            help=_("What is changed so that it does not happen again."),
        ),
        _field("responsible", _("Who sees to it"), values, errors, required=False),
        _field("action_due_on", _("By"), values, errors, widget="date", required=False),
    ]


def _plan(deviation: Deviation, posted: QueryDict, by: User, seen: int) -> Deviation:
    return actions.plan_action(
        deviation=deviation,
        by=by,
        corrective_action=posted.get("corrective_action", ""),
        preventive_action=posted.get("preventive_action", ""),
        responsible=posted.get("responsible", ""),
        action_due_on=posted.get("action_due_on", ""),
        expected_version=seen,
    )


def _committee_fields(deviation: Deviation, values: Values, errors: Errors) -> list[FieldView]:
    return [
        _field(
            "reported_to_committee_on",
            _("Reported to the ethics committee on"),
            values,
            errors,
            widget="date",
            required=False,
        ),
        _field(
            "committee_reference",
            _("Reference of the committee"),
            values,
            errors,
            required=False,
            help=_("The number or date of its acknowledgement."),
        ),
        _field(
            "not_reported_because",
            _("Or: why it is not reported"),
            values,
            errors,
            widget="textarea",
            required=False,
        ),
    ]


def _committee(deviation: Deviation, posted: QueryDict, by: User, seen: int) -> Deviation:
    return actions.report_to_committee(
        deviation=deviation,
        by=by,
        reported_on=posted.get("reported_to_committee_on", ""),
        reference=posted.get("committee_reference", ""),
        not_reported_because=posted.get("not_reported_because", ""),
        expected_version=seen,
    )


def _close_fields(deviation: Deviation, values: Values, errors: Errors) -> list[FieldView]:
    return [
        _field(
            "closing_note",
            _("How it was settled"),
            values,
            errors,
            widget="textarea",
            required="closing_note" in rules.lacking(deviation.facts),
            help=_("What shows that the actions were taken and that they help."),
        )
    ]


def _close(deviation: Deviation, posted: QueryDict, by: User, seen: int) -> Deviation:
    return actions.close(
        deviation=deviation, by=by, closing_note=posted.get("closing_note", ""), expected_version=seen
    )


def _reason_fields(deviation: Deviation, values: Values, errors: Errors) -> list[FieldView]:
    return [_field("reason", _("Reason"), values, errors, widget="textarea")]


def _reopen(deviation: Deviation, posted: QueryDict, by: User, seen: int) -> Deviation:
    return actions.reopen(deviation=deviation, by=by, reason=posted.get("reason", ""), expected_version=seen)


def _withdraw(deviation: Deviation, posted: QueryDict, by: User, seen: int) -> Deviation:
    return actions.withdraw(
        deviation=deviation, by=by, reason=posted.get("reason", ""), expected_version=seen
    )


ACTS: dict[str, Act] = {
    act.key: act
    for act in (
        Act(
            key="assess",
            title=lazy("Assess"),
            about=lazy("Why it happened, and how grave it is."),
            button=lazy("Save the assessment"),
            said=lazy("The assessment is saved."),
            names=("root_cause", "occurred_on", "kind", "classification", "reason"),
            fields=_assess_fields,
            run=_assess,
            open_to=_is_open,
        ),
        Act(
            key="plan",
            title=lazy("Plan the actions"),
            about=lazy("What is done about it, and what is changed so that it does not come again."),
            button=lazy("Save the actions"),
            said=lazy("The actions are saved."),
            names=("corrective_action", "preventive_action", "responsible", "action_due_on"),
            fields=_plan_fields,
            run=_plan,
            open_to=_is_open,
        ),
        Act(
            key="committee",
            title=lazy("Tell the committee"),
            about=lazy("The portal sends nothing: record here when the ethics committee was told, or why it was not."),
            button=lazy("Save the report"),
            said=lazy("Saved."),
            names=("reported_to_committee_on", "committee_reference", "not_reported_because"),
            fields=_committee_fields,
            run=_committee,
            open_to=_is_open,
        ),
        Act(
            key="close",
            title=lazy("Close"),
            about=lazy(
                "A major or critical deviation is closed with its root cause, both actions, and the day on which the"
                " committee was told or why it was not; a minor one with a word on how it was settled."
            ),
            button=lazy("Close the deviation"),
            said=lazy("The deviation is closed."),
            names=("closing_note",),
            fields=_close_fields,
            run=_close,
            open_to=_is_open,
        ),
        Act(
            key="reopen",
            title=lazy("Reopen"),
            about=lazy("Everything that was recorded stays."),
            button=lazy("Reopen the deviation"),
            said=lazy("The deviation is open again."),
            names=("reason",),
            fields=_reason_fields,
            run=_reopen,
            open_to=lambda d: (
                d.state == DeviationState.CLOSED or (d.state == DeviationState.WITHDRAWN and d.by_hand)
            ),
        ),
        Act(
            key="withdraw",
            title=lazy("It was none"),
            about=lazy("What was reported turned out to be no deviation. It stays in the list with the reason."),
            button=lazy("Withdraw the deviation"),
            said=lazy("The deviation is withdrawn."),
            names=("reason",),
            fields=_reason_fields,
            run=_withdraw,
            open_to=lambda d: _is_open(d) and d.by_hand and d.code == HAND,
            danger=True,
        ),
    )
}  # fmt: skip


def offered(deviation: Deviation) -> list[Act]:
    """What can be done now, in the order in which it is done."""
    return [act for act in ACTS.values() if act.open_to(deviation)]
