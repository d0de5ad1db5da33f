"""Who may take data, and that what is taken is what is there."""

from __future__ import annotations

import hashlib
import io
import uuid

import pandas as pd
import pytest

from apps.enrolment.models import SiteApproval
from apps.exports.catalogue import catalogue
from apps.exports.models import ExportReceipt
from studyportal.access.models import Membership
from tests.apps.exports.conftest import TRICKY

STREAMS = pytest.mark.django_db(transaction=True)
ADDRESSES = (
    "/api/v1/datasets/",
    "/api/v1/datasets/demographics.csv",
    "/api/v1/datasets/demographics/dictionary.csv",
    "/api/v1/datasets/demographics/dictionary.json",
    "/api/v1/dictionary.csv",
    "/api/v1/dictionary.json",
    "/api/v1/export-receipts/",
)


def csv_of(response) -> pd.DataFrame:
    assert response.status_code == 200, response.content
    body = b"".join(response.streaming_content)
    return pd.read_csv(io.BytesIO(body), dtype=str, keep_default_na=False)


# refusals
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_stranger_is_asked_to_sign_in(api, db, address):
    response = api(None).get(address)
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["asha", "vikram", "rao", "farah", "admin", "norole"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_who_may_not_export_is_refused(api, cast, name, address):
    response = api(getattr(cast, name)).get(address)
    assert response.status_code == 403
    assert response["Content-Type"] == "application/problem+json"
    assert not ExportReceipt.objects.exists()


@pytest.mark.parametrize(
    "address",
    ["/api/v1/datasets/nothing.csv", "/api/v1/datasets/nothing/dictionary.json", "/api/v1/dictionary.xml"],
)
def test_what_does_not_exist_is_not_found(api, cast, address):
    assert api(cast.sanjay).get(address).status_code == 404


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("site=XXX", "site", "invalid_choice"),
        ("group=placebo", "group", "invalid_choice"),
        ("synthetic=maybe", "synthetic", "invalid_choice"),
        ("sites=MUM", "sites", "unknown_filter"),
        ("site=MUM'%20OR%201=1--", "site", "invalid_choice"),
    ],
)
def test_a_filter_that_is_not_understood_names_itself(api, cast, query, field, code):
    response = api(cast.sanjay).get(f"/api/v1/datasets/participants.csv?{query}")
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert (error["field"], error["code"]) == (field, code)


def test_anothers_receipt_is_not_found(api, cast):
    receipt = ExportReceipt.objects.create(
        requester=cast.meera, source="api", dataset="participants", started_at="2024-01-01T00:00Z", complete=False,
        bytes=0, sha256="",
    )  # fmt: skip
    assert api(cast.sanjay).get(f"/api/v1/export-receipts/{receipt.pk}/").status_code == 404


def test_a_foreign_site_is_answered_as_one_that_does_not_exist(api, cast):
    Membership.objects.create(
        user=cast.norole, role="statistician", site=cast.mumbai, valid_from="2020-01-01"
    )
    foreign = api(cast.norole).get("/api/v1/datasets/participants.csv?site=PUN").json()
    unknown = api(cast.norole).get("/api/v1/datasets/participants.csv?site=XXX").json()
    assert foreign["errors"][0]["message"] == unknown["errors"][0]["message"].replace("XXX", "PUN")


