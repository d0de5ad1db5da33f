"""What a person types of a deviation, read and judged: texts, days, choices. Problems are gathered, not raised one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from studyportal.access.clock import today_at
from studyportal.access.models import Site, User
from studyportal.crf.errors import CrfInvalid
from studyportal.crf.outcomes import Problem
from studyportal.deviations.models import Classification, Kind
from studyportal.identity.selectors import mentioned_in

LONGEST = 4000
LONGEST_OF = {"responsible": 80, "committee_reference": 80, "code": 80}
SHORTEST = 5  # of words that are to say something
# Before this nothing of a study happened: a slip of the century is asked about.
FIRST_YEAR = 1990


class Typed:
    """The reader of one form. Each method gives the value and notes what is wrong with it."""

    def __init__(self, *, site: Site) -> None:
        self.site = site
        self.problems: list[Problem] = []

    def problem(self, field: str, code: str, message: str) -> None:
        self.problems.append(Problem(field, code, message))

    def text(self, field: str, raw: Any, *, needed: bool = False) -> str:
        """Words without blanks around them; "" when none are given."""
        if raw is None:
            raw = ""
        if not isinstance(raw, str):
            self.problem(field, "type", _("Give this as text."))
            return ""
        text = raw.replace("\r\n", "\n").strip()
        longest = LONGEST_OF.get(field, LONGEST)
        if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
            self.problem(field, "nul_character", _("This contains a character that no text has; delete it."))
        elif len(text) > longest:
            self.problem(field, "max_length", _("At most %d characters.") % longest)
        elif needed and not text:
            self.problem(field, "required", _("Write it in a sentence."))
        elif needed and len(text) < SHORTEST:
            self.problem(field, "too_short", _("Say it in %d characters or more.") % SHORTEST)
        return text

    def choice(self, field: str, raw: Any, allowed: Iterable[str]) -> str:
        allowed = list(allowed)
        if not isinstance(raw, str) or raw not in allowed:
            given = _("Choose one.") if raw in (None, "") else _("“%s” is none of them.") % str(raw)[:40]
            self.problem(field, "choice", f"{given} " + _("One of: %s.") % ", ".join(allowed))
            return ""
        return raw

    def classification(self, raw: Any, field: str = "classification") -> str:
        return self.choice(field, raw, Classification.values)

    def kind(self, raw: Any, field: str = "kind") -> str:
        return self.choice(field, raw, Kind.values)

    def day(self, field: str, raw: Any, *, past: bool = True) -> dt.date | None:
        """A day, None when none is given. past: it has been, so that a later day than today at the site is refused."""
        if raw is None or raw == "":
            return None
        if isinstance(raw, dt.datetime):
            raw = raw.date()
        if isinstance(raw, str):
            try:
                raw = dt.date.fromisoformat(raw.strip())
            except ValueError:
                self.problem(field, "date", _("Write the day as year-month-day, such as 2026-11-03."))
                return None
        if not isinstance(raw, dt.date):
            self.problem(field, "date", _("Write the day as year-month-day, such as 2026-11-03."))
            return None
        today = today_at(self.site)
        if past and raw > today:
            self.problem(
                field,
                "in_future",
                _("%(day)s has not come yet: today is %(today)s at the site.")
                % {"day": raw.isoformat(), "today": today.isoformat()},
            )
        elif raw.year < FIRST_YEAR or raw.year > today.year + 5:
            self.problem(field, "implausible", _("The year %d cannot be meant.") % raw.year)
        return raw

    def not_before(self, field: str, day: dt.date | None, first: dt.date | None) -> None:
        """A step is not taken before the deviation happened."""
        if day is not None and first is not None and day < first:
            self.problem(
                field,
                "order",
                _("%(day)s is before the deviation, which happened on %(first)s; correct one of the two.")
                % {"day": day.isoformat(), "first": first.isoformat()},
            )

    def nobody_named(self, participant: Any, texts: Mapping[str, str], by: User) -> None:
        """These words are read by people who must not know who the participant is."""
        for name, text in texts.items():
            if mentioned_in(participant, text, by):
                self.problem(
                    name, "names_person", _("This names the participant. Use the code, or other words.")
                )

    def settle(self) -> None:
        """Raise what was noted, if anything was."""
        if self.problems:
            raise CrfInvalid(self.problems)
