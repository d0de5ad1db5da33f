"""Person-time, and the place of every event in it: each rule by one person."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from apps.outcomes.statistics.follow_up import (
    AFTER,
    BEFORE,
    INSIDE,
    NO_TIME,
    PRESENT,
    FollowUp,
    follow_up,
    years,
)
from tests.apps.outcomes.statistics.safety_data import (
    CUT_OFF,
    DAY_0,
    event,
    events_frame,
    people_frame,
    person,
)


def followed(*people, events=(), cut_off=CUT_OFF, **more) -> FollowUp:
    return follow_up(
        people_frame(*people), events_frame(*events), groups=["case", "control"], cut_off=cut_off, **more
    )


# --- Refusals --------------------------------------------------------------------------------------------


def test_absent_columns_are_named():
    with pytest.raises(ValueError, match=r"participants lacks the column\(s\) day_0"):
        follow_up(people_frame().drop(columns="day_0"), events_frame(), groups=["case"], cut_off=CUT_OFF)
    with pytest.raises(ValueError, match=r"events lacks the column\(s\) grade"):
        follow_up(people_frame(), events_frame().drop(columns="grade"), groups=["case"], cut_off=CUT_OFF)


def test_an_unknown_group_and_a_stranger_are_refused():
    with pytest.raises(ValueError, match="groups that the protocol does not know: nobody"):
        followed(person("A", "nobody"))
    with pytest.raises(ValueError, match="not among them: B"):
        followed(person("A"), events=[event(1, "B")])


# --- Person-time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "days", "state"),
    [
        ({"last_contact": DAY_0}, 1, PRESENT),  # both ends count
        ({"last_contact": None}, 1, PRESENT),  # Day 0 itself is a contact
        ({"last_contact": date(2023, 1, 1)}, 1, PRESENT),
        ({"last_contact": date(2024, 12, 30)}, 365, PRESENT),
        ({"last_contact": date(2026, 1, 1)}, 732, PRESENT),  # the cut-off counts
        ({"last_contact": date(2030, 1, 1)}, 732, PRESENT),
        ({"exited_on": date(2024, 1, 31), "exited_as": "withdrawn"}, 31, "withdrawn"),
        (
            {"exited_on": date(2024, 12, 31), "exited_as": "completed"},
            366,
            "completed",
        ),  # an end is a contact
        ({"exited_on": date(2024, 12, 31), "exited_as": "lost"}, 365, "lost"),  # being lost is none
        ({"last_contact": None, "exited_on": date(2024, 3, 1), "exited_as": "died"}, 61, "died"),
        ({"exited_on": date(2023, 12, 1), "exited_as": "withdrawn"}, 1, "withdrawn"),  # treated all the same
        ({"exited_on": date(2027, 1, 1), "exited_as": "died"}, 732, PRESENT),  # after the cut-off: not yet
        ({"exited_on": None, "exited_as": "withdrawn"}, 365, PRESENT),  # no day, no end
        ({"group": "control", "censored_on": date(2024, 1, 31)}, 30, "treated"),  # that day is a case's
        (
            {"group": "control", "censored_on": date(2027, 1, 31), "last_contact": date(2026, 3, 1)},
            732,
            PRESENT,
        ),
    ],
)
def test_days(values, days, state):
    found = followed(person("A", **values))
    assert (found.people["days"].tolist(), found.people["state"].tolist()) == ([days], [state])


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"day_0": None}, "Day 0 not known"),
        ({"day_0": date(2026, 1, 2)}, "Day 0 after the cut-off"),
        ({"group": "control", "censored_on": DAY_0}, "treated on or before the index date"),
    ],
)
def test_who_has_no_person_time_is_counted_apart(values, why):
    found = followed(person("A", **values), person("B"), events=[event(1, "A")])
    assert found.left_out == {why: 1}
    assert found.people["participant"].tolist() == ["B"]
    assert found.events["place"].tolist() == [NO_TIME]


def test_synthetic_participants_and_their_events_can_be_left_out():
    people = person("A", synthetic=True), person("B")
    found = followed(*people, events=[event(1, "A"), event(2, "B")], include_synthetic=False)
    assert found.events["event"].tolist() == [2]
    assert found.people["participant"].tolist() == ["B"]


def test_a_year_has_a_quarter_of_a_day_more():
    assert years(365.25) == 1.0


def test_nobody_at_all():
    found = followed()
    assert (len(found.people), len(found.counted), found.left_out, found.later) == (0, 0, {}, 0)


# --- The place of an event -------------------------------------------------------------------------------

LAST = date(2024, 12, 30)


@pytest.mark.parametrize(
    ("first", "last", "place", "day"),
    [
        (DAY_0, DAY_0, INSIDE, 0),
        (DAY_0 - timedelta(days=1), DAY_0 - timedelta(days=1), BEFORE, -1),
        (LAST, LAST, INSIDE, 364),
        (LAST + timedelta(days=1), LAST + timedelta(days=1), AFTER, 365),
        (date(2024, 1, 1), date(2024, 12, 31), INSIDE, None),  # only the year is known
        (date(2023, 1, 1), date(2023, 12, 31), BEFORE, None),
        (date(2023, 12, 1), date(2024, 1, 1), INSIDE, None),  # it may have been on Day 0
        (date(2024, 12, 31), date(2025, 12, 31), AFTER, None),
        (None, None, INSIDE, None),  # an event is not lost for want of a date
        (None, date(2023, 5, 1), BEFORE, None),
    ],
)
def test_place(first, last, place, day):
    found = followed(person("A"), events=[event(1, "A", onset_from=first, onset_to=last)])
    assert found.events["place"].tolist() == [place]
    assert [None if one != one else int(one) for one in found.events["day"]] == [day]


def test_events_after_the_cut_off_are_left_out_and_counted():
    found = followed(person("A"), events=[event(1, "A", date(2026, 1, 2)), event(2, "A")])
    assert (found.later, found.events["event"].tolist()) == (1, [2])


CROSSED = date(2024, 7, 1)
TWO_TIMES = (
    person("A", "control", censored_on=CROSSED),
    person("A", "case", day_0=CROSSED),
)


@pytest.mark.parametrize(
    ("first", "last", "group", "day"),
    [
        (date(2024, 6, 30), date(2024, 6, 30), "control", 181),
        (CROSSED, CROSSED, "case", 0),
        (date(2024, 6, 1), date(2024, 7, 31), "case", None),  # control only when it certainly was
        (None, None, "case", None),
    ],
)
def test_who_was_treated_later_has_each_event_in_one_group(first, last, group, day):
    found = followed(*TWO_TIMES, events=[event(1, "A", onset_from=first, onset_to=last)])
    assert found.people["days"].tolist() == [182, 183]
    (row,) = found.counted.itertuples(index=False)
    assert found.people["group"].iat[row.at] == group
    assert (None if row.day != row.day else int(row.day)) == day
    assert found.people["person"].tolist() == [0, 0]
