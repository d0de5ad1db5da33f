"""A control who is treated later: censored among the controls on that day, a case from then on."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.enrolment import actions as enrolment
from apps.enrolment.models import Group, Participant
from apps.enrolment.selectors import standings_of
from apps.outcomes import computing, flow_frames, frames
from apps.outcomes.statistics.flow import count, differences
from apps.visits import actions as visits
from apps.visits import selectors
from apps.visits.models import Visit
from tests.apps.outcomes.conftest import hba1c, screened

pytestmark = pytest.mark.django_db
AS_OF = dt.date(2026, 6, 1)


def recorded(person, key, day, value, cast):
    made = visits.record(participant=person, key=key, by=cast.meera, happened_on=day)
    return made, hba1c_of(made, value)


def hba1c_of(made: Visit, value: str):
    from apps.labs.models import LabResult

    return LabResult.objects.create(
        site=made.site, participant=made.participant, visit=made, analyte="hba1c", reported=value, unit="%",
        number_canonical=value, status="complete",
    )  # fmt: skip


@pytest.fixture
def crossed(cast, cohort):
    """A control from January 2024 with a contact, baseline and month 3; treated in May; then baseline and month 3."""
    person = screened(cast.mumbai, "MUM-0009-X", group=Group.CONTROL, index_date=dt.date(2024, 1, 1))
    recorded(person, "BL", "2023-12-28", "9.0", cast)
    visits.record(participant=person, key="S1", by=cast.meera, happened_on="2024-01-01")
    recorded(person, "M3", "2024-04-01", "8.8", cast)
    person = enrolment.cross_over(
        participant=person, treated_on="2024-05-10", by=cast.meera, reason="Asked for the treatment"
    )
    recorded(person, "BL", "2024-05-10", "8.6", cast)
    recorded(person, "M3", "2024-08-08", "7.1", cast)
    return Participant.objects.get(pk=person.pk)


def test_visits_are_counted_from_the_day_0_of_their_time(crossed):
    held = {(visit.key, visit.number): visit for visit in Visit.objects.filter(participant=crossed)}
    assert (held["M3", 1].anchor, held["M3", 1].day_number) == ("index", 91)
    assert (held["M3", 2].anchor, held["M3", 2].day_number) == ("session_1", 90)
    due = {row.key: row for row in selectors.schedule(crossed)}
    assert due["M3"].visit == held["M3", 2]
    assert due["S1"].visit is None  # the contact of a control is no session
    assert due["M6"].due.target == dt.date(2024, 5, 10) + dt.timedelta(days=180)


def test_the_status_is_that_of_somebody_treated(crossed):
    assert standings_of([crossed])[crossed.pk].status == "in_follow_up"
    assert crossed.status == "in_follow_up"


def test_values_belong_to_the_group_of_their_time(crossed):
    values = frames.hba1c_values(None)
    own = values[values["participant"] == crossed.code].set_index(["group", "visit"])["value"].to_dict()
    assert own == {
        ("control", "BL"): 9.0,
        ("control", "M3"): 8.8,
        ("case", "BL"): 8.6,
        ("case", "M3"): 7.1,
    }
    people = frames.participants_frame(None)
    rows = people[people["participant"] == crossed.code]
    assert rows["group"].tolist() == ["control", "case"]
    assert rows["index_date"].tolist() == [dt.date(2024, 1, 1), dt.date(2024, 5, 10)]
    assert rows["censored_on"].tolist()[0] == dt.date(2024, 5, 10)


def test_the_table_censors_the_control_and_says_so(cast, crossed):
    content = computing.compute(by=cast.sanjay, include_synthetic=True, as_of=AS_OF).content
    cells = {(row["visit"], row["group"]): row for row in content["rows"]}
    assert content["counts"]["control"]["participants"] == 2
    # At month 3 there are two controls: the one of the cohort and this one, who had not been treated yet.
    assert (cells["M3", "control"]["expected"], cells["M3", "control"]["n"]) == (2, 2)
    assert cells["M3", "control"]["change_n"] == 1
    # From month 6 on only one control is expected: the other is censored, not missing.
    assert cells["M6", "control"]["expected"] == 1
    assert cells["M3", "case"]["n"] == 2
    assert any("Controls who were treated later: 1." in note for note in content["footnotes"])


def test_nothing_changes_where_nobody_crossed_over(cast, cohort):
    assert "group" not in frames.hba1c_values(None)
    assert "censored_on" not in frames.participants_frame(None)
    content = computing.compute(by=cast.sanjay, include_synthetic=True, as_of=AS_OF).content
    assert not any("treated later" in note for note in content["footnotes"])


def test_the_flow_shows_both_and_adds_up(cast, crossed):
    people = flow_frames.persons([cast.mumbai.pk, cast.pune.pk])
    flow = count(people, flow_frames.flow_plan(), as_of=AS_OF)
    assert differences(flow) == []
    assert flow.step("control").counts.crossed == {"censored": 1}
    assert flow.step("case").counts.joined == 1
    assert flow.step("control.M6").counts.lost == {"treated_later": 1}
    assert flow.step("control.M3").counts.manner["done"] == 2
    assert flow.step("case.session").counts.n == 3


def test_a_control_of_today_has_one_row(cast, cohort):
    hba1c(cohort["control"], "M6", "8.1")
    values = frames.hba1c_values(None)
    assert (values["participant"] == cohort["control"].code).sum() == 2
