"""What each grade of withdrawal stops, and nothing else: tables of the pure rules."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.consent.rules import DEFAULT_BANDS, Event, consent_state, uses
from apps.consent.rules.uses import Use, judge, stop_of, stops
from studyportal.crf.partial_date import PartialDate

EVERYTHING = ("participation", "procedure", "sample_storage", "future_contact", "data_sharing", "images")
DAY = dt.date(2024, 5, 10)
BEFORE, AFTER = DAY - dt.timedelta(days=1), DAY + dt.timedelta(days=1)


def on(text: str) -> PartialDate:
    return PartialDate.parse(text)


def consent(pk: int = 1, day: str = "2024-01-01", **more: Any) -> Event:
    stated: dict[str, Any] = {
        "purposes": EVERYTHING, "document_version": "2.0", "signed_on": on(day), "age_at_signature": 25,
        "signer": "participant",
    }  # fmt: skip
    return Event(id=pk, kind="consent", **(stated | more))


def withdrawal(*scopes: str, pk: int = 2, day: str | None = "2024-05-10", **more: Any) -> Event:
    signed = None if day is None else on(day)
    return Event(id=pk, kind="withdrawal", withdrawal_scopes=scopes, signed_on=signed, **more)


def ruling(events: list[Event], use: Use, day: dt.date, **more: Any) -> uses.Ruling:
    return judge(use, consent_state(events, DEFAULT_BANDS, day, 25), stops(events), day, **more)


def barred(events: list[Event], day: dt.date) -> set[Use]:
    return {use for use in Use if ruling(events, use, day).barred}


def test_nothing_is_barred_of_whoever_consented_to_everything() -> None:
    assert barred([consent()], DAY) == set()


COVERED = {
    "treatment": {Use.TREATMENT},
    "visits": {Use.TREATMENT, Use.VISIT},
    "new_data": {Use.TREATMENT, Use.VISIT, Use.NEW_DATA},
    "future_contact": {Use.CONTACT},
    "sample_use": {Use.SAMPLES},
    "erasure_request": set(Use),
}


@pytest.mark.parametrize("scope", COVERED)
def test_a_withdrawal_stops_what_it_covers_and_nothing_else(scope: str) -> None:
    log = [consent(), withdrawal(scope)]
    assert barred(log, BEFORE) == set()
    assert barred(log, AFTER) == COVERED[scope]


@pytest.mark.parametrize("scope", COVERED)
def test_the_day_itself_is_the_last_good_one_of_what_happens_on_days(scope: str) -> None:
    """What is asked about now counts today."""
    assert {stop.use for stop in stops([withdrawal(scope)]) if stop.holds(DAY)} == COVERED[scope] - uses.DATED


def test_the_table_names_every_scope_and_every_use() -> None:
    assert set(uses.STOPPED_BY) == set(COVERED)
    assert set(uses.PURPOSE_OF) == set(Use)


@pytest.mark.parametrize("scope", COVERED)
@pytest.mark.parametrize("use", Use)
def test_consent_to_the_purpose_again_ends_the_stop(scope: str, use: Use) -> None:
    again = consent(3, "2024-06-01", purposes=(uses.PURPOSE_OF[use],))
    found = stops([consent(), withdrawal(scope), again])
    covered = use in COVERED[scope]
    assert (stop_of(found, use, dt.date(2024, 5, 31)) is not None) == covered
    assert stop_of(found, use, dt.date(2024, 6, 1)) is None


def test_consent_to_something_else_ends_nothing() -> None:
    again = consent(3, "2024-06-01", purposes=("future_contact",))
    assert stop_of(stops([withdrawal("visits"), again]), Use.VISIT, dt.date(2024, 7, 1)) is not None


def test_visits_go_on_when_taking_part_is_consented_to_again_and_treatment_does_not() -> None:
    again = consent(3, "2024-06-01", purposes=("participation",))
    found = stops([consent(), withdrawal("visits"), again])
    assert stop_of(found, Use.VISIT, dt.date(2024, 7, 1)) is None
    assert stop_of(found, Use.TREATMENT, dt.date(2024, 7, 1)) is not None


def test_a_consent_of_before_that_was_entered_later_ends_nothing() -> None:
    late = consent(3, "2024-01-01")
    assert stop_of(stops([withdrawal("visits"), late]), Use.VISIT, AFTER) is not None


@pytest.mark.parametrize(("pk", "ends"), [(1, False), (3, True)])
def test_on_the_same_day_the_order_of_entry_decides(pk: int, ends: bool) -> None:
    found = stops([withdrawal("visits"), consent(pk, "2024-05-10")])
    assert (stop_of(found, Use.VISIT, AFTER) is None) == ends


def test_withdrawn_twice_is_withdrawn() -> None:
    log = [
        consent(),
        withdrawal("visits"),
        consent(3, "2024-06-01"),
        withdrawal("visits", pk=4, day="2024-08-01"),
    ]
    found = stops(log)
    assert [stop_of(found, Use.VISIT, dt.date(2024, month, 2)) is None for month in (5, 6, 7, 8)] == [
        True, True, True, False,
    ]  # fmt: skip


def test_a_withdrawal_known_by_month_stops_what_is_certainly_beyond() -> None:
    found = stops([withdrawal("visits", day="2024-05")])
    assert stop_of(found, Use.VISIT, dt.date(2024, 5, 31)) is None
    assert stop_of(found, Use.VISIT, dt.date(2024, 6, 1)) is not None


def test_a_withdrawal_without_a_date_counts_from_its_entry() -> None:
    entered = dt.datetime(2024, 5, 10, 9, tzinfo=dt.UTC)
    found = stops([withdrawal("visits", day=None, entered_at=entered)])
    assert [stop_of(found, Use.VISIT, day) is None for day in (BEFORE, DAY, AFTER)] == [True, True, False]


def test_what_has_no_day_is_beyond_nothing() -> None:
    assert stop_of(stops([withdrawal("erasure_request")]), Use.NEW_DATA, None) is None


def test_a_correction_moves_the_day_and_the_scope() -> None:
    log = [withdrawal("visits"), Event(id=3, kind="correction", corrects=2, withdrawal_scopes=("treatment",))]
    assert {stop.use for stop in stops(log)} == {Use.TREATMENT}
    log.append(Event(id=4, kind="correction", corrects=3, signed_on=on("2024-06-10")))
    assert {stop.on for stop in stops(log)} == {dt.date(2024, 6, 10)}


def test_data_that_are_not_retained_are_neither_analysed_nor_shared() -> None:
    log = [consent(), withdrawal("treatment", data_retained=False)]
    assert barred(log, AFTER) == {Use.TREATMENT, Use.ANALYSIS, Use.SHARING}
    log = [consent(), withdrawal("treatment", data_retained=True)]
    assert barred(log, AFTER) == {Use.TREATMENT}


def test_a_child_who_says_no_takes_no_part_until_it_agrees() -> None:
    no = Event(id=2, kind="dissent", signed_on=on("2024-05-10"))
    found = stops([no])
    assert {stop.use for stop in found if stop.holds(AFTER)} == {Use.TREATMENT, Use.VISIT, Use.NEW_DATA}
    agreed = Event(id=3, kind="written_assent", signed_on=on("2024-06-01"))
    assert not [stop for stop in stops([no, agreed]) if stop.holds(dt.date(2024, 6, 2))]


def test_contact_that_was_declined_ends_with_taking_part() -> None:
    declined = consent(declined=("future_contact",), purposes=("participation", "procedure"))
    assert Use.CONTACT not in barred([declined], AFTER)
    ended = [declined, withdrawal("visits")]
    assert ruling(ended, Use.CONTACT, AFTER).reason == "declined"
    agreed = Event(id=3, kind="optional_items", purposes=("future_contact",), signed_on=on("2024-05-11"))
    assert Use.CONTACT not in barred([*ended, agreed], dt.date(2024, 5, 12))


@pytest.mark.parametrize("use", [Use.TREATMENT, Use.SHARING, Use.IMAGES])
def test_nothing_but_a_yes_allows_treatment_sharing_and_images(use: Use) -> None:
    assert ruling([], use, DAY).barred
    unclear = consent(purposes=None)
    assert ruling([unclear], use, DAY).barred
    assert not ruling([consent()], use, DAY).barred


@pytest.mark.parametrize("use", [Use.VISIT, Use.NEW_DATA, Use.SAMPLES, Use.CONTACT])
def test_what_came_before_consent_may_be_recorded(use: Use) -> None:
    found = ruling([consent()], use, dt.date(2023, 12, 31))
    assert (found.verdict, found.barred, found.reason) == ("no", False, "not_consented")


def test_what_was_collected_is_analysed_however_it_was_consented_to() -> None:
    assert not ruling([], Use.ANALYSIS, DAY).barred
    assert not ruling([consent(), withdrawal("new_data")], Use.ANALYSIS, AFTER).barred


def test_treatment_is_asked_by_session() -> None:
    log = [consent(session_number=1)]
    assert ruling(log, Use.TREATMENT, DAY, session=1).verdict == "yes"
    assert ruling(log, Use.TREATMENT, DAY, session=2).barred


def test_the_stops_agree_with_the_state() -> None:
    """The two readings of a withdrawal: what the state calls withdrawn is what stops taking part."""
    log = [
        consent(),
        withdrawal("visits"),
        consent(3, "2024-06-01"),
        withdrawal("treatment", pk=4, day="2024-08-01"),
    ]
    found = stops(log)
    for offset in range(300):
        day = dt.date(2024, 1, 2) + dt.timedelta(days=offset)
        if day in (DAY, dt.date(2024, 6, 1), dt.date(2024, 8, 1)):
            continue  # the days of the signatures themselves, of which the time is not known
        state = consent_state(log, DEFAULT_BANDS, day, 25)
        assert (stop_of(found, Use.VISIT, day) is not None) == (state.in_force == "no"), day
        assert (stop_of(found, Use.TREATMENT, day) is not None) == (state.procedure == "no"), day
