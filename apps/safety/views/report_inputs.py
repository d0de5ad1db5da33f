"""The fields on which a report is recorded or corrected, and what was typed into them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.safety.models import ReportKind
from studyportal.crf.fields import MomentField
from studyportal.crf.fields.dates import shown_moment, with_offset
from studyportal.crf.outcomes import Problem
from studyportal.protocol.safety import Jurisdiction
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import errors_by_field

NAMES = ("kind", "recipient", "sent_at", "sent_at-offset", "method", "reference", "late_reason", "note")
CORRECTED = ("recipient", "sent_at", "method", "reference", "late_reason", "reason", "taken_back")
TEXTS = ("method", "reference", "late_reason", "note")


def moment(posted: Mapping[str, Any], problems: list[Problem]) -> dt.datetime | None:
    """When it was sent, in the zone that is active (the site's), with the choice where the clock showed the time twice;
    None and a problem when it is no moment."""
    try:
        return MomentField(_("Sent at")).parse(
            with_offset(posted.get("sent_at", ""), posted.get("sent_at-offset", ""))
        )
    except ValidationError as error:
        problems.append(Problem("sent_at", str(error.code or "invalid"), " ".join(error.messages)))
        return None


def as_typed(at: dt.datetime) -> str:
    return MomentField(_("Sent at")).as_text(at)


def report_fields(
    typed: Mapping[str, Any],
    recipients: Sequence[str],
    problems: Iterable[Problem],
    jurisdiction: Jurisdiction,
) -> list[FieldView]:
    errors = errors_by_field(problems)
    return [
        FieldView(
            "kind",
            _("What it is"),
            widget="radio",
            value=typed.get("kind", ""),
            choices=ReportKind.choices,
            errors=errors.get("kind", []),
            help=_("An opinion comes from the recipient: of the committee, or the sponsor's analysis."),
        ),
        FieldView(
            "recipient",
            _("Recipients"),
            widget="multiselect",
            value=list(recipients),
            choices=[(one.key, one.label) for one in jurisdiction.recipients.values()],
            errors=errors.get("recipient", []),
            help=_("Each gets a version of its own, with the same content."),
        ),
        *_when_and_how(typed, errors),
        FieldView(
            "note",
            _("Note"),
            widget="textarea",
            required=False,
            value=typed.get("note", ""),
            errors=errors.get("note", []),
            help=_("Stands in the report: the analysis in words, or what the opinion says. Never a name."),
        ),
    ]


def _when_and_how(typed: Mapping[str, Any], errors: Mapping[str, Sequence[str]]) -> list[FieldView]:
    shown = shown_moment(with_offset(typed.get("sent_at", ""), typed.get("sent_at-offset", "")))
    return [
        FieldView(
            "sent_at",
            _("Sent at"),
            widget="datetime",
            value=shown.wall,
            offset=shown.offset,
            offsets=shown.offsets,
            errors=errors.get("sent_at", []),
            help=_("In the time of the site. For an opinion: when it was received."),
        ),
        FieldView(
            "method",
            _("Sent by"),
            required=False,
            value=typed.get("method", ""),
            errors=errors.get("method", []),
            help=_("Such as e-mail, post, the portal of the regulator."),
        ),
        FieldView(
            "reference",
            _("Reference number"),
            required=False,
            value=typed.get("reference", ""),
            errors=errors.get("reference", []),
        ),
        FieldView(
            "late_reason",
            _("Why it is late"),
            widget="textarea",
            required=False,
            conditional=True,
            value=typed.get("late_reason", ""),
            errors=errors.get("late_reason", []),
            help=_("Needed when the last moment has passed, or when nobody can say whether it has."),
        ),
    ]


def correction_fields(
    typed: Mapping[str, Any], problems: Iterable[Problem], jurisdiction: Jurisdiction
) -> list[FieldView]:
    errors = errors_by_field(problems)
    return [
        FieldView(
            "recipient",
            _("Recipient"),
            widget="select",
            value=typed.get("recipient", ""),
            choices=[(one.key, one.label) for one in jurisdiction.recipients.values()],
            errors=errors.get("recipient", []),
        ),
        *_when_and_how(typed, errors),
        FieldView(
            "taken_back",
            _("It was never sent"),
            widget="multiselect",
            required=False,
            value=["yes"] if typed.get("taken_back") == "yes" else [],
            choices=[("yes", _("Take this version back: it stops no clock"))],
            errors=errors.get("taken_back", []),
        ),
        FieldView(
            "reason",
            _("Why it is corrected"),
            widget="textarea",
            value=typed.get("reason", ""),
            errors=errors.get("reason", []),
            help=_("The version before stays readable, with this reason beside it."),
        ),
    ]
