"""The measurements, each beside its physical limit in the same run."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections.abc import Callable
from contextlib import closing

from tests.benchmarks.http_client import Client, Request, run
from tests.benchmarks.limits import connect, copy_out, pgbench, timed
from tests.benchmarks.portal import Portal
from tests.benchmarks.report import Report, ms, per_second, percentile
from tests.benchmarks.study import VISITS, People

# As wide as the table of the form: what one INSERT of such a row costs, without history, rights or checks.
LIMIT_TABLE = """
DROP TABLE IF EXISTS bench_insert;
CREATE TABLE bench_insert (id bigserial PRIMARY KEY, site_id bigint, participant_id bigint, visit_id bigint,
    status text, absent jsonb, version int, created_at timestamptz, updated_at timestamptz, analyte text, context text,
    collected_on text, fasting text, reported text, unit text, unit_basis text, number_canonical numeric(16, 4));
CREATE INDEX ON bench_insert (participant_id, analyte);
CREATE INDEX ON bench_insert (visit_id, analyte);
"""
LIMIT_INSERT = """
\\set visit random(1, 100000)
INSERT INTO bench_insert (site_id, participant_id, visit_id, status, absent, version, created_at, updated_at, analyte,
    context, collected_on, fasting, reported, unit, unit_basis, number_canonical)
VALUES (1, :visit / 14, :visit, 'complete', '{"lloq": "not_recorded"}', 1, now(), now(), 'hba1c', 'follow_up',
    '2024-05-01', 'fasting', '7.4', '%', 'stated', 7.4);
