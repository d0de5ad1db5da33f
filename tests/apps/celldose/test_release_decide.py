"""Deciding on a product: evaluate, record and sign in one step, or nothing; exceptional release; quarantine; discard."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection

from apps.celldose import actions, crfs, release, signed
from apps.celldose.models import Release, ReleaseEvaluation
from apps.celldose.product_file import product_file
from apps.celldose.selectors import waiting
from studyportal import protocol
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.deviations.models import Deviation
from studyportal.queries.models import Query
from studyportal.signatures.errors import NotPermitted, NotTheSigner
from studyportal.signatures.models import Signature
from tests.apps.celldose.conftest import PASSWORD, Journey, at, request_of, save, weigh
from tests.cast import Cast

EXCEPTIONAL: dict[str, Any] = {
    "decision": "exceptional",
    "exceptional_reason": "Viability 69.9 %; no second harvest is possible",
    "exceptional_informed": ["physician", "participant", "committee"],
}
FAILING = {"viability": {"viability_percent": "69.9"}}


def decide(journey: Journey, by: Any = None, **stated: Any) -> Release:
    by = by or journey.rao
    ordinary: dict[str, Any] = {
        "decision": "conditional",
        "released_at": at(14),
        "password": PASSWORD,
        "request": request_of(by),
    }
    if stated.get("decision") is None:
        ordinary["conditions"] = "Cultures at day 14"
    return actions.decide(product=journey.product, by=by, **(ordinary | stated))


def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A protocol with the same criteria is in force."""
    now = protocol.current()
    study = now.study.model_copy(update={"version": "9.9"})
    monkeypatch.setattr(protocol, "current", lambda: now.model_copy(update={"study": study}))


def codes(act: Any, error: type[Exception] = Refused) -> list[str]:
    with pytest.raises(error) as caught:
        act()
    return [one.code for one in caught.value.problems]  # type: ignore[attr-defined]


def nothing_happened() -> bool:
    return not (Release.objects.exists() or ReleaseEvaluation.objects.exists() or Signature.objects.exists())


# --- refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["asha", "vikram", "meera", "sanjay", "farah", "admin", "norole"])
def test_who_does_not_release_does_not_decide(journey: Journey, cast: Cast, name: str) -> None:
    journey.upto("microbiology")
    with pytest.raises(NotPermitted):
        decide(journey, by=getattr(cast, name))
    assert nothing_happened()


def test_nobody_decides_for_another(journey: Journey, cast: Cast) -> None:
    journey.upto("microbiology")
    with pytest.raises(NotPermitted):
        decide(journey, request=request_of(cast.asha))
    assert nothing_happened()


@pytest.mark.parametrize("password", ["wrong", "", PASSWORD + " "])
def test_a_wrong_password_decides_nothing(journey: Journey, password: str) -> None:
    journey.upto("microbiology")
    with pytest.raises(NotTheSigner):
        decide(journey, password=password)
    assert nothing_happened()


def test_what_the_gate_refuses_leaves_no_evaluation_and_no_signature(journey: Journey) -> None:
    journey.upto("microbiology", **FAILING)
    assert codes(lambda: decide(journey)) == ["criteria_failed"]
    assert nothing_happened()


def test_what_the_form_refuses_leaves_nothing_either(journey: Journey) -> None:
    journey.upto("microbiology")
    assert codes(lambda: decide(journey, decision="perhaps"), CrfInvalid) == ["unknown_code"]
    assert codes(lambda: decide(journey, released_at=""), CrfInvalid) == ["required"]
    assert nothing_happened()


def test_an_unprocessed_product_is_not_decided_on(journey: Journey) -> None:
    journey.upto("receipt")
    assert codes(lambda: decide(journey)) == ["not_processed"]


def test_a_decision_without_its_time_is_refused(journey: Journey) -> None:
    journey.upto("microbiology")
    stated = {"released_at": None, "absent": {"released_at": "not_recorded"}}
    assert codes(lambda: decide(journey, **stated)) == ["decided_at_missing"]


def test_no_release_past_the_expiry(journey: Journey) -> None:
    journey.upto("microbiology")
    assert codes(lambda: decide(journey, released_at=at(10, 1, days=3))) == ["expired"]
    assert decide(journey, released_at=at(10, days=3)).pk


