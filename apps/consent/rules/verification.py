"""Walking along the consent log and naming everything that is wrong with it. Pure; holds no more than its findings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from apps.consent.rules.canonical import FIRST, link, moment
from studyportal.words import said

# Faults that are kept in words; the rest is counted.
KEPT = 100
# An entry waits in line before it is numbered; beyond this its clock was not the study's.
SLACK = dt.timedelta(minutes=10)
# Entries looked at for an exchange of two; more than this is no exchange.
COMPARED = 200

EDITED, MOVED, SWAPPED, GAP, FORK, BACK_DATED = "edited", "moved", "swapped", "gap", "fork", "back_dated"
CUT_OFF, HEAD, RECHAINED, UNLINKED = "cut_off", "head", "rechained", "unlinked"
FORGED_CHECKPOINT = "forged_checkpoint"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it stands. computed_sha256: of its content as it is read now; None where only the link is known."""

    sequence: int
    previous_sha256: str
    content_sha256: str
    sha256: str
    computed_sha256: str | None = None
    entered_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of an earlier state: that entry `count` had this hash at that time. name: "checkpoint 3"."""

    count: int
    sha256: str
    at: dt.datetime
    name: str


@dataclass(frozen=True, slots=True)
class Fault:
    sequence: int
    code: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """count and sha256: of the last entry that was met."""

    count: int
    sha256: str
    faults: tuple[Fault, ...]
    faults_in_all: int

    @property
    def intact(self) -> bool:
        return self.faults_in_all == 0


@dataclass
class Walk:
    """`take` every entry in the order of its number, then `end`."""

    marks: Iterable[Mark] = ()
    _marks: dict[int, list[Mark]] = field(default_factory=dict)
    _found: list[Fault] = field(default_factory=list)
    _in_all: int = 0
    _last: int = 0
    _sha256: str = FIRST
    _entered_at: dt.datetime | None = None
    _after_gap: bool = False
    _edited: list[Entry] = field(default_factory=list)
    _moved: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        for mark in self.marks:
            self._marks.setdefault(mark.count, []).append(mark)

    def found(self, sequence: int, code: str, message: str) -> None:
        self._in_all += 1
        if len(self._found) < KEPT:
            self._found.append(Fault(sequence, code, message))

    def take(self, entry: Entry) -> None:
        number = entry.sequence
        self._place(entry)
        if entry.computed_sha256 not in (None, entry.content_sha256):
            self._edited.append(entry) if len(self._edited) < COMPARED else self._tell_edited(entry)
        if link(number, entry.previous_sha256, entry.content_sha256) != entry.sha256:
            self._moved.append(entry) if len(self._moved) < COMPARED else self._tell_moved(entry)
        at = entry.entered_at
        if at is not None:
            if self._entered_at is not None and at < self._entered_at - SLACK:
                self.found(
                    number,
                    BACK_DATED,
                    said(
                        "Entry %(number)s says it was entered at %(at)s, before an entry with a smaller"
                        " number (%(entered_at)s).",
                        number=number,
                        at=moment(at),
                        entered_at=moment(self._entered_at),
                    ),
                )
            else:
                self._entered_at = at
        for mark in self._marks.pop(number, ()):
            if mark.sha256 != entry.sha256:
                self.found(
                    number,
                    RECHAINED,
                    said(
                        "Entry %(number)s had another hash when %(name)s was signed (%(at)s): the log up"
                        " to it was written anew after that.",
                        number=number,
                        name=mark.name,
                        at=moment(mark.at),
                    ),
                )
            elif at is not None and at > mark.at + SLACK:
                self.found(
                    number,
                    BACK_DATED,
                    said(
                        "Entry %(number)s says it was entered at %(at)s, after %(name)s, which holds it"
                        " already.",
                        number=number,
                        at=moment(at),
                        name=mark.name,
                    ),
                )
        self._last, self._sha256 = max(number, self._last), entry.sha256

    def _place(self, entry: Entry) -> None:
        number = entry.sequence
        if number <= self._last:
            self.found(number, FORK, said("There are two entries with the number %(number)s.", number=number))
            return
        if number > self._last + 1:
            first, last = self._last + 1, number - 1
            missing = (
                said("Entry %(first)s is missing.", first=first)
                if first == last
                else said("Entries %(first)s to %(last)s are missing.", first=first, last=last)
            )
            self.found(first, GAP, missing)
            return
        if entry.previous_sha256 != self._sha256:
            before = (
                said("entry %(number)s", number=number - 1)
                if number > 1
                else said("the beginning of the log")
            )
            self.found(
                number,
                FORK,
                said(
                    "Entry %(number)s does not follow %(before)s: it names another predecessor.",
                    number=number,
                    before=before,
                ),
            )

    def end(self, head: tuple[int, str] | None = None) -> Outcome:
        """head: number and hash of the last entry as the database keeps them apart; None: not known here."""
        self._tell_exchanges()
        short_of: list[tuple[int, str]] = [
            (
                count,
                said(
                    "%(name)s was signed over %(count)s entries (%(at)s)",
                    name=mark.name,
                    count=count,
                    at=moment(mark.at),
                ),
            )
            for count, marks in sorted(self._marks.items())
            if count > self._last
            for mark in marks[:1]
        ]
        if head is not None and head[0] > self._last:
            short_of.append((head[0], said("the database numbered %(head)s entries", head=head[0])))
        if short_of:
            _count, why = max(short_of)
            self.found(
                self._last + 1,
                CUT_OFF,
                said(
                    "The log ends with entry %(last)s, but %(why)s: what came after was cut off.",
                    last=self._last,
                    why=why,
                ),
            )
        elif head is not None and (head[0], head[1] or FIRST) != (self._last, self._sha256):
            self.found(
                self._last,
                HEAD,
                said(
                    "The head of the log, which the database keeps apart, names entry %(head)s and another"
                    " hash than that of the last entry, %(last)s.",
                    head=head[0],
                    last=self._last,
                ),
            )
        faults = tuple(sorted(self._found, key=lambda one: one.sequence))
        return Outcome(self._last, self._sha256 if self._last else "", faults, self._in_all)

    def _tell_exchanges(self) -> None:
        """An exchange of two entries is told as such, not as two edits."""
        stored = {one.content_sha256: one for one in self._edited}
        for one in self._edited:
            other = stored.get(one.computed_sha256 or "")
            if other is not None and other is not one:
                self.found(
                    one.sequence,
                    SWAPPED,
                    said(
                        "Entry %(sequence)s holds what entry %(other)s held: entries were exchanged.",
                        sequence=one.sequence,
                        other=other.sequence,
                    ),
                )
            else:
                self._tell_edited(one)
        for one in self._moved:
            stood = next(
                (
                    other.sequence
                    for other in self._moved
                    if other.sequence != one.sequence
                    and link(other.sequence, one.previous_sha256, one.content_sha256) == one.sha256
                ),
                None,
            )
            if stood is None:
                self._tell_moved(one)
            else:
                self.found(
                    one.sequence,
                    SWAPPED,
                    said(
                        "What stands as entry %(sequence)s was entry %(stood)s: entries were exchanged.",
                        sequence=one.sequence,
                        stood=stood,
                    ),
                )

    def _tell_edited(self, one: Entry) -> None:
        self.found(
            one.sequence,
            EDITED,
            said(
                "The content of entry %(sequence)s was changed after it was entered: it does not have its"
                " hash.",
                sequence=one.sequence,
            ),
        )

    def _tell_moved(self, one: Entry) -> None:
        self.found(
            one.sequence,
            MOVED,
            said(
                "The hash of entry %(sequence)s does not bind its number, its predecessor and its content.",
                sequence=one.sequence,
            ),
        )
