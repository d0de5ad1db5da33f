"""The session page, the product page and the fragment of the casebook."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext

from apps.celldose import crfs, selectors
from apps.celldose.models import CellSession, ReleaseEvaluation
from studyportal.access import roles
from studyportal.access.permissions import Permission
from studyportal.deviations.models import Deviation
from tests.apps.celldose.conftest import Journey, at, save, sign, treated
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
        ("nikhil", 200),
        ("vikram", 404),
        ("leela", 404),
        ("sanjay", 403),
        ("farah", 403),
        ("devi", 403),
        ("admin", 403),
        ("norole", 403),
    ],
)
def test_who_sees_the_pages(name: str, status: int, journey: Journey, cast: Cast, page: Any) -> None:
    journey.upto("product")
    client = page(getattr(cast, name))
    assert client.get(session_url(journey)).status_code == status
    for address in ("", "sheet/", "sheet.pdf"):
        assert client.get(f"/products/{journey.product.pk}/{address}").status_code == status


def test_a_stranger_is_sent_to_sign_in(journey: Journey, page: Any) -> None:
    journey.open()
    assert page(None).get(session_url(journey)).status_code == 302
    assert page(None).get("/products/1/sheet.pdf").status_code == 302


def test_there_is_no_page_of_a_session_that_is_not_there(journey: Journey, page: Any) -> None:
    assert page(journey.asha).get(session_url(journey, 9)).status_code == 404
    for address in ("", "sheet/", "sheet.pdf"):
        assert page(journey.asha).get(f"/products/999999/{address}").status_code == 404


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


def test_an_unsigned_decision_is_no_step_that_is_done(journey: Journey, page: Any) -> None:
    journey.upto("evaluation")
    decided = journey.make_release(signed=False)
    journey.made["release"] = decided
    words = "it does not count yet"
    assert words in text_of(page(journey.asha).get(session_url(journey)))
    sign(decided, journey.rao)
    assert words not in text_of(page(journey.asha).get(session_url(journey)))


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


def test_the_session_page_sets_what_was_given_against_the_plan(journey: Journey, page: Any) -> None:
    journey.open()
    plan = {"component": "bm_mnc", "planned_low": "1200", "planned_high": "1600", "planned_on": "2025-03-10"}
    save(crfs.DOSE_PLAN, journey.rao, {"session": journey.session}, rationale="By weight.", **plan)
    journey.upto("infusion")
    shown = text_of(page(journey.asha).get(session_url(journey)))
    for words in ("1200–1600 ×10⁶", "24–32 ×10⁶/kg", "By weight.", "Below the plan", "200 ×10⁶ below"):
        assert words in shown, words
    assert "by 50 kg, measured 10 Mar 2025" in shown
    assert "The dose given, 1000 ×10⁶, is below the planned range" in shown  # its deviation
    assert "Together" in shown


def test_a_session_that_is_half_given_has_no_sum(journey: Journey, page: Any) -> None:
    from apps.celldose import actions

    journey.upto("infusion")
    fat = save(crfs.HARVEST, journey.asha, {"session": journey.session}, tissue="adipose", volume_ml="55")
    actions.create_product(harvest=fat, product_identifier="D-002", by=journey.asha)
    shown = text_of(page(journey.asha).get(session_url(journey)))
    assert "Not derivable: not infused yet: SVF" in shown


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("2025-04-24", "Since session 1: 45 days (within the protocol&#x27;s 45 ± 7 days)"),
        ("2025-05-30", "Since session 1: 81 days (outside the protocol&#x27;s 45 ± 7 days)"),
        (
            "2025-04",
            "Since session 1: 22–51 days (the protocol asks for 45 ± 7 days; the dates do not say more)",
        ),
        (None, "the protocol asks for 45 ± 7 days after 10 Mar 2025"),
    ],
)
def test_the_interval_to_the_session_before(second: Any, said: str, journey: Journey, page: Any) -> None:
    journey.open()
    journey.open(performed_on=second)
    assert said in text_of(page(journey.asha).get(session_url(journey, 2)))


def test_no_plan_says_that_the_protocol_counts(journey: Journey, page: Any) -> None:
    journey.upto("product")
    shown = text_of(page(journey.asha).get(session_url(journey)))
    assert "No dose is planned; the protocol&#x27;s range counts: 500–5000 ×10⁶." in shown
    assert f"/forms/dose-plan/new/?session={journey.session.pk}" in shown  # type: ignore[union-attr]


def test_an_expired_lot_bars_in_words(journey: Journey, page: Any) -> None:
    """It can only be so after the day of processing was corrected past the gates, by a script on the database."""
    journey.upto("processing")
    made = save(
        crfs.REAGENT_LOT,
        journey.asha,
        {"product": journey.product},
        reagent="Ficoll",
        lot="L1",
        expires_on="2025-03-10",
    )
    type(made).objects.filter(pk=made.pk).update(expires_on="2025-03-09")
    for address in (session_url(journey), f"/products/{journey.product.pk}/"):
        assert "Ficoll, lot L1, expired on 9 Mar 2025" in text_of(page(journey.asha).get(address))


def test_the_deviation_of_a_reading_stands_on_the_page(journey: Journey, page: Any) -> None:
    """A reading is saved by no form, so it is named by a word of its own."""
    journey.upto("issue")
    reading = journey.product.readings.order_by("id").first()
    Deviation.objects.create(
        site=journey.product.site,
        participant=journey.participant,
        form="identity-reading",
        object_id=reading.pk,
        code="identity_mismatch",
        description="Identity mismatch at issue.",
        classification="critical",
    )
    for address in (session_url(journey), f"/products/{journey.product.pk}/"):
        assert "Identity mismatch at issue." in text_of(page(journey.asha).get(address))


def test_who_may_not_see_safety_sees_no_deviations(journey: Journey, page: Any, monkeypatch: Any) -> None:
    journey.upto("infusion", infusion={"total_dose": "499"})
    address = f"/products/{journey.product.pk}/"
    assert "is below the planned range" in text_of(page(journey.asha).get(address))
    monkeypatch.setattr(
        roles.SiteCoordinator, "permissions", roles.SiteCoordinator.permissions - {Permission.VIEW_SAFETY}
    )
    shown = text_of(page(journey.asha).get(address))
    assert "is below the planned range" not in shown
    assert "Near misses" not in shown and "Adverse events" not in shown


def test_who_only_reads_is_offered_no_form(journey: Journey, page: Any, monkeypatch: Any) -> None:
    journey.upto("processing")
    only = roles.SiteCoordinator.permissions - {Permission.HANDLE_PRODUCTS, Permission.ENTER_DATA}
    monkeypatch.setattr(roles.SiteCoordinator, "permissions", only)
    for address in (session_url(journey), f"/products/{journey.product.pk}/"):
        shown = text_of(page(journey.asha).get(address))
        assert "/new/?" not in shown
        assert "Record a" not in shown and "Plan the dose" not in shown


def test_adverse_events_of_the_product_stand_on_its_page(journey: Journey, page: Any) -> None:
    from apps.safety.models import AdverseEvent

    journey.upto("product")
    of = {"site": journey.product.site, "participant": journey.participant}
    AdverseEvent.objects.create(verbatim="Fever at the ward", product=journey.product, serious=True, **of)
    AdverseEvent.objects.create(verbatim="Bruise at the hip", session=journey.session, **of)
    AdverseEvent.objects.create(verbatim="A cold in spring", **of)
    shown = text_of(page(journey.asha).get(f"/products/{journey.product.pk}/"))
    assert "Fever at the ward" in shown and "Bruise at the hip" in shown
    assert "A cold in spring" not in shown


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
    journey.upto("processing")
    sent = dict.fromkeys(crfs.VIABILITY.entered_fields, "") | {
        "viability_percent": "92.5",
        "method": "seven_aad",
        "measured_at": at(13),
    }
    address = f"/participants/{journey.participant.code}/forms/viability/new/?product={journey.product.pk}"
    answer = page(journey.asha).post(address, sent)
    assert (answer.status_code, answer["Location"]) == (302, session_url(journey))


def test_pages_take_as_many_queries_however_much_is_recorded(journey: Journey, page: Any) -> None:
    journey.open()
    plan = {"component": "bm_mnc", "planned_low": "800", "planned_high": "1600", "planned_on": "2025-03-10"}
    save(crfs.DOSE_PLAN, journey.rao, {"session": journey.session}, **plan)
    infusion = journey.upto("infusion")
    more_of_everything(journey, infusion, 1)
    client = page(journey.rao)
    addresses = (
        session_url(journey),
        f"/products/{journey.product.pk}/",
        f"/products/{journey.product.pk}/sheet/",
    )
    for address in addresses:
        client.get(address)
    before = [queries_of(client, address) for address in addresses]
    for number in (2, 3, 4):
        more_of_everything(journey, infusion, number)
    assert [queries_of(client, address) for address in addresses] == before
    assert max(before) <= 55, before


def more_of_everything(journey: Journey, infusion: Any, number: int) -> None:
    """One record more of what a product may have many of, and a deviation more."""
    of_product = {"product": journey.product}
    save(
        crfs.REAGENT_LOT,
        journey.asha,
        of_product,
        reagent="Ficoll",
        lot=f"L{number}",
        expires_on="2026-01-01",
    )
    save(
        crfs.CONTAINER,
        journey.asha,
        of_product,
        number=number,
        kind="syringe",
        volume_ml="5",
        filled_at=at(13),
    )
    save(
        crfs.HAND_OVER,
        journey.asha,
        of_product,
        leg="to_disposal",
        container="Box",
        given_at=at(16, 30 + number),
        received_at=at(16, 40 + number),
    )
    timepoint = ("start", "plus_15_min", "plus_30_min", "plus_60_min")[number - 1]
    save(crfs.OBSERVATIONS, journey.asha, {"infusion": infusion}, timepoint=timepoint, temperature="36.9")
    Deviation.objects.create(
        site=journey.product.site,
        participant=journey.participant,
        form="infusion",
        object_id=infusion.pk,
        code=f"code_{number}",
        description=f"Deviation {number}",
        classification="minor",
    )


def queries_of(client: Any, address: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


def test_ten_sessions_take_as_many_queries_as_one(
    journey: Journey, cast: Cast, django_assert_num_queries: Any
) -> None:
    journey.upto("product")
    selectors.sessions_context(journey.participant, cast.asha)  # reads the roles once
    with CaptureQueriesContext(connection) as one:
        selectors.sessions_context(journey.participant, cast.asha)
    journey.open(performed_on="2025-04-24")
    journey.made = {}
    journey.upto("product", product={"product_identifier": "D-010"})
    with django_assert_num_queries(len(one)):
        selectors.sessions_context(journey.participant, cast.asha)


def test_the_way_back_to_the_session_is_on_every_page_of_it(journey: Journey, cast: Cast, page: Any) -> None:
    """The shell once gave a variable of its own the same name: each of these links led to a page for scripts."""
    journey.upto("infusion")
    code, pk = journey.participant.code, journey.product.pk
    form = f'href="/forms/cell-session/{journey.session.pk}/"'  # type: ignore[union-attr]
    assert form in page(cast.asha).get(f"/participants/{code}/sessions/1/").content.decode()
    for path in (f"/products/{pk}/", f"/products/{pk}/release/", f"/products/{pk}/infusion/"):
        body = page(cast.rao).get(path).content.decode()
        assert f'href="/participants/{code}/sessions/1/"' in body, path
