"""The list of cell products."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.celldose import crfs
from apps.celldose.pages import products as page_of_list
from tests.apps.celldose.conftest import Journey, save
from tests.cast import Cast

URL = "/products/"


def rows(answer: Any) -> list[str]:
    """The products on the page, in their order."""
    return [row.cells[0].text for row in answer.context["rows"]]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        (None, 302),
        ("norole", 403),
        ("sanjay", 403),
        ("farah", 403),
        ("devi", 403),
        ("admin", 403),
        ("asha", 200),
        ("nikhil", 200),
        ("vikram", 200),
    ],
)
def test_who_sees_the_list(name: str | None, status: int, journey: Journey, cast: Cast, page: Any) -> None:
    journey.upto("product")
    answer = page(getattr(cast, name) if name else None).get(URL)
    assert answer.status_code == status
    if status == 200:
        assert rows(answer) == ([] if name == "vikram" else ["BM-MNC D-001"])


@pytest.mark.parametrize(
    "query",
    [
        "?after=abc",
        "?before=-1",
        "?after=99999999999999999999",
        "?stage=lost",
        "?component=plasma",
        "?q=" + "x" * 500,
        "?after=²",
    ],
)
def test_what_makes_no_sense_is_not_asked(query: str, journey: Journey, page: Any) -> None:
    journey.upto("product")
    assert page(journey.asha).get(URL + query).status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=d-001", True),
        ("?q=D 001", False),
        ("?q=%20D-0%2001%20", True),  # a scanner's spaces
        ("?q=D-002", False),
        ("?component=bm_mnc", True),
        ("?component=svf", False),
        ("?stage=in_hand", True),
        ("?stage=infused", False),
        ("?stage=discarded", False),
    ],
)
def test_it_is_narrowed(query: str, found: bool, journey: Journey, page: Any) -> None:
    journey.upto("product")
    assert bool(rows(page(journey.asha).get(URL + query))) is found


def test_it_is_found_by_the_participant(journey: Journey, page: Any) -> None:
    journey.upto("product")
    assert rows(page(journey.asha).get(URL, {"q": journey.participant.code.lower()}))


def test_what_is_over_leaves_the_list_of_what_is_in_hand(journey: Journey, page: Any) -> None:
    journey.upto("product")
    save(crfs.DISCARD, journey.asha, {"product": journey.product}, reason_code="damaged")
    client = page(journey.asha)
    assert rows(client.get(URL, {"stage": "in_hand"})) == []
    assert rows(client.get(URL, {"stage": "discarded"})) == ["BM-MNC D-001"]


def test_an_expired_product_in_hand_is_marked(journey: Journey, page: Any) -> None:
    journey.upto("processing")
    (row,) = page(journey.asha).get(URL).context["rows"]
    assert (row.tone, row.cells[4].state) == ("bad", "expired")
    assert row.cells[4].text == "13 Mar 2025, 10:00"


def test_it_goes_page_by_page_in_a_fixed_number_of_queries(
    journey: Journey, page: Any, monkeypatch: Any
) -> None:
    journey.upto("product")
    client = page(journey.asha)
    client.get(URL)
    with CaptureQueriesContext(connection) as one:
        client.get(URL)
    for number in (2, 3):
        journey.open(performed_on=f"2025-0{number + 2}-24")
        journey.made = {}
        journey.upto("product", product={"product_identifier": f"D-00{number}"})
    with CaptureQueriesContext(connection) as three:
        assert rows(client.get(URL)) == ["BM-MNC D-003", "BM-MNC D-002", "BM-MNC D-001"]
    assert len(three) == len(one)
    monkeypatch.setattr(page_of_list, "SIZE", 2)
    first = client.get(URL, {"stage": "in_hand"})
    assert rows(first) == ["BM-MNC D-003", "BM-MNC D-002"]
    second = client.get(first.context["next_url"])
    assert rows(second) == ["BM-MNC D-001"]
    assert "stage=in_hand" in first.context["next_url"]
    assert rows(client.get(second.context["previous_url"])) == ["BM-MNC D-003", "BM-MNC D-002"]
