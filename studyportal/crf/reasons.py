"""The reason of a change where forms are saved: a wrong one is a problem like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from studyportal.audit import reasons
from studyportal.audit.reasons import ChangeReason, Reason
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import CrfSpec
from studyportal.ui.parts import FieldView


@dataclass(frozen=True)
class Names:
    """Under which names a page or a payload gives the reason of the change: in words (or whole), and the code."""

    text: str = "reason"
    code: str = "reason_code"


def names_for(spec: CrfSpec) -> Names:
    """The usual names; a form that asks for a reason of its own (of an admission) leaves them to that."""
    usual = Names()
    taken_already = {usual.text, usual.code} & set(spec.fields)
    return Names("change_reason", "change_reason_code") if taken_already else usual


def taken(raw: Any, problems: list[Problem], *, name: str = "reason") -> Reason | None:
    """The reason that was given under that name; what is wrong with it is added to the problems."""
    try:
        return reasons.parse(raw)
    except reasons.ReasonError as error:
        problems.append(Problem(name, error.code, error.message))
        return None


def field_views(
    posted: Mapping[str, Any],
    *,
    names: Names = Names(),
    help: str = "",
    required: bool = False,
    errors: Sequence[str] = (),
) -> list[FieldView]:
    """The pick-list and the text below it, as every page that changes something asks them."""
    return [
        FieldView(
            names.code,
            _("Reason for the change"),
            widget="select",
            value=posted.get(names.code, ""),
            choices=[("", "–"), *ChangeReason.choices],
            required=required,
            help=help,
        ),
        FieldView(
            names.text,
            _("In words"),
            value=posted.get(names.text, ""),
            required=False,
            help=_("Needed for another reason; otherwise what the list does not say."),
            errors=errors,
        ),
    ]
