"""States, tasks and signers as they are read from the database: within what each person may know, many at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.consent import actions, selectors
from apps.consent.models import ConsentEvent
from apps.enrolment.models import Participant
from studyportal.access import walls
from studyportal.crf.partial_date import PartialDate
from studyportal.identity import actions as identity
from tests.apps.consent.documents import a_document
from tests.apps.consent.factories import a_minors_consent, an_adults_consent, an_event
from tests.apps.enrolment.factories import a_case, a_control, demographics_of, enrolled
from tests.apps.visits.factories import a_visit
from tests.cast import Cast
from tests.days import today

pytestmark = pytest.mark.django_db
SIGNED = "2024-02-01"
EIGHTEEN = dt.date(2024, 9, 15)


def turning_eighteen(cast: Cast, birth: str = "2006-09-15", **more: Any) -> Participant:
    """A minor in follow-up whose identity is known, with a complete consent."""
    participant = enrolled(a_case(cast, **more), SIGNED)
    demographics_of(participant, participant.registered_by, age_at_enrolment=17, can_read=True)
    identity.record(
        participant=participant,
        raw={"full_name": "Zarina", "birth_date": birth},
        by=participant.registered_by,
    )
    a_minors_consent(participant, participant.registered_by, SIGNED, age=17)
    participant.refresh_from_db()
    return participant


def kinds(tasks: list[Any]) -> list[tuple[str, str, bool]]:
    return [(task.kind, task.signature, task.overdue) for task in tasks if task.kind != "recording"]


# --- Who is told what -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "told"), [("asha", True), ("rao", True), ("meera", False), ("farah", False), (None, False)]
)
def test_days_of_a_birthday_are_for_who_may_see_the_identity(cast: Cast, who: str | None, told: bool) -> None:
    participant = turning_eighteen(cast, birth=_eighteen_in(10))
    by = None if who is None else getattr(cast, who)
    state = selectors.state_for(participant, today(), by=by)
    (due,) = [one for one in state.due if one.kind == "birthday"]
    assert (due.ahead, state.in_force) == (True, "yes")
    assert (due.from_on is not None, due.by_on is not None, state.until is not None) == (told,) * 3


def _eighteen_in(days: int) -> str:
    then = today(days)
    try:
        return then.replace(year=then.year - 18).isoformat()
    except ValueError:  # 29 February
        return then.replace(year=then.year - 18, day=28).isoformat()


def test_asking_day_after_day_tells_no_birth_date(cast: Cast) -> None:
    """Whoever may not see the identity is answered, for another day than today, by the year of birth and what the
    record says anyway."""
    participant = turning_eighteen(cast, "2006-09-15")
    days = [EIGHTEEN + dt.timedelta(days=n) for n in (-1, 0, 30, 31)]

    def asked(by: Any) -> list[str]:
        return [selectors.state_for(participant, day, by=by).in_force for day in days]

    assert asked(cast.asha) == ["yes", "yes", "yes", "no"]
    assert asked(None) == ["yes", "yes", "yes", "no"], "a decision knows the day"
    assert len(set(asked(cast.meera))) == len(set(asked(cast.farah))) == 1


def test_the_wall_does_not_stand_between_a_decision_and_the_birth_date(cast: Cast) -> None:
    participant = turning_eighteen(cast)
    for who in (cast.asha, cast.meera):
        with walls.opened(who):
            assert selectors.state_for(participant, EIGHTEEN + dt.timedelta(days=31)).in_force == "no"


def test_a_closed_process_goes_by_the_ages_on_record(cast: Cast, settings: Any) -> None:
    participant = turning_eighteen(cast)
    settings.IDENTITY_CLOSED = True
    assert selectors.state_for(participant, EIGHTEEN).in_force == "indeterminate"
    assert selectors.state_for(participant, dt.date(2025, 3, 15)).in_force == "no"


def test_nobody_of_another_site_is_read(cast: Cast) -> None:
    participant = turning_eighteen(cast)
    with walls.opened(cast.vikram):
        assert selectors.state_for(participant, dt.date(2024, 3, 1), by=cast.vikram).in_force == "no"
        assert not selectors.logs_of([participant.pk])


# --- Time zones -------------------------------------------------------------------------------------------


def test_the_day_is_that_of_the_site(cast: Cast) -> None:
    participant = enrolled(a_case(cast), SIGNED)
    demographics_of(participant, cast.asha, age_at_enrolment=30)
    an_event(
        participant,
        "consent",
        cast.asha,
        "2024-02-02",
        signed_at="2024-02-02T00:30:00+05:30",
        signer="participant",
    )
    at = dt.datetime(2024, 2, 1, 19, 0, tzinfo=dt.UTC)  # half past midnight at Mumbai
    assert selectors.state_for(participant, at).in_force == "yes"
    assert selectors.state_for(participant, at - dt.timedelta(minutes=1)).in_force == "no"
    assert selectors.state_for(participant, dt.date(2024, 2, 1)).in_force == "no"
    assert selectors.state_for(participant, PartialDate.parse("2024-02-03")).in_force == "yes"


# --- The log as plain data --------------------------------------------------------------------------------


def test_entries_read_at_once_are_what_each_row_says(cast: Cast) -> None:
    participant = turning_eighteen(cast)
    an_event(
        participant, "withdrawal", cast.asha, "2024-03", withdrawal_scopes=["treatment"], data_retained=True
    )
    first = ConsentEvent.objects.filter(participant=participant).order_by("id").first()
    actions.record_event(
        participant=participant,
        kind="correction",
        by=cast.asha,
        corrects=first,
        note="Misread",
        witness="Teacher",
    )
    rows = ConsentEvent.objects.filter(participant=participant).order_by("id")
    assert selectors.logs_of([participant.pk])[participant.pk] == [row.as_event() for row in rows]


# --- Tasks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-07-16", []),
        ("2024-07-17", [("birthday", "consent", False)]),
        ("2024-09-15", [("birthday", "consent", False)]),
        ("2024-10-15", [("birthday", "consent", False)]),
        ("2024-10-16", [("birthday", "consent", True)]),
    ],
)
def test_a_birthday_is_a_task_ahead_of_time_and_overdue_after(
    cast: Cast, day: str, expected: list[Any]
) -> None:
    participant = turning_eighteen(cast)
    (found,) = selectors.tasks([participant], dt.date.fromisoformat(day), by=cast.asha).values()
    assert kinds(found) == expected
    for task in found:
        assert (task.due_on, task.url_name) == (dt.date(2024, 10, 15), "consent:participant")
    an_event(participant, "consent", cast.asha, "2024-09-20", signer="participant", age_at_signature=18)
    (found,) = selectors.tasks([participant], dt.date(2024, 10, 16), by=cast.asha).values()
    assert kinds(found) == []


def test_nothing_is_to_be_done_about_who_is_not_followed(cast: Cast) -> None:
    participant = turning_eighteen(cast)
    an_event(participant, "withdrawal", cast.asha, "2024-08-01", withdrawal_scopes=["visits"])
    participant.refresh_from_db()
    assert participant.status == "withdrawn"
    assert selectors.tasks([participant], dt.date(2024, 10, 16), by=cast.asha) == {participant.pk: []}


def test_a_record_of_the_past_asks_for_nothing(cast: Cast) -> None:
    participant = a_case(cast, retrospective=True, by=cast.meera)
    an_event(participant, "lar_consent", cast.meera, None, copy_given=None, audio_visual=None)
    assert selectors.tasks([participant], dt.date(2024, 10, 16), by=cast.meera) == {participant.pk: []}


def test_copy_representative_and_recording(cast: Cast) -> None:
    participant = enrolled(a_case(cast), SIGNED)
    demographics_of(participant, cast.asha, age_at_enrolment=10)
    an_event(
        participant,
        "lar_consent",
        cast.asha,
        SIGNED,
        signer="mother",
        age_at_signature=10,
        copy_given=None,
        audio_visual=None,
    )
    an_event(participant, "oral_assent", cast.asha, SIGNED, signer="participant", age_at_signature=10)
    (found,) = selectors.tasks([participant], dt.date(2024, 2, 20), by=cast.asha).values()
    assert [(task.kind, task.overdue) for task in found] == [
        ("recording", True),
        ("copy", True),
        ("representative", False),
    ]


def test_an_amendment_asks_who_signed_before(cast: Cast) -> None:
    first = a_document(cast.mumbai, cast.meera)
    signed, late, withdrew = (enrolled(a_case(cast), SIGNED) for _ in range(3))
    for participant in (signed, late, withdrew):
        demographics_of(participant, cast.asha, age_at_enrolment=30, can_read=True)
        an_event(
            participant,
            "consent",
            cast.asha,
            SIGNED,
            signer="participant",
            age_at_signature=30,
            document_version="1.0",
            document_language="en",
        )
    a_document(
        cast.mumbai,
        cast.meera,
        version="2.0",
        valid_from="2024-05-01",
        supersedes=first,
        reconsent={
            "reconsent_needed": True,
            "reconsent_from": dt.date(2024, 5, 1),
            "reconsent_whom": "everybody",
        },
    )
    an_event(
        signed,
        "re_consent",
        cast.asha,
        "2024-05-10",
        signer="participant",
        document_version="2.0",
        document_language="en",
    )
    an_event(withdrew, "withdrawal", cast.asha, "2024-05-02", withdrawal_scopes=["visits"])
    people = list(Participant.objects.select_related("site").order_by("pk"))
    before, within, after = (
        selectors.tasks(people, dt.date.fromisoformat(day), by=cast.asha)
        for day in ("2024-04-30", "2024-07-30", "2024-07-31")
    )
    assert [kinds(found) for found in before.values()] == [[], [], []]
    assert [kinds(found) for found in within.values()] == [[], [("reconsent", "consent", False)], []]
    assert [kinds(found) for found in after.values()] == [[], [("reconsent", "consent", True)], []]
    assert after[late.pk][0].due_on == dt.date(2024, 7, 30)
    assert selectors.state_for(late, dt.date(2024, 7, 31), by=cast.asha).phase == "overdue"


def test_consent_for_the_session_that_is_near(cast: Cast) -> None:
    """Session 2 is planned 45 days after session 1, 7 days either way."""
    participant, control = enrolled(a_case(cast), SIGNED), enrolled(a_control(cast), SIGNED)
    for person in (participant, control):
        demographics_of(person, cast.asha, age_at_enrolment=30, can_read=True)
        an_event(
            person, "consent", cast.asha, SIGNED, signer="participant", age_at_signature=30, session_number=1
        )
    a_visit(participant, "S1", "2024-03-01", cast.asha)
    people = list(Participant.objects.select_related("site").order_by("pk"))
    for day, expected in (
        ("2024-03-24", []),
        ("2024-03-25", [("session", "consent", False)]),
        ("2024-04-09", [("session", "consent", True)]),
    ):
        found = selectors.tasks(people, dt.date.fromisoformat(day), by=cast.asha)
        assert (kinds(found[participant.pk]), kinds(found[control.pk])) == (expected, [])
    an_event(
        participant,
        "consent",
        cast.asha,
        "2024-03-26",
        signer="participant",
        age_at_signature=30,
        session_number=2,
        purposes=["procedure"],
    )
    assert kinds(selectors.tasks(people, dt.date(2024, 3, 28), by=cast.asha)[participant.pk]) == []


def test_as_many_queries_for_many_as_for_one(cast: Cast) -> None:
    a_document(cast.mumbai, cast.meera)
    for _ in range(4):
        turning_eighteen(cast)
    people = list(Participant.objects.select_related("site").order_by("pk"))
    assert cast.asha.grants  # read once for each person, whatever follows
    counted: list[list[int]] = []
    for some in (people[:1], people):
        own = []
        for read in (
            lambda some=some: selectors.tasks(some, dt.date(2024, 10, 16), by=cast.asha),
            lambda some=some: selectors.states_for(some, dt.date(2024, 10, 16)),
            lambda some=some: selectors.lives_of([one.pk for one in some]),
        ):
            with CaptureQueriesContext(connection) as queries:
                read()
            own.append(len(queries))
        counted.append(own)
    assert counted[0] == counted[1]
    assert counted[1][1] <= 5, "a decision is asked for at every save"


# --- Who signs --------------------------------------------------------------------------------------------


def test_who_signs_and_what_is_signed_already(cast: Cast) -> None:
    participant = turning_eighteen(cast)
    asked = selectors.to_sign(participant, dt.date(2024, 3, 1), by=cast.asha)
    assert [(one.signature, one.by_representative, one.purpose) for one in asked] == [
        ("lar_consent", True, "lar_consent"),
        ("written_assent", False, "written_assent"),
    ]
    assert all(one.signed is not None and not one.to_be_signed and one.texts == {} for one in asked)
    (asked_again,) = selectors.to_sign(participant, dt.date(2024, 9, 20), by=cast.asha)
    assert (asked_again.signature, asked_again.to_be_signed) == ("consent", True)
    assert asked_again.due is not None and asked_again.due.by_on == dt.date(2024, 10, 15)


def test_texts_in_force_come_in_the_order_of_the_study(cast: Cast) -> None:
    first = a_document(cast.mumbai, cast.meera)
    a_document(cast.mumbai, cast.meera, version="2.0", valid_from="2024-05-01", supersedes=first)
    a_document(cast.pune, cast.meera, version="9.0")
    participant = enrolled(a_case(cast), SIGNED)
    demographics_of(participant, cast.asha, age_at_enrolment=30, can_read=False)
    for day, version in (("2024-04-30", "1.0"), ("2024-05-01", "2.0")):
        (asked,) = selectors.to_sign(participant, dt.date.fromisoformat(day), by=cast.asha)
        assert list(asked.texts) == ["en", "hi", "mr"]
        assert {text.document.version_label for text in asked.texts.values()} == {version}
        assert (asked.signature, asked.witness, asked.recording, asked.certain) == (
            "consent",
            True,
            True,
            True,
        )


def test_an_age_that_nobody_knows_offers_every_signature(cast: Cast) -> None:
    asked = selectors.to_sign(a_case(cast), dt.date(2024, 3, 1), by=cast.asha)
    assert {one.signature for one in asked} == {"consent", "lar_consent", "oral_assent", "written_assent"}
    assert not any(one.certain for one in asked)


def test_who_cannot_decide_is_spoken_for(cast: Cast) -> None:
    participant = enrolled(a_case(cast), SIGNED)
    demographics_of(participant, cast.asha, age_at_enrolment=30)
    an_event(
        participant,
        "lar_consent",
        cast.asha,
        SIGNED,
        signer="other",
        capacity="cannot_decide",
        lar_relationship_proof="ration card",
    )
    (asked,) = selectors.to_sign(participant, dt.date(2024, 3, 1), by=cast.asha)
    assert (asked.signature, asked.signed is not None) == ("lar_consent", True)


# --- Statuses follow --------------------------------------------------------------------------------------


def test_a_suspension_changes_no_status_and_coming_back_does(cast: Cast) -> None:
    participant = turning_eighteen(cast)
    assert selectors.state_for(participant, dt.date(2024, 11, 1)).in_force == "no"
    (consented,) = selectors.lives_of([participant.pk])[participant.pk]
    assert (consented.kind, str(consented.on)) == ("consented", SIGNED)
    adult = enrolled(a_case(cast), SIGNED)
    demographics_of(adult, cast.asha, age_at_enrolment=30)
    an_adults_consent(adult, cast.asha, SIGNED, age=30)
    an_event(adult, "withdrawal", cast.asha, "2024-03-01", withdrawal_scopes=["visits"])
    adult.refresh_from_db()
    assert adult.status == "withdrawn"
    an_event(
        adult,
        "consent",
        cast.asha,
        "2024-04-01",
        signer="participant",
        age_at_signature=30,
        purposes=["participation"],
    )
    adult.refresh_from_db()
    assert adult.status != "withdrawn"
    assert selectors.state_for(adult, dt.date(2024, 5, 1)).withdrawn == {"treatment"}


# --- By API -----------------------------------------------------------------------------------------------


def test_the_api_tells_no_birth_date_to_who_may_not_know_it(cast: Cast, api: Any) -> None:
    participant = turning_eighteen(cast, "2006-09-15")
    for who, told in (("asha", True), ("meera", False), ("farah", False)):
        client, answers = api(getattr(cast, who)), []
        for day in ("2024-09-14", "2024-09-15", "2024-10-15", "2024-10-16"):
            answer = client.get(f"/api/v1/participants/{participant.code}/consent-state/?on={day}").json()
            answers.append((answer["in_force"], answer["phase"]))
            days = [
                one[name]
                for one in answer["due"]
                if one["kind"] == "birthday"
                for name in ("from_on", "by_on")
            ]
            assert any(days) is (told and bool(days))
            assert (answer["until"] is not None) is (told and answer["in_force"] == "yes")
        assert (len(set(answers)) > 1) is told
