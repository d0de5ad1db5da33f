"""What the protocol says of consent, as plain data. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from apps.consent.rules.events import DEFAULT_BANDS, LAR_CONSENT, OPTIONAL, PARTICIPATION, AgeBand

RecordingWhen = Literal["never", "vulnerable", "always"]
Overdue = Literal["suspended", "goes_on"]


@dataclass(frozen=True)
class Terms:
    """The consent part of the protocol.

    incapacity_signatures: who signs for somebody who cannot decide, at any age.
    interim_carries: the purposes that an earlier consent still carries until the new signature is overdue.
    after_birthday, after_amendment: what becomes of taking part once it is overdue.
    """

    bands: tuple[AgeBand, ...] = DEFAULT_BANDS
    incapacity_signatures: tuple[str, ...] = (LAR_CONSENT,)
    resign_within_days: int = 30
    reconsent_within_days: int = 90
    birthday_warning_days: int = 60
    session_warning_days: int = 14
    copy_within_days: int = 7
    recording: RecordingWhen = "vulnerable"
    interim_carries: frozenset[str] = frozenset({PARTICIPATION, *OPTIONAL})
    after_birthday: Overdue = "suspended"
    after_amendment: Overdue = "goes_on"
    optional_items: tuple[str, ...] = OPTIONAL
    languages: tuple[str, ...] = ()

    def signatures_at(self, age: int, *, can_decide: bool = True) -> tuple[str, ...]:
        """Who signs at this age in completed years; () when no band holds the age."""
        return required_signatures(self.bands, age) if can_decide else self.incapacity_signatures

    def next_band(self, age: int) -> int | None:
        """The age at which the next band begins; None in the last band."""
        return min((band.from_age for band in self.bands if band.from_age > age), default=None)

    @property
    def adult_from(self) -> int:
        """The first age at which nobody else signs."""
        alone = [band.from_age for band in self.bands if LAR_CONSENT not in band.signatures]
        return min(alone, default=18)


def terms_of(given: Terms | Iterable[AgeBand]) -> Terms:
    """Terms as they are; bands alone stand for the default terms with these bands."""
    return given if isinstance(given, Terms) else Terms(bands=tuple(given))


def required_signatures(bands: Iterable[AgeBand], age: int) -> tuple[str, ...]:
    """The signatures that the protocol asks for at this age; () when no band holds the age."""
    for band in bands:
        if band.from_age <= age and (band.to_age is None or age <= band.to_age):
            return tuple(band.signatures)
    return ()


def in_order(signatures: Iterable[str], order: Sequence[str]) -> tuple[str, ...]:
    """The signatures in the order in which people read them."""
    wanted = set(signatures)
    return tuple(one for one in order if one in wanted)
