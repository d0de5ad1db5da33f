"""What consent stands at, as tables: ages on and around birthdays, the interim, dissent, items, capacity, representatives.

The person is told by a birth date, as the sealed identity tells it; every row names the day that is asked for.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from apps.consent.rules import (
    DEFAULT_BANDS,
    Age,
    ConsentState,
    Event,
    Facts,
    KnownAges,
    Terms,
    consent_state,
)
from studyportal.crf.partial_date import PartialDate
from studyportal.identity.births import Ages

BOTH = ("participation", "procedure")
ITEMS = ("sample_storage", "future_contact", "data_sharing", "images")
TERMS = Terms()


def on(text: str | None) -> Any:
    return None if text is None else PartialDate.parse(text)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def born(text: str) -> KnownAges:
    """Who was born on a day, or in a month or year that is all that is known."""
    when = on(text)
    return KnownAges(exact=Ages(when.earliest, when.latest))


def event(id: int, kind: str, signed: str | None, **more: Any) -> Event:
    plain: dict[str, Any] = {"purposes": BOTH, "document_version": "2.0"} | more
    return Event(id=id, kind=kind, signed_on=on(signed), **plain)


def lar(id: int = 1, signed: str | None = "2020-01-10", signer: str = "mother", **more: Any) -> Event:
    return event(id, "lar_consent", signed, signer=signer, lar_relationship_proof="birth certificate", **more)


def oral(id: int = 2, signed: str | None = "2020-01-10", **more: Any) -> Event:
    return event(id, "oral_assent", signed, signer="participant", **more)


def written(id: int = 3, signed: str | None = "2020-01-10", **more: Any) -> Event:
    return event(id, "written_assent", signed, signer="participant", **more)


def own(id: int = 4, signed: str | None = "2020-01-10", **more: Any) -> Event:
    return event(id, "consent", signed, signer="participant", **more)


def withdrawal(id: int, signed: str | None, *scopes: str, **more: Any) -> Event:
    return Event(id=id, kind="withdrawal", signed_on=on(signed), withdrawal_scopes=scopes, **more)


def state(log: list[Event], asked: str, ages: Any, **more: Any) -> ConsentState:
    return consent_state(log, TERMS, day(asked), ages, **more)


# --- Who must have signed, at each age ---------------------------------------------------------------------

LAR_ONLY, WITH_ORAL, WITH_WRITTEN, ADULT = [lar()], [lar(), oral()], [lar(), written()], [own()]


@pytest.mark.parametrize(
    ("birth", "asked", "log", "expected", "missing"),
    [
        # Under 7 until the day before the seventh birthday.
        ("2014-06-15", "2021-06-14", LAR_ONLY, "yes", ()),
        ("2014-06-15", "2021-06-14", [oral()], "no", ("lar_consent",)),
        # Nobody asked the child before: the interim holds for what was signed at six.
        ("2014-06-15", "2021-06-15", LAR_ONLY, "yes", ()),
        ("2014-06-15", "2021-07-15", LAR_ONLY, "yes", ()),
        ("2014-06-15", "2021-07-16", LAR_ONLY, "no", ("oral_assent",)),
        ("2014-06-15", "2021-07-16", WITH_ORAL, "yes", ()),
        # 7 to 12.
        ("2008-06-15", "2020-06-14", WITH_ORAL, "yes", ()),
        ("2008-06-15", "2021-06-14", WITH_ORAL, "yes", ()),
        ("2008-06-15", "2021-06-14", LAR_ONLY, "no", ("oral_assent",)),
        # 13: written assent within 30 days; an assent written before counts.
        ("2008-06-15", "2021-06-15", WITH_ORAL, "yes", ()),
        ("2008-06-15", "2021-07-15", WITH_ORAL, "yes", ()),
        ("2008-06-15", "2021-07-16", WITH_ORAL, "no", ("written_assent",)),
        ("2008-06-15", "2021-07-16", WITH_WRITTEN, "yes", ()),
        # 17, and 18 on the day.
        ("2003-06-15", "2021-06-14", WITH_WRITTEN, "yes", ()),
        ("2003-06-15", "2021-06-15", WITH_WRITTEN, "yes", ()),
        ("2003-06-15", "2021-07-15", WITH_WRITTEN, "yes", ()),
        ("2003-06-15", "2021-07-16", WITH_WRITTEN, "no", ("consent",)),
        ("2003-06-15", "2021-07-16", [*WITH_WRITTEN, own(4, "2021-07-01")], "yes", ()),
        # What was signed the day before the eighteenth birthday is no consent of an adult.
        ("2003-06-15", "2021-08-01", [*WITH_WRITTEN, own(4, "2021-06-14")], "no", ("consent",)),
        ("2003-06-15", "2021-08-01", [*WITH_WRITTEN, own(4, "2021-06-15")], "yes", ()),
        # An adult from the start has no interim to live in.
        ("1990-01-01", "2021-06-15", WITH_WRITTEN, "no", ("consent",)),
        ("1990-01-01", "2021-06-15", ADULT, "yes", ()),
        ("1990-01-01", "2021-06-15", [], "no", ("consent",)),
    ],
)  # fmt: skip
def test_ages_around_birthdays(
    birth: str, asked: str, log: list[Event], expected: str, missing: tuple[str, ...]
) -> None:
    found = state(log, asked, born(birth))
    assert (found.in_force, found.missing) == (expected, missing)


@pytest.mark.parametrize(
    ("birth", "asked", "age"),
    [
        ("2004-02-29", "2022-02-28", (17, 17)),
        ("2004-02-29", "2022-03-01", (18, 18)),
        ("2004-02-29", "2020-02-28", (15, 15)),
        ("2004-02-29", "2020-02-29", (16, 16)),
        ("2004-03-01", "2022-02-28", (17, 17)),
        ("2004-02-28", "2022-02-28", (18, 18)),
        ("2004-02", "2022-02-01", (17, 18)),
        ("2004-02", "2022-03-01", (18, 18)),
        ("2004", "2021-12-30", (16, 17)),
        ("2004", "2021-12-31", (17, 17)),
        ("2004", "2022-01-01", (17, 18)),
        ("2004", "2022-12-31", (18, 18)),
        ("2004-02-29", "2003-01-01", (0, 0)),
    ],
)
def test_ages_by_the_birth_date(birth: str, asked: str, age: tuple[int, int]) -> None:
    assert born(birth).on(day(asked)) == age


@pytest.mark.parametrize(
    ("asked", "expected", "phase"),
    [
        ("2022-02-28", "yes", "in_force"),
        ("2022-03-01", "yes", "due"),
        ("2022-03-31", "yes", "due"),
        ("2022-04-01", "no", "overdue"),
    ],
)
def test_a_leap_day_turns_eighteen_on_the_first_of_march(asked: str, expected: str, phase: str) -> None:
    found = state(WITH_WRITTEN, asked, born("2004-02-29"))
    assert (found.in_force, found.phase) == (expected, phase)


@pytest.mark.parametrize(
    ("birth", "asked", "expected"),
    [
        # Turned 18 at some day of March: certain before, in the interim until the last possible day says otherwise.
        ("2004-03", "2022-02-28", "yes"),
        ("2004-03", "2022-03-31", "yes"),
        ("2004-03", "2022-04-01", "indeterminate"),
        ("2004-03", "2022-04-30", "indeterminate"),
        ("2004-03", "2022-05-01", "no"),
        # Only the year is known.
        ("2004", "2021-12-31", "yes"),
        ("2004", "2022-01-31", "yes"),
        ("2004", "2022-02-01", "indeterminate"),
        ("2004", "2023-01-30", "indeterminate"),
        ("2004", "2023-01-31", "no"),
    ],
)
def test_a_birthday_that_is_known_in_part(birth: str, asked: str, expected: str) -> None:
    assert state(WITH_WRITTEN, asked, born(birth)).in_force == expected


@pytest.mark.parametrize(("age", "expected"), [(17, "yes"), ((17, 18), "indeterminate"), (18, "no")])
def test_an_age_without_any_day_has_no_interim(age: Age, expected: str) -> None:
    """Who knows the age of one day alone cannot tell how long ago the birthday was."""
    assert state(WITH_WRITTEN, "2022-03-10", age).in_force == expected


def test_ages_on_record_bound_the_birthday() -> None:
    ages = KnownAges(recorded=((17, on("2020-01-10")),))
    assert state(WITH_WRITTEN, "2020-01-10", ages).in_force == "indeterminate"  # signed that day
    assert state(WITH_WRITTEN, "2020-02-01", ages).in_force == "yes"
    assert state(WITH_WRITTEN, "2020-06-01", ages).in_force == "indeterminate"
    assert state(WITH_WRITTEN, "2021-03-01", ages).in_force == "no"


# --- The interim: what an earlier consent still carries ---------------------------------------------------


def test_the_interim_carries_visits_and_data_and_not_the_procedures() -> None:
    log = [lar(purposes=(*BOTH, *ITEMS)), written()]
    before, interim, after = (
        state(log, asked, born("2003-06-15")) for asked in ("2021-06-14", "2021-06-20", "2021-07-16")
    )
    assert set(before.purposes.values()) == {"yes"}
    assert {p: v for p, v in interim.purposes.items() if v != "yes"} == {"procedure": "no"}
    assert set(after.purposes.values()) == {"no"}
    assert (before.phase, interim.phase, after.phase) == ("in_force", "due", "overdue")
    assert after.why == (
        "the participant's own consent as an adult is missing",
        "the participant is 18 years old, so the participant's own consent as an adult is due",
        "taking part is suspended until it is signed",
    )


def test_what_is_due_after_a_birthday_and_until_when() -> None:
    found = state(WITH_WRITTEN, "2021-06-20", born("2003-06-15"))
    (due,) = found.due
    assert (due.kind, due.signature, due.overdue, due.ahead) == ("birthday", "consent", False, False)
    assert (due.from_on, due.by_on) == (day("2021-06-15"), day("2021-07-15"))
    assert found.until == day("2021-07-15")


@pytest.mark.parametrize(
    ("asked", "ahead"), [("2021-04-15", False), ("2021-04-16", True), ("2021-06-14", True)]
)
def test_a_birthday_is_announced_sixty_days_ahead(asked: str, ahead: bool) -> None:
    found = state(WITH_WRITTEN, asked, born("2003-06-15"))
    assert (bool(found.due), found.phase) == (ahead, "in_force")
    assert all(one.ahead and one.from_on == day("2021-06-15") for one in found.due)
    assert found.until == day("2021-07-15")


def test_a_birthday_that_asks_for_nothing_more_is_none() -> None:
    """Written assent at twelve carries over the thirteenth birthday; the next that asks is the eighteenth."""
    found = state([lar(), written(signed="2020-12-01")], "2021-06-10", born("2008-06-15"))
    assert (found.due, found.until) == ((), day("2026-07-15"))


def test_an_adult_has_no_end() -> None:
    found = state(ADULT, "2021-06-10", born("1990-06-15"))
    assert (found.until, found.due, found.phase) == (None, (), "in_force")


def test_no_day_that_tells_the_birth_date_is_said_to_who_may_not_know_it() -> None:
    for asked in ("2021-05-20", "2021-06-20", "2021-07-20"):
        found = state(WITH_WRITTEN, asked, born("2003-06-15"), reveal=False)
        assert found.until is None
        assert [(one.from_on, one.by_on) for one in found.due] == [(None, None)]
        assert "2021" not in " ".join([*found.why, *(one.why for one in found.due)])


def test_the_protocol_says_what_goes_on() -> None:
    log, ages, late = WITH_WRITTEN, born("2003-06-15"), day("2021-09-01")
    goes_on = Terms(after_birthday="goes_on")
    assert consent_state(log, goes_on, late, ages).in_force == "yes"
    assert consent_state(log, goes_on, late, ages).phase == "overdue"
    strict = Terms(interim_carries=frozenset())
    assert consent_state(log, strict, day("2021-06-15"), ages).in_force == "no"
    assert consent_state(log, strict, day("2021-06-14"), ages).until == day("2021-06-14")
    assert consent_state(log, Terms(resign_within_days=5), day("2021-06-21"), ages).in_force == "no"


def test_what_the_adult_did_not_agree_to_is_no_longer_carried() -> None:
    log = [lar(purposes=(*BOTH, *ITEMS)), written(), own(4, "2021-06-16", declined=("images",))]
    found = state(log, "2021-06-20", born("2003-06-15"))
    assert (found.in_force, found.procedure) == ("yes", "yes")
    assert {found.purposes[item] for item in ITEMS} == {"no"}
    assert (found.phase, found.due) == ("in_force", ())


# --- Dates of every precision, and times ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signed", "asked", "expected"),
    [
        ("2021-03-01", "2021-03-02", "yes"),
        ("2021-03-01", "2021-03-01", "indeterminate"),
        ("2021-03-02", "2021-03-01", "no"),
        ("2021-02", "2021-03-01", "yes"),
        ("2021-03", "2021-03-31", "indeterminate"),
        ("2021-04", "2021-03-31", "no"),
        ("2020", "2021-01-01", "yes"),
        ("2021", "2021-06-01", "indeterminate"),
        ("age:30", "2021-06-01", "indeterminate"),
        (None, "2021-06-01", "indeterminate"),
    ],
)
def test_a_signature_as_far_as_its_date_is_known(signed: str | None, asked: str, expected: str) -> None:
    assert state([own(signed=signed)], asked, born("1990-01-01")).in_force == expected


IST = dt.timezone(dt.timedelta(hours=5, minutes=30))


def test_times_decide_within_a_day_and_the_day_is_the_sites_own() -> None:
    # Half past midnight in Mumbai is the evening before in UTC; the site's day is what counts.
    signed_at = dt.datetime(2021, 3, 2, 0, 30, tzinfo=IST)
    timed = own(signed="2021-03-02", signed_at=signed_at)
    for moment, expected in (
        (signed_at - dt.timedelta(minutes=1), "no"),
        (signed_at, "yes"),
        (signed_at.astimezone(dt.UTC) + dt.timedelta(minutes=1), "yes"),
        (day("2021-03-01"), "no"),
        (day("2021-03-02"), "indeterminate"),
        (day("2021-03-03"), "yes"),
    ):
        assert consent_state([timed], TERMS, moment, born("1990-01-01")).in_force == expected
    # Without a date, the time places it on the site's day.
    assert consent_state([replace(timed, signed_on=None)], TERMS, day("2021-03-01"), 31).in_force == "no"


# --- Withdrawal and coming back ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scopes", "ended"),
    [
        (("treatment",), {"procedure"}),
        (("visits",), {"participation", "procedure"}),
        (("new_data",), {"participation", "procedure"}),
        (("future_contact",), {"future_contact"}),
        (("sample_use",), {"sample_storage"}),
        (("treatment", "sample_use"), {"procedure", "sample_storage"}),
        (("erasure_request",), {*BOTH, *ITEMS}),
    ],
)
def test_a_withdrawal_ends_what_it_names_and_nothing_else(scopes: tuple[str, ...], ended: set[str]) -> None:
    log = [own(purposes=(*BOTH, *ITEMS)), withdrawal(9, "2021-02-10", *scopes)]
    found = state(log, "2021-03-01", born("1990-01-01"))
    assert {purpose for purpose, verdict in found.purposes.items() if verdict == "no"} == ended
    assert {v for p, v in found.purposes.items() if p not in ended} <= {"yes"}
    assert found.withdrawn == set(scopes)
    assert set(state(log, "2021-02-09", born("1990-01-01")).purposes.values()) == {"yes"}


@pytest.mark.parametrize(
    ("log", "participation", "procedure", "withdrawn"),
    [
        # In again for everything.
        ([own(10, "2021-02-20")], "yes", "yes", set()),
        # In again for visits only: what remains of the withdrawal is that of treatment.
        ([own(10, "2021-02-20", purposes=("participation",))], "yes", "no", {"treatment"}),
        # On the day of the withdrawal only the times tell which came last.
        ([own(10, "2021-02-10")], "no", "no", {"visits"}),
        # A sheet signed before and entered afterwards brings nobody back.
        ([own(10, "2021-02-01")], "no", "no", {"visits"}),
        ([own(10, "2021-02")], "no", "no", {"visits"}),
        ([own(10, None)], "no", "no", {"visits"}),
        ([event(10, "re_consent", "2021-02-20", signer="participant")], "yes", "yes", set()),
        # In, out and in, in whatever order it was entered.
        ([own(10, "2021-02-20"), withdrawal(11, "2021-02-25", "visits")], "no", "no", {"visits"}),
        ([withdrawal(10, "2021-02-25", "visits"), own(11, "2021-02-20")], "no", "no", {"visits"}),
        (
            [withdrawal(10, "2021-02-25", "treatment"), own(11, "2021-02-20")],
            "yes",
            "no",
            {"treatment"},
        ),
    ],
)
def test_coming_back(log: list[Event], participation: str, procedure: str, withdrawn: set[str]) -> None:
    found = state([own(), withdrawal(9, "2021-02-10", "visits"), *log], "2021-03-01", born("1990-01-01"))
    assert (found.in_force, found.procedure, set(found.withdrawn)) == (participation, procedure, withdrawn)


def test_times_tell_which_came_last_on_one_day() -> None:
    morning, noon = (dt.datetime(2021, 2, 10, hour, tzinfo=IST) for hour in (9, 12))
    out = withdrawal(9, "2021-02-10", "visits", signed_at=morning)
    back = own(10, "2021-02-10", signed_at=noon)
    assert state([own(), out, back], "2021-03-01", 31).in_force == "yes"
    out, back = replace(out, signed_at=noon), replace(back, signed_at=morning)
    assert state([own(), out, back], "2021-03-01", 31).in_force == "no"


def test_a_child_who_comes_back_assents_anew() -> None:
    log = [lar(), written(), withdrawal(9, "2021-02-10", "visits"), lar(10, "2021-02-20")]
    found = state(log, "2021-03-01", born("2006-01-01"))
    assert (found.in_force, found.missing, found.withdrawn) == ("no", ("written_assent",), frozenset())
    found = state([*log, written(11, "2021-02-21")], "2021-03-01", born("2006-01-01"))
    assert found.in_force == "yes"


def test_a_withdrawal_without_a_day_counts_from_the_start() -> None:
    entered = dt.datetime(2021, 2, 10, 12, tzinfo=IST)
    out = withdrawal(9, None, "visits", entered_at=entered)
    assert state([own(), out], "2020-06-01", 31).in_force == "no"
    assert state([own(), out, own(10, "2021-02-11")], "2021-03-01", 31).in_force == "yes"
    assert state([own(), out, own(10, "2021-02-10")], "2021-03-01", 31).in_force == "no"


# --- Dissent ----------------------------------------------------------------------------------------------


def dissent(id: int, signed: str | None, **more: Any) -> Event:
    return Event(id=id, kind="dissent", signed_on=on(signed), signer="participant", **more)


@pytest.mark.parametrize(
    ("birth", "log", "participation", "procedure"),
    [
        ("2006-01-01", [lar(), written(), dissent(9, "2021-02-01")], "no", "no"),
        ("2006-01-01", [lar(), written(), dissent(9, "2021-02-01", purposes=("procedure",))], "yes", "no"),
        ("2006-01-01", [lar(), written(), dissent(9, "2021-03-02")], "yes", "yes"),
        ("2006-01-01", [lar(), written(), dissent(9, None)], "no", "no"),
        # The representative's consent does not outweigh it; the child's assent does.
        ("2006-01-01", [lar(), written(), dissent(9, "2021-02-01"), lar(10, "2021-02-05")], "no", "no"),
        ("2006-01-01", [lar(), written(), dissent(9, "2021-02-01"), written(10, "2021-02-05")], "yes", "yes"),
        # A small child, of whom no assent is asked: it bars until the child agrees or the representative decides anew.
        ("2016-01-01", [lar(), dissent(9, "2021-02-01")], "no", "no"),
        ("2016-01-01", [lar(), dissent(9, "2021-02-01"), oral(10, "2021-02-05")], "yes", "yes"),
        ("2016-01-01", [lar(), dissent(9, "2021-02-01"), lar(10, "2021-02-05")], "yes", "yes"),
        # What the child said is no word of the adult of today.
        ("1990-01-01", [own(), dissent(9, "2007-02-01")], "yes", "yes"),
    ],
)  # fmt: skip
def test_a_childs_no(birth: str, log: list[Event], participation: str, procedure: str) -> None:
    found = state(log, "2021-03-01", born(birth))
    assert (found.in_force, found.procedure) == (participation, procedure)


# --- Optional items ---------------------------------------------------------------------------------------


def items(
    id: int, signed: str, agreed: tuple[str, ...] = (), declined: tuple[str, ...] = (), **more: Any
) -> Event:
    plain: dict[str, Any] = {"signer": "participant"} | more
    return event(id, "optional_items", signed, purposes=agreed, declined=declined, **plain)


@pytest.mark.parametrize(
    ("birth", "log", "images"),
    [
        ("1990-01-01", [own()], "no"),
        ("1990-01-01", [own(purposes=None)], "indeterminate"),
        ("1990-01-01", [own(purposes=(*BOTH, "images"))], "yes"),
        ("1990-01-01", [own(purposes=(*BOTH, "images"), declined=("images",))], "no"),
        ("1990-01-01", [own(), items(5, "2021-02-01", ("images",))], "yes"),
        ("1990-01-01", [own(purposes=(*BOTH, "images")), items(5, "2021-02-01", (), ("images",))], "no"),
        (
            "1990-01-01",
            [own(), items(5, "2021-02-01", (), ("images",)), items(6, "2021-02-05", ("images",))],
            "yes",
        ),
        # In whatever order they were entered.
        (
            "1990-01-01",
            [own(), items(5, "2021-02-05", ("images",)), items(6, "2021-02-01", (), ("images",))],
            "yes",
        ),
        # On one day without times: the no counts.
        (
            "1990-01-01",
            [own(), items(5, "2021-02-01", ("images",)), items(6, "2021-02-01", (), ("images",))],
            "no",
        ),
        # For a child the representative says it, and the child's no counts.
        ("2006-01-01", [lar(), written(), items(5, "2021-02-01", ("images",))], "no"),
        ("2006-01-01", [lar(), written(), items(5, "2021-02-01", ("images",), signer="mother")], "yes"),
        ("2006-01-01", [lar(purposes=(*BOTH, "images")), written(declined=("images",))], "no"),
        # Nobody takes part by an optional item.
        ("1990-01-01", [items(5, "2021-02-01", ("images",))], "yes"),
    ],
)  # fmt: skip
def test_optional_items(birth: str, log: list[Event], images: str) -> None:
    found = state(log, "2021-03-01", born(birth))
    assert found.purposes["images"] == images
    assert state([items(5, "2021-02-01", ("participation",))], "2021-03-01", 31).in_force == "no"


# --- Sessions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "sessions"),
    [
        ([own()], ("yes", "yes", "yes")),
        ([own(session_number=1)], ("yes", "no", "no")),
        ([own(session_number=1), own(5, "2020-03-01", session_number=2)], ("yes", "yes", "no")),
        (
            [own(purposes=("participation",)), own(5, session_number=2, purposes=("procedure",))],
            ("no", "yes", "no"),
        ),
        ([own(session_number=1), own(5, "2021-03-01", session_number=2)], ("yes", "indeterminate", "no")),
    ],
)
def test_consent_for_sessions(log: list[Event], sessions: tuple[str, ...]) -> None:
    found = state(log, "2021-03-01", born("1990-01-01"))
    assert tuple(found.covers_session(number) for number in (1, 2, 3)) == sessions


def test_a_session_needs_everybody_who_signs() -> None:
    log = [
        lar(session_number=1),
        written(),
        lar(5, session_number=2),
        withdrawal(9, "2021-02-01", "treatment"),
    ]
    found = state(log[:3], "2021-03-01", born("2006-01-01"))
    assert [found.covers_session(n) for n in (1, 2, 3)] == ["yes", "yes", "no"]
    found = state(
        [lar(session_number=1), written(session_number=1), lar(5, session_number=2)],
        "2021-03-01",
        born("2006-01-01"),
    )
    assert [found.covers_session(n) for n in (1, 2, 3)] == ["yes", "no", "no"]
    assert state(log, "2021-03-01", born("2006-01-01")).covers_session(1) == "no"


# --- Capacity ---------------------------------------------------------------------------------------------


def test_who_cannot_decide_is_spoken_for() -> None:
    ages = born("1990-01-01")
    spoken_for = lar(1, signer="other", signer_relationship="brother", capacity="cannot_decide")
    found = state([spoken_for], "2021-03-01", ages)
    assert (found.in_force, found.representative) == ("yes", "other")
    # Signed by who could not decide: no consent.
    assert state([own(capacity="cannot_decide")], "2021-03-01", ages).missing == ("lar_consent",)


def test_capacity_comes_back_and_the_own_consent_is_due() -> None:
    ages = born("1990-01-01")
    spoken_for = lar(1, signer="other", capacity="cannot_decide")
    able = items(5, "2021-02-10", ("images",), capacity="decides")
    found = state([spoken_for, able], "2021-02-20", ages)
    assert (found.in_force, found.procedure, found.phase) == ("yes", "no", "due")
    assert [(d.kind, d.signature, d.by_on) for d in found.due] == [("capacity", "consent", day("2021-03-12"))]
    assert state([spoken_for, able], "2021-03-13", ages).in_force == "no"
    assert state([spoken_for, able], "2021-03-13", ages).phase == "overdue"
    assert state([spoken_for, able, own(6, "2021-03-10")], "2021-03-13", ages).in_force == "yes"


def test_capacity_lost_asks_for_a_representative() -> None:
    ages = born("1990-01-01")
    log = [own(), Event(id=5, kind="optional_items", signed_on=on("2021-02-10"), capacity="cannot_decide")]
    assert state(log, "2021-02-20", ages).phase == "due"
    found = state(log, "2021-03-20", ages)
    assert (found.in_force, found.missing) == ("no", ("lar_consent",))


# --- Representatives --------------------------------------------------------------------------------------


def test_parents_speak_for_one_another() -> None:
    log = [
        lar(purposes=(*BOTH, "images")),
        written(),
        lar(5, "2021-02-01", "father", purposes=("participation",)),
    ]
    found = state(log, "2021-03-01", born("2006-01-01"))
    assert (found.procedure, found.purposes["images"], found.representative, found.due) == (
        "yes",
        "yes",
        "father",
        (),
    )


def test_another_representative_is_asked_for_everything() -> None:
    taken_over = lar(5, "2021-02-20", "guardian", purposes=("participation",))
    log = [lar(purposes=(*BOTH, "images")), written(), taken_over]
    found = state(log, "2021-03-01", born("2006-01-01"))
    assert (found.in_force, found.procedure, found.purposes["images"]) == ("yes", "no", "no")
    assert found.representative == "guardian"
    (due,) = found.due
    assert (due.kind, due.signature, due.concerns, due.by_on) == (
        "representative",
        "lar_consent",
        5,
        day("2021-03-22"),
    )
    assert due.why.endswith("has not been asked about harvest and infusion and images")
    assert found.phase == "due"
    answered = items(6, "2021-02-25", ("images",), signer="guardian")
    session = lar(7, "2021-02-25", "guardian", purposes=("procedure",))
    found = state([*log, answered, session], "2021-03-01", born("2006-01-01"))
    assert (found.procedure, found.purposes["images"], found.due) == ("yes", "yes", ())


def test_a_session_form_signed_by_an_aunt_changes_no_representative() -> None:
    aunt = lar(
        5, "2021-02-20", "other", signer_relationship="aunt", purposes=("procedure",), session_number=2
    )
    found = state([lar(), written(), aunt], "2021-03-01", born("2006-01-01"))
    assert (found.representative, found.due) == ("mother", ())


def test_a_relation_that_was_not_proven_is_asked_for() -> None:
    found = state([replace(lar(), lar_relationship_proof=None), written()], "2021-03-01", born("2006-01-01"))
    assert [(one.kind, one.concerns) for one in found.due] == [("representative", 1)]


# --- Without an answer ------------------------------------------------------------------------------------


def test_at_a_moment_that_nobody_recorded_nothing_is_shown() -> None:
    found = consent_state(ADULT, TERMS, None, born("1990-01-01"))
    assert (found.in_force, found.missing, found.until, found.due) == ("indeterminate", ("age",), None, ())
    assert consent_state([], TERMS, None, None).in_force == "no"


def test_bands_alone_are_terms() -> None:
    assert consent_state(ADULT, DEFAULT_BANDS, day("2021-03-01"), 31).in_force == "yes"


def test_facts_of_the_past_ask_for_nothing() -> None:
    found = state(
        [replace(lar(), lar_relationship_proof=None), written()],
        "2021-03-01",
        born("2006-01-01"),
        facts=Facts(past=True),
    )
    assert found.due == ()


@pytest.mark.parametrize(
    ("signed", "asked"),
    [
        # 9 years old at the first signature, and nobody asked the child: incomplete, not grown out of date at 7.
        ("2009-03-01", "2009-03-15"),
        # Eight days after the birthday at 7: the days of grace are for what was complete before it.
        ("2007-01-09", "2007-01-12"),
    ],
)
def test_what_was_signed_after_a_birthday_by_the_rule_of_before_is_incomplete(
    signed: str, asked: str
) -> None:
    found = state([lar(signed=signed)], asked, born("2000-01-01"))
    assert (found.in_force, found.phase) == ("no", "none")
    assert "oral_assent" in found.missing
    assert not [one for one in found.due if one.kind == "birthday"]


def test_what_was_signed_before_the_birthday_goes_on_for_thirty_days() -> None:
    log = [lar(signed="2006-12-20")]
    found = [state(log, asked, born("2000-01-01")) for asked in ("2007-01-31", "2007-02-01")]
    assert [(one.in_force, one.phase) for one in found] == [("yes", "due"), ("no", "overdue")]
