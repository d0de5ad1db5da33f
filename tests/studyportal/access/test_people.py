"""Who may change whose account and roles; and what has ended when it has ended."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.utils import timezone

from studyportal.access import delegation, people, sites, tokens
from studyportal.access.models import ApiToken, Membership, Site, User
from studyportal.access.permissions import Permission
from studyportal.access.refusals import NotDone
from studyportal.access.roles import ROLES

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def codes(error: pytest.ExceptionInfo[NotDone]) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in error.value.problems]


@pytest.fixture
def second_admin(cast: Any) -> User:
    user = User.objects.create(username="second", display_name="Second")
    Membership.objects.create(user=user, role="administrator", site=None, valid_from="2020-01-01")
    return user


# --- giving a role: refusals -----------------------------------------------------------------------------


def test_nobody_gives_a_role_to_himself(cast: Any) -> None:
    for role in ROLES:
        with pytest.raises(NotDone) as refused:
            delegation.grant(user=cast.admin, role=role, site=cast.mumbai, by=cast.admin, reason="I want it")
        assert codes(refused) == [("", "own_role")]
    assert cast.admin.memberships.count() == 1


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"role": "monarch"}, ("role", "unknown_role")),
        ({"role": "site_coordinator", "site": None}, ("site", "needs_site")),
        ({"role": "investigator", "site": None}, ("site", "needs_site")),
        ({"role": "administrator"}, ("site", "needs_no_site")),
        ({"reason": "  "}, ("reason", "required")),
        ({"reason": "x" * 201}, ("reason", "required")),
        ({"valid_from": dt.date(2020, 1, 1)}, ("valid_from", "past")),
        ({"valid_until": dt.date(2020, 1, 1)}, ("valid_until", "order")),
    ],
)
def test_a_role_that_cannot_be_given_so(cast: Any, asked: dict[str, Any], expected: tuple[str, str]) -> None:
    usual = {"role": "site_coordinator", "site": cast.mumbai, "reason": "Joins the site"}
    with pytest.raises(NotDone) as refused:
        delegation.grant(user=cast.norole, by=cast.admin, **(usual | asked))
    assert codes(refused) == [expected]
    assert not cast.norole.memberships.exists()


def test_neither_to_a_deactivated_person_nor_at_a_site_that_left(cast: Any) -> None:
    usual = {"user": cast.norole, "role": "site_coordinator", "by": cast.admin, "reason": "Joins"}
    Site.objects.filter(pk=cast.pune.pk).update(is_active=False)
    with pytest.raises(NotDone) as refused:
        delegation.grant(site=cast.pune, **usual)
    assert codes(refused) == [("site", "inactive_site")]
    User.objects.filter(pk=cast.norole.pk).update(is_active=False)
    with pytest.raises(NotDone) as refused:
        delegation.grant(site=cast.mumbai, **usual)
    assert codes(refused) == [("user", "not_active")]


@pytest.mark.parametrize(
    ("first", "last", "clash"),
    [(0, None, True), (5, 9, True), (20, 25, True), (0, 4, False), (21, None, False)],
)
def test_the_same_role_does_not_overlap_at_the_same_place(
    cast: Any, first: int, last: int | None, clash: bool
) -> None:
    today = timezone.localdate()
    usual = {"user": cast.norole, "role": "investigator", "by": cast.admin, "reason": "Joins"}
    delegation.grant(site=cast.mumbai, valid_from=today + 5 * DAY, valid_until=today + 20 * DAY, **usual)
    asked = {"valid_from": today + first * DAY, "valid_until": None if last is None else today + last * DAY}
    if clash:
        with pytest.raises(NotDone) as refused:
            delegation.grant(site=cast.mumbai, **usual, **asked)
        assert codes(refused) == [("role", "overlap")]
        assert delegation.grant(site=cast.pune, **usual, **asked).pk
    else:
        assert delegation.grant(site=cast.mumbai, **usual, **asked).pk


# --- giving a role: what then stands ---------------------------------------------------------------------


def test_a_role_given_holds_and_stands_in_the_log(cast: Any) -> None:
    made = delegation.grant(
        user=cast.norole, role="site_coordinator", site=cast.mumbai, by=cast.admin, reason=" Joins\nthe site "
    )
    assert (made.granted_by, made.reason, made.valid_from) == (
        cast.admin,
        "Joins the site",
        timezone.localdate(),
    )
    person = User.objects.get(pk=cast.norole.pk)
    assert person.may(Permission.ENTER_DATA, cast.mumbai) and not person.may(Permission.ENTER_DATA, cast.pune)


def test_different_roles_at_different_sites(cast: Any) -> None:
    for role, site in (("site_coordinator", cast.mumbai), ("investigator", cast.pune)):
        delegation.grant(user=cast.norole, role=role, site=site, by=cast.admin, reason="Both")
    person = User.objects.get(pk=cast.norole.pk)
    assert person.sites_with(Permission.SIGN_RECORDS) == {cast.pune.pk}
    assert person.sites_with(Permission.ENTER_DATA) == {cast.mumbai.pk, cast.pune.pk}


# --- ending a role ---------------------------------------------------------------------------------------


def test_nobody_ends_a_role_of_his_own(cast: Any, second_admin: User) -> None:
    with pytest.raises(NotDone) as refused:
        delegation.end_membership(membership=cast.admin.memberships.get(), by=cast.admin, reason="Tired")
    assert codes(refused) == [("", "own_role")]


def test_the_last_administrator_stays(cast: Any, second_admin: User) -> None:
    delegation.end_membership(membership=cast.admin.memberships.get(), by=second_admin, reason="Leaves")
    ended = User.objects.get(pk=cast.admin.pk)
    assert not ended.may(Permission.MANAGE_USERS)
    last = second_admin.memberships.get()
    for last_day in (None, timezone.localdate(), timezone.localdate() + 9 * DAY):
        with pytest.raises(NotDone) as refused:
            delegation.end_membership(membership=last, by=cast.admin, reason="Leaves", last_day=last_day)
        assert codes(refused) == [("", "last_administrator")]
    with pytest.raises(NotDone) as refused:
        people.deactivate(user=second_admin, by=cast.admin, reason="Leaves")
    assert codes(refused) == [("", "last_administrator")]
    assert User.objects.get(pk=second_admin.pk).may(Permission.MANAGE_USERS)


@pytest.mark.parametrize(
    ("last_day", "expected"),
    [(-1, ("last_day", "past")), (11, ("last_day", "prolongs")), (1, ("last_day", "order"))],
)
def test_a_last_day_that_cannot_be(cast: Any, last_day: int, expected: tuple[str, str]) -> None:
    today = timezone.localdate()
    held = delegation.grant(
        user=cast.norole, role="investigator", site=cast.mumbai, by=cast.admin, reason="Joins",
        valid_from=today + 2 * DAY, valid_until=today + 10 * DAY,
    )  # fmt: skip
    with pytest.raises(NotDone) as refused:
        delegation.end_membership(
            membership=held, by=cast.admin, reason="Leaves", last_day=today + last_day * DAY
        )
    assert codes(refused) == [expected]


def test_an_end_holds_at_once_and_not_at_midnight(cast: Any) -> None:
    held = cast.asha.memberships.get()
    ended = delegation.end_membership(membership=held, by=cast.admin, reason="Leaves")
    assert (ended.ended_by, ended.end_reason, ended.valid_until) == (
        cast.admin,
        "Leaves",
        timezone.localdate(),
    )
    assert not User.objects.get(pk=cast.asha.pk).may(Permission.ENTER_DATA)
    with pytest.raises(NotDone) as refused:
        delegation.end_membership(membership=held, by=cast.admin, reason="Again")
    assert codes(refused) == [("", "ended")]
    # Given again the same day: a new entry, the old one stays.
    delegation.grant(
        user=cast.asha, role="site_coordinator", site=cast.mumbai, by=cast.admin, reason="Came back"
    )
    assert User.objects.get(pk=cast.asha.pk).may(Permission.ENTER_DATA)
    assert cast.asha.memberships.count() == 2


def test_a_last_day_holds_until_it_is_over(cast: Any) -> None:
    delegation.end_membership(
        membership=cast.asha.memberships.get(), by=cast.admin, reason="Leaves", last_day=timezone.localdate()
    )
    assert User.objects.get(pk=cast.asha.pk).may(Permission.ENTER_DATA)
    Membership.objects.filter(user=cast.asha).update(valid_until=timezone.localdate() - DAY)
    assert not User.objects.get(pk=cast.asha.pk).may(Permission.ENTER_DATA)


def test_a_stale_page_is_told(cast: Any) -> None:
    held = cast.asha.memberships.get()
    delegation.end_membership(
        membership=held, by=cast.admin, reason="Leaves", last_day=timezone.localdate() + 9 * DAY
    )
    with pytest.raises(NotDone) as refused:
        delegation.end_membership(
            membership=held, by=cast.admin, reason="Leaves", expected_version=held.version
        )
    assert (refused.value.status, codes(refused)) == (412, [("", "stale_version")])
    with pytest.raises(NotDone) as refused:
        people.change_user(user=cast.asha, by=cast.admin, expected_version=7, display_name="A")
    assert refused.value.status == 412


# --- accounts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "username", ["", "a", "Asha", "asha", "ASHA", "аsha", "as ha", "new", "a\x00b", "-ab", "x" * 41, "a/b"]
)
def test_a_user_name_that_cannot_be(cast: Any, username: str) -> None:
    with pytest.raises(NotDone) as refused:
        people.add_user(username=username, display_name="Somebody", by=cast.admin)
    assert codes(refused)[0][0] == "username"


def test_name_and_address_are_asked_for(cast: Any) -> None:
    with pytest.raises(NotDone) as refused:
        people.add_user(username="nova", display_name=" \u202e ", email="nowhere", by=cast.admin)
    assert [field for field, _code in codes(refused)] == ["display_name", "email"]


def test_a_new_account_holds_nothing_and_has_a_temporary_password(cast: Any) -> None:
    user, password = people.add_user(username="nova", display_name="Nova", by=cast.admin)
    assert user.check_password(password) and user.password_is_temporary and not user.grants
    assert password not in str(User.objects.values())


def test_nobody_deactivates_himself_and_an_administrator_changes_no_own_password(cast: Any) -> None:
    for act in (
        lambda: people.deactivate(user=cast.admin, by=cast.admin, reason="Tired"),
        lambda: people.set_temporary_password(user=cast.admin, by=cast.admin),
    ):
        with pytest.raises(NotDone):
            act()
    assert User.objects.get(pk=cast.admin.pk).is_active


def test_deactivation_ends_roles_sessions_and_tokens_at_once(cast: Any, page: Any, api: Any) -> None:
    browser = page(cast.asha)
    assert browser.get("/participants/").status_code == 200
    _token, secret = tokens.issue(by=cast.asha, name="script")
    others = page(cast.vikram)
    people.deactivate(user=cast.asha, by=cast.admin, reason="Left the hospital")
    assert browser.get("/participants/").status_code == 302
    assert api(None).get("/api/v1/me/", headers={"Authorization": f"Token {secret}"}).status_code == 401
    assert others.get("/participants/").status_code == 200
    assert Session.objects.count() == 1
    gone = User.objects.get(pk=cast.asha.pk)
    assert (gone.is_active, gone.deactivated_by, gone.deactivation_reason) == (
        False, cast.admin, "Left the hospital",
    )  # fmt: skip
    assert gone.memberships.get().ended_at is not None
    # What came back is a new beginning: no old session, no old role, no old password.
    password = people.reactivate(user=gone, by=cast.admin, reason="Came back")
    assert browser.get("/participants/").status_code == 302
    back = User.objects.get(pk=cast.asha.pk)
    assert back.is_active and back.check_password(password) and not back.grants
    assert not ApiToken.objects.exists()


def test_a_temporary_password_ends_sessions(cast: Any, page: Any) -> None:
    browser = page(cast.asha)
    assert browser.get("/participants/").status_code == 200
    password = people.set_temporary_password(user=cast.asha, by=cast.admin)
    assert browser.get("/participants/").status_code == 302
    asha = User.objects.get(pk=cast.asha.pk)
    assert asha.check_password(password) and asha.password_is_temporary


# --- sites -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"code": "mum"}, "code"),
        ({"code": "MUM"}, "code"),
        ({"code": "МUM"}, "code"),
        ({"code": "ABCDEFG"}, "code"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"name": ""}, "name"),
        ({"country": "India"}, "country"),
    ],
)
def test_a_site_that_cannot_be(cast: Any, asked: dict[str, str], field: str) -> None:
    usual = {"code": "DEL", "name": "Delhi", "timezone": "Asia/Kolkata", "country": "IN"}
    with pytest.raises(NotDone) as refused:
        sites.add_site(by=cast.admin, **(usual | asked))
    assert [name for name, _code in codes(refused)] == [field]


def test_a_site_leaves_when_nobody_holds_a_role_there(cast: Any) -> None:
    with pytest.raises(NotDone) as refused:
        sites.deactivate_site(site=cast.pune, by=cast.admin, reason="Closes")
    assert codes(refused) == [("", "roles_held")]
    for person in (cast.vikram, cast.iyer, cast.leela):
        delegation.end_membership(membership=person.memberships.get(), by=cast.admin, reason="Closes")
    sites.deactivate_site(site=cast.pune, by=cast.admin, reason="Closes")
    assert not Site.objects.get(code="PUN").is_active
    assert sites.reactivate_site(site=cast.pune, by=cast.admin, reason="Opens again").is_active


# --- the first administrator -----------------------------------------------------------------------------


def test_the_command_makes_the_first_administrator_only(db: Any, capsys: Any) -> None:
    call_command("add_administrator", username="first")
    first = User.objects.get(username="first")
    said = capsys.readouterr().out
    assert first.may(Permission.MANAGE_USERS) and first.password_is_temporary
    assert first.check_password(said.strip().split()[-1])
    assert not first.is_superuser and not first.is_staff
    with pytest.raises(CommandError, match="already"):
        call_command("add_administrator", username="second")
    call_command("add_administrator", username="second", force=True)
    assert User.objects.get(username="second").may(Permission.MANAGE_USERS)


def test_the_command_reads_a_password_and_refuses_a_weak_one(db: Any, monkeypatch: Any) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    with pytest.raises(CommandError):
        call_command("add_administrator", username="first", password_stdin=True)
    assert not User.objects.exists()
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    call_command("add_administrator", username="first", password_stdin=True)
    assert User.objects.get().check_password("correct horse battery")
    with pytest.raises(CommandError):
        call_command("add_administrator", username="No Name", force=True)
