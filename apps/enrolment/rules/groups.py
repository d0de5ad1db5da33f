"""To which group somebody belonged, and when: a fold over the changes of group."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.words import said

NO_GROUP = "unassigned"


@dataclass(frozen=True)
class Entry:
    """A change of group. previous_*: what the participant had as a control until then."""

    kind: str
    group: str
    effective_on: PartialDate | None
    previous_index_date: dt.date | None = None
    previous_matched_case: int | None = None


@dataclass(frozen=True)
class Spell:
    """A time in one group. starts None: not known; ends None: it lasts. On the day of `ends` it is over.

    ended_by: "treated" for a control who was treated later and is censored on that day, "" while it lasts.
    """

    group: str
    starts: PartialDate | None
    ends: PartialDate | None = None
    ended_by: str = ""
    index_date: dt.date | None = None
    matched_case_id: int | None = None

    def holds_on(self, day: dt.date) -> bool:
        """Whether it holds on a day, as far as its bounds tell: an unknown beginning counts as before."""
        begun = self.starts is None or self.starts.earliest is None or self.starts.earliest <= day
        over = self.ends is not None and self.ends.earliest is not None and self.ends.earliest <= day
        return begun and not over


def spells(
    entries: Iterable[Entry], *, index_date: dt.date | None = None, matched_case_id: int | None = None
) -> tuple[Spell, ...]:
    """The spells of one participant, in order; the last holds the index date and the case of today.

    A correction says that the spell before it was entered in error: it takes its place.
    """
    found: list[Spell] = []
    for entry in entries:
        if entry.kind == "crossed_over" and found:
            found[-1] = replace(
                found[-1],
                ends=entry.effective_on,
                ended_by="treated",
                index_date=entry.previous_index_date,
                matched_case_id=entry.previous_matched_case,
            )
        elif entry.kind == "corrected" and found:
            found.pop()
            if found and found[-1].group == entry.group:
                # The crossing over itself was the error: the spell before goes on.
                found[-1] = replace(found[-1], ends=None, ended_by="")
                continue
        if entry.group != NO_GROUP:
            found.append(Spell(entry.group, entry.effective_on))
    if found and found[-1].ends is None:
        found[-1] = replace(found[-1], index_date=index_date, matched_case_id=matched_case_id)
    return tuple(found)


def assignment_problems(*, before: str, after: str, treated: bool) -> Iterable[Problem]:
    """What a change of group may not be."""
    if after == before:
        yield Problem("group", "unchanged", said("The participant is in this group already."))
    elif treated and after != "case":
        yield Problem(
            "group",
            "treated",
            said(
                "A session is on record, and whoever was treated is a case. If the session belongs to"
                " somebody else, correct that first."
            ),
        )


def crossing_problems(
    *, group: str, treated_on: dt.date, enrolled_on: PartialDate | None, today: dt.date
) -> Iterable[Problem]:
    """What the later treatment of a control may not be."""
    if group != "control":
        yield Problem(
            "group", "not_a_control", said("Only a control can be treated later; assign the group instead.")
        )
    if treated_on > today:
        yield Problem(
            "treated_on",
            "in_future",
            said("The day of treatment lies in the future. Record it when the treatment was given."),
        )
    if enrolled_on is not None and enrolled_on.earliest is not None and treated_on < enrolled_on.earliest:
        yield Problem(
            "treated_on",
            "before_enrolment",
            said(
                "The participant was enrolled %(enrolled_on)s. Whoever was treated before is no control;"
                " correct the day, or the group.",
                enrolled_on=enrolled_on,
            ),
        )


def matching_problems(
    *,
    group: str,
    index_date: dt.date | None,
    case_group: str | None,
    is_self: bool,
    enrolled_on: PartialDate | None,
    today: dt.date,
) -> Iterable[Problem]:
    """What index date and matched case may not be. case_group None: no case is named."""
    if index_date is None and case_group is None:
        return
    if group != "control":
        field = "index_date" if case_group is None else "matched_case"
        yield Problem(
            field,
            "controls_only",
            said("Only a control is matched to a case and takes its Day 0 as index date. Leave it empty."),
        )
        return
    if is_self:
        yield Problem("matched_case", "self", said("A participant cannot be matched to himself or herself."))
    elif case_group is not None and case_group != "case":
        yield Problem(
            "matched_case", "not_a_case", said("The participant named here is not in the group of cases.")
        )
    if index_date is not None and index_date > today:
        yield Problem("index_date", "in_future", said("The index date lies in the future. Check the year."))
    if (
        index_date is not None
        and enrolled_on is not None
        and enrolled_on.earliest is not None
        and index_date < enrolled_on.earliest
    ):
        yield Problem(
            "index_date",
            "before_enrolment",
            said(
                "The control was enrolled %(enrolled_on)s, after this index date: whoever was not yet"
                " followed on the day of the case's first session is no control for it. Choose another"
                " case.",
                enrolled_on=enrolled_on,
            ),
        )
