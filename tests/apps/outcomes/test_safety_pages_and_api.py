"""Who may see, run and unmask safety tables; what pages and files say; and the wall under all of it."""

from __future__ import annotations

import csv
import hashlib
import io
import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, ProgrammingError, transaction

from apps.outcomes import safety_actions, safety_computing
from apps.outcomes.safety_models import Audience, SafetyMask, SafetyTables, Unmasking
from studyportal.access import walls
from studyportal.access.models import Membership
from studyportal.audit.models import Look
from studyportal.jobs import actions as jobs
from studyportal.jobs.models import Job
from tests.apps.outcomes.conftest import screened, visit
from tests.apps.outcomes.test_safety_frames import adverse_event, cell_product, near_miss
from tests.cast import ROLES

VIEWERS = {"sanjay", "devi"}
EVERYONE = tuple(ROLES)
REASON = "Second meeting of the committee, closed session"


@pytest.fixture
def study(cast, cohort):
    """Two cases and two controls, so that sizes tell nothing; an event of a case, and one of a control."""
    second = screened(cast.pune, "PUN-0003-X", group="control", index_date="2024-01-01")
    for person in (second, cohort["control"]):
        visit(person, "S1", happened_on="2024-01-01", anchor="index")
    adverse_event(cohort["one"], onset_on="2024-01-01", verbatim="Sore at the hip", term="harvest_pain")
    adverse_event(
        second, onset_on="2024-01-01", term="dka", serious=True, serious_criteria=["hospitalisation"]
    )
    near_miss(cell_product(cohort["one"]))
    return cohort


def made(by, audience, **more):
    mask = safety_actions.mask_in_force() if audience == Audience.MASKED else None
    computed = safety_computing.compute(
        by=by, audience=audience, mask=mask, **({"include_synthetic": True} | more)
    )
    return safety_actions.freeze(computed=computed, by=by, reason=REASON if mask is None else "")


@pytest.fixture
def masked(cast, study):
    return made(cast.sanjay, Audience.MASKED)


@pytest.fixture
def by_group(cast, study):
    return made(cast.devi, Audience.UNMASKED)


def addresses(tables):
    return [
        *(
            f"/api/v1/safety-tables/{tables.pk}{end}"
            for end in ("/", ".json", ".pdf", "/tables/overview.csv")
        ),
        f"/safety-tables/{tables.pk}/",
        f"/safety-tables/{tables.pk}/overview/",
    ]


LISTS = ["/api/v1/safety-tables/", "/safety-tables/"]


def get(api, page, user, address):
    return (api if address.startswith("/api/") else page)(user).get(address)


# --- Refusals: reading -----------------------------------------------------------------------------------


def test_a_stranger_is_asked_to_sign_in(api, page, masked):
    for address in [*LISTS, *addresses(masked)]:
        answer = get(api, page, None, address)
        if address.startswith("/api/"):
            assert answer.status_code == 401
        else:
            assert answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("name", EVERYONE)
def test_masked_tables_are_for_statistician_and_committee(api, page, cast, masked, name):
    for address in [*LISTS, *addresses(masked)]:
        answer = get(api, page, getattr(cast, name), address)
        assert answer.status_code == (200 if name in VIEWERS else 403), address


@pytest.mark.parametrize("name", EVERYONE)
def test_tables_by_group_are_for_the_committee_alone(api, page, cast, by_group, name):
    for address in addresses(by_group):
        answer = get(api, page, getattr(cast, name), address)
        expected = 200 if name == "devi" else 404 if name in VIEWERS else 403
        assert answer.status_code == expected, address


def test_for_the_statistician_tables_by_group_do_not_exist(api, page, cast, masked, by_group):
    listed = api(cast.sanjay).get("/api/v1/safety-tables/").json()["results"]
    assert [one["id"] for one in listed] == [masked.pk]
    assert f"/safety-tables/{by_group.pk}/" not in page(cast.sanjay).get("/safety-tables/").content.decode()
    assert len(api(cast.devi).get("/api/v1/safety-tables/").json()["results"]) == 2


def test_the_database_itself_keeps_tables_by_group_from_others(cast, masked, by_group):
    with walls.opened(cast.sanjay):
        assert list(SafetyTables.objects.all()) == [masked]
    with walls.opened(cast.devi):
        assert SafetyTables.objects.count() == 2
    with walls.opened(cast.norole):
        assert not SafetyTables.objects.filter(audience=Audience.UNMASKED).exists()
    with transaction.atomic():
        walls.close()
        assert not SafetyTables.objects.exists()
        walls.leave()


