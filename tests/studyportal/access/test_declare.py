"""Access fails closed; roles hold where and while they are given."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from studyportal.access import grants
from studyportal.access.middleware import DeclaredAccessMiddleware
from studyportal.access.models import ALL_SITES, ApiToken, Membership, User
from studyportal.access.permissions import Permission
from studyportal.access.roles import ROLES

pytestmark = pytest.mark.django_db


def undeclared(request: HttpRequest) -> HttpResponse:
    return HttpResponse("never")


def test_an_undeclared_view_is_refused() -> None:
    middleware = DeclaredAccessMiddleware(lambda request: HttpResponse())
    with pytest.raises(PermissionDenied):
        middleware.process_view(RequestFactory().get("/"), undeclared, (), {})


def test_a_user_without_membership_may_nothing(cast: Any) -> None:
    held = [p for p in Permission if p not in (Permission.PUBLIC, Permission.SIGNED_IN)]
    assert not any(cast.norole.may(permission) for permission in held)


def test_a_role_holds_at_its_site_only(cast: Any) -> None:
    assert cast.asha.may(Permission.ENTER_DATA, cast.mumbai)
    assert not cast.asha.may(Permission.ENTER_DATA, cast.pune)
    assert cast.asha.sites_with(Permission.ENTER_DATA) == frozenset({cast.mumbai.pk})
    assert cast.meera.sites_with(Permission.ENTER_DATA) is ALL_SITES
    assert not cast.sanjay.may(Permission.VIEW_DATA)
    assert not cast.farah.may(Permission.EXPORT_DATA)


@pytest.mark.parametrize(
    ("start", "end", "held"), [(-2, -1, False), (1, 2, False), (-1, 0, True), (0, None, True)]
)
def test_a_role_holds_from_and_until_its_days(cast: Any, start: int, end: int | None, held: bool) -> None:
    today = timezone.localdate()
    Membership.objects.create(
        user=cast.norole,
        site=cast.pune,
        role="investigator",
        valid_from=today + dt.timedelta(days=start),
        valid_until=None if end is None else today + dt.timedelta(days=end),
    )
    assert cast.norole.may(Permission.VIEW_DATA, cast.pune) is held


def test_a_deactivated_user_holds_nothing(cast: Any) -> None:
    User.objects.filter(pk=cast.asha.pk).update(is_active=False)
    asha = User.objects.get(pk=cast.asha.pk)
    assert not asha.may(Permission.ENTER_DATA)
    assert not asha.may(Permission.SIGNED_IN)


def test_every_permission_is_held_by_a_role() -> None:
    held = {permission for role in ROLES.values() for permission in role.permissions}
    assert held == set(Permission) - {Permission.PUBLIC, Permission.SIGNED_IN}


def test_the_application_owns_nothing_and_can_only_add_to_logs(cast: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (grants.APPLICATION_ROLE,)
        cursor.execute("SELECT count(*) FROM pg_tables WHERE tableowner = %s", [grants.APPLICATION_ROLE])
        assert cursor.fetchone() == (0,)
    assert grants.log_tables()
    for table in grants.log_tables():
        for statement in (
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        ):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT has_table_privilege(%s, 'UPDATE'), has_table_privilege(%s, 'INSERT')", [table] * 2
            )
            only_by_trigger = table in grants.history_tables()
            assert cursor.fetchone() == (False, not only_by_trigger), table


# --- Tokens ----------------------------------------------------------------------------------------------


def test_wrong_password_unknown_member_and_missing_name(cast: Any, api: Any) -> None:
    cast.asha.set_password("correct horse battery")
    cast.asha.save()
    sign_in = {"username": "asha", "password": "wrong", "name": "script"}
    assert api(None).post("/api/v1/tokens/", sign_in).status_code == 401
    assert api(None).post("/api/v1/tokens/", {"username": "asha"}).status_code == 400
    right = sign_in | {"password": "correct horse battery"}
    answer = api(None).post("/api/v1/tokens/", right | {"scope": "all"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "unknown_field")
    assert api(None).post("/api/v1/tokens/", right | {"days": 4000}).status_code == 400
    assert api(None).post("/api/v1/tokens/", right).status_code == 201


def test_forged_expired_and_revoked_tokens(cast: Any, api: Any) -> None:
    token, secret = ApiToken.objects.create(user=cast.asha, expiry=dt.timedelta(days=1), name="script")
    client = api(None)
    assert client.get("/api/v1/me/", headers={"Authorization": "Token nonsense"}).status_code == 401
    assert (
        client.get("/api/v1/me/", headers={"Authorization": "Token " + secret[:-1] + "x"}).status_code == 401
    )
    assert (
        client.get("/api/v1/me/", headers={"Authorization": f"Token {secret}"}).json()["username"] == "asha"
    )
    ApiToken.objects.filter(pk=token.pk).update(expiry=timezone.now() - dt.timedelta(seconds=1))
    answer = client.get("/api/v1/me/", headers={"Authorization": f"Token {secret}"})
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]
    token.delete()
    assert client.get("/api/v1/me/", headers={"Authorization": f"Token {secret}"}).status_code == 401
    assert secret not in str(ApiToken.objects.all().values())


def test_the_token_page_shows_the_secret_once(cast: Any, page: Any) -> None:
    client = page(cast.sanjay)
    assert client.post("/tokens/", {"name": "", "days": "9"}).status_code == 400
    assert not ApiToken.objects.exists()
    made = client.post("/tokens/", {"name": "R script", "days": "9"})
    assert made.status_code == 201
    token = ApiToken.objects.get()
    assert token.token_key in made.content.decode()
    assert page(cast.asha).post(f"/tokens/{token.token_key}/revoke/").status_code == 404
    assert client.post(f"/tokens/{token.token_key}/revoke/").status_code == 302
    assert not ApiToken.objects.exists()


def test_every_permission_has_its_words() -> None:
    assert all(str(permission.label) for permission in Permission)
