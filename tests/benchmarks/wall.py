"""What the second wall costs: the same query behind row-level security and by a role that passes it."""

from __future__ import annotations

from contextlib import closing

import psycopg2

from studyportal.embedded.places import APP_ROLE, Places
from studyportal.embedded.postgres import connect
from tests.benchmarks.limits import copy_out, timed
from tests.benchmarks.report import Report, ms

# Each is asked with the filter by site that the application writes anyway: {sites}.
QUERIES = {
    "one participant's results by key": (
        "SELECT * FROM labs_labresult WHERE participant_id = 2 AND site_id = ANY ('{sites}') ORDER BY id"
    ),
    "a page of the participant list": (
        "SELECT p.* FROM enrolment_participant p WHERE p.site_id = ANY ('{sites}') ORDER BY p.id LIMIT 50"
    ),
    "mean by analyte over all results": (
        "SELECT analyte, count(*), avg(number_canonical) FROM labs_labresult"
        " WHERE site_id = ANY ('{sites}') GROUP BY analyte"
    ),
    "visits × participants, counted": (
        "SELECT v.key, count(*) FROM visits_visit v JOIN enrolment_participant p ON p.id = v.participant_id"
        " WHERE v.site_id = ANY ('{sites}') GROUP BY v.key"
    ),
}


def wall(places: Places, report: Report) -> None:
    """Both sides take turns, one core each, the best of their runs; at one site and at every site."""
    with closing(connect(places, "studyportal")) as plain, closing(connect(places, "studyportal")) as walled:
        everywhere = speak(plain, walled)
        for who, sites in (("one site", everywhere[:1]), ("every site", everywhere)):
            text = "{" + ",".join(map(str, sites)) + "}"
            with walled.cursor() as cursor:
                said = text if len(sites) < len(everywhere) else "all"
                cursor.execute("SELECT set_config('studyportal.read', %s, false)", [said])
            for what, query in QUERIES.items():
                asked = query.replace("{sites}", text)
                limit, ours = timed(plain, asked, 15), timed(walled, asked, 15)
                limit, ours = min(limit, timed(plain, asked, 15)), min(ours, timed(walled, asked, 15))
                add(report, f"wall, {who}: {what}", ours, limit)
            asked = f"SELECT * FROM labs_labresult WHERE site_id = ANY ('{text}') ORDER BY id"
            times = [(copy_out(plain, asked)[0], copy_out(walled, asked)[0]) for _ in range(3)]
            add(
                report,
                f"wall, {who}: COPY of all results",
                min(t[1] for t in times),
                min(t[0] for t in times),
            )


def speak(plain: psycopg2.extensions.connection, walled: psycopg2.extensions.connection) -> list[int]:
    """Both on one core; the second becomes the application. The ids of the sites."""
    for connection in (plain, walled):
        with connection.cursor() as cursor:
            cursor.execute("SET max_parallel_workers_per_gather = 0")
    with plain.cursor() as cursor:
        cursor.execute("SELECT id FROM access_site ORDER BY id")
        sites = [row[0] for row in cursor.fetchall()]
    with walled.cursor() as cursor:
        cursor.execute(f"SET ROLE {APP_ROLE}")
        cursor.execute("SELECT count(*) FROM labs_labresult")
        if cursor.fetchone() != (0,):
            raise RuntimeError("There is no wall: nobody sees results.")
    return sites


def add(report: Report, what: str, ours: float, limit: float) -> None:
    report.add(what, ms(ours), ms(limit), f"{ours / limit:.2f} ×", "≤ 1.2 ×")
