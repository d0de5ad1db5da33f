"""The feed: whom a secret address opens, what it holds, and what it never holds."""

from __future__ import annotations

import datetime as dt
from typing import Any

import icalendar
import pytest
from django.test import Client

from apps.casebook.calendar import feeds
from apps.visits.models import CalendarFeed
from studyportal.access.models import Membership
from tests.apps.casebook.conftest import Cohort
from tests.cast import Cast
from tests.days import today

pytestmark = pytest.mark.django_db


def read(secret: str) -> Any:
    return Client().get(f"/calendar/feed/{secret}.ics")


def events(secret: str) -> list[Any]:
    answer = read(secret)
    assert answer.status_code == 200
    return icalendar.Calendar.from_ical(answer.content).walk("VEVENT")


@pytest.mark.parametrize("secret", ["wrong", "a" * 43, "\U0001f600", "..%2F..", "x" * 3000])
def test_a_wrong_secret_opens_nothing(db: Any, secret: str) -> None:
    answer = read(secret)
    assert answer.status_code == 404
    assert b"BEGIN:VCALENDAR" not in answer.content


@pytest.mark.parametrize("name", ["admin", "norole"])
def test_who_sees_no_participants_makes_none(cast: Cast, page: Any, name: str) -> None:
    assert page(getattr(cast, name)).post("/calendar/feed/new/").status_code == 403


def test_it_is_made_by_a_post_alone(cast: Cast, page: Any) -> None:
    assert page(cast.asha).get("/calendar/feed/new/").status_code == 405
    assert not CalendarFeed.objects.exists()


def test_a_new_address_ends_the_one_before_and_taking_back_ends_it(cast: Cast, page: Any) -> None:
    first, second = feeds.make(by=cast.asha), feeds.make(by=cast.asha)
    assert (read(first).status_code, read(second).status_code) == (404, 200)
    page(cast.asha).post("/calendar/feed/end/")
    assert read(second).status_code == 404


def test_it_ends_with_the_account_and_with_the_roles(cast: Cast, cohort: Cohort) -> None:
    cohort.case(day_0=today() - dt.timedelta(days=40))
    secret = feeds.make(by=cast.asha)
    assert events(secret)
    Membership.objects.filter(user=cast.asha).update(valid_until=today() - dt.timedelta(days=2))
    assert events(secret) == []
    cast.asha.is_active = False
    cast.asha.save()
    assert read(secret).status_code == 404


def test_only_the_hash_is_kept_and_the_page_shows_it_once(cast: Cast, page: Any) -> None:
    answer = page(cast.asha).post("/calendar/feed/new/").content.decode()
    secret = answer.split("/calendar/feed/")[1].split(".ics")[0]
    assert read(secret).status_code == 200
    assert secret not in str(CalendarFeed.objects.values())
    assert secret not in page(cast.asha).get("/calendar/").content.decode()
    assert CalendarFeed.objects.get().read_on == today()


def test_the_visits_to_come_of_the_own_sites_by_code_alone(cast: Cast, cohort: Cohort) -> None:
    now = today()
    case = cohort.case(day_0=now - dt.timedelta(days=40), label="tall, from Nashik")
    other = cohort.case(day_0=now - dt.timedelta(days=40), site=cast.pune)
    body = read(feeds.make(by=cast.asha)).content.decode()
    assert case.code in body and other.code not in body and "Nashik" not in body
    found = {str(one["uid"]): one for one in events(feeds.make(by=cast.asha))}
    month_3 = found[f"{case.code}-M3@studyportal"]
    assert month_3["dtstart"].dt == now - dt.timedelta(days=40) + dt.timedelta(days=90)
    assert month_3["dtend"].dt - month_3["dtstart"].dt == dt.timedelta(days=1)
    assert str(month_3["url"]).startswith("http://testserver/participants/")
    assert len(found) == len(events(feeds.make(by=cast.asha))), "each UID stands once"


def test_a_visit_that_took_place_is_no_longer_in_it(cast: Cast, cohort: Cohort) -> None:
    now = today()
    case = cohort.case(day_0=now - dt.timedelta(days=30))
    secret = feeds.make(by=cast.asha)
    assert any(str(one["uid"]).startswith(f"{case.code}-M1@") for one in events(secret))
    cohort.visit(case, "M1", happened_on=str(now))
    assert not any(str(one["uid"]).startswith(f"{case.code}-M1@") for one in events(secret))
