"""`/api/v1/review/…`: who is refused, what the endpoints take, what they give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.visits.models import VitalSigns
from studyportal.access.models import Membership, User
from studyportal.review.models import Freeze, Lock, Verification
from tests.world import World

pytestmark = pytest.mark.django_db

Asks = Callable[..., None]
SEEN = {"HTTP_IF_MATCH": '"1"'}


@pytest.fixture
def url(record: VitalSigns) -> str:
    return f"/api/v1/review/forms/vital-signs/{record.pk}/"


@pytest.mark.parametrize("act", ["verify", "take-back", "lock", "unlock"])
@pytest.mark.parametrize("who", [None, "asha", "rao", "farah", "admin", "norole"])
def test_only_data_managers_act(
    bare_world: World, api: Any, url: str, who: str | None, act: str, asks: Asks
) -> None:
    person = None if who is None else getattr(bare_world.cast, who)
    assert api(person).post(f"{url}{act}/", {"reason": "Wrong chart"}, **SEEN).status_code == (
        401 if who is None else 403
    )
    assert not Verification.objects.exists()
    assert not Lock.objects.exists()


def test_another_sites_record_is_not_found(
    bare_world: World, api: Any, url: str, record: VitalSigns, asks: Asks
) -> None:
    assert api(bare_world.cast.vikram).get(url).status_code == 404
    there = bare_world.cast.norole
    Membership.objects.create(
        user=there, role="data_manager", site=bare_world.cast.pune, valid_from="2020-01-01"
    )
    client = api(there)
    for act in ("verify", "take-back", "lock", "unlock"):
        assert client.post(f"{url}{act}/", {"reason": "Wrong chart"}, **SEEN).status_code == 404
    for act in ("lock", "unlock", "freeze", "lift"):
        address = f"/api/v1/review/visits/{bare_world.visit.pk}/{act}/"
        assert client.post(address, {"reason": "Wrong chart"}).status_code == 404
    freezes = "/api/v1/review/freezes/"
    assert client.post(freezes, {"site": "MUM", "act": "freeze", "reason": "Closing"}).status_code == 404
    assert client.post(freezes, {"act": "freeze", "reason": "Closing"}).status_code == 403
    assert not Freeze.objects.exists()


def test_an_auditor_reads_and_nothing_else(bare_world: World, api: Any, url: str, asks: Asks) -> None:
    client = api(bare_world.cast.farah)
    for address in (url, "/api/v1/review/progress/", "/api/v1/review/freezes/"):
        assert client.get(address).status_code == 200
    for name in ("to-verify", "to-sign", "to-lock"):
        assert client.get(f"/api/v1/review/{name}/").status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"fields": ["wieght"]}, 400),
        ({"fields": "weight"}, 400),
        ({"fields": [["weight"]]}, 400),
        ({"feilds": ["weight"]}, 400),
        ({"method": "by heart"}, 400),
        ({"note": "x" * 501}, 400),
        ([], 400),
    ],
)
def test_what_is_no_verification(api: Any, meera: User, url: str, body: Any, status: int, asks: Asks) -> None:
    assert api(meera).post(f"{url}verify/", body, format="json", **SEEN).status_code == status
    assert not Verification.objects.exists()


def test_the_chain_by_script(
    bare_world: World, api: Any, meera: User, url: str, record: VitalSigns, change: Any, asks: Asks
) -> None:
    asks(verification={"verify": "all"})
    client = api(meera)
    assert client.get("/api/v1/review/to-verify/").json()["results"][0]["record"] == record.pk
    assert client.post(f"{url}verify/", {}, format="json").status_code == 428
    assert client.post(f"{url}verify/", {}, format="json", HTTP_IF_MATCH='"4"').status_code == 412
    refused = client.post(f"{url}lock/", {}, format="json", **SEEN)
    assert (refused.status_code, [one["code"] for one in refused.json()["errors"]]) == (409, ["not_verified"])

    body = {"fields": ["weight"], "note": "Ward chart", "method": "copy"}
    marked = client.post(f"{url}verify/", body, format="json", **SEEN)
    assert marked.status_code == 201, marked.json()
    assert marked.json()["state"]["verified_fields"] == ["weight"]
    assert client.post(f"{url}verify/", {}, format="json", **SEEN).json()["state"]["step"] == "verified"
    assert client.get("/api/v1/review/to-verify/").json() == {"results": [], "after": ""}
    assert client.get("/api/v1/review/to-lock/?form=vital-signs").json()["results"][0]["record"] == record.pk
    assert client.post(f"{url}lock/", {}, format="json", **SEEN).json()["state"]["step"] == "locked"

    form = f"/api/v1/forms/vital-signs/{record.pk}/"
    locked = api(bare_world.cast.asha).patch(
        form, {"weight": "62", "reason": "Digits exchanged"}, format="json", **SEEN
    )
    assert (locked.status_code, locked.json()["errors"][0]["code"]) == (409, "locked")
    assert client.post(f"{url}take-back/", {"reason": "Wrong chart"}, format="json").status_code == 409
    assert client.post(f"{url}unlock/", {"reason": " "}, format="json").status_code == 400
    assert client.post(f"{url}unlock/", {"reason": "Source corrected"}, format="json").status_code == 201
    change(weight="62")
    state = client.get(url).json()["state"]
    assert (state["broken"], state["broken_fields"], state["verified"]) == (True, ["weight"], False)
    taken = client.post(f"{url}take-back/", {"reason": "Wrong chart", "fields": ["weight"]}, format="json")
    assert taken.json()["state"]["broken_fields"] == []
    counted = client.get("/api/v1/review/progress/").json()["results"]
    assert next(one for one in counted if one["form"] == "vital-signs")["complete"] == 1


def test_visits_and_freezes_by_script(
    bare_world: World, api: Any, meera: User, record: VitalSigns, asks: Asks
) -> None:
    client, visit = api(meera), f"/api/v1/review/visits/{bare_world.visit.pk}/"
    assert client.post(f"{visit}lock/").json() == {"locked": True, "frozen": False, "refused": []}
    own = api(bare_world.cast.asha)
    dated = own.patch(f"/api/v1/visits/{bare_world.visit.pk}/", {"happened_on": "2016-11-02", "reason": "Wrong day"}, format="json", HTTP_IF_MATCH=f'"{bare_world.visit.version}"')  # fmt: skip
    assert (dated.status_code, dated.json()["errors"][0]["code"]) == (409, "locked")
    assert (
        client.post(f"{visit}unlock/", {"reason": "A page was found"}, format="json").json()["locked"]
        is False
    )
    assert (
        client.post(f"{visit}freeze/", {"reason": "Interim analysis"}, format="json").json()["frozen"] is True
    )
    assert client.post(f"{visit}freeze/", {"reason": "Interim analysis"}, format="json").status_code == 409
    assert client.post(f"{visit}lift/", {"reason": "It is over"}, format="json").json()["frozen"] is False
    freezes = "/api/v1/review/freezes/"
    assert client.post(freezes, {"act": "lift", "reason": "It is over"}, format="json").status_code == 409
    made = client.post(freezes, {"site": "MUM", "act": "freeze", "reason": "Interim analysis"}, format="json")
    assert (made.status_code, made.json()["results"][0]["site"]) == (201, "MUM")
    new = {"participant": bare_world.participant.code, "key": "M1", "happened_on": "2016-12-05"}
    assert own.post("/api/v1/visits/", new, format="json").status_code == 409
    assert client.post(freezes, {"site": "MUM", "act": "lift", "reason": "It is over"}, format="json").json()["results"] == []  # fmt: skip
