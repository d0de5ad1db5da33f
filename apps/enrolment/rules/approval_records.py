"""What a record of an approval, of its suspension or of its lifting may not say. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from apps.enrolment.rules.approvals import Approval, Suspension
from studyportal.crf.outcomes import Problem
from studyportal.words import said

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
            "kind",
            "choice",
            said("The protocol asks for no such approval. It asks for: %(known)s.", known=list(known)),
        )
    if not given.authority:
        yield Problem("authority", "required", said("Say who gave it, such as the name of the committee."))
    if given.waived:
        yield from _waiver_problems(given)
    else:
        if not given.number:
            yield Problem(
                "number",
                "required",
                said(
                    "Give the number as the document has it. An approval that is not needed is recorded"
                    " as a waiver."
                ),
            )
        if given.waiver_reason:
            yield Problem(
                "waiver_reason", "waivers_only", said("Only a waiver has this reason. Leave it empty.")
            )
    yield from _date_problems(given, today)


def _waiver_problems(given: Given) -> Iterable[Problem]:
    if given.number:
        yield Problem(
            "number",
            "approvals_only",
            said("A waiver has no number of approval. Leave it empty, or record an approval."),
        )
    if len(given.waiver_reason) < 3:
        yield Problem("waiver_reason", "required", said("Say why this approval is not needed at the site."))


def _date_problems(given: Given, today: dt.date) -> Iterable[Problem]:
    if given.approved_on is None:
        yield Problem(
            "approved_on",
            "required",
            said("Give the day on which the waiver was given.")
            if given.waived
            else said("Give the day on which the approval was given."),
        )
    elif given.approved_on > today:
        yield Problem(
            "approved_on",
            "in_future",
            said(
                "%(approved_on)s is in the future: an approval is recorded when it has been given.",
                approved_on=given.approved_on,
            )
            if not given.waived
            else said(
                "%(approved_on)s is in the future: a waiver is recorded when it has been given.",
                approved_on=given.approved_on,
            ),
        )
    if given.valid_from is None:
        yield Problem("valid_from", "required", said("Give the first day on which it is valid."))
    elif given.approved_on is not None and given.valid_from < given.approved_on:
        yield Problem(
            "valid_from",
            "before_approval",
            said("It cannot be valid before it was given on %(approved_on)s.", approved_on=given.approved_on),
        )
    if given.valid_until is None and not given.without_end:
        yield Problem(
            "valid_until",
            "required",
            said("Give the last day on which it is valid, or say that it has no end."),
        )
    if given.valid_until is not None and given.without_end:
        yield Problem(
            "valid_until",
            "contradiction",
            said("A last day is given, and that there is none. Keep one or the other."),
        )
    if (
        given.valid_until is not None
        and given.valid_from is not None
        and given.valid_until < given.valid_from
    ):
        yield Problem(
            "valid_until",
            "before_start",
            said("The last day is before the first, %(valid_from)s.", valid_from=given.valid_from),
        )
    for name in ("approved_on", "valid_from", "valid_until"):
        day = getattr(given, name)
        if day is not None and not EARLIEST <= day <= today.replace(day=1) + dt.timedelta(
            days=366 * FARTHEST_YEARS
        ):
            yield Problem(
                name,
                "impossible_date",
                said(
                    "The year must lie between %(first)s and %(last)s.",
                    first=EARLIEST.year,
                    last=today.year + FARTHEST_YEARS,
                ),
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
        yield Problem("reason", "required", said("Say why, in the words of the authority."))
    if first is None:
        yield Problem("from_on", "required", said("Give the first day on which it no longer held."))
        return
    if first > today:
        yield Problem(
            "from_on",
            "in_future",
            said("%(first)s is in the future: it is recorded when it has been decided.", first=first),
        )
    if not approval.within(first):
        until = said("without end") if approval.last is None else said("until %(last)s", last=approval.last)
        yield Problem(
            "from_on",
            "outside",
            said(
                "It was valid from %(first)s %(until)s: choose a day within.",
                first=approval.first,
                until=until,
            ),
        )
    for other in others:
        if (last is None or other.first <= last) and (other.last is None or first <= other.last):
            until = (
                said("is not lifted") if other.last is None else said("ended on %(last)s", last=other.last)
            )
            yield Problem(
                "from_on",
                "overlap",
                said(
                    "It is suspended already: from %(first)s, which %(until)s. Lift or correct that first.",
                    first=other.first,
                    until=until,
                ),
            )
            return


def lifting_problems(*, held: Suspension, lifted_on: dt.date | None, today: dt.date) -> Iterable[Problem]:
    """lifted_on: the first day on which the approval holds again."""
    if held.withdrawn:
        yield Problem(
            None,
            "withdrawn",
            said(
                "A withdrawn approval is not lifted: record the new approval. If it was never withdrawn,"
                " say that the entry is an error."
            ),
        )
    if held.last is not None:
        yield Problem(
            None, "lifted", said("It was lifted already: suspended until %(last)s.", last=held.last)
        )
    if lifted_on is None:
        yield Problem("lifted_on", "required", said("Give the first day on which it holds again."))
    elif lifted_on <= held.first:
        yield Problem(
            "lifted_on",
            "before_start",
            said("It was suspended on %(first)s: give a day after it.", first=held.first),
        )
    elif lifted_on > today:
        yield Problem(
            "lifted_on",
            "in_future",
            said("%(lifted_on)s is in the future: record it when it is lifted.", lifted_on=lifted_on),
        )
