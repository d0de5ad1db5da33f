"""Revocation against what is going on at the same moment, on real connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from studyportal.access import delegation, people, standing, tokens
from studyportal.access.models import ApiToken, Membership, User
from studyportal.access.permissions import Permission
from studyportal.access.refusals import NotDone
from studyportal.access.tokens import TokenRefused

pytestmark = pytest.mark.django_db(transaction=True)


def in_thread(act: Callable[[], Any], results: dict[str, Any], name: str) -> threading.Thread:
    def run() -> None:
        try:
            results[name] = act()
        except Exception as error:
            results[name] = error
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def waiting(count: int = 1, patience: float = 20.0) -> None:
    """Until so many sessions wait for an advisory lock."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            if cursor.fetchone()[0] >= count:
                return
        time.sleep(0.02)
    pytest.fail("nobody waited")


@pytest.mark.parametrize("road", ["end_membership", "deactivate", "password"])
def test_a_revocation_waits_for_what_the_person_is_writing(cast: Any, road: str) -> None:
    acts = {
        "end_membership": lambda: delegation.end_membership(
            membership=Membership.objects.get(user=cast.asha), by=cast.admin, reason="Leaves"
        ),
        "deactivate": lambda: people.deactivate(user=cast.asha, by=cast.admin, reason="Leaves"),
        "password": lambda: people.set_temporary_password(user=cast.asha, by=cast.admin),
    }
    done: dict[str, Any] = {}
    with transaction.atomic():
        standing.hold(cast.asha)
        thread = in_thread(acts[road], done, "revoked")
        waiting()
        assert "revoked" not in done
        # What is under way still counts as the person's.
        assert User.objects.get(pk=cast.asha.pk).may(Permission.ENTER_DATA)
    thread.join(10)
    assert not isinstance(done["revoked"], Exception)


def test_a_write_that_begins_during_a_revocation_holds_nothing(cast: Any) -> None:
    seen: dict[str, Any] = {}

    def write() -> bool:
        with transaction.atomic():
            asha = User.objects.get(pk=cast.asha.pk)
            assert asha.may(Permission.ENTER_DATA)  # read before the lock: still there
            standing.settle(asha, writing=True)
            return asha.may(Permission.ENTER_DATA)

    with transaction.atomic():
        people.deactivate(user=cast.asha, by=cast.admin, reason="Leaves")
        thread = in_thread(write, seen, "may")
        waiting()
    thread.join(10)
    assert seen["may"] is False


def test_no_token_is_made_during_a_deactivation(cast: Any) -> None:
    made: dict[str, Any] = {}
    with transaction.atomic():
        people.deactivate(user=cast.asha, by=cast.admin, reason="Leaves")
        thread = in_thread(lambda: tokens.issue(by=cast.asha, name="script"), made, "token")
        waiting()
    thread.join(10)
    assert isinstance(made["token"], TokenRefused)
    assert not ApiToken.objects.exists()


def test_two_administrators_who_revoke_each_other_are_told_to_try_again(cast: Any) -> None:
    second = User.objects.create(username="second", display_name="Second")
    third = User.objects.create(username="third", display_name="Third")
    for user in (second, third):
        Membership.objects.create(user=user, role="administrator", site=None, valid_from="2020-01-01")
    meeting = threading.Barrier(2, timeout=10)
    results: dict[str, Any] = {}

    def revoke(by: User, other: User) -> Callable[[], Any]:
        def act() -> Any:
            with transaction.atomic():
                standing.hold(by)  # as every writing request of `by` does
                meeting.wait()
                return delegation.end_membership(
                    membership=Membership.objects.get(user=other), by=by, reason="Leaves"
                )

        return act

    threads = [
        in_thread(revoke(cast.admin, second), results, "admin"),
        in_thread(revoke(second, cast.admin), results, "second"),
    ]
    for thread in threads:
        thread.join(30)
    refused = [r for r in results.values() if isinstance(r, Exception)]
    assert len(refused) == 1
    assert isinstance(refused[0], NotDone) and refused[0].problems[0].code == "try_again"
    assert refused[0].status == 409
    assert Membership.objects.filter(role="administrator", ended_at__isnull=True).count() == 2


def test_two_revocations_leave_an_administrator(cast: Any) -> None:
    """Without a lock on the set both would see the other as the one who remains."""
    second = User.objects.create(username="second", display_name="Second")
    Membership.objects.create(user=second, role="administrator", site=None, valid_from="2020-01-01")
    results: dict[str, Any] = {}
    with transaction.atomic():
        delegation.end_membership(
            membership=Membership.objects.get(user=second), by=cast.admin, reason="Leaves"
        )
        thread = in_thread(
            lambda: delegation.end_membership(
                membership=Membership.objects.get(user=cast.admin), by=second, reason="Leaves"
            ),
            results,
            "second",
        )
        waiting()
    thread.join(10)
    assert isinstance(results["second"], NotDone)
    assert results["second"].problems[0].code == "last_administrator"
    assert delegation.administrators(Membership.objects.first().valid_from).exists()


def test_a_long_write_makes_the_revocation_give_up_and_change_nothing(cast: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(delegation, "PATIENCE", "200ms")
    results: dict[str, Any] = {}
    with transaction.atomic():
        standing.hold(cast.asha)
        thread = in_thread(
            lambda: people.deactivate(user=cast.asha, by=cast.admin, reason="Leaves"), results, "revoked"
        )
        thread.join(10)
    assert isinstance(results["revoked"], NotDone)
    assert results["revoked"].problems[0].code == "try_again"
    assert User.objects.get(pk=cast.asha.pk).is_active


def test_the_same_role_given_twice_at_once_is_given_once(cast: Any) -> None:
    meeting = threading.Barrier(2, timeout=10)
    results: dict[str, Any] = {}

    def give() -> Any:
        meeting.wait()
        return delegation.grant(
            user=cast.norole, role="site_coordinator", site=cast.mumbai, by=cast.admin, reason="Joins"
        )

    threads = [in_thread(give, results, name) for name in ("one", "two")]
    for thread in threads:
        thread.join(30)
    assert sorted(type(result).__name__ for result in results.values()) == ["Membership", "NotDone"]
    assert Membership.objects.filter(user=cast.norole).count() == 1
