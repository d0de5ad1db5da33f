"""How far a participant has come: a fold over what happened. Nobody types a status."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from studyportal.crf.partial_date import PartialDate

# In the order in which things happen to one person on one day, or when a date is missing.
KINDS = (
    "screened", "eligible", "not_eligible", "declined", "consented", "enrolled", "treated", "followed", "completed",
    "withdrawn", "ended", "lost", "found", "died",
)  # fmt: skip
# Grades of withdrawal after which nothing further of the person is expected.
ENDS_PARTICIPATION = frozenset({"visits", "new_data", "erasure_request"})
# A person in one of these is expected at visits.
FOLLOWED = ("screened", "eligible", "consented", "enrolled", "on_treatment", "in_follow_up")
ENDED = ("completed", "withdrawn", "lost", "died", "not_eligible", "declined")


@dataclass(frozen=True)
class LifeEvent:
    """Something that happened. on: as far as known. detail: scopes of a withdrawal (comma-joined), or words.

    `ended`: the end of study for another reason than completion, loss or death; detail is its code.

    number: which session, for `treated`.
    """

    kind: str
    on: PartialDate | None
    detail: str = ""
    number: int | None = None

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(filter(None, self.detail.split(","))) if self.kind == "withdrawn" else frozenset()

    @property
    def ends_participation(self) -> bool:
        return self.kind in ("completed", "ended", "lost", "died") or bool(self.scopes & ENDS_PARTICIPATION)


@dataclass(frozen=True)
class Standing:
    """status, since when, and the events in order. withdrawn_scopes: all that was withdrawn so far."""

    status: str
    since: PartialDate | None
    events: tuple[LifeEvent, ...] = ()
    withdrawn_scopes: frozenset[str] = field(default_factory=frozenset)


def in_order(events: Iterable[LifeEvent]) -> tuple[LifeEvent, ...]:
    """By first possible day, then by the natural order of things; what has no date stands at its natural place."""
    given = sorted(events, key=lambda event: (KINDS.index(event.kind), event.number or 0, _day(event)))
    dated = sorted((event for event in given if _day(event)), key=_day)
    result: list[LifeEvent] = list(dated)
    for event in given:
        if not _day(event):
            later = [i for i, other in enumerate(result) if KINDS.index(other.kind) > KINDS.index(event.kind)]
            result.insert(later[0] if later else len(result), event)
    return tuple(result)


def _day(event: LifeEvent) -> str:
    return event.on.earliest.isoformat() if event.on is not None and event.on.earliest is not None else ""


def fold(events: Iterable[LifeEvent], *, group: str, sessions: int = 2) -> Standing:
    """Where the participant stands. group: of today; sessions: how many the protocol plans.

    A death ends everything; a withdrawal from visits or of data ends participation, a withdrawal of treatment only
    the treatment; somebody lost who was found again goes on.
    """
    ordered = in_order(events)
    last = {event.kind: event for event in ordered}
    first = {event.kind: event for event in reversed(ordered)}
    scopes: frozenset[str] = frozenset().union(*(event.scopes for event in ordered))

    def standing(status: str, event: LifeEvent | None) -> Standing:
        return Standing(status, event.on if event is not None else None, ordered, scopes)

    if "died" in last:
        return standing("died", first["died"])
    ended = next((event for event in ordered if event.scopes & ENDS_PARTICIPATION), None)
    if ended is not None:
        return standing("withdrawn", ended)
    if "lost" in last and not _found_after(ordered):
        return standing("lost", last["lost"])
    if "completed" in last:
        return standing("completed", last["completed"])
    if "ended" in last:
        return standing("withdrawn", last["ended"])
    if "enrolled" not in last and "treated" not in last:
        for kind in ("declined", "not_eligible"):
            if kind in last:
                return standing(kind, last[kind])
    return standing(*_progress(ordered, first, group=group, sessions=sessions, scopes=scopes))


def _found_after(ordered: tuple[LifeEvent, ...]) -> bool:
    kinds = [event.kind for event in ordered if event.kind in ("lost", "found")]
    return kinds[-1] == "found"


def _progress(
    ordered: tuple[LifeEvent, ...],
    first: dict[str, LifeEvent],
    *,
    group: str,
    sessions: int,
    scopes: frozenset[str],
) -> tuple[str, LifeEvent | None]:
    treated = {event.number: event for event in reversed(ordered) if event.kind == "treated"}
    if treated and group != "control":
        if len(treated) >= sessions:
            return "in_follow_up", max(treated.values(), key=lambda event: event.number or 0)
        if "followed" in first:
            return "in_follow_up", first["followed"]
        if "treatment" in scopes:
            return "in_follow_up", first["withdrawn"]
        return "on_treatment", min(treated.values(), key=lambda event: event.number or 0)
    if "followed" in first and group == "control":
        return "in_follow_up", first["followed"]
    for kind in ("enrolled", "consented", "eligible"):
        if kind in first:
            return kind, first[kind]
    return "screened", first.get("screened")


def first_exit(events: Iterable[LifeEvent]) -> LifeEvent | None:
    """The first event after which the person was no longer followed; somebody found again never left."""
    ordered = in_order(events)
    found = any(event.kind == "found" for event in ordered) and _found_after(
        tuple(event for event in ordered if event.kind in ("lost", "found"))
    )
    return next(
        (event for event in ordered if event.ends_participation and not (event.kind == "lost" and found)),
        None,
    )