"""


def count(portal: Portal, table: str) -> int:
    with closing(connect(portal.places)) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int((cursor.fetchone() or (0,))[0])


def saves(participants: int) -> Callable[[], Request]:
    """Requests that save one laboratory result each, at a random visit of a participant of Mumbai."""
    numbers = random.Random(7)

    def request() -> Request:
        participant = 2 * numbers.randint(1, participants // 2)
        visit = (participant - 1) * len(VISITS) + numbers.randint(1, len(VISITS))
        body = {
            "participant": f"MUM-{participant:06}-X",
            "visit": visit,
            "analyte": "hba1c",
            "context": "follow_up",
            "collected_on": "2024-05-01",
            "fasting": "fasting",
            "reported": f"{numbers.randint(55, 95) / 10}",
            "unit": "%",
            "unit_basis": "stated",
            "complete": True,
            "absent": {},
        }
        return "POST", "/api/v1/forms/lab-result/", json.dumps(body).encode()

    return request


def save(portal: Portal, people: People, report: Report, *, participants: int, seconds: float) -> None:
    """Saving a form over HTTP by token: authenticated, scoped, validated, checked, with history."""
    with closing(connect(portal.places)) as connection, connection.cursor() as cursor:
        cursor.execute(LIMIT_TABLE)
    before = count(portal, "labs_labresult")
    requests = saves(participants)
    headers = {"Authorization": f"Token {people.coordinator_token}"}

    def client() -> Client:
        return Client("127.0.0.1", portal.port, headers)

    first = client().send(*requests())
    if first.status != 201:
        raise RuntimeError(f"The form was not saved ({first.status}): {first.body[:1000].decode()}")
    run(client, requests, clients=4, seconds=min(2, seconds))  # both workers warm
    for clients, budget in ((1, "p50 ≤ 8 ms; aim 3 ms"), (8, "≥ 250/s; aim 600/s")):
        limit_latency, limit_rate = pgbench(portal.places, LIMIT_INSERT, clients=clients, seconds=seconds)
        load = run(client, requests, clients=clients, seconds=seconds)
        if load.refused:
            raise RuntimeError(
                f"{len(load.refused)} saves were refused: {load.refused[0].body[:1000].decode()}"
            )
        rate = len(load.latencies) / load.seconds
        what = f"save lab-result (17 fields), {clients} client{'s' if clients > 1 else ''}, {before:,} there"
        report.add(
            f"{what}: p50 / p95",
            f"{ms(percentile(load.latencies, 0.5))} / {ms(percentile(load.latencies, 0.95))}",
            f"{ms(limit_latency)} mean",
            f"{percentile(load.latencies, 0.5) / limit_latency:.1f} ×",
            budget if clients == 1 else "",
        )
        report.add(
            f"{what}: rate",
            per_second(len(load.latencies), load.seconds),
            f"{limit_rate:,.0f}/s",
            f"{rate / limit_rate:.2f}",
            budget if clients > 1 else "",
        )


def pages(portal: Portal, people: People, report: Report, *, participants: int, seconds: float) -> None:
    """Pages of the coordinator and the statistician, beside the SQL that they run."""
    from django.db import connection as django_connection
    from django.test import Client as DjangoClient
    from django.test.utils import CaptureQueriesContext

    addresses = {
        "participant list": "/participants/",
        "participant list, filtered": "/participants/?group=case",
        "worklist": "/worklist/",
        "casebook": f"/participants/{people.code}/",
        "screening log": "/screening/",
        "flow": "/flow/",
    }
    inside = DjangoClient(HTTP_HOST="127.0.0.1")
    for what, address in addresses.items():
        session = people.statistician_session if what == "flow" else people.coordinator_session
        client = Client("127.0.0.1", portal.port, {"Cookie": f"sessionid={session}"})
        inside.cookies["sessionid"] = session
        first = client.send("GET", address)
        if first.status != 200:
            report.notes.append(f"{what}: {address} answered {first.status} and was left out.")
            continue
        latencies = []
        stop_at = time.perf_counter() + seconds
        while time.perf_counter() < stop_at or len(latencies) < 5:
            latencies.append(client.send("GET", address).seconds)
        inside.get(address)
        with CaptureQueriesContext(django_connection) as captured:
            inside.get(address)
        queries = [
            query["sql"] for query in captured.captured_queries if query["sql"].lstrip().startswith("SELECT")
        ]
        with closing(connect(portal.places)) as connection:
            sql_seconds = sum(timed(connection, query) for query in queries)
        p50 = percentile(latencies, 0.5)
        report.add(
            f"{what}, {participants:,} participants: p50 / p95",
            f"{ms(p50)} / {ms(percentile(latencies, 0.95))}",
            f"{ms(sql_seconds)} in {len(captured)} queries",
            f"{p50 / sql_seconds:.1f} ×" if sql_seconds else "",
            f"≤ {ms(3 * sql_seconds + 0.030)}",
        )


def export(portal: Portal, people: People, report: Report, *, rows: int) -> None:
    """The CSV of the largest form over HTTP, beside COPY of the same query by psycopg2."""
    from apps.exports.catalogue import catalogue
    from apps.exports.datasets import Filters

    dataset = catalogue()["lab-result"]
    portal.restart_web()
    Client("127.0.0.1", portal.port, {"Authorization": f"Token {people.statistician_token}"}).send(
        "GET", "/api/v1/datasets/queries.csv"
    )
    before = portal.peak_memory()
    connection = connect(portal.places)
    query = dataset.select(Filters(), None).as_string(connection)
    limits, ours, firsts, size = [], [], [], 0
    for _ in range(3):  # turn by turn, so that both meet the same machine
        seconds, copied = copy_out(connection, query)
        limits.append(seconds)
        began = time.perf_counter()
        http_connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=600)
        http_connection.request(
            "GET",
            "/api/v1/datasets/lab-result.csv",
            headers={"Authorization": f"Token {people.statistician_token}"},
        )
        response = http_connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"The export answered {response.status}: {response.read(1000)!r}")
        buffer = memoryview(bytearray(1 << 20))
        size = response.readinto(buffer[:1])
        firsts.append(time.perf_counter() - began)
        while read := response.readinto(buffer):
            size += read
        ours.append(time.perf_counter() - began)
        http_connection.close()
        if size != copied:
            raise RuntimeError(f"The export has {size} bytes, COPY {copied}.")
    connection.close()
    best, limit = min(ours), min(limits)
    report.add(
        f"CSV export, {rows:,} rows, {size / 1e6:,.0f} MB: rate",
        per_second(rows, best),
        per_second(rows, limit),
        f"{limit / best:.2f}",
        "≥ 0.85 × COPY",
    )
    report.add("CSV export: first byte", ms(min(firsts)), "", "", "< 200 ms")
    peak = portal.peak_memory()
    report.add(
        "CSV export: memory that it adds to a worker", f"{(peak - before) / 1e6:,.0f} MB", "", "", "≤ 100 MB"
    )
    report.notes.append(
        f"A worker that answered one small request has {before / 1e6:,.0f} MB; {peak / 1e6:,.0f} MB after."
    )
