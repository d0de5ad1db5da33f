"""What goes wrong in the demo goes through the same rules and gates as real data, and is seen where it should be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from apps.celldose.models import (
    Aliquot,
    CellProduct,
    HandOver,
    IdentityReading,
    InfusionHappening,
    Microbiology,
    NearMiss,
    Release,
)
from apps.enrolment.models import Participant
from apps.safety.models import (
    AdverseEvent,
    DkaEpisode,
    FollowUp,
    HypoglycaemiaEpisode,
    SafetyAlert,
    SafetyReport,
)
from demo import cast as demo_cast
from demo import consent_documents, load_deviations, load_synthetic, synthetic, synthetic_safety
from demo.synthetic import Form, Product, Reading, SyntheticParticipant
from studyportal.access import walls
from studyportal.audit import acting
from studyportal.crf.registry import spec_for
from studyportal.crf.signing import signatures_of
from studyportal.deviations import rules
from studyportal.deviations.models import Deviation

UNTIL = dt.date(2026, 3, 31)
COHORT = synthetic.cohort(until=UNTIL)
SHOWN = sorted({number for number, _session, _component in synthetic_safety.PRODUCTS})


def people() -> list[SyntheticParticipant]:
    return [*COHORT, *synthetic_safety.in_treatment(UNTIL)]


def products() -> Iterator[tuple[int, int, Product]]:
    for one in people():
        for session in one.sessions:
            for product in session.products:
                yield one.person.number, session.number, product


# --- What is written, without a database -----------------------------------------------------------------


def test_the_same_seed_and_day_give_the_same_products() -> None:
    again = synthetic.cohort(until=UNTIL)
    assert [one.sessions for one in again] == [one.sessions for one in COHORT]


def test_each_thing_is_shown_once_at_a_product_that_is_there() -> None:
    there = {(number, session, product.component) for number, session, product in products()}
    assert set(synthetic_safety.PRODUCTS) <= there
    kinds = list(synthetic_safety.PRODUCTS.values())
    assert len(kinds) == len(set(kinds)) == 7


def test_a_product_is_given_when_it_was_released_and_not_otherwise() -> None:
    for _number, _session, product in products():
        decision = product.release["decision"] if product.release else None
        given = decision in ("conditional", "exceptional")
        assert (product.infusion is not None) == given
        assert bool(product.happenings and product.observations and product.issue) == given
        assert (product.discard is not None) == (decision == "rejected")


def test_every_step_is_read_in_the_order_of_its_time() -> None:
    for _number, _session, product in products():
        steps = (*product.before, *product.issue)
        read = [one for one in steps if isinstance(one, Reading)]
        assert [one.step for one in read] == ["collection", "receipt", "issue", "bedside"][: len(read)]
        assert [one.at for one in read] == sorted(one.at for one in read)
        legs = [one.values for one in steps if isinstance(one, Form) and one.key == "hand-over"]
        for leg in legs:
            assert leg["given_at"] < leg["received_at"]


def test_what_is_given_and_what_remains_is_no_more_than_the_product() -> None:
    for _number, _session, product in products():
        if product.infusion is None:
            continue
        processing = next(s for s in product.before if isinstance(s, Form) and s.key == "processing")
        whole = float(processing.values["final_volume_ml"])
        given = product.infusion.values
        assert float(given["volume_ml"]) + float(given["residual_discarded_ml"]) <= whole - 0.99


def test_the_plan_lies_within_the_protocol_and_holds_every_dose_but_one() -> None:
    outside = []
    for number, session, product in products():
        low, high = float(product.plan.values["planned_low"]), float(product.plan.values["planned_high"])
        assert (500, 5000) if product.component == "bm_mnc" else (400, 1600)
        assert low < high
        if product.infusion and not low <= float(product.infusion.values["total_dose"]) <= high:
            outside.append((number, session, product.component))
    assert outside == [(2, 2, "svf")]


def test_reports_come_after_the_site_knew_and_only_the_late_say_why() -> None:
    told = [story for one in people() for story in synthetic_safety.stories(one, UNTIL)]
    assert sorted(story.term for story in told) == [
        "dka",
        "hypoglycaemia_level_3",
        "infusion_reaction",
        "thromboembolism",
    ]
    for story in told:
        late = [report for report in story.reports if report.late_reason]
        assert bool(late) == (story.term == "thromboembolism")
        if story.form is not None:
            assert all(report.sent_at > story.form.values["aware_at"] for report in story.reports)


# --- What the portal makes of it -------------------------------------------------------------------------


def _short(one: SyntheticParticipant) -> SyntheticParticipant:
    """Without the forms of visits that no product and no event rests on."""
    reported = {visit for visit, _session, form in one.events if form.values["term"] == "dka"}
    return replace(
        one,
        visits=tuple(
            replace(
                visit,
                charts=(),
                forms=tuple(f for f in visit.forms if f.key in ("vital-signs", "safety-review")),
            )
            for visit in one.visits
            if visit.key in ("SCR", "S1", "S2") or visit.key in reported
        ),
        events=tuple(event for event in one.events if event[0] in reported or event[0] in ("S1", "S2")),
        endings=(),
        later=(),
    )


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Participant]]:
    """Those of whom something is shown, loaded once and rolled back after the module."""
    wanted = [
        _short(one)
        for one in people()
        if (one.person.control is None and one.person.number in (*SHOWN, 2, 9, 15, 17))
        or one.person.label == "Synthetic case 08, control 2"
    ]
    with django_db_blocker.unblock(), transaction.atomic():
        demo_cast.ensure()
        crews = load_synthetic._crews()
        found: dict[str, Participant] = {}
        with walls.whole_study(), acting(source="command", reason=load_synthetic.REASON):
            for crew in crews.values():
                consent_documents.ensure(crew.site, by=crew.investigator, until=UNTIL)
            for one in wanted:
                found[one.person.label] = load_synthetic.enter(one, crews[one.person.site], None, UNTIL)
            for crew in crews.values():
                load_deviations.settle(crew, UNTIL)
        yield found
        transaction.set_rollback(True)


def product_of(loaded: dict[str, Participant], number: int, session: int, component: str) -> CellProduct:
    participant = loaded[f"Synthetic case {number:02d}"]
    return CellProduct.objects.get(
        participant=participant, harvest__session__number=session, component=component
    )


def codes_of(product: CellProduct) -> set[str]:
    return set(Deviation.objects.filter(participant=product.participant).values_list("code", flat=True))


@pytest.mark.slow
class TestLoaded:
    def test_products_carry_numbers_that_the_portal_gave(self, loaded: Any) -> None:
        numbers = list(CellProduct.objects.values_list("product_identifier", flat=True))
        assert len(set(numbers)) == len(numbers) > 20

    def test_two_accounts_read_every_step(self, loaded: Any) -> None:
        product = product_of(loaded, 15, 1, "bm_mnc")
        read = IdentityReading.objects.filter(product=product).select_related("reader")
        assert [(one.step, one.reader.username) for one in read] == [
            (step, who)
            for step in ("collection", "receipt", "issue", "bedside")
            for who in ("asha", "nikhil")
        ]
        assert all(one.matches for one in read)

    def test_products_change_hands_twice_and_leave_a_sample(self, loaded: Any) -> None:
        product = product_of(loaded, 15, 1, "bm_mnc")
        assert list(
            HandOver.objects.filter(product=product).values_list("leg", flat=True).order_by("id")
        ) == [
            "to_laboratory",
            "to_ward",
        ]
        assert Aliquot.objects.filter(container__product=product, purpose="sterility").exists()

    def test_every_release_is_signed_by_the_investigator(self, loaded: Any) -> None:
        spec = spec_for(Release)
        for release in Release.objects.all():
            [signature] = signatures_of(spec, release)
            assert signature.state == "signed"

    def test_the_swapped_bag_is_a_near_miss_and_a_deviation_and_was_mended(self, loaded: Any) -> None:
        product = product_of(loaded, 1, 1, "svf")
        miss = NearMiss.objects.get(product=product)
        assert miss.code == "identity_mismatch_bedside"
        assert "identity_mismatch" in codes_of(product)
        assert product.infusions.count() == 1

    def test_the_expired_lot_was_refused_and_kept(self, loaded: Any) -> None:
        product = product_of(loaded, 3, 1, "svf")
        assert NearMiss.objects.get(product=product).code == "reagent_expired"
        assert product.reagent_lots.get().lot != "L00417"

    def test_the_exceptional_release_is_a_deviation(self, loaded: Any) -> None:
        product = product_of(loaded, 6, 1, "bm_mnc")
        assert product.releases.get().decision == "exceptional"
        assert product.infusions.exists()
        assert Deviation.objects.filter(participant=product.participant, kind="product").exists()

    def test_late_growth_raises_alert_event_and_deviation(self, loaded: Any) -> None:
        for number, session, component, answered in ((13, 2, "bm_mnc", False), (16, 1, "svf", True)):
            product = product_of(loaded, number, session, component)
            assert Microbiology.objects.get(product=product).aerobic == "growth"
            alert = SafetyAlert.objects.get(product=product)
            assert (alert.acknowledged_at is not None) is answered
            assert AdverseEvent.objects.get(product=product).term == "positive_culture"
            assert Deviation.objects.filter(
                participant=product.participant, form="microbiology", state="open"
            ).exists()

    def test_one_product_was_discarded_and_one_stands_in_quarantine(self, loaded: Any) -> None:
        gone = product_of(loaded, 32, 1, "svf")
        assert gone.releases.get().decision == "rejected"
        assert gone.discards.exists()
        held = product_of(loaded, 33, 1, "bm_mnc")
        assert not held.releases.exists()
        assert not held.discards.exists()

    def test_the_reaction_stopped_the_infusion_for_a_while(self, loaded: Any) -> None:
        product = product_of(loaded, 9, 2, "bm_mnc")
        kinds = InfusionHappening.objects.filter(infusion__product=product).order_by("at", "id")
        assert list(kinds.values_list("kind", flat=True)) == [
            "premedication",
            "rate",
            "reaction",
            "interruption",
            "treatment",
            "resumption",
            "flush",
        ]

    def test_the_ketoacidosis_was_reported_in_time_and_followed_until_it_resolved(self, loaded: Any) -> None:
        event = AdverseEvent.objects.get(term="dka")
        assert DkaEpisode.objects.get(event=event).meets_criteria
        assert FollowUp.objects.filter(event=event).count() == 2
        assert event.outcome == "recovered"
        reports = SafetyReport.objects.filter(event=event)
        assert reports.count() == 6
        assert not any(report.late for report in reports)

    def test_one_report_was_late_and_says_why(self, loaded: Any) -> None:
        event = AdverseEvent.objects.get(term="thromboembolism")
        reports = SafetyReport.objects.filter(event=event)
        assert reports.count() == 3
        assert all(report.late and report.late_reason for report in reports)
        assert Deviation.objects.filter(participant=event.participant, kind="safety").exists()

    def test_a_level_3_and_one_that_is_not_reported_yet(self, loaded: Any) -> None:
        assert HypoglycaemiaEpisode.objects.get().level == "3"
        event = AdverseEvent.objects.get(participant=loaded["Synthetic case 33"], serious=True)
        assert not SafetyReport.objects.filter(event=event).exists()

    def test_deviations_stand_in_every_state_and_at_every_step(self, loaded: Any) -> None:
        found = list(Deviation.objects.all())
        steps = {rules.next_step(one.facts) for one in found}
        assert steps == set(rules.Step)
        assert any(rules.overdue(one.facts, UNTIL) for one in found)
        assert {one.raised_by is None for one in found} == {True, False}
