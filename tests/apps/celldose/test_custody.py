"""The chain of custody and what is made of a product: gaps are shown, parts stay within wholes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.celldose import crfs
from apps.celldose.custody_contexts import chain_of
from apps.celldose.custody_page import custody_context
from apps.celldose.models import Aliquot, Container, HandOver
from apps.celldose.product_file import product_file
from apps.celldose.rules import custody
from apps.consent.actions import record_event
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.queries.models import Query
from tests.apps.celldose.conftest import DAY, Journey, at, save
from tests.cast import Cast

TEN = dt.datetime(2025, 3, 10, 10, 0, tzinfo=dt.UTC)


def minutes(number: int) -> dt.datetime:
    return TEN + dt.timedelta(minutes=number)


@dataclass
class H:
    """A hand-over of the rule's tests: theatre to laboratory, unless it says otherwise."""

    leg: str | None = "to_laboratory"
    from_place: str | None = "Theatre 2"
    given_by: str | None = "Asha"
    given_at: dt.datetime | None = TEN + dt.timedelta(minutes=10)
    to_place: str | None = "Laboratory"
    received_by: str | None = "Nikhil"
    received_at: dt.datetime | None = TEN + dt.timedelta(minutes=30)


WARD = H("to_ward", "Laboratory", "Nikhil", minutes(240), "Ward 3", "Sister Pinto", minutes(250))


# --- the chain ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hand_overs", "more", "words"),
    [
        ([], {}, []),
        ([H()], {}, []),
        ([H(), WARD], {"infused": True}, []),
        ([H(given_at=minutes(15))], {}, []),
        ([H(given_at=minutes(16))], {}, ["Where it was for 16 min after the harvest"]),
        ([H(given_at=minutes(75), received_at=minutes(90))], {}, ["for 1 h 15 min after the harvest"]),
        ([H(given_at=None)], {}, []),
        ([WARD], {}, ["from the theatre to the laboratory", "for 4 h 0 min"]),
        ([H(given_by=None)], {}, ["Not recorded: who handed it over."]),
        ([H(given_by=None, received_by=None)], {}, ["who handed it over and who received it"]),
        ([H(), H("to_ward", "Laboratory", "Leela", minutes(60), "Ward", "Rao", minutes(70))], {},
         ["Nikhil received it, Leela handed it over"]),
        ([H(), H("to_ward", "Laboratory", " nikhil ", minutes(60), "Ward", "Rao", minutes(70))], {}, []),
        ([H(), H("to_ward", "Freezer room", "Nikhil", minutes(60), "Ward", "Rao", minutes(70))], {},
         ["left at “Laboratory” and taken up at “Freezer room”"]),
        ([H(), H("to_ward", "Laboratory", "Nikhil", minutes(29), "Ward", "Rao", minutes(70))], {},
         ["handed over before it was received"]),
        ([H(), H("to_ward", "Laboratory", "Nikhil", minutes(30), "Ward", "Rao", minutes(70))], {}, []),
        ([H()], {"infused": True}, ["the way to the ward is not logged"]),
        ([], {"infused": True}, ["the way to the ward is not logged"]),
        ([H()], {"discarded": True}, ["the way to disposal is not logged"]),
        ([H(), H("to_disposal", "Laboratory", "Nikhil", minutes(60), "Incinerator", "Porter", minutes(70))],
         {"discarded": True}, []),
    ],
)  # fmt: skip
def test_what_is_not_logged_is_named(hand_overs: Any, more: Any, words: list[str]) -> None:
    found = custody.chain(hand_overs, begins_at=TEN, **more)
    assert len(found.gaps) == len(words), found.gaps
    assert all(word in gap for word, gap in zip(words, found.gaps, strict=True))
    assert found.is_whole == (not words)


def test_who_has_it_and_how_long_it_took() -> None:
    found = custody.chain([H(), WARD], begins_at=TEN)
    assert found.holder == "Sister Pinto"
    assert [link.minutes for link in found.links] == [20, 10]
    assert custody.chain([], begins_at=None).holder == ""
    assert custody.chain([H(given_at=None)], begins_at=TEN).links[0].minutes is None


def test_the_length_of_a_way_does_not_follow_the_clocks_on_the_wall() -> None:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Europe/London")  # the clocks went back at 02:00 on 26 October 2025
    before = dt.datetime(2025, 10, 26, 1, 50, tzinfo=zone, fold=0)
    after = dt.datetime(2025, 10, 26, 1, 10, tzinfo=zone, fold=1)
    one = H(given_at=before.astimezone(dt.UTC), received_at=after.astimezone(dt.UTC))
    assert custody.chain([one], begins_at=None).links[0].minutes == 20


