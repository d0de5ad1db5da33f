"""Reading where records stand: a fixed number of queries, whatever their number."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from studyportal.review.rules import ReviewState

VISIT = "visit"

Key = tuple[str, int]


def states(records: Mapping[str, Collection[int]]) -> dict[Key, ReviewState]:
    """form → ids of its records, which the caller may see → (form, id) → where it stands.

    A form that is no more, and a record that is not there, are left out. "visit" is a form here: its locks and freezes.
    """
    raise NotImplementedError


def states_of(participant_ids: Collection[int]) -> dict[Key, ReviewState]:
    """As `states`, of every record of the participants and of their visits."""
    raise NotImplementedError
