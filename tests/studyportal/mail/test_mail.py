"""The kernel of mails: what is handed over, what is kept of it, and the page on which one chooses."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from celery import current_app
from django.core import mail as outbox
from kombu.exceptions import OperationalError

from studyportal.mail import actions, kinds
from studyportal.mail.models import MailChoice, MailSent
from studyportal.mail.tasks import send

pytestmark = pytest.mark.django_db
KIND = "queries.digest"
DAY = dt.date(2026, 3, 1)


@pytest.fixture
def queue(monkeypatch: Any, settings: Any) -> list[dict[str, Any]]:
    """What reached the queue."""
    settings.MAIL_IS_SET_UP = True
    found: list[dict[str, Any]] = []

    class Task:
        def __init__(self, name: str, kwargs: dict[str, Any]) -> None:
            assert name == actions.TASK
            self.packed = kwargs["packed"]

        def apply_async(self) -> None:
            found.append(self.packed)

    monkeypatch.setattr(current_app, "signature", lambda name, kwargs: Task(name, kwargs))
    return found


@pytest.fixture
def asha(cast: Any) -> Any:
    cast.asha.email = "asha@example.org"
    cast.asha.save()
    return cast.asha


def test_handed_over_when_it_is_committed_and_sent_by_the_task(
    queue: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        actions.hand_over(
            to=["a@example.org"], subject="Two\r\nBcc: x@example.org", body="Words",
            attachments=[actions.Attachment("a.json", "{}", "application/json")],
        )  # fmt: skip
        assert queue == []
    (packed,) = queue
    assert packed["subject"] == "Two Bcc: x@example.org", "one line, and no header of somebody else"
    send(packed)
    (mail,) = outbox.outbox
    assert (mail.to, mail.body, mail.attachments[0][0]) == (["a@example.org"], "Words", "a.json")


def test_a_queue_that_is_away_breaks_nothing(
    monkeypatch: Any, settings: Any, django_capture_on_commit_callbacks: Any, caplog: Any
) -> None:
    settings.MAIL_IS_SET_UP = True

    def away(*_: Any, **__: Any) -> Any:
        raise OperationalError("away")

    monkeypatch.setattr(current_app, "signature", away)
    with django_capture_on_commit_callbacks(execute=True):
        actions.hand_over(to=["a@example.org"], subject="x", body="y")
    assert "could not be handed" in caplog.text


def test_without_mail_or_address_nothing_is_queued(
    queue: list[Any], settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        actions.hand_over(to=[], subject="x", body="y")
        settings.MAIL_IS_SET_UP = False
        actions.hand_over(to=["a@example.org"], subject="x", body="y")
    assert queue == []


def test_told_once_a_day(queue: list[Any], asha: Any, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        told = [
            actions.tell(KIND, user=asha, on=day, subject="x", body="y")
            for day in (DAY, DAY, DAY.replace(day=2))
        ]
    assert told == [True, False, True]
    assert len(queue) == MailSent.objects.count() == 2


@pytest.mark.parametrize("why", ["no mail", "no address", "deactivated", "no role", "does not want it"])
def test_not_told(queue: list[Any], settings: Any, cast: Any, asha: Any, why: str) -> None:
    user = asha
    if why == "no mail":
        settings.MAIL_IS_SET_UP = False
    elif why == "no address":
        user.email = ""
    elif why == "deactivated":
        user.is_active = False
    elif why == "no role":
        user = cast.norole
        user.email = "n@example.org"
    else:
        actions.choose(by=user, wanted=[])
    assert not actions.tell(KIND, user=user, on=DAY, subject="x", body="y")
    assert not MailSent.objects.exists()


def test_an_unknown_kind_is_a_fault_of_the_program(asha: Any) -> None:
    assert not kinds.known("nothing")
    with pytest.raises(KeyError):
        actions.tell("nothing", user=asha, on=DAY, subject="x", body="y")


def test_the_page_offers_what_ones_roles_may_have(cast: Any, page: Any, asha: Any, settings: Any) -> None:
    url = "/account/mails/"
    assert page(None).get(url)["Location"].startswith("/sign-in/")
    assert KIND not in page(cast.farah).get(url).content.decode()
    client = page(asha)
    settings.MAIL_IS_SET_UP = True
    shown = client.get(url).content.decode()
    assert f'value="{KIND}" checked' in shown and "asha@example.org" in shown
    assert client.post(url, {}).status_code == 302
    assert f'value="{KIND}" checked' not in client.get(url).content.decode()
    # What one may not have cannot be chosen either.
    page(cast.farah).post(url, {"wanted": [KIND, "nothing"]})
    assert set(MailChoice.objects.values_list("user", "wanted")) == {(asha.pk, False)}
