"""Person-time, and which events lie in it: the denominators and numerators of every safety table.

A participant is followed in a group from its Day 0 (session 1 of a case, the index date of a control) to the first of:
the day on which participation ended, the day before a control was treated (from then on the time is a case's), the last
day on which anything is known of the participant, and the cut-off. Both ends count, so that one day is one day. Nobody
is followed beyond the last contact: who is not seen cannot report an event, and time without ears makes rates too low.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from apps.outcomes.statistics.rates import DAYS_PER_YEAR

#: One row per participant and time in a group. Days are dates or None. exited_as: completed, ended, lost, died,
#: withdrawn or "". censored_on: the day on which a control was treated.
PEOPLE_COLUMNS = (
    "participant", "group", "site", "synthetic", "day_0", "last_contact", "exited_on", "exited_as", "censored_on",
)  # fmt: skip
#: One row per event. onset_from and onset_to are the first and last day that the onset can have been (None: not known).
#: grade 1 to 5 or NaN; serious True, False or None; criteria, actions: codes joined by ";".
EVENT_COLUMNS = (
    "event", "participant", "term", "verbatim", "onset_from", "onset_to", "ended_on", "grade", "dictionary", "serious",
    "criteria", "outcome", "actions", "to_harvest", "to_product", "to_insulin", "to_disease", "expected", "special",
    "linked", "session", "component", "complete",
)  # fmt: skip

INSIDE, BEFORE, AFTER, NO_TIME = "followed", "before Day 0", "after follow-up", "no Day 0"
PRESENT = "in follow-up"


@dataclass(frozen=True)
class FollowUp:
    """people: those with person-time, with `start`, `last` (ordinals), `days`, `state`, `person` (number of the
    participant). events: all events of people who are in a known group up to the cut-off, with `at` (row of people, −1:
    none), `place` (INSIDE, BEFORE, AFTER, NO_TIME), `day` (from Day 0, NaN when the day is not known). left_out: why
    participants have no person-time, with how many; later: events after the cut-off, which are left out."""

    people: pd.DataFrame
    events: pd.DataFrame
    left_out: dict[str, int]
    later: int
    cut_off: date

    @property
    def counted(self) -> pd.DataFrame:
        """The events that are counted: those within person-time."""
        return self.events.loc[self.events["place"] == INSIDE]


def follow_up(
    people: pd.DataFrame,
    events: pd.DataFrame,
    *,
    groups: Sequence[str],
    cut_off: date,
    include_synthetic: bool = True,
) -> FollowUp:
    """Person-time of `people` (PEOPLE_COLUMNS) and the place of `events` (EVENT_COLUMNS) in it.

    An event belongs to the time in a group in which its onset lies; of somebody who was treated later, to the time
    before only when it certainly lies there. An onset that is known in part, or not at all, counts as within follow-up
    unless it certainly is not: an event is not lost for want of a date. Raises ValueError on absent columns, an unknown
    group, and events of participants who are not among `people`.
    """
    require(people, PEOPLE_COLUMNS, "participants")
    require(events, EVENT_COLUMNS, "events")
    unknown = sorted(set(people["group"]) - set(groups))
    if unknown:
        raise ValueError(f"Participants have groups that the protocol does not know: {', '.join(unknown)}.")
    strangers = sorted(set(events["participant"]) - set(people["participant"]))
    if strangers:
        raise ValueError(
            f"There are events of participants who are not among them: {', '.join(strangers[:5])}."
        )
    if not include_synthetic:
        people = people.loc[~people["synthetic"].astype(bool)]
        events = events.loc[events["participant"].isin(people["participant"])]
    end = cut_off.toordinal()
    people = people.reset_index(drop=True)
    start, last, state = _spans(people, end)
    without = np.isnan(start)
    after = ~without & (start > end)
    nothing = ~without & ~after & (last < start)
    left_out = {
        why: int(count)
        for why, count in (
            ("Day 0 not known", without.sum()),
            ("Day 0 after the cut-off", after.sum()),
            ("treated on or before the index date", nothing.sum()),
        )
        if count
    }
    kept = ~(without | after | nothing)
    followed = (
        people.loc[kept].assign(start=start[kept], last=last[kept], state=state[kept]).reset_index(drop=True)
    )
    followed = followed.assign(
        days=followed["last"] - followed["start"] + 1, person=pd.factorize(followed["participant"])[0]
    )
    placed, later = _placed(followed, events.reset_index(drop=True), end)
    return FollowUp(followed, placed, left_out, later, cut_off)


def _spans(people: pd.DataFrame, end: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First and last day of each row as ordinals (NaN: no Day 0), and how it stood then."""
    start, contact = ordinals(people["day_0"]), ordinals(people["last_contact"])
    exited, censored = ordinals(people["exited_on"]), ordinals(people["censored_on"])
    last = np.fmax(contact, start)
    # The day of an exit is known; only who was lost is not known of until then.
    known_exit = np.where(people["exited_as"].to_numpy(dtype=object) == "lost", np.nan, exited)
    last = np.fmax(last, known_exit)
    last = np.fmin(last, np.fmax(exited, start))
    gone = exited <= end
    state = np.where(gone, people["exited_as"].to_numpy(dtype=object), PRESENT)
    crossed = censored <= end
    state = np.where(crossed & ~(gone & (exited < censored)), "treated", state)
    last = np.fmin(np.fmin(last, censored - 1), end)
    return start, last, state


def _placed(people: pd.DataFrame, events: pd.DataFrame, end: int) -> tuple[pd.DataFrame, int]:
    first, last = ordinals(events["onset_from"]), ordinals(events["onset_to"])
    later = first > end
    events = events.loc[~later].reset_index(drop=True)
    first, last = first[~later], last[~later]
    rows_of: dict[str, list[int]] = {}
    for row, code in enumerate(people["participant"]):
        rows_of.setdefault(code, []).append(row)
    censored = ordinals(people["censored_on"])
    at = np.full(len(events), -1)
    for number, code in enumerate(events["participant"]):
        rows = rows_of.get(code, ())
        if rows:
            at[number] = next((row for row in rows if last[number] < censored[row]), rows[-1])
    known = at >= 0
    place = np.full(len(events), NO_TIME, dtype=object)
    day = np.full(len(events), np.nan)
    if known.any():
        start, stop = people["start"].to_numpy(), people["last"].to_numpy()
        own_start, own_stop = start[at[known]], stop[at[known]]
        before = last[known] < own_start
        after = first[known] > own_stop
        place[known] = np.where(before, BEFORE, np.where(after, AFTER, INSIDE))
        day[known] = np.where(first[known] == last[known], first[known] - own_start, np.nan)
    return events.assign(at=at, place=place, day=day), int(later.sum())


def years(days: float) -> float:
    """Person-years of person-days."""
    return float(days) / DAYS_PER_YEAR


def ordinals(days: pd.Series) -> np.ndarray:
    """Dates as proleptic ordinals, NaN where there is none."""
    return np.array(
        [np.nan if day is None or day is pd.NaT or day != day else day.toordinal() for day in days],
        dtype=float,
    )


def require(frame: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        raise ValueError(f"The frame of {what} lacks the column(s) {', '.join(absent)}.")
