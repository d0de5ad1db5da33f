"""Answering the criteria, setting one aside, and enrolling on the verdict."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connections, transaction
from django.test import RequestFactory

from apps.enrolment import actions
from apps.enrolment.actions.eligibility import StaleAnswers
from apps.enrolment.actions.overrides import content_of
from apps.enrolment.models import (
    EligibilityAnswer,
    EligibilityOverride,
    Participant,
    ScreeningEntry,
)
from apps.enrolment.rules.eligibility import State
from apps.enrolment.selectors import eligibility as selectors
from studyportal import protocol
from studyportal.access.models import Site, User
from studyportal.audit.selectors import history_of
from studyportal.crf import actions as crf
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused
from studyportal.crf.partial_date import PartialDate
from studyportal.crf.registry import get
from studyportal.deviations.models import Deviation
from studyportal.identity import actions as identity
from studyportal.signatures.content import sha256_of
from studyportal.signatures.errors import NotPermitted, NotTheSigner
from tests.apps.enrolment.criteria import EVIDENCE, PASSWORD, answer, met, one
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(cast: Cast) -> ScreeningEntry:
    return actions.screening.open_entry(
        site=cast.mumbai, by=cast.asha, screened_on="2026-10-01", age=20, sex="female", considered_for="case"
    )


@pytest.fixture
def participant(cast: Cast, entry: ScreeningEntry) -> Participant:
    return registered(cast, entry)


@pytest.fixture
def rao(cast: Cast) -> Any:
    cast.rao.set_password(PASSWORD)
    cast.rao.save()
    return cast.rao


def registered(cast: Cast, entry: ScreeningEntry) -> Participant:
    made = actions.register(site=cast.mumbai, by=cast.asha, screening=entry)
    entry.refresh_from_db()
    return made


def request_of(user: Any) -> Any:
    request = RequestFactory().post("/")
    request.user = user
    request.session = {}
    return request


def override(entry: ScreeningEntry, by: Any, key: str = "malignancy", **more: Any) -> EligibilityOverride:
    seen = EligibilityAnswer.objects.filter(entry=entry, criterion=key).values_list("version", flat=True)
    asked: dict[str, Any] = {
        "criterion": key,
        "reason": "Carcinoma in situ, cured twelve years ago",
        "password": PASSWORD,
        "version_seen": seen.first() or 0,
    }
    return actions.overrides.override(entry=entry, by=by, request=request_of(by), **(asked | more))


def verdict(entry: ScreeningEntry) -> str:
    entry = ScreeningEntry.objects.select_related("participant", "site").get(pk=entry.pk)
    return selectors.sheet_of(entry).verdict.state.value


def codes(error: Any) -> dict[str | None, str]:
    return {problem.field: problem.code for problem in error.value.problems}


# --- answers that are refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"horoscope": {"answer": "yes"}}, "horoscope", "unknown_criterion"),
        ({"t1dm": {"answer": "maybe"}}, "t1dm", "choice"),
        ({"t1dm": {"answer": True}}, "t1dm", "choice"),
        ({"t1dm": {"evidence": "letter of 2019"}}, "t1dm", "required"),
        ({"t1dm": "yes"}, "t1dm", "type"),
        ({"t1dm": {"answer": "yes", "mood": "good"}}, "t1dm.mood", "unknown_field"),
        ({"t1dm": {"answer": "yes", "evidence": "x" * 10_000}}, "t1dm.evidence", "max_length"),
        ({"t1dm": {"answer": "yes", "evidence": "nul\x00"}}, "t1dm.evidence", "nul_character"),
        ({"t1dm": {"answer": "yes", "evidence": 7}}, "t1dm.evidence", "type"),
        ({"t1dm": {"answer": "yes", "version": "1"}}, "t1dm.version", "type"),
        ({"t1dm": {"answer": "yes", "version": 4}}, "t1dm.version", "not_found"),
        ({"hba1c": {"answer": "yes"}}, "hba1c.evidence", "evidence_required"),
    ],
)
def test_refused(cast: Cast, entry: ScreeningEntry, given: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(CrfInvalid) as error:
        actions.eligibility.answer(
            entry=entry, by=cast.asha, answers={"malignancy": {"answer": "no"}} | given
        )
    assert codes(error)[field] == code
    assert not EligibilityAnswer.objects.exists(), "all or nothing"


def test_whoever_names_the_participant_is_refused(
    cast: Cast, entry: ScreeningEntry, participant: Participant
) -> None:
    identity.record(participant=participant, by=cast.asha, raw={"full_name": "Sunita Kulkarni"})
    with pytest.raises(CrfInvalid) as error:
        one(entry, cast.asha, "t1dm", "yes", evidence="letter about Kulkarni of 2019")
    assert codes(error) == {"t1dm.evidence": "names_person"}


def test_a_screening_that_ended_takes_no_answer(cast: Cast, entry: ScreeningEntry) -> None:
    actions.screening.conclude(
        entry=entry, outcome="declined", by=cast.asha, on="2026-10-02", reason_code="travel"
    )
    with pytest.raises(Refused, match="concluded"):
        one(entry, cast.asha, "t1dm", "yes")
    entry.refresh_from_db()
    actions.screening.reopen(entry=entry, by=cast.asha, reason="Came back after all")
    one(entry, cast.asha, "t1dm", "yes")


def test_one_of_two_who_answer_at_once_is_told(cast: Cast, entry: ScreeningEntry) -> None:
    first = {"t1dm": {"answer": "yes", "version": 0}}
    actions.eligibility.answer(entry=entry, by=cast.asha, answers=first)
    actions.eligibility.answer(entry=entry, by=cast.rao, answers=first)  # the same: nothing to tell
    with pytest.raises(StaleAnswers) as error:
        actions.eligibility.answer(
            entry=entry,
            by=cast.rao,
            answers={"t1dm": {"answer": "no", "version": 0}, "malignancy": {"answer": "no"}},
        )
    assert [(a.criterion, a.answer, a.answered_by) for a in error.value.answers] == [
        ("t1dm", "yes", cast.asha)
    ]
    assert EligibilityAnswer.objects.get().answer == "yes"


def test_a_change_of_yes_or_no_needs_a_reason(cast: Cast, entry: ScreeningEntry) -> None:
    one(entry, cast.asha, "t1dm", "not_known")
    one(entry, cast.asha, "t1dm", "yes", evidence="letter of 2019")  # it was not known: this is news
    with pytest.raises(ReasonRequired) as error:
        one(entry, cast.asha, "t1dm", "no")
    assert error.value.fields == ("t1dm",)
    one(entry, cast.asha, "t1dm", "no", reason="The letter is about somebody else")
    kept = EligibilityAnswer.objects.get()
    assert (kept.answer, kept.evidence, kept.version) == ("no", "letter of 2019", 3)
    assert kept.protocol_version == protocol.current().version
    latest = history_of(kept)[0]
    assert (latest.reason, latest.by) == ("The letter is about somebody else", "asha")


def test_the_database_holds_one_answer_and_no_other_word(cast: Cast, entry: ScreeningEntry) -> None:
    one(entry, cast.asha, "t1dm", "yes")
    kept = EligibilityAnswer.objects.get()
    more = {"site": cast.mumbai, "entry": entry, "answered_at": kept.answered_at, "protocol_version": "1"}
    for wrong in ({"criterion": "t1dm", "answer": "no"}, {"criterion": "age", "answer": "maybe"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            EligibilityAnswer.objects.create(**more, **wrong)


# --- the verdict ----------------------------------------------------------------------------------------


def test_the_verdict_follows(cast: Cast, entry: ScreeningEntry) -> None:
    assert verdict(entry) == State.UNDETERMINED
    answer(entry, cast.asha)
    assert verdict(entry) == State.ELIGIBLE
    answer(entry, cast.asha, malignancy="yes", reason="Found in an older letter")
    assert verdict(entry) == State.NOT_ELIGIBLE


def test_an_answer_outlives_its_criterion(
    cast: Cast, entry: ScreeningEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(entry, cast.asha)
    left = {key: one for key, one in protocol.current().eligibility.items() if key != "malignancy"}
    monkeypatch.setattr(selectors, "criteria", lambda: left)
    sheet = selectors.sheet_of(entry)
    assert [(line.key, line.criterion) for line in sheet.gone] == [("malignancy", None)]
    assert "malignancy" not in {line.key for line in sheet.lines}
    with pytest.raises(CrfInvalid) as error:
        one(entry, cast.asha, "malignancy", "yes")
    assert codes(error) == {"malignancy": "unknown_criterion"}


# --- what is known already ------------------------------------------------------------------------------


def hba1c(participant: Participant, cast: Cast, value: str, on: str, context: str = "baseline") -> None:
    spec = get("lab-result")
    raw = {"analyte": "hba1c", "reported": value, "unit": "%", "collected_on": on, "context": context}
    crf.save(spec, raw=raw, by=cast.asha, participant=participant, parents={"visit": None}, complete=False)


def test_an_answer_against_the_value_is_asked_about(
    cast: Cast, entry: ScreeningEntry, participant: Participant
) -> None:
    hba1c(participant, cast, "9.1", "2026-08-01")
    hba1c(participant, cast, "6.9", "2026-10-02")
    hba1c(participant, cast, "5.0", "2026-11-02", "follow_up")  # after treatment: says nothing of eligibility
    answer(entry, cast.asha)
    entry.refresh_from_db()
    (line,) = [line for line in selectors.sheet_of(entry).questions if line.key == "hba1c"]
    assert "HbA1c 6.9 % of 2 Oct 2026" in line.question and line.known is not None
    problems = [p.code for p in selectors.eligibility_gate(participant, PartialDate.parse("2026-10-03"))]
    assert "criterion_hba1c" in problems
    one(entry, cast.asha, "hba1c", "yes", explanation="Anaemia: the value is falsely low")
    assert not [line for line in selectors.sheet_of(entry).questions if line.key == "hba1c"]
    # Another value is another question.
    hba1c(participant, cast, "6.2", "2026-10-05")
    assert [line for line in selectors.sheet_of(entry).questions if line.key == "hba1c"]


def test_evidence_may_be_the_result_that_the_portal_holds(
    cast: Cast, entry: ScreeningEntry, participant: Participant
) -> None:
    hba1c(participant, cast, "9.1", "2026-08-01")
    one(entry, cast.asha, "hba1c", "yes")
    assert EligibilityAnswer.objects.get().evidence == "HbA1c 9.1 % of 1 Aug 2026, laboratory results"


def test_the_age_of_the_entry_contradicts(cast: Cast, entry: ScreeningEntry) -> None:
    actions.screening.change_entry(entry=entry, by=cast.asha, age=52, reason="Digits exchanged")
    entry.refresh_from_db()
    one(entry, cast.asha, "age", "yes")
    assert [line.key for line in selectors.sheet_of(entry).questions] == ["age"]


def test_consent_is_known_from_its_log(cast: Cast, entry: ScreeningEntry, participant: Participant) -> None:
    line = next(line for line in selectors.sheet_of(entry).lines if line.key == "consent")
    assert line.known is not None and line.known.says == "no" and line.answer is None


# --- overrides ------------------------------------------------------------------------------------------


def test_who_may_override(cast: Cast, entry: ScreeningEntry, participant: Participant, rao: Any) -> None:
    answer(entry, cast.asha, malignancy="yes")
    for name in ("asha", "vikram", "meera", "sanjay", "farah", "admin"):
        with pytest.raises(NotPermitted):
            override(entry, getattr(cast, name))
    with pytest.raises(NotTheSigner):
        override(entry, rao, password="wrong")
    with pytest.raises(NotPermitted):
        actions.overrides.override(
            entry=entry, criterion="malignancy", reason="long enough a reason", by=rao,
            request=request_of(cast.asha), password=PASSWORD, version_seen=1,
        )  # fmt: skip
    assert not EligibilityOverride.objects.exists() and not Deviation.objects.exists()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"key": "horoscope"}, "unknown_criterion"),
        ({"key": "consent"}, "consent_stands"),
        ({"key": "t1dm"}, "met"),
        ({"reason": "because"}, "required"),
        ({"reason": ""}, "required"),
        ({"reason": None}, "required"),
        ({"reason": "x" * 10_000}, "max_length"),
        ({"reason": "a reason with a nul\x00"}, "nul_character"),
    ],
)
def test_an_override_is_refused(
    cast: Cast, entry: ScreeningEntry, participant: Participant, rao: Any, more: dict[str, Any], code: str
) -> None:
    answer(entry, cast.asha, malignancy="yes", consent="no")
    with pytest.raises((CrfInvalid, Refused)) as error:
        override(entry, rao, **more)
    assert code in codes(error).values()
    assert not Deviation.objects.exists()


def test_only_a_participant_is_overridden_and_only_what_was_seen(
    cast: Cast, entry: ScreeningEntry, rao: Any
) -> None:
    answer(entry, cast.asha, malignancy="yes")
    with pytest.raises(Refused, match="not_registered"):
        override(entry, rao)
    registered(cast, entry)
    with pytest.raises(StaleAnswers):
        override(entry, rao, version_seen=7)
    override(entry, rao)
    with pytest.raises(Refused, match="overridden"):
        override(entry, rao)


def test_an_override_stands_for_the_answer_that_it_saw(
    cast: Cast, entry: ScreeningEntry, participant: Participant, rao: Any
) -> None:
    answer(entry, cast.asha, malignancy="yes")
    line = next(one for one in selectors.sheet_of(entry).lines if one.key == "malignancy")
    made = override(entry, rao)
    assert verdict(entry) == State.ELIGIBLE
    assert made.content_sha256 == sha256_of(content_of(entry, line, reason=made.reason))
    assert (made.signer_name, made.signer_role) == (str(rao), "Investigator")
    assert (made.deviation.code, made.deviation.classification, made.deviation.raised_by) == (
        "eligibility_override",
        "major",
        rao,
    )
    assert made.deviation.participant == participant and "Malignancy" in made.deviation.description
    one(entry, cast.asha, "malignancy", "not_known", reason="The letter cannot be found")
    assert verdict(entry) == State.UNDETERMINED
    one(entry, cast.asha, "malignancy", "yes", reason="Found again")
    sheet = selectors.sheet_of(entry)
    line = next(one for one in sheet.lines if one.key == "malignancy")
    assert sheet.verdict.state == State.NOT_ELIGIBLE, "a later answer breaks it, whatever it says"
    assert line.override is None and line.broken == made


def test_an_override_is_never_changed(
    cast: Cast, entry: ScreeningEntry, participant: Participant, rao: Any
) -> None:
    answer(entry, cast.asha, malignancy="yes")
    made = override(entry, rao)
    with pytest.raises(TypeError):
        made.save()
    with pytest.raises(TypeError):
        made.delete()
    for raw in (
        lambda: EligibilityOverride.objects.update(reason="other"),
        lambda: EligibilityOverride.objects.all().delete(),
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            raw()
    with pytest.raises(IntegrityError), transaction.atomic():
        made.pk, made.criterion, made.deviation = (
            None,
            "consent",
            Deviation.objects.create(
                site=cast.mumbai, participant=participant, code="x", description="x", classification="minor"
            ),
        )
        made._state.adding = True
        made.save()


# --- enrolling ------------------------------------------------------------------------------------------


def consented(participant: Participant, cast: Cast) -> None:
    from apps.consent import actions as consent

    consent.record_event(
        participant=participant, kind="consent", by=cast.asha, signed_on="2026-10-02", age_at_signature=20,
        purposes=["participation"], document_version="2", document_language="en", signer="participant",
    )  # fmt: skip


def test_who_is_not_eligible_is_not_enrolled(
    cast: Cast, entry: ScreeningEntry, participant: Participant
) -> None:
    answer(entry, cast.asha, malignancy="yes", t1dm="not_known")
    with pytest.raises(Refused) as error:
        actions.enrol(participant=participant, on="2026-10-03", by=cast.asha)
    said = {problem.code: problem.message for problem in error.value.problems}
    assert {"criterion_malignancy", "criterion_t1dm"} <= set(said)
    assert "Malignancy now or in the past" in said["criterion_malignancy"]


def test_a_case_of_the_past_is_asked_nothing(cast: Cast) -> None:
    past = actions.register(
        site=cast.mumbai, by=cast.meera, retrospective=True, group="case", enrolled_on="2016-11"
    )
    assert str(past.enrolled_on) == "2016-11" and not Deviation.objects.exists()


def gates_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only eligibility is asked here; the other gates have tests of their own."""
    from apps.enrolment.actions import enrolment

    monkeypatch.setattr(enrolment, "GATES", (selectors.eligibility_gate,))


