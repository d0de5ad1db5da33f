"""Donation numbers: structure, check character, what was mistyped, and that none is given out twice."""

from __future__ import annotations

import string
import threading
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from apps.celldose import numbering
from apps.celldose.actions import numbers
from apps.celldose.models import CellProduct, DonationNumber
from apps.celldose.rules import identifiers
from apps.celldose.rules.identifiers import (
    Scheme,
    check_character,
    compact,
    donation_number,
    grouped,
    is_right,
    problems_of,
    suggestions,
)
from studyportal import protocol
from studyportal.access.models import Site
from studyportal.crf.errors import CrfInvalid, Refused
from tests.apps.celldose.conftest import Journey
from tests.cast import Cast

CHECKED = Scheme(checked=True, facilities=("A9998", "A9999"))
STRICT = Scheme(checked=True, other_labels=False, facilities=("A9998", "A9999"))
FIRST = "A999826000001002"

facility = st.from_regex(r"[A-NP-Z1-9][0-9]{4}", fullmatch=True)
number = st.builds(donation_number, facility, st.integers(2000, 2099), st.integers(1, identifiers.MOST))


# --- the check character ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "character"),
    # The first is the example in the technical specification of ISBT 128.
    [("G123498654321", "H"), ("A999826000001", "2"), ("0000000000000", "1")],
)
def test_check_character_of_iso_7064_mod_37_2(body: str, character: str) -> None:
    assert check_character(body) == character


@given(number, st.integers(0, 12), st.sampled_from(string.digits + string.ascii_uppercase))
def test_every_single_wrong_character_is_found(right: str, at: int, wrong: str) -> None:
    typed = right[:at] + wrong + right[at + 1 :]
    assert is_right(typed) == (typed == right)


@given(number, st.integers(0, 11))
def test_every_swap_of_neighbours_is_found(right: str, at: int) -> None:
    typed = right[:at] + right[at + 1] + right[at] + right[at + 2 :]
    assert is_right(typed) == (typed == right)


@given(number)
def test_a_number_survives_its_printing(right: str) -> None:
    assert compact(grouped(right)) == right
    assert compact(f"={right.lower()}") == right
    assert list(problems_of(grouped(right), Scheme(checked=True))) == []


@pytest.mark.parametrize(("sequence", "fits"), [(0, False), (1, True), (999_999, True), (1_000_000, False)])
def test_sequences_of_a_year(sequence: int, fits: bool) -> None:
    if fits:
        assert is_right(donation_number("A9998", 2026, sequence))
    else:
        with pytest.raises(ValueError, match="numbered from 1"):
            donation_number("A9998", 2026, sequence)


# --- what was mistyped --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "scheme", "code"),
    [
        (FIRST, STRICT, None),
        ("A9998 26 000001 00 2", STRICT, None),
        ("a9998-26-000001-00-2", STRICT, None),
        ("A999826000001003", CHECKED, "check_character"),
        ("A999826000010002", CHECKED, "check_character"),
        ("A99982600000100", CHECKED, "check_character"),
        ("A9998260000010022", CHECKED, "check_character"),
        ("A9998 26 000001", CHECKED, "check_character"),
        ("A99982600OOO1002", CHECKED, "check_character"),
        ("A999826000001012", CHECKED, "flags"),
        ("D-001", CHECKED, None),
        ("D-001", STRICT, "no_donation_number"),
        ("G123498654321" + "00" + "H", CHECKED, None),
        ("G123498654321" + "00" + "H", STRICT, "unknown_facility"),
        ("A999826000001003", Scheme(), None),
        ("", STRICT, None),
        (None, STRICT, None),
    ],
)
def test_what_a_label_may_say(typed: str | None, scheme: Scheme, code: str | None) -> None:
    assert [one.code for one in problems_of(typed, scheme)] == ([code] if code else [])


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("A999826000001003", "its check character would be 2"),
        ("A99982600000100", "15 characters"),
        ("A999826OO0001002", "“O, O” stands where a digit belongs"),
        ("A999826000010002", "Was it A9998 26 000001 00 2?"),
    ],
)
def test_the_error_says_what_is_wrong_and_what_may_be_meant(typed: str, words: str) -> None:
    (one,) = problems_of(typed, CHECKED)
    assert words in one.message


