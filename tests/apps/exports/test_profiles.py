"""The de-identified profile: days instead of dates, no free text, nowhere; and who may have more."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from django.db import models
from rest_framework.test import APIClient

from apps.enrolment.models import Group, GroupEvent, Hospitalisation, MedicalHistory, Participant
from apps.exports.catalogue import catalogue
from apps.exports.models import ExportReceipt
from apps.exports.profiles import DATED, WITHHELD, deidentified, in_profile
from apps.visits.models import Visit, VisitStatus
from studyportal.access import tokens
from studyportal.access.models import User
from studyportal.access.roles import ROLES
from studyportal.crf.fields import CrfField

STREAMS = pytest.mark.django_db(transaction=True)
MARK = "planted free text 2016-11-03"
# Codes, and what the portal writes itself: nothing that a person typed.
HARMLESS_TEXT = {
    "participant",
    "case",
    "matched_case",
    "previous_matched_case",
    "form",
    "method",
    "content_format",
    "content_type",
    "original_sha256",
    "temperature_entered",  # the number with its unit, as it was typed
    "screening_number",
    "criterion",
    "protocol_version",
    "language",
    "code",  # what was stopped or departed from
    "clock",  # a key of the protocol, as are who a report goes to and at which step something was stopped
    "recipient",
    "recipient_label",
    "step",
    "document_sha256",
    "file_sha256",
    "text_sha256",
    "paper_sha256",
    "sha256",
}


@pytest.fixture
def script(cast: Any) -> Callable[..., APIClient]:
    def signed_in(user: User, **narrowed: Any) -> APIClient:
        _token, secret = tokens.issue(by=User.objects.get(pk=user.pk), name="R script", **narrowed)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
        return client

    return signed_in


def frame_of(response: Any) -> pd.DataFrame:
    assert response.status_code == 200, response.content
    return pd.read_csv(io.BytesIO(b"".join(response.streaming_content)), dtype=str, keep_default_na=False)


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def dated(cast: Any, participant: Any) -> dict[str, Participant]:
    """A case whose Day 0 is known, a control with an index date, a case without session, one by month only."""
    found = {
        "case": participant("MUM-0001-X", label=MARK),
        "control": participant("MUM-0002-X", group=Group.CONTROL, index_date=dt.date(2016, 11, 3)),
        "none": participant("MUM-0003-X"),
        "vague": participant("MUM-0004-X"),
        "unassigned": participant("MUM-0005-X", group=Group.UNASSIGNED),
    }
    for name, day in (("case", "2016-11-03"), ("vague", "2016-11")):
        Visit.objects.create(
            site=cast.mumbai,
            participant=found[name],
            key="S1",
            status=VisitStatus.DONE,
            happened_on=day,
            nominal_label=MARK,
        )
    for person in found.values():
        for admitted in ("2016-11-13", "2016-10", "2014", "age:12"):
            Hospitalisation.objects.create(
                site=cast.mumbai,
                participant=person,
                status="complete",
                reason="dka",
                admitted_on=admitted,
                note=MARK,
            )
        Hospitalisation.objects.create(
            site=cast.mumbai, participant=person, status="incomplete", absent={"admitted_on": "unknown"}
        )
        MedicalHistory.objects.create(
            site=cast.mumbai, participant=person, status="incomplete", symptoms_note=MARK, diet_exercise=MARK
        )
    return found


# --- what no profile of this kind may hold ---------------------------------------------------------------


@pytest.mark.parametrize("key", list(catalogue()))
def test_no_dataset_keeps_a_date_or_a_free_text(key: str) -> None:
    whole = catalogue()[key]
    hidden = {c.name for c in whole.columns if c.free_text and not c.derived} | WITHHELD
    dated_names = {c.name for c in whole.columns if c.type in DATED}
    for column in deidentified(whole).columns:
        assert column.name not in hidden | dated_names
        assert column.type not in DATED
        assert not column.free_text or column.derived, column.name
        assert column.type != "text" or column.name in HARMLESS_TEXT or column.derived, column.name
        if column.name.endswith("_day") and column.name not in {c.name for c in whole.columns}:
            assert (column.type, column.unit) == ("integer", "d")


def test_what_is_not_hidden_is_as_before() -> None:
    whole, less = catalogue()["demographics"], deidentified(catalogue()["demographics"])
    kept = {column.name: column for column in less.columns}
    assert {"sex", "age_at_enrolment", "country", "sex_absent", "record_id"} <= set(kept)
    assert "country_other" not in kept and "country_other_absent" not in kept
    assert kept["sex"] == next(column for column in whole.columns if column.name == "sex")


def test_there_is_no_third_profile() -> None:
    with pytest.raises(KeyError):
        in_profile(catalogue()["visits"], "everything")


@STREAMS
def test_every_deidentified_dataset_can_be_read(api: Any, cast: Any) -> None:
    client = api(cast.sanjay)
    for key, dataset in catalogue().items():
        frame = frame_of(client.get(f"/api/v1/datasets/{key}.csv?profile=deidentified"))
        assert list(frame.columns) == [c.name for c in deidentified(dataset).columns], key


# --- days ------------------------------------------------------------------------------------------------


@STREAMS
def test_dates_become_days_from_day_0(script: Any, cast: Any, dated: dict[str, Participant]) -> None:
    frame = frame_of(script(cast.sanjay).get("/api/v1/datasets/hospitalisation.csv"))
    columns = [
        "admitted_on_day", "admitted_on_from_day", "admitted_on_to_day", "admitted_on_precision",
        "admitted_on_absent",
    ]  # fmt: skip

    def rows(code: str) -> list[list[str]]:
        return frame[frame["participant"] == code][columns].to_numpy().tolist()

    known = [
        ["10", "10", "10", "day", ""],
        ["", "-33", "-3", "month", "not_derivable: day not known"],
        ["", "-1037", "-673", "year", "not_derivable: day not known"],
        ["", "", "", "age", "not_derivable: day not known"],
        ["", "", "", "", "unknown"],
    ]
    assert rows("MUM-0001-X") == known
    assert rows("MUM-0002-X") == known
    without = [
        ["", "", "", "day", "not_derivable: Day 0 unknown"],
        ["", "", "", "month", "not_derivable: day not known"],
        ["", "", "", "year", "not_derivable: day not known"],
        ["", "", "", "age", "not_derivable: day not known"],
        ["", "", "", "", "unknown"],
    ]
    for code in ("MUM-0003-X", "MUM-0004-X", "MUM-0005-X"):
        assert rows(code) == without, code
    assert "record_created_at" not in frame and "note" not in frame and "admitted_on" not in frame


@STREAMS
def test_a_session_that_is_only_planned_gives_no_day_0(
    script: Any, cast: Any, dated: dict[str, Participant]
) -> None:
    Visit.objects.filter(key="S1").update(status=VisitStatus.PLANNED, happened_on=None)
    frame = frame_of(script(cast.sanjay).get("/api/v1/datasets/hospitalisation.csv?group=case"))
    assert set(frame["admitted_on_day"]) == {""}


@STREAMS
def test_moments_are_days_of_the_sites_calendar(
    script: Any, cast: Any, dated: dict[str, Participant]
) -> None:
    from studyportal.queries.models import Query

    # 20:00 UTC on 13 November is 14 November in Mumbai.
    Query.objects.create(
        site=cast.mumbai, participant=dated["case"], form="demographics", object_id=1, field="sex", code="x",
        message=MARK,
    )  # fmt: skip
    Query.objects.update(opened_at=dt.datetime(2016, 11, 13, 20, tzinfo=dt.UTC))
    frame = frame_of(script(cast.sanjay).get("/api/v1/datasets/queries.csv"))
    assert frame["opened_at_day"].tolist() == ["11"]
    assert "message" not in frame


# --- nothing leaks ---------------------------------------------------------------------------------------


def fill_texts(record: models.Model) -> None:
    """Every free text and partial date of a record, planted past the forms."""
    values: dict[str, Any] = {}
    for field in record._meta.concrete_fields:
        if isinstance(field, CrfField) and not field.derived:
            if any(column.free_text for column in field.columns()):
                values[field.name] = MARK
            elif type(field).__name__ == "PartialDateField":
                values[field.name] = "2016-11-13"
            elif type(field).__name__ == "DayField":
                values[field.name] = dt.date(2016, 11, 13)
            elif type(field).__name__ == "MomentField":
                values[field.name] = dt.datetime(2016, 11, 13, 9, tzinfo=dt.UTC)
    if values:
        type(record)._default_manager.filter(pk=record.pk).update(**values)


@pytest.mark.django_db
def test_planted_texts_and_dates_are_in_no_deidentified_row(
    world: Any, script: Any, page: Any, as_owner: Any
) -> None:
    """Over every form: the preview reads with the same SQL as the file."""
    from django.db import IntegrityError, transaction

    from apps.exports.datasets import Filters
    from apps.exports.selectors import preview

    for record in world.records.values():
        try:
            with transaction.atomic(), as_owner():
                fill_texts(record)
        except IntegrityError:  # a constraint between dates of one form; its texts are planted elsewhere
            continue
    Participant.objects.update(label=MARK)
    sanjay = User.objects.get(pk=world.cast.sanjay.pk)
    seen = 0
    for dataset in catalogue().values():
        coded = preview(dataset, Filters(), sanjay).rows
        seen += MARK in str(coded)
        less = preview(deidentified(dataset), Filters(), sanjay).rows
        assert len(coded) == len(less)
        assert MARK not in str(less), dataset.key
        assert "2016-11" not in str(less), dataset.key
        assert not any(isinstance(cell, dt.date | dt.datetime) for row in less for cell in row), dataset.key
        shown = page(sanjay).get(f"/exports/{dataset.key}/?profile=deidentified").content.decode()
        assert MARK not in shown and "2016-11-1" not in shown
    assert seen > 10


@STREAMS
def test_the_file_itself_holds_no_planted_text(script: Any, cast: Any, dated: dict[str, Participant]) -> None:
    client = script(cast.meera)
    for key in ("participants", "visits", "hospitalisation", "medical-history"):
        body = b"".join(client.get(f"/api/v1/datasets/{key}.csv").streaming_content).decode()
        assert "MUM-0001-X" in body
        assert "planted" not in body and "2016" not in body


def test_the_dictionary_names_no_hidden_column(script: Any, cast: Any, db: Any) -> None:
    entries = script(cast.sanjay).get("/api/v1/dictionary.json").json()
    assert not [e["name"] for e in entries if e["type"] in DATED or e["name"] in WITHHELD]
    day = next(e for e in entries if (e["dataset"], e["name"]) == ("hospitalisation", "admitted_on_day"))
    assert (day["unit"], day["type"]) == ("d", "integer") and "Day 0" in day["description"]
    assert len(entries) == sum(len(deidentified(dataset).columns) for dataset in catalogue().values())


# --- who may have more -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["datasets/", "datasets/visits.csv", "datasets/visits/dictionary.json", "dictionary.csv"]
)
def test_a_deidentified_token_cannot_ask_for_more(script: Any, cast: Any, path: str, db: Any) -> None:
    assert code_of(script(cast.sanjay).get(f"/api/v1/{path}?profile=coded")) == (403, "token_profile")
    assert not ExportReceipt.objects.exists()


def test_a_profile_that_there_is_not_is_named(api: Any, cast: Any) -> None:
    answer = api(cast.sanjay).get("/api/v1/datasets/visits.csv?profile=identified")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "profile"


def test_a_hidden_column_is_no_filter(script: Any, cast: Any, db: Any) -> None:
    answer = script(cast.sanjay).get("/api/v1/datasets/hospitalisation.csv?note=x")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "unknown_filter")


def test_without_the_permission_pages_are_deidentified_too(
    api: Any, page: Any, cast: Any, monkeypatch: Any
) -> None:
    from studyportal.access.permissions import Permission

    less = ROLES["statistician"].permissions - {Permission.EXPORT_CODED}
    monkeypatch.setattr(ROLES["statistician"], "permissions", less)
    client = api(cast.sanjay)
    assert code_of(client.get("/api/v1/datasets/visits.csv?profile=coded")) == (403, "token_profile")
    assert {d["profile"] for d in client.get("/api/v1/datasets/").json()} == {"deidentified"}
    assert page(cast.sanjay).get("/exports/visits/?profile=coded").status_code == 403
    shown = page(cast.sanjay).get("/exports/visits/").content.decode()
    assert "happened_on_day" in shown and 'value="coded"' not in shown


def test_a_coded_token_of_who_lost_the_permission_is_deidentified(
    script: Any, cast: Any, monkeypatch: Any, db: Any
) -> None:
    from studyportal.access.permissions import Permission

    client = script(cast.sanjay, export_profile="coded")
    assert {d["profile"] for d in client.get("/api/v1/datasets/").json()} == {"coded"}
    less = ROLES["statistician"].permissions - {Permission.EXPORT_CODED}
    monkeypatch.setattr(ROLES["statistician"], "permissions", less)
    assert {d["profile"] for d in client.get("/api/v1/datasets/").json()} == {"deidentified"}


@STREAMS
def test_a_coded_token_has_dates_and_may_ask_for_less(
    script: Any, cast: Any, dated: dict[str, Participant]
) -> None:
    client = script(cast.sanjay, export_profile="coded")
    assert "2016-11-13" in set(frame_of(client.get("/api/v1/datasets/hospitalisation.csv"))["admitted_on"])
    less = client.get("/api/v1/datasets/hospitalisation.csv?profile=deidentified")
    assert "admitted_on" not in frame_of(less)
    assert "deidentified" in less["Content-Disposition"]


@STREAMS
def test_the_receipt_names_profile_and_token(
    script: Any, api: Any, cast: Any, dated: dict[str, Participant]
) -> None:
    frame_of(script(cast.sanjay).get("/api/v1/datasets/visits.csv"))
    frame_of(api(cast.sanjay).get("/api/v1/datasets/visits.csv"))
    assert sorted(ExportReceipt.objects.values_list("profile", "token_name")) == [
        ("coded", ""), ("deidentified", "R script"),
    ]  # fmt: skip


@STREAMS
def test_a_token_of_one_site_takes_that_sites_rows(script: Any, cast: Any, people: Any) -> None:
    frame = frame_of(script(cast.sanjay, sites=["PUN"]).get("/api/v1/datasets/participants.csv"))
    assert frame["site"].tolist() == ["PUN"]
    assert ExportReceipt.objects.get().sites == ["PUN"]


# --- who was a control first -----------------------------------------------------------------------------


@STREAMS
def test_day_0_of_who_was_a_control_first_is_the_day_of_the_treatment(
    script: Any, cast: Any, dated: dict[str, Participant]
) -> None:
    """The contact that a control had in place of a session dates nothing; the change of group is a dataset."""
    case = dated["case"]  # S1 on 3 November 2016
    GroupEvent.objects.create(
        site=cast.mumbai,
        participant=case,
        kind="crossed_over",
        group="case",
        previous_group="control",
        effective_on="2016-11-10",
        previous_index_date="2016-11-03",
        reason=MARK,
    )

    def admitted() -> str:
        frame = frame_of(script(cast.sanjay).get("/api/v1/datasets/hospitalisation.csv"))
        return str(frame[frame["participant"] == case.code]["admitted_on_day"].tolist()[0])

    assert admitted() == "3"  # 13 November, counted from the 10th: there is no visit of session 1 since
    Visit.objects.create(
        site=cast.mumbai,
        participant=case,
        key="S1",
        number=2,
        status=VisitStatus.DONE,
        happened_on="2016-11-11",
    )
    assert admitted() == "2"
    events = frame_of(script(cast.sanjay).get("/api/v1/datasets/group-events.csv"))
    row = events[events["participant"] == case.code].iloc[0]
    assert (row["kind"], row["to_group"], row["previous_group"]) == ("crossed_over", "case", "control")
    assert (row["effective_on_day"], row["previous_index_date_day"]) == ("-1", "-8")
    assert MARK not in events.to_csv() and "entered_at" not in events
