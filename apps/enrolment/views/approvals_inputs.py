"""The fields of the pages about approvals, and what was typed into them as the actions take it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from apps.enrolment.models import SiteApproval, SuspensionKind
from apps.enrolment.selectors import approval_kinds
from studyportal.audit.reason_fields import field_views
from studyportal.crf.outcomes import Problem
from studyportal.files.checks import DOCUMENTS, ENDINGS
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import errors_by_field

APPROVAL = (
    "kind",
    "authority",
    "number",
    "approved_on",
    "valid_from",
    "valid_until",
    "without_end",
    "covers",
    "note",
)
WAIVER = (
    "kind", "waiver_reason", "authority", "approved_on", "valid_from", "valid_until", "without_end", "covers", "note",
)  # fmt: skip


def summary(problems: Iterable[Problem], fields: Iterable[FieldView]) -> list[tuple[str, Any, str]]:
    """The problems as the summary above the form names them; those of no field of the page by their words alone,
    the others in the order of the page."""
    labels = {field.name: field.label for field in fields}
    order = list(labels)
    ordered = sorted(problems, key=lambda one: order.index(one.field) if one.field in labels else -1)
    return [
        (problem.field, labels[problem.field], problem.message)
        if problem.field in labels
        else ("", "", problem.message)
        for problem in ordered
    ]


def names_of(waived: bool) -> tuple[str, ...]:
    return WAIVER if waived else APPROVAL


def approval_values(posted: QueryDict, *, waived: bool, kind: bool) -> dict[str, Any]:
    """What was typed. kind: whether the page asks for the kind (it does not change later)."""
    values: dict[str, Any] = {
        name: posted.get(name, "") for name in names_of(waived) if kind or name != "kind"
    }
    return values | {"without_end": posted.get("without_end") == "true"}


def stands(approval: SiteApproval) -> dict[str, str]:
    """An approval as its form shows it."""
    return {
        name: "true" if value is True else "" if value in (None, False) else str(value)
        for name in names_of(approval.waived)
        for value in [getattr(approval, name)]
    }


def approval_fields(
    values: Mapping[str, Any], problems: Iterable[Problem], *, waived: bool, kind: bool
) -> list[FieldView]:
    """values: texts by name."""
    problems = list(problems)
    errors = errors_by_field(problems)
    fields = [
        _field(name, waived, values.get(name, ""), errors.get(name, []))
        for name in names_of(waived)
        if kind or name != "kind"
    ]
    limits = _("A PDF, PNG or JPEG of at most 10 MB, without scripts or attachments.")
    again = _("The file has to be chosen again; everything else is still here.")
    return [
        *fields,
        FieldView(
            "document",
            _("Document"),
            widget="file",
            required=False,
            help=f"{limits} {again}" if problems else limits,
            errors=errors.get("document", []),
            accept=",".join(ending for kind in DOCUMENTS for ending in ENDINGS[kind]),
        ),
    ]


def _field(name: str, waived: bool, value: Any, errors: Sequence[str]) -> FieldView:
    def view(label: str, **more: Any) -> FieldView:
        return FieldView(name, label, value=value, errors=errors, **more)

    match name:
        case "kind":
            return view(_("Approval"), widget="select", choices=approval_kinds())
        case "authority" if waived:
            return view(
                _("Granted by"), help=_("Who said that it is not needed: office or committee, and role.")
            )
        case "authority":
            return view(_("Given by"), help=_("The committee or office, by name."))
        case "number":
            return view(_("Number"), help=_("As the document has it."))
        case "waiver_reason":
            return view(_("Why it is not needed"), widget="textarea")
        case "approved_on":
            return view(_("Granted on") if waived else _("Given on"), widget="date")
        case "valid_from":
            return view(_("Valid from"), widget="date", help=_("The first day on which it holds."))
        case "valid_until":
            return view(
                _("Valid until"),
                widget="date",
                conditional=True,
                help=_("The last day on which it holds. Leave it empty only when there is no end."),
            )
        case "without_end":
            return view(
                _("Without end"),
                widget="radio",
                choices=[
                    ("", _("It has a last day")),
                    ("true", _("The document says that it holds without end")),
                ],
            )
        case "covers":
            return view(
                _("What it covers"),
                widget="textarea",
                required=False,
                help=_(
                    "Versions of protocol, information sheet and consent form, as the document lists them."
                ),
            )
    return view(_("Note"), widget="textarea", required=False)


def reason_fields(
    posted: QueryDict, problems: Iterable[Problem], *, required: bool = False
) -> list[FieldView]:
    return field_views(
        posted,
        required=required,
        help="" if required else _("Needed when a value that was given before changes; kept with the old and the new value."),
        errors=errors_by_field(problems).get("reason", []),
    )  # fmt: skip


def suspension_fields(posted: QueryDict, problems: Iterable[Problem]) -> list[FieldView]:
    errors = errors_by_field(problems)

    def view(name: str, label: str, **more: Any) -> FieldView:
        return FieldView(name, label, value=posted.get(name, ""), errors=errors.get(name, []), **more)

    return [
        view("kind", _("What the authority did"), widget="radio", choices=SuspensionKind.choices),
        view(
            "from_on", _("From"), widget="date", help=_("The first day on which the approval no longer held.")
        ),
        view("reason", _("Reason of the authority"), widget="textarea"),
        *lifting_fields(posted, problems, required=False),
    ]


def lifting_fields(
    posted: QueryDict, problems: Iterable[Problem], *, required: bool = True
) -> list[FieldView]:
    errors = errors_by_field(problems)

    def view(name: str, label: str, **more: Any) -> FieldView:
        return FieldView(
            name, label, value=posted.get(name, ""), errors=errors.get(name, []), required=required, **more
        )

    return [
        view(
            "lifted_on",
            _("Lifted on"),
            widget="date",
            help=_("The first day on which the approval holds again.")
            + ("" if required else " " + _("Only for a suspension that is over.")),
        ),
        view("lift_reason", _("Why it was lifted")),
    ]  # fmt: skip
