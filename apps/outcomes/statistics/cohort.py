"""Who is expected where: the denominators of every table by visit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from apps.outcomes.statistics.plan import VisitPlan

WITHDRAWN = "withdrawn before the visit"
NOT_RECORDED = "no record"

#: Columns that every frame of participants carries.
CENSORED_ON = "censored_on"  # there once a control was treated later: the day, None for everybody else
PARTICIPANT_COLUMNS = ("participant", "group", "site", "synthetic", "index_date", "withdrawn_on")


def expected_visits(
    participants: pd.DataFrame, visits: Sequence[VisitPlan], *, as_of: date, observed: pd.DataFrame
) -> pd.DataFrame:
    """One row per participant × visit at which a value is expected on `as_of`.

    A visit is expected of each participant of its groups once its window has closed (index date +
    latest day < `as_of`), and earlier when a value is already there (`observed`: participant, visit).
    Withdrawal does not remove a participant: what is lost that way is missing, with that reason.
    Without an index date nothing is due, so only the visits observed count. A control who was treated later
    is censored: of visits whose window had not closed by that day none is expected.
    Returns participant, group, visit, withdrawn (bool), in the order of the participants and visits.
    """
    by_group = "group" in observed  # somebody has two times in a group: a value belongs to one of them
    of_group = observed["group"] if by_group else [None] * len(observed)
    seen = set(zip(observed["participant"], observed["visit"], of_group, strict=True))
    rows = []
    for person in participants.itertuples(index=False):
        index_date = None if pd.isna(person.index_date) else person.index_date
        withdrawn_on = None if pd.isna(person.withdrawn_on) else person.withdrawn_on
        censored_on = getattr(person, CENSORED_ON, None)
        until = as_of if censored_on is None or pd.isna(censored_on) else min(as_of, censored_on)
        for visit in visits:
            if person.group not in visit.groups:
                continue
            closed = index_date is not None and index_date + timedelta(days=visit.latest_day) < until
            if not closed and (person.participant, visit.key, person.group if by_group else None) not in seen:
                continue
            target = None if index_date is None else index_date + timedelta(days=visit.day)
            gone = withdrawn_on is not None and target is not None and withdrawn_on <= target
            rows.append((person.participant, person.group, visit.key, gone))
    return pd.DataFrame(rows, columns=["participant", "group", "visit", "withdrawn"])


def reason_missing(*, withdrawn: bool, recorded: str | None) -> str:
    """Why a value is missing: the reason that was recorded, else withdrawal, else "no record"."""
    if recorded:
        return recorded
    return WITHDRAWN if withdrawn else NOT_RECORDED
