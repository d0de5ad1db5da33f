"""Loss to follow-up and end of study through page, API and action, and what follows from them."""

from __future__ import annotations

from typing import Any

import pytest

from apps.consent import actions as consent
from apps.enrolment import selectors
from apps.enrolment.crfs import END_OF_STUDY, LOST_TO_FOLLOW_UP
from apps.enrolment.models import EndOfStudy, LostToFollowUp, Relatedness
from apps.safety.crfs import ADVERSE_EVENT
from apps.safety.models import Causality
from apps.visits import actions as visits
from apps.visits.selectors import holdings
from studyportal import protocol
from studyportal.access.clock import today_at
from studyportal.crf.actions import save
from studyportal.crf.errors import CrfInvalid, ReasonRequired, Refused, StaleVersion
from studyportal.queries.models import Query
from studyportal.signatures.models import Meaning
from tests.apps.enrolment.factories import a_control, enrolled

pytestmark = pytest.mark.django_db

LOSS = {
    "last_contact_on": "2025-01-10",
    "declared_on": "2025-04-01",
    "attempts": 3,
    "attempt_methods": ["phone", "letter"],
    "vital_status": "unknown",
    "absent": {"reason": "unknown"},
}
END = {
    "ended_on": "2025-06-01",
    "reason": "sponsor",
    "reason_note": "The site closed",
    "last_visit_on": "2025-05",
}
DEATH = {
    "ended_on": "2025-06-01",
    "reason": "died",
    "last_visit_on": "2025-05",
    "died_on": "2025-06-01",
    "cause_verbatim": "Drowning",
    "cause_group": "injury",
    "autopsy": False,
    "absent": {"related_to_product": "not_applicable"},
}
FOUND = {"found_again": True, "found_on": "2025-05-20", "found_how": "came"}


@pytest.fixture
def control(cast: Any) -> Any:
    return enrolled(a_control(cast), "2024-03-01")


def lost(participant: Any, by: Any, **more: Any) -> LostToFollowUp:
    found: LostToFollowUp = save(LOST_TO_FOLLOW_UP, raw=LOSS | more, by=by, participant=participant)
    return found


def ended(participant: Any, by: Any, raw: dict[str, Any] = END, **more: Any) -> EndOfStudy:
    found: EndOfStudy = save(END_OF_STUDY, raw=raw | more, by=by, participant=participant)
    return found


def status_of(participant: Any) -> tuple[str, str]:
    participant.refresh_from_db()
    return participant.status, str(participant.status_since)


def asked(form: str) -> set[str]:
    return set(Query.objects.filter(form=form).exclude(state="closed").values_list("code", flat=True))


# --- refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"),
    [("vikram", 400), ("sanjay", 403), ("farah", 403), ("admin", 403), ("norole", 403), (None, 401)],
)
@pytest.mark.parametrize("key", ["lost-to-follow-up", "end-of-study"])
def test_who_may_not_record_them(
    control: Any, cast: Any, api: Any, client: Any, key: str, who: str | None, status: int
) -> None:
    body = {"participant": control.code, **(LOSS if key == "lost-to-follow-up" else END)}
    url = f"/api/v1/forms/{key}/"
    if who is None:
        assert client.post(url, body, content_type="application/json").status_code == status
    else:
        assert api(getattr(cast, who)).post(url, body).status_code == status
    assert not LostToFollowUp.objects.exists() and not EndOfStudy.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"declared_on": "2999-01-01"}, "declared_on"),
        ({"last_contact_on": "2999"}, "last_contact_on"),
        ({"last_contact_on": "2025-04-02"}, "last_contact_on"),
        ({"attempts": 1}, "attempts"),
        ({"attempts": -1}, "attempts"),
        ({"attempt_methods": ["pigeon"]}, "attempt_methods"),
        ({"found_on": "2025-05-20"}, "found_on"),  # not asked unless found again
        ({"found_again": True, "found_how": "came", "found_on": "2025-03-31"}, "found_on"),
        ({"found_again": True, "found_how": "came"}, "found_on"),
        ({"vital_status": None}, "vital_status"),
        ({"reason": "other", "absent": {}}, "reason_other"),
    ],
)
def test_a_loss_that_cannot_be(control: Any, cast: Any, api: Any, change: dict[str, Any], field: str) -> None:
    answer = api(cast.asha).post(
        "/api/v1/forms/lost-to-follow-up/", {"participant": control.code, **LOSS, **change}
    )
    assert answer.status_code == 400
    assert field in {error["field"] for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (END | {"ended_on": "2999"}, "ended_on"),
        (END | {"last_visit_on": "2025-06-02"}, "last_visit_on"),
        (END | {"reason_note": ""}, "reason_note"),
        (END | {"reason": "treated_elsewhere"}, "reason_note"),  # asked for other reasons only
        (END | {"died_on": "2025-06-01"}, "died_on"),
        (DEATH | {"died_on": "2025-06-02"}, "died_on"),
        (DEATH | {"cause_verbatim": None}, "cause_verbatim"),
        (DEATH | {"last_visit_on": "2025-06-02"}, "last_visit_on"),
    ],
)
def test_an_end_that_cannot_be(control: Any, cast: Any, api: Any, raw: dict[str, Any], field: str) -> None:
    answer = api(cast.asha).post("/api/v1/forms/end-of-study/", {"participant": control.code, **raw})
    assert answer.status_code == 400
    assert field in {error["field"] for error in answer.json()["errors"]}


