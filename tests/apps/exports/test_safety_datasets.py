"""Readings, near misses, evaluations, reports, clocks, alerts and deviations as datasets."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.celldose.models import IdentityReading, ReleaseEvaluation
from apps.exports.catalogue import catalogue
from apps.exports.datasets import Filters
from apps.exports.profiles import deidentified
from apps.safety.models import SafetyAlert, SafetyReport
from studyportal.deviations.models import Deviation
from tests.apps.outcomes.test_safety_frames import adverse_event, cell_product, near_miss, of_product
from tests.cast import Cast

pytestmark = pytest.mark.django_db
SECRET = "words that a person typed"
KEYS = (
    "identity-readings", "near-misses", "release-evaluations", "safety-reports", "safety-clocks", "safety-alerts",
    "deviations",
)  # fmt: skip


def rows(
    key: str, filters: Filters | None = None, *, without_text: bool = False, site: Any = None
) -> list[dict[str, Any]]:
    dataset = deidentified(catalogue()[key]) if without_text else catalogue()[key]
    with connection.cursor() as cursor:
        cursor.execute(dataset.select(filters or Filters(), None if site is None else [site.pk]))
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.fixture
def recorded(cast: Cast, people: dict[str, Any]) -> dict[str, Any]:
    """A product of the first person with two readings, a near miss, an evaluation and an alert; its event, reported
    late; a deviation. And a synthetic person's near miss, and a deviation at Pune."""
    product = cell_product(people["real"])
    common = {
        "step": "issue", "identifier_read": SECRET, "participant_code_read": "MUM-0001-X", "reader_role": "Coordinator",
    }  # fmt: skip
    first = of_product(
        IdentityReading, product, reader=cast.asha, reader_name="Asha", how="scanned", matches=True,
        read_at="2025-03-10T08:00:00Z", **common,
    )  # fmt: skip
    of_product(
        IdentityReading, product, reader=cast.rao, reader_name="Rao", how="typed", matches=False, said=SECRET,
        read_at="2025-03-10T08:03:30Z", witness_of=first, **common,
    )  # fmt: skip
    near_miss(product, message=SECRET, said=SECRET, by=cast.asha)
    near_miss(cell_product(people["synthetic"]))
    of_product(
        ReleaseEvaluation, product, evaluated_at=timezone.now(), evaluated_by=cast.rao, fingerprint="0" * 64,
        protocol_version="1.3",
        criteria=[
            {"key": "viability", "label": "Viability", "specification": "≥ 70 %", "result": "61 %", "outcome": "fail"},
            {"key": "sterility", "label": "Sterility", "specification": "no growth", "result": None, "outcome": "pending"},
        ],
    )  # fmt: skip
    event = adverse_event(people["real"], product=product, session=product.session)
    of_product(SafetyAlert, product, kind="late_growth", message=SECRET, event=event)
    report = SafetyReport.objects.create(
        site=event.site, participant=event.participant, event=event, number=1, kind="initial", recipient="committee",
        recipient_label="Ethics committee", sent_at="2025-03-12T08:00:00Z", late=True, late_reason=SECRET,
        event_version=1, content={"words": SECRET}, content_sha256="a" * 64, protocol_version="1.3",
        reported_by=cast.rao, reporter_name="Rao", reporter_role="Investigator",
        clocks=[
            {"key": "site_24h", "label": "24 h", "allowed_hours": 24, "late": True,
             "from_occurrence_hours": [None, "60.50"], "from_awareness_hours": ["30.25", "30.25"]},
            {"key": "analysis_14d", "label": "14 d", "allowed_hours": 336, "late": None,
             "from_occurrence_hours": [None, None], "from_awareness_hours": ["30.25", "30.25"]},
        ],
    )  # fmt: skip
    for name in ("real", "pune"):
        Deviation.objects.create(
            site=people[name].site, participant=people[name], code="dose_low", kind="dose", classification="major",
            description=SECRET, occurred_on="2025-03-10", root_cause=SECRET,
        )  # fmt: skip
    return {"product": product, "first": first, "event": event, "report": report} | people


