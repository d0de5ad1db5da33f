"""The mail of the morning: to whom, when, once a day, and with codes only."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apps.casebook.calendar import reminders
from apps.casebook.tasks import remind
from studyportal.mail import actions as mail
from tests.apps.casebook.conftest import Cohort
from tests.cast import Cast
from tests.days import today

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mail_is_set_up(settings: Any) -> None:
    settings.MAIL_IS_SET_UP = True


@pytest.fixture
def asha(cast: Cast) -> Any:
    cast.asha.email = "asha@example.org"
    cast.asha.save()
    return cast.asha


def at(hour: int, days: int = 0) -> dt.datetime:
    """An hour of today, so many days on, in Mumbai."""
    day = today(days)
    return dt.datetime.combine(day, dt.time(hour), ZoneInfo("Asia/Kolkata"))


def overdue_case(cohort: Cohort) -> Any:
    # Day 7 ± 2 closed on day 9.
    return cohort.case(day_0=today() - dt.timedelta(days=12))


def test_nobody_without_an_address_a_role_or_a_visit(cast: Cast, cohort: Cohort) -> None:
    for person in (cast.farah, cast.sanjay, cast.admin, cast.meera):
        person.email = f"{person.username}@example.org"
        person.save()
    overdue_case(cohort)
    assert reminders.remind(at(9)) == 0


def test_none_when_there_is_nothing_to_arrange(asha: Any, cohort: Cohort) -> None:
    cohort.case(day_0=today() - dt.timedelta(days=400), site=cohort.cast.pune)
    assert reminders.remind(at(9)) == 0


def test_none_before_the_morning_of_the_site(asha: Any, cohort: Cohort) -> None:
    overdue_case(cohort)
    assert reminders.remind(at(reminders.FROM_HOUR - 1)) == 0
    assert reminders.remind(at(reminders.FROM_HOUR)) == 1


def test_once_a_day_and_not_to_who_left_it(asha: Any, cohort: Cohort) -> None:
    overdue_case(cohort)
    assert [reminders.remind(at(7)), reminders.remind(at(8)), reminders.remind(at(7, days=1))] == [1, 0, 1]
    mail.choose(by=asha, wanted=[])
    assert reminders.remind(at(7, days=2)) == 0


def test_what_it_says(asha: Any, cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[dict[str, Any]] = []
    monkeypatch.setattr(mail, "hand_over", lambda **one: handed.append(one))
    case = cohort.case(day_0=today() - dt.timedelta(days=12), label="tall, from Nashik")
    lines = reminders.to_arrange(asha, today())
    assert reminders.remind(at(9)) == 1
    (sent,) = handed
    assert sent["to"] == ["asha@example.org"]
    assert sent["subject"].startswith("Visits: ") and "overdue" in sent["subject"]
    assert case.code in sent["body"] and "Nashik" not in sent["body"]
    assert sent["body"].count("\n- ") + sent["body"].startswith("- ") == len(lines)


def test_the_task_tells_the_whole_study(asha: Any, cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> None:
    overdue_case(cohort)
    monkeypatch.setattr(reminders, "FROM_HOUR", 0)
    assert remind() == 1
