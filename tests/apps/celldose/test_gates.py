"""What may not happen, and what had already happened before the study opened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from apps.celldose import actions, crfs, gates
from apps.celldose.models import Infusion, Release
from apps.celldose.product_file import product_file
from apps.consent.actions import record_event
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.outcomes import Problem
from studyportal.crf.partial_date import PartialDate
from studyportal.deviations.models import Deviation
from studyportal.queries.models import Query
from tests.apps.celldose.conftest import Journey, at, consent, save, treated, weigh
from tests.cast import Cast


def refused(attempt: Callable[[], Any]) -> list[str]:
    with pytest.raises(Refused) as caught:
        attempt()
    assert all(problem.message.endswith(".") for problem in caught.value.problems)
    return [problem.code for problem in caught.value.problems]


def invalid(attempt: Callable[[], Any]) -> list[str]:
    with pytest.raises(CrfInvalid) as caught:
        attempt()
    return [f"{problem.field}:{problem.code}" for problem in caught.value.problems]


def test_no_harvest_without_consent(cast: Cast) -> None:
    journey = Journey(treated(cast.asha, cast.mumbai), cast.asha, cast.rao)
    journey.open()
    assert refused(journey.make_harvest) == ["consent_not_in_force"]


def test_no_harvest_under_a_consent_signed_afterwards(cast: Cast) -> None:
    journey = Journey(treated(cast.asha, cast.mumbai), cast.asha, cast.rao)
    consent(journey.participant, cast.asha, signed_on="2025-03-11")
    journey.open()
    assert refused(journey.make_harvest) == ["consent_not_in_force"]


def test_consent_of_the_same_day_without_time_is_not_enough(cast: Cast) -> None:
    journey = Journey(treated(cast.asha, cast.mumbai), cast.asha, cast.rao)
    consent(journey.participant, cast.asha, signed_on="2025-03-10")
    journey.open()
    with pytest.raises(Refused, match="consent_not_in_force") as caught:
        journey.make_harvest()
    assert "cannot be told" in caught.value.problems[0].message


def test_consent_of_the_same_day_with_an_earlier_time_is(cast: Cast) -> None:
    journey = Journey(treated(cast.asha, cast.mumbai), cast.asha, cast.rao)
    consent(journey.participant, cast.asha, signed_on="2025-03-10", signed_at=at(8))
    journey.open()
    assert journey.make_harvest().pk


def test_consent_to_another_session_is_not_enough(cast: Cast) -> None:
    journey = Journey(treated(cast.asha, cast.mumbai), cast.asha, cast.rao)
    consent(journey.participant, cast.asha, session_number=2)
    journey.open()
    assert refused(journey.make_harvest) == ["consent_not_in_force"]


def test_no_release_before_the_criteria_are_evaluated(journey: Journey) -> None:
    journey.upto("microbiology")
    assert refused(journey.make_release) == ["criteria_not_evaluated"]


def test_no_release_on_an_outdated_evaluation(journey: Journey) -> None:
    journey.upto("evaluation")
    save(
        crfs.VIABILITY,
        journey.asha,
        record=journey.made["viability"],
        viability_percent="91",
        reason="typing error",
    )
    assert refused(journey.make_release) == ["evaluation_outdated"]


def test_no_release_out_of_specification(journey: Journey) -> None:
    journey.upto("evaluation", viability={"viability_percent": "69.9"})
    assert refused(journey.make_release) == ["criteria_failed"]
    assert journey.make_release(decision="rejected", reason_rejected="Viability").pk


def test_no_full_release_while_cultures_are_pending(journey: Journey) -> None:
    journey.upto("evaluation")
    assert refused(lambda: journey.make_release(decision="released")) == ["criteria_pending"]


def test_no_release_when_a_criterion_cannot_be_evaluated(cast: Cast) -> None:
    journey = Journey(treated(cast.asha, cast.mumbai), cast.asha, cast.rao)  # no weight, so no EU/kg
    consent(journey.participant, cast.asha)
    journey.upto("evaluation")
    assert refused(journey.make_release) == ["criteria_not_evaluable"]


def test_no_release_of_an_unprocessed_product(journey: Journey) -> None:
    journey.upto("receipt")
    assert refused(journey.make_evaluation) == ["not_processed"]
    assert refused(journey.make_release) == ["criteria_not_evaluated"]


def test_no_infusion_without_release(journey: Journey) -> None:
    journey.upto("evaluation")
    unchecked = ["identity_unchecked_issue", "identity_unchecked_bedside"]
    assert refused(journey.make_infusion) == ["not_released", *unchecked]
    assert refused(journey.make_issue) == ["not_released"]


def test_no_infusion_of_a_rejected_product(journey: Journey) -> None:
    journey.upto("release", release={"decision": "rejected", "reason_rejected": "Clot"})
    assert "rejected" in refused(journey.make_infusion)
    assert refused(journey.make_issue) == ["rejected"]


def test_no_infusion_past_expiry(journey: Journey) -> None:
    journey.upto("bedside")
    too_late = {"started_at": at(10, 1, days=3), "stopped_at": at(11, days=3)}
    assert refused(lambda: journey.make_infusion(**too_late)) == ["expired"]
    at_the_minute = {"started_at": at(10, days=3), "stopped_at": at(11, days=3)}
    assert journey.make_infusion(**at_the_minute).pk


def test_no_release_and_no_infusion_when_the_expiry_cannot_be_determined(journey: Journey) -> None:
    journey.upto("evaluation", processing={"storage": None})
    assert refused(journey.make_release) == ["expiry_unknown"]
    assert "expiry_unknown" in refused(journey.make_infusion)


def test_no_infusion_without_its_time(journey: Journey) -> None:
    journey.upto("bedside")
    unknown = {"started_at": None}
    assert refused(lambda: journey.make_infusion(**unknown)) == ["start_missing"]


def test_no_infusion_without_identity_checks(journey: Journey) -> None:
    journey.upto("release")
    assert refused(journey.make_infusion) == ["identity_unchecked_issue", "identity_unchecked_bedside"]


@pytest.mark.parametrize("read", [{"identifier_read": "D-002"}, {"participant_code_read": "MUM-0002-5"}])
def test_no_infusion_after_an_identity_mismatch(journey: Journey, read: dict[str, str]) -> None:
    journey.upto("issue")
    journey.make_bedside(**read)
    assert refused(journey.make_infusion) == ["identity_mismatch_bedside"]
    assert Deviation.objects.get(code="identity_mismatch").classification == "critical"
    journey.make_bedside(checked_at=at(15, 5))  # checked again, and right
    assert journey.make_infusion().pk


def test_no_infusion_to_another_participant(journey: Journey, cast: Cast) -> None:
    journey.upto("bedside")
    other = treated(cast.asha, cast.mumbai)
    attempt = lambda: save(  # noqa: E731
        crfs.INFUSION, cast.asha, {"product": journey.product}, participant=other, started_at=at(15, 10)
    )
    assert invalid(attempt) == ["product:other_participant"]


def test_no_infusion_after_consent_was_withdrawn(journey: Journey) -> None:
    journey.upto("bedside")
    record_event(
        participant=journey.participant,
        kind="withdrawal",
        by=journey.asha,
        withdrawal_scopes=["treatment"],
        signed_on="2025-03-10",
        signer="participant",
    )
    assert refused(journey.make_infusion) == ["consent_not_in_force"]


def test_no_product_is_used_twice(journey: Journey) -> None:
    journey.upto("infusion")
    assert refused(journey.make_infusion) == ["already_started", "already_used"]


def test_no_infusion_of_a_discarded_product_and_no_discard_of_an_infused_one(journey: Journey) -> None:
    journey.upto("bedside")
    discard = save(
        crfs.DISCARD, journey.asha, {"product": journey.product}, reason_code="damaged", discarded_at=at(15)
    )
    assert refused(journey.make_infusion) == ["discarded"]
    assert discard.pk


def test_an_infused_product_is_not_discarded(journey: Journey) -> None:
    journey.upto("infusion")
    attempt = lambda: save(crfs.DISCARD, journey.asha, {"product": journey.product}, reason_code="other")  # noqa: E731
    assert refused(attempt) == ["already_used"]


def test_a_result_that_turned_bad_after_release_bars_the_infusion(journey: Journey) -> None:
    journey.upto("bedside")
    save(
        crfs.MICROBIOLOGY,
        journey.asha,
        record=journey.made["microbiology"],
        aerobic="growth",
        reason="preliminary reading",
    )
    assert refused(journey.make_infusion) == ["out_of_specification"]


def test_a_session_is_not_before_the_one_before(journey: Journey) -> None:
    journey.open()
    assert refused(lambda: journey.open(performed_on="2025-02")) == ["order"]


def test_a_control_has_no_session(cast: Cast) -> None:
    from apps.enrolment.actions import register

    control = register(site=cast.mumbai, by=cast.asha, group="control")
    assert refused(lambda: actions.plan_session(participant=control, by=cast.asha)) == ["group"]


def test_a_correction_of_a_saved_infusion_is_not_barred_by_the_infusion_itself(journey: Journey) -> None:
    infusion = journey.upto("infusion")
    save(crfs.INFUSION, journey.asha, record=infusion, total_dose="990", reason="typing error")
    infusion.refresh_from_db()
    assert infusion.version == 2


def test_the_way_from_harvest_to_infusion(journey: Journey) -> None:
    journey.upto("infusion")
    life = product_file(journey.product.pk).life
    assert life.state == "infused"
    assert life.out_of_order == ()
    release = Release.objects.get()
    assert (release.released_by, release.evaluation) == (journey.rao, journey.made["evaluation"])
    assert (release.criteria_passed, release.criteria_pending) == (3, 1)
    assert not Deviation.objects.exists()


# --- history: what a paper reports has happened ---------------------------------------------------------


@pytest.mark.parametrize(
    ("retrospective", "day", "history"),
    [
        (True, "2016-11", True),
        (True, "2023-12-31", True),
        (True, "2024-01-01", False),  # the study opened
        (True, "2024", False),
        (True, "2023-12", True),
        (True, None, True),
        (False, "2016-11", False),
        (False, None, False),
    ],
)
def test_history_is_decided_in_one_place(retrospective: bool, day: str | None, history: bool) -> None:
    class Someone:
        pass

    someone: Any = Someone()
    someone.retrospective = retrospective
    date = PartialDate.parse(day) if day else None
    bars = [Problem("participant", "consent_not_in_force", "No consent.")]
    assert gates.is_history(someone, date) is history
    assert bool(gates.refusing(bars, someone, date)) is not history
    assert bool(gates.held_back_by_history(bars, someone, date)) is history


def test_a_transcribed_session_is_recorded_and_asked_about(transcribed: Journey) -> None:
    session = transcribed.open(performed_on="2016-11")
    harvest = transcribed.upto("harvest", harvest={"started_at": None, "ended_at": None, "volume_ml": "100"})
    product = transcribed.upto("product", product={"product_identifier": None})
    infusion = transcribed.make_infusion(
        started_at=None,
        stopped_at=None,
        volume_ml=None,
        total_dose=None,
        dose_as_stated="500–5000 × 106",
    )
    assert session.performed_on == PartialDate.parse("2016-11")
    assert infusion.total_dose is None
    assert infusion.absent["dose_per_kg"] == "not_derivable: dose given and same-day weight missing"
    asked: dict[tuple[str, int | None], set[str]] = defaultdict(set)
    for query in Query.objects.all():
        asked[query.form, query.object_id].add(query.code)
    assert asked["cell-session", session.pk] == {"date_precision"}
    assert asked["harvest", harvest.pk] == {"history_consent_not_in_force"}
    assert asked["infusion", infusion.pk] >= {
        "dose_not_stated",
        "history_not_released",
        "history_consent_not_in_force",
        "history_identity_unchecked_bedside",
    }
    life = product_file(product.pk).life
    assert life.state == "infused"
    assert life.out_of_order == ("infused after harvested",)


def test_a_transcribed_participant_treated_after_the_opening_meets_every_gate(transcribed: Journey) -> None:
    transcribed.open(performed_on="2025-03-10")
    assert refused(transcribed.make_harvest) == ["consent_not_in_force"]


def test_a_session_whose_date_is_not_in_the_paper(transcribed: Journey) -> None:
    transcribed.open(performed_on="2016-11")
    second = transcribed.open(performed_on=None, absent={"performed_on": "not_recorded"})
    assert second.number == 2
    query = Query.objects.get(form="cell-session", object_id=second.pk)
    assert query.code == "date_missing"
    assert "between 16 Dec 2016 and 14 Jan 2017" in query.message


def test_nothing_is_kept_of_a_refused_infusion(journey: Journey) -> None:
    journey.upto("evaluation")
    refused(journey.make_infusion)
    assert not Infusion.objects.exists()
    assert not Query.objects.filter(form="infusion").exists()


def test_weights_of_other_days_do_not_count(journey: Journey) -> None:
    weigh(journey.participant, journey.asha, weight="80", on="2025-04-09", key="M1")
    infusion = journey.upto("infusion")
    assert infusion.weight_kg == 50


def test_treatment_that_turns_out_to_lack_consent_is_a_critical_deviation(cast: Cast) -> None:
    """The gate let it pass; a correction of the log shows afterwards that consent came later."""
    journey = Journey(treated(cast.asha, cast.mumbai), cast.asha, cast.rao)
    entry = consent(journey.participant, cast.asha)
    harvest = journey.upto("harvest")

    def corrected(day: str) -> Any:
        return record_event(
            participant=journey.participant, kind="correction", by=cast.asha, corrects=entry, signed_on=day, note="Misread"
        )  # fmt: skip

    assert not Deviation.objects.filter(code="treatment_without_consent").exists()
    corrected("2025-03-20")
    found = Deviation.objects.get(code="treatment_without_consent")
    assert (found.form, found.object_id, found.classification, found.state) == (
        "harvest", harvest.pk, "critical", "open",
    )  # fmt: skip
    corrected("2025-02-20")
    found.refresh_from_db()
    assert found.state == "withdrawn"


def test_what_follows_a_treatment_goes_on_after_a_withdrawal(cast: Cast) -> None:
    journey = Journey(treated(cast.asha, cast.mumbai), cast.asha, cast.rao)
    consent(journey.participant, cast.asha)
    weigh(journey.participant, cast.asha)
    journey.upto("receipt")
    record_event(
        participant=journey.participant, kind="withdrawal", by=cast.asha, signed_on="2025-03-09",
        withdrawal_scopes=["erasure_request"],
    )  # fmt: skip
    assert journey.make_processing().pk
    assert journey.make_microbiology().pk
