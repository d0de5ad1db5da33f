"""The pages of people, sites and the delegation log: who may open them, and what they do."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.utils import timezone

from studyportal.access import delegation, tokens
from studyportal.access.models import ApiToken, Membership, Site, User
from tests.cast import ROLES

pytestmark = pytest.mark.django_db

MANAGED = (
    "/people/",
    "/people/new/",
    "/people/asha/",
    "/people/asha/change/",
    "/people/asha/password/",
    "/people/asha/standing/",
    "/people/asha/second-factor/",
    "/people/asha/roles/new/",
    "/sites/",
    "/sites/new/",
    "/sites/MUM/",
    "/sites/MUM/standing/",
)
READ = ("/delegations/", "/delegations/log.csv")


# --- refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [*ROLES, None])
def test_who_may_open_them(cast: Any, page: Any, who: str | None) -> None:
    client = page(getattr(cast, who) if who else None)
    for addresses, allowed in ((MANAGED, {"admin"}), (READ, {"admin", "rao", "iyer", "meera", "farah"})):
        for address in addresses:
            expected = 302 if who is None else 200 if who in allowed else 403
            assert client.get(address).status_code == expected, address


@pytest.mark.parametrize("who", [name for name in ROLES if name != "admin"])
def test_posts_of_others_change_nothing(cast: Any, page: Any, who: str) -> None:
    client = page(getattr(cast, who))
    role = cast.vikram.memberships.get()
    posts = {
        "/people/new/": {"username": "nova", "display_name": "Nova"},
        "/people/vikram/standing/": {"reason": "x", "version": "1"},
        "/people/vikram/password/": {},
        f"/people/{who}/roles/new/": {"role": "administrator", "site": "whole-study", "reason": "x"},
        f"/people/vikram/roles/{role.pk}/end/": {"reason": "x", "version": "1"},
        "/sites/new/": {"code": "DEL", "name": "Delhi", "timezone": "Asia/Kolkata", "country": "IN"},
    }
    before = Membership.objects.count(), User.objects.count(), Site.objects.count()
    for address, body in posts.items():
        assert client.post(address, body).status_code == 403, address
    assert (Membership.objects.count(), User.objects.count(), Site.objects.count()) == before
    assert User.objects.get(pk=cast.vikram.pk).is_active


@pytest.mark.parametrize(
    "address",
    [
        "/people/nobody/",
        "/people/nobody/change/",
        "/people/nobody/roles/new/",
        "/people/asha/roles/987654321/end/",
        "/people/asha/roles/99999999999999999999999/end/",
        "/sites/XXX/",
    ],
)
def test_what_is_not_there_is_not_found(cast: Any, page: Any, address: str) -> None:
    assert page(cast.admin).get(address).status_code == 404


def test_a_role_is_ended_on_the_page_of_its_person_only(cast: Any, page: Any) -> None:
    role = cast.vikram.memberships.get()
    answer = page(cast.admin).post(f"/people/asha/roles/{role.pk}/end/", {"reason": "x", "version": "1"})
    assert answer.status_code == 404
    role.refresh_from_db()
    assert role.ended_at is None


@pytest.mark.parametrize(
    ("address", "body", "status", "words"),
    [
        ("/people/admin/roles/new/", {"role": "investigator", "site": "MUM", "reason": "x"}, 409, "himself"),
        (
            "/people/asha/roles/new/",
            {"role": "investigator", "site": "", "reason": "x"},
            400,
            "Choose a site",
        ),
        ("/people/asha/roles/new/", {"role": "investigator", "site": "MUM"}, 400, "Say why"),
        ("/people/asha/roles/new/", {"role": "<b>", "site": "MUM", "reason": "x"}, 400, "of the list"),
        (
            "/people/asha/roles/new/",
            {"role": "investigator", "site": "MUM", "reason": "x", "valid_until": "soon"},
            400,
            "2026-11-03",
        ),
        ("/people/admin/standing/", {"reason": "x", "version": "1"}, 409, "his or her own"),
        ("/people/asha/standing/", {"reason": "x", "version": "7"}, 412, "changed this meanwhile"),
        ("/people/asha/standing/", {"reason": "x"}, 412, "changed this meanwhile"),
        ("/people/asha/change/", {"display_name": "", "version": "1"}, 400, "Write the person"),
        ("/people/new/", {"username": "Ä", "display_name": "Ä"}, 400, "small letters"),
        ("/sites/MUM/", {"name": "x", "timezone": "x", "country": "IN", "version": "1"}, 400, "time zone"),
        ("/sites/PUN/standing/", {"reason": "x", "version": "1"}, 409, "still held"),
    ],
)
def test_a_refusal_says_why_and_keeps_what_was_typed(
    cast: Any, page: Any, address: str, body: dict[str, str], status: int, words: str
) -> None:
    answer = page(cast.admin).post(address, body)
    assert answer.status_code == status
    text = answer.content.decode()
    assert words in text and "<b>" not in text
    assert not body.get("reason") or 'value="x"' in text


@pytest.mark.parametrize(
    "query", ["site=PUN", "site=XXX", "role=monarch", "on=yesterday", "on=2020-13-01", "on=%00"]
)
def test_a_filter_that_is_not_understood_is_said(cast: Any, page: Any, query: str) -> None:
    client = page(cast.rao)
    assert client.get(f"/delegations/?{query}").status_code == 400
    assert client.get(f"/delegations/log.csv?{query}").status_code == 400


# --- the way through -------------------------------------------------------------------------------------


def test_a_person_is_added_given_a_role_and_deactivated(cast: Any, page: Any) -> None:
    client = page(cast.admin)
    made = client.post("/people/new/", {"username": "nova", "display_name": "Nova", "email": "n@h.example"})
    assert made.status_code == 201 and made["Cache-Control"] == "no-store"
    nova = User.objects.get(username="nova")
    secret = made.context["password"]
    assert nova.check_password(secret) and secret in made.content.decode()
    assert secret not in client.get("/people/nova/").content.decode()
    body = {"role": "site_coordinator", "site": "MUM", "reason": "Joins"}
    assert client.post("/people/nova/roles/new/", body).status_code == 302
    held = nova.memberships.get()
    assert (held.site, held.granted_by, held.reason) == (cast.mumbai, cast.admin, "Joins")
    ended = client.post(f"/people/nova/roles/{held.pk}/end/", {"reason": "Leaves", "version": "1"})
    assert ended.status_code == 302
    held.refresh_from_db()
    assert held.ended_at is not None
    assert client.post("/people/nova/standing/", {"reason": "Left", "version": "1"}).status_code == 302
    shown = client.get("/people/nova/").content.decode()
    assert "Deactivated" in shown and "Left" in shown
    assert client.post("/people/nova/standing/", {"reason": "Back", "version": "2"}).status_code == 201


def test_an_administrator_sees_and_revokes_tokens_but_no_secret(cast: Any, page: Any) -> None:
    token, secret = tokens.issue(by=cast.meera, name="R script", sites=["PUN"])
    client = page(cast.admin)
    shown = client.get("/people/meera/").content.decode()
    assert "R script" in shown and "PUN" in shown
    assert secret not in shown and token.digest not in shown
    assert client.post(f"/people/asha/tokens/{token.token_key}/revoke/").status_code == 404
    assert page(cast.asha).post(f"/people/meera/tokens/{token.token_key}/revoke/").status_code == 403
    assert client.post(f"/people/meera/tokens/{token.token_key}/revoke/").status_code == 302
    assert not ApiToken.objects.exists()


def test_a_lost_second_factor_is_taken_away_by_an_administrator_never_by_the_person(
    cast: Any, page: Any
) -> None:
    from allauth.mfa.models import Authenticator

    for user in (cast.asha, cast.admin):
        Authenticator.objects.create(user=user, type="totp", data={})
    client = page(cast.admin)
    assert "Reset second factor" in client.get("/people/asha/").content.decode()
    assert client.post("/people/admin/second-factor/").status_code == 409
    assert page(cast.asha).post("/people/asha/second-factor/").status_code == 403
    assert Authenticator.objects.count() == 2
    assert client.post("/people/asha/second-factor/").status_code == 302
    assert [one.user_id for one in Authenticator.objects.all()] == [cast.admin.pk]


def test_people_are_found(cast: Any, page: Any) -> None:
    client = page(cast.admin)
    User.objects.filter(pk=cast.norole.pk).update(is_active=False)
    for query, there, gone in (
        ("q=ash", "asha", "vikram"),
        ("site=PUN", "vikram", "asha"),
        ("role=investigator", "rao", "asha"),
        ("active=no", "norole", "asha"),
        ("active=yes", "asha", "norole"),
        ("role=site_coordinator&site=MUM", "asha", "vikram"),
        ("q=%25", "", "asha"),
    ):
        text = client.get(f"/people/?{query}").content.decode()
        assert not there or f"/people/{there}/" in text, query
        assert f"/people/{gone}/" not in text, query


def test_lists_ask_no_more_with_more_rows(cast: Any, page: Any, django_assert_max_num_queries: Any) -> None:
    client = page(cast.admin)
    for number in range(60):
        user = User.objects.create(username=f"person{number:02}")
        Membership.objects.create(
            user=user, role="site_coordinator", site=cast.pune, valid_from="2020-01-01", granted_by=cast.admin
        )
    for address in ("/people/", "/people/asha/", "/sites/", "/delegations/", "/delegations/log.csv"):
        client.get(address)
        with django_assert_max_num_queries(25):
            assert client.get(address).status_code == 200
    first = client.get("/people/").content.decode()
    assert "person59" not in first and "after=" in first
    assert "person59" in client.get("/people/?after=person40").content.decode()
    assert "before=" in client.get("/delegations/").content.decode()


def test_the_log_of_a_site_holds_that_site_and_the_whole_study(cast: Any, page: Any) -> None:
    text = page(cast.rao).get("/delegations/").content.decode()
    assert "asha" in text and "meera" in text
    assert "vikram" not in text and "PUN" not in text
    assert "vikram" in page(cast.farah).get("/delegations/").content.decode()
    assert 'href="/people/' not in text


def test_the_log_tells_who_held_what_on_a_day(cast: Any, page: Any) -> None:
    today = timezone.localdate()
    delegation.end_membership(membership=cast.asha.memberships.get(), by=cast.admin, reason="Left")
    Membership.objects.filter(user=cast.asha).update(valid_until="2021-05-01")
    client = page(cast.farah)
    assert "asha" in client.get("/delegations/?on=2021-05-01").content.decode()
    assert "asha" not in client.get(f"/delegations/?on={today}").content.decode()
    assert "asha" not in client.get("/delegations/?on=2019-12-31").content.decode()
    assert "vikram" not in client.get("/delegations/?site=MUM").content.decode()
    assert "vikram" in client.get("/delegations/?person=Vik").content.decode()
    assert "asha" not in client.get("/delegations/?role=investigator").content.decode()


def test_the_csv_is_the_log_and_runs_no_formula(cast: Any, page: Any) -> None:
    delegation.grant(
        user=cast.norole, role="investigator", site=cast.pune, by=cast.admin, reason='=HYPERLINK("x")'
    )
    answer = page(cast.farah).get("/delegations/log.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(rows) == Membership.objects.count()
    assert (rows[0]["username"], rows[0]["granted_by"], rows[0]["reason"]) == (
        "norole", "admin", "'=HYPERLINK(\"x\")",
    )  # fmt: skip
    mumbai = page(cast.rao).get("/delegations/log.csv").content.decode()
    assert "vikram" not in mumbai and "norole" not in mumbai


def test_navigation_shows_each_what_is_theirs(cast: Any, page: Any) -> None:
    assert 'href="/people/"' in page(cast.admin).get("/access/roles/").content.decode()
    for who, log in (("asha", False), ("rao", True), ("farah", True), ("sanjay", False)):
        text = page(getattr(cast, who)).get("/access/roles/").content.decode()
        assert 'href="/people/"' not in text
        assert ('href="/delegations/"' in text) is log
