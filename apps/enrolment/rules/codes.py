"""Participant codes: site, sequence, check character."""

from __future__ import annotations

import re

# ISO 7064, hybrid system MOD 37,36: finds every single wrong character and nearly every swap of neighbours.
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MODULUS = len(_ALPHABET)

CODE_PATTERN = re.compile(r"^(?P<site>[A-Z]{2,6})-(?P<sequence>[0-9]{4,6})-(?P<check>[0-9A-Z])\Z")


def check_character(body: str) -> str:
    """The ISO 7064 MOD 37,36 check character of an upper-case alphanumeric text; hyphens do not count.

    Raises ValueError for any other character.
    """
    product = _MODULUS
    for character in body.replace("-", ""):
        product = (product + _ALPHABET.index(character)) % _MODULUS or _MODULUS
        product = (product * 2) % (_MODULUS + 1)
    return _ALPHABET[(_MODULUS + 1 - product) % _MODULUS]


def participant_code(site_code: str, sequence: int) -> str:
    """`MUM-0001-K`: site, number within the site, check character."""
    if sequence < 1:
        raise ValueError("Participants are numbered from 1.")
    body = f"{site_code}-{sequence:04d}"
    return f"{body}-{check_character(body)}"


def is_participant_code(text: str) -> bool:
    """Whether the text has the shape of a code and its check character is right (a typing error is not)."""
    found = CODE_PATTERN.match(text)
    return found is not None and check_character(text.rpartition("-")[0]) == found["check"]
