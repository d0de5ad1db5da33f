"""Identity stays where it belongs: marked people are planted at two sites through the pages, then everything that
leaves the portal or lies in its stores is searched for them.

Only the two pages of identity may hold a mark, for the staff of the participant's own site.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core import signals
from django.core.cache import cache
from django.db import connection
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from config import servers
from studyportal.audit.selectors import event_model_of
from studyportal.identity import actions as identity_actions
from studyportal.identity import crossing, rules, sealing
from studyportal.identity.models import Identity, PersonIndex
from studyportal.identity.person import Person
from studyportal.jobs import actions as jobs
from studyportal.jobs.errors import InvalidParams
from studyportal.jobs.registry import all_kinds
from tests.apps.enrolment.factories import a_case
from tests.cast import ROLES
from tests.contracts.test_urls import ADDRESSES, url_of
from tests.security.identity_net import Ears, Marks, Net, listening_loggers, whole
from tests.world import World

OWN_STAFF = {"asha": "MUM", "rao": "MUM", "vikram": "PUN", "iyer": "PUN"}
IDENTITY_PAGES = ("identity/", "identity/change/")


@dataclass
class Planted:
    world: World
    pune: Any
    people: dict[str, dict[str, str]]
    net: Net
    ears: Ears
    left: list[tuple[str, set[str]]] = field(default_factory=list)

    @property
    def participants(self) -> dict[str, Any]:
        return {"MUM": self.world.participant, "PUN": self.pune}

    def address(self, site: str, tail: str = "identity/") -> str:
        return f"/participants/{self.participants[site].code}/{tail}"

    def look(self, where: str, *held: Any) -> None:
        """Note what the net finds in something that may hold no mark."""
        if found := self.net.found_in(*held):
            self.left.append((where, found))


@pytest.fixture
def ears() -> Iterator[Ears]:
    ears = Ears()
    before = [(logger, logger.level) for logger in listening_loggers()]
    statements = logging.getLogger("django.db.backends")
    before.append((statements, statements.level))
    for logger, _level in before:
        logger.addHandler(ears)
        logger.setLevel(logging.DEBUG)
    connection.force_debug_cursor = True  # every statement with its values is logged
    yield ears
    connection.force_debug_cursor = False
    for logger, level in before:
        logger.removeHandler(ears)
        logger.setLevel(level)


@pytest.fixture
def planted(transactional_db: None, world: World, page: Any, ears: Ears) -> Planted:
    """One marked person at each site, recorded and then changed by the site's coordinator."""
    marks = Marks()
    pune = a_case(world.cast, site=world.cast.pune, by=world.cast.vikram)
    # What was typed first is only in history; it must stay there as well.
    first = {"MUM": marks.person(), "PUN": marks.person()}
    planted = Planted(world, pune, {"MUM": marks.person(), "PUN": marks.person()}, Net(marks), ears)
    for who, site in (("asha", "MUM"), ("vikram", "PUN")):
        browser = page(getattr(world.cast, who))
        for version, person in enumerate((first[site], planted.people[site])):
            answer = browser.post(
                planted.address(site, "identity/change/"),
                person | {"version": str(version), "reason": "Corrected from the hospital card"},
            )
            assert answer.status_code == 302, answer.content.decode()
            planted.look(f"{who} saves", *whole(answer))
    assert Identity.objects.count() == 2
    assert event_model_of(Identity).objects.count() == 4
    for person in (*first.values(), *planted.people.values()):
        keys, _binding = crossing.blind_keys(Person(**person))
        assert len(keys) > 8
        planted.net.hold(key.split(".")[1] for key in keys)
    return planted


