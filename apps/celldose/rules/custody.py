"""Where a product has been and what was made of it: the chain of hand-overs, and what its parts come to. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from apps.celldose.rules.arithmetic import Values, _after
from studyportal.crf.outcomes import Problem
from studyportal.words import listed, said


class HandedOver(Protocol):
    """A hand-over as it is recorded; anything may be missing."""

    @property
    def leg(self) -> str | None: ...

    @property
    def from_place(self) -> str | None: ...

    @property
    def given_by(self) -> str | None: ...

    @property
    def given_at(self) -> dt.datetime | None: ...

    @property
    def to_place(self) -> str | None: ...

    @property
    def received_by(self) -> str | None: ...

    @property
    def received_at(self) -> dt.datetime | None: ...


@dataclass(frozen=True)
class Link:
    """One hand-over in the chain. gaps: what is not logged between the one before and this, in words."""

    hand_over: Any
    minutes: int | None
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chain:
    """All hand-overs in order. open_end: what is not logged after the last, in words."""

    links: tuple[Link, ...] = ()
    open_end: tuple[str, ...] = ()

    @property
    def gaps(self) -> tuple[str, ...]:
        return (*(gap for link in self.links for gap in link.gaps), *self.open_end)

    @property
    def is_whole(self) -> bool:
        return not self.gaps

    @property
    def holder(self) -> str:
        """Who has it, by what is logged; empty when nobody does."""
        return (self.links[-1].hand_over.received_by or "") if self.links else ""


def chain(
    hand_overs: Iterable[HandedOver],
    *,
    begins_at: dt.datetime | None,
    infused: bool = False,
    discarded: bool = False,
    most_minutes: int = 15,
) -> Chain:
    """The chain of custody. hand_overs in the order of their receipt; begins_at: the end of the harvest.

    most_minutes: how long a product may stand after the harvest before somebody carries it. Between two hand-overs any
    time may pass: whoever received it has it, and must be the one who hands it on, from where it was received.
    """
    links: list[Link] = []
    before: HandedOver | None = None
    for one in hand_overs:
        gaps = _first_gaps(one, begins_at, most_minutes) if before is None else _gaps_between(before, one)
        links.append(Link(one, _minutes(one.given_at, one.received_at), (*gaps, *_unnamed(one))))
        before = one
    return Chain(tuple(links), tuple(_open_end(before, infused=infused, discarded=discarded)))


def _first_gaps(one: HandedOver, begins_at: dt.datetime | None, most: int) -> list[str]:
    gaps: list[str] = []
    if one.leg not in (None, "to_laboratory"):
        gaps.append(said("The way from the theatre to the laboratory is not logged."))
    waited = _minutes(begins_at, one.given_at)
    if waited is not None and waited > most:
        gaps.append(
            said("Where it was for %(waited)s after the harvest is not logged.", waited=_span(waited))
        )
    return gaps


def _gaps_between(before: HandedOver, one: HandedOver) -> list[str]:
    gaps: list[str] = []
    if before.received_by and one.given_by and not same(before.received_by, one.given_by):
        gaps.append(
            said(
                "%(received_by)s received it, %(given_by)s handed it over: between them nothing is logged.",
                received_by=before.received_by,
                given_by=one.given_by,
            )
        )
    if before.to_place and one.from_place and not same(before.to_place, one.from_place):
        gaps.append(
            said(
                "It was left at “%(to_place)s” and taken up at “%(from_place)s”: the way is not logged.",
                to_place=before.to_place,
                from_place=one.from_place,
            )
        )
    if before.received_at and one.given_at and one.given_at < before.received_at:
        gaps.append(
            said("It was handed over before it was received the last time: one of the times is wrong.")
        )
    return gaps


def _unnamed(one: HandedOver) -> list[str]:
    missing = [
        words
        for words, value in (
            (said("who handed it over"), one.given_by),
            (said("who received it"), one.received_by),
        )
        if not value
    ]
    return [said("Not recorded: %(missing)s.", missing=listed(missing))] if missing else []


def _open_end(last: HandedOver | None, *, infused: bool, discarded: bool) -> list[str]:
    if infused and (last is None or last.leg not in ("to_ward", "returned", "to_disposal")):
        return [said("It was infused; the way to the ward is not logged.")]
    if discarded and (last is None or last.leg != "to_disposal"):
        return [said("It was discarded; the way to disposal is not logged.")]
    return []


def same(one: str, other: str) -> bool:
    """Whether two names are one: case and spaces do not count."""
    return "".join(one.split()).casefold() == "".join(other.split()).casefold()


def _minutes(first: dt.datetime | None, second: dt.datetime | None) -> int | None:
    if first is None or second is None:
        return None
    return int((second - first).total_seconds() // 60)


def _span(minutes: int) -> str:
    return (
        said("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=minutes % 60)
        if minutes >= 60
        else said("%(minutes)s min", minutes=minutes)
    )


# --- hard rules of the forms --------------------------------------------------------------------------------


def received_after_given(values: Values) -> Iterable[Problem]:
    yield from _after(
        values,
        "received_at",
        "given_at",
        said("It is received before it is handed over; correct one of the two times."),
    )


def aliquot_times_ordered(values: Values) -> Iterable[Problem]:
    container = values.get("container")
    filled, taken = getattr(container, "filled_at", None), values.get("taken_at")
    if filled is not None and taken is not None and taken < filled:
        yield Problem(
            "taken_at", "order", said("The container was filled later (%(filled)s).", filled=filled)
        )
    yield from _after(values, "disposed_at", "taken_at", said("This is before the aliquot was taken."))


def more_than_nothing(field: str) -> Any:
    """A rule: a volume that is given is above 0 mL."""

    def rule(values: Values) -> Iterable[Problem]:
        volume = values.get(field)
        if volume is not None and volume <= 0:
            yield Problem(
                field,
                "volume_positive",
                said("More than 0 mL; leave it empty and say why if it is not known."),
            )

    return rule


# --- volumes of what was made of it -------------------------------------------------------------------------


@dataclass(frozen=True)
class Balance:
    """Volumes in mL. whole: of the product or container, None when not recorded; parts: of what was made of it;
    unknown: how many parts have no volume."""

    whole: Decimal | None
    parts: Decimal
    unknown: int = 0

    @property
    def rest(self) -> Decimal | None:
        """What remains; None while the whole, or a part, has no volume."""
        return None if self.whole is None or self.unknown else self.whole - self.parts

    @property
    def is_over(self) -> bool:
        return self.whole is not None and self.parts > self.whole


def balance(whole: Decimal | None, parts: Sequence[Decimal | None]) -> Balance:
    return Balance(whole, sum((one for one in parts if one is not None), Decimal(0)), list(parts).count(None))


def within_whole(
    whole: Decimal | None,
    others: Sequence[Decimal | None],
    own: Decimal | None,
    *,
    code: str,
    words: Mapping[str, str],
) -> Iterable[Problem]:
    """Whether a part and the parts that are there fit into the whole. words: part and whole, as people call them."""
    if own is None:
        return
    found = balance(whole, [*others, own])
    if found.is_over:
        yield Problem(
            "volume_ml",
            code,
            said(
                "%(own)s mL and the %(parts)s mL of the other %(kind)s are more than the %(whole)s mL"
                " of the %(of)s: correct the volume that is wrong.",
                own=own,
                parts=found.parts - own,
                kind=words["parts"],
                whole=whole,
                of=words["whole"],
            ),
        )


# Kept when the product's own tests are done: asked for is consent to keep samples.
KEPT_FOR_LATER = frozenset({"retention", "research"})
