"""How old a question is: each bound, the day before and the day after; and the database says the same."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from studyportal.access.models import Site
from studyportal.queries import actions, rules, selectors
from studyportal.queries.models import Query
from studyportal.queries.rules import Age

ASKED = dt.date(2026, 2, 27)


@pytest.mark.parametrize(
    ("today", "days"),
    [
        (dt.date(2026, 2, 26), 0),  # a clock that went back
        (dt.date(2026, 2, 27), 0),
        (dt.date(2026, 2, 28), 1),
        (dt.date(2026, 3, 1), 2),  # no 29 February in 2026
        (dt.date(2027, 2, 27), 365),
    ],
)
def test_age(today: dt.date, days: int) -> None:
    assert rules.age_in_days(ASKED, today) == days


def test_age_over_a_leap_day() -> None:
    assert rules.age_in_days(dt.date(2024, 2, 28), dt.date(2024, 3, 1)) == 2


@pytest.mark.parametrize(
    ("days", "band"),
    [
        (0, Age.WEEK),
        (7, Age.WEEK),
        (8, Age.FORTNIGHT),
        (14, Age.FORTNIGHT),
        (15, Age.MONTH),
        (30, Age.MONTH),
        (31, Age.OLDER),
        (4000, Age.OLDER),
    ],
)
def test_bands(days: int, band: Age) -> None:
    assert rules.band_of(days) == band
    one = rules.band(band)
    assert one.first <= days and (one.last is None or days <= one.last)


def test_bands_leave_no_day_out() -> None:
    ends = [(one.first, one.last) for one in rules.BANDS]
    assert ends[0][0] == 0 and ends[-1][1] is None
    assert all(before[1] + 1 == after[0] for before, after in itertools.pairwise(ends))  # type: ignore[operator]


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York", "Pacific/Kiritimati", "UTC"])
def test_the_database_counts_as_the_rule_on_both_sides_of_midnight(
    cast: Any, query: Query, zone: str
) -> None:
    Site.objects.filter(pk=cast.mumbai.pk).update(timezone=zone)
    home = Site.objects.get(pk=cast.mumbai.pk)
    midnight = dt.datetime(2026, 3, 8, tzinfo=ZoneInfo(zone))
    for asked in (midnight - dt.timedelta(seconds=1), midnight, midnight + dt.timedelta(hours=23)):
        Query.objects.filter(pk=query.pk).update(opened_at=asked)
        for now in (
            midnight - dt.timedelta(seconds=1),
            midnight,
            midnight + dt.timedelta(days=8, seconds=-1),
        ):
            (found,) = selectors.with_age(Query.objects.all(), now=now)
            days = [moment.astimezone(ZoneInfo(home.timezone)).date() for moment in (asked, now)]
            assert found.age == rules.age_in_days(*days)  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_asked_again_it_is_new(cast: Any, query: Query) -> None:
    Query.objects.filter(pk=query.pk).update(opened_at=timezone.now() - dt.timedelta(days=40))

    def of_age(age: Age) -> int:
        return selectors.queries(cast.meera, selectors.Choice(age=age)).count()

    assert (of_age(Age.OLDER), of_age(Age.WEEK)) == (1, 0)
    actions.answer(query=query, text="Glargine.", by=cast.asha)
    assert of_age(Age.OLDER) == 1, "an answer makes it no younger"
    actions.reopen(query=query, text="Since when?", by=cast.meera)
    assert (of_age(Age.OLDER), of_age(Age.WEEK)) == (0, 1)
    actions.close(query=query, text="", by=cast.meera)
    assert of_age(Age.WEEK) == 0
