"""Ages for decisions, birthdays for who may know them, and nothing for anybody to print or keep."""

from __future__ import annotations

import copy
import datetime as dt
import json
import pickle
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from studyportal.access import walls
from studyportal.identity import actions, births
from studyportal.identity.births import Ages
from studyportal.identity.models import Identity
from tests.apps.enrolment.factories import a_case
from tests.cast import Cast

pytestmark = pytest.mark.django_db
DAY = dt.date(2019, 5, 13)


def born(cast: Cast, on: str, *, site: Any = None, by: Any = None) -> Any:
    participant = a_case(cast, site=site, by=by)
    actions.record(participant=participant, raw={"full_name": "Zarina", "birth_date": on}, by=by or cast.asha)
    return participant


def test_what_shows_ages_shows_nothing() -> None:
    ages = Ages(dt.date(2001, 5, 14), dt.date(2001, 5, 14))
    for said in (repr(ages), str(ages), f"{ages}"):
        assert said == "<Ages: not shown>"
    for keep in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            keep(ages)
    with pytest.raises(TypeError):
        json.dumps(ages)


@pytest.mark.parametrize(
    ("birth", "day", "expected"),
    [
        ("2001-05-14", "2019-05-13", (17, 17)),
        ("2001-05-14", "2019-05-14", (18, 18)),
        ("2001-05", "2019-05-14", (17, 18)),
        ("2001-05", "2019-05-31", (18, 18)),
        ("2001", "2019-05-14", (17, 18)),
        ("2004-02-29", "2022-02-28", (17, 17)),
        ("2004-02-29", "2022-03-01", (18, 18)),
    ],
)
def test_ages_as_far_as_the_birth_date_is_known(
    cast: Cast, birth: str, day: str, expected: tuple[int, int]
) -> None:
    participant = born(cast, birth)
    assert births.ages_of([participant.pk])[participant.pk].on(dt.date.fromisoformat(day)) == expected


def test_without_a_birth_date_nobody_has_an_age(cast: Cast) -> None:
    participant, nobody = born(cast, ""), a_case(cast)
    assert births.ages_of([participant.pk, nobody.pk]) == {}
    assert births.ages_of([]) == {}
    assert births.turning([participant.pk], [18], by=cast.asha) == {}


def test_a_decision_is_taken_for_everybody_and_the_wall_closes_again(cast: Cast) -> None:
    participant = born(cast, "2001-05-14")
    for who in (cast.asha, cast.meera, cast.farah):
        with walls.opened(who):
            assert births.ages_of([participant.pk])[participant.pk].on(DAY) == (17, 17)
    with walls.opened(cast.meera):
        births.ages_of([participant.pk])
        assert not Identity.objects.exists()


def test_nobody_is_told_of_a_participant_of_another_site(cast: Cast) -> None:
    here, there = born(cast, "2001-05-14"), born(cast, "2003-01-01", site=cast.pune, by=cast.vikram)
    with walls.opened(cast.asha):
        assert set(births.ages_of([here.pk, there.pk])) == {here.pk}
    with walls.opened(cast.norole):
        assert births.ages_of([here.pk, there.pk]) == {}


@pytest.mark.parametrize(
    ("who", "told"), [("asha", True), ("rao", True), ("meera", False), ("vikram", False), ("farah", False)]
)
def test_birthdays_are_for_who_may_see_the_identity(cast: Cast, who: str, told: bool) -> None:
    participant = born(cast, "2004-02-29")
    user = getattr(cast, who)
    day = dt.date(2022, 3, 1)
    for inside in (True, False):
        if inside:
            with walls.opened(user):
                found = births.turning([participant.pk], [13, 18], by=user)
        else:
            found = births.turning([participant.pk], [13, 18], by=user)
        assert found == ({participant.pk: {13: (dt.date(2017, 3, 1),) * 2, 18: (day, day)}} if told else {})


def test_birthdays_as_far_as_they_are_known(cast: Cast) -> None:
    month, year = born(cast, "2004-02"), born(cast, "2004")
    found = births.turning([month.pk, year.pk], [18], by=cast.asha)
    assert found[month.pk][18] == (dt.date(2022, 2, 1), dt.date(2022, 3, 1))
    assert found[year.pk][18] == (dt.date(2022, 1, 1), dt.date(2022, 12, 31))


def test_the_year_alone_is_what_demographics_tell_anyway() -> None:
    ages = Ages(dt.date(2001, 5, 14), dt.date(2001, 5, 14)).by_year()
    assert ages.on(dt.date(2019, 1, 1)) == (17, 18)
    assert ages.on(dt.date(2019, 5, 13)) == ages.on(dt.date(2019, 5, 14)) == (17, 18)
    assert ages.on(dt.date(2020, 1, 1)) == (18, 19)


def test_a_closed_process_and_a_lost_key_know_no_age(cast: Cast, settings: Any, new_key: Any) -> None:
    participant = born(cast, "2001-05-14")
    keys = settings.IDENTITY_KEYS
    settings.IDENTITY_KEYS = (new_key(),)
    assert births.ages_of([participant.pk]) == {}
    settings.IDENTITY_KEYS, settings.IDENTITY_CLOSED = keys, True
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert births.ages_of([participant.pk]) == {}
    assert len(queries) == 0


def test_as_many_queries_for_many_as_for_one(cast: Cast) -> None:
    people = [born(cast, "2001-05-14") for _ in range(5)]
    counted = []
    for some in (people[:1], people):
        with walls.opened(cast.meera), CaptureQueriesContext(connection) as queries:
            births.ages_of([one.pk for one in some])
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 4
