"""Nothing on record lies before birth, both ways, and nobody learns a birth date by asking."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.enrolment import actions as enrolment
from apps.enrolment.crfs import HOSPITALISATION, MEDICAL_HISTORY
from apps.enrolment.models import Demographics, ScreeningEntry
from studyportal.access import walls
from studyportal.access.clock import today_at
from studyportal.crf.actions import save
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.partial_date import PartialDate
from studyportal.identity import actions as identity
from studyportal.identity import births, settling
from studyportal.identity.errors import IdentityInvalid
from studyportal.identity.models import PossibleDuplicate
from studyportal.queries.models import Query
from tests.apps.enrolment.factories import a_case, a_control, demographics_of, enrolled
from tests.cast import Cast

pytestmark = pytest.mark.django_db

SAID = "This lies before the participant's birth. Check it with the source."
BORN = "2001-05-14"


def born(participant: Any, by: Any, on: str = BORN, **more: Any) -> Any:
    return identity.record(
        participant=participant, raw={"full_name": "Zarina", "birth_date": on}, by=by, **more
    )


@pytest.fixture
def participant(cast: Cast) -> Any:
    found = a_case(cast)
    born(found, cast.asha)
    return found


def write(spec: Any, participant: Any, by: Any, **raw: Any) -> Any:
    with walls.opened(by):
        return save(spec, raw=raw, by=by, participant=participant, complete=False)


# --- A form says something before birth ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "field"),
    [(MEDICAL_HISTORY, "diagnosed_on"), (MEDICAL_HISTORY, "insulin_since"), (HOSPITALISATION, "admitted_on")],
)
@pytest.mark.parametrize("date", ["2001-05-13", "2001-04", "2000", "1950-01-01"])
def test_a_form_before_birth_is_refused(
    cast: Cast, participant: Any, spec: Any, field: str, date: str
) -> None:
    with pytest.raises(Refused) as refused:
        write(spec, participant, cast.asha, **{field: date})
    assert [(one.field, one.code, one.message) for one in refused.value.problems] == [
        (field, "before_birth", SAID)
    ]
    assert not spec.model.objects.exists()


@pytest.mark.parametrize("date", ["2001-05-14", "2001-05", "2001", "2012-03", "age:3", ""])
def test_what_may_lie_after_birth_is_saved(cast: Cast, participant: Any, date: str) -> None:
    assert write(MEDICAL_HISTORY, participant, cast.asha, diagnosed_on=date).pk


@pytest.mark.parametrize(
    ("on", "date", "refused"),
    [
        ("2001-05", "2001-05-01", False),
        ("2001-05", "2001-04-30", True),
        ("2001", "2001-01-01", False),
        ("2001", "2000-12", True),
    ],
)
def test_a_birth_date_as_far_as_it_is_known(cast: Cast, on: str, date: str, refused: bool) -> None:
    participant = a_case(cast)
    born(participant, cast.asha, on)
    assert births.before_birth(participant, PartialDate.parse(date), cast.asha) is refused


def test_without_an_identity_or_a_birth_date_nothing_is_refused(cast: Cast, participant: Any) -> None:
    unknown = a_case(cast)
    assert write(MEDICAL_HISTORY, unknown, cast.asha, diagnosed_on="1950").pk
    born(unknown, cast.asha, "")
    assert births.before_birth(unknown, PartialDate.parse("1900"), cast.asha) is False
    assert births.before_birth(participant, None, cast.asha) is False


def test_the_page_and_the_api_say_where(cast: Cast, participant: Any, page: Any, api: Any) -> None:
    answer = api(cast.asha).post(
        "/api/v1/forms/medical-history/",
        {"participant": participant.code, "diagnosed_on": "1999", "complete": False},
        format="json",
    )
    assert answer.status_code == 409
    assert answer.json()["errors"][0] | {} == {
        "field": "diagnosed_on",
        "code": "before_birth",
        "message": SAID,
    }
    answer = page(cast.asha).post(
        f"/participants/{participant.code}/forms/medical-history/new/",
        {"diagnosed_on": "1999", "incomplete": "1"},
    )
    assert answer.status_code == 409
    said = answer.content.decode()
    assert "before the participant" in said and 'value="1999"' in said, "what was typed is still there"


# --- Whoever may not know the birth date -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "date", "refused"),
    [
        ("asha", "2001-05-13", True),
        ("rao", "2001-05-13", True),
        ("meera", "2001-05-13", False),
        ("meera", "2001-01-01", False),
        ("meera", "2000-12-31", True),
        ("meera", "2000", True),
        ("vikram", "2000-12-31", True),
        ("vikram", "2001-05-13", False),
    ],
)
def test_who_may_not_see_the_identity_is_answered_by_the_year(
    cast: Cast, participant: Any, who: str, date: str, refused: bool
) -> None:
    user = getattr(cast, who)
    with walls.opened(user):
        assert births.before_birth(participant, PartialDate.parse(date), user) is refused
    assert births.before_birth(participant, PartialDate.parse(date), None) is (date < "2001")


def test_a_data_manager_is_refused_what_cannot_be(cast: Cast, participant: Any) -> None:
    with pytest.raises(Refused):
        write(MEDICAL_HISTORY, participant, cast.meera, diagnosed_on="1999")
    assert write(MEDICAL_HISTORY, participant, cast.meera, diagnosed_on="2001-01").pk


def test_the_wall_is_closed_again_after_the_answer(cast: Cast, participant: Any) -> None:
    from studyportal.identity.models import Identity

    with walls.opened(cast.meera):
        births.before_birth(participant, PartialDate.parse("1999"), cast.meera)
        assert not Identity.objects.exists()
        with pytest.raises(RuntimeError), walls.knowing_identities_at(cast.mumbai.pk):
            assert Identity.objects.count() == 1
            raise RuntimeError("the power went")
        assert not Identity.objects.exists()
        with walls.knowing_identities_at(cast.pune.pk):
            assert not Identity.objects.exists()


def test_a_closed_process_cannot_tell_and_saves(cast: Cast, participant: Any, settings: Any) -> None:
    settings.IDENTITY_CLOSED = True
    assert births.before_birth(participant, PartialDate.parse("1999"), cast.asha) is None
    record = write(MEDICAL_HISTORY, participant, cast.asha, diagnosed_on="1999")
    settings.IDENTITY_CLOSED = False
    with pytest.raises(Refused):  # the next save where the keys are
        save(MEDICAL_HISTORY, raw={"insulin_since": "2012"}, by=cast.asha, record=record, complete=False)


def test_without_the_key_it_cannot_tell(cast: Cast, participant: Any, settings: Any) -> None:
    settings.IDENTITY_KEYS = ("k" * 10 + "0123456789" * 4,)
    assert births.before_birth(participant, PartialDate.parse("1999"), cast.asha) is None


# --- Dates that stand in no form -------------------------------------------------------------------------


def test_enrolment_screening_and_index_date(cast: Cast, participant: Any) -> None:
    control = a_control(cast)
    born(control, cast.asha, BORN)
    entry = ScreeningEntry.objects.get(participant=participant)
    for act, field in (
        (lambda: enrolment.enrol(participant=participant, on="2001-05-13", by=cast.asha), "enrolled_on"),
        (
            lambda: enrolment.screening.change_entry(
                entry=entry, by=cast.asha, screened_on="2001-05-13", reason="Card"
            ),
            "screened_on",
        ),
        (
            lambda: enrolment.match(
                participant=control, matched_case=None, index_date="2001-05-13", by=cast.asha, reason="Card"
            ),
            "index_date",
        ),
    ):
        with pytest.raises(CrfInvalid) as refused:
            act()
        assert (field, "before_birth") in {(one.field, one.code) for one in refused.value.problems}


# --- An identity says that somebody was born after something on record -----------------------------------


def test_an_identity_born_after_a_record_is_refused(cast: Cast) -> None:
    participant = a_case(cast)
    save(
        MEDICAL_HISTORY,
        raw={"diagnosed_on": "1999-11-03", "insulin_since": "2000"},
        by=cast.asha,
        participant=participant,
        complete=False,
    )
    save(
        HOSPITALISATION, raw={"admitted_on": "2001-05"}, by=cast.asha, participant=participant, complete=False
    )
    with pytest.raises(IdentityInvalid) as refused:
        born(participant, cast.asha)
    said = {one.message for one in refused.value.problems}
    assert {(one.field, one.code) for one in refused.value.problems} == {("birth_date", "after_record")}
    assert said == {
        f"“{what}” is recorded as {when}, which lies before this birth date. Correct the wrong one."
        for what, when in (("Diabetes diagnosed", "3 Nov 1999"), ("On insulin since", "2000"))
    }
    born(participant, cast.asha, "1999-11-03")


def test_so_is_one_born_after_screening_enrolment_or_index_date(cast: Cast) -> None:
    participant = enrolled(a_case(cast), "2010-03-04")
    with pytest.raises(IdentityInvalid) as refused:
        born(participant, cast.asha, "2010-03-05")
    assert {one.message.split("”")[0] for one in refused.value.problems} == {
        "“Enrolled on",
        "“Screened on",
        "“Outcome on",
    }
    control = a_control(cast)
    type(control).objects.filter(pk=control.pk).update(index_date=dt.date(2010, 3, 4))
    ScreeningEntry.objects.filter(participant=control).update(screened_on="2011")
    with pytest.raises(IdentityInvalid) as refused:
        born(control, cast.asha, "2010-06")
    assert ["index date" in one.message for one in refused.value.problems] == [True]


def test_another_correction_is_not_held_up_by_what_stood_before(
    cast: Cast, participant: Any, settings: Any
) -> None:
    settings.IDENTITY_CLOSED = True
    write(MEDICAL_HISTORY, participant, cast.asha, diagnosed_on="1999")
    settings.IDENTITY_CLOSED = False
    raw = {"full_name": "Zarina", "birth_date": BORN, "phone": "12345"}
    assert identity.record(participant=participant, raw=raw, by=cast.asha).version == 2


# --- The age in the demographics -------------------------------------------------------------------------


def asked(participant: Any) -> list[tuple[str, str]]:
    found = Query.objects.filter(participant=participant, code="age_disagrees_with_birth")
    return [(one.state, one.message) for one in found]


@pytest.mark.parametrize(
    ("age", "disagrees"),
    [(12, True), (13, False), (14, False), (15, False), (16, True), (40, True), (None, False)],
)
def test_an_age_more_than_a_year_away_opens_a_query(cast: Cast, age: int | None, disagrees: bool) -> None:
    participant = enrolled(a_case(cast), "2016-03-01")  # aged 14
    born(participant, cast.asha)
    demographics_of(
        participant, cast.asha, age_at_enrolment=age, absent={} if age else {"age_at_enrolment": "unknown"}
    )
    found = asked(participant)
    assert bool(found) is disagrees
    for state, message in found:
        assert state == "open" and not any(character.isdigit() for character in message)


@pytest.mark.parametrize(("age", "disagrees"), [(12, True), (13, False), (16, False), (17, True)])
def test_a_year_of_birth_leaves_room(cast: Cast, age: int, disagrees: bool) -> None:
    participant = enrolled(a_case(cast), "2016-03-01")  # 14 or 15
    born(participant, cast.asha, "2001")
    demographics_of(participant, cast.asha, age_at_enrolment=age)
    assert bool(asked(participant)) is disagrees


def test_the_query_comes_and_goes_with_the_identity(cast: Cast) -> None:
    participant = enrolled(a_case(cast), "2016-03-01")
    demographics_of(participant, cast.asha, age_at_enrolment=30)
    assert asked(participant) == []
    with walls.opened(cast.asha):
        born(participant, cast.asha)
    assert [state for state, _ in asked(participant)] == ["open"]
    born(participant, cast.asha, "1986-01-01", reason="Card read")
    assert [state for state, _ in asked(participant)] == ["closed"]


@pytest.mark.parametrize("who", ["asha", "meera"])
def test_a_process_without_keys_leaves_the_query_as_it_is(cast: Cast, settings: Any, who: str) -> None:
    participant = enrolled(a_case(cast), "2016-03-01")
    born(participant, cast.asha)
    record = demographics_of(participant, cast.asha, age_at_enrolment=30)
    settings.IDENTITY_CLOSED = True
    from apps.enrolment.crfs import DEMOGRAPHICS

    with walls.opened(getattr(cast, who)):
        save(DEMOGRAPHICS, raw={"language": "hi"}, by=getattr(cast, who), record=record, reason="Told later")
    assert Demographics.objects.get().language == "hi"
    assert [state for state, _ in asked(participant)] == ["open"]


# --- One person, two codes -------------------------------------------------------------------------------


def test_who_is_left_out_is_not_enrolled_and_the_screening_ends(cast: Cast) -> None:
    left, stays = a_case(cast), a_case(cast, site=cast.pune, by=cast.vikram)
    born(left, cast.asha)
    born(stays, cast.vikram)
    pair = PossibleDuplicate.objects.first().pair
    with walls.opened(cast.meera):
        settling.settle(
            pair=pair, decision="same_person", stays=stays.code, by=cast.meera, reason="Both sites asked"
        )
    entry = ScreeningEntry.objects.get(participant=left)
    assert entry.outcome == "duplicate" and ScreeningEntry.objects.get(participant=stays).outcome == "open"
    with walls.opened(cast.asha), pytest.raises(Refused) as refused:
        enrolment.enrol(participant=left, on=today_at(cast.mumbai).isoformat(), by=cast.asha)
    assert "left_out_of_analysis" in {one.code for one in refused.value.problems}
    with walls.opened(cast.vikram):
        try:
            enrolment.enrol(participant=stays, on=today_at(cast.mumbai).isoformat(), by=cast.vikram)
        except Refused as other:
            assert "left_out_of_analysis" not in {one.code for one in other.problems}
