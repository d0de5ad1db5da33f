"""How a page asks for the reason of a change: the pick-list, and words below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from studyportal.audit.reasons import ChangeReason
from studyportal.ui.parts import FieldView


@dataclass(frozen=True)
class Names:
    """Under which names a page or a payload gives the reason of the change: in words (or whole), and the code."""

    text: str = "reason"
    code: str = "reason_code"


def field_views(
    posted: Mapping[str, Any],
    *,
    names: Names = Names(),
    help: str = "",
    text_help: str = "",
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
            conditional=not required,
            help=help,
        ),
        FieldView(
            names.text,
            _("In words"),
            value=posted.get(names.text, ""),
            required=False,
            conditional=True,
            help=text_help or _("Needed for another reason; otherwise what the list does not say."),
            errors=errors,
        ),
    ]
