"""The state of a run, from what became of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PROPOSED, REVIEWED, RETURNED, FROZEN, SUPERSEDED = "proposed", "reviewed", "returned", "frozen", "superseded"


@dataclass(frozen=True)
class Step:
    """kind of an event, by whom (id), and the version that a freezing gave."""

    kind: str
    by: int
    version: int | None = None


@dataclass(frozen=True)
class State:
    """key: one of the words above. version: of a frozen run, for good; a later version only supersedes it."""

    key: str
    version: int | None = None

    @property
    def is_frozen(self) -> bool:
        return self.version is not None


def state_of(steps: Iterable[Step], *, newest_version: int | None = None) -> State:
    """The fold. newest_version: the highest version of the study."""
    state = State(PROPOSED)
    for step in steps:
        if state.is_frozen:
            break  # nothing that comes after changes a frozen run
        state = State(step.kind, step.version)
    if state.version is not None and newest_version is not None and state.version < newest_version:
        return State(SUPERSEDED, state.version)
    return state