def test_who_is_lost_is_found_before_being_lost_again(control: Any, cast: Any, api: Any) -> None:
    first = lost(control, cast.asha)
    with pytest.raises(Refused, match="still_lost"):
        lost(control, cast.asha, last_contact_on="2025-08", declared_on="2025-12-01")
    answer = api(cast.asha).post("/api/v1/forms/lost-to-follow-up/", {"participant": control.code, **LOSS})
    assert answer.status_code == 409 and "2025-04-01" in answer.content.decode()
    save(LOST_TO_FOLLOW_UP, raw=FOUND, by=cast.asha, record=first, reason="Came to the clinic")
    again = lost(control, cast.asha, last_contact_on="2025-08", declared_on="2025-12-01")
    assert selectors.standing_loss(control.pk) == again


def test_one_end_for_each(control: Any, cast: Any) -> None:
    ended(control, cast.asha)
    with pytest.raises(CrfInvalid, match="unique"):
        ended(control, cast.asha)


def test_a_change_needs_a_reason_and_the_version_seen(control: Any, cast: Any) -> None:
    end = ended(control, cast.asha)
    with pytest.raises(ReasonRequired):
        save(END_OF_STUDY, raw={"ended_on": "2025-06-02"}, by=cast.asha, record=end)
    save(END_OF_STUDY, raw={"ended_on": "2025-06-02"}, by=cast.asha, record=end, reason="Typing error")
    with pytest.raises(StaleVersion):
        save(END_OF_STUDY, raw={"note": "x"}, by=cast.asha, record=end, expected_version=1, reason="Late")


def test_the_day_is_that_at_the_site(control: Any, cast: Any) -> None:
    """Whatever the hour in UTC, today at the site is no future."""
    today = today_at(control.site).isoformat()
    assert ended(control, cast.asha, ended_on=today).pk


# --- the protocol asks for more --------------------------------------------------------------------------------


def test_what_the_protocol_asks_before_somebody_is_lost(control: Any, cast: Any) -> None:
    asked_for = protocol.current().follow_up
    assert asked_for is not None
    lost(control, cast.asha, last_contact_on="2025-03-20", attempts=1, attempt_methods=["phone"])
    assert asked("lost-to-follow-up") == {"too_few_attempts", "too_few_ways", "declared_early"}


def test_a_loss_as_the_protocol_has_it_is_not_asked_about(control: Any, cast: Any) -> None:
    lost(control, cast.asha)
    assert asked("lost-to-follow-up") == set()


# --- where the participant stands ------------------------------------------------------------------------------


def test_lost_and_found_and_ended(control: Any, cast: Any) -> None:
    assert status_of(control)[0] == "enrolled"
    loss = lost(control, cast.asha)
    assert status_of(control) == ("lost", "2025-04-01")
    save(LOST_TO_FOLLOW_UP, raw=FOUND, by=cast.asha, record=loss, reason="Came to the clinic")
    assert status_of(control)[0] == "enrolled"
    ended(control, cast.asha)
    assert status_of(control) == ("withdrawn", "2025-06-01")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ({**END, "reason": "completed", "reason_note": None}, "completed"),
        ({**END, "reason": "lost", "reason_note": None}, "lost"),
        ({**END, "reason": "withdrew", "reason_note": None}, "withdrawn"),
        ({**END, "reason": "not_eligible"}, "withdrawn"),
        (DEATH, "died"),
    ],
)
def test_the_status_follows_from_the_reason(
    control: Any, cast: Any, raw: dict[str, Any], status: str
) -> None:
    end = ended(control, cast.asha, raw)
    assert status_of(control) == (status, "2025-06-01")
    save(
        END_OF_STUDY,
        raw={**dict.fromkeys(raw.keys() - {"absent"}), **END},
        by=cast.asha,
        record=end,
        reason="The reason was wrong",
    )
    assert status_of(control)[0] == "withdrawn"


