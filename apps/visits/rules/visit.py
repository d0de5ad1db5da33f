"""Hard rules of a visit. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from apps.visits.rules.schedule import PartialDay
from studyportal.crf.outcomes import Problem
from studyportal.words import said


def visit_problems(values: Mapping[str, Any], *, scheduled: bool) -> Iterable[Problem]:
    """Hard rules of a visit. Keys: status, happened_on, missed_code, missed_reason, number.

    A missed visit has a reason by its code, or in words; the code `other` needs words.
    """
    status = values.get("status")
    code, words = values.get("missed_code") or "", (values.get("missed_reason") or "").strip()
    if status == "missed" and not words and code in ("", "other"):
        field = "missed_reason" if code or "missed_code" not in values else "missed_code"
        yield Problem(field, "required", said("Say why the visit was missed."))
    if status != "missed":
        for field, given in (("missed_code", code), ("missed_reason", words)):
            if given:
                yield Problem(
                    field, "not_expected", said("Only a missed visit has this reason. Leave it empty.")
                )
    if status in ("missed", "planned") and values.get("happened_on") is not None:
        yield Problem(
            "happened_on",
            "contradiction",
            said("A visit that took place is done: change its state, or leave the date out."),
        )
    number = values.get("number")
    if scheduled and number not in (None, 1):
        yield Problem(
            "number",
            "not_repeated",
            said("The protocol has this visit once. Record a further one as unscheduled (UNS)."),
        )


def not_in_future(happened: PartialDay | None, today: dt.date) -> Iterable[Problem]:
    """today: at the site."""
    if happened is not None and happened.earliest is not None and happened.earliest > today:
        yield Problem(
            "happened_on",
            "in_future",
            said("This day lies in the future. A visit to come is planned, not done."),
        )
