"""The decision on a product, what it departs from, and its discard. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from apps.celldose.rules.arithmetic import Breach, Values
from studyportal.crf.outcomes import NotDerivable, Problem
from studyportal.words import said, series

LATE_GROWTH = "late_growth"
# The decisions that let a product be infused.
LETS_INFUSE = ("released", "conditional", "exceptional")


def derive_release(values: Values, context: Values) -> Mapping[str, Any]:
    """How the evaluation came out, counted. context: outcomes label → outcome, or None; culture_due: date or why not."""
    due = context.get("culture_due", NotDerivable(said("microbiology not recorded")))
    outcomes = context.get("outcomes")
    if outcomes is None:
        why = NotDerivable(said("criteria not evaluated"))
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
            said(
                "The treating physician agrees to an exceptional release before it: tell the physician,"
                " and say so here."
            ),
        )


def witness_is_another(values: Values) -> Iterable[Problem]:
    first, second = _plain(values.get("discarded_by")), _plain(values.get("witnessed_by"))
    if first and first == second:
        yield Problem(
            "witnessed_by", "same_person", said("A discard is witnessed by another person than who discards.")
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
    failed, unknown = list(failed), list(unknown)
    parts = [
        *([said("out of specification: %(failed)s", failed=failed)] if failed else []),
        *([said("without a result: %(unknown)s", unknown=unknown)] if unknown else []),
        *([said("past its expiry")] if expired else []),
    ]
    if decision == "exceptional":
        clause = series(parts) or said("within its specification as it is now")
        yield Breach(
            "exceptional_release",
            said("The product was released exceptionally, %(clause)s.", clause=clause),
            "critical",
        )
    elif failed:
        yield Breach(
            "out_of_specification",
            said("The product was released out of specification: %(failed)s.", failed=failed),
            "critical",
        )


def infused_breaches(failed: Iterable[str], *, answered: bool) -> Iterable[Breach]:
    """A product that was infused and fails a criterion. answered: an exceptional release says why."""
    if labels := list(failed):
        words = (
            said(
                "The product was infused out of specification under an exceptional release: %(failed)s.",
                failed=labels,
            )
            if answered
            else said("The product was infused out of specification: %(failed)s.", failed=labels)
        )
        yield Breach("out_of_specification", words, "critical")


def late_growth_breaches(
    grown: Iterable[str], organism: str | None, *, infused_on: dt.date | None, infused: bool
) -> Iterable[Breach]:
    """Growth that was found after the product was released or infused. grown: in words; infused_on: None: unknown day."""
    if labels := list(grown):
        found = said("%(labels)s (%(organism)s)", labels=labels, organism=organism) if organism else labels
        if not infused:
            words = said("Positive after the product was released: %(found)s.", found=found)
        elif infused_on is None:
            words = said("Positive after the product was infused: %(found)s.", found=found)
        else:
            words = said(
                "Positive after the product was infused on %(on)s: %(found)s.", on=infused_on, found=found
            )
        yield Breach(LATE_GROWTH, words, "critical")
