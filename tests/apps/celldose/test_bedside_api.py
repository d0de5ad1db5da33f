"""An infusion through the API: refusals, and the same course as the page records."""

from __future__ import annotations

from typing import Any

import pytest

from apps.celldose.models import Infusion, InfusionHappening, InfusionObservation
from tests.apps.celldose.conftest import Journey, at
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(journey: Journey) -> Journey:
    journey.upto("bedside")
    return journey


def url(journey: Journey, part: str = "") -> str:
    return f"/api/v1/products/{journey.product.pk}/infusion/{part}"


def codes(answer: Any) -> set[tuple[str, str]]:
    return {(error["field"], error["code"]) for error in answer.json()["errors"]}


PARTS = ("", "happenings/", "observations/", "stop/")


@pytest.mark.parametrize("part", PARTS)
def test_who_may_not(ready: Journey, cast: Cast, api: Any, part: str) -> None:
    assert api(None).post(url(ready, part), {}).status_code == 401
    assert api(cast.vikram).post(url(ready, part), {}).status_code == 404
    for who in (cast.sanjay, cast.farah, cast.admin, cast.norole):
        assert api(who).post(url(ready, part), {}).status_code in (403, 404)
    assert not Infusion.objects.exists()


@pytest.mark.parametrize("part", PARTS[1:])
def test_nothing_before_the_start(ready: Journey, cast: Cast, api: Any, part: str) -> None:
    answer = api(cast.asha).post(url(ready, part), {})
    assert answer.status_code == 409 and codes(answer) == {("product", "not_started")}


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({"by": "admin"}, {("by", "unknown_field")}),
        ({"product": 1}, {("product", "unknown_field")}),
        ({"viable_dose": "5"}, {("viable_dose", "unknown_field")}),
        ({"before": []}, {("before", "type")}),
        ({"before": {"infusion": 1}}, {("infusion", "unknown_field")}),
        ({"started_at": 5}, {("started_at", "type")}),
        ({"started_at": "2099-01-01T10:00Z"}, {("started_at", "in_future")}),
        ({"started_at": at(15, 10), "before": {"pulse": "fast"}}, {("before.pulse", "invalid_number")}),
    ],
)
def test_a_start_that_cannot_be(ready: Journey, cast: Cast, api: Any, sent: Any, found: Any) -> None:
    answer = api(cast.asha).post(url(ready), sent)
    assert answer.status_code == 400 and codes(answer) == found, answer.json()
    assert not Infusion.objects.exists() and not InfusionObservation.objects.exists()


def test_what_bars_the_infusion_is_refused(journey: Journey, cast: Cast, api: Any) -> None:
    journey.upto("release")
    answer = api(cast.asha).post(url(journey), {"started_at": at(15, 10)})
    assert answer.status_code == 409
    assert ("product", "identity_unchecked_bedside") in codes(answer)


def test_the_second_of_two_is_told_who_was_first(ready: Journey, cast: Cast, api: Any) -> None:
    client, other = api(cast.asha), api(cast.rao)
    assert client.post(url(ready), {"started_at": at(15, 10)}).status_code == 201
    again = other.post(url(ready), {"started_at": at(15, 11)})
    assert again.status_code == 409 and codes(again) == {("product", "already_started")}
    assert "Asha" in again.json()["errors"][0]["message"]
    assert "10 Mar 2025, 15:10" in again.json()["errors"][0]["message"]
    for part, sent in (
        ("happenings/", {"kind": "interruption", "at": at(15, 20)}),
        ("observations/", {"timepoint": "plus_15_min", "observed_at": at(15, 25), "pulse": "80"}),
        ("stop/", {"stopped_at": at(15, 55)}),
    ):
        assert client.post(url(ready, part), sent).status_code == 201
        refused = other.post(url(ready, part), sent)
        assert refused.status_code == 409, part
        assert "Asha" in refused.json()["errors"][0]["message"]
    assert (InfusionHappening.objects.count(), InfusionObservation.objects.count()) == (1, 1)


def test_the_course(ready: Journey, cast: Cast, api: Any) -> None:
    client = api(cast.asha)
    assert client.get(url(ready)).json()["state"] == "not_started"
    started = client.post(
        url(ready),
        {"started_at": at(15, 10), "rate_ml_h": "60", "before": {"observed_at": at(14, 55), "pulse": "78"}},
    ).json()
    assert (started["state"], started["entered_by"], started["rate_ml_h"]) == ("running", "Asha", "60.0")
    assert [one["state"] for one in started["observations"]][:2] == ["done", "overdue"]
    assert started["observations"][2]["due_at"] == "2025-03-10T09:55:00Z"  # 15:25 in Mumbai
    client.post(url(ready, "happenings/"), {"kind": "interruption", "at": at(15, 30)})
    assert client.get(url(ready)).json()["state"] == "interrupted"
    client.post(url(ready, "happenings/"), {"kind": "resumption", "at": at(15, 40), "rate_ml_h": "80"})
    stopped = client.post(url(ready, "stop/"), {"stopped_at": at(16), "volume_ml": "46.8"}).json()
    assert (stopped["state"], stopped["running_minutes"]) == ("stopped", 40)
    assert stopped["infusion"]["minutes_running"] == 40
    assert stopped["infusion"]["mean_rate_ml_h"] == "70.2"
    assert stopped["infusion"]["interruptions"] == 1
    assert [one["kind"] for one in stopped["happenings"]] == ["interruption", "resumption"]