# --- what the apps above hold against it -----------------------------------------------------------------------


def test_completed_without_the_last_visit_until_it_is_recorded(control: Any, cast: Any) -> None:
    ended(control, cast.asha, END | {"reason": "completed", "reason_note": None})
    assert "completed_without_last_visit" in asked("end-of-study")
    visits.record(participant=control, key="M24", happened_on="2025-06-01", by=cast.asha)
    assert "completed_without_last_visit" not in asked("end-of-study")
    visits.record(participant=control, key="UNS", happened_on="2025-07-01", by=cast.asha)
    assert "visit_after_end" in asked("end-of-study")


def test_a_death_asks_for_its_fatal_event_until_it_is_recorded(control: Any, cast: Any) -> None:
    ended(control, cast.asha, DEATH)
    assert asked("end-of-study") == {"fatal_event_missing"}
    names = ("related_to_harvest", "related_to_product", "expectedness", "reporter", "aware_at", "note")
    event = {
        "verbatim": "Drowning",
        "term": "other",
        "onset_on": "2025-06-01",
        "ended_on": "2025-06-01",
        "grade": "5",
        "grade_dictionary": "ctcae_5",
        "serious": True,
        "serious_criteria": ["death"],
        "outcome": "fatal",
        "action_taken": ["none"],
        "related_to_insulin": "unlikely",
        "related_to_disease": "unlikely",
        "absent": dict.fromkeys(names, "not_recorded"),
    }
    save(
        ADVERSE_EVENT, raw=event, by=cast.asha, participant=control, parents={"visit": None, "session": None}
    )
    assert asked("end-of-study") == set()


def test_a_withdrawal_asks_for_its_entry_until_it_is_in_the_log(control: Any, cast: Any) -> None:
    ended(control, cast.asha, END | {"reason": "withdrew", "reason_note": None})
    assert asked("end-of-study") == {"withdrawal_not_in_log"}
    entry = consent.record_event(
        participant=control,
        kind="withdrawal",
        by=cast.asha,
        signer="participant",
        withdrawal_scopes=["visits"],
        signed_on="2025-06-01",
    )
    assert asked("end-of-study") == set()
    consent.record_event(
        participant=control,
        kind="correction",
        by=cast.asha,
        corrects=entry,
        note="Entered at the wrong person",
    )
    assert asked("end-of-study") == {"withdrawal_not_in_log"}


def test_an_end_by_loss_asks_for_the_form_of_loss(control: Any, cast: Any) -> None:
    ended(control, cast.asha, END | {"reason": "lost", "reason_note": None})
    assert asked("end-of-study") == {"loss_not_recorded"}
    lost(control, cast.asha)
    assert asked("end-of-study") == set()


def test_who_is_dead_is_not_lost(control: Any, cast: Any) -> None:
    lost(control, cast.asha, vital_status="dead")
    assert asked("lost-to-follow-up") == {"death_without_end"}
    ended(control, cast.asha, DEATH)
    assert asked("lost-to-follow-up") == set()


# --- what holds together ---------------------------------------------------------------------------------------


def test_causality_is_that_of_the_adverse_events() -> None:
    assert [(code, str(label)) for code, label in Relatedness.choices] == [
        (code, str(label)) for code, label in Causality.choices
    ]


def test_what_the_investigator_signs() -> None:
    assert END_OF_STUDY.meanings == (Meaning.APPROVED, Meaning.REVIEWED)


def test_the_forms_stand_about_the_participant_and_are_expected_of_nobody(
    control: Any, cast: Any, page: Any
) -> None:
    text = page(cast.asha).get(control.get_absolute_url()).content.decode()
    assert f"/participants/{control.code}/forms/lost-to-follow-up/new/" in text
    assert f"/participants/{control.code}/forms/end-of-study/new/" in text
    about = [s.key for s in holdings.participant_forms() if not s.repeats and s.key != "end-of-study"]
    assert holdings.progress("control", [], []).expected == len(about)
    lost(control, cast.asha)
    again = page(cast.asha).get(control.get_absolute_url()).content.decode()
    assert "Lost to follow-up: another" in again