# what is taken
@STREAMS
def test_every_cell_comes_out_as_it_went_in(api, cast, people):
    frame = csv_of(api(cast.sanjay).get("/api/v1/datasets/medical-history.csv"))
    assert list(frame.columns) == [column.name for column in catalogue()["medical-history"].columns]
    real, pune = frame.to_dict("records")
    assert (real["participant"], real["site"], real["group"], real["synthetic"]) == (
        "MUM-0001-X", "MUM", "case", "false",
    )  # fmt: skip
    assert real["symptoms_note"] == TRICKY
    assert real["symptoms_at_onset"] == "polyuria;fainting"
    assert (real["autoimmune"], real["diabetes_type"]) == ("true", "type_1")
    assert (real["diagnosed_on"], real["diagnosed_on_precision"], real["diagnosed_on_from"]) == (
        "age:12",
        "age",
        "",
    )
    assert (real["insulin_since"], real["insulin_since_precision"]) == ("2011-07", "month")
    assert (real["insulin_since_from"], real["insulin_since_to"]) == ("2011-07-01", "2011-07-31")
    assert (real["family_history"], real["family_history_absent"]) == ("", "not_recorded")
    assert (real["severity"], real["severity_absent"]) == ("", "unknown")
    assert real["comorbidities_other"] == "'@SUM(A1:A9)"
    assert real["diet_exercise"] == "'-5 kg"
    assert (real["record_status"], pune["record_status"]) == ("complete", "incomplete")
    assert (pune["insulin_since"], pune["insulin_since_precision"]) == ("2016-11-03", "day")


@STREAMS
def test_formulas_are_guarded_in_tables_too(api, cast, people):
    frame = csv_of(api(cast.sanjay).get("/api/v1/datasets/participants.csv"))
    assert frame["label"].tolist() == ["'=HYPERLINK(1)", "", ""]
    tabbed = csv_of(api(cast.sanjay).get("/api/v1/datasets/hospitalisation.csv"))
    assert tabbed["note"].tolist() == ["'\tstarts with a tab"]


@STREAMS
def test_filters(api, cast, people):
    for query, codes in {
        "": ["MUM-0001-X", "MUM-0002-X", "PUN-0001-X"],
        "?site=MUM": ["MUM-0001-X", "MUM-0002-X"],
        "?group=control": ["MUM-0002-X"],
        "?synthetic=exclude": ["MUM-0001-X", "PUN-0001-X"],
        "?synthetic=only&site=PUN": [],
    }.items():
        frame = csv_of(api(cast.sanjay).get(f"/api/v1/datasets/participants.csv{query}"))
        assert frame["participant"].tolist() == codes, query


@STREAMS
def test_only_the_sites_of_the_membership_leave(api, cast, people):
    Membership.objects.create(user=cast.norole, role="statistician", site=cast.pune, valid_from="2020-01-01")
    response = api(cast.norole).get("/api/v1/datasets/participants.csv")
    assert csv_of(response)["site"].tolist() == ["PUN"]
    assert ExportReceipt.objects.get().sites == ["PUN"]


@STREAMS
def test_every_dataset_can_be_read_and_without_rows_is_a_header(api, cast):
    SiteApproval.objects.all().delete()
    client = api(cast.sanjay)
    for key, dataset in catalogue().items():
        frame = csv_of(client.get(f"/api/v1/datasets/{key}.csv"))
        assert frame.empty and list(frame.columns) == [column.name for column in dataset.columns], key


