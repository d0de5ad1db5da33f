"""The list of near misses beside the deviations: who may not, then what it shows."""

from __future__ import annotations

from typing import Any

import pytest

from apps.celldose.models import NearMiss
from tests.counting import questions
from tests.world import World

pytestmark = pytest.mark.django_db
URL = "/deviations/lists/near-misses/"


@pytest.fixture
def misses(world: World) -> list[NearMiss]:
    product = world.records["cell-product"]
    return [
        NearMiss.objects.create(
            site=product.site, participant=product.participant, product=product, step=step, code=code,
            message=message, said=said, by=world.cast.asha,
        )
        for step, code, message, said in (
            ("bedside", "identity_mismatch_bedside", "The label is another product's.", "D-2 / MUM-0001"),
            ("reagent-lot", "reagent_expired", "The lot had expired.", ""),
        )
    ]  # fmt: skip


@pytest.mark.parametrize("who", ["sanjay", "devi", "admin", "norole"])
def test_who_sees_no_deviations_sees_no_near_misses(who: str, misses: Any, world: World, page: Any) -> None:
    assert page(getattr(world.cast, who)).get(URL).status_code == 403


def test_another_sites_are_not_listed(misses: Any, world: World, page: Any) -> None:
    assert "another product" not in page(world.cast.vikram).get(URL).content.decode()


def test_each_is_shown_with_step_product_and_what_was_read(misses: Any, world: World, page: Any) -> None:
    shown = page(world.cast.nikhil).get(URL).content.decode()
    for words in ("The label is another product&#x27;s.", "Bedside", "D-2 / MUM-0001", "Reagent lot", "Asha"):
        assert words in shown, words
    product = f"/products/{misses[0].product_id}/"
    assert product in shown
    # The auditor reads it; the product's page is not hers.
    assert product not in page(world.cast.farah).get(URL).content.decode()


def test_the_list_asks_a_fixed_number_of_questions(misses: list[NearMiss], world: World, page: Any) -> None:
    browser = page(world.cast.rao)
    browser.get(URL)
    with questions() as few:
        browser.get(URL)
    for n in range(10):
        one = misses[0]
        NearMiss.objects.create(
            site=one.site, participant=one.participant, product=one.product, step="issue", code="x",
            message=f"Number {n}", by=world.cast.rao,
        )  # fmt: skip
    with questions() as many:
        browser.get(URL)
    assert len(few) == len(many)
