"""What an identity may say, and whether a text gives one away. Pure: no Django, no ORM, no keys.

A refusal is a code and never repeats what was typed: `fields.MESSAGES` holds the words, so that no message,
log line or error report can carry a name.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studyportal.identity.person import Person

OLDEST_YEARS = 120
OF_AGE_YEARS = 18
SHORTEST_NAME_PART = 3
SHORTEST_NUMBER = 3
# A phone number is often written without the code of the country.
NATIONAL_DIGITS = 10

# Characters that join or separate letters of Indic and Arabic scripts; every other format character is refused.
_JOINERS = "\u200c\u200d"
_ISO = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z", re.ASCII)
_PHONE = re.compile(r"\+?[0-9][0-9 ()/-]*\Z", re.ASCII)
_EMAIL = re.compile(r"[^@\s,;:<>()\[\]\"]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z]{2,}\Z")
_HOSPITAL_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9 ./-]*\Z", re.ASCII)


class Impossible(ValueError):
    """A value that cannot be kept. `code` is a key of fields.MESSAGES; the value itself is not in it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# --- Text ------------------------------------------------------------------------------------------------


def line(text: str) -> str:
    """One line of text in NFC with single spaces. Raises Impossible for what is no plain text."""
    return " ".join(_plain(text, breaks=False).split())


def lines(text: str) -> str:
    """Text of several lines, each trimmed, without empty lines at the ends."""
    plain = _plain(text.replace("\r\n", "\n").replace("\r", "\n"), breaks=True)
    return "\n".join(" ".join(one.split()) for one in plain.split("\n")).strip("\n")


def _plain(text: str, *, breaks: bool) -> str:
    for character in text:
        if character == "\x00":
            raise Impossible("nul_character")
        category = unicodedata.category(character)
        if category == "Cs":
            raise Impossible("surrogate")
        if category in ("Zl", "Zp") or (category == "Cc" and not (breaks and character in "\n\t")):
            raise Impossible("control_character")
        if category in ("Cf", "Co", "Cn") and character not in _JOINERS:
            # Marks that turn the direction of writing let one name look like another.
            raise Impossible("invisible_character")
    return unicodedata.normalize("NFC", text)


def with_ascii_digits(text: str) -> str:
    """Full-width and every other script's digits as 0–9, and dashes of every kind as hyphens."""
    found = []
    for character in unicodedata.normalize("NFKC", text):
        value = unicodedata.decimal(character, None)
        if value is not None:
            character = str(value)
        elif unicodedata.category(character) == "Pd" or character == "\u2212":
            character = "-"
        found.append(character)
    return "".join(found)


# --- The fields ------------------------------------------------------------------------------------------


def name(text: str) -> str:
    text = line(text)
    if not any(unicodedata.category(character).startswith("L") for character in text):
        raise Impossible("no_letter")
    return text


def birth_date(text: str, *, today: dt.date) -> str:
    """`2001-05-14`, `2001-05` or `2001`: as far as it is known, never a guess."""
    text = with_ascii_digits(line(text))
    match = _ISO.match(text)
    if match is None:
        raise Impossible("date_format")
    year, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    if month is not None and not 1 <= month <= 12:
        raise Impossible("no_such_date")
    if day is not None and month is not None and not 1 <= day <= _days(year, month):
        raise Impossible("no_such_date")
    if year < today.year - OLDEST_YEARS:
        raise Impossible("too_long_ago")
    if dt.date(year, month or 1, day or 1) > today:
        raise Impossible("in_future")
    return text


def _days(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1] if year >= 1 else 0


def phone(text: str) -> str:
    text = with_ascii_digits(line(text))
    digits = re.sub(r"\D", "", text)
    if not _PHONE.match(text) or not 5 <= len(digits) <= 15:
        raise Impossible("phone")
    return text


def email(text: str) -> str:
    text = line(text)
    if not _EMAIL.match(text) or ".." in text:
        raise Impossible("email")
    return text


