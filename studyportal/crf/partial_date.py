"""A date as far as it is known: a day, a month, a year, or an age. No Django."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if number}
MONTHS |= {name.lower(): number for number, name in enumerate(calendar.month_name) if number}

_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?\Z", re.ASCII)
_DAY_MONTH_YEAR = re.compile(r"(?:(\d{1,2})[ .-]+)?([A-Za-z]{3,9})[ .,-]+(\d{4})\Z", re.ASCII)
_AGE = re.compile(r"age[: ]\s*(\d{1,3})\Z", re.ASCII | re.IGNORECASE)
_NUMERIC = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\Z", re.ASCII)

EARLIEST_YEAR, LATEST_YEAR, OLDEST_AGE = 1900, 2100, 120


class PartialDateError(ValueError):
    """code: invalid_date, ambiguous_date or impossible_date; the message says how to write it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, order=False)
class PartialDate:
    """Exactly one of: a year (with month and day as far as known), or an age in completed years."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    age: int | None = None

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """`2016-11-03`, `2016-11`, `2016`, `3 Nov 2016`, `Nov 2016`, `age:12` or `age 12`."""
        text = text.strip()
        if match := _AGE.match(text):
            return cls.checked(age=int(match[1]))
        if match := _ISO.match(text):
            year, month, day = (int(part) if part else None for part in match.groups())
            return cls.checked(year=year, month=month, day=day)
        if match := _DAY_MONTH_YEAR.match(text):
            month = MONTHS.get(match[2].lower())
            if month is not None:
                return cls.checked(year=int(match[3]), month=month, day=int(match[1]) if match[1] else None)
        if _NUMERIC.match(text):
            raise PartialDateError(
                "ambiguous_date", f"“{text}” can be read in two ways. Write 2016-11-03 or 3 Nov 2016."
            )
        raise PartialDateError(
            "invalid_date",
            "Write the date as far as it is known: 2016-11-03, 2016-11, 2016, 3 Nov 2016 or age 12.",
        )

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
                raise PartialDateError("impossible_date", f"Age {age} is beyond {OLDEST_AGE} years.")
            return cls(age=age)
        if year is None or not EARLIEST_YEAR <= year <= LATEST_YEAR:
            raise PartialDateError(
                "impossible_date", f"The year must lie between {EARLIEST_YEAR} and {LATEST_YEAR}."
            )
        if month is not None and not 1 <= month <= 12:
            raise PartialDateError("impossible_date", f"There is no month {month}.")
        if day is not None and month is not None and not 1 <= day <= calendar.monthrange(year, month)[1]:
            raise PartialDateError(
                "impossible_date", f"There is no day {day} in {calendar.month_name[month]} {year}."
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
        """3 Nov 2016, Nov 2016, 2016 or age 12."""
        if self.age is not None:
            return f"age {self.age}"
        if not self.month:
            return str(self.year)
        month = f"{calendar.month_abbr[self.month]} {self.year}"
        return f"{self.day} {month}" if self.day else month
