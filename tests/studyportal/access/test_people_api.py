"""Users, memberships and sites by the API: refusals, mass assignment, then the way through."""

from __future__ import annotations

from typing import Any

import pytest

from studyportal.access.models import Membership, Site, User
from tests.cast import ROLES

pytestmark = pytest.mark.django_db

USERS, MEMBERSHIPS, SITES = "/api/v1/users/", "/api/v1/memberships/", "/api/v1/sites/"


def fields(answer: Any) -> dict[str, str]:
    return {error["field"]: error["code"] for error in answer.json()["errors"]}


@pytest.mark.parametrize("who", [*(name for name in ROLES if name != "admin"), None])
def test_only_an_administrator_changes_people_roles_and_sites(cast: Any, api: Any, who: str | None) -> None:
    client = api(getattr(cast, who) if who else None)
    held = cast.vikram.memberships.get()
    before = list(User.objects.values()), list(Membership.objects.values()), list(Site.objects.values())
    for method, address, body in (
        ("get", USERS, None),
        ("get", f"{USERS}asha/", None),
        ("post", USERS, {"username": "nova", "name": "Nova"}),
        ("patch", f"{USERS}vikram/", {"name": "X"}),
        ("post", f"{USERS}vikram/deactivate/", {"reason": "x"}),
        ("post", f"{USERS}vikram/password/", {}),
        ("post", MEMBERSHIPS, {"user": who, "role": "administrator", "reason": "x"}),
        ("post", f"{MEMBERSHIPS}{held.pk}/end/", {"reason": "x"}),
        ("post", SITES, {"code": "DEL", "name": "Delhi", "timezone": "Asia/Kolkata"}),
        ("patch", f"{SITES}MUM/", {"name": "X"}),
        ("post", f"{SITES}PUN/deactivate/", {"reason": "x"}),
    ):
        answer = getattr(client, method)(address, body, headers={"If-Match": '"1"'})
        assert answer.status_code == (401 if who is None else 403), address
    after = list(User.objects.values()), list(Membership.objects.values()), list(Site.objects.values())
    assert before == after


@pytest.mark.parametrize(
    "member",
    ["is_superuser", "is_staff", "id", "password", "is_active", "groups", "user_permissions", "version",
     "password_is_temporary", "deactivated_by", "date_joined", "memberships", "role"],
)  # fmt: skip
def test_nothing_is_smuggled_into_an_account(cast: Any, api: Any, member: str) -> None:
    client = api(cast.admin)
    made = client.post(USERS, {"username": "nova", "name": "Nova", member: True})
    assert (made.status_code, fields(made)) == (400, {member: "unknown_field"})
    changed = client.patch(f"{USERS}asha/", {member: True}, headers={"If-Match": '"1"'})
    assert (changed.status_code, fields(changed)) == (400, {member: "unknown_field"})
    assert not User.objects.filter(username="nova").exists()


@pytest.mark.parametrize("member", ["granted_by", "granted_at", "ended_at", "ended_by", "id", "version"])
def test_nothing_is_smuggled_into_the_log(cast: Any, api: Any, member: str) -> None:
    body = {"user": "norole", "role": "investigator", "site": "MUM", "reason": "x", member: 1}
    answer = api(cast.admin).post(MEMBERSHIPS, body)
    assert (answer.status_code, fields(answer)) == (400, {member: "unknown_field"})
    assert not cast.norole.memberships.exists()


@pytest.mark.parametrize("member", ["is_active", "id", "code", "version"])
def test_nothing_is_smuggled_into_a_site(cast: Any, api: Any, member: str) -> None:
    answer = api(cast.admin).patch(f"{SITES}MUM/", {member: "XXX"}, headers={"If-Match": '"1"'})
    assert (answer.status_code, fields(answer)) == (400, {member: "unknown_field"})