@pytest.mark.parametrize(
    ("typed", "given_out", "meant"),
    [
        ("A999826000010002", (), (FIRST,)),  # neighbours swapped
        ("A99982600O001002", (), (FIRST,)),  # a letter that looks like a digit
        ("A999826000001003", (FIRST,), (FIRST,)),  # given out, one slip away
        ("A99982600001002", (FIRST,), (FIRST,)),  # one left out
        ("A9998260000001002", (FIRST,), (FIRST,)),  # one typed twice
        ("A999826000001003", (), ()),  # never the check character alone: any slip would look right
    ],
)
def test_what_may_have_been_meant(typed: str, given_out: Any, meant: Any) -> None:
    assert suggestions(typed, given_out) == meant


# --- giving out ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (None, 401), ("norole", 403), ("admin", 403), ("sanjay", 403), ("farah", 403), ("devi", 403),
        ("vikram", 400), ("leela", 400), ("iyer", 400), ("asha", 201), ("nikhil", 201), ("rao", 201), ("meera", 201),
    ],
)  # fmt: skip
def test_who_is_given_numbers_of_mumbai(cast: Cast, api: Any, who: str | None, status: int) -> None:
    answer = api(who and getattr(cast, who)).post("/api/v1/donation-numbers/", {"site": "MUM"}, format="json")
    assert answer.status_code == status
    assert DonationNumber.objects.count() == (1 if status == 201 else 0)


@pytest.mark.parametrize(
    "sent", [{}, {"site": None}, {"site": 7}, {"site": "XXX"}, {"site": "M\x00"}, {"site": "MUM", "x": 1}]
)
def test_a_bad_request_gives_no_number(cast: Cast, api: Any, sent: Any) -> None:
    assert api(cast.asha).post("/api/v1/donation-numbers/", sent, format="json").status_code == 400
    assert not DonationNumber.objects.exists()


def test_a_site_without_facility_is_given_none(cast: Cast) -> None:
    elsewhere = Site.objects.create(code="NAG", name="Nagpur", timezone="Asia/Kolkata")
    with pytest.raises(Refused) as caught:
        numbers.allocate(site=elsewhere, by=cast.meera)
    assert caught.value.problems[0].code == "no_facility"


def test_when_the_numbers_of_the_year_are_used_up(cast: Cast) -> None:
    one = numbers.allocate(site=cast.mumbai, by=cast.asha)
    DonationNumber.objects.create(
        site=cast.mumbai, number="last", year=one.year, sequence=identifiers.MOST, given_to=cast.asha
    )
    with pytest.raises(Refused) as caught:
        numbers.allocate(site=cast.mumbai, by=cast.asha)
    assert caught.value.problems[0].code == "numbers_used_up"


def test_numbers_follow_each_other_and_are_right(cast: Cast, api: Any) -> None:
    made = [numbers.allocate(site=cast.mumbai, by=cast.asha) for _n in range(3)]
    other = numbers.allocate(site=cast.pune, by=cast.leela)
    assert [one.sequence for one in made] == [1, 2, 3]
    assert (other.sequence, other.number[:5]) == (1, "A9999")
    assert all(is_right(one.number) for one in (*made, other))
    rows = api(cast.nikhil).get("/api/v1/donation-numbers/").json()["results"]
    assert [row["number"] for row in rows] == [one.number for one in made]
    assert rows[0]["grouped"] == grouped(made[0].number)


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_get_two_numbers(cast: Cast) -> None:
    begun, given_out = threading.Barrier(4), []

    def ask() -> None:
        try:
            begun.wait(timeout=10)
            with transaction.atomic():
                given_out.append(numbers.allocate(site=cast.mumbai, by=cast.asha).sequence)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=30)
    assert sorted(given_out) == [1, 2, 3, 4]