def test_the_database_takes_none_from_who_may_not_unmask(cast, by_group):
    values = {
        field.attname: getattr(by_group, field.attname)
        for field in SafetyTables._meta.concrete_fields
        if field.attname not in ("id", "job_id")
    }
    with pytest.raises(ProgrammingError) as refused, walls.opened(cast.sanjay, writing=True):
        SafetyTables.objects.create(**values)
    assert walls.is_breach(refused.value)


def test_tables_of_another_site_are_not_found(api, cast, study):
    Membership.objects.create(user=cast.norole, role="statistician", site=cast.pune, valid_from="2020-01-01")
    Membership.objects.create(user=cast.admin, role="statistician", site=cast.mumbai, valid_from="2020-01-01")
    theirs = made(cast.norole, Audience.MASKED)
    assert api(cast.norole).get(f"/api/v1/safety-tables/{theirs.pk}/").status_code == 200
    assert api(cast.admin).get(f"/api/v1/safety-tables/{theirs.pk}/").status_code == 404
    assert api(cast.sanjay).get(f"/api/v1/safety-tables/{theirs.pk}/").status_code == 200
    assert theirs.content["counts"]["participants"] == 2


def test_a_table_that_there_is_not(api, page, cast, masked):
    assert api(cast.sanjay).get(f"/api/v1/safety-tables/{masked.pk}/tables/products.csv").status_code == 404
    assert page(cast.sanjay).get(f"/safety-tables/{masked.pk}/products/").status_code == 404
    assert api(cast.sanjay).get("/api/v1/safety-tables/999999/").status_code == 404
    assert page(cast.sanjay).get("/safety-tables/999999/").status_code == 404


# --- Refusals: running -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in EVERYONE if name not in VIEWERS])
def test_nobody_else_runs_them(api, page, cast, name):
    user = getattr(cast, name)
    assert api(user).post("/api/v1/safety-tables/runs/", {"audience": "masked"}).status_code == 403
    assert page(user).post("/safety-tables/run/", {"audience": "masked"}).status_code == 403
    assert not Job.objects.exists() and not SafetyMask.objects.exists()


def test_the_statistician_computes_no_tables_by_group(api, page, cast):
    body = {"audience": "unmasked", "reason": REASON}
    answer = api(cast.sanjay).post("/api/v1/safety-tables/runs/", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    assert (
        page(cast.sanjay).post("/safety-tables/run/", body | {"include_synthetic": "true"}).status_code == 403
    )
    assert not Job.objects.exists()


def test_nor_by_starting_the_job_itself(cast, study, eager_jobs, django_capture_on_commit_callbacks):
    params = {"audience": "unmasked", "include_synthetic": True, "cut_off": None, "reason": REASON}
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.start(safety_actions.JOB, params=params, by=cast.sanjay)
    job.refresh_from_db()
    assert (job.state, "committee" in job.error) == ("failed", True)
    assert not SafetyTables.objects.exists()
    with pytest.raises(PermissionDenied):
        jobs.start(safety_actions.JOB, params=params, by=cast.meera)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "audience"),
        ({"audience": "open"}, "audience"),
        ({"audience": "masked", "cut_off": "2024-02-30"}, "cut_off"),
        ({"audience": "masked", "cut_off": "2999-01-01"}, "cut_off"),
        ({"audience": "masked", "include_synthetic": "perhaps"}, "include_synthetic"),
        ({"audience": "masked", "groups": []}, "groups"),
        ({"audience": "unmasked"}, "reason"),
        ({"audience": "unmasked", "reason": "   "}, "reason"),
        ({"audience": "unmasked", "reason": "x" * 501}, "reason"),
    ],
)
def test_a_wrong_run_names_the_field(api, cast, body, field):
    answer = api(cast.devi).post("/api/v1/safety-tables/runs/", body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Job.objects.exists()


def test_the_page_keeps_what_was_typed_and_says_what_is_wrong(page, cast):
    answer = page(cast.devi).post(
        "/safety-tables/run/",
        {"audience": "unmasked", "cut_off": "2999-01-01", "include_synthetic": "false", "reason": "Because"},
    )
    text = answer.content.decode()
    assert answer.status_code == 400
    for words in ('value="2999-01-01"', 'value="Because"', "lies in the future", "selected"):
        assert words in text
    answer = page(cast.devi).post("/safety-tables/run/", {"audience": "masked", "cut_off": "30.11.2026"})
    assert answer.status_code == 400 and "2026-11-30" in answer.content.decode()
    assert not Job.objects.exists()


# --- Refusals: unmasking ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in EVERYONE if name != "devi"])
def test_only_the_committee_looks_behind_the_mask(api, page, cast, masked, name):
    user = getattr(cast, name)
    assert api(user).post(f"/api/v1/safety-tables/{masked.pk}/unmask/", {"reason": REASON}).status_code == 403
    assert page(user).post(f"/safety-tables/{masked.pk}/unmask/", {"reason": REASON}).status_code == 403
    with pytest.raises(PermissionDenied):
        safety_actions.unmask(tables=masked, by=user, reason=REASON)
    assert not Unmasking.objects.exists()


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_unmasking_needs_a_reason(api, page, cast, masked, reason):
    answer = api(cast.devi).post(f"/api/v1/safety-tables/{masked.pk}/unmask/", {"reason": reason})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "reason")
    answer = page(cast.devi).post(f"/safety-tables/{masked.pk}/unmask/", {"reason": reason})
    assert answer.status_code == 400 and "error-reason" in answer.content.decode()
    assert not Unmasking.objects.exists()


