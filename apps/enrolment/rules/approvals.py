"""Whether a site may enrol: how each approval that the protocol asks for stands on a day. Pure.

Days are the site's own. An approval holds from its first to its last day, both included, except while the authority
has suspended it. Renewals are further approvals of the same kind; what counts is that some approval holds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from studyportal.crf.outcomes import Problem
from studyportal.words import joined, said

State = Literal["valid", "waived", "missing", "not_yet", "lapsed", "suspended"]
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Suspension:
    """first: the day from which the authority suspended or withdrew; last: None until it is lifted."""

    first: dt.date
    last: dt.date | None = None
    withdrawn: bool = False

    def holds(self, day: dt.date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class Approval:
    """An approval or a waiver. last None: without end."""

    id: int
    kind: str
    first: dt.date
    last: dt.date | None
    number: str = ""
    authority: str = ""
    waived: bool = False
    suspensions: tuple[Suspension, ...] = ()

    def within(self, day: dt.date) -> bool:
        """Whether the day lies between its first and its last day, suspended or not."""
        return self.first <= day and (self.last is None or day <= self.last)

    def suspended(self, day: dt.date) -> Suspension | None:
        return next((one for one in self.suspensions if one.holds(day)), None)

    def holds(self, day: dt.date) -> bool:
        return self.within(day) and self.suspended(day) is None


@dataclass(frozen=True)
class Span:
    """Days in a row; last None: without end."""

    first: dt.date
    last: dt.date | None

    def holds(self, day: dt.date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class Standing:
    """How one kind stands on a day. until: the last day on which it holds without a break (None: without end);
    of a lapsed one the last day on which it held. since: the day from which the state holds, where one can be named:
    of an approval not yet valid the first day on which it is."""

    kind: str
    state: State
    approval: Approval | None = None
    until: dt.date | None = None
    since: dt.date | None = None
    suspension: Suspension | None = None

    @property
    def holds(self) -> bool:
        return self.state in ("valid", "waived")

    def days_left(self, today: dt.date) -> int | None:
        """Days after today on which it still holds; None when it has no end or does not hold."""
        return (self.until - today).days if self.holds and self.until is not None else None


def standing(kinds: Iterable[str], approvals: Iterable[Approval], on: dt.date) -> tuple[Standing, ...]:
    """How each kind stands on the day, in the order of the kinds."""
    known = list(approvals)
    return tuple(_of_kind(kind, [one for one in known if one.kind == kind], on) for kind in kinds)


def _of_kind(kind: str, approvals: Sequence[Approval], on: dt.date) -> Standing:
    holding = [one for one in approvals if one.holds(on)]
    if holding:
        # An approval before a waiver; of several the one that holds longest.
        best = min(holding, key=lambda one: (one.waived, -(one.last or dt.date.max).toordinal(), one.id))
        span = next(one for one in covered(approvals) if one.holds(on))
        return Standing(kind, "waived" if best.waived else "valid", best, span.last, span.first)
    barred = [(one, held) for one in approvals if one.within(on) and (held := one.suspended(on)) is not None]
    if barred:
        approval, held = max(barred, key=lambda pair: (pair[0].last or dt.date.max, pair[0].id))
        return Standing(kind, "suspended", approval, held.last, held.first, held)
    past = [one for one in approvals if one.last is not None and one.last < on]
    if past:
        latest = max(past, key=lambda one: (one.last or dt.date.min, one.id))
        assert latest.last is not None
        return Standing(kind, "lapsed", latest, latest.last, latest.last + ONE_DAY)
    ahead = [one for one in approvals if one.first > on]
    if ahead:
        first = min(ahead, key=lambda one: (one.first, one.id))
        return Standing(kind, "not_yet", first, since=first.first)
    return Standing(kind, "missing")


def covered(approvals: Iterable[Approval]) -> tuple[Span, ...]:
    """The days on which any of the approvals holds, as spans in order; neighbouring days are one span."""
    pieces = sorted(
        (piece for one in approvals for piece in _pieces(one)),
        key=lambda span: (span.first, span.last or dt.date.max),
    )
    spans: list[Span] = []
    for piece in pieces:
        before = spans[-1] if spans else None
        if before is not None and (before.last is None or piece.first <= before.last + ONE_DAY):
            last = None if before.last is None or piece.last is None else max(before.last, piece.last)
            spans[-1] = Span(before.first, last)
        else:
            spans.append(piece)
    return tuple(spans)


def _pieces(approval: Approval) -> Iterable[Span]:
    """The days of one approval, without those on which it was suspended."""
    first = approval.first
    for held in sorted(approval.suspensions, key=lambda one: one.first):
        if approval.last is not None and held.first > approval.last:
            break
        if held.first > first:
            yield Span(first, held.first - ONE_DAY)
        if held.last is None:
            return
        first = max(first, held.last + ONE_DAY)
    if approval.last is None or first <= approval.last:
        yield Span(first, approval.last)


def gaps(approvals: Iterable[Approval]) -> tuple[Span, ...]:
    """The days between the spans on which none holds."""
    spans = covered(approvals)
    return tuple(
        Span(before.last + ONE_DAY, after.first - ONE_DAY)
        for before, after in pairwise(spans)
        if before.last is not None
    )


def overlaps(approvals: Sequence[Approval]) -> tuple[tuple[Approval, Approval, Span], ...]:
    """Pairs of approvals of one kind that are valid on the same days: a renewal that began early, or an error."""
    ordered = sorted(approvals, key=lambda one: (one.first, one.id))
    found = []
    for index, one in enumerate(ordered):
        for other in ordered[index + 1 :]:
            ends = [last for last in (one.last, other.last) if last is not None]
            last = min(ends) if ends else None
            if last is None or other.first <= last:
                found.append((one, other, Span(other.first, last)))
    return tuple(found)


# --- Enrolment on a day that may be known only in part ---------------------------------------------------


@dataclass(frozen=True)
class Cover:
    """Whether a kind holds on every day that a date can mean: yes, no, or (some of them) cannot be shown."""

    verdict: Literal["yes", "no", "unclear"]
    standing: Standing


def cover(approvals: Sequence[Approval], kind: str, earliest: dt.date, latest: dt.date) -> Cover:
    """earliest, latest: the first and the last day that the date can mean."""
    own = [one for one in approvals if one.kind == kind]
    spans = covered(own)
    if any(span.first <= earliest and (span.last is None or latest <= span.last) for span in spans):
        return Cover("yes", _of_kind(kind, own, earliest))
    any_day = any(span.first <= latest and (span.last is None or span.last >= earliest) for span in spans)
    first_open = earliest
    for span in spans:
        if span.holds(first_open) and span.last is not None:
            first_open = span.last + ONE_DAY
    return Cover("unclear" if any_day else "no", _of_kind(kind, own, first_open))


def day_words(day: dt.date) -> str:
    return f"{day.day} {day:%b %Y}"


def _named(approval: Approval | None, label: str, site: str) -> str:
    """The approval as a sentence begins with it."""
    if approval is not None and approval.waived:
        return said("The waiver of “%(label)s” at %(site)s", label=label, site=site)
    number = f" ({approval.number})" if approval is not None and approval.number else ""
    return said("The approval “%(label)s” at %(site)s%(number)s", label=label, site=site, number=number)


def why_not(cover: Cover, *, label: str, site: str, exact: bool) -> str:
    """What bars enrolment, in words, without what to do about it. exact: the day is known to the day."""
    found = cover.standing
    named = _named(found.approval, label, site)
    if found.state == "suspended" and found.suspension is not None:
        first = found.suspension.first
        why = (
            said("%(named)s was withdrawn by the authority from %(first)s.", named=named, first=first)
            if found.suspension.withdrawn
            else said("%(named)s was suspended by the authority from %(first)s.", named=named, first=first)
        )
    elif found.state == "lapsed" and found.until is not None:
        why = said("%(named)s lapsed: its last day was %(until)s.", named=named, until=found.until)
    elif found.state == "not_yet" and found.since is not None:
        why = said("%(named)s is valid only from %(since)s.", named=named, since=found.since)
    else:
        why = said("%(named)s is not recorded.", named=named)
    if cover.verdict == "unclear" and not exact:
        return joined(
            [why, said("It cannot be shown that it held on every day that the date of enrolment can mean.")]
        )
    return why


MEND = {
    "missing": said("Record it, or its waiver, under Study start-up."),
    "not_yet": said("Enrol from that day on, or correct the approval under Study start-up."),
    "lapsed": said("Record the renewal under Study start-up, or correct the day of enrolment."),
    "suspended": said("Record under Study start-up when it was lifted, or correct the day of enrolment."),
}


def enrolment_problems(
    kinds: Iterable[tuple[str, str]],
    approvals: Sequence[Approval],
    *,
    site: str,
    earliest: dt.date | None,
    latest: dt.date | None,
    mend: bool = True,
) -> Iterable[Problem]:
    """One problem for each kind (key, label) that does not hold on every day that the date can mean.

    mend: whether the messages say what to do about it.
    """
    for kind, label in kinds:
        if earliest is None or latest is None:
            why = said(
                "It cannot be shown that the approval “%(label)s” at %(site)s held: the day of"
                " enrolment is not known.",
                label=label,
                site=site,
            )
            yield Problem(None, "approval_not_shown", said("%(why)s Give the day.", why=why) if mend else why)
            continue
        found = cover(approvals, kind, earliest, latest)
        if found.verdict == "yes":
            continue
        exact = earliest == latest
        vague = found.verdict == "unclear" and not exact
        why = why_not(found, label=label, site=site, exact=exact)
        if mend:
            how = said("Give the day of enrolment to the day.") if vague else MEND[found.standing.state]
            why = joined([why, how])
        yield Problem(None, "approval_not_shown" if vague else f"approval_{found.standing.state}", why)
