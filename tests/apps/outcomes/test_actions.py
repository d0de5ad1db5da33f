"""From records to a frozen table."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DatabaseError, ProgrammingError, transaction

from apps.consent.models import ConsentEvent
from apps.outcomes import actions, computing, frames
from apps.outcomes.canonical import canonical_json
from apps.outcomes.models import OutcomeTable
from studyportal.access.models import Membership
from studyportal.jobs import actions as jobs
from studyportal.jobs.models import Job
from tests.apps.outcomes.conftest import hba1c

AS_OF = dt.date(2024, 12, 31)


def cell(content, visit, group):
    return next(row for row in content["rows"] if row["visit"] == visit and row["group"] == group)


def computed(by, **more):
    return computing.compute(by=by, **({"include_synthetic": True, "as_of": AS_OF} | more)).content


def test_the_application_cannot_change_a_frozen_table(cast, cohort, as_owner):
    table = actions.freeze(computed=computing.compute(by=cast.sanjay, include_synthetic=True), by=cast.sanjay)
    with pytest.raises(TypeError, match="final"):
        table.save()
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        OutcomeTable.objects.filter(pk=table.pk).update(title="better")
    with as_owner(), pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        OutcomeTable.objects.filter(pk=table.pk).update(title="better")


def test_denominators_values_and_reasons(cast, cohort):
    content = computed(cast.sanjay)
    case = cell(content, "M3", "case")
    assert (case["expected"], case["n"], case["missing"]) == (2, 1, 1)
    assert case["missing_reasons"] == {"not_done": 1}
    assert (case["mean"], case["change_mean"], case["change_n"]) == (7.0, -4.5, 1)
    control = cell(content, "M3", "control")
    assert (control["n"], control["change_n"], control["change_missing_reasons"]) == (
        1,
        0,
        {"no baseline": 1},
    )
    assert any("not yet assigned to a group are left out: 1" in note for note in content["footnotes"])
    assert any("2 of 3" in note for note in content["footnotes"])


def test_synthetic_participants_can_be_left_out(cast, cohort):
    content = computed(cast.sanjay, include_synthetic=False)
    assert cell(content, "M3", "case")["expected"] == 1
    assert cell(content, "M3", "control")["expected"] == 0


def test_a_withdrawn_participant_stays_in_the_denominator(cast, cohort):
    ConsentEvent.objects.create(
        site=cohort["two"].site, participant=cohort["two"], kind="withdrawal", withdrawal_scopes=["visits"],
        signed_on="2024-04-15", entered_at="2024-04-15T00:00Z", entered_by=cast.asha,
    )  # fmt: skip
    row = cell(computed(cast.sanjay), "M12", "case")
    assert row["expected"] == 0  # the window of month 12 is still open on that day
    row = cell(computed(cast.sanjay, as_of=dt.date(2025, 6, 1)), "M12", "case")
    assert row["missing_reasons"] == {"no record": 1, "withdrawn before the visit": 1}


def test_only_the_sites_of_the_person_are_computed(cast, cohort):
    Membership.objects.create(
        user=cast.norole, role="statistician", site=cast.mumbai, valid_from="2020-01-01"
    )
    content = computed(cast.norole)
    assert content["counts"]["control"]["participants"] == 0
    assert content["counts"]["case"]["participants"] == 2


def test_the_last_of_two_results_counts(cast, cohort):
    hba1c(cohort["one"], "M6", "6.9")
    hba1c(cohort["one"], "M6", "7.1")
    assert cell(computed(cast.sanjay), "M6", "case")["mean"] == 7.1


def test_a_result_without_a_unit_is_missing_with_that_reason(cast, cohort):
    result = hba1c(cohort["two"], "M6", None)
    type(result).objects.filter(pk=result.pk).update(reported="11.5")
    values = frames.hba1c_values(None).set_index(["participant", "visit"])
    assert values.loc[("MUM-0002-X", "M6"), "reason"] == "unit not stated"


def test_the_same_data_gives_the_same_bytes(cast, cohort):
    first = actions.freeze(computed=computing.compute(by=cast.sanjay, include_synthetic=True), by=cast.sanjay)
    again = actions.freeze(computed=computing.compute(by=cast.sanjay, include_synthetic=True), by=cast.sanjay)
    assert (first.sha256, first.canonical) == (again.sha256, again.canonical)
    read = OutcomeTable.objects.get(pk=first.pk)
    assert read.canonical == canonical_json(first.content)
    hba1c(cohort["one"], "M6", "6.9")
    other = actions.freeze(computed=computing.compute(by=cast.sanjay, include_synthetic=True), by=cast.sanjay)
    assert other.sha256 != first.sha256 and other.data_sha256 != first.data_sha256


def test_nobody_at_all(cast):
    content = computed(cast.sanjay)
    assert all(row["expected"] == 0 for row in content["rows"])
    assert content["provenance"]["data_as_of"] is None


def test_the_job_makes_one_table(cast, cohort, eager_jobs, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = actions.start(key="hba1c", include_synthetic=True, as_of=None, by=cast.sanjay)
    job = Job.objects.get(pk=job.pk)
    assert (job.state, job.error) == ("done", "")
    table = OutcomeTable.objects.get()
    assert (table.job_id, table.made_by, table.sites) == (job.pk, cast.sanjay, None)
    assert job.result == {"table": table.pk, "url": f"/outcomes/{table.pk}/", "sha256": table.sha256}


def test_who_may_not_run_is_refused_by_the_job_itself(cast):
    from django.core.exceptions import PermissionDenied

    with pytest.raises(PermissionDenied, match=r"outcomes\.run"):
        jobs.start("outcomes.hba1c", by=cast.meera)
