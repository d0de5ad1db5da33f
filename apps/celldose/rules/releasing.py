"""The decision on a product, what it departs from, and its discard. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from apps.celldose.rules.arithmetic import Breach, Values
from studyportal.crf.outcomes import NotDerivable, Problem

LATE_GROWTH = "late_growth"
# The decisions that let a product be infused.
LETS_INFUSE = ("released", "conditional", "exceptional")


def derive_release(values: Values, context: Values) -> Mapping[str, Any]:
    """How the evaluation came out, counted. context: outcomes label → outcome, or None; culture_due: date or why not."""
    due = context.get("culture_due", NotDerivable("microbiology not recorded"))
    outcomes = context.get("outcomes")
    if outcomes is None:
        why = NotDerivable("criteria not evaluated")
        counted: dict[str, Any] = dict.fromkeys(
            ("criteria_passed", "criteria_failed", "criteria_pending", "criteria_not_evaluable"), why
        )
        return counted | {"culture_due_on": due}
    found = list(outcomes.values())
    return {
        "criteria_passed": found.count("pass"),
        "criteria_failed": found.count("fail"),
        "criteria_pending": found.count("pending"),
        "criteria_not_evaluable": found.count("not_evaluable"),
        "culture_due_on": due,
    }


def physician_told(values: Values) -> Iterable[Problem]:
    """Nobody infuses a product out of specification without knowing it."""
    told = values.get("exceptional_informed")
    if values.get("decision") == "exceptional" and told and "physician" not in told:
        yield Problem(
            "exceptional_informed",
            "physician_not_told",
            "The treating physician agrees to an exceptional release before it: tell the physician, and say so here.",
        )


def witness_is_another(values: Values) -> Iterable[Problem]:
    first, second = _plain(values.get("discarded_by")), _plain(values.get("witnessed_by"))
    if first and first == second:
        yield Problem(
            "witnessed_by", "same_person", "A discard is witnessed by another person than who discards."
        )


def _plain(text: str | None) -> str:
    return "".join((text or "").split()).casefold()


def release_breaches(
    decision: str | None, failed: Iterable[str], unknown: Iterable[str], *, expired: bool = False
) -> Iterable[Breach]:
    """What a decision lets pass. failed, unknown: labels of criteria that fail, or have no result; expired: by then.

    An exceptional release is a deviation, documented and signed as it is. A rejection is none.
    """
    if decision not in LETS_INFUSE:
        return
    failed, unknown = ", ".join(failed), ", ".join(unknown)
    parts = [
        *([f"out of specification: {failed}"] if failed else []),
        *([f"without a result: {unknown}"] if unknown else []),
        *(["past its expiry"] if expired else []),
    ]
    if decision == "exceptional":
        said = "; ".join(parts) or "within its specification as it is now"
        yield Breach("exceptional_release", f"The product was released exceptionally, {said}.", "critical")
    elif failed:
        yield Breach(
            "out_of_specification", f"The product was released out of specification: {failed}.", "critical"
        )


def infused_breaches(failed: Iterable[str], *, answered: bool) -> Iterable[Breach]:
    """A product that was infused and fails a criterion. answered: an exceptional release says why."""
    if labels := ", ".join(failed):
        said = " under an exceptional release" if answered else ""
        yield Breach(
            "out_of_specification",
            f"The product was infused out of specification{said}: {labels}.",
            "critical",
        )


def late_growth_breaches(
    grown: Iterable[str], organism: str | None, *, infused_on: dt.date | None, infused: bool
) -> Iterable[Breach]:
    """Growth that was found after the product was released or infused. grown: in words; infused_on: None: unknown day."""
    if labels := ", ".join(grown):
        when = "infused" + (f" on {infused_on.isoformat()}" if infused_on else "") if infused else "released"
        named = f" ({organism})" if organism else ""
        yield Breach(LATE_GROWTH, f"Positive after the product was {when}: {labels}{named}.", "critical")