# side effects
@STREAMS
def test_the_receipt_says_what_left(api, cast, people):
    response = api(cast.sanjay).get("/api/v1/datasets/participants.csv?synthetic=exclude")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="participants_')
    assert not ExportReceipt.objects.exists()
    body = b"".join(response.streaming_content)
    receipt = ExportReceipt.objects.get(pk=uuid.UUID(response["X-Export-Receipt"]))
    assert (receipt.requester, receipt.dataset, receipt.rows, receipt.complete) == (
        cast.sanjay, "participants", 2, True,
    )  # fmt: skip
    assert (receipt.bytes, receipt.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert (receipt.filters, receipt.sites) == ({"synthetic": "exclude"}, None)
    shown = api(cast.sanjay).get(f"/api/v1/export-receipts/{receipt.pk}/").json()
    assert shown["sha256"] == receipt.sha256
    assert api(cast.sanjay).get("/api/v1/export-receipts/").json()["results"][0]["id"] == str(receipt.pk)


def test_head_takes_nothing(api, cast):
    response = api(cast.sanjay).head("/api/v1/datasets/participants.csv")
    assert response.status_code == 200 and response["Content-Type"] == "text/csv; charset=utf-8"
    assert not ExportReceipt.objects.exists()


def test_a_client_that_asks_for_csv_gets_problems_as_json(api, cast):
    response = api(cast.asha).get("/api/v1/datasets/participants.csv", HTTP_ACCEPT="text/csv")
    assert response.status_code == 403 and response.json()["status"] == 403


@pytest.mark.django_db
def test_the_application_cannot_change_a_receipt(cast):
    from django.db import ProgrammingError, transaction

    receipt = ExportReceipt.objects.create(
        requester=cast.meera, source="api", dataset="participants", started_at="2024-01-01T00:00Z", complete=False,
        bytes=0, sha256="",
    )  # fmt: skip
    for change in (lambda: receipt.save(), lambda: receipt.delete()):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            change()


# the dictionary
def test_the_dictionary_has_one_entry_for_each_column(api, cast):
    entries = api(cast.sanjay).get("/api/v1/dictionary.json").json()
    assert len(entries) == sum(len(dataset.columns) for dataset in catalogue().values())
    weight = next(
        entry for entry in entries if (entry["dataset"], entry["name"]) == ("vital-signs", "weight")
    )
    assert (weight["unit"], weight["loinc"], weight["type"]) == ("kg", "29463-7", "number")
    sex = next(entry for entry in entries if (entry["dataset"], entry["name"]) == ("demographics", "sex"))
    assert {"code": "female", "label": "Female"} in sex["codes"]


def test_the_dictionary_as_csv_says_the_same(api, cast):
    response = api(cast.sanjay).get("/api/v1/datasets/demographics/dictionary.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    frame = pd.read_csv(io.BytesIO(response.content), dtype=str, keep_default_na=False)
    assert frame["name"].tolist() == [column.name for column in catalogue()["demographics"].columns]
    assert (
        frame.set_index("name").loc["sex", "codes"] == "female = Female | male = Male | intersex = Intersex"
    )


def test_the_list_names_every_form(api, cast):
    from studyportal.crf.registry import all_specs

    listed = {entry["key"]: entry for entry in api(cast.sanjay).get("/api/v1/datasets/").json()}
    assert {spec.key for spec in all_specs()} <= set(listed)
    assert listed["demographics"]["csv"] == "/api/v1/datasets/demographics.csv"


def test_no_dataset_holds_an_identity():
    """Names, birth dates, contacts and hospital numbers have no column anywhere."""
    forbidden = ("name", "birth", "phone", "address", "email", "hospital_number", "aadhaar", "first_name")
    for dataset in catalogue().values():
        for column in dataset.columns:
            parts = column.name.split("_")
            assert column.name not in forbidden and not {"birth", "phone", "email"} & set(parts), column.name


@STREAMS
def test_the_approvals_of_sites_are_about_no_participant(api, cast):
    """Whatever the filter for participants, each row of a site that may be seen is there; another site's is not."""
    for query, sites in (
        ("", {"MUM", "PUN"}),
        ("?site=PUN", {"PUN"}),
        ("?group=case&synthetic=only", {"MUM", "PUN"}),
    ):
        frame = csv_of(api(cast.meera).get(f"/api/v1/datasets/site-approvals.csv{query}"))
        assert set(frame["site"]) == sites, query
        assert len(frame) == 4 * len(sites), query
    assert frame["number"][0] == "MUM/stem_cell_committee/1"
    Membership.objects.create(user=cast.norole, role="data_manager", site=cast.pune, valid_from="2020-01-01")
    assert set(csv_of(api(cast.norole).get("/api/v1/datasets/site-approvals.csv"))["site"]) == {"PUN"}
    coded = csv_of(api(cast.meera).get("/api/v1/datasets/site-approvals.csv?profile=deidentified"))
    assert list(coded.columns) == [
        "site", "kind", "waived", "without_end", "suspensions", "supersedes", "in_error", "version", "record_id",
    ]  # fmt: skip
