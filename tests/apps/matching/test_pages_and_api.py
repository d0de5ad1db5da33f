"""Who may see and do what; what pages, CSV and API say."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from apps.matching import actions
from apps.matching.models import MatchingEvent, MatchingRun
from studyportal.access.models import Membership
from studyportal.audit.models import Look
from studyportal.jobs.models import Job
from tests.apps.matching.conftest import Cohort, Propose, somebody
from tests.cast import Cast
from tests.counting import questions

VIEWERS = {"sanjay", "meera", "rao"}
EVERYONE = ("asha", "vikram", "rao", "meera", "sanjay", "farah", "admin", "norole")
API = "/api/v1/matching"


@pytest.fixture
def run(cast: Cast, cohort: Cohort, propose: Propose) -> MatchingRun:
    return propose(ratio=2)


def addresses(run: MatchingRun) -> list[str]:
    return [
        f"{API}/runs/",
        *(f"{API}/runs/{run.pk}/{end}" for end in ("", "sets/", "sets.csv", "unmatched/", "differences/")),
        "/matching/",
        *(f"/matching/{run.pk}/{end}" for end in ("", "sets.csv", "balance.png", "differences/")),
    ]


# --- Refusals --------------------------------------------------------------------------------------------


def test_a_stranger_is_asked_to_sign_in(api: Any, page: Any, run: MatchingRun) -> None:
    for address in addresses(run):
        if address.startswith("/api/"):
            assert api(None).get(address).status_code == 401
        else:
            assert page(None).get(address)["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("name", EVERYONE)
def test_each_role_sees_what_is_its_own(api: Any, page: Any, cast: Cast, run: MatchingRun, name: str) -> None:
    user = getattr(cast, name)
    for address in addresses(run):
        response = (api if address.startswith("/api/") else page)(user).get(address)
        assert response.status_code == (200 if name in VIEWERS else 403), address


@pytest.mark.parametrize("name", [name for name in EVERYONE if name != "sanjay"])
def test_only_the_statistician_proposes(api: Any, page: Any, cast: Cast, name: str) -> None:
    user = getattr(cast, name)
    assert api(user).post(f"{API}/runs/", {}).status_code == 403
    assert api(user).post(f"{API}/given/", {}).status_code == 403
    assert page(user).post("/matching/start/").status_code == 403
    assert page(user).get("/matching/given/").status_code == 403
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("name", "step", "status"),
    [
        ("rao", "review", 403),
        ("sanjay", "review", 409),  # proposed it
        ("sanjay", "freeze", 403),
        ("rao", "return", 403),
        ("meera", "freeze", 409),  # not reviewed
        ("meera", "return", 400),  # without a note
    ],
)
def test_steps_that_are_refused(
    api: Any, page: Any, cast: Cast, run: MatchingRun, name: str, step: str, status: int
) -> None:
    user = getattr(cast, name)
    assert api(user).post(f"{API}/runs/{run.pk}/{step}/", {}).status_code == status
    assert page(user).post(f"/matching/{run.pk}/{step}/").status_code == status
    assert MatchingEvent.objects.count() == 1


def test_what_is_nowhere_is_not_found(api: Any, page: Any, cast: Cast) -> None:
    for end in ("", "sets/", "sets.csv", "unmatched/", "differences/"):
        assert api(cast.meera).get(f"{API}/runs/987654321/{end}").status_code == 404
    for step in ("review", "return", "freeze"):
        assert api(cast.meera).post(f"{API}/runs/987654321/{step}/", {}).status_code == 404
        assert page(cast.meera).post(f"/matching/987654321/{step}/").status_code == 404


def test_a_run_of_another_site_is_not_found(
    api: Any, page: Any, cast: Cast, cohort: Cohort, propose: Propose
) -> None:
    Membership.objects.create(user=cast.norole, role="statistician", site=cast.pune, valid_from="2020-01-01")
    theirs = propose(by=cast.norole)
    assert api(cast.norole).get(f"{API}/runs/{theirs.pk}/").status_code == 200
    assert api(cast.rao).get(f"{API}/runs/{theirs.pk}/").status_code == 404
    assert api(cast.rao).get(f"{API}/runs/").json()["results"] == []
    assert page(cast.rao).get(f"/matching/{theirs.pk}/").status_code == 404


def test_a_site_names_its_own_and_counts_the_others(
    api: Any, page: Any, cast: Cast, propose: Propose
) -> None:
    """A set over two sites: Dr Rao sees Mumbai's case and its control, and that there is another."""
    case = somebody(cast, "case")
    here, there = somebody(cast, "control"), somebody(cast, "control", site=cast.pune)
    other_case = somebody(cast, "case", site=cast.pune, age=30)
    lent = somebody(cast, "control", age=30)
    run = propose(ratio=2)
    answer = api(cast.rao).get(f"{API}/runs/{run.pk}/sets/").json()["results"]
    assert [(one["case"], one["size"], one["of_other_sites"]) for one in answer] == [
        (case.code, 2, 1),
        (None, 1, 0),
    ]
    assert [control["code"] for one in answer for control in one["controls"]] == [here.code, lent.code]
    text = page(cast.rao).get(f"/matching/{run.pk}/").content.decode()
    sheet = page(cast.rao).get(f"/matching/{run.pk}/sets.csv").content.decode()
    for hidden in (there.code, other_case.code):
        assert hidden not in text
        assert hidden not in sheet
    for words in (case.code, here.code, lent.code, "and 1 control of another site", "a case of another site"):
        assert words in text
    whole = api(cast.meera).get(f"{API}/runs/{run.pk}/sets/").json()["results"]
    assert {one["case"] for one in whole} == {case.code, other_case.code}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ratio": 7}, "ratio"),
        ({"seed": "dice"}, "seed"),
        ({"calipers": {"age": 0}}, "calipers.age"),
        ({"calipers": "wide"}, "calipers"),
        ({"method": "magic"}, "method"),
        ({"visits": []}, "visits"),
    ],
)
def test_a_wrong_run_names_the_field(api: Any, cast: Cast, body: dict[str, Any], field: str) -> None:
    response = api(cast.sanjay).post(f"{API}/runs/", body)
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize("body", ["[]", "3", "null", '{"pairs": 3}', "{"])
def test_bodies_that_are_no_request(api: Any, cast: Cast, body: str) -> None:
    for address in (f"{API}/runs/", f"{API}/given/"):
        response = api(cast.sanjay).post(address, body, content_type="application/json")
        assert response.status_code == 400


