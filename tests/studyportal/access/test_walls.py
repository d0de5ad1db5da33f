"""The second wall: with the first one taken away, another site's rows still do not appear, by any road."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from apps.enrolment import actions as enrolment
from apps.enrolment.models import Participant
from apps.visits.models import Visit
from studyportal.access import walls
from studyportal.access.models import ALL_SITES, Membership, ScopedQuerySet, User
from studyportal.audit.selectors import event_model_of
from studyportal.crf.registry import all_specs
from studyportal.embedded.places import APP_ROLE
from studyportal.jobs import actions as jobs
from studyportal.jobs.models import Job
from tests.cast import Cast
from tests.world import World

PARTICIPANTS, HISTORY = Participant._meta.db_table, event_model_of(Participant)._meta.db_table


def registered(cast: Cast) -> tuple[Participant, Participant]:
    return enrolment.register(site=cast.mumbai, by=cast.asha), enrolment.register(
        site=cast.pune, by=cast.vikram
    )


@pytest.fixture
def without_the_first_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every filter by site is forgotten, and every permission held."""
    monkeypatch.setattr(ScopedQuerySet, "visible_to", lambda self, *_: self.all())
    plain = User.may
    monkeypatch.setattr(
        User, "may", lambda self, permission, site=None: plain(self, permission) or site is not None
    )


def codes(sql: str = f"SELECT code FROM {PARTICIPANTS}") -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {row[0] for row in cursor.fetchall()}


# --- What stands -----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_table_of_a_site_is_walled_and_its_history_too() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relrowsecurity AND c.relforcerowsecurity AND"
            " (SELECT array_agg(polname::text ORDER BY polname) FROM pg_policy p WHERE p.polrelid = c.oid)"
            " = '{wall_delete,wall_insert,wall_owner,wall_read,wall_update}'"
        )
        standing = {row[0] for row in cursor.fetchall()}
    of_a_site = {
        model._meta.db_table
        for model in apps.get_models()
        if model._meta.managed
        and any(field.name == "site" and not field.null for field in model._meta.concrete_fields)
        and any(field.name == "participant" for field in model._meta.concrete_fields)
    } | {PARTICIPANTS, HISTORY}
    assert len(of_a_site) > 50
    assert of_a_site <= standing
    assert set(walls.walled()) == standing


@pytest.mark.django_db
def test_a_wall_that_stands_is_not_built_again(as_owner: Any, django_assert_max_num_queries: Any) -> None:
    with as_owner(), django_assert_max_num_queries(3):
        walls.build()


