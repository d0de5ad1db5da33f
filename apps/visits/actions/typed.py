"""What is typed of a visit, as the rules take it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.visits.models import Anchor, MissedReason, VisitStatus
from studyportal.crf.absence import AbsentReason
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate, PartialDateError

# The name under which queries and deviations of visits are kept.
FORM = "visit"
CHANGEABLE = ("happened_on", "status", "missed_code", "missed_reason", "anchor", "nominal_label")
MAX_LENGTHS = {"missed_reason": 200, "nominal_label": 60}
# Reasons may be given for these.
MAY_BE_ABSENT = ("happened_on", "nominal_label")


def typed_values(given: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The values in their types; what cannot be read is added to the problems."""
    values = dict(given)
    if "status" in values and values["status"] not in VisitStatus.values:
        problems.append(Problem("status", "choice", _("One of: %s.") % ", ".join(VisitStatus.values)))
    if "anchor" in values and values["anchor"] not in ("", *Anchor.values):
        problems.append(Problem("anchor", "choice", _("One of: %s.") % ", ".join(Anchor.values)))
    if "missed_code" in values and values["missed_code"] not in ("", *MissedReason.values):
        problems.append(Problem("missed_code", "choice", _("One of: %s.") % ", ".join(MissedReason.values)))
    for name, limit in MAX_LENGTHS.items():
        if name not in values:
            continue
        text = values[name]
        if not isinstance(text, str) or "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
            problems.append(Problem(name, "type", _("Give plain text.")))
        elif len(text) > limit:
            problems.append(Problem(name, "max_length", _("At most %d characters.") % limit))
        else:
            values[name] = text.strip()
    happened = values.get("happened_on")
    if isinstance(happened, str):
        try:
            values["happened_on"] = PartialDate.parse(happened) if happened.strip() else None
        except PartialDateError as error:
            problems.append(Problem("happened_on", error.code, str(error)))
    elif happened is not None and not isinstance(happened, PartialDate):
        problems.append(Problem("happened_on", "type", _("Give the date as text, such as 2016-11-03.")))
    return values


def absent_reasons(absent: Any, values: Mapping[str, Any], problems: list[Problem]) -> dict[str, str]:
    """Why what is not there is not there; what cannot be read is added to the problems."""
    if not isinstance(absent, Mapping):
        problems.append(Problem("absent", "type", _("Give an object: field name → reason.")))
        return {}
    kept: dict[str, str] = {}
    for name, reason in absent.items():
        if name not in MAY_BE_ABSENT:
            problems.append(
                Problem(f"absent.{str(name)[:80]}", "unknown_field", _("No reason is kept for this."))
            )
        elif reason in (None, ""):
            continue
        elif reason not in AbsentReason.values:
            problems.append(
                Problem(
                    name,
                    "absent_reason",
                    _("This is no reason. Reasons: %s.") % ", ".join(AbsentReason.values),
                )
            )
        elif values.get(name):
            problems.append(
                Problem(
                    name, "value_and_absent", _("There is a value and a reason why there is none. Keep one.")
                )
            )
        else:
            kept[name] = reason
    return kept
