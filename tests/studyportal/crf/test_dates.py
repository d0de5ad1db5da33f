"""Dates as people type them: a page reads more than a file, because it answers in words at once."""

from __future__ import annotations

import datetime as dt

import pytest

from studyportal.crf.partial_date import PartialDate, PartialDateError

TODAY = dt.date(2016, 11, 12)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2016-11-12", "2016-11-12"),
        ("2016/11/12", "2016-11-12"),
        ("12 nov 2016", "2016-11-12"),
        ("12nov2016", "2016-11-12"),
        ("12-Nov-2016", "2016-11-12"),
        ("12th November 2016", "2016-11-12"),
        ("Nov 12 2016", "2016-11-12"),
        ("November 12, 2016", "2016-11-12"),
        ("1 sept 2016", "2016-09-01"),
        ("nov 2016", "2016-11"),
        ("11/2016", "2016-11"),
        ("2016", "2016"),
        ("age 12", "age:12"),
        ("12 years old", "age:12"),
        ("12y", "age:12"),
        ("29 feb 2016", "2016-02-29"),
    ],
)
def test_read_by_every_road(text: str, read: str) -> None:
    assert str(PartialDate.parse(text)) == read
    assert str(PartialDate.typed(f" {text} ", today=TODAY)) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("12/11/2016", "2016-11-12"),
        ("12.11.2016", "2016-11-12"),
        ("12-11-2016", "2016-11-12"),
        ("31/12/2015", "2015-12-31"),
        ("today", "2016-11-12"),
        ("Yesterday", "2016-11-11"),
        ("tomorrow", "2016-11-13"),
        ("-3d", "2016-11-09"),
        ("- 3 days", "2016-11-09"),
        ("3 days ago", "2016-11-09"),
        ("-2w", "2016-10-29"),
        ("+2w", "2016-11-26"),
        ("in 2 weeks", "2016-11-26"),
    ],
)
def test_read_on_a_page_only(text: str, read: str) -> None:
    assert str(PartialDate.typed(text, today=TODAY)) == read
    with pytest.raises(PartialDateError):
        PartialDate.parse(text)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("03/25/2016", "ambiguous_date", "25 Mar 2016"),
        ("12/11/16", "ambiguous_date", "12 Nov 2016 or 11 Dec 2016"),
        ("12 nov 16", "invalid_date", "12 Nov 2016"),
        ("nvo 2016", "invalid_date", "Nov 2016"),
        ("12 Novmber 2016", "invalid_date", "12 Nov 2016"),
        ("30 feb 2016", "impossible_date", "29 days"),
        ("29 feb 2015", "impossible_date", "28 days"),
        ("31/4/2016", "impossible_date", "30 days"),
        ("99/99/2016", "impossible_date", "no day of the calendar"),
        ("2016-13", "impossible_date", "no month 13"),
        ("1899", "impossible_date", "1900"),
        ("-9999w", "impossible_date", "1900"),
        ("+9999w", "impossible_date", "2100"),
        ("age 121", "impossible_date", "120"),
        ("soon", "invalid_date", "as far as it is known"),
        ("१२ नवंबर २०१६", "invalid_date", "as far as it is known"),
        ("\u202e2016-11-12", "invalid_date", "as far as it is known"),
        ("🎂", "invalid_date", "as far as it is known"),
    ],
)
def test_refused_with_what_may_have_been_meant(text: str, code: str, says: str) -> None:
    with pytest.raises(PartialDateError) as caught:
        PartialDate.typed(text, today=TODAY)
    assert caught.value.code == code
    assert says in caught.value.message


def test_a_file_is_told_both_days() -> None:
    with pytest.raises(PartialDateError, match="12 Nov 2016 or 11 Dec 2016") as caught:
        PartialDate.parse("12/11/2016")
    assert caught.value.code == "ambiguous_date"


def test_one_day_that_reads_the_same_both_ways_is_still_asked_about() -> None:
    with pytest.raises(PartialDateError, match="Is 11 Nov 2016 meant"):
        PartialDate.parse("11/11/2016")
