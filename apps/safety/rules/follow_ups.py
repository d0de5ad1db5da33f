"""What a follow-up may say after what is known, and what the event takes over from it. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.safety.rules.events import OPEN_OUTCOMES, criteria_belong_to_serious, death_agrees
from apps.safety.rules.events import nothing_was_done_stands_alone as nothing_was_done_stands_alone
from apps.safety.rules.grades import gravest
from studyportal.crf.outcomes import Problem
from studyportal.words import said


@dataclass(frozen=True)
class Known:
    """What was known before this follow-up. seen_on: day of the follow-up before, None for the first."""

    seen_on: dt.date | None
    outcome: str | None
    serious: bool | None


def says_what_serious_is(values: Mapping[str, Any]) -> Iterable[Problem]:
    yield from criteria_belong_to_serious(values)


def agrees_on_death(values: Mapping[str, Any]) -> Iterable[Problem]:
    yield from death_agrees(values)


def ends_in_order(values: Mapping[str, Any]) -> Iterable[Problem]:
    """The end lies neither before the onset nor after the day of the follow-up; what goes on has no end."""
    end, seen, event = values.get("ended_on"), values.get("seen_on"), values.get("event")
    if end is None:
        return
    if values.get("outcome") in OPEN_OUTCOMES:
        yield Problem(
            "ended_on",
            "contradiction",
            said("The outcome says that the event goes on, and a day of its end is given. Correct one."),
        )
    onset = getattr(event, "onset_on", None)
    if onset is not None and end.certainly_before(onset):
        yield Problem(
            "ended_on",
            "before_onset",
            said("The event began on %(onset)s, and cannot end before that.", onset=onset),
        )
    if seen is not None and end.earliest is not None and end.earliest > seen:
        yield Problem(
            "ended_on",
            "after_follow_up",
            said(
                "The event ends after the day of this follow-up. A follow-up says what is known, not what"
                " is expected."
            ),
        )


def dates_in_order(values: Mapping[str, Any]) -> Iterable[Problem]:
    """A follow-up is not before the event; the next one lies after it."""
    seen, next_due, event = values.get("seen_on"), values.get("next_due_on"), values.get("event")
    onset = getattr(event, "onset_on", None)
    if seen is not None and onset is not None and onset.earliest is not None and seen < onset.earliest:
        yield Problem(
            "seen_on",
            "before_onset",
            said("The event began on %(onset)s; a follow-up comes after that.", onset=onset),
        )
    if seen is not None and next_due is not None and next_due <= seen:
        yield Problem(
            "next_due_on", "before_follow_up", said("The next follow-up lies after the day of this one.")
        )
    if next_due is not None and values.get("outcome") == "fatal":
        yield Problem(
            "next_due_on",
            "contradiction",
            said("After a death no follow-up of the participant is due. Leave it empty."),
        )


def goes_back(values: Mapping[str, Any], known: Known) -> Iterable[Problem]:
    """What a later follow-up cannot undo: the order of days, a death, a recovery, seriousness."""
    seen = values.get("seen_on")
    if seen is not None and known.seen_on is not None and seen < known.seen_on:
        yield Problem(
            "seen_on",
            "before_last_follow_up",
            said(
                "The follow-up before is of %(seen_on)s. A later follow-up has a later day; to correct"
                " the earlier one, change that one and say why.",
                seen_on=known.seen_on,
            ),
        )
    outcome = values.get("outcome")
    if known.outcome == "fatal" and outcome is not None and outcome != "fatal":
        yield Problem(
            "outcome",
            "after_death",
            said(
                "The event ended in death. If that was wrong, correct the record that says so, with its"
                " reason."
            ),
        )
    elif known.outcome in ("recovered", "recovered_with_sequelae") and outcome in OPEN_OUTCOMES:
        yield Problem(
            "outcome",
            "after_recovery",
            said(
                "The event had ended. What comes again is a new event; if it had not ended, correct the"
                " record that says so, with its reason."
            ),
        )
    if known.serious and values.get("serious") is False:
        yield Problem(
            "serious",
            "stays_serious",
            said("The event was serious and stays so. If it never was, correct the event, with its reason."),
        )


def taken_over(event: Any, follow_up: Any) -> dict[str, Any]:
    """Field of the event → what it takes over from its newest follow-up.

    The grade is the gravest so far, the criteria of seriousness and the actions add up; outcome, end and the next
    follow-up are those of now. Only what the follow-up says is taken.
    """
    found: dict[str, Any] = {}
    worst = gravest((event.grade, follow_up.grade))
    if worst is not None and worst != event.grade:
        found["grade"] = worst
    if follow_up.serious:
        criteria = _together(event.serious_criteria, follow_up.serious_criteria)
        if not event.serious:
            found["serious"] = True
            if event.serious_since is None and follow_up.aware_at is not None:
                found["serious_since"] = follow_up.aware_at
        if set(criteria) != set(event.serious_criteria or ()):
            found["serious_criteria"] = criteria
    elif follow_up.serious is False and event.serious is None:
        found["serious"] = False
    if follow_up.outcome is not None and follow_up.outcome != event.outcome:
        found["outcome"] = follow_up.outcome
    if follow_up.ended_on != event.ended_on and (
        follow_up.ended_on is not None or follow_up.outcome in OPEN_OUTCOMES
    ):
        found["ended_on"] = follow_up.ended_on
    actions = [one for one in _together(event.action_taken, follow_up.action_taken) if one != "none"]
    if actions and set(actions) != set(event.action_taken or ()):
        found["action_taken"] = actions
    elif event.action_taken is None and follow_up.action_taken:
        found["action_taken"] = list(follow_up.action_taken)
    if follow_up.next_due_on != event.follow_up_due_on:
        found["follow_up_due_on"] = follow_up.next_due_on
    return found


def _together(before: Iterable[str] | None, now: Iterable[str] | None) -> list[str]:
    return list(dict.fromkeys([*(before or ()), *(now or ())]))
