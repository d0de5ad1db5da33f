"""Donation numbers: built like those of ISBT 128, with a check character that finds what was mistyped. Pure.

Structure: facility (a letter or digit, then four digits), year (2), sequence (6), flags (2), check character. The check
character is of ISO/IEC 7064, pure system MOD 37-2, over facility, year and sequence, as ISBT 128 has it: it finds every
single wrong character and every swap of two neighbours. `G123498654321` has the check character `H`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from studyportal.crf.outcomes import Problem
from studyportal.words import either, said

# The alphabet of MOD 37-2; a facility code does not begin with O, which is read as 0.
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
_MODULUS, _RADIX = 37, 2
SHAPE = re.compile(
    r"(?P<facility>[A-NP-Z1-9][0-9]{4})(?P<year>[0-9]{2})(?P<sequence>[0-9]{6})(?P<flags>[0-9]{2})(?P<check>[0-9A-Z*])"
)
LENGTH = 16
MOST = 999_999
# What a tired eye or a bad label makes of a character.
_LOOKALIKES = {"0": "OQD", "1": "IL7", "2": "Z", "5": "S", "6": "G", "8": "B", "4": "A"}


@dataclass(frozen=True)
class Scheme:
    """The protocol's words on identifiers, as rules take them.

    checked: numbers of the structure above are given out, and must have the right check character. other_labels: labels
    of another shape are taken besides. facilities: codes that give out numbers in this study.
    """

    checked: bool = False
    other_labels: bool = True
    facilities: tuple[str, ...] = ()
    flags: str = "00"


def check_character(body: str) -> str:
    """The check character of an upper-case text (ISO/IEC 7064 MOD 37-2). ValueError for a character that it has not."""
    total = 0
    for character in body:
        total = (total + ALPHABET.index(character)) * _RADIX % _MODULUS
    return ALPHABET[(_MODULUS + 1 - total) % _MODULUS]


def donation_number(facility: str, year: int, sequence: int, *, flags: str = "00") -> str:
    """The number of the `sequence`-th donation of a year (the last two digits count), as it is stored: 16 characters."""
    if not 1 <= sequence <= MOST:
        raise ValueError(f"Donations of a year are numbered from 1 to {MOST}.")
    body = f"{facility}{year % 100:02d}{sequence:06d}"
    return f"{body}{flags}{check_character(body)}"


def compact(text: str) -> str:
    """As it is stored: upper case, without what stands between the groups, and without a scanner's leading “=”.

    Another label stays as it is.
    """
    plain = _plain(text)
    return plain if _resembles(plain) else text.strip()


def _plain(text: str) -> str:
    return "".join(text.split()).replace("-", "").upper().removeprefix("=")


def grouped(number: str) -> str:
    """As it is printed: facility, year, sequence, flags, check character; another label as it is."""
    found = SHAPE.fullmatch(number)
    return " ".join(found.groups()) if found else number


def is_right(number: str) -> bool:
    """Whether a text is a donation number with the right check character."""
    found = SHAPE.fullmatch(number)
    return found is not None and check_character(number[:13]) == found["check"]


def problems_of(
    text: str | None, scheme: Scheme, *, field: str = "product_identifier", given: Iterable[str] = ()
) -> Iterable[Problem]:
    """What is wrong with a label that was typed or scanned. given: numbers that were given out, to suggest from."""
    if not scheme.checked or not text:
        return
    number = _plain(text)
    if is_right(number):
        facility, flags = number[:5], number[13:15]
        if flags != scheme.flags and facility in scheme.facilities:
            yield Problem(
                field,
                "flags",
                said(
                    "The flags before the check character are %(expected)s in this study, not %(flags)s."
                    " Read the label again.",
                    expected=scheme.flags,
                    flags=flags,
                ),
            )
        elif scheme.facilities and facility not in scheme.facilities and not scheme.other_labels:
            yield Problem(
                field,
                "unknown_facility",
                said(
                    "%(facility)s gives out no numbers in this study; known here: %(facilities)s.",
                    facility=facility,
                    facilities=list(scheme.facilities),
                ),
            )
        return
    if _resembles(number, scheme.facilities):
        yield Problem(field, "check_character", _mistyped(number, suggestions(number, given)))
    elif not scheme.other_labels:
        yield Problem(
            field,
            "no_donation_number",
            said(
                "“%(text)s” is no donation number. It has %(length)s characters: facility (5), year (2),"
                " sequence (6), flags (2) and a check character, such as %(donation_number)s.",
                text=text,
                length=LENGTH,
                donation_number=grouped(
                    donation_number((scheme.facilities or ("A9999",))[0], 26, 1, flags=scheme.flags)
                ),
            ),
        )


def _resembles(number: str, facilities: Sequence[str] = ()) -> bool:
    """Whether a text was meant as a donation number: nearly as long, and mostly digits behind the first character."""
    if SHAPE.fullmatch(number):
        return True
    if number[:5] in facilities and len(number) >= 10 and number[5:-1].isdigit():
        return True
    digits = sum(character.isdigit() for character in number[1:])
    return len(number) in (LENGTH - 1, LENGTH, LENGTH + 1) and number.isascii() and digits >= LENGTH - 4


def _mistyped(number: str, meant: Sequence[str]) -> str:
    if len(number) != LENGTH:
        off = said(
            "%(number)s characters, a donation number has %(length)s: one was left out or typed twice",
            number=len(number),
            length=LENGTH,
        )
    elif SHAPE.fullmatch(number):
        off = said(
            "its check character would be %(check_character)s: one character was mistyped",
            check_character=check_character(number[:13]),
        )
    else:
        wrong = [character for at, character in enumerate(number) if not _fits(at, character)]
        off = said("“%(wrong)s” stands where a digit belongs", wrong=list(wrong))
    asked = said(" Was it %(meant)s?", meant=either(grouped(one) for one in meant)) if meant else ""
    return said(
        "“%(number)s” is no donation number: %(off)s. Read the label again.%(asked)s",
        number=grouped(number),
        off=off,
        asked=asked,
    )


def _fits(at: int, character: str) -> bool:
    return character in ALPHABET if at in (0, LENGTH - 1) else character.isdigit()


def suggestions(number: str, given: Iterable[str] = (), *, most: int = 3) -> tuple[str, ...]:
    """What may have been meant, the likeliest first: a number that was given out and is one slip away; else what a swap
    of two neighbours, or a character that looks alike, makes right. Never the check character replaced: it would make
    any slip look right."""
    near = [one for one in given if _one_slip(number, one)]
    if near:
        return tuple(sorted(near)[:most])
    found: dict[str, None] = {}
    for other in (*_swaps(number), *_lookalikes(number)):
        if is_right(other):
            found[other] = None
    return tuple(found)[:most]


def _swaps(number: str) -> Iterable[str]:
    for at in range(min(len(number), 13) - 1):
        yield number[:at] + number[at + 1] + number[at] + number[at + 2 :]


def _lookalikes(number: str) -> Iterable[str]:
    meant = {alike: digit for digit, letters in _LOOKALIKES.items() for alike in letters}
    fixed = number[:1] + "".join(
        meant.get(character, character) if not character.isdigit() else character
        for character in number[1:-1]
    )
    yield fixed + number[-1:]
    for at in range(1, min(len(number) - 1, 13)):
        for alike in _LOOKALIKES.get(number[at], ""):
            if alike.isdigit():
                yield number[:at] + alike + number[at + 1 :]


def _one_slip(typed: str, other: str) -> bool:
    """One character replaced, left out or typed twice, or two neighbours swapped."""
    if typed == other:
        return False
    if len(typed) == len(other):
        wrong = [at for at, (one, two) in enumerate(zip(typed, other, strict=True)) if one != two]
        swapped = len(wrong) == 2 and wrong[1] == wrong[0] + 1
        return len(wrong) == 1 or (
            swapped and typed[wrong[0]] == other[wrong[1]] and typed[wrong[1]] == other[wrong[0]]
        )
    short, long = sorted((typed, other), key=len)
    return len(long) - len(short) == 1 and any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
