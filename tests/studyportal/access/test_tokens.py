"""A token narrows its owner, in one place, and never widens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from studyportal.access import tokens
from studyportal.access.models import ALL_SITES, ApiToken, Membership, User
from studyportal.access.narrowing import Narrowing
from studyportal.access.permissions import READING, WRITING, Permission
from studyportal.access.roles import ROLES
from studyportal.access.tokens import TokenRefused
from tests.world import World

pytestmark = pytest.mark.django_db

ISSUE = "/api/v1/tokens/"
PASSWORD = "correct horse battery"


@pytest.fixture
def script(cast: Any) -> Callable[..., APIClient]:
    """`script(user, access=…, sites=[…])`: a client that signs in with a new token of the user."""

    def signed_in(user: User, **narrowed: Any) -> APIClient:
        fresh = User.objects.get(pk=user.pk)
        _token, secret = tokens.issue(by=fresh, name="script", **narrowed)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
        return client

    return signed_in


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# --- refusals: making one --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"access": "admin"}, "access"),
        ({"sites": ["PUN"]}, "sites"),
        ({"sites": ["XXX"]}, "sites"),
        ({"sites": "MUM"}, "sites"),
        ({"datasets": ["nothing"]}, "datasets"),
        ({"datasets": ["demographics"]}, "datasets"),
        ({"export_profile": "everything"}, "export_profile"),
        ({"export_profile": "coded"}, "export_profile"),
        ({"user": "meera"}, "user"),
        ({"last_used_at": "2020-01-01"}, "last_used_at"),
    ],
)
def test_a_coordinator_asks_for_what_is_not_to_be_had(
    cast: Any, api: Any, asked: dict[str, Any], field: str
) -> None:
    cast.asha.set_password(PASSWORD)
    cast.asha.save()
    right = {"username": "asha", "password": PASSWORD, "name": "script"}
    answer = api(None).post(ISSUE, right | asked)
    assert answer.status_code == 400
    assert {error["field"].split(".")[0] for error in answer.json()["errors"]} == {field}
    assert not ApiToken.objects.exists()


def test_a_foreign_site_is_as_one_that_does_not_exist(cast: Any) -> None:
    with pytest.raises(TokenRefused) as foreign:
        tokens.issue(by=cast.asha, name="script", sites=["PUN"])
    with pytest.raises(TokenRefused) as unknown:
        tokens.issue(by=cast.asha, name="script", sites=["XXX"])
    assert str(foreign.value) == str(unknown.value).replace("XXX", "PUN")


def test_a_token_makes_no_tokens(cast: Any, script: Any) -> None:
    cast.asha.set_password(PASSWORD)
    cast.asha.save()
    client = script(cast.asha, access="read_write")
    answer = client.post(ISSUE, {"username": "asha", "password": PASSWORD, "name": "more"})
    assert code_of(answer) == (403, "token_cannot_issue")
    narrowed = User.objects.get(pk=cast.asha.pk)
    narrowed.narrow(ApiToken.objects.get().narrowing)
    with pytest.raises(TokenRefused, match="cannot make tokens"):
        tokens.issue(by=narrowed, name="more")
    assert ApiToken.objects.count() == 1


def test_a_deactivated_person_makes_none(cast: Any) -> None:
    User.objects.filter(pk=cast.asha.pk).update(is_active=False)
    with pytest.raises(TokenRefused, match="deactivated"):
        tokens.issue(by=cast.asha, name="script")


@pytest.mark.parametrize(("field", "value"), [("access", "all"), ("export_profile", "identified")])
def test_the_database_knows_no_other_kind(cast: Any, field: str, value: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiToken.objects.create(user=cast.asha, name="script", **{field: value})


# --- refusals: using one ---------------------------------------------------------------------------------


def test_a_reading_token_changes_nothing(world: World, script: Any) -> None:
    client = script(world.cast.asha)
    record = world.records["demographics"]
    for method, path in (
        ("post", "/api/v1/participants/"),
        ("post", "/api/v1/visits/"),
        ("put", f"/api/v1/forms/demographics/{record.pk}/"),
        ("patch", f"/api/v1/forms/demographics/{record.pk}/"),
    ):
        answer = getattr(client, method)(path, {"site": "MUM"}, headers={"If-Match": '"1"'})
        assert code_of(answer) == (403, "token_read_only"), path
    assert client.get("/api/v1/participants/").status_code == 200
    record.refresh_from_db()
    assert record.version == world.records["demographics"].version


def test_a_reading_token_of_an_administrator_opens_no_administration(cast: Any, script: Any) -> None:
    assert code_of(script(cast.admin).get("/api/v1/users/")) == (403, "token_read_only")
    assert script(cast.admin, access="read_write").get("/api/v1/users/").status_code == 200


def test_a_refusal_names_the_token_only_where_the_token_is_the_cause(cast: Any, script: Any) -> None:
    assert code_of(script(cast.asha).get("/api/v1/users/")) == (403, "permission_denied")
    client = script(cast.admin, access="read_write")
    ApiToken.objects.filter(user=cast.admin).update(sites=[cast.mumbai.pk])
    assert code_of(client.get("/api/v1/users/")) == (403, "token_sites")
    with pytest.raises(TokenRefused, match="no role at"):
        tokens.issue(by=cast.admin, name="script", sites=["MUM"])


def test_a_reading_token_may_still_end_itself(cast: Any, script: Any) -> None:
    client = script(cast.asha)
    assert client.delete("/api/v1/tokens/own/").status_code == 204
    assert client.get("/api/v1/me/").status_code == 401


def test_outside_its_sites_nothing_is_found(world: World, script: Any) -> None:
    cast = world.cast
    client = script(cast.meera, access="read_write", sites=["PUN"])
    record = world.records["demographics"]
    assert client.get(f"/api/v1/participants/{world.participant.code}/").status_code == 404
    assert client.get(f"/api/v1/forms/demographics/{record.pk}/").status_code == 404
    assert (
        client.patch(
            f"/api/v1/forms/demographics/{record.pk}/", {}, headers={"If-Match": f'"{record.version}"'}
        ).status_code
        == 404
    )
    assert client.get("/api/v1/participants/").json()["results"] == []
    assert script(cast.meera, sites=["MUM"]).get("/api/v1/participants/").json()["results"]


def test_a_site_named_in_the_body_is_refused_like_a_foreign_one(world: World, script: Any) -> None:
    client = script(world.cast.meera, access="read_write", sites=["PUN"])
    answer = client.post("/api/v1/participants/", {"site": "MUM", "group": "case"})
    foreign = script(world.cast.vikram, access="read_write").post(
        "/api/v1/participants/", {"site": "MUM", "group": "case"}
    )
    assert (answer.status_code, answer.json()) == (foreign.status_code, foreign.json())


def test_a_role_of_the_whole_study_does_not_fit_into_some_sites(cast: Any) -> None:
    admin = User.objects.get(pk=cast.admin.pk)
    admin.narrow(Narrowing("x", True, frozenset({cast.mumbai.pk}), None, "coded"))
    assert not admin.may(Permission.MANAGE_USERS)


def test_a_token_for_datasets_opens_nothing_else(world: World, script: Any) -> None:
    client = script(world.cast.meera, access="read_write", datasets=["demographics"])
    assert code_of(client.get("/api/v1/datasets/lab-result.csv")) == (403, "token_dataset")
    assert code_of(client.get("/api/v1/datasets/lab-result/dictionary.json")) == (403, "token_dataset")
    assert code_of(client.get("/api/v1/participants/")) == (403, "token_dataset")
    assert code_of(client.get("/api/v1/forms/lab-result/")) == (403, "token_dataset")
    assert [d["key"] for d in client.get("/api/v1/datasets/").json()] == ["demographics"]
    assert {e["dataset"] for e in client.get("/api/v1/dictionary.json").json()} == {"demographics"}
    assert client.head("/api/v1/datasets/demographics.csv").status_code == 200


def test_a_token_follows_its_owner_down(world: World, script: Any) -> None:
    """What the owner loses, the token loses at once; what the owner gains, a narrowed token does not."""
    client = script(world.cast.asha, sites=["MUM"])
    assert client.get("/api/v1/participants/").json()["results"]
    Membership.objects.create(
        user=world.cast.asha, role="site_coordinator", site=world.cast.pune, valid_from="2020-01-01"
    )
    assert client.get("/api/v1/me/").json()["roles"] == {"site_coordinator": ["MUM"]}
    Membership.objects.filter(user=world.cast.asha, site=world.cast.mumbai).update(ended_at=timezone.now())
    assert client.get("/api/v1/participants/").status_code == 403
    User.objects.filter(pk=world.cast.asha.pk).update(is_active=False)
    assert client.get("/api/v1/me/").status_code == 401


# --- the arithmetic --------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["asha", "rao", "meera", "sanjay", "farah", "admin"])
def test_a_token_of_any_role_is_within_its_owner(cast: Any, who: str) -> None:
    owner = User.objects.get(pk=getattr(cast, who).pk)
    for writes in (False, True):
        for sites in (None, frozenset({cast.mumbai.pk}), frozenset({cast.pune.pk})):
            for datasets in (None, frozenset({"demographics"})):
                narrowed = User.objects.get(pk=owner.pk)
                narrowed.narrow(Narrowing("x", writes, sites, datasets, "deidentified"))
                for permission in set(Permission) - {Permission.PUBLIC, Permission.SIGNED_IN}:
                    reached, held = narrowed.sites_with(permission), owner.sites_with(permission)
                    if permission in WRITING and not writes:
                        assert not reached
                    if held is not ALL_SITES:
                        assert reached is not ALL_SITES and reached <= held
                    if sites is not None:
                        assert reached is not ALL_SITES and reached <= sites
                    if datasets is not None and permission in READING - {
                        Permission.EXPORT_DATA,
                        Permission.EXPORT_CODED,
                    }:
                        assert not reached


def test_narrowing_twice_leaves_what_both_leave() -> None:
    one = Narrowing("one", True, frozenset({1, 2}), None, "coded")
    two = Narrowing("two", False, frozenset({2, 3}), frozenset({"visits"}), "deidentified")
    assert one.within(two) == Narrowing("two", False, frozenset({2}), frozenset({"visits"}), "deidentified")
    assert Narrowing.from_json(two.as_json()) == two


def test_without_a_token_nothing_is_narrowed(cast: Any) -> None:
    assert User.objects.get(pk=cast.meera.pk).narrowing is None
    assert set(ROLES["data_manager"].permissions) == {p for p in Permission if cast.meera.may(p)} - {
        Permission.PUBLIC,
        Permission.SIGNED_IN,
    }


def test_a_job_has_no_more_than_the_token_that_asked_for_it(cast: Any) -> None:
    from studyportal.jobs import actions
    from studyportal.jobs.tasks import _permitted

    sanjay = User.objects.get(pk=cast.sanjay.pk)
    sanjay.narrow(Narrowing("script", True, frozenset({cast.mumbai.pk}), None, "coded"))
    job = actions.start("outcomes.hba1c", by=sanjay)
    job.refresh_from_db()
    assert job.narrowing == sanjay.narrowing.as_json()
    requester = User.objects.get(pk=cast.sanjay.pk)
    requester.narrow(Narrowing.from_json(job.narrowing))
    assert requester.sites_with(Permission.RUN_OUTCOMES) == frozenset({cast.mumbai.pk})
    assert _permitted(job, requester)


def test_a_job_that_is_tried_again_through_a_token_has_no_more_than_both(cast: Any) -> None:
    from studyportal.jobs import actions
    from studyportal.jobs.models import Job

    job = actions.start("outcomes.hba1c", by=User.objects.get(pk=cast.sanjay.pk))
    assert job.narrowing is None
    sanjay = User.objects.get(pk=cast.sanjay.pk)
    sanjay.narrow(Narrowing("script", True, frozenset({cast.mumbai.pk}), None, "coded"))
    actions.cancel(job, by=sanjay)
    actions.retry(job, by=sanjay)
    assert Job.objects.get().narrowing["sites"] == [cast.mumbai.pk]


# --- what is there afterwards ----------------------------------------------------------------------------


def test_what_was_asked_for_stands_and_is_shown(cast: Any, api: Any) -> None:
    cast.meera.set_password(PASSWORD)
    cast.meera.save()
    given = api(None).post(
        ISSUE,
        {
            "username": "meera", "password": PASSWORD, "name": "R", "access": "read_write", "sites": ["MUM"],
            "datasets": ["demographics"], "export_profile": "coded",
        },
    ).json()  # fmt: skip
    token = ApiToken.objects.get()
    assert (token.access, token.sites, token.datasets, token.export_profile) == (
        "read_write", [cast.mumbai.pk], ["demographics"], "coded",
    )  # fmt: skip
    assert (given["sites"], given["datasets"], given["access"]) == (["MUM"], ["demographics"], "read_write")
    (own,) = api(cast.meera).get("/api/v1/tokens/own/").json()
    assert (own["sites"], own["export_profile"], own["last_used_at"]) == (["MUM"], "coded", None)
    assert given["token"] not in str(own)


def test_by_itself_a_token_reads_and_is_deidentified(cast: Any) -> None:
    token, _secret = tokens.issue(by=cast.meera, name="R")
    assert (token.access, token.sites, token.datasets, token.export_profile) == (
        "read",
        [],
        [],
        "deidentified",
    )


def test_the_last_use_is_written_once_a_minute(
    cast: Any, script: Any, django_assert_num_queries: Any
) -> None:
    client = script(cast.asha)
    assert client.get("/api/v1/me/", REMOTE_ADDR="192.0.2.7").status_code == 200
    token = ApiToken.objects.get()
    first = token.last_used_at
    assert first is not None and token.last_used_from == "192.0.2.7"
    client.get("/api/v1/me/", REMOTE_ADDR="192.0.2.8")
    token.refresh_from_db()
    assert (token.last_used_at, token.last_used_from) == (first, "192.0.2.7")
    ApiToken.objects.update(last_used_at=first - dt.timedelta(seconds=61))
    client.get("/api/v1/me/", REMOTE_ADDR="192.0.2.8")
    token.refresh_from_db()
    assert token.last_used_at > first - dt.timedelta(seconds=60)
    assert token.last_used_from == "192.0.2.8"


def test_the_page_makes_narrowed_tokens_and_shows_what_they_may(cast: Any, page: Any) -> None:
    client = page(cast.meera)
    assert client.post("/tokens/", {"name": "R", "days": "9", "access": "everything"}).status_code == 400
    assert client.post("/tokens/", {"name": "R", "days": "9", "datasets": "nothing"}).status_code == 400
    assert client.post("/tokens/", {"name": "R", "days": "many"}).status_code == 400
    assert not ApiToken.objects.exists()
    made = client.post(
        "/tokens/",
        {
            "name": "R", "days": "9", "access": "read", "sites": ["MUM", "PUN"], "datasets": ["demographics"],
            "export_profile": "coded",
        },
    )  # fmt: skip
    assert made.status_code == 201
    token = ApiToken.objects.get()
    assert (sorted(token.sites), token.datasets, token.export_profile) == (
        sorted([cast.mumbai.pk, cast.pune.pk]), ["demographics"], "coded",
    )  # fmt: skip
    shown = client.get("/tokens/").content.decode()
    assert "MUM, PUN" in shown and "demographics" in shown


def test_the_page_offers_a_coordinator_no_dates_and_no_datasets(cast: Any, page: Any) -> None:
    shown = page(cast.asha).get("/tokens/").content.decode()
    assert 'value="coded"' not in shown and 'name="datasets"' not in shown
    assert page(cast.asha).post("/tokens/", {"name": "R", "export_profile": "coded"}).status_code == 400


def test_an_administrator_may_revoke_anybodys_token_others_may_not(cast: Any) -> None:
    token, _secret = tokens.issue(by=cast.meera, name="R")
    with pytest.raises(TokenRefused):
        tokens.revoke(token=token, by=cast.asha)
    tokens.revoke(token=token, by=cast.admin)
    assert not ApiToken.objects.exists()