# --- volumes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("whole", "others", "own", "over"),
    [
        ("50", ["20", "20"], "10", False),
        ("50", ["20", "20"], "10.1", True),
        ("50", [], "50", False),
        ("50", [], "50.1", True),
        (None, ["20"], "1000", False),
        ("50", ["60"], None, False),
        ("50", [None, "20"], "30", False),
    ],
)
def test_parts_stay_within_the_whole(whole: Any, others: Any, own: Any, over: bool) -> None:
    def number(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    words = {"parts": "containers", "whole": "product"}
    found = list(
        custody.within_whole(
            number(whole), [number(one) for one in others], number(own), code="over", words=words
        )
    )
    assert [one.code for one in found] == (["over"] if over else [])


def test_what_remains_is_said_only_when_everything_is_known() -> None:
    assert custody.balance(Decimal(50), [Decimal(20)]).rest == 30
    assert custody.balance(None, [Decimal(20)]).rest is None
    assert custody.balance(Decimal(50), [Decimal(20), None]).rest is None
    assert custody.balance(Decimal(10), [Decimal(20)]).is_over


# --- hand-overs are refused ---------------------------------------------------------------------------------


def refused(act: Any) -> list[str]:
    with pytest.raises(Refused) as caught:
        act()
    return [p.code for p in caught.value.problems]


def invalid(act: Any) -> list[str]:
    with pytest.raises(CrfInvalid) as caught:
        act()
    return [p.code for p in caught.value.problems]


TO_WARD = {
    "leg": "to_ward", "container": "Box 4", "from_place": "Laboratory", "given_by": "Nikhil", "given_at": at(14, 35),
    "to_place": "Ward 3", "received_by": "Sister Pinto", "received_at": at(14, 50), "temperature_min": "3",
    "temperature_max": "5", "condition": "intact",
}  # fmt: skip


def hand_over(journey: Journey, **more: Any) -> Any:
    return save(crfs.HAND_OVER, journey.asha, {"product": journey.product}, **(TO_WARD | more))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"received_at": at(14, 30)}, "order"),
        ({"temperature_min": "6", "temperature_max": "5"}, "order"),
        ({"given_at": at(8), "received_at": at(8, 30)}, "before_harvest"),
        ({"leg": "by_pigeon"}, "unknown_code"),
        ({"temperature_min": "-300"}, "min_value"),
        ({"received_at": "2025-03-10"}, "invalid_datetime"),
    ],
)
def test_what_cannot_be_a_hand_over(journey: Journey, changed: dict[str, str], code: str) -> None:
    journey.upto("issue")
    assert code in invalid(lambda: hand_over(journey, **changed))


def test_nothing_leaves_the_laboratory_before_its_release(journey: Journey) -> None:
    journey.upto("evaluation")
    assert refused(lambda: hand_over(journey)) == ["not_released", "identity_unchecked_issue"]


def test_nothing_leaves_the_laboratory_unchecked(journey: Journey) -> None:
    journey.upto("release")
    assert refused(lambda: hand_over(journey)) == ["identity_unchecked_issue"]
    journey.make_issue(identifier="D-009")
    assert refused(lambda: hand_over(journey)) == ["identity_mismatch_issue"]
    journey.make_issue(checked_at=at(14, 32))
    assert hand_over(journey).pk


def test_nothing_moves_after_its_end_but_the_remains(journey: Journey) -> None:
    journey.upto("infusion")
    late = {"given_at": at(16), "received_at": at(16, 10)}
    assert refused(lambda: hand_over(journey, leg="to_store", **late)) == ["already_used"]
    assert "already_used" in refused(lambda: hand_over(journey, **late))
    assert hand_over(journey, leg="to_disposal", **late).pk
    # What was done before the end may be entered after it, with its time.
    assert hand_over(journey, leg="to_store", given_at=at(13), received_at=at(13, 5)).pk


def test_what_has_happened_can_be_corrected_after_the_end(journey: Journey) -> None:
    journey.upto("issue")
    made = hand_over(journey)
    journey.upto("infusion")
    changed = save(
        crfs.HAND_OVER, journey.asha, record=made, reason="Name misheard", received_by="Sister Pinto-Rao"
    )
    assert changed.received_by == "Sister Pinto-Rao"


