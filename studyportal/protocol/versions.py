"""Which version of the protocol counts for whom, and on which day.

A version says in its file from when it is in force (`study.in_force_on`) and whether it takes over those who take part
already (`study.applies_to: everyone`) or counts for new participants only. A participant bears the version to which he
or she was assigned; what counts is that version, or the latest one after it that takes over everyone.

The texts of registered versions never change, so each is parsed once per process. The version that the process runs
is the last one: a later one that was registered meanwhile counts from the next start.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any
from typing import Protocol as Structure

from .loader import ProtocolError, parse
from .schedule import Visit
from .schema import Protocol

logger = logging.getLogger(__name__)


class Assigned(Structure):
    """Who bears a version: a participant."""

    protocol_version: Any


class UnknownVersion(LookupError):
    """No version of this number is registered, or its text can no longer be read. The message names it."""


def order_of(number: str) -> tuple[int, ...]:
    """Versions in order: 1.9 before 1.10."""
    return tuple(int(part) for part in re.findall(r"\d+", number)) or (0,)


def version(number: str) -> Protocol:
    """The protocol of a registered version, or the one that runs. Raises UnknownVersion."""
    now = _current()
    if number == now.version:
        return now
    found = _find(number)
    if found is None:
        raise UnknownVersion(f"Version {number} of the protocol is not registered.")
    return found


def in_force(on: date | None = None) -> Protocol:
    """The version under which somebody is enrolled on that day (None: today)."""
    now, day = _current(), on or _today()
    if _holds(now, day):
        return now
    return next((one for one in reversed(_before(now)) if _holds(one, day)), now)


def of(participant: Assigned, on: date | None = None) -> Protocol:
    """The version that counts for a participant on a day (None: today). No query while one version takes all over."""
    return at(participant.protocol_version, on)


def at(assigned: str, on: date | None = None) -> Protocol:
    """As `of`, from the assigned number; "" and a number that nobody knows: the version in force."""
    now, day = _current(), on or _today()
    if assigned == now.version:
        return now
    if version_takes_over_all(now, day):
        return now
    own = _find(assigned) if assigned else None
    if own is None:
        return in_force(on)
    later = [one for one in (*_before(now), now) if order_of(one.version) > order_of(own.version)]
    takes_over = [one for one in later if one.study.applies_to == "everyone" and _holds(one, day)]
    return takes_over[-1] if takes_over else own


def version_takes_over_all(one: Protocol, day: date) -> bool:
    """Whether a version, in force on that day, counts for everybody, whatever they were assigned to before."""
    return one.study.applies_to == "everyone" and _holds(one, day)


def visit_of(key: str, number: str = "") -> Visit | None:
    """A visit by its key: of the version under which it was held, else of the one that runs; None: neither has it."""
    now = _current()
    if number and number != now.version and (own := _find(number)) is not None and key in own.visits:
        return own.visits[key]
    found: Visit | None = now.visits.get(key)
    return found


def known() -> tuple[Protocol, ...]:
    """Every version that can be read, in order, the one that runs last. One query per process."""
    now = _current()
    return (*_before(now), now)


def forget() -> None:
    """Read the registered versions anew (tests)."""
    _chain.cache_clear()


def _current() -> Protocol:
    from studyportal import protocol  # by its name in the package, which tests exchange

    return protocol.current()


def _today() -> date:
    from django.utils import timezone

    return timezone.localdate()


def _holds(one: Protocol, day: date) -> bool:
    return one.study.in_force_on is None or one.study.in_force_on <= day


def _find(number: str) -> Protocol | None:
    now = _current()
    if number == now.version:
        return now
    return next((one for one in _before(now) if one.version == number), None)


def _before(now: Protocol) -> Sequence[Protocol]:
    return _chain(now.study.key, now.version)


@lru_cache(maxsize=8)
def _chain(study: str, last: str) -> tuple[Protocol, ...]:
    """The registered versions of the study before the last one, in order. One that cannot be read is left out."""
    from .models import ProtocolVersion

    found = []
    for row in ProtocolVersion.objects.filter(key=study).exclude(version=last):
        if order_of(row.version) < order_of(last) and (one := _parsed(row.sha256, row.text)) is not None:
            found.append(one)
    return tuple(sorted(found, key=lambda one: order_of(one.version)))


_TEXTS: dict[str, Protocol | None] = {}


def _parsed(sha256: str, text: str) -> Protocol | None:
    if sha256 not in _TEXTS:
        try:
            _TEXTS[sha256] = parse(text, name=f"registered version {sha256[:12]}")
        except ProtocolError:
            logger.exception(
                "A registered version of the protocol cannot be read; the version in force counts instead"
            )
            _TEXTS[sha256] = None
    return _TEXTS[sha256]
