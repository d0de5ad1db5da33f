"""An entry of the log as it reads with its corrections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apps.consent.models import ConsentEvent, Kind


def standing(entry: ConsentEvent, log: Iterable[ConsentEvent]) -> dict[str, Any]:
    """Field → the value that stands: the entry's own, or that of the last correction which states it."""
    values = {name: getattr(entry, name) for name in ConsentEvent.fields_entered()}
    for correction in corrections_of(entry, log):
        for name in values:
            stated = getattr(correction, name)
            if name != "note" and stated not in (None, "", [], ()):
                values[name] = stated
    return values


def corrections_of(entry: ConsentEvent, log: Iterable[ConsentEvent]) -> list[ConsentEvent]:
    """Every correction of the entry, also those of its corrections, in order of entry."""
    chain = {entry.pk}
    found = []
    for one in sorted(log, key=lambda e: e.pk):
        if one.kind == Kind.CORRECTION and one.corrects_id in chain:
            chain.add(one.pk)
            found.append(one)
    return found


def original_of(entry: ConsentEvent, log: Sequence[ConsentEvent]) -> ConsentEvent:
    """What a correction corrects in the end; any other entry is its own original."""
    known: Mapping[int, ConsentEvent] = {one.pk: one for one in log}
    while entry.kind == Kind.CORRECTION and entry.corrects_id and entry.corrects_id in known:
        entry = known[entry.corrects_id]
    return entry


def about(entry: ConsentEvent, log: Iterable[ConsentEvent]) -> list[ConsentEvent]:
    """The witness, recordings and copies that concern a signature."""
    return [one for one in log if one.concerns_id == entry.pk]
