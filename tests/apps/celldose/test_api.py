"""`/api/v1/sessions/`, `/api/v1/products/` and the forms of a session: per role, per site, refusals first."""

from __future__ import annotations

from typing import Any

import pytest

from apps.celldose.models import CellProduct, CellSession
from tests.apps.celldose.conftest import Journey, at, treated
from tests.cast import Cast

SESSIONS, PRODUCTS = "/api/v1/sessions/", "/api/v1/products/"
READERS = {"asha", "rao", "meera", "nikhil"}
WRITERS = {"asha", "rao", "meera", "nikhil"}


def body(answer: Any) -> Any:
    assert answer["Content-Type"].startswith("application/"), answer.content[:300]
    return answer.json()


def errors(answer: Any) -> list[str]:
    return [f"{one['field']}:{one['code']}" for one in body(answer)["errors"]]


@pytest.mark.parametrize("address", [SESSIONS, PRODUCTS])
def test_a_stranger_is_asked_to_sign_in(address: str, api: Any, db: None) -> None:
    assert api(None).get(address).status_code == 401


@pytest.mark.parametrize(
    "name", ["asha", "vikram", "rao", "meera", "nikhil", "sanjay", "farah", "devi", "admin", "norole"]
)
def test_who_reads_and_writes(name: str, journey: Journey, cast: Cast, api: Any) -> None:
    journey.upto("processing")
    client = api(getattr(cast, name))
    sees = name in READERS
    for address, pk in ((SESSIONS, journey.session.pk), (PRODUCTS, journey.product.pk)):  # type: ignore[union-attr]
        listed = client.get(address)
        assert listed.status_code == (200 if sees or name == "vikram" else 403)
        if listed.status_code == 200:
            assert len(body(listed)["results"]) == (1 if sees else 0)
        assert client.get(f"{address}{pk}/").status_code == (
            200 if sees else 404 if name == "vikram" else 403
        )
    planned = client.post(SESSIONS, {"participant": journey.participant.code}, format="json")
    assert planned.status_code == (201 if name in WRITERS else 400 if name == "vikram" else 403)
    evaluated = client.post(f"{PRODUCTS}{journey.product.pk}/evaluations/", {}, format="json")
    assert evaluated.status_code == (201 if name == "rao" else 403)


def test_another_sites_records_look_as_if_they_did_not_exist(journey: Journey, cast: Cast, api: Any) -> None:
    journey.upto("product")
    vikram = api(cast.vikram)
    absent, foreign = (
        vikram.post(PRODUCTS, {"harvest": pk, "product_identifier": "D-7"}, format="json")
        for pk in (999999, journey.made["harvest"].pk)
    )
    assert absent.status_code == foreign.status_code == 400
    assert errors(absent) == errors(foreign) == ["harvest:not_found"]
    assert vikram.get(f"{PRODUCTS}{journey.product.pk}/evaluations/").status_code == 404


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({}, ["participant:required"]),
        ({"participant": "MUM-9999-X"}, ["participant:not_found"]),
        ({"participant": 7}, ["participant:not_found"]),
        ({"participant": "{code}", "dose": 5}, ["dose:unknown_field"]),
        ({"participant": "{code}", "number": 0}, ["number:min_value"]),
        ({"participant": "{code}", "number": "two"}, ["number:invalid_number"]),
        ({"participant": "{code}", "planned_on": "2025-02-30"}, ["planned_on:impossible_date"]),
        ({"participant": "{code}", "performed_on": "03/04/2025"}, ["performed_on:ambiguous_date"]),
        ({"participant": "{code}", "absent": "unknown"}, ["absent:type"]),
        ({"participant": "{code}", "absent": {"performed_on": "lost"}}, ["performed_on:absent_reason"]),
    ],
)
def test_bad_sessions_are_refused_by_field(
    payload: dict[str, Any], expected: list[str], journey: Journey, api: Any
) -> None:
    sent = {name: journey.participant.code if value == "{code}" else value for name, value in payload.items()}
    answer = api(journey.asha).post(SESSIONS, sent, format="json")
    assert answer.status_code == 400
    assert errors(answer) == expected
    assert not CellSession.objects.exists()


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({}, ["harvest:required"]),
        ({"harvest": True}, ["harvest:type"]),
        ({"harvest": "{harvest}"}, ["product_identifier:required"]),
        ({"harvest": "{harvest}", "product_identifier": 7}, ["product_identifier:type"]),
        (
            {"harvest": "{harvest}", "product_identifier": "D-1", "component": "svf"},
            ["component:component_tissue"],
        ),
        ({"harvest": "{harvest}", "product_identifier": "D-1", "state": "infused"}, ["state:unknown_field"]),
    ],
)
def test_bad_products_are_refused_by_field(
    payload: dict[str, Any], expected: list[str], journey: Journey, api: Any
) -> None:
    harvest = journey.upto("harvest")
    sent = {name: harvest.pk if value == "{harvest}" else value for name, value in payload.items()}
    answer = api(journey.asha).post(PRODUCTS, sent, format="json")
    assert answer.status_code == 400
    assert errors(answer) == expected
    assert not CellProduct.objects.exists()