@pytest.mark.parametrize(
    ("body", "field", "code", "status"),
    [
        ({"user": "admin"}, "", "own_role", 409),
        ({"user": "nobody"}, "user", "unknown_user", 400),
        ({"site": "XXX"}, "site", "unknown_site", 400),
        ({"site": None}, "site", "needs_site", 400),
        ({"role": "monarch"}, "role", "unknown_role", 400),
        ({"reason": ""}, "reason", "blank", 400),
        ({"valid_from": "soon"}, "valid_from", "invalid", 400),
        ({"valid_from": "2020-01-01"}, "valid_from", "past", 400),
        ({"user": "norole\x00"}, "user", "null_characters_not_allowed", 400),
        ({"user": "rao"}, "role", "overlap", 409),
    ],
)
def test_a_role_that_cannot_be_given(
    cast: Any, api: Any, body: dict[str, Any], field: str, code: str, status: int
) -> None:
    usual = {"user": "norole", "role": "investigator", "site": "MUM", "reason": "Joins"}
    answer = api(cast.admin).post(MEMBERSHIPS, usual | body)
    assert (answer.status_code, fields(answer)) == (status, {field: code})
    assert answer["Content-Type"] == "application/problem+json"


def test_versions_are_asked_for(cast: Any, api: Any) -> None:
    client = api(cast.admin)
    for address in (f"{USERS}asha/", f"{SITES}MUM/"):
        assert client.patch(address, {"name": "X"}).status_code == 428
        assert client.patch(address, {"name": "X"}, headers={"If-Match": '"7"'}).status_code == 412
    held = cast.asha.memberships.get()
    stale = client.post(f"{MEMBERSHIPS}{held.pk}/end/", {"reason": "x"}, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")


def test_the_way_of_a_person_through_the_api(cast: Any, api: Any) -> None:
    client = api(cast.admin)
    made = client.post(USERS, {"username": "nova", "name": "Nova", "email": "n@h.example"})
    assert made.status_code == 201 and made["Cache-Control"] == "no-store"
    nova = User.objects.get(username="nova")
    assert nova.check_password(made.json()["temporary_password"])
    read = client.get(f"{USERS}nova/")
    assert "temporary_password" not in read.json() and read["ETag"] == '"1"'
    changed = client.patch(f"{USERS}nova/", {"name": "Nova R"}, headers={"If-Match": read["ETag"]})
    assert changed.json()["name"] == "Nova R" and changed["ETag"] == '"2"'
    given = client.post(
        MEMBERSHIPS, {"user": "nova", "role": "statistician", "site": None, "reason": "Joins"}
    )
    assert (given.status_code, given.json()["granted_by"]) == (201, "admin")
    ended = client.post(f"{MEMBERSHIPS}{given.json()['id']}/end/", {"reason": "Leaves"})
    assert ended.status_code == 200 and ended.json()["ended_at"]
    gone = client.post(f"{USERS}nova/deactivate/", {"reason": "Left"})
    assert gone.json()["is_active"] is False
    assert client.post(f"{USERS}nova/deactivate/", {"reason": "Left"}).status_code == 409
    assert client.post(f"{USERS}nova/reactivate/", {"reason": "Back"}).json()["temporary_password"]


def test_the_way_of_a_site_through_the_api(cast: Any, api: Any) -> None:
    client = api(cast.admin)
    made = client.post(SITES, {"code": "DEL", "name": "Delhi", "timezone": "Asia/Kolkata"})
    assert made.status_code == 201
    changed = client.patch(f"{SITES}DEL/", {"name": "New Delhi"}, headers={"If-Match": made["ETag"]})
    assert changed.json()["name"] == "New Delhi"
    assert client.post(f"{SITES}DEL/deactivate/", {"reason": "Closes"}).json()["is_active"] is False
    assert client.post(f"{SITES}DEL/reactivate/", {"reason": "Opens"}).json()["is_active"] is True
    assert {site["code"] for site in api(cast.asha).get(SITES).json()} == {"DEL", "MUM", "PUN"}


def test_lists_are_filtered_and_scoped(cast: Any, api: Any) -> None:
    admin = api(cast.admin)
    assert [u["username"] for u in admin.get(f"{USERS}?site=PUN").json()["results"]] == [
        "iyer",
        "leela",
        "vikram",
    ]
    assert [u["username"] for u in admin.get(f"{USERS}?q=ash").json()["results"]] == ["asha"]
    log = api(cast.rao).get(MEMBERSHIPS).json()["results"]
    assert {entry["site"] for entry in log} == {"MUM", None}
    for address, field in ((f"{USERS}?active=maybe", "active"), (f"{MEMBERSHIPS}?role=monarch", "role")):
        assert fields(admin.get(address)) == {field: "invalid_choice"}
    on = admin.get(f"{MEMBERSHIPS}?on=yesterday")
    assert (on.status_code, list(fields(on))) == (400, ["on"])
    assert api(cast.asha).get(MEMBERSHIPS).status_code == 403
