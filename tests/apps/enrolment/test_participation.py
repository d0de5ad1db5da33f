"""How far somebody has come, told from what happened: tables that read like a specification."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.enrolment.rules.participation import ENDED, FOLLOWED, KINDS, LifeEvent, first_exit, fold, in_order
from studyportal.crf.partial_date import PartialDate


def on(text: str) -> PartialDate | None:
    return PartialDate.parse(text) if text else None


def event(kind: str, day: str = "", detail: str = "", number: int | None = None) -> LifeEvent:
    return LifeEvent(kind, on(day), detail, number)


SCREENED = event("screened", "2024-01-01")
CONSENTED = event("consented", "2024-01-05")
ENROLLED = event("enrolled", "2024-01-10")
S1 = event("treated", "2024-02-01", "S1", 1)
S2 = event("treated", "2024-03-17", "S2", 2)
INDEX = event("followed", "2024-02-01", "index date")


@pytest.mark.parametrize(
    ("group", "events", "status", "since"),
    [
        ("case", [], "screened", ""),
        ("case", [SCREENED], "screened", "2024-01-01"),
        ("case", [SCREENED, event("eligible", "2024-01-03")], "eligible", "2024-01-03"),
        ("case", [SCREENED, event("eligible", "2024-01-03"), CONSENTED], "consented", "2024-01-05"),
        ("case", [SCREENED, CONSENTED, event("not_eligible", "2024-01-07")], "not_eligible", "2024-01-07"),
        ("", [SCREENED, event("declined", "2024-01-07", "travel")], "declined", "2024-01-07"),
        # Whoever was enrolled does not fall back to the outcome of a screening.
        ("case", [SCREENED, ENROLLED, event("not_eligible", "2024-01-12")], "enrolled", "2024-01-10"),
        ("case", [SCREENED, CONSENTED, ENROLLED], "enrolled", "2024-01-10"),
        ("case", [ENROLLED, S1], "on_treatment", "2024-02-01"),
        ("case", [ENROLLED, S2, S1], "in_follow_up", "2024-03-17"),
        # One product of a session after the other is one session.
        ("case", [ENROLLED, S1, event("treated", "2024-02-02", "SVF", 1)], "on_treatment", "2024-02-01"),
        ("case", [ENROLLED, S1, event("followed", "2024-05-01", "M3")], "in_follow_up", "2024-05-01"),
        ("case", [ENROLLED, S1, event("withdrawn", "2024-03-01", "treatment")], "in_follow_up", "2024-03-01"),
        ("control", [ENROLLED], "enrolled", "2024-01-10"),
        ("control", [ENROLLED, INDEX], "in_follow_up", "2024-02-01"),
        # A withdrawal of treatment, or of contact, ends no participation.
        ("control", [ENROLLED, INDEX, event("withdrawn", "2024-04-01", "future_contact")], "in_follow_up", "2024-02-01"),
        ("control", [ENROLLED, INDEX, event("withdrawn", "2024-04-01", "visits")], "withdrawn", "2024-04-01"),
        ("control", [ENROLLED, INDEX, event("lost", "2024-06-01")], "lost", "2024-06-01"),
        ("control", [ENROLLED, INDEX, event("lost", "2024-06-01"), event("found", "2024-08-01")], "in_follow_up", "2024-02-01"),
        (
            "control",
            [ENROLLED, event("lost", "2024-06-01"), event("found", "2024-08-01"), event("lost", "2025-01-01")],
            "lost",
            "2025-01-01",
        ),
        ("case", [ENROLLED, S1, S2, event("completed", "2026-02-01")], "completed", "2026-02-01"),
        ("case", [ENROLLED, S1, event("withdrawn", "2024-04-01", "visits"), event("died", "2024-09")], "died", "2024-09"),
        # Without dates things stand in their natural order.
        ("case", [event("consented"), event("treated", "", "S1", 1)], "on_treatment", ""),
    ],
)  # fmt: skip
def test_status(group: str, events: list[LifeEvent], status: str, since: str) -> None:
    standing = fold(events, group=group)
    assert (standing.status, standing.since) == (status, on(since))


def test_withdrawn_scopes_add_up() -> None:
    gone = fold(
        [
            event("withdrawn", "2024-03-01", "treatment"),
            event("withdrawn", "2024-04-01", "sample_use,visits"),
        ],
        group="case",
    )
    assert gone.withdrawn_scopes == {"treatment", "sample_use", "visits"}


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ([ENROLLED], None),
        ([ENROLLED, event("withdrawn", "2024-04-01", "treatment")], None),
        ([ENROLLED, event("withdrawn", "2024-04-01", "visits"), event("lost", "2024-06-01")], "withdrawn"),
        ([ENROLLED, event("lost", "2024-06-01"), event("died", "2025-01-01")], "lost"),
        ([ENROLLED, event("lost", "2024-06-01"), event("found", "2024-07-01")], None),
        ([ENROLLED, event("completed", "2026-01-01")], "completed"),
    ],
)
def test_first_exit(events: list[LifeEvent], kind: str | None) -> None:
    left = first_exit(events)
    assert (left.kind if left else None) == kind


lives: Any = st.lists(
    st.builds(
        LifeEvent,
        st.sampled_from(KINDS),
        st.one_of(
            st.none(),
            st.dates(min_value=dt.date(2020, 1, 1)).map(PartialDate.of),
            st.just(PartialDate.parse("2024-05")),
            st.just(PartialDate.parse("age:12")),
        ),
        st.sampled_from(("", "visits", "treatment")),
        st.sampled_from((None, 1, 2)),
    ),
    max_size=7,
)


# Drawing is slow while the machine is busy; what is tested is not.
unhurried = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@unhurried
@given(lives, st.sampled_from(("case", "control", "unassigned")))
def test_the_order_of_telling_does_not_matter(life: list[LifeEvent], group: str) -> None:
    told = fold(life, group=group)
    assert told.status in (*FOLLOWED, *ENDED)
    assert sorted(map(repr, told.events)) == sorted(map(repr, life))
    for other in itertools.islice(itertools.permutations(life), 5):
        assert fold(other, group=group).status == told.status


@unhurried
@given(lives)
def test_dated_events_stand_in_order_of_their_days(life: list[LifeEvent]) -> None:
    days = [e.on.earliest for e in in_order(life) if e.on is not None and e.on.earliest is not None]
    assert days == sorted(days)