def hospital_number(text: str) -> str:
    """As it is shown: capitals, plain digits and hyphens."""
    text = with_ascii_digits(line(text)).upper()
    if not _HOSPITAL_NUMBER.match(text):
        raise Impossible("hospital_number")
    if not any(character.isdigit() for character in text):
        raise Impossible("no_digit")
    return text


def normalised_hospital_number(text: str) -> str:
    """As it is compared: without the spaces and hyphens that people write in one place and not in another."""
    return re.sub(r"[ -]", "", hospital_number(text))


def births(birth: str) -> tuple[dt.date, dt.date] | None:
    """The first and the last day that a birth date can mean; None for no date."""
    match = _ISO.match(birth)
    if match is None:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    last = dt.date(year, month or 12, day or (_days(year, month) if month else 31))
    return dt.date(year, month or 1, day or 1), last


def earliest_birth(birth: str) -> dt.date | None:
    found = births(birth)
    return found[0] if found else None


def is_minor(birth: str, *, today: dt.date) -> bool | None:
    """Whether the person is under 18 today; None when the date is not known well enough."""
    found = births(birth)
    if found is None:
        return None
    under = [years(born, today) < OF_AGE_YEARS for born in found]
    return under[0] if under[0] == under[1] else None


def ages(birth: str, *, earliest: dt.date, latest: dt.date) -> tuple[int, int] | None:
    """The least and the greatest age in years that the person can have had between two days; None for no birth date."""
    found = births(birth)
    return None if found is None else (years(found[1], earliest), years(found[0], latest))


def birthday(born: dt.date, age: int) -> dt.date:
    """The day on which this age is reached; 1 March for who was born on 29 February, in other years."""
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return dt.date(born.year + age, 3, 1)


def years(born: dt.date, today: dt.date) -> int:
    """Completed years from one day to another; negative when it is before."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


# --- Does a text give the person away? -------------------------------------------------------------------


def mentions(person: Person, text: str) -> bool:
    """Whether a free text names the person: a part of a name, a number, an address of mail, the birth date.

    Whole words only, whatever their case, accents and digits, so that “Ram” is not found in “program”.
    """
    if not text.strip():
        return False
    words = _words(text)
    spoken = set(words)
    for full in (person.full_name, person.guardian_name):
        if any(part in spoken for part in _words(full) if len(part) >= SHORTEST_NAME_PART):
            return True
    squeezed = _squeezed(text)
    if person.email and person.email.casefold() in unicodedata.normalize("NFKC", text).casefold():
        return True
    if len(person.birth_date) == len("2001-05-14") and person.birth_date in with_ascii_digits(text):
        return True
    digits = re.sub(r"\D", "", with_ascii_digits(text))
    for number in (person.phone, person.guardian_phone):
        called = re.sub(r"\D", "", number)[-NATIONAL_DIGITS:]
        if len(called) >= 7 and called in digits:
            return True
    number = _squeezed(person.hospital_number)
    if len(number) < SHORTEST_NUMBER:
        return False
    return number in spoken or (len(number) >= 5 and number in squeezed) or _in_neighbours(number, words)


def _words(text: str) -> list[str]:
    """Words of any script, in small letters without the accents of Latin."""
    kept = []
    for character in unicodedata.normalize("NFKD", with_ascii_digits(text)).casefold():
        if "\u0300" <= character <= "\u036f":
            continue
        kept.append(character if unicodedata.category(character)[0] in "LMN" else " ")
    return unicodedata.normalize("NFC", "".join(kept)).split()


def _squeezed(text: str) -> str:
    return "".join(_words(text))


def _in_neighbours(number: str, words: list[str]) -> bool:
    """A number written as several words: `MH 12 34`."""
    return any(
        "".join(words[start : start + length]) == number
        for length in (2, 3, 4)
        for start in range(len(words) - length + 1)
    )