def test_the_net_finds_what_it_should() -> None:
    marks = Marks()
    net = Net(marks)
    person = marks.person()
    name, number, born = (person[key] for key in ("full_name", "hospital_number", "birth_date"))
    for hidden in (
        name.upper(),
        name.encode().hex().upper(),
        f"x{name.lower()}y".encode(),
        json.dumps({"a": name}),
        number.replace(" ", "").replace("-", ""),
        born,
    ):
        assert net.found_in(hidden), hidden
    for value in person.values():
        assert net.found_in(value), value
    for lead in range(5):
        assert net.found_in(base64.b64encode(b"?" * lead + name.encode() + b"!"))
        assert net.found_in(base64.urlsafe_b64encode(b"?" * lead + number.encode()))
    assert not net.found_in("Corrected from the hospital card", b"\x00\xff" * 100)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_it_is_on_two_pages_and_nowhere_else(
    planted: Planted, api: Any, page: Any, eager_jobs: None, as_owner: Any, monkeypatch: Any
) -> None:
    """One planting, many looks: each look that finds a mark is listed, so that one failure shows them all."""
    payloads = _listen_to_tasks(monkeypatch)
    _walk_every_address(planted, api, page)
    _download_every_dataset(planted, api)
    _search(planted, page)
    _start_every_job(planted)
    _meet_every_refusal(planted, page)
    _break_inside(planted, page, monkeypatch)
    planted.look("payloads of jobs", *payloads)
    planted.look("the OpenAPI document", openapi())
    with as_owner():
        _read_the_tables(planted)
    _read_the_stores(planted)
    assert len(planted.ears.heard) > 1000, "the statements of the database were listened to"
    for line in planted.ears.heard:
        planted.look(f"log: {line[:150]}", line)
    if planted.left:
        pytest.fail(
            "Marks of planted identities were found in:\n"
            + "\n".join(sorted({f"{where}: {', '.join(sorted(found))}" for where, found in planted.left})),
            pytrace=False,
        )
    _staff_sees_its_own(planted, page)


def openapi() -> str:
    return json.dumps(SchemaGenerator().get_schema(public=True), default=str)


