"""What must hold of the fold whatever the log: found by hypothesis."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.consent.rules import PURPOSES, Event, KnownAges, Terms, consent_state, effective_events, taking_part
from apps.consent.rules.ages import first_day_at
from studyportal.crf.partial_date import PartialDate
from studyportal.identity.births import Ages

TERMS = Terms()
DAYS = st.dates(dt.date(2019, 1, 1), dt.date(2023, 12, 31))
BIRTHS = st.dates(dt.date(1985, 1, 1), dt.date(2018, 12, 31))
KINDS = ("consent", "lar_consent", "oral_assent", "written_assent", "re_consent", "optional_items", "dissent", "withdrawal", "copy_given")  # fmt: skip
SIGNERS = (None, "participant", "mother", "father", "guardian", "other")
SCOPES = ("treatment", "visits", "future_contact", "new_data", "sample_use", "erasure_request")
some_purposes = st.sets(st.sampled_from(PURPOSES)).map(lambda found: tuple(sorted(found)))
ORDER = {"no": 0, "indeterminate": 1, "yes": 2}


@st.composite
def partial(draw: Any) -> PartialDate | None:
    day = draw(DAYS)
    return draw(
        st.sampled_from(
            [
                PartialDate.of(day),
                PartialDate.of(day),
                PartialDate(day.year, day.month),
                PartialDate(day.year),
                PartialDate(age=17),
                None,
            ]
        )
    )


@st.composite
def event(draw: Any, id: int) -> Event:
    kind = draw(st.sampled_from(KINDS))
    return Event(
        id=id,
        kind=kind,
        purposes=draw(st.none() | some_purposes),
        declined=draw(some_purposes) if kind != "withdrawal" else (),
        session_number=draw(st.none() | st.integers(1, 2)),
        document_version=draw(st.sampled_from([None, "1.0"])),
        signed_on=draw(partial()),
        age_at_signature=draw(st.none() | st.integers(5, 30)),
        signer=draw(st.sampled_from(SIGNERS)),
        capacity=draw(st.sampled_from([None, None, "decides", "cannot_decide"])),
        withdrawal_scopes=tuple(draw(st.sets(st.sampled_from(SCOPES), min_size=1)))
        if kind == "withdrawal"
        else (),
        copy_given=draw(st.none() | st.booleans()),
    )


@st.composite
def logs(draw: Any) -> list[Event]:
    return [draw(event(id)) for id in range(1, draw(st.integers(0, 6)) + 1)]


def ages(birth: dt.date) -> KnownAges:
    return KnownAges(exact=Ages(birth, birth))


@settings(max_examples=60, deadline=None)
@given(logs(), DAYS, st.none() | BIRTHS, st.randoms())
def test_the_order_in_which_entries_are_read_changes_nothing(
    log: list[Event], on: dt.date, birth: dt.date | None, random: Any
) -> None:
    known = None if birth is None else ages(birth)
    expected = consent_state(log, TERMS, on, known)
    mixed = list(log)
    random.shuffle(mixed)
    assert consent_state(mixed, TERMS, on, known) == expected
    assert taking_part(mixed, TERMS, on, known) == (expected.in_force, expected.withdrawn)


@settings(max_examples=60, deadline=None)
@given(logs(), DAYS, BIRTHS)
def test_what_is_signed_later_changes_no_day_before(log: list[Event], on: dt.date, birth: dt.date) -> None:
    dated = [e for e in log if e.signed_on is not None and e.signed_on.earliest is not None]
    before = [e for e in dated if e.signed_on is not None and (e.signed_on.earliest or on) <= on]
    whole, cut = (consent_state(entries, TERMS, on, ages(birth)) for entries in (dated, before))
    assert (whole.purposes, whole.withdrawn) == (cut.purposes, cut.withdrawn)
    assert all(whole.covers_session(number) == cut.covers_session(number) for number in (1, 2, 3))


@settings(max_examples=60, deadline=None)
@given(logs(), DAYS, BIRTHS, st.sampled_from(SCOPES))
def test_a_withdrawal_never_gives_anything(log: list[Event], on: dt.date, birth: dt.date, scope: str) -> None:
    before = consent_state(log, TERMS, on, ages(birth)).purposes
    gone = Event(id=99, kind="withdrawal", signed_on=PartialDate.of(on), withdrawal_scopes=(scope,))
    after = consent_state([*log, gone], TERMS, on, ages(birth)).purposes
    assert all(ORDER[after[purpose]] <= ORDER[before[purpose]] for purpose in PURPOSES)


@settings(max_examples=60, deadline=None)
@given(logs(), DAYS, BIRTHS)
def test_a_dissent_never_gives_anything(log: list[Event], on: dt.date, birth: dt.date) -> None:
    before = consent_state(log, TERMS, on, ages(birth)).purposes
    no = Event(id=99, kind="dissent", signed_on=PartialDate.of(on), signer="participant")
    after = consent_state([*log, no], TERMS, on, ages(birth)).purposes
    assert all(ORDER[after[purpose]] <= ORDER[before[purpose]] for purpose in PURPOSES)


@settings(max_examples=60, deadline=None)
@given(logs(), DAYS, BIRTHS)
def test_who_may_not_know_the_birth_date_is_told_the_same_verdicts(
    log: list[Event], on: dt.date, birth: dt.date
) -> None:
    told = consent_state(log, TERMS, on, ages(birth))
    hidden = consent_state(log, TERMS, on, ages(birth), reveal=False)
    assert (told.purposes, told.missing, told.phase, told.why) == (
        hidden.purposes,
        hidden.missing,
        hidden.phase,
        hidden.why,
    )
    assert hidden.until is None
    assert all(one.by_on is None for one in hidden.due if one.kind == "birthday")


@settings(max_examples=60, deadline=None)
@given(logs(), DAYS, BIRTHS)
def test_what_is_known_less_well_contradicts_nothing(log: list[Event], on: dt.date, birth: dt.date) -> None:
    """The year of birth alone may leave open what the day decides, and never says the contrary."""
    exact = consent_state(log, TERMS, on, ages(birth)).purposes
    year = KnownAges(exact=Ages(birth, birth).by_year())
    coarse = consent_state(log, TERMS, on, year).purposes
    assert all(coarse[purpose] in ("indeterminate", exact[purpose]) for purpose in PURPOSES)


@settings(max_examples=60, deadline=None)
@given(logs(), BIRTHS, DAYS)
def test_until_is_the_last_day(log: list[Event], birth: dt.date, on: dt.date) -> None:
    """Nothing else being signed, taking part is in force until then and not after. Entries that are known in part or
    still to come may change it meanwhile."""
    settled = [
        e
        for e in log
        if e.signed_on is not None and e.signed_on.latest is not None and e.signed_on.latest < on
    ]
    found = consent_state(settled, TERMS, on, ages(birth))
    if found.in_force != "yes" or found.phase == "due":
        return
    if found.until is None:
        return
    last, after = (
        consent_state(settled, TERMS, day, ages(birth)).in_force
        for day in (found.until, found.until + dt.timedelta(days=1))
    )
    assert (last, after) == ("yes", "no")


@st.composite
def corrections(draw: Any) -> list[Event]:
    """An entry and corrections of different fields of it, each of the entry itself or of an earlier correction."""
    original = Event(
        id=1,
        kind="consent",
        purposes=("participation",),
        signed_on=PartialDate(2020, 1, 1),
        document_version="1",
    )
    fields = draw(
        st.permutations(
            [
                ("document_version", "2"),
                ("witness", "Teacher"),
                ("copy_given", False),
                ("signer", "participant"),
            ]
        )
    )
    chain = [original]
    for id, (name, value) in enumerate(fields, start=2):
        chain.append(
            replace(
                Event(id=id, kind="correction", corrects=draw(st.integers(1, id - 1)), note="Misread"),
                **{name: value},
            )
        )
    return chain


@settings(max_examples=60, deadline=None)
@given(corrections(), st.randoms())
def test_corrections_of_different_values_commute(chain: list[Event], random: Any) -> None:
    mixed = list(chain)
    random.shuffle(mixed)
    (standing,) = effective_events(mixed)
    assert (standing.document_version, standing.witness, standing.copy_given, standing.signer) == (
        "2",
        "Teacher",
        False,
        "participant",
    )
    assert (standing.id, standing.kind, standing.purposes, standing.note) == (
        1,
        "consent",
        ("participation",),
        "",
    )


@settings(max_examples=80, deadline=None)
@given(BIRTHS, st.integers(1, 30), st.dates(dt.date(1980, 1, 1), dt.date(2060, 1, 1)))
def test_the_first_day_at_an_age_is_the_birthday(birth: dt.date, age: int, near: dt.date) -> None:
    found = first_day_at(Ages(birth, birth), age, near, highest=True)
    leap = (birth.month, birth.day) == (2, 29) and (birth.year + age) % 4 != 0
    expected = dt.date(birth.year + age, 3, 1) if leap else birth.replace(year=birth.year + age)
    assert found == expected == first_day_at(Ages(birth, birth), age, near, highest=False)
