"""Whether an entry is in the log already, and how one stands after a correction. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from apps.consent.rules.entry import (
    ABOUT_A_SIGNATURE,
    COPY_GIVEN,
    DISSENT,
    OPTIONAL_ITEMS,
    WITNESSED,
)
from apps.consent.rules.events import (
    CORRECTION,
    NEVER_CORRECTED,
    OWN_CONSENT,
    RE_CONSENT,
    WITHDRAWAL,
    Event,
    effective_events,
)

# Later than every entry of the log: of one that is not in it yet.
NOT_YET = 2**62


def root_of(events: Iterable[Event], entry: int) -> Event | None:
    """The entry that this one is, or corrects over any number of corrections."""
    known = {event.id: event for event in events}
    found, seen = known.get(entry), set()
    while found is not None and found.kind == CORRECTION and found.id not in seen:
        seen.add(found.id)
        found = known.get(found.corrects or 0)
    return found if found is not None and found.kind != CORRECTION else None


def standing(events: Iterable[Event], entry: int) -> Event | None:
    """The entry as it stands, its corrections applied."""
    every = effective_events(events, with_taken_back=True)
    return next((event for event in every if event.id == entry), None)


def corrected(events: Sequence[Event], correction: Event) -> tuple[Event, Event] | None:
    """The entry as it stands, and as it would after the correction; None when the correction names none."""
    root = root_of(events, correction.corrects or 0)
    before = None if root is None else standing(events, root.id)
    if root is None or before is None:
        return None
    after = standing([*events, replace(correction, id=NOT_YET)], root.id)
    return None if after is None else (before, after)


def takes_back(correction: Event) -> bool:
    """Whether a correction states nothing: the entry that it names should not have been made."""
    states = (
        getattr(correction, name) not in (None, (), "")
        for name in Event.__dataclass_fields__
        if name not in NEVER_CORRECTED
    )
    return not any(states)


def taken_back(events: Iterable[Event]) -> frozenset[int]:
    """The entries that were taken back and stand no longer."""
    events = list(events)
    every = {event.id for event in effective_events(events, with_taken_back=True)}
    return frozenset(every - {event.id for event in effective_events(events)})


def already(events: Iterable[Event], new: Event) -> Event | None:
    """The entry of the log that tells the same event as the new one; None when there is none.

    Only what is dated can be told to be the same: two entries without a date may be of two days.
    """
    return next((one for one in effective_events(events) if _same(one, new)), None)


def _same(one: Event, new: Event) -> bool:
    if _family(one.kind) != _family(new.kind):
        return False
    if new.kind in ABOUT_A_SIGNATURE:
        if None in (one.concerns, new.concerns) or one.concerns != new.concerns:
            return False
        if new.kind == WITNESSED and one.witness and new.witness:
            return one.witness.strip().casefold() == new.witness.strip().casefold()
        if new.kind == COPY_GIVEN and one.copy_given is False:
            return False
        return _same_day(one, new)
    if not _same_day(one, new):
        return False
    if new.kind == WITHDRAWAL:
        return set(one.withdrawal_scopes) == set(new.withdrawal_scopes)
    if new.kind == DISSENT:
        return True
    if new.kind == OPTIONAL_ITEMS:
        return (set(one.purposes or ()), set(one.declined)) == (set(new.purposes or ()), set(new.declined))
    return (
        _agree(one.signer, new.signer)
        and one.session_number == new.session_number
        and _same_document(one, new)
        and (one.purposes is None or new.purposes is None or bool(set(one.purposes) & set(new.purposes)))
    )


def _family(kind: str) -> str:
    """A consent and a re-consent of one day under one document are one signature."""
    return OWN_CONSENT if kind == RE_CONSENT else kind


def _same_document(one: Event, new: Event) -> bool:
    if one.document_id is not None and new.document_id is not None:
        return one.document_id == new.document_id
    return _agree(one.document_version, new.document_version)


def _agree(one: object, other: object) -> bool:
    return one is None or other is None or one == other


def _same_day(one: Event, new: Event) -> bool:
    mine, theirs = one.signed_on, new.signed_on
    if mine is None or theirs is None:
        return False
    if mine.earliest is None or theirs.earliest is None or mine.latest is None or theirs.latest is None:
        return False
    return (mine.earliest, mine.latest) == (theirs.earliest, theirs.latest)
