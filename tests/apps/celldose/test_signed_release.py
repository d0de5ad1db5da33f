"""The decision on a product is signed on its form, with the criteria that it stands on."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from apps.celldose import actions
from tests.apps.celldose.conftest import Journey
from tests.cast import Cast

PASSWORD = "a long enough password"


@pytest.fixture
def url(journey: Journey, cast: Cast) -> str:
    cast.rao.set_password(PASSWORD)
    cast.rao.save()
    return f"/api/v1/forms/release/{journey.upto('release', release={'signed': False}).pk}/signatures/"


def body(meaning: str = "released") -> dict[str, Any]:
    return {"meaning": meaning, "password": PASSWORD, "version": 1}


def test_it_is_offered_to_who_releases(url: str, journey: Journey, cast: Cast, page: Any) -> None:
    text = page(cast.rao).get(f"/products/{journey.product.pk}/").content.decode()
    assert "Sign the decision" in text
    assert "Sign the decision" not in page(cast.asha).get(f"/products/{journey.product.pk}/").content.decode()


def test_other_meanings_are_refused(url: str, cast: Cast, api: Any) -> None:
    assert api(cast.rao).post(url, body("authored")).status_code == 400


def test_the_criteria_are_shown_and_signed(
    url: str, journey: Journey, cast: Cast, api: Any, page: Any
) -> None:
    shown = page(cast.rao).get(url.replace("/api/v1", "").replace("signatures", "sign")).content.decode()
    assert "Criteria, as evaluated" in shown and "Viability" in shown
    answer = api(cast.rao).post(url, body())
    assert answer.status_code == 201, answer.json()
    product_page = page(cast.rao).get(f"/products/{journey.product.pk}/").content.decode()
    assert answer.json()["content_sha256"] in product_page
    assert "has changed since it was signed" not in product_page

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE celldose_releaseevaluation SET criteria = jsonb_set(criteria, '{0,outcome}', '\"pass\"')"
            " WHERE id = (SELECT evaluation_id FROM celldose_release)"
        )
        cursor.execute(
            "UPDATE celldose_releaseevaluation SET criteria = jsonb_set(criteria, '{0,outcome}', '\"fail\"')"
        )
    (signature,) = api(cast.rao).get(url).json()["signatures"]
    assert signature["state"] == "broken"
    product_page = page(cast.rao).get(f"/products/{journey.product.pk}/").content.decode()
    assert "has changed since it was signed" in product_page


def test_a_new_evaluation_alone_does_not_touch_the_decision(
    url: str, journey: Journey, cast: Cast, api: Any
) -> None:
    """The decision keeps the evaluation that it was taken on; saving it again takes the newest, and breaks it."""
    assert api(cast.rao).post(url, body()).status_code == 201
    actions.evaluate_release(product=journey.product, by=cast.rao)
    assert api(cast.rao).get(url).json()["signatures"][0]["state"] == "signed"
