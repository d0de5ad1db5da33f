"""The persons of the flow, from the records: each reason, the fixed number of queries, and a recount in SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from apps.consent.models import ConsentEvent
from apps.enrolment.models import Group, Participant, ScreeningEntry
from apps.outcomes import flow_frames
from apps.outcomes.statistics.flow import Flow, count, differences
from demo import cast as demo_cast
from demo import load_synthetic
from studyportal.access.models import Site
from tests.apps.outcomes.conftest import hba1c, screened, visit
from tests.counting import questions

AS_OF = dt.date(2026, 6, 1)


def flow_of(*sites: Site, synthetic: str = "include") -> Flow:
    found = flow_frames.persons([site.pk for site in sites], synthetic=synthetic)
    return count(found, flow_frames.flow_plan(), as_of=AS_OF)


def entry(site: Site, number: int, **values: Any) -> ScreeningEntry:
    return ScreeningEntry.objects.create(
        site=site, number=f"{site.code}-S9{number:03d}", screened_on="2024-01-02", **values
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "said", "reason"),
    [
        ({}, "pending", "undecided"),
        (
            {"outcome": "declined", "outcome_on": "2024-01", "reason_code": "travel"},
            "lost",
            "declined:travel",
        ),
        ({"outcome": "not_eligible", "outcome_on": "2024-01"}, "lost", "not_eligible"),
        ({"outcome": "not_reached", "outcome_on": "2024-01"}, "lost", "not_reached"),
        ({"outcome": "duplicate", "outcome_on": "2024-01"}, "lost", "duplicate"),
    ],
)
def test_who_was_screened_and_is_no_participant(
    cast: Any, values: dict[str, Any], said: str, reason: str
) -> None:
    entry(cast.mumbai, 1, **values)
    flow = flow_of(cast.mumbai)
    assert flow.step("screened").counts.n == 1
    assert getattr(flow.step("eligible").counts, said) == {reason: 1}
    assert differences(flow) == []


@pytest.mark.django_db
def test_other_sites_and_the_synthetic_are_left_out_when_asked(cast: Any) -> None:
    entry(cast.mumbai, 1, synthetic=True)
    entry(cast.pune, 1)
    assert flow_of(cast.mumbai).step("screened").counts.n == 1
    assert flow_of(cast.mumbai, cast.pune, synthetic="exclude").step("screened").counts.n == 1
    assert flow_of(cast.mumbai, synthetic="exclude").step("screened").counts.n == 0


@pytest.mark.django_db
def test_who_withdrew_is_gone_with_the_day_and_treatment_alone_goes_on(cast: Any) -> None:
    for number, scopes in enumerate((["visits"], ["treatment"]), 1):
        person = screened(cast.mumbai, f"MUM-000{number}-X", group=Group.CASE)
        visit(person, "S1", happened_on="2024-01-01", anchor="session_1")
        ConsentEvent.objects.create(
            site=cast.mumbai,
            participant=person,
            kind="withdrawal",
            withdrawal_scopes=scopes,
            signed_on="2024-02-20",
            entered_at=dt.datetime(2024, 2, 20, tzinfo=dt.UTC),
            entered_by=cast.asha,
        )
        Participant.objects.filter(pk=person.pk).update(
            status="withdrawn" if scopes == ["visits"] else "in_follow_up"
        )
    flow = flow_of(cast.mumbai)
    assert flow.step("case.S2").counts.lost == {"withdrawn": 1}
    assert flow.step("case.M3").counts.n == 1
    assert differences(flow) == []


@pytest.mark.django_db
def test_the_rule_of_the_analysis_is_that_of_the_tables(cast: Any) -> None:
    """Baseline and month 12, in the unit of the protocol: a result without a unit has no value."""
    reasons = {
        "MUM-0001-X": ("9.0", "8.0", {}),
        "MUM-0002-X": ("9.0", None, {"reported": "not_done"}),
        "MUM-0003-X": (None, "8.0", {}),
    }
    for code, (before, after, absent) in reasons.items():
        person = screened(cast.mumbai, code, group=Group.CASE)
        visit(person, "S1", happened_on="2024-01-01", anchor="session_1")
        if before:
            hba1c(person, "BL", before)
        hba1c(person, "M12", after, absent=absent)
    analysed = flow_of(cast.mumbai).step("case.analysed").counts
    assert analysed.n == 1
    assert analysed.lost == {"no_baseline": 1, "no_value:not_done": 1}


@pytest.mark.django_db
def test_the_number_of_queries_is_the_same_for_any_number(cast: Any, cohort: Any, many: Any) -> None:
    sites = [cast.mumbai.pk, cast.pune.pk]
    with questions() as few:
        flow_frames.persons(sites)
    many(15)
    with questions() as more:
        flow_frames.persons(sites)
    assert len(more) == len(few) <= 18


# --- a recount that shares no code with the flow -----------------------------------------------------------

# Who was a control first is counted among the controls and the cases; a visit belongs to the group of its day.
TIMES = """
WITH crossed AS (
  SELECT participant_id, effective_on AS day, previous_index_date AS index_date
  FROM enrolment_groupevent WHERE kind = 'crossed_over'),
