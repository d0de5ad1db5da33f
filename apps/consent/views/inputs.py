"""The fields of the pages of consent, and what was typed into them as `actions.record_event` takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from apps.consent.models import AudioVisual, ConsentEvent
from studyportal.crf import fields as f
from studyportal.crf.absence import AbsentReason
from studyportal.crf.fields.dates import shown_moment, with_offset
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import ShowIf
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import errors_by_field

Text = str | Promise
Errors = Mapping[str, Sequence[str]]

SHEET_KINDS = (".pdf", ".png", ".jpg", ".jpeg")


@dataclass(frozen=True)
class Section:
    """A part of a form; `part` names a template that is drawn below the fields."""

    title: Text
    fields: Sequence[FieldView] = ()
    help: Text = ""
    part: str = ""
    show_if: ShowIf | None = None
    # Beside the file, which a refused form keeps as it was: its own row is not drawn anew.
    file_errors: Sequence[str] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


def at_fields(problems: Iterable[Problem]) -> list[Problem]:
    """A problem with the reason of an absent value stands at the field itself."""
    return [Problem((p.field or "").removeprefix("absent.") or None, p.code, p.message) for p in problems]


def errors_of(problems: Iterable[Problem]) -> dict[str, list[str]]:
    return errors_by_field(at_fields(problems))


def shown(name: str, typed: QueryDict, errors: Errors, *, absent: bool = False, **more: Any) -> FieldView:
    """A field of an entry of the log, as it is declared there; `more` overrides what a page says differently.

    absent: whether a reason may be given instead of a value.
    """
    declared = ConsentEvent.fields_entered()[name]
    value: Any = typed.get(name, "")
    if isinstance(declared, f.MultiCodedField):
        value = typed.getlist(name)
    elif isinstance(declared, f.YesNoField):
        value = {"true": True, "false": False}.get(value)
    moment = shown_moment(value_of(name, typed)) if isinstance(declared, f.MomentField) else None
    given: dict[str, Any] = {
        "widget": declared.widget,
        "unit": declared.unit,
        "help": str(declared.help_text),
        "required": declared.required,
        "choices": declared.code_labels,
        "value": value if moment is None else moment.wall,
        "offset": "" if moment is None else moment.offset,
        "offsets": () if moment is None else moment.offsets,
        "errors": errors.get(name, []),
        **(
            {"absent": typed.get(f"absent-{name}", ""), "absent_choices": AbsentReason.choices}
            if absent and declared.required
            else {}
        ),
    }
    label = more.pop("label", declared.label)
    return FieldView(name, label, **(given | more))


def sheet_field(errors: Errors, *, label: Text = "", required: bool = False, **more: Any) -> FieldView:
    """The scan of a signed sheet. A browser gives no file twice, so a page without script asks for it again."""
    again = (
        " " + _("If the page was drawn anew, the file has to be chosen again; everything else is still here.")
        if errors
        else ""
    )
    return FieldView(
        "sheet",
        label or _("Scan of the signed sheet"),
        widget="file",
        accept=",".join(SHEET_KINDS),
        required=required,
        help=_(
            "A PDF, PNG or JPEG of at most 10 MB. It is sealed; only those who may know the person open it."
        )
        + again,
        **more,
    )


def value_of(name: str, posted: QueryDict) -> Any:
    """What was typed into a field, as the action takes it. The zone of the site is active."""
    declared = ConsentEvent.fields_entered()[name]
    if isinstance(declared, f.MultiCodedField):
        return [one for one in posted.getlist(name) if one] or None
    if isinstance(declared, f.MomentField):
        return with_offset(posted.get(name, ""), posted.get(f"{name}-offset", ""))
    return posted.get(name, "")


def stated(posted: QueryDict, names: Iterable[str]) -> dict[str, Any]:
    """The fields that were filled in; what is empty is left out."""
    found = {name: value_of(name, posted) for name in names}
    return {name: value for name, value in found.items() if value not in ("", None, [])}


def reasons(posted: QueryDict, names: Iterable[str]) -> dict[str, str]:
    return {name: posted[f"absent-{name}"] for name in names if posted.get(f"absent-{name}")}


def filled(values: Mapping[str, Any]) -> QueryDict:
    """A form as it would post the values: what a page shows before anything is typed."""
    typed = QueryDict(mutable=True)
    for name, value in values.items():
        if isinstance(value, (list, tuple)):
            typed.setlist(name, [str(one) for one in value])
        elif value not in (None, ""):
            typed[name] = (
                {True: "true", False: "false"}.get(value, str(value))
                if isinstance(value, bool)
                else str(value)
            )
    return typed


def as_text(name: str, value: Any) -> Any:
    """A typed value as its control holds it."""
    declared = ConsentEvent.fields_entered()[name]
    if value is None:
        return ""
    if isinstance(declared, f.MultiCodedField):
        return list(value)
    if isinstance(declared, f.YesNoField):
        return bool(value)
    return declared.as_text(value)


def recording_particulars(typed: QueryDict, errors: Errors) -> list[FieldView]:
    """What is asked of a recording that was made, and of one that was not."""
    return [
        shown(
            "recording_sha256",
            typed,
            errors,
            help=_("Sixty-four signs. Choose the file below, and the browser works it out."),
            show_if=ShowIf("audio_visual", (AudioVisual.RECORDED,)),
        ),
        shown(
            "recording_reason",
            typed,
            errors,
            required=True,
            show_if=ShowIf("audio_visual", (AudioVisual.REQUIRED_NOT_DONE,)),
        ),
    ]


def witness_fields(typed: QueryDict, errors: Errors) -> list[FieldView]:
    """Who the impartial witness is."""
    return [
        shown(
            "witness",
            typed,
            errors,
            required=True,
            help=_("Who it is, as “the child's teacher”; never a name."),
        ),
        shown("witness_relation", typed, errors, widget="radio", required=True),
    ]