def test_no_release_of_a_product_that_nobody_checked(journey: Journey) -> None:
    journey.open()
    for step in ("harvest", "product", "hand_over", "processing", "counts", "viability", "microbiology"):
        journey.made[step] = getattr(journey, f"make_{step}")()
    unchecked = ["identity_unchecked_collection", "identity_unchecked_receipt"]
    assert codes(lambda: decide(journey)) == unchecked
    assert "identity_unchecked_receipt" in codes(lambda: decide(journey, **EXCEPTIONAL))
    assert decide(journey, decision="rejected", reason_rejected="Whose is it?").pk


def test_the_second_of_two_who_decide_at_once_is_told(journey: Journey) -> None:
    journey.upto("microbiology")
    decide(journey)
    with pytest.raises(Refused) as caught:
        decide(journey, decision="rejected", reason_rejected="Clot")
    (problem,) = caught.value.problems
    assert problem.code == "already_decided"
    assert "Rao" in problem.message and "Released conditionally" in problem.message
    assert Release.objects.get().decision == "conditional"


def test_a_decision_that_changed_meanwhile_is_not_written_over(journey: Journey) -> None:
    journey.upto("microbiology")
    first = decide(journey)
    again: dict[str, Any] = {
        "conditions": "Telephone",
        "expected_version": first.version,
        "reason": "clearer",
    }
    decide(journey, **again)
    with pytest.raises(StaleVersion):
        decide(journey, **again)


def test_changing_a_decision_needs_a_reason(journey: Journey) -> None:
    journey.upto("microbiology")
    first = decide(journey)
    with pytest.raises(ReasonRequired):
        decide(journey, conditions="Telephone", expected_version=first.version)


# --- one step --------------------------------------------------------------------------------------------


def test_it_is_evaluated_recorded_and_signed_at_once(journey: Journey) -> None:
    journey.upto("microbiology")
    made = decide(journey)
    file = product_file(journey.product.pk)
    assert made.evaluation == file.evaluation
    assert (made.released_by, made.culture_due_on) == (journey.rao, dt.date(2025, 3, 24))
    assert file.evaluation is not None
    assert file.evaluation.protocol_version == protocol.current().version
    assert file.evaluation.expires_at == file.expires_at
    assert (file.is_signed, file.life.state) == (True, "released")
    signature = Signature.objects.get()
    assert (signature.meaning, signature.signer, signature.object_id) == ("released", journey.rao, made.pk)
    assert not Deviation.objects.exists()
    journey.made |= {"evaluation": file.evaluation, "release": made}
    assert journey.upto("infusion").pk


def test_what_was_recorded_before_is_signed_by_deciding_the_same(journey: Journey) -> None:
    made = journey.upto("release", release={"signed": False})
    assert product_file(journey.product.pk).life.state == "quarantined"
    again = decide(journey, expected_version=made.version)
    assert (again.pk, again.version) == (made.pk, made.version)
    assert product_file(journey.product.pk).is_signed


def test_signing_twice_what_has_not_changed_is_told(journey: Journey) -> None:
    from studyportal.signatures.errors import NotSigned

    journey.upto("microbiology")
    made = decide(journey)
    with pytest.raises(NotSigned) as caught:
        decide(journey, expected_version=made.version)
    assert caught.value.code == "already_signed"


def test_the_list_and_the_hash_agree_on_every_state_of_the_signature(journey: Journey) -> None:
    def both() -> tuple[bool, bool]:
        listed = signed.with_signature(Release.objects.all()).get()
        return listed.is_signed, signed.stands(listed)  # type: ignore[attr-defined]

    made = journey.upto("release", release={"signed": False})
    assert both() == (False, False)
    decide(journey, expected_version=made.version)
    assert both() == (True, True)
    save(crfs.RELEASE, journey.rao, record=made, conditions="Telephone", reason="clearer")
    assert both() == (False, False)
    made.refresh_from_db()
    decide(journey, conditions="Telephone", expected_version=made.version)
    assert both() == (True, True)
    with connection.cursor() as cursor:  # somebody writes past the application
        cursor.execute("UPDATE celldose_releaseevaluation SET protocol_version = '0.1'")
    assert both() == (False, False)


def test_another_meaning_does_not_release(journey: Journey) -> None:
    from studyportal.crf import signing

    made = journey.upto("release", release={"signed": False})
    signing.sign(
        crfs.RELEASE,
        record=made,
        meaning="reviewed",
        by=journey.rao,
        request=request_of(journey.rao),
        password=PASSWORD,
        version_seen=made.version,
    )
    assert not signed.stands(made)
    assert not signed.with_signature(Release.objects.all()).get().is_signed  # type: ignore[attr-defined]


