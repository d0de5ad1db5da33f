"""A date as far as it is known: a day, a month, a year, or an age. No Django."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from studyportal.words import either, said, translated

MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if number}
MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_name) if number}
MONTHS["sept"] = 9

_ISO = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?\Z", re.ASCII)
# 3 Nov 2016, 3rd November 2016, 3-nov-2016, 3nov2016, Nov 2016
_DAY_MONTH_YEAR = re.compile(
    r"(?:(\d{1,2})(?:st|nd|rd|th)?[ .,-]*)?([A-Za-z]{3,9})[ .,-]*(\d{4})\Z", re.ASCII | re.IGNORECASE
)
# Nov 3 2016, November 3rd, 2016
_MONTH_DAY_YEAR = re.compile(
    r"([A-Za-z]{3,9})[ .-]*(\d{1,2})(?:st|nd|rd|th)?[ .,-]+(\d{4})\Z", re.ASCII | re.IGNORECASE
)
_AGE = re.compile(
    r"(?:age[: ]\s*(\d{1,3})|(\d{1,3}) ?(?:y|yr|yrs|years?)(?: old)?)\Z", re.ASCII | re.IGNORECASE
)
_NUMERIC = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})\Z", re.ASCII)
_MONTH_OF_YEAR = re.compile(r"(\d{1,2})[/.-](\d{4})\Z", re.ASCII)
_SHORT_YEAR = re.compile(r"(?:(\d{1,2})[ .,-]*)?([A-Za-z]{3,9})[ .,'’-]*(\d{2})\Z", re.ASCII)

EARLIEST_YEAR, LATEST_YEAR, OLDEST_AGE = 1900, 2100, 120
HOW = said("Write the date as far as it is known: 2016-11-03, 2016-11, 2016, 3 Nov 2016 or age 12.")
# -3d, - 3 days, +2w; 3 days ago; in 2 weeks
_FROM_TODAY = re.compile(
    r"(?:([+-])\s*(\d{1,4})\s*([dw])[a-z]*|(\d{1,4})\s*([dw])[a-z]* ago|in (\d{1,4})\s*([dw])[a-z]*)\Z",
    re.ASCII | re.IGNORECASE,
)
_DAY_WORDS = {"today": 0, "t": 0, "yesterday": -1, "tomorrow": 1}


class PartialDateError(ValueError):
    """code: invalid_date, ambiguous_date or impossible_date; the message says how to write it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        # `str(error)` is English; the sentence itself can be `words.translated`.
        self.message = message


