"""What a record of an approval, of its suspension or of its lifting may not say. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from apps.enrolment.rules.approvals import Approval, Suspension, day_words
from studyportal.crf.outcomes import Problem

EARLIEST = dt.date(1990, 1, 1)
FARTHEST_YEARS = 50


@dataclass(frozen=True)
class Given:
    """An approval as it is about to stand."""

    kind: str
    waived: bool
    authority: str
    number: str
    waiver_reason: str
    approved_on: dt.date | None
    valid_from: dt.date | None
    valid_until: dt.date | None
    without_end: bool


def approval_problems(given: Given, *, kinds: Iterable[str], today: dt.date) -> Iterable[Problem]:
    """today: the site's own day."""
    known = tuple(kinds)
    if given.kind not in known:
        yield Problem(
            "kind", "choice", f"The protocol asks for no such approval. It asks for: {', '.join(known)}."
        )
    if not given.authority:
        yield Problem("authority", "required", "Say who gave it, such as the name of the committee.")
    if given.waived:
        yield from _waiver_problems(given)
    else:
        if not given.number:
            yield Problem(
                "number",
                "required",
                "Give the number as the document has it. An approval that is not needed is recorded as a waiver.",
            )
        if given.waiver_reason:
            yield Problem("waiver_reason", "waivers_only", "Only a waiver has this reason. Leave it empty.")
    yield from _date_problems(given, today)


def _waiver_problems(given: Given) -> Iterable[Problem]:
    if given.number:
        yield Problem(
            "number",
            "approvals_only",
            "A waiver has no number of approval. Leave it empty, or record an approval.",
        )
    if len(given.waiver_reason) < 3:
        yield Problem("waiver_reason", "required", "Say why this approval is not needed at the site.")


def _date_problems(given: Given, today: dt.date) -> Iterable[Problem]:
    said = "waiver" if given.waived else "approval"
    if given.approved_on is None:
        yield Problem("approved_on", "required", f"Give the day on which the {said} was given.")
    elif given.approved_on > today:
        yield Problem(
            "approved_on",
            "in_future",
            f"{day_words(given.approved_on)} is in the future: an {said} is recorded when it has been given."
            if said == "approval"
            else f"{day_words(given.approved_on)} is in the future: a waiver is recorded when it has been given.",
        )
    if given.valid_from is None:
        yield Problem("valid_from", "required", "Give the first day on which it is valid.")
    elif given.approved_on is not None and given.valid_from < given.approved_on:
        yield Problem(
            "valid_from",
            "before_approval",
            f"It cannot be valid before it was given on {day_words(given.approved_on)}.",
        )
    if given.valid_until is None and not given.without_end:
        yield Problem(
            "valid_until", "required", "Give the last day on which it is valid, or say that it has no end."
        )
    if given.valid_until is not None and given.without_end:
        yield Problem(
            "valid_until",
            "contradiction",
            "A last day is given, and that there is none. Keep one or the other.",
        )
    if (
        given.valid_until is not None
        and given.valid_from is not None
        and given.valid_until < given.valid_from
    ):
        yield Problem(
            "valid_until", "before_start", f"The last day is before the first, {day_words(given.valid_from)}."
        )
    for name in ("approved_on", "valid_from", "valid_until"):
        day = getattr(given, name)
        if day is not None and not EARLIEST <= day <= today.replace(day=1) + dt.timedelta(
            days=366 * FARTHEST_YEARS
        ):
            yield Problem(
                name,
                "impossible_date",
                f"The year must lie between {EARLIEST.year} and {today.year + FARTHEST_YEARS}.",
            )


def suspension_problems(
    *,
    approval: Approval,
    first: dt.date | None,
    reason: str,
    today: dt.date,
    others: Iterable[Suspension] = (),
    last: dt.date | None = None,
) -> Iterable[Problem]:
    """What a suspension or withdrawal by the authority may not say. others: those of the approval that stand."""
    if len(reason) < 3:
        yield Problem("reason", "required", "Say why, in the words of the authority.")
    if first is None:
        yield Problem("from_on", "required", "Give the first day on which it no longer held.")
        return
    if first > today:
        yield Problem(
            "from_on",
            "in_future",
            f"{day_words(first)} is in the future: it is recorded when it has been decided.",
        )
    if not approval.within(first):
        until = "without end" if approval.last is None else f"until {day_words(approval.last)}"
        yield Problem(
            "from_on",
            "outside",
            f"It was valid from {day_words(approval.first)} {until}: choose a day within.",
        )
    for other in others:
        if (last is None or other.first <= last) and (other.last is None or first <= other.last):
            until = "is not lifted" if other.last is None else f"ended on {day_words(other.last)}"
            yield Problem(
                "from_on",
                "overlap",
                f"It is suspended already: from {day_words(other.first)}, which {until}. Lift or correct that first.",
            )
            return


def lifting_problems(*, held: Suspension, lifted_on: dt.date | None, today: dt.date) -> Iterable[Problem]:
    """lifted_on: the first day on which the approval holds again."""
    if held.withdrawn:
        yield Problem(
            None,
            "withdrawn",
            "A withdrawn approval is not lifted: record the new approval. If it was never withdrawn, say that the"
            " entry is an error.",
        )
    if held.last is not None:
        yield Problem(None, "lifted", f"It was lifted already: suspended until {day_words(held.last)}.")
    if lifted_on is None:
        yield Problem("lifted_on", "required", "Give the first day on which it holds again.")
    elif lifted_on <= held.first:
        yield Problem(
            "lifted_on", "before_start", f"It was suspended on {day_words(held.first)}: give a day after it."
        )
    elif lifted_on > today:
        yield Problem(
            "lifted_on", "in_future", f"{day_words(lifted_on)} is in the future: record it when it is lifted."
        )