@pytest.mark.parametrize("key", KEYS)
def test_only_rows_of_the_sites_and_filters_leave(cast: Cast, recorded: dict[str, Any], key: str) -> None:
    assert {row["site"] for row in rows(key, site=cast.mumbai)} <= {"MUM"}
    everything = rows(key)
    assert everything
    assert all(row["synthetic"] == "false" for row in rows(key, Filters(synthetic="exclude")))
    assert len(rows(key, Filters(synthetic="only"))) == (1 if key == "near-misses" else 0)
    assert rows(key, Filters(group="control", synthetic="exclude")) == []


@pytest.mark.parametrize("key", KEYS)
def test_without_texts_nothing_that_was_typed_is_left(recorded: dict[str, Any], key: str) -> None:
    found = rows(key, without_text=True)
    assert found
    said = str(found)
    for word in (SECRET, "Asha", "Rao", "asha", "rao", "2025-03"):
        assert word not in said, word


def test_readings_name_the_first_and_how_much_later(recorded: dict[str, Any]) -> None:
    first, second = rows("identity-readings")
    assert (first["witness_of"], first["minutes_after"], first["matches"], first["reader"]) == (
        None,
        None,
        "true",
        "asha",
    )
    assert (second["witness_of"], float(second["minutes_after"]), second["matches"]) == (
        first["record_id"],
        3.5,
        "false",
    )
    assert (second["session_number"], second["product_component"], second["step"]) == (1, "bm_mnc", "issue")


def test_near_misses_say_what_was_stopped(recorded: dict[str, Any]) -> None:
    row = rows("near-misses", Filters(synthetic="exclude"))[0]
    assert (row["participant"], row["step"], row["code"], row["by"]) == (
        "MUM-0001-X", "bedside", "other_participant", "asha",
    )  # fmt: skip


def test_each_criterion_of_an_evaluation_is_a_row(recorded: dict[str, Any]) -> None:
    found = rows("release-evaluations")
    assert [(row["criterion"], row["outcome"], row["result"], row["newest"]) for row in found] == [
        ("viability", "fail", "61 %", "true"), ("sterility", "pending", None, "true"),
    ]  # fmt: skip


def test_a_report_and_each_clock_that_it_stopped(recorded: dict[str, Any]) -> None:
    (report,) = rows("safety-reports")
    assert (report["event_id"], report["event_term"], report["late"], report["recipient"]) == (
        recorded["event"].pk, "fever", "true", "committee",
    )  # fmt: skip
    assert SECRET not in str({name: value for name, value in report.items() if name != "late_reason"})
    first, second = rows("safety-clocks")
    assert (first["clock"], first["late"], second["late"]) == ("site_24h", "true", None)
    assert (first["from_occurrence_hours_least"], float(first["from_occurrence_hours_most"])) == (None, 60.5)
    assert float(first["from_awareness_hours_least"]) == 30.25
    assert (float(second["allowed_hours"]), second["report_id"]) == (336.0, report["record_id"])


def test_an_alert_and_deviations(recorded: dict[str, Any]) -> None:
    (alert,) = rows("safety-alerts")
    assert (alert["kind"], alert["acknowledged_at"], alert["event_id"]) == (
        "late_growth",
        None,
        recorded["event"].pk,
    )
    mumbai = next(row for row in rows("deviations") if row["site"] == "MUM")
    assert (mumbai["code"], mumbai["kind"], mumbai["classification"], mumbai["state"], mumbai["raised_by"]) == (
        "dose_low", "dose", "major", "open", None,
    )  # fmt: skip


def test_an_event_with_a_session_and_a_product_names_both(recorded: dict[str, Any]) -> None:
    (event,) = rows("adverse-event")
    assert (event["session_number"], event["product_component"]) == (1, "bm_mnc")


def test_an_event_with_a_product_alone_can_be_read(recorded: dict[str, Any]) -> None:
    adverse_event(recorded["real"], product=recorded["product"])
    event = rows("adverse-event")[-1]
    assert (event["session_id"], event["product_component"]) == (None, "bm_mnc")