def test_a_gap_is_asked_about_and_closes_when_it_is_mended(journey: Journey) -> None:
    journey.upto("product")
    first = {
        "leg": "to_laboratory", "from_place": "Theatre", "given_by": "Asha", "given_at": at(10, 5), "to_place": "Laboratory",
        "received_by": "Nikhil", "received_at": at(10, 30),
    }  # fmt: skip
    begun = hand_over(journey, **first)
    later = {
        "leg": "to_store",
        "given_by": "Leela",
        "given_at": at(12),
        "received_at": at(12, 5),
        "to_place": "Fridge 1",
    }
    store = hand_over(journey, **later)
    query = Query.objects.get(form="hand-over", object_id=store.pk, code="unlogged_gap")
    assert (query.state, query.field) == ("open", "given_by")
    assert "Nikhil received it, Leela handed it over" in query.message
    assert chain_of(product_file(journey.product.pk)).gaps
    # The one before is corrected: the question about the one after is settled by it.
    save(crfs.HAND_OVER, journey.asha, record=begun, reason="It was Leela", received_by="Leela")
    query.refresh_from_db()
    assert query.state == "closed"
    assert chain_of(product_file(journey.product.pk)).is_whole


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"condition": "leaking"}, "condition"),
        ({"condition": "label_unreadable"}, "condition"),
        ({"received_by": "nikhil"}, "same_person"),
        ({"temperature_max": "37"}, "temperature"),
    ],
)
def test_what_is_asked_about(journey: Journey, changed: dict[str, str], code: str) -> None:
    journey.upto("issue")
    made = hand_over(journey, **changed)
    assert code in set(
        Query.objects.filter(form="hand-over", object_id=made.pk).values_list("code", flat=True)
    )


# --- containers and aliquots --------------------------------------------------------------------------------


def fill(journey: Journey, **more: Any) -> Any:
    values = {"number": 1, "kind": "bag", "volume_ml": "30", "filled_at": at(13, 10)} | more
    return save(crfs.CONTAINER, journey.asha, {"product": journey.product}, **values)


def take(journey: Journey, container: Any, **more: Any) -> Any:
    values = {
        "number": 1, "purpose": "sterility", "volume_ml": "2", "taken_at": at(13, 20), "disposition": "sent",
        "disposed_at": at(13, 30),
    } | more  # fmt: skip
    if values["disposition"] == "in_store":
        values.pop("disposed_at")
        return save(
            crfs.ALIQUOT, journey.asha, {"container": container}, absent={"disposed_at": ""}, **values
        )
    return save(crfs.ALIQUOT, journey.asha, {"container": container}, **values)


@pytest.mark.parametrize("volume", ["0", "-1", "3001", "many"])
def test_a_container_holds_something(journey: Journey, volume: str) -> None:
    journey.upto("processing")
    assert invalid(lambda: fill(journey, volume_ml=volume))
    assert not Container.objects.exists()


def test_containers_hold_no_more_than_the_product(journey: Journey) -> None:
    journey.upto("processing")  # 50 mL
    fill(journey, volume_ml="30")
    assert refused(lambda: fill(journey, number=2, volume_ml="20.1")) == ["containers_above_product"]
    made = fill(journey, number=2, volume_ml="20")
    # A correction is judged against the others, not against itself.
    save(crfs.CONTAINER, journey.asha, record=made, reason="Weighed again", volume_ml="19")
    with pytest.raises(Refused):
        save(crfs.CONTAINER, journey.asha, record=made, reason="Typed", volume_ml="190")


def test_a_final_volume_that_is_corrected_below_its_containers_is_asked_about(journey: Journey) -> None:
    processing = journey.upto("processing")
    made = fill(journey, volume_ml="45")
    save(crfs.PROCESSING, journey.asha, record=processing, reason="Misread", final_volume_ml="40")
    query = Query.objects.get(form="container", object_id=made.pk)
    assert (query.code, query.state) == ("containers_above_product", "open")


def test_the_same_number_is_given_once(journey: Journey) -> None:
    journey.upto("processing")
    fill(journey, volume_ml="10")
    with pytest.raises(CrfInvalid) as caught:
        fill(journey, volume_ml="10")
    assert "already has a container" in caught.value.problems[0].message


def test_nothing_is_filled_after_the_end(journey: Journey) -> None:
    journey.upto("infusion")
    assert refused(lambda: fill(journey, filled_at=at(16))) == ["already_used"]
    assert fill(journey, filled_at=at(13)).pk


