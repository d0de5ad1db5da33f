"""The fields of the forms about consent documents, and what was typed into them as the actions take it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from apps.consent.models import (
    ConsentDocument,
    ConsentDocumentText,
    DocumentKind,
    DocumentPurpose,
    ReconsentWhom,
)
from apps.enrolment.models import SiteApproval
from studyportal.access.models import Site
from studyportal.crf.outcomes import Problem
from studyportal.files.checks import DOCUMENTS, ENDINGS
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import errors_by_field
from studyportal.ui.templatetags.ui_tags import human_date_text


class _Views:
    """Makes the fields of one form, each with what was typed and what is wrong with it."""

    def __init__(self, typed: Mapping[str, Any], problems: Iterable[Problem]) -> None:
        self.typed, self.errors = typed, errors_by_field(problems)

    def __call__(self, name: str, label: str, **more: Any) -> FieldView:
        return FieldView(
            name, label, value=self.typed.get(name, "") or "", errors=self.errors.get(name, []), **more
        )


def stands(document: ConsentDocument) -> dict[str, str]:
    """A document as its forms show it."""
    names = ("title", "version_label", "what_changed", "valid_from", "reconsent_from", "reconsent_whom")
    shown = {name: "" if (value := getattr(document, name)) is None else str(value) for name in names}
    needed = {True: "true", False: "false", None: ""}[document.reconsent_needed]
    return shown | {
        "supersedes": str(document.supersedes_id or ""),
        "approval": str(document.approval_id or ""),
        "reconsent_needed": needed,
    }


# --- A new document, or a new version --------------------------------------------------------------------


def new_values(posted: QueryDict, before: ConsentDocument | None) -> dict[str, Any]:
    names = ["version_label", "title"]
    names += ["what_changed"] if before else ["kind", "purpose"]
    return {name: posted.get(name, "") for name in names}


def new_fields(
    typed: Mapping[str, Any],
    problems: Sequence[Problem],
    *,
    before: ConsentDocument | None,
    sites: Sequence[Site],
) -> list[FieldView]:
    view = _Views(typed if typed.get("title") or not before else {**typed, "title": before.title}, problems)
    fields = []
    if before is None:
        fields = [
            view("site", _("Site"), widget="select", choices=[(site.code, str(site)) for site in sites]),
            view("purpose", _("Purpose"), widget="select", choices=DocumentPurpose.choices),
            view("kind", _("Kind"), widget="radio", choices=DocumentKind.choices),
        ]
    fields += [
        view("title", _("Title"), help=_("As the document has it, in English.")),
        view("version_label", _("Version"), help=_("As the document has it, such as 2.0.")),
    ]
    if before is not None:
        fields.append(_what_changed(view))
    return fields


def _what_changed(view: _Views) -> FieldView:
    return view(
        "what_changed",
        _("What changed"),
        widget="textarea",
        required=False,
        help=_("In words that those who signed the version before understand."),
    )


# --- Changing a draft ------------------------------------------------------------------------------------


def change_values(posted: QueryDict, line: Sequence[ConsentDocument]) -> dict[str, Any]:
    """line: the versions that the draft may supersede."""
    chosen = next((one for one in line if str(one.pk) == posted.get("supersedes", "")), None)
    names = ("title", "version_label", "what_changed")
    return {name: posted.get(name, "") for name in names} | {"supersedes": chosen}


def change_fields(
    typed: Mapping[str, Any], problems: Sequence[Problem], line: Sequence[ConsentDocument]
) -> list[FieldView]:
    view = _Views(typed, problems)
    fields = [
        view("title", _("Title"), help=_("As the document has it, in English.")),
        view("version_label", _("Version"), help=_("As the document has it, such as 2.0.")),
    ]
    if line:
        fields += [
            view(
                "supersedes",
                _("Supersedes"),
                widget="select",
                required=False,
                choices=[(str(one.pk), f"{one.version_label}, {one.title}") for one in line],
                help=_("The version whose place it takes. Empty for the first version."),
            ),
            _what_changed(view),
        ]
    return fields


def text_fields(
    typed: Mapping[str, Any], problems: Sequence[Problem], kept: ConsentDocumentText | None
) -> list[FieldView]:
    view = _Views(typed, problems)
    limits = _("A PDF, PNG or JPEG of at most 10 MB, without scripts or attachments.")
    stored = kept.file if kept else None
    if problems:
        limits += " " + _("The file has to be chosen again; everything else is still here.")
    elif stored is not None:
        limits += " " + _("Kept at present: %s. Leave this empty to keep it.") % stored.name
    return [
        view(
            "file",
            _("File"),
            widget="file",
            required=False,
            help=limits,
            accept=",".join(ending for kind in DOCUMENTS for ending in ENDINGS[kind]),
        ),
        view(
            "words",
            _("Words"),
            widget="textarea",
            required=False,
            help=_("The whole text, as the file has it. An empty line begins a paragraph."),
        ),
    ]


# --- Approving and withdrawing ---------------------------------------------------------------------------

NEEDED: Mapping[str, bool | None] = {"true": True, "false": False}


def approval_values(
    posted: QueryDict, approvals: Sequence[SiteApproval], document: ConsentDocument
) -> dict[str, Any]:
    chosen = next((one for one in approvals if str(one.pk) == posted.get("approval", "")), None)
    values: dict[str, Any] = {"approval": chosen, "valid_from": posted.get("valid_from", "")}
    if document.supersedes_id is not None:
        needed = NEEDED.get(posted.get("reconsent_needed", ""))
        values |= {"what_changed": posted.get("what_changed", ""), "reconsent_needed": needed}
        values |= {name: posted.get(name, "") for name in ("reconsent_from", "reconsent_whom")}
    return values


def approval_fields(
    typed: Mapping[str, Any],
    problems: Sequence[Problem],
    approvals: Sequence[SiteApproval],
    document: ConsentDocument,
) -> list[FieldView]:
    view = _Views(typed, problems)
    fields = [
        view(
            "approval",
            _("Approval of the ethics committee"),
            widget="select",
            choices=[(str(one.pk), _approval_words(one)) for one in approvals],
            help=_(
                "The one whose letter names this version. If it is not here, record it under study start-up."
            ),
        ),
        view(
            "valid_from", _("In use from"), widget="date", help=_("The first day on which it may be signed.")
        ),
    ]
    if document.supersedes is None:
        return fields
    return [
        *fields,
        view(
            "what_changed",
            _("What changed since %s") % document.supersedes.version_label,
            widget="textarea",
            help=_("In words that those who signed the version before understand."),
        ),
        view(
            "reconsent_needed",
            _("Do those who signed before sign again?"),
            widget="radio",
            choices=[
                ("true", _("Yes, they sign this version too")),
                ("false", _("No, what they signed stands")),
            ],
        ),
        view(
            "reconsent_whom",
            _("Who signs again"),
            widget="select",
            choices=ReconsentWhom.choices,
            conditional=True,
            help=_("Only when they sign again."),
        ),
        view(
            "reconsent_from",
            _("Sign again from"),
            widget="date",
            conditional=True,
            help=_("The day from which it is asked of them, at their next visit or before."),
        ),
    ]


def _approval_words(approval: SiteApproval) -> str:
    until = _("without end") if approval.valid_until is None else human_date_text(approval.valid_until)
    return f"{approval.number}, {human_date_text(approval.valid_from)} – {until}"


def withdrawal_fields(typed: Mapping[str, Any], problems: Sequence[Problem]) -> list[FieldView]:
    view = _Views(typed, problems)
    return [
        view(
            "from_on",
            _("Withdrawn from"),
            widget="date",
            help=_("The first day on which it may no longer be signed."),
        ),
        view("because", _("Why it is withdrawn"), widget="textarea"),
    ]