@pytest.mark.django_db
def test_the_application_cannot_pass_by() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolbypassrls, rolsuper FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False)
    for forbidden in (
        f"ALTER TABLE {PARTICIPANTS} DISABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {PARTICIPANTS} NO FORCE ROW LEVEL SECURITY",
        f"DROP POLICY wall_read ON {PARTICIPANTS}",
        f"CREATE POLICY mine ON {PARTICIPANTS} USING (true)",
    ):
        with (
            pytest.raises(ProgrammingError, match="must be owner"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(forbidden)


# --- Reading ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_for_nobody_there_is_nothing(world: World) -> None:
    with transaction.atomic():
        walls.close()
        with connection.cursor() as cursor:
            for table, kind in walls.walled().items():
                if kind != "log":
                    cursor.execute(f"SELECT count(*) FROM {table}")
                    assert cursor.fetchone() == (0,), table
        walls.leave()


@pytest.mark.django_db
def test_without_filters_another_sites_rows_do_not_appear(world: World, cast: Cast) -> None:
    """By ORM, by raw SQL and by COPY, in every table and its history."""
    everything = {spec.model: spec.model._default_manager.count() for spec in all_specs()}
    assert all(everything.values())
    with walls.opened(cast.vikram):
        for model in [Participant, Visit, *everything]:
            assert not model._default_manager.exists(), model
            assert not event_model_of(model)._default_manager.exists(), model
        assert codes() == codes(f"SELECT code FROM {HISTORY}") == set()
        out = io.StringIO()
        with connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {PARTICIPANTS} TO STDOUT", out)
            cursor.copy_expert(f"COPY (SELECT * FROM {HISTORY}) TO STDOUT", out)
        assert out.getvalue() == ""
    with walls.opened(cast.asha):
        assert {model: model._default_manager.count() for model in everything} == everything
    assert codes() == {world.participant.code}


@pytest.mark.usefixtures("without_the_first_wall")
@pytest.mark.django_db
def test_the_portal_that_forgot_every_filter(world: World, cast: Cast, api: Any, page: Any) -> None:
    scripts, browser = api(cast.vikram), page(cast.vikram)
    code = world.participant.code
    assert scripts.get("/api/v1/participants/").json()["results"] == []
    assert scripts.get(f"/api/v1/participants/{code}/").status_code == 404
    for spec in all_specs():
        assert scripts.get(f"/api/v1/forms/{spec.key}/").json()["results"] == [], spec.key
        assert scripts.get(f"/api/v1/forms/{spec.key}/{world.records[spec.key].pk}/").status_code == 404
    for address in ("/participants/", "/worklist/", f"/participants/{code}/"):
        assert code not in browser.get(address).content.decode().replace(address, ""), address
    mine = api(cast.asha).get("/api/v1/participants/").json()["results"]
    assert [one["code"] for one in mine] == [code]


@pytest.mark.django_db
def test_two_roles_at_two_sites(cast: Cast) -> None:
    """Rows are read where any role shows them, and written only where a role changes them."""
    at_mumbai, at_pune = registered(cast)
    Membership.objects.create(
        user=cast.vikram, role="ethics_auditor", site=cast.mumbai, valid_from="2020-01-01"
    )
    vikram = User.objects.get(pk=cast.vikram.pk)
    with walls.opened(vikram):
        assert codes() == {at_mumbai.code, at_pune.code}
        assert Participant.objects.update(label="seen") == 1
    assert Participant.objects.get(pk=at_mumbai.pk).label == ""


@pytest.mark.parametrize("who", ["admin", "norole"])
@pytest.mark.django_db
def test_who_needs_no_rows_sees_none(cast: Cast, who: str) -> None:
    registered(cast)
    with walls.opened(getattr(cast, who)):
        assert codes() == set()


@pytest.mark.parametrize("who", ["sanjay", "farah"])
@pytest.mark.django_db
def test_who_only_reads_writes_nothing(cast: Cast, who: str) -> None:
    registered(cast)
    with walls.opened(getattr(cast, who)):
        assert len(codes()) == 2
        assert Participant.objects.update(label="changed") == 0


# --- Writing ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_row_cannot_be_put_into_another_site(cast: Cast) -> None:
    with pytest.raises(ProgrammingError) as refused, walls.opened(cast.vikram):
        enrolment.register(site=cast.mumbai, by=cast.vikram)
    assert walls.is_breach(refused.value)


@pytest.mark.django_db
def test_a_row_cannot_be_moved_changed_or_deleted_across_sites(cast: Cast) -> None:
    at_mumbai, at_pune = registered(cast)
    with walls.opened(cast.vikram):
        assert Participant.objects.filter(pk=at_mumbai.pk).update(label="x") == 0
        assert Participant.objects.filter(pk=at_mumbai.pk).delete()[0] == 0
    with pytest.raises(ProgrammingError) as refused, walls.opened(cast.vikram):
        Participant.objects.filter(pk=at_pune.pk).update(site=cast.mumbai)
    assert walls.is_breach(refused.value)


@pytest.mark.django_db
def test_a_write_past_the_first_wall_is_refused_by_the_second(
    cast: Cast, api: Any, caplog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach = walls.reach_of(cast.vikram)
    monkeypatch.setattr(walls, "reach_of", lambda user: reach)
    monkeypatch.setattr(User, "sites_with", lambda self, permission: ALL_SITES)
    answer = api(cast.vikram).post("/api/v1/participants/", {"site": "MUM"})
    assert answer.status_code == 403, answer.content
    assert answer.json()["code"] == "permission_denied"
    assert "second wall" in caplog.text
    assert not Participant.objects.exists()


# --- One transaction, one person -------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_was_said_ends_with_its_block(cast: Cast) -> None:
    at_mumbai, at_pune = registered(cast)
    with walls.opened(cast.asha):
        with walls.opened(cast.vikram):
            assert codes() == {at_pune.code}
        assert codes() == {at_mumbai.code}
        with pytest.raises(ZeroDivisionError), walls.opened(cast.vikram):
            raise ZeroDivisionError
        assert codes() == {at_mumbai.code}
        with walls.whole_study():
            assert len(codes()) == 2
        assert codes() == {at_mumbai.code}


@pytest.fixture
def spoken_for_by_nobody(transactional_db: None) -> Iterator[None]:
    """The connection as the portal's own is: without a word it sees nothing."""
    names = ("read", "write", "identity_read", "identity_write")
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET studyportal.{name} TO ''" for name in names))
    yield
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET studyportal.{name} TO DEFAULT" for name in names))


@pytest.mark.django_db(transaction=True)
def test_a_reused_connection_remembers_nobody(cast: Cast, page: Any, spoken_for_by_nobody: None) -> None:
    with walls.whole_study():
        at_mumbai, _at_pune = registered(cast)
    browser = page(cast.asha)
    assert at_mumbai.code in browser.get("/participants/").content.decode()
    assert codes() == set(), "the request's transaction took its wall with it"
    assert browser.get("/participants/MUM-9999-X/").status_code == 404
    assert codes() == set()
    assert page(None).get("/participants/").status_code == 302
    assert codes() == set()


@pytest.mark.django_db(transaction=True)
def test_a_connection_of_ones_own_sees_nothing_until_it_is_spoken_for(cast: Cast) -> None:
    """psycopg2 as the application's role, past Django: what an export's thread opens."""
    at_mumbai, _at_pune = registered(cast)
    given = connection.get_connection_params()
    settings = {name: given[name] for name in ("dbname", "user", "host")}
    with closing(psycopg2.connect(**settings)) as own, own.cursor() as cursor:
        cursor.execute(f"SET ROLE {APP_ROLE}")
        cursor.execute(f"SELECT code FROM {PARTICIPANTS}")
        assert cursor.fetchall() == []
        walls.for_cursor(cast.asha)(cursor)
        cursor.execute(f"SELECT code FROM {PARTICIPANTS}")
        assert cursor.fetchall() == [(at_mumbai.code,)]
        own.rollback()
        cursor.execute(f"SET ROLE {APP_ROLE}")
        cursor.execute(f"SELECT code FROM {PARTICIPANTS}")
        assert cursor.fetchall() == []


@pytest.mark.django_db(transaction=True)
def test_what_streams_stands_behind_the_wall_of_its_reader(
    cast: Cast, api: Any, page: Any, spoken_for_by_nobody: None
) -> None:
    with walls.whole_study():
        people = registered(cast)
    Membership.objects.create(user=cast.norole, role="statistician", site=cast.pune, valid_from="2020-01-01")
    Membership.objects.create(
        user=cast.norole, role="ethics_auditor", site=cast.pune, valid_from="2020-01-01"
    )

    def file(answer: Any) -> str:
        return b"".join(answer.streaming_content).decode()

    whole = file(api(cast.sanjay).get("/api/v1/datasets/participants.csv"))
    part = file(api(cast.norole).get("/api/v1/datasets/participants.csv"))
    assert all(one.code in whole for one in people)
    assert people[0].code not in part and people[1].code in part
    assert codes() == set()


@pytest.mark.django_db
def test_a_job_works_behind_the_wall_of_who_asked_for_it(
    cast: Cast, eager_jobs: None, django_capture_on_commit_callbacks: Any
) -> None:
    from studyportal.jobs import registry
    from studyportal.jobs.registry import Kind

    at_mumbai, _at_pune = registered(cast)
    seen: dict[str, set[str]] = {}

    def look(params: Any, progress: Any, by: Any) -> Any:
        from studyportal.jobs import Result

        seen["work"] = codes()
        return Result({}, write=lambda: seen.update(write=codes()))

    kind = Kind("test.look", "Look", walls.Permission.ENTER_DATA, look, None, 3)
    registry._kinds[kind.key] = kind
    try:
        with django_capture_on_commit_callbacks(execute=True):
            job = jobs.start("test.look", by=cast.asha)
    finally:
        del registry._kinds[kind.key]
    assert Job.objects.get(pk=job.pk).state == "done", Job.objects.get(pk=job.pk).error
    assert seen == {"work": {at_mumbai.code}, "write": {at_mumbai.code}}


@pytest.mark.django_db
def test_a_role_that_ended_yesterday_opens_nothing(cast: Cast) -> None:
    registered(cast)
    yesterday = timezone.localdate() - timezone.timedelta(days=1)
    Membership.objects.filter(user=cast.asha).update(valid_until=yesterday)
    with walls.opened(User.objects.get(pk=cast.asha.pk)):
        assert codes() == set()
