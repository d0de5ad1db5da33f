"""The fields of the screening pages, and what was typed into them as the actions take it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from apps.enrolment.models import Group, Referral, ScreeningEntry, ScreeningOutcome, ScreeningReason, Sex
from apps.enrolment.rules.screening import CONCLUSIONS
from studyportal import protocol
from studyportal.access.models import Site
from studyportal.audit.reason_fields import field_views
from studyportal.crf.outcomes import Problem
from studyportal.crf.spec import ShowIf
from studyportal.ui.parts import FieldView
from studyportal.ui.posted import errors_by_field, whole_number

STATED = ("screened_on", "source_key", "age", "sex", "referral", "considered_for", "note")
# Beside the reason of reopening on the same page.
OUTCOME_REASON = "change_reason"
CRITERION = re.compile(r"(answer|evidence|explanation|version)-(\w{1,60})\Z", re.ASCII)


# --- an entry -------------------------------------------------------------------------------------------


def entry_fields(
    values: Mapping[str, Any], problems: Iterable[Problem], sites: Sequence[Site] = ()
) -> list[FieldView]:
    """What is stated of somebody screened. sites: those to choose from, for a new entry."""
    errors = errors_by_field(problems)

    def field(name: str, label: str, **more: Any) -> FieldView:
        return FieldView(name, label, value=values.get(name, ""), errors=errors.get(name, []), **more)

    groups = [(key, group.label) for key, group in protocol.current().groups.items()]
    choose_site = [
        field(
            "site",
            _("Site"),
            widget="select",
            choices=[("", "–"), *((site.code, f"{site.code} {site.name}") for site in sites)],
        )
    ]
    return [
        *(choose_site if len(sites) > 1 else []),
        field("screened_on", _("Screened on"), widget="partial-date"),
        field(
            "source_key",
            _("Number in the site's list"),
            required=False,
            help=_("Only where the site keeps a list of its own; never a hospital number."),
        ),
        field("age", _("Age"), widget="number", unit="a", required=False),
        field("sex", _("Sex"), widget="radio", choices=Sex.choices, required=False),
        field(
            "referral",
            _("How the person came"),
            widget="select",
            choices=[("", "–"), *Referral.choices],
            required=False,
        ),
        field(
            "considered_for",
            _("Considered for"),
            widget="select",
            choices=[("", _("Open")), *groups],
            required=False,
            help=_("Some criteria count for one group only."),
        ),
        field(
            "note",
            _("Note"),
            required=False,
            help=_("Never a name, number or address of the person."),
        ),
    ]


def past_fields(posted: QueryDict, problems: Iterable[Problem]) -> list[FieldView]:
    """What a data manager adds for a case from a published source."""
    errors = errors_by_field(problems)
    past = ShowIf("retrospective", ("true",))
    return [
        FieldView(
            "retrospective",
            _("Transcribed from a published source"),
            widget="yesno",
            required=False,
            value={"true": True, "false": False}.get(posted.get("retrospective", "")),
            help=_("Its events precede the study: no due dates, no deviations."),
            errors=errors.get("retrospective", []),
        ),
        FieldView(
            "group",
            _("Group"),
            widget="select",
            value=posted.get("group", Group.UNASSIGNED),
            choices=Group.choices,
            required=False,
            show_if=past,
            errors=errors.get("group", []),
        ),
        FieldView(
            "enrolled_on",
            _("Enrolled on"),
            widget="partial-date",
            value=posted.get("enrolled_on", ""),
            required=False,
            show_if=past,
            errors=errors.get("enrolled_on", []),
        ),
        FieldView(
            "label",
            _("Label"),
            value=posted.get("label", ""),
            required=False,
            show_if=past,
            help=_("A short free label; never a name or an initial."),
            errors=errors.get("label", []),
        ),
    ]


def stated(posted: QueryDict) -> dict[str, Any]:
    """What `screening.open_entry` and `change_entry` take. A field that the page did not send stays as it is."""
    return {name: posted[name] for name in STATED if name in posted}


def past(posted: QueryDict) -> dict[str, Any]:
    """What `open_and_register` takes besides, for a case of the past. A control that was hidden counts as empty."""
    if posted.get("retrospective") != "true":
        return {}
    return {
        "retrospective": True,
        "group": posted.get("group", Group.UNASSIGNED),
        "enrolled_on": posted.get("enrolled_on", ""),
        "label": posted.get("label", ""),
    }


def values_of(entry: ScreeningEntry) -> dict[str, Any]:
    """An entry as its fields show it."""
    return {name: "" if getattr(entry, name) is None else str(getattr(entry, name)) for name in STATED}


def reason_fields(posted: Mapping[str, Any], problems: Iterable[Problem], help: str = "") -> list[FieldView]:
    return field_views(
        posted,
        help=help
        or _("Needed when a value that was given before changes; kept with the old and the new value."),
        errors=errors_by_field(problems).get("reason", []),
    )


# --- answers --------------------------------------------------------------------------------------------


def answers(posted: QueryDict) -> dict[str, dict[str, Any]]:
    """What `eligibility.answer` takes: every criterion of the page that was answered, or of which something was typed."""
    found: dict[str, dict[str, Any]] = {}
    for name in posted:
        if match := CRITERION.match(name):
            found.setdefault(match[2], {})[match[1]] = posted[name]
    for given in found.values():
        given["version"] = whole_number(given.get("version"))
    return {
        key: given
        for key, given in found.items()
        if any(str(given.get(name, "")).strip() for name in ("answer", "evidence", "explanation"))
    }


def anchor(field: str | None) -> str:
    """The control to which a problem of `eligibility.answer` belongs: `hba1c.evidence` → `evidence-hba1c`."""
    if not field:
        return ""
    criterion, _dot, member = field.partition(".")
    return f"{member if member in ('evidence', 'explanation') else 'answer'}-{criterion}"


# --- the end of a screening, and enrolling --------------------------------------------------------------


def conclusion_fields(
    entry: ScreeningEntry, posted: Mapping[str, Any], problems: Iterable[Problem], today: str
) -> list[FieldView]:
    errors = errors_by_field(problems)
    outcomes = [(code, label) for code, label in ScreeningOutcome.choices if code in CONCLUSIONS]
    fields = [
        FieldView(
            "outcome",
            _("Outcome"),
            widget="select",
            value=posted.get("outcome", "" if entry.is_open else entry.outcome),
            choices=[("", "–"), *outcomes],
            errors=errors.get("outcome", []),
        ),
        FieldView(
            "outcome_on",
            _("On"),
            widget="partial-date",
            value=posted.get("outcome_on", today if entry.is_open else str(entry.outcome_on or "")),
            errors=errors.get("outcome_on", []),
        ),
        FieldView(
            "reason_code",
            _("Why"),
            widget="select",
            value=posted.get("reason_code", entry.reason_code),
            choices=[("", "–"), *ScreeningReason.choices],
            required=False,
            conditional=True,
            help=_("Needed for those who declined, and for another outcome."),
            errors=errors.get("reason_code", []),
        ),
        FieldView(
            "reason_text",
            _("In words"),
            value=posted.get("reason_text", entry.reason_text),
            required=False,
            help=_("Never a name, number or address of the person."),
            errors=errors.get("reason_text", []),
        ),
    ]
    if not entry.is_open:
        fields.append(
            FieldView(
                OUTCOME_REASON,
                _("Reason for the change"),
                value=posted.get(OUTCOME_REASON, ""),
                errors=errors.get("reason", []),
            )
        )
    return fields


def reopening_fields(posted: Mapping[str, Any], problems: Iterable[Problem]) -> list[FieldView]:
    return [
        FieldView(
            "reason",
            _("Why the screening goes on"),
            value=posted.get("reason", ""),
            errors=errors_by_field(problems).get("reason", []),
        )
    ]


def enrolment_fields(posted: Mapping[str, Any], problems: Iterable[Problem], today: str) -> list[FieldView]:
    return [
        FieldView(
            "enrolled_on",
            _("Enrolled on"),
            widget="partial-date",
            value=posted.get("enrolled_on", today),
            help=_("The day from which the person takes part. Consent and the criteria come before."),
            errors=errors_by_field(problems).get("enrolled_on", []),
        )
    ]