# --- the protocol in force -------------------------------------------------------------------------------


def test_a_newer_protocol_makes_the_evaluation_outdated(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey.upto("evaluation")
    newer(monkeypatch)
    file = product_file(journey.product.pk)
    assert "9.9 is in force now" in file.outdated and not file.evaluation_is_current
    with pytest.raises(Refused) as caught:
        journey.make_release()
    assert "9.9 is in force now" in caught.value.problems[0].message
    made = decide(journey)
    assert made.evaluation is not None and made.evaluation.protocol_version == "9.9"
    assert ReleaseEvaluation.objects.count() == 2


def test_a_changed_expiry_makes_the_evaluation_outdated(journey: Journey) -> None:
    journey.upto("evaluation")
    save(
        crfs.PROCESSING,
        journey.asha,
        record=journey.made["processing"],
        storage="room_temperature",
        reason="mixed up",
    )
    assert "expiry changed" in product_file(journey.product.pk).outdated


def test_what_was_infused_is_not_judged_by_a_newer_protocol(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey.upto("infusion")
    newer(monkeypatch)
    assert product_file(journey.product.pk).outdated == ""


# --- after the infusion ----------------------------------------------------------------------------------


def test_after_the_infusion_the_words_are_mended_and_the_decision_keeps_its_evaluation(
    journey: Journey,
) -> None:
    journey.upto("infusion")
    made, evaluation = journey.made["release"], journey.made["evaluation"]
    save(
        crfs.MICROBIOLOGY, journey.asha, record=journey.made["microbiology"], aerobic="growth", reason="day 9"
    )
    mended = decide(journey, conditions="Telephone Dr Rao", expected_version=made.version, reason="clearer")
    assert mended.evaluation == evaluation and product_file(journey.product.pk).is_signed
    assert ReleaseEvaluation.objects.count() == 1
    rejected: dict[str, Any] = {"decision": "rejected", "reason_rejected": "Growth", "conditions": ""}
    stated = rejected | {"expected_version": mended.version, "reason": "growth"}
    assert codes(lambda: decide(journey, **stated)) == ["already_used"]


def test_an_infused_product_is_not_evaluated_again(journey: Journey) -> None:
    journey.upto("infusion")
    assert codes(journey.make_evaluation) == ["already_used"]


# --- exceptional release ---------------------------------------------------------------------------------


def test_an_exceptional_release_says_why_and_who_was_told(journey: Journey) -> None:
    journey.upto("microbiology", **FAILING)
    bare = {"decision": "exceptional"}
    assert codes(lambda: decide(journey, **bare), CrfInvalid) == ["required", "required"]
    not_told = EXCEPTIONAL | {"exceptional_informed": ["committee"]}
    assert codes(lambda: decide(journey, **not_told), CrfInvalid) == ["physician_not_told"]
    assert nothing_happened()


@pytest.mark.parametrize(
    ("decision", "unsaid"),
    [
        ("conditional", ["conditions"]),
        ("exceptional", ["exceptional_reason", "exceptional_informed"]),
        ("rejected", ["reason_rejected"]),
    ],
)
def test_a_reason_of_absence_is_no_reason(journey: Journey, decision: str, unsaid: list[str]) -> None:
    journey.upto("microbiology", **FAILING)
    with pytest.raises(Refused) as caught:
        decide(journey, decision=decision, absent=dict.fromkeys(unsaid, "not_recorded"))
    said = [one.field for one in caught.value.problems if one.code == "reason_missing"]
    assert said == unsaid
    assert nothing_happened()


def test_nothing_exceptional_is_no_exceptional_release(journey: Journey) -> None:
    journey.upto("microbiology")
    assert codes(lambda: decide(journey, **EXCEPTIONAL)) == ["nothing_exceptional"]


def test_a_failing_product_under_an_exceptional_release_is_infused(journey: Journey) -> None:
    journey.upto("microbiology", **FAILING)
    journey.made["evaluation"], journey.made["release"] = None, decide(journey, **EXCEPTIONAL)
    file = product_file(journey.product.pk)
    assert (file.life.state, file.quarantine) == ("released", ())
    found = Deviation.objects.get()
    assert (found.code, found.classification) == ("exceptional_release", "critical")
    assert "Viability" in found.description
    journey.upto("infusion")
    assert set(Deviation.objects.values_list("code", flat=True)) == {
        "exceptional_release",
        "out_of_specification",
    }
    assert not Query.objects.filter(code="exceptional_not_told").exists()


def test_who_is_still_to_be_told_is_asked(journey: Journey) -> None:
    journey.upto("microbiology", **FAILING)
    decide(journey, **(EXCEPTIONAL | {"exceptional_informed": ["physician"]}))
    query = Query.objects.get(code="exceptional_not_told")
    assert "participant and committee" in query.message


def test_an_exceptional_release_answers_for_what_it_knew_and_no_more(journey: Journey) -> None:
    journey.upto("microbiology", **FAILING)
    journey.made["evaluation"], journey.made["release"] = None, decide(journey, **EXCEPTIONAL)
    journey.upto("bedside")
    viability = journey.made["viability"]
    save(crfs.VIABILITY, journey.asha, record=viability, viability_percent="20", reason="recounted")
    file = product_file(journey.product.pk)
    assert (file.failing, file.life.state) == (("Viability",), "quarantined")
    assert codes(journey.make_infusion) == ["out_of_specification"]


def test_it_never_lifts_consent_identity_or_use(journey: Journey) -> None:
    from apps.consent.actions import record_event

    journey.upto("microbiology", **FAILING)
    journey.made["evaluation"], journey.made["release"] = None, decide(journey, **EXCEPTIONAL)
    assert codes(journey.make_infusion) == ["identity_unchecked_issue", "identity_unchecked_bedside"]
    journey.upto("bedside")
    record_event(
        participant=journey.participant,
        kind="withdrawal",
        by=journey.asha,
        withdrawal_scopes=["treatment"],
        signed_on="2025-03-10",
        signer="participant",
    )
    assert codes(journey.make_infusion) == ["consent_not_in_force"]


def test_an_expired_product_is_released_exceptionally_until_a_time(journey: Journey) -> None:
    journey.upto("microbiology")
    late: dict[str, Any] = EXCEPTIONAL | {"released_at": at(11, days=3)}
    assert codes(lambda: decide(journey, **late)) == ["use_by_missing"]
    assert codes(lambda: decide(journey, **late, use_by=at(11, days=3))) == ["use_by_passed"]
    made = decide(journey, **late, use_by=at(13, days=3))
    journey.made |= {"evaluation": None, "release": made}
    assert "past its expiry" in Deviation.objects.get(code="exceptional_release").description
    for step in ("issue", "bedside"):
        journey.made[step] = getattr(journey, f"make_{step}")(checked_at=at(11, 30, days=3))
    too_late = {"started_at": at(13, 1, days=3), "stopped_at": at(14, days=3)}
    assert codes(lambda: journey.make_infusion(**too_late)) == ["expired"]
    in_time = {"started_at": at(13, days=3), "stopped_at": at(14, days=3)}
    assert journey.make_infusion(**in_time).pk


def test_a_product_without_a_result_is_released_exceptionally(cast: Cast) -> None:
    from tests.apps.celldose.conftest import consent, treated

    journey = Journey(treated(cast.asha, cast.mumbai), cast.asha, cast.rao)  # no weight, so no EU/kg
    consent(journey.participant, cast.asha)
    journey.upto("microbiology")
    assert codes(lambda: decide(journey)) == ["criteria_not_evaluable"]
    decide(journey, **EXCEPTIONAL)
    assert "without a result: Endotoxin per kilogram" in Deviation.objects.get().description
    weigh(journey.participant, cast.asha)
    assert product_file(journey.product.pk).quarantine == ()


# --- quarantine ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "changed", "state", "reasons"),
    [
        ("counts", {}, "processed", []),
        ("microbiology", FAILING, "quarantined", ["out_of_specification"]),
        ("evaluation", {}, "quarantined", []),
        ("release", {"release": {"signed": False}}, "quarantined", ["release_unsigned"]),
        ("release", {}, "released", []),
        (
            "release",
            FAILING | {"release": {"decision": "rejected", "reason_rejected": "Viability"}},
            "rejected",
            [],
        ),
        (
            "release",
            FAILING | {"release": {"decision": "rejected", "reason_rejected": "Viability", "signed": False}},
            "quarantined",
            ["release_unsigned", "out_of_specification"],
        ),
        ("infusion", {}, "infused", []),
    ],
)
def test_where_a_product_stands_and_why(
    journey: Journey, last: str, changed: Any, state: str, reasons: list[str]
) -> None:
    journey.upto(last, **changed)
    file = product_file(journey.product.pk)
    assert (file.life.state, [one.code for one in file.quarantine]) == (state, reasons)


def test_an_expired_product_is_in_quarantine(journey: Journey, on_the_day: Any) -> None:
    journey.upto("release")
    on_the_day(at(10, days=3))
    assert product_file(journey.product.pk).life.state == "released"
    on_the_day(at(10, 1, days=3))
    file = product_file(journey.product.pk)
    assert (file.life.state, [one.code for one in file.quarantine]) == ("quarantined", ["expired"])
    assert "13 Mar 2025, 10:00" in file.quarantine[0].message  # in the site's time


def test_nothing_of_a_transcribed_history_is_in_quarantine(transcribed: Journey) -> None:
    transcribed.open(performed_on="2016-11")
    transcribed.upto("product", harvest={"started_at": None, "ended_at": None})
    assert product_file(transcribed.product.pk).quarantine == ()


# --- discard ---------------------------------------------------------------------------------------------


def discard(journey: Journey, **more: Any) -> Any:
    ordinary = {
        "reason_code": "damaged",
        "discarded_at": at(15),
        "discarded_by": "Technologist 2",
        "witnessed_by": "Technologist 5",
    }
    return save(crfs.DISCARD, journey.asha, {"product": journey.product}, **(ordinary | more))


def test_a_discard_is_refused_of_what_is_infused_or_discarded(journey: Journey) -> None:
    journey.upto("bedside")
    discard(journey)
    assert codes(lambda: discard(journey), CrfInvalid) == ["unique"]
    assert product_file(journey.product.pk).life.state == "discarded"
    assert codes(journey.make_infusion) == ["discarded"]


def test_the_witness_is_another_person(journey: Journey) -> None:
    journey.upto("product")
    assert codes(lambda: discard(journey, witnessed_by="technologist  2"), CrfInvalid) == ["same_person"]


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({}, set()),
        ({"witnessed_by": None}, {"unwitnessed"}),
        ({"reason_code": "rejected"}, {"reason_contradicted"}),
        ({"reason_code": "expired"}, {"reason_contradicted"}),
        ({"reason_code": "expired", "discarded_at": at(10, 1, days=3)}, set()),
        ({"reason_code": "positive_culture"}, {"reason_contradicted"}),
        ({"reason_code": "participant_withdrew"}, {"reason_contradicted"}),
    ],
)
def test_what_is_asked_of_a_discard(journey: Journey, more: Any, asked: set[str]) -> None:
    journey.upto("evaluation")
    discard(journey, **more)
    assert set(Query.objects.filter(form="discard").values_list("code", flat=True)) == asked


