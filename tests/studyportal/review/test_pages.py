"""The pages of the review: who is refused, what they show, what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.visits.crfs import SYMPTOMS, VITAL_SIGNS
from apps.visits.models import VitalSigns
from studyportal.access.models import User
from studyportal.crf import actions as crf
from studyportal.crf import signing
from studyportal.crf.registry import get
from studyportal.review import actions, selectors
from studyportal.review.kinds import Kind
from studyportal.review.models import Freeze, Lock, Verification
from studyportal.signatures.content import sha256_of
from studyportal.signatures.models import Signature
from tests.studyportal.review.conftest import PASSWORD
from tests.world import World

pytestmark = pytest.mark.django_db

Asks = Callable[..., None]


def address(record: VitalSigns, act: str) -> str:
    return f"/review/forms/vital-signs/{record.pk}/{act}/"


@pytest.fixture
def manager(page: Any, meera: User) -> Client:
    return page(meera)


def state(record: Any) -> Any:
    return selectors.states({"vital-signs": [record.pk]})["vital-signs", record.pk]


# --- Refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [("asha", 200), ("rao", 200), ("meera", 200), ("farah", 200), ("sanjay", 403), ("admin", 403), ("norole", 403)],
)  # fmt: skip
def test_who_reads_the_progress(bare_world: World, page: Any, who: str, status: int, asks: Asks) -> None:
    for url in ("/review/", "/review/progress.csv"):
        assert page(getattr(bare_world.cast, who)).get(url).status_code == status
    assert page(None).get("/review/")["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("act", ["verify", "take-back", "lock", "unlock"])
@pytest.mark.parametrize("who", ["asha", "rao", "vikram", "farah", "admin", "norole"])
def test_only_data_managers_verify_and_lock(
    bare_world: World, record: VitalSigns, page: Any, who: str, act: str, asks: Asks
) -> None:
    client = page(getattr(bare_world.cast, who))
    assert client.get(address(record, act)).status_code == 403
    assert client.post(address(record, act), {"whole": "1"}).status_code == 403
    assert not Verification.objects.exists()
    assert not Lock.objects.exists()


def test_a_data_manager_of_another_site_finds_nothing(
    bare_world: World, record: VitalSigns, page: Any, asks: Asks
) -> None:
    from studyportal.access.models import Membership

    there = bare_world.cast.norole
    Membership.objects.create(
        user=there, role="data_manager", site=bare_world.cast.pune, valid_from="2020-01-01"
    )
    client = page(User.objects.get(pk=there.pk))
    for act in ("verify", "lock"):
        assert client.get(address(record, act)).status_code == 404
        assert client.post(address(record, act), {"whole": "1"}).status_code == 404
    assert client.get(f"/review/visits/{bare_world.visit.pk}/freeze/").status_code == 404
    assert client.get("/review/freeze/?site=MUM").status_code == 404
    assert client.post("/review/freeze/", {"reason": "Closing"}).status_code == 403, (
        "the study is not the site's"
    )
    assert client.post("/review/freeze/?site=PUN", {"reason": "Closing"}).status_code == 302
    assert [str(one.site) for one in Freeze.objects.all()] == [str(bare_world.cast.pune)]


@pytest.mark.parametrize(
    "url",
    ["/review/forms/none/1/verify/", "/review/forms/visit/1/lock/", "/review/forms/vital-signs/1/burn/"],
)
def test_what_is_not_there(manager: Client, url: str) -> None:
    assert manager.get(url).status_code == 404


# --- Verifying -------------------------------------------------------------------------------------------


def test_fields_are_marked_one_by_one(manager: Client, record: VitalSigns, asks: Asks) -> None:
    shown = manager.get(address(record, "verify"))
    assert "61.2 kg" in shown.content.decode()
    none = manager.post(address(record, "verify"), {"version": "1", "note": "Ward chart", "method": "copy"})
    assert none.status_code == 400
    assert "Ward chart" in none.content.decode(), "nothing typed is lost"
    stale = manager.post(
        address(record, "verify"),
        {"version": "7", "field": ["weight"], "note": "Ward chart", "method": "copy"},
    )
    assert stale.status_code == 412
    assert "Ward chart" in stale.content.decode()
    done = manager.post(
        address(record, "verify"), {"version": "1", "field": ["weight", "height"], "method": "copy"}
    )
    assert done["Location"] == record.get_absolute_url()
    assert state(record).verified_fields == {"weight", "height"}
    taken = manager.post(address(record, "take-back"), {"reason": "Wrong chart"})
    assert taken.status_code == 302
    assert state(record).verified_fields == set()


def test_the_list_leads_from_one_record_to_the_next(
    bare_world: World, manager: Client, record: VitalSigns, asks: Asks
) -> None:
    asks(verification={"verify": "all", "forms": ["vital-signs", "symptoms"]})
    absent = dict.fromkeys(SYMPTOMS.entered_fields, "not_done")
    other = crf.save(
        SYMPTOMS, raw={"absent": absent}, by=bare_world.cast.asha, parents={"visit": bare_world.visit}
    )
    listed = manager.get("/review/verify/?visit=BL")
    first, second = (url for _row, url in listed.context["rows"])
    assert {first.split("?")[0], second.split("?")[0]} == {
        address(record, "verify"),
        f"/review/forms/symptoms/{other.pk}/verify/",
    }
    answer = manager.post(first, {"version": "1", "whole": "1", "method": "on_site"})
    assert answer["Location"] == second
    answer = manager.post(second, {"version": "1", "whole": "1", "method": "on_site"})
    assert answer["Location"] == "/review/verify/?visit=BL"
    assert not manager.get("/review/verify/").context["rows"]


@pytest.mark.parametrize(
    "query",
    ["site=MUM", "participant=mum-0001-7", "form=vital-signs", "visit=BL", "after=vital-signs:0"],
)
def test_a_list_is_narrowed(
    bare_world: World, manager: Client, record: VitalSigns, asks: Asks, query: str
) -> None:
    asks(verification={"verify": "all"})
    query = query.replace("mum-0001-7", bare_world.participant.code.lower())
    assert len(manager.get(f"/review/verify/?{query}").context["rows"]) == 1


@pytest.mark.parametrize(
    "query",
    ["site=PUN", "participant=PUN-0001-1", "form=symptoms", "form=none", "visit=M3", "after=vital-signs:999999999"],
)  # fmt: skip
def test_a_list_that_nothing_fits(manager: Client, record: VitalSigns, asks: Asks, query: str) -> None:
    asks(verification={"verify": "all"})
    answer = manager.get(f"/review/verify/?{query}")
    assert answer.status_code == 200
    assert not answer.context["rows"]


# --- Locking ---------------------------------------------------------------------------------------------


def test_marked_records_are_locked_and_the_rest_says_why(
    bare_world: World, manager: Client, record: VitalSigns, asks: Asks
) -> None:
    listed = manager.get("/review/lock/?form=vital-signs")
    assert [row.id for row, _url in listed.context["rows"]] == [record.pk]
    refused = manager.post("/review/lock/", {"record": [f"vital-signs:{record.pk}:9"]})
    assert refused.status_code == 409
    ignored = manager.post(
        "/review/lock/", {"record": ["x", "none:1:1", f"vital-signs:{record.pk}:x", "visit:1:1"]}
    )
    assert ignored.status_code == 302
    assert not Lock.objects.exists()
    assert manager.post("/review/lock/", {"record": [f"vital-signs:{record.pk}:1"]}).status_code == 302
    assert state(record).locked
    assert not manager.get("/review/lock/?form=vital-signs").context["rows"]


def test_the_form_says_that_it_is_locked_and_keeps_what_was_typed(
    bare_world: World, page: Any, manager: Client, record: VitalSigns, asks: Asks
) -> None:
    coordinator = page(bare_world.cast.asha)
    assert "This record is locked" not in coordinator.get(record.get_absolute_url()).content.decode()
    assert manager.post(address(record, "lock"), {"version": "1"}).status_code == 302
    assert "This record is locked" in coordinator.get(record.get_absolute_url()).content.decode()
    absent = {f"absent-{name}": "not_done" for name in VITAL_SIGNS.entered_fields if name != "weight"}
    posted = absent | {"version": "1", "weight": "66.6", "reason_code": "other", "reason": "Digits exchanged"}
    answer = coordinator.post(record.get_absolute_url(), posted)
    assert answer.status_code == 409
    assert "66.6" in answer.content.decode()
    assert manager.post(address(record, "unlock"), {"reason": ""}).status_code == 400
    assert manager.post(address(record, "unlock"), {"reason": "A page was found"}).status_code == 302
    history = coordinator.get(f"{record.get_absolute_url()}history/").content.decode()
    assert "Unlocked" in history
    assert "A page was found" in history


def test_a_change_shows_that_it_broke_the_verification(
    bare_world: World, page: Any, kind: Kind, record: VitalSigns, meera: User, change: Any, asks: Asks
) -> None:
    actions.verify(kind, record=record, by=meera, version_seen=1)
    change(weight="62")
    shown = page(bare_world.cast.asha).get(record.get_absolute_url()).content.decode()
    assert "The verification is broken" in shown
    casebook = page(bare_world.cast.asha).get(bare_world.participant.get_absolute_url()).content.decode()
    assert "Verification broken" in casebook


def test_a_visit_is_locked_frozen_and_opened_on_its_page(
    bare_world: World, manager: Client, record: VitalSigns, asks: Asks
) -> None:
    visit = f"/review/visits/{bare_world.visit.pk}"
    home = f"/participants/{bare_world.participant.code}/visits/{bare_world.visit.pk}/"
    assert f"{visit}/lock/" in manager.get(home).content.decode()
    assert manager.get(f"{visit}/burn/").status_code == 404
    assert manager.get(f"{visit}/lock/").status_code == 200
    assert manager.post(f"{visit}/lock/")["Location"] == home
    assert state(record).locked
    assert f"{visit}/unlock/" in manager.get(home).content.decode()
    dated = manager.post(home, {"version": bare_world.visit.version, "happened_on": "2016-11-02", "status": "done", "reason": "Wrong day", "reason_code": "other"})  # fmt: skip
    assert dated.status_code == 409
    assert manager.post(f"{visit}/unlock/", {"reason": ""}).status_code == 400
    assert manager.post(f"{visit}/unlock/", {"reason": "A page was found"})["Location"] == home
    assert manager.post(f"{visit}/lift/", {"reason": "It is over"}).status_code == 409
    assert manager.post(f"{visit}/freeze/", {"reason": "Interim analysis"})["Location"] == home
    assert "Interim analysis" in manager.get(home).content.decode()
    assert manager.post(f"{visit}/lift/", {"reason": "It is over"})["Location"] == home


def test_the_study_is_frozen_and_the_page_says_who_and_why(
    bare_world: World, page: Any, manager: Client, asks: Asks
) -> None:
    assert manager.post("/review/freeze/", {"reason": "no"}).status_code == 400
    assert manager.post("/review/freeze/", {"reason": "Interim analysis"})["Location"] == "/review/"
    assert manager.post("/review/freeze/", {"reason": "Interim analysis"}).status_code == 409
    assert "Interim analysis" in page(bare_world.cast.farah).get("/review/").content.decode()
    assert manager.post("/review/freeze/?act=lift", {"reason": "It is over"}).status_code == 302


# --- Signing many ----------------------------------------------------------------------------------------


def seen(record: Any, form: str = "vital-signs") -> str:
    spec = get(form)
    record.refresh_from_db()
    return f"{form}:{record.pk}:{record.version}:{sha256_of(signing.content_of(spec, record))}"


@pytest.mark.parametrize("who", ["asha", "meera", "farah", "admin"])
def test_who_may_not_sign_many(bare_world: World, page: Any, who: str, asks: Asks) -> None:
    client = page(getattr(bare_world.cast, who))
    assert client.get("/review/sign/").status_code == 403
    assert client.post("/review/sign/", {}).status_code == 403


def test_many_are_signed_with_one_password_each_by_itself(
    bare_world: World, page: Any, rao: User, record: VitalSigns, asks: Asks
) -> None:
    asks(sign=["vital-signs", "symptoms"])
    absent = dict.fromkeys(SYMPTOMS.entered_fields, "not_done")
    other = crf.save(
        SYMPTOMS, raw={"absent": absent}, by=bare_world.cast.asha, parents={"visit": bare_world.visit}
    )
    client = page(rao)
    listed = client.get("/review/sign/")
    values = [value for *_others, value, _marked in listed.context["rows"]]
    assert set(values) == {seen(record), seen(other, "symptoms")}

    posted = {"record": values, "meaning": "reviewed", "password": "wrong"}
    wrong = client.post("/review/sign/", posted)
    assert wrong.status_code == 403
    assert wrong.content.decode().count(" checked") == 3, "the marks and the meaning stay"
    assert client.post("/review/sign/", posted | {"record": []}).status_code == 400
    assert (
        client.post("/review/sign/", posted | {"meaning": "liked", "password": PASSWORD}).status_code == 400
    )
    assert not Signature.objects.exists()

    assert client.post("/review/sign/", posted | {"password": PASSWORD}).status_code == 302
    assert Signature.objects.count() == 2
    assert len(set(Signature.objects.values_list("content_sha256", flat=True))) == 2
    assert not client.get("/review/sign/").context["rows"]


def test_what_changed_meanwhile_is_not_signed_and_the_others_are(
    bare_world: World, page: Any, rao: User, record: VitalSigns, change: Any, asks: Asks
) -> None:
    asks(sign=["vital-signs", "symptoms"])
    absent = dict.fromkeys(SYMPTOMS.entered_fields, "not_done")
    other = crf.save(
        SYMPTOMS, raw={"absent": absent}, by=bare_world.cast.asha, parents={"visit": bare_world.visit}
    )
    values = [seen(record), seen(other, "symptoms"), "none:1:1:x", "vital-signs:987654321:1:x"]
    change(weight="62")
    answer = page(rao).post("/review/sign/", {"record": values, "meaning": "reviewed", "password": PASSWORD})
    assert answer.status_code == 409
    assert [one.form for one in Signature.objects.all()] == ["symptoms"]
    assert len(answer.context["refused"]) == 3


# --- Progress --------------------------------------------------------------------------------------------


def test_progress_counts_what_stands(
    bare_world: World, manager: Client, kind: Kind, record: VitalSigns, meera: User, change: Any, asks: Asks
) -> None:
    def counted() -> list[str]:
        lines = b"".join(manager.get("/review/progress.csv").streaming_content).decode().splitlines()
        return next(line for line in lines if line.startswith("MUM,vital-signs,")).split(",")[2:8]

    assert counted() == ["1", "1", "1", "0", "0", "0"]
    actions.verify(kind, record=record, by=meera, version_seen=1)
    actions.lock(kind, record=record, by=meera)
    assert counted() == ["1", "1", "1", "1", "0", "1"]
    actions.unlock(kind, record=record, by=meera, reason="Source corrected")
    change(weight="62")
    assert counted() == ["1", "1", "1", "0", "0", "0"]
    shown = manager.get("/review/?site=MUM").context
    assert [str(cell) for cell in shown["sites"][0][1:3]] != []
    assert any(row[0] == "Vital signs" for row in shown["forms"])


def test_pages_cost_the_same_for_many_records(
    bare_world: World, manager: Client, record: VitalSigns, asks: Asks
) -> None:
    from django.db import connection

    asks(verification={"verify": "all"}, sign=["vital-signs"])

    def cost(url: str) -> int:
        manager.get(url)
        with CaptureQueriesContext(connection) as asked:
            assert manager.get(url).status_code == 200
        return len(asked)

    urls = ("/review/", "/review/verify/", "/review/lock/")
    before = [cost(url) for url in urls]
    bare_world.records["vital-signs"] = record
    bare_world.fill()
    absent = {"absent": {"analyte": "not_done"}}
    for _number in range(3):
        crf.save(get("lab-result"), raw=absent, by=bare_world.cast.asha, parents={"visit": bare_world.visit}, complete=False)  # fmt: skip
    assert [cost(url) for url in urls] == before