def _listen_to_tasks(monkeypatch: Any) -> list[str]:
    from celery.app.task import Task

    payloads: list[str] = []
    plain = Task.apply_async

    def apply_async(self: Any, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        payloads.append(repr((self.name, args, kwargs, options)))
        return plain(self, args, kwargs, **options)

    monkeypatch.setattr(Task, "apply_async", apply_async)
    return payloads


def _walk_every_address(planted: Planted, api: Any, page: Any) -> None:
    """Every role and the stranger, every address: Mumbai's objects, and the pages of identity of both sites."""
    for who in [*ROLES, None]:
        user = getattr(planted.world.cast, who) if who else None
        scripts, browser = api(user), page(user)
        for address in ADDRESSES:
            url = url_of(address, planted.world)
            client = scripts if address.is_api else browser
            if address.name in ("identity:show", "identity:change") and OWN_STAFF.get(who or "") == "MUM":
                continue
            planted.look(f"{who} GET {url}", *whole(client.get(url)))
        for site in planted.participants:
            if OWN_STAFF.get(who or "") != site:
                for tail in IDENTITY_PAGES:
                    answer = browser.get(planted.address(site, tail))
                    assert answer.status_code in (302, 403, 404), (who, site, tail)
                    planted.look(f"{who} GET {site} {tail}", *whole(answer))
        for query in (f"?participant={planted.pune.code}", f"?participant={planted.world.participant.code}"):
            planted.look(f"{who} audit trail", *whole(browser.get(f"/audit-trail/{query}")))
    for code in (one.code for one in planted.participants.values()):
        planted.look(f"casebook {code}", *whole(page(planted.world.cast.meera).get(f"/participants/{code}/")))


def _download_every_dataset(planted: Planted, api: Any) -> None:
    scripts = api(planted.world.cast.meera)
    listed = scripts.get("/api/v1/datasets/").json()
    datasets = listed["results"] if isinstance(listed, dict) else listed
    assert len(datasets) > 15
    assert not {"identity", "identities", "person"} & {one["key"] for one in datasets}
    rows = 0
    for one in datasets:
        answer = whole(scripts.get(one["csv"]))
        rows += answer[-1].count(b"\n")
        planted.look(f"dataset {one['key']}", *answer)
        planted.look(f"dictionary {one['key']}", *whole(scripts.get(one["dictionary"])))
    assert rows > len(datasets), "the datasets hold rows, not only headers"


def _search(planted: Planted, page: Any) -> None:
    for who in ROLES:
        for site, person in planted.people.items():
            number = person["hospital_number"]
            answer = page(getattr(planted.world.cast, who)).post(
                "/participants/find/", {"hospital_number": number}
            )
            planted.look(f"{who} searches for {site}", *whole(answer))
            if OWN_STAFF.get(who) == site:
                assert answer["Location"] == planted.participants[site].get_absolute_url()
            else:
                assert answer.status_code in (200, 403)
                assert planted.participants[site].code not in answer.content.decode()


def _start_every_job(planted: Planted) -> None:
    cast = planted.world.cast
    for kind in all_kinds():
        person = next((p for p in cast.everyone().values() if p.may(kind.permission)), None)
        if person is None:
            continue
        try:
            job = jobs.start(kind.key, by=person)
        except InvalidParams:
            continue
        job.refresh_from_db()
        planted.look(f"job {kind.key}", job.params, job.result, job.error, job.message)


def _meet_every_refusal(planted: Planted, page: Any) -> None:
    """Errors that somebody meets who sends a marked person: the wrong token, role, site, size, address, method."""
    cast = planted.world.cast
    person = planted.people["MUM"] | {"version": "2"}
    own = planted.address("MUM", "identity/change/")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.asha, backend="django.contrib.auth.backends.ModelBackend")
    huge = person | {"address": "x" * 10_000_000}
    for where, answer in {
        "no token against forgery": strict.post(own, person),
        "a stranger": Client().post(own, person),
        "another role": page(cast.sanjay).post(own, person),
        "another site": page(cast.vikram).post(own, person),
        "too large": page(cast.asha).post(own, huge),
        "no such participant": page(cast.asha).post("/participants/MUM-9999-X/identity/change/", person),
        "no such page": page(cast.asha).post("/participants/nowhere/", person),
        "not posted here": page(cast.asha).post(planted.address("MUM"), person),
        "another form": page(cast.asha).post(f"/participants/{planted.pune.code}/change/", person),
        "not JSON": page(cast.asha).post("/api/v1/participants/", person),
    }.items():
        assert 300 <= answer.status_code < 500, where
        planted.look(where, *whole(answer))
    # A refusal that Asha herself meets on her page shows her what she typed; the log hears nothing of it.
    assert page(cast.asha).post(own, person | {"birth_date": "14/05/2001"}).status_code == 400
    assert page(cast.asha).post(own, person | {"version": "1"}).status_code == 412
    taken = page(cast.asha).post(
        f"/participants/{a_case(cast).code}/identity/change/", {**person, "version": "0"}
    )
    assert taken.status_code == 400