def test_steps_take_no_other_member(api: Any, cast: Cast, run: MatchingRun) -> None:
    response = api(cast.meera).post(f"{API}/runs/{run.pk}/review/", {"version": 7})
    assert [error["code"] for error in response.json()["errors"]] == ["unknown_field"]
    response = api(cast.meera).post(f"{API}/runs/{run.pk}/review/", {"note": 7}, format="json")
    assert response.status_code == 400


def test_a_wrong_number_on_the_page_loses_nothing(page: Any, cast: Cast) -> None:
    response = page(cast.sanjay).post(
        "/matching/start/",
        {"ratio": "9", "calipers_age": "0", "calipers_hba1c": "0.75", "note": "Second try"},
    )
    text = response.content.decode()
    assert response.status_code == 400
    for words in (
        "A width of 0 matches nobody",
        "Give a whole number from 1 to 4",
        'value="0.75"',
        "Second try",
    ):
        assert words in text
    assert not Job.objects.exists()


def test_pairs_that_are_wrong_are_named_by_row_and_kept(page: Any, cast: Cast, cohort: Cohort) -> None:
    text = f"case,control\n{cohort.case.code},{cohort.controls[0].code}\n{cohort.case.code},{cohort.case.code}\nX,Y\n"
    response = page(cast.sanjay).post("/matching/given/", {"pairs": text})
    said = response.content.decode()
    assert response.status_code == 400
    assert "Row 2, control:" in said
    assert "is matched to himself or herself" in said
    assert "Row 3, case: There is no participant X" in said
    assert "X,Y" in said
    assert not MatchingRun.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Paste the pairs"),
        (",,\n;;", "The first line names the columns"),
        ("\x00", "This is no list of pairs"),
        ("MUM-0001-X,MUM-0002-X", "The first line names the columns"),
        ("case,control,colour\na,b,red", "There is no column colour"),
        ("case,control\na", "Row 1: 1 columns instead of 2"),
        ("case,control\n", "Give at least one pair"),
    ],
)
def test_text_that_is_no_list_of_pairs(page: Any, cast: Cast, text: str, said: str) -> None:
    response = page(cast.sanjay).post("/matching/given/", {"pairs": text})
    assert response.status_code == 400
    assert said in response.content.decode()