# --- the product --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (None, 302), ("norole", 403), ("admin", 403), ("sanjay", 403), ("farah", 403), ("devi", 403),
        ("vikram", 404), ("leela", 404), ("iyer", 404),
    ],
)  # fmt: skip
def test_who_may_not_make_a_product(
    journey: Journey, cast: Cast, page: Any, who: str | None, status: int
) -> None:
    harvest = journey.upto("harvest")
    answer = page(who and getattr(cast, who)).post(f"/harvests/{harvest.pk}/product/")
    assert answer.status_code == status
    assert not CellProduct.objects.exists()
    assert not DonationNumber.objects.exists()


def test_one_click_makes_the_product_with_the_next_number(journey: Journey, cast: Cast, page: Any) -> None:
    harvest = journey.upto("harvest")
    answer = page(cast.nikhil).post(f"/harvests/{harvest.pk}/product/")
    product = CellProduct.objects.get()
    assert answer.url == f"/products/{product.pk}/"
    assert product.product_identifier == DonationNumber.objects.get().number
    assert (product.component, product.autologous_only) == ("bm_mnc", True)


def test_a_second_product_of_the_harvest_takes_no_number(journey: Journey, cast: Cast, page: Any) -> None:
    harvest = journey.upto("harvest")
    client = page(cast.nikhil)
    client.post(f"/harvests/{harvest.pk}/product/")
    answer = client.post(f"/harvests/{harvest.pk}/product/", follow=True)
    assert "already" in answer.content.decode()
    assert (CellProduct.objects.count(), DonationNumber.objects.count()) == (1, 1)


def test_looking_gives_no_number(journey: Journey, cast: Cast, page: Any) -> None:
    harvest = journey.upto("harvest")
    client, address = page(cast.nikhil), f"/harvests/{harvest.pk}/product/"
    shown = client.get(address)
    assert (shown.status_code, DonationNumber.objects.count()) == (200, 0)
    assert f"/forms/cell-product/new/?harvest={harvest.pk}" in shown.content.decode()
    for method in ("put", "delete"):
        assert getattr(client, method)(address).status_code == 405
    client.post(address)
    assert "has its product already" in client.get(address).content.decode()


def test_where_no_numbers_are_given_out_the_form_opens(transcribed: Journey, page: Any) -> None:
    transcribed.open(performed_on="2016-11")
    harvest = transcribed.upto("harvest", harvest={"started_at": None, "ended_at": None})
    answer = page(transcribed.asha).get(f"/harvests/{harvest.pk}/product/")
    assert answer.status_code == 302
    assert "/forms/cell-product/new/" in answer.url


def test_a_mistyped_number_is_refused_with_what_may_be_meant(journey: Journey, cast: Cast, api: Any) -> None:
    harvest = journey.upto("harvest")
    given_out = numbers.allocate(site=cast.mumbai, by=cast.asha).number
    slip = given_out[:-1] + ("0" if given_out[-1] != "0" else "1")
    sent = {"harvest": harvest.pk, "product_identifier": slip, "autologous_only": True}
    answer = api(cast.asha).post("/api/v1/products/", sent, format="json")
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["field"], error["code"]) == ("product_identifier", "check_character")
    assert grouped(given_out) in error["message"]
    assert not CellProduct.objects.exists()


def test_a_scanned_number_is_stored_as_its_characters(journey: Journey) -> None:
    journey.upto("harvest")
    product = journey.make_product(product_identifier="=a9998 26 000001 00 2")
    assert product.product_identifier == FIRST
    with pytest.raises(CrfInvalid):  # the same number, typed otherwise, on another product
        other = journey.make_harvest(tissue="adipose")
        journey.made["harvest"] = other
        journey.make_product(product_identifier="A9998-26-000001-00-2")


def test_where_the_protocol_says_free_a_label_says_what_it_says(journey: Journey, monkeypatch: Any) -> None:
    free = protocol.current().custody.model_copy(
        update={"identifiers": protocol.current().custody.identifiers.model_copy(update={"scheme": "free"})}
    )
    changed = protocol.current().model_copy(update={"custody": free})
    monkeypatch.setattr(protocol, "current", lambda: changed)
    assert not numbering.gives_numbers(journey.participant.site)
    journey.upto("harvest")
    assert journey.make_product(product_identifier="A999826000001003").pk
