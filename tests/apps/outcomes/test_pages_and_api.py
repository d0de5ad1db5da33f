"""Who may see and run tables, and what page, CSV and JSON say."""

from __future__ import annotations

import csv
import hashlib
import io

import pytest

from apps.outcomes import actions, computing
from studyportal.access.models import Membership
from studyportal.jobs.models import Job

VIEWERS = {"sanjay", "meera", "rao"}
EVERYONE = ("asha", "vikram", "rao", "meera", "sanjay", "farah", "admin", "norole")


@pytest.fixture
def table(cast, cohort):
    return actions.freeze(computed=computing.compute(by=cast.sanjay, include_synthetic=True), by=cast.sanjay)


def addresses(table):
    return [
        "/api/v1/outcomes/",
        *(f"/api/v1/outcomes/{table.pk}{end}" for end in ("/", ".csv", ".json")),
        "/outcomes/",
        f"/outcomes/{table.pk}/",
    ]


# refusals
def test_a_stranger_is_asked_to_sign_in(api, page, table):
    for address in addresses(table):
        if address.startswith("/api/"):
            assert api(None).get(address).status_code == 401
        else:
            assert page(None).get(address)["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("name", EVERYONE)
def test_each_role_sees_what_is_its_own(api, page, cast, table, name):
    user = getattr(cast, name)
    for address in addresses(table):
        response = (api if address.startswith("/api/") else page)(user).get(address)
        assert response.status_code == (200 if name in VIEWERS else 403), address


@pytest.mark.parametrize("name", [name for name in EVERYONE if name != "sanjay"])
def test_only_the_statistician_runs_tables(api, page, cast, name):
    user = getattr(cast, name)
    assert api(user).post("/api/v1/outcomes/runs/", {"key": "hba1c"}).status_code == 403
    assert page(user).post("/outcomes/run/hba1c/").status_code == 403
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "key"),
        ({"key": "height"}, "key"),
        ({"key": "hba1c", "as_of": "2024-02-30"}, "as_of"),
        ({"key": "hba1c", "include_synthetic": "perhaps"}, "include_synthetic"),
        ({"key": "hba1c", "visits": []}, "visits"),
    ],
)
def test_a_wrong_run_names_the_field(api, cast, body, field):
    response = api(cast.sanjay).post("/api/v1/outcomes/runs/", body)
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert not Job.objects.exists()


def test_a_table_of_another_site_is_not_found(api, cast, cohort):
    Membership.objects.create(user=cast.norole, role="statistician", site=cast.pune, valid_from="2020-01-01")
    theirs = actions.freeze(
        computed=computing.compute(by=cast.norole, include_synthetic=True), by=cast.norole
    )
    assert api(cast.norole).get(f"/api/v1/outcomes/{theirs.pk}/").status_code == 200
    assert api(cast.rao).get(f"/api/v1/outcomes/{theirs.pk}/").status_code == 404
    assert api(cast.rao).get("/api/v1/outcomes/").json()["results"] == []
    assert api(cast.sanjay).get("/api/v1/outcomes/999999/").status_code == 404


# the happy path
def test_a_run_is_a_job(api, cast, cohort, eager_jobs, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = api(cast.sanjay).post("/api/v1/outcomes/runs/", {"key": "hba1c"})
    assert response.status_code == 202
    assert response["Location"] == response.json()["url"]
    assert api(cast.sanjay).get(response.json()["url"]).json()["state"] == "done"
    assert len(api(cast.sanjay).get("/api/v1/outcomes/").json()["results"]) == 1


def test_the_page_starts_the_job(page, cast, cohort):
    response = page(cast.sanjay).post("/outcomes/run/hba1c/", {"include_synthetic": "false"})
    job = Job.objects.get()
    assert response["Location"] == f"/jobs/{job.pk}/"
    assert job.params == {"include_synthetic": False, "as_of": None}


def test_the_page_shows_numbers_footnotes_and_provenance(page, cast, table):
    text = page(cast.rao).get(f"/outcomes/{table.pk}/").content.decode()
    for words in (
        "−4.5 (–)",
        "not done: 1",
        "regression to the mean",
        table.sha256,
        "Synthetic participants are incl",
    ):
        assert words in text
    assert "Compute now" not in page(cast.rao).get("/outcomes/").content.decode()
    assert "Compute now" in page(cast.sanjay).get("/outcomes/").content.decode()


def test_csv_and_json_say_the_same(api, cast, table):
    rows = list(
        csv.DictReader(io.StringIO(api(cast.sanjay).get(f"/api/v1/outcomes/{table.pk}.csv").content.decode()))
    )
    response = api(cast.sanjay).get(f"/api/v1/outcomes/{table.pk}.json")
    assert hashlib.sha256(response.content).hexdigest() == table.sha256
    for row, stored in zip(rows, response.json()["rows"], strict=True):
        assert (row["visit"], row["group"], row["n"]) == (stored["visit"], stored["group"], str(stored["n"]))
        assert row["mean"] == ("" if stored["mean"] is None else repr(stored["mean"]))


def test_the_number_of_queries_does_not_grow(page, cast, table, django_assert_max_num_queries):
    client = page(cast.sanjay)
    client.get("/outcomes/")
    for _ in range(10):
        actions.freeze(computed=computing.compute(by=cast.sanjay, include_synthetic=False), by=cast.sanjay)
    for address in ("/outcomes/", f"/outcomes/{table.pk}/"):
        with django_assert_max_num_queries(8):
            assert client.get(address).status_code == 200