def test_aliquots_hold_no_more_than_their_container(journey: Journey) -> None:
    journey.upto("processing")
    bag = fill(journey, volume_ml="30")
    take(journey, bag, volume_ml="28")
    assert refused(lambda: take(journey, bag, number=2, volume_ml="2.01")) == ["aliquots_above_container"]
    take(journey, bag, number=2, volume_ml="2")
    with pytest.raises(Refused) as caught:
        save(crfs.CONTAINER, journey.asha, record=bag, reason="Typed", volume_ml="3")
    assert [p.code for p in caught.value.problems] == ["aliquots_above_container"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"taken_at": at(13)}, "order"),
        ({"disposed_at": at(13, 15)}, "order"),
        ({"volume_ml": "0"}, "volume_positive"),
        ({"temperature": "-300"}, "min_value"),
        ({"purpose": "lunch"}, "unknown_code"),
    ],
)
def test_what_cannot_be_an_aliquot(journey: Journey, changed: dict[str, str], code: str) -> None:
    journey.upto("processing")
    bag = fill(journey)
    assert code in invalid(lambda: take(journey, bag, **changed))
    assert not Aliquot.objects.exists()


KEPT = {"disposition": "in_store", "place": "Freezer 2, B4", "temperature": "-80"}


@pytest.mark.parametrize("purpose", ["retention", "research"])
def test_what_is_kept_for_later_needs_consent_to_samples(journey: Journey, cast: Cast, purpose: str) -> None:
    journey.upto("processing")
    bag = fill(journey)
    assert take(journey, bag, purpose=purpose, **KEPT).pk, "taking part covers samples"
    record_event(
        participant=journey.participant, kind="withdrawal", by=journey.asha, withdrawal_scopes=["sample_use"],
        signed_on=DAY.isoformat(), signer="participant",
    )  # fmt: skip
    later = {"taken_at": at(9, days=2)} | KEPT
    assert refused(lambda: take(journey, bag, number=2, purpose=purpose, **later)) == ["consent_to_samples"]
    warned = [
        part.warning for part in custody_context(product_file(journey.product.pk), cast.nikhil)["lineage"]
    ]
    assert [bool(words) for words in warned] == [False, False, False, True]
    assert warned[-1].startswith("To be destroyed: ")
    # The product's own tests go on, and that a kept one was destroyed may be recorded.
    tested = {"taken_at": at(9, days=2), "disposed_at": at(10, days=2)}
    assert take(journey, bag, number=3, purpose="sterility", **tested).pk
    destroyed = {"disposition": "destroyed"} | tested
    assert take(journey, bag, number=4, purpose=purpose, **destroyed).pk


def test_a_stored_one_has_a_place(journey: Journey) -> None:
    journey.upto("processing")
    made = take(journey, fill(journey), purpose="retention", **(KEPT | {"place": None}))
    assert Query.objects.filter(form="aliquot", object_id=made.pk, code="place_missing").exists()


def test_identifiers_tell_the_lineage(journey: Journey) -> None:
    journey.upto("processing")
    bag = fill(journey, number=2)
    assert (bag.identifier, take(journey, bag, number=3).identifier) == ("D-001/02", "D-001/02-03")


# --- pages and API ------------------------------------------------------------------------------------------


def test_the_chain_by_api(journey: Journey, cast: Cast, api: Any) -> None:
    journey.upto("issue")
    hand_over(journey)
    take(journey, fill(journey))
    address = f"/api/v1/products/{journey.product.pk}/custody/"
    for who, status in ((None, 401), ("norole", 403), ("farah", 403), ("vikram", 404), ("leela", 404)):
        assert api(who and getattr(cast, who)).get(address).status_code == status
    told = api(cast.nikhil).get(address).json()
    assert [one["step"] for one in told["checks"]] == ["collection", "receipt", "issue", "bedside"]
    assert [one["matches"] for one in told["checks"]] == [True, True, True, None]
    assert [one["leg"] for one in told["hand_overs"]] == ["to_laboratory", "to_ward"]
    assert told["hand_overs"][1]["minutes"] == 15
    assert told["gaps"]
    assert told["holder"] == "Sister Pinto"
    assert told["containers"][0]["aliquots"][0]["identifier"] == "D-001/01-01"


def test_the_chain_takes_a_fixed_number_of_queries(journey: Journey, cast: Cast, api: Any) -> None:
    journey.upto("issue")
    take(journey, fill(journey, number=9, volume_ml="5"), volume_ml="1")
    client, address = api(cast.nikhil), f"/api/v1/products/{journey.product.pk}/custody/"
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for number in range(1, 5):
        bag = fill(journey, number=number, volume_ml="5")
        take(journey, bag, volume_ml="1")
        hand_over(journey, received_at=at(14, 50 + number))
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) == len(few)
    assert HandOver.objects.count() == 5
