"""The sixteen questions over 10,000 participants, beside the same SQL read and thrown away.

`python -m tests.benchmarks.findings [--participants N] [--results N] [--var DIR]`. The database holds 14 visits of each,
laboratory results, three entries of the log of most (a third are minors; every fiftieth withdrew; half signed an
amendment), two sessions of every third. Everything runs in a scratch installation, which is removed at the end.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import time
import tracemalloc
from contextlib import closing
from pathlib import Path
from typing import Any

from studyportal.embedded.places import Places
from tests.benchmarks.portal import ROOT, Portal
from tests.benchmarks.report import Report, ms

BUDGET_SECONDS = 1.5
PURPOSES = "{participation,procedure,sample_storage,future_contact,data_sharing,images}"
# Purpose of the form → key of its first version; the second is an amendment and has the next key.
FORMS = {"participation": 1, "lar_consent": 3, "written_assent": 5}


def make_consents(places: Places, number: int) -> None:
    """The register, who may obtain consent, demographics and the log; the screening visit is 21 days before 2024."""
    from tests.benchmarks.study import settle, superuser

    with closing(superuser(places)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM access_site ORDER BY code")
        sites = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT id FROM access_user WHERE username = 'asha'")
        (asha,) = cursor.fetchone() or (0,)
        cursor.execute(
            f"""
            INSERT INTO access_membership (user_id, site_id, role, valid_from, granted_at, reason, end_reason, version)
            SELECT {asha}, id, 'investigator', '2020-01-01', now(), '', '', 1 FROM access_site;
            INSERT INTO files_storedfile (id, name, content_type, size, sha256, content, uploaded_by_id, at)
            VALUES (1, 'training.pdf', 'application/pdf', 1, repeat('a', 64), 'x', {asha}, now());
            INSERT INTO files_delegationdocument (user_id, kind, valid_from, note, file_id, recorded_by_id, recorded_at)
            VALUES ({asha}, 'training_certificate', '2020-01-01', '', 1, {asha}, now());
            INSERT INTO enrolment_siteapproval (id, site_id, kind, waived, authority, number, waiver_reason, approved_on,
                valid_from, without_end, covers, note, in_error, error_reason, version, recorded_by_id, created_at, updated_at)
            SELECT id, id, 'ethics_committee', false, 'Ethics committee', 'EC/1', '', '2023-01-01', '2023-01-01', true,
                '', '', false, '', 1, {asha}, now(), now() FROM access_site
            """
        )
        for place, site in enumerate(sites):
            for purpose, key in FORMS.items():
                for version in (0, 1):
                    _document(cursor, asha, site, 10 * place + key + version, purpose, version)
        cursor.execute(
            """
            INSERT INTO enrolment_demographics (site_id, participant_id, status, absent, version, created_at, updated_at,
                sex, age_at_enrolment, age_basis, country, education, language, can_read)
            SELECT site_id, id, 'complete', '{}', 1, now(), now(), 'female', CASE WHEN id % 3 = 1 THEN 14 ELSE 30 END,
                'stated', 'IN', 'secondary', 'mr', true
            FROM enrolment_participant
            """
        )
        # Who signs: 0 the participant, 1 the representative, 2 the child; each for the first version, half for the second.
        cursor.execute(
            f"""
            INSERT INTO consent_consentevent (id, site_id, participant_id, kind, purposes, declined, document_id,
                document_sha256, document_version, document_language, signed_on, age_at_signature, signer, method,
                paper_sha256, lar_relationship_proof, obtained_by, obtainer_id, audio_visual, recording_sha256,
                copy_given, absent, entered_at, entered_by_id, road, sequence, salt, content_sha256, previous_sha256, sha256)
            SELECT row_number() OVER w, p.site_id, p.id,
                CASE WHEN who.n = 1 THEN 'lar_consent' WHEN who.n = 2 THEN 'written_assent'
                    WHEN v.n = 1 THEN 're_consent' ELSE 'consent' END,
                '{PURPOSES}', '{{}}', 2 * (10 * (p.id % 2) + 2 * who.n + 1 + v.n), repeat('f', 64), (v.n + 1) || '.0', 'mr',
                to_char(CASE v.n WHEN 0 THEN date '2023-12-01' + p.id::int % 200 ELSE date '2024-08-01' + p.id::int % 60 END,
                    'YYYY-MM-DD'),
                CASE WHEN p.id % 3 = 1 THEN 14 ELSE 30 END, CASE who.n WHEN 1 THEN 'mother' ELSE 'participant' END, 'paper',
                repeat('b', 64), CASE who.n WHEN 1 THEN 'birth certificate' END, 'Asha', {asha}, 'recorded',
                repeat('c', 64), true, '{{}}', timestamptz '2024-09-30', {asha}, 'page', row_number() OVER w, repeat('0', 32),
                md5(p.id::text) || md5(who.n::text), repeat('0', 64),
                md5(p.id::text) || md5((who.n * 2 + v.n)::text)
            FROM enrolment_participant p, (VALUES (0), (1), (2)) who (n), (VALUES (0), (1)) v (n)
            WHERE (who.n = 0) <> (p.id % 3 = 1) AND (v.n = 0 OR p.id % 2 = 0)
            WINDOW w AS (ORDER BY v.n, p.id, who.n)
            """
        )
        cursor.execute(
            f"""
            INSERT INTO consent_consentevent (id, site_id, participant_id, kind, declined, document_sha256, signed_on,
                signer, paper_sha256, withdrawal_scopes, data_retained, absent, entered_at, entered_by_id, road, sequence,
                salt, content_sha256, previous_sha256, sha256)
            SELECT 1000000 + id, site_id, id, 'withdrawal', '{{}}', '', '2024-06-01', 'participant', '', '{{visits}}', true,
                '{{}}', '2024-06-01', {asha}, 'page', 1000000 + id, repeat('0', 32), repeat('0', 64), repeat('0', 64),
                md5(id::text) || md5('w')
            FROM enrolment_participant WHERE id % 50 = 0
            """
        )
        _sessions(cursor)
        settle(
            cursor,
            *("enrolment_demographics", "consent_consentevent", "celldose_harvest", "celldose_infusion"),
            *("consent_consentdocument", "consent_consentdocumenttext"),
        )


def _document(cursor: Any, asha: int, site: int, key: int, purpose: str, version: int) -> None:
    first, before = ("2023-06-01", "NULL") if version == 0 else ("2024-08-01", str(key - 1))
    cursor.execute(
        f"""
        INSERT INTO consent_consentdocument (id, site_id, kind, purpose, version_label, title, state, approval_id,
            valid_from, supersedes_id, reconsent_needed, reconsent_from, reconsent_whom, what_changed, approved_at,
            withdrawn_because, version, recorded_by_id, created_at, updated_at)
        VALUES ({key}, {site}, 'consent_form', '{purpose}', '{version + 1}.0', '{purpose}', 'approved', {site}, '{first}',
            {before}, {bool(version)}, {"NULL" if version == 0 else f"'{first}'"}, '{"everybody" if version else ""}', '',
            now(), '', 1, {asha}, now(), now());
        INSERT INTO consent_consentdocumenttext (id, site_id, document_id, language, file_id, file_sha256, text, text_sha256,
            approved_at, version, created_at, updated_at)
        VALUES ({2 * key}, {site}, {key}, 'mr', 1, repeat('f', 64), 'x', repeat('e', 64), now(), 1, now(), now()),
            ({2 * key + 1}, {site}, {key}, 'en', 1, repeat('d', 64), 'x', repeat('e', 64), now(), 1, now(), now())
        """
    )


def _sessions(cursor: Any) -> None:
    """Two sessions of every third, each with a harvest and an infusion."""
    plain = "site_id, participant_id, status, absent, version, created_at, updated_at"
    made = "p.site_id, p.id, 'complete', '{}', 1, now(), now()"
    day = "timestamptz '2024-01-01 04:00+00' + make_interval(days => p.id::int % 200 + 45 * s.n)"
    for table, more, values in (
        ("cellsession", "number", "s.n + 1"),
        ("harvest", "session_id, tissue, started_at, complications", f"2 * p.id + s.n, 'bone_marrow', {day}, '{{}}'"),
        ("cellproduct", "harvest_id, component", "2 * p.id + s.n, 'bm_mnc'"),
        ("infusion", "product_id, started_at", f"2 * p.id + s.n, {day} + interval '4 hours'"),
    ):  # fmt: skip
        cursor.execute(
            f"""
            INSERT INTO celldose_{table} (id, {plain}, {more})
            SELECT 2 * p.id + s.n, {made}, {values}
            FROM enrolment_participant p, (VALUES (0), (1)) s (n) WHERE p.id % 3 = 0
            """
        )


def measure(places: Places, report: Report, *, participants: int) -> None:
    """The pass as the auditor's page asks for it, and the statements that it sends, read and thrown away."""
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    from apps.consent.selectors import findings
    from studyportal.access import walls
    from studyportal.access.models import Membership, User

    farah = User.objects.create(username="farah", display_name="Farah")
    Membership.objects.create(user=farah, role="ethics_auditor", valid_from="2020-01-01")
    everybody = findings.Choice()

    with transaction.atomic(), walls.whole_study():
        with CaptureQueriesContext(connection) as captured:
            tally = findings.tally(farah, everybody)
        found = sum(one.found + one.undecided for one in tally.questions.values())
        ours = min(_timed(lambda: findings.tally(farah, everybody)) for _ in range(5))
        alone = min(
            _timed(lambda: findings.tally(farah, findings.Choice(numbers=frozenset({2})))) for _ in range(3)
        )
        page = min(
            _timed(lambda: findings.page(farah, everybody, findings.Place(pk=participants * 9 // 10), 50))
            for _ in range(3)
        )
        first_page = min(
            _timed(lambda: findings.page(farah, everybody, findings.Place(), 50)) for _ in range(3)
        )
        gc.collect()
        tracemalloc.start()
        findings.tally(farah, everybody)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        # A lane is a cursor of the server: its statement stands behind DECLARE … FOR.
        sent = [one["sql"] for one in captured.captured_queries]
        statements = [sql[sql.index("SELECT") :] for sql in sent if sql.startswith(("SELECT", "DECLARE"))]
        limit = min(_timed(lambda: _read(statements)) for _ in range(5))
    report.add(
        f"sixteen questions, {tally.looked_at:,} participants",
        ms(ours),
        ms(limit),
        f"{ours / limit:.1f} ×",
        f"≤ {BUDGET_SECONDS} s",
    )
    report.add("one question (2) of all of them", ms(alone))
    report.add("a page of the API, the first / nine tenths down", f"{ms(first_page)} / {ms(page)}")
    report.notes.append(
        f"{len(captured)} queries, {found:,} findings, peak of Python's memory {peak / 1e6:.1f} MB."
    )
    report.notes.append("Limit: the same statements by the same driver, all rows fetched and thrown away.")


def _read(statements: list[str]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)
            while cursor.fetchmany(2000):
                pass


def _timed(run: Any) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.findings", description=__doc__)
    parser.add_argument("--participants", type=int, default=10_000)
    parser.add_argument("--results", type=int, default=100_000, help="laboratory results")
    parser.add_argument("--var", type=Path, default=ROOT / "var" / "benchmark-findings")
    options = parser.parse_args()
    report = Report(f"Consent findings on {os.cpu_count()} cores, {platform.system()} {platform.machine()}")
    with Portal(options.var) as portal:
        import django

        django.setup()
        from tests.benchmarks import study

        study.make_people()
        study.make_participants(portal.places, options.participants)
        study.make_results(portal.places, options.results)
        make_consents(portal.places, options.participants)
        print(f"[{time.strftime('%H:%M:%S')}] the study is made", flush=True)
        measure(portal.places, report, participants=options.participants)
    print(report.text())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