@pytest.mark.parametrize("payload", [[], "text", 5, None])
def test_what_is_no_object_is_refused(payload: Any, journey: Journey, api: Any) -> None:
    for address in (SESSIONS, PRODUCTS):
        assert api(journey.asha).post(address, payload, format="json").status_code == 400


def test_a_control_takes_no_session(cast: Cast, api: Any) -> None:
    from apps.enrolment.actions import register

    control = register(site=cast.mumbai, by=cast.asha, group="control")
    answer = api(cast.asha).post(SESSIONS, {"participant": control.code}, format="json")
    assert (answer.status_code, errors(answer)) == (409, [":group"])


def test_a_change_names_the_version_and_the_reason(journey: Journey, api: Any) -> None:
    journey.upto("product")
    client, address = api(journey.asha), f"{PRODUCTS}{journey.product.pk}/"
    etag = client.get(address)["ETag"]
    change = {"product_identifier": "D-002"}
    assert client.patch(address, change, format="json").status_code == 428
    assert client.patch(address, change, format="json", headers={"If-Match": '"99"'}).status_code == 412
    unexplained = client.patch(address, change, format="json", headers={"If-Match": etag})
    assert (unexplained.status_code, errors(unexplained)) == (400, ["reason:reason_required"])
    explained = client.patch(
        address, change | {"reason": "misread"}, format="json", headers={"If-Match": etag}
    )
    assert explained.status_code == 200
    assert body(explained)["product_identifier"] == "D-002"
    assert explained["ETag"] != etag


def test_a_planned_session_is_performed_without_a_reason(journey: Journey, api: Any) -> None:
    client = api(journey.asha)
    planned = client.post(
        SESSIONS, {"participant": journey.participant.code, "planned_on": "2025-03-10"}, format="json"
    )
    assert (planned.status_code, body(planned)["status"], body(planned)["number"]) == (201, "incomplete", 1)
    address = f"{SESSIONS}{body(planned)['id']}/"
    moved = client.patch(
        address, {"planned_on": "2025-03-11"}, format="json", headers={"If-Match": planned["ETag"]}
    )
    assert (moved.status_code, body(moved)["status"]) == (200, "incomplete")
    performed = client.patch(
        address, {"performed_on": "2025-03-11"}, format="json", headers={"If-Match": moved["ETag"]}
    )
    assert (performed.status_code, body(performed)["status"]) == (200, "complete")


@pytest.mark.parametrize(
    ("missing", "values", "code"),
    [
        ("bedside", {}, "identity_unchecked_bedside"),
        (None, {"started_at": at(11, days=3), "stopped_at": at(12, days=3)}, "expired"),
    ],
)
def test_a_barred_infusion_is_a_409_in_words(
    missing: str | None, values: dict[str, Any], code: str, journey: Journey, api: Any
) -> None:
    for step in journey.STEPS[:-1]:
        if step != missing:
            if journey.session is None:
                journey.open()
            journey.made[step] = getattr(journey, f"make_{step}")()
    sent = {
        "product": journey.product.pk,
        "started_at": at(15, 10),
        "stopped_at": at(15, 55),
        "total_dose": "1000",
        "complete": False,
    } | values
    answer = api(journey.asha).post("/api/v1/forms/infusion/", sent, format="json")
    assert answer.status_code == 409
    assert [one["code"] for one in body(answer)["errors"]] == [code]
    assert len(body(answer)["detail"]) > 30


