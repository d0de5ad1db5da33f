"""What the protocol in force says of consent, as the rules take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from apps.consent import rules
from studyportal import protocol


def bands() -> Sequence[rules.AgeBand]:
    """The age bands of the protocol in force."""
    return tuple(cast(Mapping[str, rules.AgeBand], protocol.current().age_bands).values())


def terms() -> rules.Terms:
    """What the protocol in force says of consent."""
    return _terms_of(protocol.current().consent)


@lru_cache(maxsize=4)
def _terms_of(said: Any) -> rules.Terms:
    return rules.Terms(
        # Plain, because the fold asks them often.
        bands=tuple(
            rules.Band(band.from_age, band.to_age, tuple(band.signatures)) for band in said.age_bands.values()
        ),
        incapacity_signatures=tuple(said.incapacity_signatures),
        resign_within_days=said.resign_within_days,
        reconsent_within_days=said.reconsent_within_days,
        birthday_warning_days=said.birthday_warning_days,
        session_warning_days=said.session_warning_days,
        copy_within_days=said.copy_within_days,
        recording=said.recording.when,
        interim_carries=frozenset(said.interim.carries),
        after_birthday=said.interim.after_birthday,
        after_amendment=said.interim.after_amendment,
        optional_items=tuple(said.optional_items),
        languages=tuple(said.languages),
    )