def _break_inside(planted: Planted, page: Any, monkeypatch: Any) -> None:
    """A fault at each depth of saving and showing: the page of the failure, the log and the error report."""
    caught: list[Any] = []

    def note(sender: Any, request: Any, **kwargs: Any) -> None:
        import sys

        planted.ears.reports_of(request, sys.exc_info()[1])  # type: ignore[arg-type]
        caught.append(request)

    def fails(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("the power went")

    signals.got_request_exception.connect(note)
    browser = page(planted.world.cast.asha)
    browser.raise_request_exception = False
    person = planted.people["MUM"] | {"version": "2", "phone": "12345", "reason": "new phone"}
    for depth, (owner, name) in enumerate(
        [
            (rules, "line"),
            (rules, "mentions"),
            (sealing.json, "dumps"),
            (Identity, "save"),
            (identity_actions, "_save"),
        ],
        start=1,
    ):
        with monkeypatch.context() as broken:
            broken.setattr(owner, name, fails)
            answer = browser.post(planted.address("MUM", "identity/change/"), person)
        assert answer.status_code == 500
        assert len(caught) == depth
        planted.look(f"failure in {name}", *whole(answer))
    with monkeypatch.context() as broken:
        broken.setattr("studyportal.ui.templatetags.ui_tags.human_date_text", fails)
        broken.setattr("studyportal.identity.pages.human_date_text", fails)
        answer = browser.get(planted.address("MUM"))
    assert answer.status_code == 500
    planted.look("failure in showing", *whole(answer))
    signals.got_request_exception.disconnect(note)
    assert Identity.objects.filter(version=2).count() == 2, "nothing was saved in part"


def _read_the_tables(planted: Planted) -> None:
    """Every table as a dump would hold it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        tables = [row[0] for row in cursor.fetchall()]
        assert len(tables) > 60
        rows = 0
        for table in tables:
            if table == f"public.{PersonIndex._meta.db_table}":
                continue  # the one place of the blind keys; no name is in it either, as the next test holds
            cursor.execute(f"SELECT t::text FROM {table} t")
            for (text,) in cursor:
                rows += 1
                planted.look(f"table {table}", text)
    assert rows > 200


def _read_the_stores(planted: Planted) -> None:
    """Sessions decoded, cache and queue, and the servers' logs."""
    for session in Session.objects.all():
        planted.look("a session", session.get_decoded(), session.session_data)
    assert Session.objects.exists()
    cache.set("planted", "the cache is read")
    read = list(_values_of_redis(django_settings.CACHES["default"]["LOCATION"]))
    assert any(b"the cache is read" in value for value in read)
    planted.look("the cache", *read)
    broker = servers.broker_url().replace("redis+socket://", "unix://").replace("virtual_host", "db")
    planted.look("the queue", *_values_of_redis(broker))
    for path in servers.places().logs.glob("*"):
        planted.look(f"log file {path.name}", path.read_bytes())


def _values_of_redis(url: str) -> Iterator[bytes]:
    client = redis.Redis.from_url(url)
    for key in client.scan_iter("*"):
        yield key
        kind = client.type(key)
        if kind == b"string":
            yield client.get(key) or b""
        elif kind == b"list":
            yield from client.lrange(key, 0, -1)
        elif kind == b"set":
            yield from client.smembers(key)
        elif kind == b"hash":
            for name, value in client.hgetall(key).items():
                yield name + value
        elif kind == b"zset":
            yield from client.zrange(key, 0, -1)


def _staff_sees_its_own(planted: Planted, page: Any) -> None:
    """The net would have found them: there they are, where they belong."""
    for who, site in OWN_STAFF.items():
        browser = page(getattr(planted.world.cast, who))
        other = "PUN" if site == "MUM" else "MUM"
        for tail in IDENTITY_PAGES:
            answer = browser.get(planted.address(site, tail))
            assert answer.status_code == 200
            body = answer.content.decode()
            assert planted.people[site]["full_name"] in body
            assert planted.people[other]["full_name"] not in body
            headers = [repr(dict(answer.items())), answer.cookies.output(), answer.request["PATH_INFO"]]
            assert not planted.net.found_in(*headers)


@pytest.mark.django_db(transaction=True)
def test_the_index_of_persons_holds_keys_and_no_mark(planted: Planted, as_owner: Any) -> None:
    with as_owner():
        rows = list(PersonIndex.objects.all())
    assert {row.participant_id for row in rows} == {one.pk for one in planted.participants.values()}
    for row in rows:
        assert planted.net.found_in(*row.keys) == {key.split(".")[1] for key in row.keys}
        assert all(crossing.KEY.fullmatch(key) for key in row.keys)


# By code only: which participants may be one person.
CODES_ONLY = ("possible-duplicates", "possible-duplicate", "possible-duplicate-settlement")


def test_there_is_no_api_for_identity() -> None:
    for address in ADDRESSES:
        if address.is_api and address.name.removeprefix("api:") not in CODES_ONLY:
            view = getattr(address.callback, "cls", address.callback)
            assert not view.__module__.startswith("studyportal.identity"), address.route
    text = openapi()
    for name in ("full_name", "hospital_number", "guardian_name"):
        assert name not in text