people AS (
  SELECT p.id, p."group", coalesce(p.index_date, c.index_date) AS index_date, c.day
  FROM enrolment_participant p LEFT JOIN crossed c ON c.participant_id = p.id WHERE p.enrolled_on IS NOT NULL),
visits AS (
  SELECT v.id, v.participant_id, v.key, v.status, CASE
    WHEN p.day IS NOT NULL AND (v.happened_on < p.day OR v.happened_on IS NULL AND v.number = 1) THEN 'control'
    ELSE p."group" END AS "group"
  FROM visits_visit v JOIN people p ON p.id = v.participant_id WHERE v.status <> 'planned'),
started AS (
  SELECT id, 'control' AS "group" FROM people WHERE index_date IS NOT NULL
  UNION SELECT id, 'case' FROM people WHERE day IS NOT NULL
  UNION SELECT participant_id, "group" FROM visits WHERE key = 'S1' AND status = 'done' AND "group" = 'case')
"""
RECOUNT = (
    TIMES
    + """
SELECT
  (SELECT count(*) FROM enrolment_screeningentry),
  (SELECT count(*) FROM people),
  (SELECT count(*) FROM people WHERE "group" <> 'unassigned'),
  (SELECT count(*) FROM people WHERE "group" = 'case'),
  (SELECT count(*) FROM people WHERE "group" = 'control' OR day IS NOT NULL),
  (SELECT count(*) FROM started WHERE "group" = 'control'),
  (SELECT count(*) FROM started WHERE "group" = 'case')
"""
)
AT_VISITS = (
    TIMES
    + """
SELECT v."group", v.key, v.status, count(*) FROM visits v
JOIN started s ON s.id = v.participant_id AND s."group" = v."group" GROUP BY 1, 2, 3
"""
)
PAIRS = (
    TIMES
    + """
SELECT "group", count(*) FROM (
  SELECT v.participant_id, v."group" FROM labs_labresult r JOIN visits v ON v.id = r.visit_id
  WHERE r.analyte = 'hba1c' AND r.number_canonical IS NOT NULL AND v.key IN ('BL', 'M12')
  GROUP BY 1, 2 HAVING count(DISTINCT v.key) = 2) pairs GROUP BY 1
"""
)


def asked(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


@pytest.fixture(scope="module")
def synthetic(django_db_setup: None, django_db_blocker: Any) -> Iterator[Flow]:
    """The flow of the synthetic cohort, loaded through the portal's own actions and rolled back after the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo_cast.ensure()
        load_synthetic.load(until=dt.date(2026, 3, 31), cases=2, controls=1)
        yield flow_of(*Site.objects.all())
        transaction.set_rollback(True)


@pytest.mark.slow
class TestRecount:
    def test_it_adds_up(self, synthetic: Flow) -> None:
        assert differences(synthetic) == []

    def test_the_stages_are_those_of_the_tables(self, synthetic: Flow) -> None:
        [row] = asked(RECOUNT)
        keys = ("screened", "enrolled", "assigned", "case", "control", "control.matched", "case.session")
        assert tuple(synthetic.step(key).counts.n for key in keys) == row
        assert row[1] > 0

    def test_the_visits_are_those_of_the_tables(self, synthetic: Flow) -> None:
        told = {
            (step.plan.group, step.plan.visit, how): step.counts.manner.get(how, 0)
            for step in synthetic.steps
            if step.plan.kind == "visit"
            for how in ("done", "missed")
        }
        counted = {(group, key, status): number for group, key, status, number in asked(AT_VISITS)}
        assert told == {place: counted.get(place, 0) for place in told}
        assert sum(told.values()) > 0

    def test_the_analysed_have_both_values(self, synthetic: Flow) -> None:
        counted = dict(asked(PAIRS))
        for group in ("case", "control"):
            assert synthetic.step(f"{group}.analysed").counts.n == counted.get(group, 0)