def test_tables_by_group_have_no_letters(api, cast, by_group):
    answer = api(cast.devi).post(f"/api/v1/safety-tables/{by_group.pk}/unmask/", {"reason": REASON})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "not_masked")


# --- Frozen ----------------------------------------------------------------------------------------------


def test_frozen_tables_cannot_be_changed(cast, masked, as_owner):
    with pytest.raises(TypeError, match="final"):
        masked.save()
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        SafetyTables.objects.all().delete()
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        SafetyMask.objects.update(key="0" * 64)
    with as_owner(), pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        SafetyMask.objects.update(key="0" * 64)


def test_a_masked_set_has_a_mask_and_another_none(cast, masked):
    values = {
        field.attname: getattr(masked, field.attname)
        for field in SafetyTables._meta.concrete_fields
        if field.attname not in ("id", "job_id")
    }
    with pytest.raises(IntegrityError, match="safetytables_masked_have_mask"), transaction.atomic():
        SafetyTables.objects.create(**values | {"mask_id": None})
    with pytest.raises(ValueError, match="need their mask"):
        safety_computing.compute(by=cast.devi, audience=Audience.MASKED, include_synthetic=True)


def test_the_mask_stays_the_same(cast, study):
    first, second = made(cast.sanjay, Audience.MASKED), made(cast.devi, Audience.MASKED)
    assert first.mask == second.mask
    assert (first.sha256, first.canonical) == (second.sha256, second.canonical)
    assert SafetyMask.objects.count() == 1


# --- The happy path --------------------------------------------------------------------------------------