# --- The way through -------------------------------------------------------------------------------------


def test_proposed_reviewed_and_frozen_by_the_api(
    api: Any, cast: Cast, cohort: Cohort, eager_jobs: None, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        started = api(cast.sanjay).post(f"{API}/runs/", {"ratio": 1, "seed": 5})
    assert started.status_code == 202
    job = api(cast.sanjay).get(started["Location"]).json()
    assert job["state"] == "done"
    number = job["result"]["run"]
    assert api(cast.meera).get(f"{API}/runs/{number}/").json()["state"] == "proposed"
    assert (
        api(cast.meera).post(f"{API}/runs/{number}/review/", {"note": "Looks right"}).json()["state"]
        == "reviewed"
    )
    frozen = api(cast.meera).post(f"{API}/runs/{number}/freeze/", {}).json()
    assert (frozen["state"], frozen["version"]) == ("frozen", 1)
    assert [event["kind"] for event in frozen["events"]] == ["proposed", "reviewed", "frozen"]
    assert frozen["design"]["seed"] == 5


def test_the_page_starts_the_job_and_shows_the_way(page: Any, cast: Cast, cohort: Cohort) -> None:
    answer = page(cast.sanjay).post(
        "/matching/start/", {"ratio": "1", "method": "greedy", "calipers_age": "", "seed": "4"}
    )
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert (job.params["design"]["method"], job.params["design"]["seed"]) == ("greedy", 4)


def test_the_page_of_a_run(page: Any, cast: Cast, cohort: Cohort, run: MatchingRun) -> None:
    text = page(cast.sanjay).get(f"/matching/{run.pk}/").content.decode()
    for words in (
        "Proposed",
        "You proposed this run: somebody else reviews it.",
        "Standardised mean differences before and after matching",
        cohort.case.code,
        cohort.controls[0].code,
        "± 1 year or ± 20 % of the case&#x27;s value",
        "Jan 2024 / Jan 2024",
        run.sets_sha256,
        "1 of 2",
        "Show the numbers",
    ):
        assert words in text, words
    client = page(cast.meera)
    assert "Reviewed: may be frozen" in client.get(f"/matching/{run.pk}/").content.decode()
    assert client.post(f"/matching/{run.pk}/review/", {"note": "Good"}).status_code == 302
    assert "Freeze as the next version" in client.get(f"/matching/{run.pk}/").content.decode()
    assert client.post(f"/matching/{run.pk}/freeze/").status_code == 302
    text = client.get(f"/matching/{run.pk}/").content.decode()
    assert "Frozen: version 1" in text
    assert "Freeze as the next version" not in text


def test_a_refused_step_keeps_what_was_typed(page: Any, cast: Cast, run: MatchingRun) -> None:
    response = page(cast.sanjay).post(f"/matching/{run.pk}/review/", {"note": "I like it myself"})
    assert response.status_code == 409
    assert "You proposed this run" in response.content.decode()
    response = page(cast.meera).post(f"/matching/{run.pk}/return/", {"note": "x"})
    assert response.status_code == 400
    assert "Say what is to be done differently" in response.content.decode()


def test_the_csv(page: Any, api: Any, cast: Cast, cohort: Cohort, frozen: MatchingRun) -> None:
    answer = page(cast.meera).get(f"/matching/{frozen.pk}/sets.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(rows) == 3
    assert rows[0]["case"] == cohort.case.code
    assert rows[0]["control"] == cohort.controls[0].code
    assert (rows[0]["version"], rows[0]["case_sex"], rows[0]["control_hba1c"]) == ("1", "female", "8.5")
    assert Look.objects.filter(what="matched_sets_file", user=cast.meera).count() == 1
    assert api(cast.meera).get(f"{API}/runs/{frozen.pk}/sets.csv").content == answer.content


def test_the_figure_is_a_png(page: Any, cast: Cast, run: MatchingRun) -> None:
    answer = page(cast.rao).get(f"/matching/{run.pk}/balance.png")
    assert answer["Content-Type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")


def test_unmatched_and_differences_by_the_api(
    api: Any, cast: Cast, cohort: Cohort, frozen: MatchingRun
) -> None:
    boy = somebody(cast, "case", sex="male")
    pairs = [{"case": cohort.case.code, "control": cohort.controls[1].code}]
    run = api(cast.sanjay).post(f"{API}/given/", {"pairs": pairs}).json()
    listed = api(cast.sanjay).get(f"{API}/runs/{run['id']}/unmatched/").json()["results"]
    assert {one["case"]: one["why"] for one in listed}[boy.code] == "No candidate at risk was of the same sex"
    change = api(cast.sanjay).get(f"{API}/runs/{run['id']}/differences/").json()
    assert change["version"] == 1
    assert change["changed"] == [
        {"case": cohort.case.code, "left": [cohort.controls[0].code], "came": [cohort.controls[1].code]}
    ]
    assert sorted(change["cases_gone"]) == sorted([cohort.second.code, cohort.pune_case.code])


def test_the_differences_page(page: Any, cast: Cast, cohort: Cohort, frozen: MatchingRun) -> None:
    assert (
        "There is no earlier version"
        in page(cast.meera).get(f"/matching/{frozen.pk}/differences/").content.decode()
    )
    pairs = [{"case": cohort.case.code, "control": cohort.controls[1].code}]
    run = actions.propose_given(raw={"pairs": pairs}, by=cast.sanjay)
    text = page(cast.meera).get(f"/matching/{run.pk}/differences/").content.decode()
    assert "What changed since version 1" in text
    assert cohort.controls[1].code in text


def test_pairs_from_a_file(page: Any, cast: Cast, cohort: Cohort) -> None:
    text = f"\ufeffcase;control\n{cohort.case.code};{cohort.controls[1].code}\n"
    response = page(cast.sanjay).post(
        "/matching/given/", {"file": SimpleUploadedFile("pairs.csv", text.encode()), "note": "MatchIt"}
    )
    run = MatchingRun.objects.get()
    assert response["Location"] == f"/matching/{run.pk}/"
    assert (run.method, run.note) == ("given", "MatchIt")


def test_the_navigation_has_an_entry(page: Any, cast: Cast) -> None:
    assert 'href="/matching/"' in page(cast.sanjay).get("/matching/").content.decode()


# --- Cost ------------------------------------------------------------------------------------------------


def test_the_number_of_queries_does_not_grow(
    page: Any, api: Any, cast: Cast, cohort: Cohort, propose: Propose
) -> None:
    def counted(client: Any, address: str) -> int:
        client.get(address)
        with questions() as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    run = propose(ratio=1)
    browser, script = page(cast.meera), api(cast.meera)
    before = [counted(browser, "/matching/"), counted(browser, f"/matching/{run.pk}/")]
    before += [counted(script, f"{API}/runs/"), counted(script, f"{API}/runs/{run.pk}/sets/")]
    for _ in range(4):
        somebody(cast, "case")
        somebody(cast, "control")
        run = propose(ratio=1)
    after = [counted(browser, "/matching/"), counted(browser, f"/matching/{run.pk}/")]
    after += [counted(script, f"{API}/runs/"), counted(script, f"{API}/runs/{run.pk}/sets/")]
    assert after == before


def test_web_processes_start_without_the_heavy_libraries() -> None:
    code = (
        "import django, sys; django.setup(); import config.urls; from django.urls import get_resolver;"
        "get_resolver().url_patterns; import apps.matching.api, apps.matching.views, apps.matching.tasks;"
        "print([m for m in ('scipy', 'matplotlib') if m in sys.modules],"
        " [m for m in sys.modules if m.startswith('apps.matching.statistics.') and not m.endswith('.design')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=settings.BASE_DIR, check=False,
        env={"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.stdout.strip() == "[] []", done.stderr


def test_the_dataset_has_one_row_per_control(cast: Cast, cohort: Cohort, frozen: MatchingRun) -> None:
    """Its query, asked in the test's own transaction: a download streams on a connection of its own."""
    from apps.exports.catalogue import catalogue
    from apps.exports.datasets import Filters

    with connection.cursor() as cursor:
        cursor.execute(catalogue()["matched-sets"].select(Filters(), None).as_string(cursor.cursor))
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    assert {row["case"]: row["participant"] for row in rows}[cohort.case.code] == cohort.controls[0].code
    assert {(row["state"], row["version"], row["set_size"]) for row in rows} == {("frozen", 1, 1)}
