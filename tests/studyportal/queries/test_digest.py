"""The mail of the day: who gets which numbers, once, and never a word of what was asked."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core import mail as outbox
from django.utils import timezone

from studyportal.access.models import Membership
from studyportal.mail import actions as mail
from studyportal.mail.models import MailChoice, MailSent
from studyportal.queries import actions, digest
from studyportal.queries.models import Query
from studyportal.queries.tasks import send_digest

pytestmark = pytest.mark.django_db
SECRET = "Is this Sunita Patil's insulin?"


@pytest.fixture
def sent(monkeypatch: Any, settings: Any, django_capture_on_commit_callbacks: Any) -> Any:
    """`sent(now=…)` runs the digest and gives what was handed over: address → (subject, body)."""
    settings.MAIL_IS_SET_UP = True
    found: dict[str, tuple[str, str]] = {}

    def keep(*, to: Any, subject: str, body: str, attachments: Any = ()) -> None:
        assert len(to) == 1 and to[0] not in found, "one mail to one person"
        found[to[0]] = (subject, body)

    monkeypatch.setattr(mail, "hand_over", keep)

    def run(now: dt.datetime | None = None) -> dict[str, tuple[str, str]]:
        found.clear()
        assert digest.send_all(now) == len(found)
        return dict(found)

    return run


@pytest.fixture(autouse=True)
def _addresses(cast: Any) -> None:
    for user in cast.everyone().values():
        user.email = f"{user.username}@example.org"
        user.save()


@pytest.fixture
def asked(cast: Any, participant: Any) -> Query:
    return actions.raise_query(participant=participant, message=SECRET, by=cast.meera)


def test_nothing_waits_no_mail(sent: Any, cast: Any) -> None:
    assert sent() == {}
    assert not MailSent.objects.exists()


def test_without_mail_nothing_is_kept_so_that_it_is_told_later(asked: Query, settings: Any) -> None:
    settings.MAIL_IS_SET_UP = False
    assert send_digest() == 0
    assert not MailSent.objects.exists()


def test_those_of_the_site_who_enter_data_are_told_and_nobody_else(sent: Any, asked: Query) -> None:
    assert set(sent()) == {"asha@example.org", "rao@example.org", "meera@example.org"}


def test_who_left_is_deactivated_has_no_address_or_no_role_any_more_is_not_told(
    sent: Any, cast: Any, asked: Query
) -> None:
    cast.asha.email = ""
    cast.asha.save()
    cast.rao.is_active = False
    cast.rao.save()
    Membership.objects.filter(user=cast.meera).update(valid_until="2021-01-01")
    assert sent() == {}


def test_a_mail_holds_codes_and_never_what_was_asked_or_said(sent: Any, cast: Any, asked: Query) -> None:
    actions.answer(query=asked, text="Yes, Sunita takes it.", by=cast.asha)
    actions.reopen(query=asked, text="Which Sunita?", by=cast.meera)
    for subject, body in sent().values():
        assert "Sunita" not in subject + body and "insulin" not in subject + body
    subject, body = digest.written(digest.waiting_for(cast.asha))
    assert subject == "Queries: 1 to answer, 0 to accept"
    assert f"- MUM {asked.participant.code}: Participant, 0 days" in body


def test_each_is_told_what_is_his_or_hers(
    sent: Any, cast: Any, asked: Query, participant: Any, elsewhere: Any
) -> None:
    actions.assign(query=asked, to=cast.rao, by=cast.meera)
    there = actions.raise_query(participant=elsewhere, message="There?", by=cast.meera)
    actions.answer(query=there, text="Here.", by=cast.vikram)
    told = sent()
    # Asha is not told of what Rao is to answer; there is nothing else for her.
    assert set(told) == {"rao@example.org", "meera@example.org"}
    assert "1 query is assigned to you." in told["rao@example.org"][1]
    assert "1 answer waits to be accepted." in told["meera@example.org"][1]
    assert elsewhere.code not in told["rao@example.org"][1]


def test_once_a_day_by_the_calendar_of_the_reader(sent: Any, cast: Any, asked: Query) -> None:
    morning = dt.datetime(2026, 3, 1, 1, 0, tzinfo=dt.UTC)  # 06:30 in Mumbai
    assert set(sent(morning)) == {"asha@example.org", "rao@example.org", "meera@example.org"}
    assert sent(morning) == {}
    assert sent(dt.datetime(2026, 3, 1, 18, 29, tzinfo=dt.UTC)) == {}
    assert "asha@example.org" in sent(dt.datetime(2026, 3, 1, 18, 30, tzinfo=dt.UTC))  # midnight there


def test_who_does_not_want_it_has_none(sent: Any, cast: Any, asked: Query) -> None:
    mail.choose(by=cast.asha, wanted=[])
    assert "asha@example.org" not in sent()
    mail.choose(by=cast.asha, wanted=[digest.KIND])
    assert set(sent()) == {"asha@example.org"}
    assert MailChoice.objects.filter(kind=digest.KIND).count() == 1


def test_only_the_oldest_are_listed(cast: Any, participant: Any) -> None:
    for number in range(digest.LINES + 3):
        one = actions.raise_query(participant=participant, message=f"Question {number}?", by=cast.meera)
        Query.objects.filter(pk=one.pk).update(opened_at=timezone.now() - dt.timedelta(days=number))
    waiting = digest.waiting_for(cast.asha)
    assert (waiting.free, len(waiting.oldest)) == (digest.LINES + 3, digest.LINES)
    assert next(one.age for one in waiting.oldest) == digest.LINES + 2  # type: ignore[attr-defined]


def test_the_people_are_read_in_as_many_queries_whatever_waits(
    cast: Any, participant: Any, asked: Query, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        actions.raise_query(participant=participant, message=f"Question {number}?", by=cast.meera)
    with django_assert_max_num_queries(4):  # one for the roles
        digest.waiting_for(cast.asha)


def test_nothing_leaves_in_tests() -> None:
    assert outbox.outbox == []
