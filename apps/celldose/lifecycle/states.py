"""The life of a cell product, as a pure fold over what happened to it.

    harvested → received → processed → quarantined → released → issued → infused
                                            └→ rejected          or, at any point before, discarded

Pure: no Django, no ORM. A state is never stored, so it cannot disagree with the records.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from studyportal.words import said


class State(StrEnum):
    HARVESTED = "harvested"
    RECEIVED = "received"
    PROCESSED = "processed"
    QUARANTINED = (
        "quarantined"  # stands apart: criteria evaluated and not decided, or failing, expired, grown
    )
    RELEASED = "released"
    REJECTED = "rejected"
    ISSUED = "issued"
    INFUSED = "infused"
    DISCARDED = "discarded"


# What may follow what. Anything else still happened (a transcribed history has gaps) and is named.
NEXT: Mapping[State | None, frozenset[State]] = {
    None: frozenset({State.HARVESTED}),
    State.HARVESTED: frozenset({State.RECEIVED, State.DISCARDED}),
    State.RECEIVED: frozenset({State.PROCESSED, State.DISCARDED}),
    State.PROCESSED: frozenset({State.QUARANTINED, State.DISCARDED}),
    State.QUARANTINED: frozenset({State.QUARANTINED, State.RELEASED, State.REJECTED, State.DISCARDED}),
    State.RELEASED: frozenset({State.ISSUED, State.DISCARDED}),
    State.ISSUED: frozenset({State.INFUSED, State.DISCARDED}),
    State.REJECTED: frozenset({State.DISCARDED}),
    State.INFUSED: frozenset(),
    State.DISCARDED: frozenset(),
}
FINAL = frozenset({State.INFUSED, State.DISCARDED})

# As they stand within a sentence.
WORDS: Mapping[State | None, str] = {
    None: said("nothing"),
    State.HARVESTED: said("harvested"),
    State.RECEIVED: said("received"),
    State.PROCESSED: said("processed"),
    State.QUARANTINED: said("quarantined"),
    State.RELEASED: said("released"),
    State.REJECTED: said("rejected"),
    State.ISSUED: said("issued"),
    State.INFUSED: said("infused"),
    State.DISCARDED: said("discarded"),
}


@dataclass(frozen=True)
class Happening:
    """One thing that happened to a product; at is None when the source does not say when."""

    step: State
    at: dt.datetime | None = None


@dataclass(frozen=True)
class Life:
    """Where a product stands. out_of_order names each step that came without the one before it."""

    state: State | None = None
    path: tuple[Happening, ...] = ()
    out_of_order: tuple[str, ...] = ()

    def has(self, step: State) -> bool:
        return any(one.step == step for one in self.path)

    def when(self, step: State) -> dt.datetime | None:
        """The last time at which the step happened, if it is known."""
        return next((one.at for one in reversed(self.path) if one.step == step), None)


def follow(life: Life, event: Happening) -> Life:
    """One step of the fold. A final state stays final; what comes after it is only named."""
    path = (*life.path, event)
    if event.step in NEXT[life.state]:
        return Life(event.step, path, life.out_of_order)
    out = said("%(value)s after %(before)s", value=WORDS[event.step], before=WORDS[life.state])
    named = (*life.out_of_order, out)
    return Life(life.state if life.state in FINAL else event.step, path, named)


def live(events: Iterable[Happening]) -> Life:
    """Fold happenings, in the order of the steps, into the life of the product."""
    life = Life()
    for event in events:
        life = follow(life, event)
    return life
