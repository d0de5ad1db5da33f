"""By what two identities are taken for the same person's, however they were spelled. Pure: no Django, no keys.

Several match keys for each person, each an exact value, so that it can be compared blind (Randall et al. 2019,
doi:10.23889/ijpds.v4i1.1094): one spelling, one wrong day or one missing number breaks some of them and not all.
Nothing here holds the site, so that the same person has the same keys everywhere. The reasons, and what each kind
costs in false alarms: docs/decisions/0016-duplicates.md.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from studyportal.identity.rules import NATIONAL_DIGITS, with_ascii_digits

if TYPE_CHECKING:
    from studyportal.identity.person import Person

# Kind of agreement → how much it says by itself.
STRONG, PROBABLE, POSSIBLE = "strong", "probable", "possible"
KINDS: dict[str, str] = {
    "name_birth_date": STRONG,
    "sound_birth_date": PROBABLE,
    "name_swapped_date": PROBABLE,
    "name_phone": PROBABLE,
    "guardian_birth_date": PROBABLE,
    "phone_birth_year": PROBABLE,
    "part_birth_date": POSSIBLE,
    "name_birth_month": POSSIBLE,
    "name_birth_year": POSSIBLE,
}
# Kinds of different sources: where one of each agrees, they carry one another.
OF_THE_NAME = frozenset(
    {"sound_birth_date", "name_swapped_date", "part_birth_date", "name_birth_month", "name_birth_year"}
)
OF_CONTACT = frozenset({"name_phone", "guardian_birth_date", "phone_birth_year"})
# Kind → those that say less and agree with it in any case: they are not told beside it.
COVERS: dict[str, frozenset[str]] = {
    "name_birth_date": OF_THE_NAME,
    "sound_birth_date": frozenset({"part_birth_date"}),
    "name_swapped_date": frozenset({"name_birth_year"}),
    "name_birth_month": frozenset({"name_birth_year"}),
}

# More words than this are no parts of one name; the subsets of a name grow with them.
MOST_WORDS = 5


@dataclass(frozen=True)
class MatchKey:
    """One value by which people meet. binds: two meet by it when at least one of them binds, so that a part of a name
    meets the whole of another, and never a part of another."""

    kind: str
    value: str
    binds: bool = True


def match_keys(person: Person) -> frozenset[MatchKey]:
    """Every key of a person; none where too little is known to tell one from another."""
    words = name_words(person.full_name)
    name = " ".join(sorted(folded(word) for word in words))
    sounds = sorted({sound(word) for word in words})
    found: set[MatchKey] = set()
    year, month, day = _date(person.birth_date)
    if name and year:
        found |= _by_name_and_date(name, sounds, year, month, day)
    phones = {digits for one in (person.phone, person.guardian_phone) if (digits := national(one))}
    for digits in phones:
        if year:
            found.add(MatchKey("phone_birth_year", f"{digits} {year}"))
        if sounds:
            found.add(MatchKey("name_phone", f"{digits} {' '.join(sounds)}"))
    guardian = " ".join(sorted({sound(word) for word in name_words(person.guardian_name)}))
    if guardian and day:
        found.add(MatchKey("guardian_birth_date", f"{guardian} {person.birth_date}"))
    return frozenset(found)


def _by_name_and_date(name: str, sounds: list[str], year: str, month: str, day: str) -> set[MatchKey]:
    # A year binds only where no more is known of the date: whole dates meet it, and not one another by their year.
    found = {MatchKey("name_birth_year", f"{name} {year}", binds=not month)}
    if month:
        found.add(MatchKey("name_birth_month", f"{name} {year}-{month}"))
    if day:
        date = f"{year}-{month}-{day}"
        found.add(MatchKey("name_birth_date", f"{name} {date}"))
        found.add(MatchKey("sound_birth_date", f"{' '.join(sounds)} {date}"))
        # 03/04 read as 04/03.
        found.add(MatchKey("name_swapped_date", f"{name} {year} {' '.join(sorted((month, day)))}"))
        for size in range(1, len(sounds) + 1):
            for part in combinations(sounds, size):
                whole = size == len(sounds)
                found.add(MatchKey("part_birth_date", f"{' '.join(part)} {date}", binds=whole))
    return found


def strength_of(kinds: Iterable[str]) -> str:
    """What several agreements say together."""
    agreed = set(kinds) & set(KINDS)
    if any(KINDS[kind] == STRONG for kind in agreed) or (agreed & OF_THE_NAME and agreed & OF_CONTACT):
        return STRONG
    return PROBABLE if any(KINDS[kind] == PROBABLE for kind in agreed) else POSSIBLE


def told(kinds: Iterable[str]) -> list[str]:
    """The agreements worth telling, in the order of KINDS: without those that another one brings with it."""
    agreed = set(kinds)
    covered: frozenset[str] = frozenset().union(*(COVERS.get(kind, frozenset()) for kind in agreed))
    return [kind for kind in KINDS if kind in agreed - covered]


# --- Dates and numbers -----------------------------------------------------------------------------------


def _date(birth: str) -> tuple[str, str, str]:
    year, month, day = (*birth.split("-"), "", "", "")[:3]
    return year, month, day


def national(phone: str) -> str:
    """The last ten digits, without country and trunk; "" for what is too short to be one person's."""
    digits = re.sub(r"\D", "", with_ascii_digits(phone))[-NATIONAL_DIGITS:]
    return digits if len(digits) == NATIONAL_DIGITS and len(set(digits)) > 2 else ""