def test_a_coordinator_does_not_release(journey: Journey, api: Any) -> None:
    journey.upto("evaluation")
    sent = {
        "product": journey.product.pk,
        "decision": "rejected",
        "reason_rejected": "x",
        "released_at": at(14),
    }
    assert api(journey.asha).post("/api/v1/forms/release/", sent, format="json").status_code == 403
    assert api(journey.rao).post("/api/v1/forms/release/", sent, format="json").status_code == 201


def test_the_state_of_a_product_follows_its_records(journey: Journey, api: Any) -> None:
    client = api(journey.asha)
    seen = []
    for step in ("product", "hand_over", "processing", "evaluation", "release", "issue", "infusion"):
        journey.upto(step)
        seen.append(body(client.get(f"{PRODUCTS}{journey.product.pk}/"))["state"])
    assert seen == ["harvested", "received", "processed", "quarantined", "released", "issued", "infused"]
    whole = body(client.get(f"{PRODUCTS}{journey.product.pk}/"))
    assert whole["dose_per_kg"] == "20.0000"
    assert (whole["weight_kg"], whole["weight_on"]) == ("50.0", "2025-03-10")
    assert (whole["viable_dose"], whole["viable_dose_per_kg"]) == ("925.000", "18.5000")
    assert (whole["against_plan"], whole["not_derivable"]) == ("within", {})
    assert whole["out_of_order"] == []
    (evaluation,) = body(client.get(f"{PRODUCTS}{journey.product.pk}/evaluations/"))
    assert {one["outcome"] for one in evaluation["criteria"]} == {"pass", "pending"}


def test_a_dose_that_is_not_there_says_why(journey: Journey, api: Any) -> None:
    journey.upto("product")
    whole = body(api(journey.asha).get(f"{PRODUCTS}{journey.product.pk}/"))
    assert whole["total_dose"] is None
    assert whole["against_plan"] == "unknown"
    assert set(whole["not_derivable"].values()) == {"not infused"}


def test_a_session_says_what_was_planned_and_given_together(journey: Journey, api: Any) -> None:
    client = api(journey.asha)
    session = journey.open()
    sent = {
        "session": session.pk,
        "component": "bm_mnc",
        "planned_low": "800",
        "planned_high": "1600",
        "complete": False,
    }
    assert client.post("/api/v1/forms/dose-plan/", sent, format="json").status_code == 201
    before = body(client.get(f"{SESSIONS}{session.pk}/"))
    assert before["together"]["not_derivable"]["dose"] == "nothing was infused"
    assert [(one["component"], one["planned_low"]) for one in before["plans"]] == [("bm_mnc", "800.000")]
    journey.upto("infusion")
    after = body(client.get(f"{SESSIONS}{session.pk}/"))["together"]
    assert (after["dose"], after["dose_per_kg"], after["components"]) == ("1000.000", "20.0000", ["BM-MNC"])
    assert after["weights"] == [{"kg": "50.0", "on": "2025-03-10"}]
    assert after["not_derivable"] == {}


def test_lists_are_filtered(journey: Journey, cast: Cast, api: Any) -> None:
    journey.upto("product")
    other = treated(cast.asha, cast.mumbai)
    client = api(cast.asha)
    client.post(SESSIONS, {"participant": other.code}, format="json")
    code = journey.participant.code
    assert len(body(client.get(SESSIONS))["results"]) == 2
    assert len(body(client.get(SESSIONS, {"participant": code}))["results"]) == 1
    assert len(body(client.get(PRODUCTS, {"session": journey.session.pk}))["results"]) == 1  # type: ignore[union-attr]
    assert body(client.get(PRODUCTS, {"component": "svf"}))["results"] == []
    assert client.get(PRODUCTS, {"component": "plasma"}).status_code == 400


def test_a_list_takes_as_many_queries_for_many_as_for_one(
    journey: Journey, api: Any, django_assert_max_num_queries: Any
) -> None:
    journey.upto("infusion")
    client = api(journey.asha)
    client.get(PRODUCTS)
    with django_assert_max_num_queries(22):
        client.get(PRODUCTS)
    with django_assert_max_num_queries(26):
        client.get(SESSIONS)
