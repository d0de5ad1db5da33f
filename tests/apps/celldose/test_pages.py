"""The session page, the product page and the fragment of the casebook."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string

from apps.celldose import crfs, selectors
from apps.celldose.models import CellSession, ReleaseEvaluation
from tests.apps.celldose.conftest import Journey, at, save, treated
from tests.cast import Cast


def session_url(journey: Journey, number: int = 1) -> str:
    return f"/participants/{journey.participant.code}/sessions/{number}/"


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("asha", 200),
        ("rao", 200),
        ("meera", 200),
        ("vikram", 404),
        ("sanjay", 403),
        ("farah", 403),
        ("admin", 403),
        ("norole", 403),
    ],
)
def test_who_sees_the_pages(name: str, status: int, journey: Journey, cast: Cast, page: Any) -> None:
    journey.upto("product")
    client = page(getattr(cast, name))
    assert client.get(session_url(journey)).status_code == status
    assert client.get(f"/products/{journey.product.pk}/").status_code == status


def test_a_stranger_is_sent_to_sign_in(journey: Journey, page: Any) -> None:
    journey.open()
    assert page(None).get(session_url(journey)).status_code == 302


def test_there_is_no_page_of_a_session_that_is_not_there(journey: Journey, page: Any) -> None:
    assert page(journey.asha).get(session_url(journey, 9)).status_code == 404
    assert page(journey.asha).get("/products/999999/").status_code == 404


def test_only_those_who_release_evaluate(journey: Journey, cast: Cast, page: Any) -> None:
    journey.upto("microbiology")
    address = f"/products/{journey.product.pk}/evaluate/"
    assert page(cast.asha).post(address).status_code == 403
    assert page(cast.vikram).post(address).status_code == 403
    assert page(cast.rao).get(address).status_code == 405
    assert not ReleaseEvaluation.objects.exists()
    assert page(cast.rao).post(address).status_code == 302
    assert ReleaseEvaluation.objects.count() == 1


def test_planning_a_session(journey: Journey, cast: Cast, page: Any) -> None:
    address = f"/participants/{journey.participant.code}/sessions/plan/"
    assert page(cast.vikram).post(address).status_code == 404
    assert page(cast.sanjay).post(address).status_code == 403
    page(cast.asha).post(address, {"planned_on": "not a day"})
    assert not CellSession.objects.exists()
    answer = page(cast.asha).post(address, {"planned_on": "2025-03-10"})
    assert answer["Location"] == session_url(journey)
    assert CellSession.objects.get().status == "incomplete"


def test_what_bars_a_step_is_said_in_words(journey: Journey, page: Any) -> None:
    journey.upto("processing")
    shown = text_of(page(journey.asha).get(session_url(journey)))
    assert "Cell counts: not recorded yet." in shown
    assert "The release criteria are not evaluated yet." in shown
    assert "is not released: evaluate the release criteria" in shown
    assert "Record the two-person identity check at the bedside first." in shown


def test_missing_consent_is_said_before_the_harvest(cast: Cast, page: Any) -> None:
    journey = Journey(treated(cast.asha, cast.mumbai), cast.asha, cast.rao)
    journey.open()
    shown = text_of(page(cast.asha).get(session_url(journey)))
    assert "Consent to session 1 is not in force" in shown


def test_every_form_is_one_click_away(journey: Journey, page: Any) -> None:
    journey.upto("microbiology")
    shown = text_of(page(journey.asha).get(session_url(journey)))
    for spec in (crfs.HAND_OVER, crfs.PROCESSING, crfs.CELL_COUNTS, crfs.VIABILITY, crfs.MICROBIOLOGY):
        assert f'href="/forms/{spec.key}/' in shown
    for spec in (crfs.PHENOTYPE, crfs.RELEASE, crfs.INFUSION):
        assert f"/forms/{spec.key}/new/?product={journey.product.pk}" in shown
    assert "/forms/donor-tests/new/?session=" in shown


def test_both_products_stand_side_by_side(journey: Journey, page: Any) -> None:
    journey.upto("product")
    fat = save(
        crfs.HARVEST,
        journey.asha,
        {"session": journey.session},
        tissue="adipose",
        volume_ml="55",
        started_at=at(9),
        ended_at=at(10),
    )
    from apps.celldose import actions

    actions.create_product(harvest=fat, product_identifier="D-002", by=journey.asha)
    shown = text_of(page(journey.asha).get(session_url(journey)))
    assert "BM-MNC D-001" in shown
    assert "SVF D-002" in shown


def test_the_product_page_shows_its_whole_life(journey: Journey, page: Any) -> None:
    infusion = journey.upto("infusion")
    save(
        crfs.OBSERVATIONS,
        journey.asha,
        {"infusion": infusion},
        timepoint="plus_15_min",
        temperature="36.9",
        reactions=["none"],
    )
    shown = text_of(page(journey.rao).get(f"/products/{journey.product.pk}/"))
    for words in (
        "Harvested",
        "Received in the laboratory",
        "Processed",
        "Released",
        "Issued to the ward",
        "Infused",
    ):
        assert words in shown
    for value in ("20 ×10⁶/kg", "15 ×10⁶/mL", "0.5 EU/kg", "500–5000 ×10⁶", "Nikhil", "36.9"):
        assert value in shown, value


def test_a_dose_that_cannot_be_derived_says_why(transcribed: Journey, page: Any) -> None:
    transcribed.open(performed_on="2016-11")
    transcribed.upto("harvest", harvest={"started_at": None, "ended_at": None})
    product = transcribed.upto("product", product={"product_identifier": None})
    transcribed.make_infusion(
        started_at=None, stopped_at=None, volume_ml=None, total_dose=None, dose_as_stated="500–5000 × 106"
    )
    client = page(transcribed.asha)
    shown = text_of(client.get(f"/products/{product.pk}/"))
    assert "source states: 500–5000 × 106" in shown
    assert "dose given and same-day weight missing" in shown
    assert "Transcribed from a published source" in text_of(client.get(session_url(transcribed)))


def test_synthetic_data_are_marked(cast: Cast, page: Any) -> None:
    journey = Journey(treated(cast.asha, cast.mumbai, synthetic=True), cast.asha, cast.rao)
    journey.open()
    assert "SYNTHETIC" in text_of(page(cast.asha).get(session_url(journey))).upper()


def test_the_fragment_of_the_casebook(journey: Journey, cast: Cast) -> None:
    journey.upto("infusion")
    context = selectors.sessions_context(journey.participant, cast.asha)
    shown = " ".join(render_to_string("celldose/_sessions.html", context).split())
    assert f'href="{session_url(journey)}"' in shown
    assert "Infused" in shown
    assert "Plan the next session" in shown
    assert selectors.sessions_context(journey.participant, cast.vikram)["sessions"] == []
    assert selectors.sessions_context(journey.participant, cast.sanjay)["may_plan"] is False


def test_saving_a_form_leads_back_to_the_session(journey: Journey, page: Any) -> None:
    journey.upto("product")
    sent = dict.fromkeys(crfs.VIABILITY.entered_fields, "") | {
        "viability_percent": "92.5",
        "method": "seven_aad",
        "measured_at": at(13),
    }
    address = f"/participants/{journey.participant.code}/forms/viability/new/?product={journey.product.pk}"
    answer = page(journey.asha).post(address, sent)
    assert (answer.status_code, answer["Location"]) == (302, session_url(journey))


def test_pages_take_a_fixed_number_of_queries(
    journey: Journey, page: Any, django_assert_max_num_queries: Any
) -> None:
    journey.upto("infusion")
    client = page(journey.asha)
    client.get(session_url(journey))
    with django_assert_max_num_queries(36):
        client.get(session_url(journey))
    with django_assert_max_num_queries(36):
        client.get(f"/products/{journey.product.pk}/")


def test_ten_sessions_take_as_many_queries_as_one(
    journey: Journey, cast: Cast, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    journey.upto("product")
    selectors.sessions_context(journey.participant, cast.asha)  # reads the roles once
    with CaptureQueriesContext(connection) as one:
        selectors.sessions_context(journey.participant, cast.asha)
    journey.open(performed_on="2025-04-24")
    journey.made = {}
    journey.upto("product", product={"product_identifier": "D-010"})
    with django_assert_num_queries(len(one)):
        selectors.sessions_context(journey.participant, cast.asha)