# --- Names -----------------------------------------------------------------------------------------------


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Before, after or within a name, and no part of it.
TITLES = _listed(
    "mr mrs ms miss master baby dr doctor prof professor late sh shri shree shreemati shrimati sri sree smt srimati"
    " km kum ku ji saheb sahib bhai bhau ben behn bai tai thiru thirumathi selvi janab mohtarma adv capt col"
)
# Written short everywhere, and one name.
SHORT_FOR = {
    **dict.fromkeys(
        _listed("md mo mohd mohmd mohamad mohamed mohammad mohammed muhammad muhammed mohamd"), "mohamad"
    ),
    **dict.fromkeys(_listed("sk shk"), "shaikh"),
    **dict.fromkeys(_listed("kr kmr"), "kumar"),
    **dict.fromkeys(_listed("abd abdl"), "abdul"),
}


def name_words(text: str) -> list[str]:
    """The words of a name in Latin letters, without titles, initials, accents and order: each once."""
    plain = []
    for character in unicodedata.normalize("NFKD", latin(text)).casefold():
        category = unicodedata.category(character)
        if category.startswith("L"):
            plain.append(character)
        elif not category.startswith("M") and character not in "'’`\u200c\u200d":
            plain.append(" ")
    written = "".join(plain)
    words = [SHORT_FOR.get(word, _without_suffix(word)) for word in written.split()]
    kept = [word for word in words if word not in TITLES] or words
    long = [word for word in kept if len(word) > 1]
    return sorted(set(long or kept))[:MOST_WORDS]


def _without_suffix(word: str) -> str:
    """Rameshbhai and Hetalben are Ramesh and Hetal, more respectfully."""
    for suffix in ("bhai", "ben"):
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            return word.removesuffix(suffix)
    return word


FOLDS: tuple[tuple[str, str], ...] = (
    (r"x", "ks"),
    (r"ksh", "ks"),
    (r"ck|q", "k"),
    (r"ph", "f"),
    (r"ow(?=[bcdfghjklmnpqrstvwxyz])|ou", "au"),
    (r"w", "v"),
    (r"ee|ii|ie\b", "i"),
    (r"oo|uu", "u"),
    (r"aa", "a"),
    (r"y\b", "i"),
    (r"(?<=[aeiou])h\b", ""),
    (r"(.)\1+", r"\1"),
)


def folded(word: str) -> str:
    """One spelling for the ways in which the same name is written in Latin letters."""
    for pattern, instead in FOLDS:
        word = re.sub(pattern, instead, word)
    return word


SOUNDS: tuple[tuple[str, str], ...] = (
    (r"chh?", "C"),
    (r"sh", "s"),
    (r"c(?=[eiy])", "s"),
    (r"c", "k"),
    (r"([kgjtdb])h", r"\1"),
    (r"z", "j"),
)
FIRST_VOWELS = str.maketrans("aeiouy", "aiiuui")


def sound(word: str) -> str:
    """How a word sounds across the spellings of Indian names: consonants without breath, and a first vowel.

    A word with fewer than two consonants keeps its vowels, since nothing else would tell Rao from Ria.
    """
    word = folded(word)
    for pattern, instead in SOUNDS:
        word = re.sub(pattern, instead, word)
    bones = word[:1].translate(FIRST_VOWELS) + re.sub(r"[aeiouyh]", "", word[1:])
    if len(re.sub(r"[aeiouyh]", "", bones)) < 2:
        bones = word[:1] + re.sub(r"y|h", "", word[1:]).translate(FIRST_VOWELS)
    return re.sub(r"(.)\1+", r"\1", bones).lower() if bones else word


# --- Devanagari in Latin letters -------------------------------------------------------------------------

_CONSONANTS = dict(
    zip(
        "कखगघङचछजझञटठडढणतथदधनपफबभमयरलळवशषसह",
        _listed("k kh g gh n ch chh j jh n t th d dh n t th d dh n p f b bh m y r l l v sh sh s h"),
        strict=True,
    )
)
_VOWELS = dict(zip("अआइईउऊऋएऐओऔऑऍ", _listed("a a i i u u ri e ai o au o e"), strict=True))
_SIGNS = dict(zip("ािीुूृेैोौॉॅ", _listed("a i i u u ri e ai o au o e"), strict=True))
_VIRAMA, _NASALS, _NUKTA = "्", "ंँ", "़"


def latin(text: str) -> str:
    """Names in Devanagari as they are usually written in Latin letters; other scripts stay as they are.

    The vowel that no sign denies is written as `a`, except at the end of a word, where it is not spoken.
    """
    written: list[str] = []
    characters = unicodedata.normalize("NFD", text).replace(_NUKTA, "")
    for position, character in enumerate(characters):
        following = characters[position + 1 : position + 2]
        if character in _CONSONANTS:
            written.append(_CONSONANTS[character])
            denied = following in _SIGNS or following == _VIRAMA
            ends = not following or not ("\u0900" <= following <= "\u097f")
            if following and not denied and not ends:
                written.append("a")
        elif character in _VOWELS or character in _SIGNS:
            written.append((_VOWELS | _SIGNS)[character])
        elif character in _NASALS:
            written.append("n")
        elif character not in (_VIRAMA, "ः"):
            written.append(character)
    return "".join(written)