def test_enrolling_keeps_what_it_relied_on_and_a_later_fall_is_a_deviation(
    cast: Cast, entry: ScreeningEntry, participant: Participant, rao: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gates_of_others(monkeypatch)
    consented(participant, cast)
    answer(entry, cast.asha, malignancy="yes")
    made = override(entry, rao)
    enrolled = actions.enrol(participant=participant, on="2026-10-03", by=cast.asha)
    kept = enrolled.enrolment_basis["eligibility"]
    assert (kept["state"], kept["group"], kept["protocol_version"]) == (
        "eligible",
        "case",
        protocol.current().version,
    )
    assert kept["overrides"] == [
        {"criterion": "malignancy", "override": made.pk, "deviation": made.deviation_id}
    ]
    assert kept["answers"]["malignancy"] == "yes"
    entry.refresh_from_db()
    one(entry, cast.asha, "t1dm", "no", reason="MODY, by the genetic report")
    fallen = Deviation.objects.get(code="enrolled_not_eligible")
    assert (fallen.state, fallen.classification, fallen.raised_by) == ("open", "major", None)
    assert "Type 1 diabetes mellitus" in fallen.description
    one(entry, cast.asha, "t1dm", "yes", reason="The report was of a sister")
    fallen.refresh_from_db()
    assert fallen.state == "withdrawn"


def test_another_group_has_other_criteria(
    cast: Cast, entry: ScreeningEntry, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    gates_of_others(monkeypatch)
    consented(participant, cast)
    actions.assign_group(participant=participant, group="control", by=cast.asha)
    answer(entry, cast.asha, anaemia="yes")
    actions.enrol(participant=participant, on="2026-10-03", by=cast.asha)
    assert not Deviation.objects.exists()
    participant.refresh_from_db()
    actions.assign_group(participant=participant, group="case", by=cast.asha, reason="Entered in error")
    assert Deviation.objects.get().code == "enrolled_not_eligible"


def test_the_status_follows_the_verdict(cast: Cast, entry: ScreeningEntry, participant: Participant) -> None:
    assert participant.status == "screened"
    answer(entry, cast.asha)
    participant.refresh_from_db()
    assert participant.status == "eligible"
    one(entry, cast.asha, "malignancy", "yes", reason="Found in an older letter")
    participant.refresh_from_db()
    assert participant.status == "not_eligible"
    assert selectors.verdict_dates([participant])[participant.pk][0].kind == "not_eligible"


def test_many_verdicts_in_as_many_questions_as_one(cast: Cast, django_assert_num_queries: Any) -> None:
    people = []
    for number in range(4):
        made = actions.screening.open_entry(site=cast.mumbai, by=cast.asha, screened_on="2026-10-01")
        people.append(registered(cast, made))
        answer(made, cast.asha, **({"malignancy": "yes"} if number % 2 else {}))
    for asked in (people[:1], people):
        with django_assert_num_queries(3):
            found = selectors.verdict_dates(asked)
        assert len(found) == len(asked)
    assert EVIDENCE and met()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_answer_in_the_same_moment_one_is_told(transactional_db: Any) -> None:
    """With connections of their own: one answer stands, and nothing was written over."""
    site = Site.objects.create(code="MUM", name="Mumbai", timezone="Asia/Kolkata")
    people = [User.objects.create(username=name) for name in ("asha", "rao")]
    entry = actions.screening.open_entry(site=site, by=people[0], screened_on="2026-10-01")
    start, told, wrong = threading.Barrier(2), [], []

    def enter(by: User, said: str) -> None:
        try:
            start.wait(30)
            actions.eligibility.answer(entry=entry, by=by, answers={"t1dm": {"answer": said, "version": 0}})
        except StaleAnswers as error:
            told.append(error.answers[0].answered_by)
        except Exception as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=enter, args=pair) for pair in zip(people, ("yes", "no"), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    kept = EligibilityAnswer.objects.get()
    assert wrong == [] and told == [kept.answered_by] and kept.version == 1
