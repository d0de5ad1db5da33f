"""Escalation: who is mailed when, once, and what is kept of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.db.utils import DatabaseError
from django.utils import timezone

from apps.safety import clock_mail
from apps.safety.actions import reminders as actions
from apps.safety.actions.alerts import late_growth
from apps.safety.models import AdverseEvent, Reminder, SafetyAlert
from apps.safety.tasks import remind
from studyportal import protocol
from studyportal.deviations.models import Deviation
from tests.apps.enrolment.factories import a_case
from tests.apps.safety.reported import HOUR, a_product, a_serious_event, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def mails(monkeypatch: Any, django_capture_on_commit_callbacks: Any) -> Any:
    """`mails(now=…)` runs the escalation and gives what was handed over: address → lines."""
    found: dict[str, list[str]] = {}
    monkeypatch.setattr(clock_mail, "is_wanted", lambda: True)
    monkeypatch.setattr(clock_mail, "hand_over", lambda address, lines: found.update({address: lines}))

    def run(now: dt.datetime | None = None) -> dict[str, list[str]]:
        found.clear()
        with django_capture_on_commit_callbacks(execute=True):
            actions.remind(now=now)
        return dict(found)

    return run


@pytest.fixture(autouse=True)
def _addresses(cast: Any) -> None:
    for name in ("asha", "rao", "meera", "vikram"):
        person = getattr(cast, name)
        person.email = f"{name}@example.org"
        person.save()


def test_nobody_is_told_of_what_is_not_serious_or_history_or_done(cast: Any, mails: Any) -> None:
    a_serious_event(cast, serious=False, serious_criteria=None)
    a_serious_event(cast, by=cast.meera, participant=a_case(cast, by=cast.meera, retrospective=True))
    assert mails() == {}
    assert not Reminder.objects.exists()


def test_without_mail_nothing_is_written_so_that_it_is_told_later(cast: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(clock_mail, "is_wanted", lambda: False)
    a_serious_event(cast)
    assert actions.remind() == 0
    assert not Reminder.objects.exists()


def test_at_the_start_the_investigator_is_told_once_in_one_mail(cast: Any, mails: Any) -> None:
    event = a_serious_event(cast)
    told = mails()
    assert set(told) == {"rao@example.org"}
    lines = told["rao@example.org"]
    assert len(lines) == 6  # one for each clock
    assert all(event.participant.code in line and "MUM" in line for line in lines)
    assert mails() == {}
    assert Reminder.objects.filter(event=event, level="opened", recipients=["rao"]).count() == 6


def test_a_mail_says_codes_and_times_and_never_what_happened(cast: Any, mails: Any) -> None:
    a_serious_event(cast, verbatim="Sunita had a seizure")
    (line,) = [line for line in mails()["rao@example.org"] if "to the ethics committee." in line][:1]
    assert "Sunita" not in line and "seizure" not in line
    assert "(UTC+05:30)" in line


def test_levels_rise_and_reach_more_people(cast: Any, mails: Any) -> None:
    event = a_serious_event(cast, aware=0)
    start = AdverseEvent.objects.get(pk=event.pk).aware_at
    mails()
    assert mails(start + 17 * HOUR) == {}
    assert set(mails(start + 18 * HOUR)) == {"rao@example.org", "asha@example.org"}
    assert mails(start + 20 * HOUR) == {}
    assert set(mails(start + 24 * HOUR)) == {"rao@example.org", "meera@example.org"}
    assert set(mails(start + 48 * HOUR)) == {"rao@example.org", "asha@example.org", "meera@example.org"}
    assert mails(start + 100 * HOUR) == {}


def test_after_a_pause_only_the_last_level_is_told(cast: Any, mails: Any) -> None:
    event = a_serious_event(cast, aware=30)
    mails()
    levels = set(
        Reminder.objects.filter(event=event, clock="investigator_report").values_list("level", flat=True)
    )
    assert levels == {"overdue"}


def test_a_report_makes_its_clock_silent(cast: Any, mails: Any) -> None:
    event = a_serious_event(cast)
    sent(event, cast.rao)
    mails()
    assert not Reminder.objects.filter(clock="investigator_report").exists()
    assert Reminder.objects.filter(clock="investigator_report_sponsor").exists()


def test_another_site_hears_nothing(cast: Any, mails: Any) -> None:
    a_serious_event(cast)
    assert "vikram@example.org" not in mails(timezone.now() + 20 * HOUR)


def test_who_has_no_address_is_named_and_a_role_that_nobody_holds_too(cast: Any, mails: Any) -> None:
    cast.rao.email = ""
    cast.rao.save()
    event = a_serious_event(cast)
    assert mails() == {}
    assert Reminder.objects.filter(event=event).first().unreached == ["rao"]  # type: ignore[union-attr]
    cast.rao.memberships.all().update(valid_until="2020-02-01")
    other = a_serious_event(cast)
    mails()
    assert Reminder.objects.filter(event=other).first().unreached == ["role:investigator"]  # type: ignore[union-attr]


def test_of_an_event_of_which_nobody_said_whether_it_is_serious(cast: Any, mails: Any) -> None:
    a_serious_event(cast, serious=None, serious_criteria=None, aware=1)
    assert mails() == {}
    told = mails(timezone.now() + 20 * HOUR)
    assert "it is not said yet whether it is serious" in told["rao@example.org"][0]


def test_what_ran_out_becomes_a_deviation_by_itself_and_once(cast: Any, mails: Any) -> None:
    event = a_serious_event(cast, aware=1)
    assert not Deviation.objects.exists()
    later = AdverseEvent.objects.get(pk=event.pk).aware_at + 24 * HOUR
    mails(later)
    assert not Deviation.objects.exists()
    mails(later + dt.timedelta(seconds=1))
    assert Deviation.objects.filter(object_id=event.pk, kind="safety").count() == 3
    mails(later + HOUR)
    assert Deviation.objects.count() == 3
    assert set(Deviation.objects.values_list("version", flat=True)) == {1}


def test_an_alert_that_nobody_acknowledges_is_told_again(cast: Any, mails: Any) -> None:
    late_growth(product=a_product(cast), organism="", cultures=("aerobic",), by=cast.asha)
    alert = SafetyAlert.objects.get()

    def lines(now: dt.datetime) -> set[str]:
        return {
            who for who, said in mails(now).items() if any("Nobody has acknowledged" in one for one in said)
        }

    assert lines(alert.raised_at) == {"rao@example.org"}
    assert lines(alert.raised_at + HOUR) == set()
    assert lines(alert.raised_at + 4 * HOUR) == {"rao@example.org", "asha@example.org"}
    assert lines(alert.raised_at + 24 * HOUR) == {"rao@example.org", "asha@example.org", "meera@example.org"}
    assert lines(alert.raised_at + 99 * HOUR) == set()


def test_reminders_cannot_be_changed(cast: Any, mails: Any) -> None:
    a_serious_event(cast)
    mails()
    with pytest.raises(DatabaseError), transaction.atomic():
        Reminder.objects.update(recipients=[])


def test_the_number_of_queries_does_not_grow_with_what_is_reported(cast: Any, mails: Any) -> None:
    from tests.counting import questions

    for _number in range(2):
        a_serious_event(cast)
    mails()
    with questions() as few:
        mails()
    for _number in range(8):
        sent(a_serious_event(cast), cast.rao)
    mails()
    with questions() as many:
        mails()
    assert len(few) == len(many)


def test_the_task_runs_for_nobody_and_the_mail_is_sent(
    cast: Any, monkeypatch: Any, settings: Any, eager_jobs: None
) -> None:
    settings.MAIL_IS_SET_UP = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    a_serious_event(cast)
    monkeypatch.setattr(transaction, "on_commit", lambda call: call())
    assert remind() == 6
    (one,) = mail.outbox
    assert one.to == ["rao@example.org"]
    assert one.subject == "Safety: 6 matters to see to"
    assert "Sign in to the portal" in one.body


def test_the_protocol_reminds_only_roles_that_there_are(monkeypatch: Any) -> None:
    from apps.safety.checks_of_protocol import roles_are_known

    assert roles_are_known() == []
    text = protocol.current().text.replace("roles: [investigator, data_manager]", "roles: [nobody]")
    monkeypatch.setattr(protocol, "current", lambda: protocol.parse(text))
    assert [one.id for one in roles_are_known()] == ["safety.E001"]
