"""How much of a person's record a file may hold. The columns themselves are decided in `apps.exports`."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

DEIDENTIFIED = "deidentified"
CODED = "coded"

# The lesser one first.
PROFILES = [
    (DEIDENTIFIED, _("de-identified: days from Day 0 instead of dates, no free text")),
    (CODED, _("coded: with dates and free text")),
]
ORDER = tuple(key for key, _words in PROFILES)


def lesser(one: str, other: str) -> str:
    return min(one, other, key=ORDER.index)