def test_a_run_is_a_job(api, cast, study, eager_jobs, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = api(cast.sanjay).post(
            "/api/v1/safety-tables/runs/", {"audience": "masked", "cut_off": "2024-06-30"}
        )
    assert answer.status_code == 202
    job = Job.objects.get()
    assert (job.state, job.error) == ("done", "")
    tables = SafetyTables.objects.get()
    assert job.result == {"tables": tables.pk, "url": f"/safety-tables/{tables.pk}/", "sha256": tables.sha256}
    assert (str(tables.cut_off), tables.made_by, tables.sites) == ("2024-06-30", cast.sanjay, None)


def test_the_committee_computes_by_group_and_says_why(
    page, cast, study, eager_jobs, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = page(cast.devi).post(
            "/safety-tables/run/",
            {"audience": "unmasked", "include_synthetic": "true", "cut_off": "", "reason": REASON},
        )
    assert answer["Location"] == f"/jobs/{Job.objects.get().pk}/"
    tables = SafetyTables.objects.get()
    assert (tables.audience, tables.mask) == ("unmasked", None)
    assert list(tables.unmaskings.values_list("by__username", "reason")) == [("devi", REASON)]


def test_the_masked_set_names_no_group_and_no_participant(masked):
    said = json.dumps([table["rows"] for table in masked.content["tables"]])
    for word in ("case", "control", "MUM", "PUN", "Sore", "hip", "harvest_pain"):
        assert word not in said, word
    assert '"group": "A"' in said and '"group": "B"' in said


def test_pages_show_numbers_intervals_footnotes_and_provenance(page, cast, by_group):
    text = page(cast.devi).get(f"/safety-tables/{by_group.pk}/by-term/").content.decode()
    for words in (
        "1/2 (50.0 %)",
        "[1.3, 98.7]",
        "Pain at the harvest site",
        "−ln 0.025",
        by_group.sha256,
        REASON,
    ):
        assert words in text
    text = page(cast.devi).get(f"/safety-tables/{by_group.pk}/near-misses/").content.decode()
    assert "Stopped: other participant" in text
    for table in by_group.content["tables"]:
        assert page(cast.devi).get(f"/safety-tables/{by_group.pk}/{table['key']}/").status_code == 200


def test_who_may_not_unmask_is_offered_nothing(page, cast, masked):
    sanjay, devi = (page(getattr(cast, name)) for name in ("sanjay", "devi"))
    assert "Compute by group" not in sanjay.get("/safety-tables/").content.decode()
    assert "Compute by group" in devi.get("/safety-tables/").content.decode()
    address = f"/safety-tables/{masked.pk}/"
    assert "Show which letter" not in sanjay.get(address).content.decode()
    assert "Show which letter" in devi.get(address).content.decode()
    assert "Nobody has looked" in sanjay.get(address).content.decode()


def test_looking_behind_the_mask_stands_for_everybody_to_read(page, api, cast, masked):
    address = f"/safety-tables/{masked.pk}/"
    answer = page(cast.devi).post(f"{address}unmask/", {"reason": REASON})
    assert answer["Location"] == address
    letters = safety_actions.letters_of(masked)
    assert sorted(letters) == ["A", "B"] and len(set(letters.values())) == 2
    committee, statistician = (
        page(getattr(cast, name)).get(address).content.decode() for name in ("devi", "sanjay")
    )
    for label in letters.values():
        assert f"<dd>{label}" in committee and f"<dd>{label}" not in statistician
    assert REASON in statistician and "Devi" in statistician
    shown = api(cast.sanjay).get(f"/api/v1/safety-tables/{masked.pk}/").json()["unmaskings"]
    assert [(one["by"], one["reason"]) for one in shown] == [("devi", REASON)]
    assert Look.objects.filter(what="safety_tables_unmasked", user=cast.devi).count() == 1
    again = api(cast.devi).post(f"/api/v1/safety-tables/{masked.pk}/unmask/", {"reason": "Once more"})
    assert again.json() == {"letters": letters}


def test_every_look_at_tables_by_group_is_kept(page, api, cast, by_group, masked):
    page(cast.devi).get(f"/safety-tables/{by_group.pk}/overview/")
    api(cast.devi).get(f"/api/v1/safety-tables/{by_group.pk}/")
    page(cast.devi).get(f"/safety-tables/{masked.pk}/overview/")
    details = list(
        Look.objects.filter(what="safety_tables_by_group").values_list("detail", flat=True).order_by("id")
    )
    assert details == [f"{by_group.pk}: overview", f"{by_group.pk}: api"]


def test_csv_json_and_pdf_say_the_same(api, cast, by_group):
    body = api(cast.devi).get(f"/api/v1/safety-tables/{by_group.pk}.json").content
    assert hashlib.sha256(body).hexdigest() == by_group.sha256
    for table in json.loads(body)["tables"]:
        answer = api(cast.devi).get(f"/api/v1/safety-tables/{by_group.pk}/tables/{table['key']}.csv")
        rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
        assert len(rows) == len(table["rows"])
        for row, stored in zip(rows, table["rows"], strict=True):
            assert row.keys() <= stored.keys()
            assert all(text == ("" if stored[key] is None else str(stored[key])) for key, text in row.items())
    pdf = api(cast.devi).get(f"/api/v1/safety-tables/{by_group.pk}.pdf")
    assert pdf.content.startswith(b"%PDF") and pdf["Content-Type"] == "application/pdf"
    assert pdf.content == api(cast.devi).get(f"/api/v1/safety-tables/{by_group.pk}.pdf").content
    assert Look.objects.filter(what="safety_tables_file").count() > 3


def test_a_formula_in_the_words_of_a_reporter_runs_nowhere(api, cast, study):
    adverse_event(
        study["one"], onset_on="2024-01-01", verbatim="=1+1", serious=True, serious_criteria=["disability"]
    )
    tables = made(cast.devi, Audience.UNMASKED)
    text = api(cast.devi).get(f"/api/v1/safety-tables/{tables.pk}/tables/serious-list.csv").content.decode()
    assert "'=1+1" in text and ",=1+1" not in text


def test_the_number_of_queries_does_not_grow(page, cast, study, masked, django_assert_max_num_queries):
    client = page(cast.devi)
    client.get("/safety-tables/")
    for _ in range(6):
        made(cast.devi, Audience.UNMASKED)
    for address in ("/safety-tables/", f"/safety-tables/{masked.pk}/overview/"):
        with django_assert_max_num_queries(12):
            assert client.get(address).status_code == 200


def test_a_reason_and_a_cut_off_are_asked_for_by_the_action_too(cast):
    with pytest.raises(ValidationError) as refused:
        safety_actions.start(audience="unmasked", include_synthetic=True, cut_off=None, by=cast.devi)
    assert list(refused.value.message_dict) == ["reason"]