@dataclass(frozen=True, order=False)
class PartialDate:
    """Exactly one of: a year (with month and day as far as known), or an age in completed years."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    age: int | None = None

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """`2016-11-03`, `2016-11`, `2016`, `3 Nov 2016`, `Nov 3, 2016`, `Nov 2016`, `11/2016`, `age:12` or `age 12`.

        `03/11/2016` is refused with both days that it can mean: who wrote it is not here to be asked.
        """
        text = text.strip()
        if match := _ISO.match(text):
            year, month, day = (int(part) if part else None for part in match.groups())
            return cls.checked(year=year, month=month, day=day)
        if match := _AGE.match(text):
            return cls.checked(age=int(match[1] or match[2]))
        if match := _DAY_MONTH_YEAR.match(text):
            return cls.checked(
                year=int(match[3]), month=_month(match[2], text), day=int(match[1]) if match[1] else None
            )
        if match := _MONTH_DAY_YEAR.match(text):
            return cls.checked(year=int(match[3]), month=_month(match[1], text), day=int(match[2]))
        if match := _MONTH_OF_YEAR.match(text):
            return cls.checked(year=int(match[2]), month=int(match[1]))
        if _NUMERIC.match(text):
            raise _two_ways(text)
        raise PartialDateError("invalid_date", _meant(text) or HOW)

    @classmethod
    def typed(cls, text: str, *, today: dt.date) -> PartialDate:
        """What a person types into a page that answers in words: as `parse`, and `03/11/2016` as day/month/year, `today`,
        `yesterday`, `-3d`, `+2w` (days and weeks from today at the site)."""
        text = text.strip()
        if (days := days_from_today(text)) is not None:
            date = today + dt.timedelta(days=days)
            return cls.checked(year=date.year, month=date.month, day=date.day)
        if match := _NUMERIC.match(text):
            day, month, year = int(match[1]), int(match[2]), int(match[3])
            if len(match[3]) == 4 and 1 <= month <= 12:
                return cls.checked(year=year, month=month, day=day)
        return cls.parse(text)

    @classmethod
    def checked(
        cls,
        *,
        year: int | None = None,
        month: int | None = None,
        day: int | None = None,
        age: int | None = None,
    ) -> PartialDate:
        if age is not None:
            if not 0 <= age <= OLDEST_AGE:
                raise PartialDateError(
                    "impossible_date", said("Age %(age)s is beyond %(most)s years.", age=age, most=OLDEST_AGE)
                )
            return cls(age=age)
        if year is None or not EARLIEST_YEAR <= year <= LATEST_YEAR:
            raise PartialDateError(
                "impossible_date",
                said(
                    "The year must lie between %(first)s and %(last)s.",
                    first=str(EARLIEST_YEAR),
                    last=str(LATEST_YEAR),
                ),
            )
        if month is not None and not 1 <= month <= 12:
            raise PartialDateError("impossible_date", said("There is no month %(month)s.", month=month))
        if day is not None and month is not None and not 1 <= day <= calendar.monthrange(year, month)[1]:
            raise PartialDateError(
                "impossible_date",
                said(
                    "There is no day %(day)s in %(month)s: it has %(days)s days.",
                    day=day,
                    month=cls(year, month),
                    days=calendar.monthrange(year, month)[1],
                ),
            )
        return cls(year, month, day)

    @classmethod
    def of(cls, date: dt.date) -> PartialDate:
        return cls(date.year, date.month, date.day)

    @property
    def precision(self) -> str:
        """day, month, year or age."""
        if self.age is not None:
            return "age"
        return "day" if self.day else "month" if self.month else "year"

    @property
    def exact(self) -> dt.date | None:
        """The day, when it is known to the day."""
        return self.earliest if self.precision == "day" else None

    @property
    def earliest(self) -> dt.date | None:
        """The first day that it can mean; None for an age, whose days need a birth date."""
        if self.year is None:
            return None
        return dt.date(self.year, self.month or 1, self.day or 1)

    @property
    def latest(self) -> dt.date | None:
        """The last day that it can mean; None for an age."""
        if self.year is None:
            return None
        month = self.month or 12
        return dt.date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def certainly_before(self, other: PartialDate) -> bool:
        """Whether every day it can mean lies before every day the other can mean; False when not known."""
        if self.latest is None or other.earliest is None:
            return False
        return self.latest < other.earliest

    def __str__(self) -> str:
        if self.age is not None:
            return f"age:{self.age}"
        parts = [f"{self.year:04d}"]
        if self.month:
            parts.append(f"{self.month:02d}")
            if self.day:
                parts.append(f"{self.day:02d}")
        return "-".join(parts)

    def for_people(self) -> str:
        """3 Nov 2016, Nov 2016, 2016 or age 12, in the language in use."""
        return translated(said("%(date)s", date=self))


def days_from_today(text: str) -> int | None:
    """How far from today the words lie: `today` 0, `yesterday` -1, `-3d` -3, `+2w` 14; None for other words."""
    match = _FROM_TODAY.match(text)
    if match is None:
        return _DAY_WORDS.get(text.lower())
    sign, number, unit, ago, ago_unit, ahead, ahead_unit = match.groups()
    days = int(number or ago or ahead) * (7 if (unit or ago_unit or ahead_unit).lower() == "w" else 1)
    return -days if ago or sign == "-" else days


def _month(word: str, text: str) -> int:
    """The number of a month by its English name; a slip of the pen is answered with the name that is near."""
    number = MONTHS.get(word.lower())
    if number is not None:
        return number
    near = get_close_matches(word.lower(), MONTHS, n=1, cutoff=0.6)
    if not near:
        raise PartialDateError("invalid_date", HOW)
    name = calendar.month_abbr[MONTHS[near[0]]]
    raise PartialDateError(
        "invalid_date",
        said(
            "“%(word)s” is no month. Is %(meant)s meant?",
            word=word,
            meant=re.sub(re.escape(word), name, text, count=1),
        ),
    )


def _readings(day: int, month: int, year: int) -> list[PartialDate]:
    """The days that two numbers and a year can be, day first."""
    found = []
    for one, other in ((day, month), (month, day)):
        try:
            date = PartialDate.checked(year=year, month=other, day=one)
        except PartialDateError:
            continue
        if date not in found:
            found.append(date)
    return found


def _two_ways(text: str) -> PartialDateError:
    """Why a date of three numbers is refused: what it can mean."""
    match = _NUMERIC.match(text)
    assert match is not None
    short = len(match[3]) == 2
    found = _readings(int(match[1]), int(match[2]), int(match[3]) + (2000 if short else 0))
    if not found:
        day, month = int(match[1]), int(match[2])
        if not short and 1 <= month <= 12 and day <= 31:
            try:
                PartialDate.checked(year=int(match[3]), month=month, day=day)
            except PartialDateError as error:
                return error
        return PartialDateError(
            "impossible_date", said("“%(text)s” is no day of the calendar. %(how)s", text=text, how=HOW)
        )
    if short:
        return PartialDateError(
            "ambiguous_date",
            said(
                "“%(text)s”: write the year with four digits. Is %(meant)s meant?",
                text=text,
                meant=either(found),
            ),
        )
    if len(found) == 1:
        return PartialDateError(
            "ambiguous_date",
            said(
                "“%(text)s” is no day/month/year. Is %(meant)s meant? Write it so, or as %(iso)s.",
                text=text,
                meant=found[0],
                iso=str(found[0]),
            ),
        )
    return PartialDateError(
        "ambiguous_date",
        said(
            "“%(text)s” can be read in two ways: %(meant)s. Write it so, or as %(iso)s.",
            text=text,
            meant=either(found),
            iso=str(found[0]),
        ),
    )


def _meant(text: str) -> Any:
    """A question about what may have been meant; None where nothing is near."""
    if (match := _SHORT_YEAR.match(text)) and match[2].lower() in MONTHS:
        day = f"{int(match[1])} " if match[1] else ""
        name = calendar.month_abbr[MONTHS[match[2].lower()]]
        return said(
            "“%(text)s”: write the year with four digits. Is %(meant)s meant?",
            text=text,
            meant=f"{day}{name} 20{match[3]}",
        )
    return None
