"""The scratch study: people, visits and laboratory results made by the database itself."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass

import psycopg2

from studyportal.embedded.places import Places
from studyportal.embedded.postgres import connect

# Visit key → day: the schedule of the study.
VISITS = {
    "SCR": -21, "BL": -7, "S1": 0, "D1": 1, "D7": 7, "M1": 30, "S2": 45, "S2_30": 75, "M3": 90, "M6": 180, "M9": 270,
    "M12": 365, "M18": 545, "M24": 730,
}  # fmt: skip


@dataclass(frozen=True)
class People:
    coordinator_token: str
    statistician_token: str
    coordinator_session: str
    statistician_session: str
    code: str


def superuser(places: Places) -> psycopg2.extensions.connection:
    """A connection that writes without triggers: what it makes is the state of the data, not its history."""
    connection = connect(places, "studyportal")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    return connection


def make_people() -> People:
    """Two sites, a coordinator of one, a statistician of both; their tokens and a session."""
    from studyportal.access import tokens
    from studyportal.access.models import Membership, Site, User

    sites = [
        Site.objects.create(code=code, name=name, timezone="Asia/Kolkata")
        for code, name in (("MUM", "Mumbai"), ("PUN", "Pune"))
    ]
    secrets = {}
    for name, role, site in (("asha", "site_coordinator", sites[0]), ("sanjay", "statistician", None)):
        user = User(username=name, display_name=name.title())
        user.set_unusable_password()
        user.save()
        Membership.objects.create(user=user, role=role, site=site, valid_from="2020-01-01")
        profile = "coded" if role == "statistician" else "deidentified"
        _token, secrets[name] = tokens.issue(
            by=user, name="benchmark", access="read_write", export_profile=profile
        )
    return People(
        secrets["asha"], secrets["sanjay"], session_of("asha"), session_of("sanjay"), "MUM-000002-X"
    )


def session_of(name: str) -> str:
    """The key of a session in which the person is signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.cached_db import SessionStore

    from studyportal.access.models import User

    user = User.objects.get(username=name)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key or ""


def make_participants(places: Places, number: int) -> None:
    """Participants 1 … number, alternating between the sites (even: Mumbai), each with every visit."""
    keys = ", ".join(f"('{key}', {day})" for key, day in VISITS.items())
    with closing(superuser(places)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM access_site ORDER BY code")
        mumbai, pune = (row[0] for row in cursor.fetchall())
        site = f"CASE WHEN i % 2 = 0 THEN {mumbai} ELSE {pune} END"
        cursor.execute(
            f"""
            INSERT INTO enrolment_participant (id, site_id, code, "group", status, synthetic, retrospective, label,
                index_date, enrolled_on, enrolment_basis, status_since, version, created_at, updated_at)
            SELECT i, {site}, CASE WHEN i % 2 = 0 THEN 'MUM-' ELSE 'PUN-' END || lpad(i::text, 6, '0') || '-X',
                CASE WHEN i % 3 = 0 THEN 'case' ELSE 'control' END, 'in_follow_up', true, false, '',
                CASE WHEN i % 3 = 0 THEN NULL ELSE date '2024-01-01' + i % 200 END, '2024-01-01', '{{}}', '2024-01-01', 1, now(), now()
            FROM generate_series(1, {number}) i
            """
        )
        cursor.execute(
            """
            INSERT INTO enrolment_screeningentry (site_id, number, source_key, screened_on, age, sex, referral,
                considered_for, participant_id, outcome, outcome_on, reason_code, reason_text, note, synthetic,
                retrospective, version, created_at, updated_at)
            SELECT site_id, left(code, 4) || 'S' || lpad(id::text, 6, '0'), '', '2023-12-20', 30, 'female', 'clinic',
                "group", id, 'enrolled', '2024-01-01', '', '', '', true, false, 1, now(), now()
            FROM enrolment_participant
            """
        )
        cursor.execute(
            """
            INSERT INTO enrolment_groupevent (site_id, participant_id, kind, "group", effective_on, previous_group,
                reason, recorded_at)
            SELECT site_id, id, 'assigned', "group", '2024-01-01', 'unassigned', '', now()
            FROM enrolment_participant
            """
        )
        cursor.execute(
            f"""
            INSERT INTO visits_visit (id, site_id, participant_id, key, number, happened_on, status, missed_reason,
                anchor, nominal_label, day_number, day_from, day_to, window_state, absent, version, created_at,
                updated_at)
            SELECT row_number() OVER (ORDER BY p.id, v.day), p.site_id, p.id, v.key, 1,
                to_char(date '2024-01-01' + p.id::int % 200 + v.day, 'YYYY-MM-DD'), 'done', '',
                CASE WHEN p."group" = 'case' THEN 'session_1' ELSE 'index' END, '', v.day, v.day, v.day, 'in_window',
                '{{}}', 1, now(), now()
            FROM enrolment_participant p CROSS JOIN (VALUES {keys}) v (key, day)
            """
        )
        settle(
            cursor,
            "enrolment_participant",
            "enrolment_screeningentry",
            "enrolment_groupevent",
            "visits_visit",
        )


def make_results(places: Places, number: int) -> float:
    """`number` laboratory results over all visits; seconds that it took."""
    began = time.perf_counter()
    with closing(superuser(places)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM visits_visit")
        (visits,) = cursor.fetchone() or (0,)
        cursor.execute(
            f"""
            INSERT INTO labs_labresult (site_id, participant_id, visit_id, status, absent, version, created_at,
                updated_at, analyte, context, collected_on, fasting, reported, unit, unit_basis, number_canonical,
                unit_canonical, eag, note)
            SELECT v.site_id, v.participant_id, v.id, 'complete',
                '{{"lloq": "not_recorded", "assay": "not_recorded", "laboratory": "not_recorded"}}', 1, now(), now(),
                (ARRAY['hba1c', 'c_peptide', 'creatinine', 'alt'])[1 + i % 4], 'follow_up', v.happened_on, 'fasting',
                round((5 + i % 70 / 10.0)::numeric, 1)::text, '%', 'stated', round((5 + i % 70 / 10.0)::numeric, 1),
                '%', 100 + i % 200, CASE WHEN i % 10 = 0 THEN 'repeated, "as asked" by the laboratory' END
            FROM generate_series(1, {number}) i JOIN visits_visit v ON v.id = 1 + i % {visits}
            """
        )
        settle(cursor, "labs_labresult")
    return time.perf_counter() - began


def settle(cursor: psycopg2.extensions.cursor, *tables: str) -> None:
    """Sequences behind the rows, statistics as autovacuum would have them."""
    for table in tables:
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )
    for table in tables:
        cursor.execute(f"VACUUM ANALYZE {table}")