def test_a_rejected_product_is_discarded(journey: Journey) -> None:
    journey.upto("release", release={"decision": "rejected", "reason_rejected": "Clot"})
    assert waiting.waiting(journey.asha)[0].tasks == ("rejected, to be discarded",)
    discard(journey, reason_code="rejected")
    assert not Query.objects.filter(form="discard").exists()
    assert product_file(journey.product.pk).life.out_of_order == ()
    assert waiting.waiting(journey.asha) == []


# --- pure ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "sterility", "gram", "unknown"),
    [
        (("aerobic",), None, "pass", ("aerobic",)),
        (("aerobic",), "growth: aerobic", "pass", ()),
        (("aerobic", "fungal"), "growth: fungal", "pass", ("aerobic",)),
        (("aerobic",), "growth: anaerobic", "pass", ("aerobic",)),  # one name within another
        (("gram_stain",), "pending", "pass", ("gram_stain",)),
        (("gram_stain",), "pending", "fail", ()),
        ((), "growth: fungal", "fail", ()),
    ],
)
def test_what_an_evaluation_did_not_know(found: Any, sterility: Any, gram: str, unknown: Any) -> None:
    known = {"gram_stain": release.Evaluated("gram_stain", "Gram", "negative", "x", gram)}
    if sterility is not None:
        known["sterility"] = release.Evaluated("sterility", "Sterility", "none", sterility, "fail")
    assert release.not_known(found, known) == unknown
