"""Under which version of the protocol somebody takes part: assigned at enrolment, moved after an amendment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from apps.casebook import worklist
from apps.enrolment import actions, rules
from apps.enrolment.models import ProtocolAssignment
from apps.visits import actions as visits
from apps.visits import selectors
from apps.visits.models import Visit
from studyportal import protocol
from studyportal.crf.errors import CrfInvalid, ReasonRequired, StaleVersion
from studyportal.crf.partial_date import PartialDate
from tests.apps.enrolment.factories import a_case, enrolled
from tests.apps.visits.amended import running, text_of
from tests.apps.visits.factories import a_visit, weighed

URL = "/api/v1/participants/"
TODAY = dt.date(2026, 6, 1)


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({}, []),
        ({"from_on": TODAY}, []),
        ({"from_on": dt.date(2026, 6, 2)}, ["in_future"]),
        ({"from_on": dt.date(2026, 3, 1)}, []),
        ({"from_on": dt.date(2026, 2, 28)}, ["before_in_force"]),
        ({"from_on": dt.date(2026, 2, 28), "in_force_on": None}, []),
        ({"from_on": dt.date(2026, 1, 9), "in_force_on": None}, ["before_enrolment"]),
        ({"from_on": None}, ["required"]),
        ({"enrolled_on": None}, ["not_enrolled"]),
        ({"enrolled_on": PartialDate.parse("age 12")}, []),
    ],
)
def test_rules_of_a_move(facts: dict[str, Any], codes: list[str]) -> None:
    usual: dict[str, Any] = {
        "version": "9.0",
        "in_force_on": dt.date(2026, 3, 1),
        "from_on": dt.date(2026, 4, 1),
        "enrolled_on": PartialDate.parse("2026-01-10"),
        "today": TODAY,
    }
    assert [one.code for one in rules.move_problems(**(usual | facts))] == codes


@pytest.fixture
def amended() -> Iterator[protocol.Protocol]:
    """9.0 lacks month 9, has calls, and counts for new participants only; 8.1 took over everyone from March on."""
    with running(
        text_of("8.0"),
        text_of("8.1", windows={"M1": 9}, in_force_on="2026-03-01"),
        text_of("9.0", calls=True, without="M9", applies_to="new_participants", in_force_on="2026-05-01"),
    ) as last:
        yield last


def a_person(cast: Any, version: str, on: str) -> Any:
    person = enrolled(a_case(cast), on)
    type(person).objects.filter(pk=person.pk).update(protocol_version=version)
    person.refresh_from_db()
    return person


@pytest.mark.django_db
class TestWhichCounts:
    @pytest.mark.parametrize(
        ("assigned", "on", "expected"),
        [
            ("", "2026-02-28", "8.0"),
            ("", "2026-03-01", "8.1"),
            ("", "2026-04-30", "8.1"),
            ("", "2026-05-01", "9.0"),
            ("8.0", "2026-02-28", "8.0"),
            ("8.0", "2026-03-01", "8.1"),
            ("8.0", "2026-12-31", "8.1"),  # 9.0 is for new participants
            ("9.0", "2026-05-01", "9.0"),
            ("7.7", "2026-05-01", "9.0"),  # nobody knows that one
        ],
    )
    def test_on_a_day(self, cast: Any, amended: Any, assigned: str, on: str, expected: str) -> None:
        assert protocol.at(assigned, dt.date.fromisoformat(on)).version == expected

    def test_one_that_takes_over_everyone_counts_without_a_query(
        self, cast: Any, django_assert_num_queries: Any
    ) -> None:
        person = a_person(cast, "0.9", "2026-01-10")
        with django_assert_num_queries(0):
            assert protocol.of(person) is protocol.current()

    def test_versions_are_ordered_by_number(self) -> None:
        numbers = ["1.10", "1.9", "2", "1.9.1"]
        assert sorted(numbers, key=protocol.versions.order_of) == ["1.9", "1.9.1", "1.10", "2"]

    def test_a_version_that_is_not_registered(self, cast: Any, amended: Any) -> None:
        with pytest.raises(protocol.UnknownVersion, match=r"7\.7"):
            protocol.version("7.7")
        assert protocol.version("8.1").visits["M1"].window_after == 9


@pytest.mark.django_db
class TestMoving:
    def test_refused(self, cast: Any, amended: Any) -> None:
        person = a_person(cast, "8.0", "2026-01-10")
        for values, field in (
            ({"version": "7.7"}, "protocol_version"),
            ({"version": ["9.0"]}, "protocol_version"),
            ({"version": None}, "protocol_version"),
            ({"from_on": "soon"}, "from_on"),
            ({"from_on": None}, "from_on"),
            ({"from_on": "2026-04-30"}, "from_on"),
            ({"from_on": "2090-01-01"}, "from_on"),
        ):
            usual = {"version": "9.0", "from_on": "2026-05-02", "reason": "New consent"}
            with pytest.raises(CrfInvalid) as refused:
                actions.move_to_version(participant=person, by=cast.asha, **(usual | values))
            assert field in {one.field for one in refused.value.problems}
        with pytest.raises(ReasonRequired):
            actions.move_to_version(participant=person, by=cast.asha, version="9.0", from_on="2026-05-02")
        with pytest.raises(StaleVersion):
            actions.move_to_version(
                participant=person, by=cast.asha, version="9.0", from_on="2026-05-02", expected_version=99
            )
        assert not ProtocolAssignment.objects.exists()

    def test_what_was_held_keeps_its_version_and_what_comes_is_by_the_new_one(
        self, cast: Any, amended: Any
    ) -> None:
        person = a_person(cast, "8.0", "2026-01-10")
        a_visit(person, "S1", "2026-01-20", cast.asha)
        month_1 = a_visit(person, "M1", "2026-02-26", cast.asha)
        month_9 = a_visit(person, "M9", "2026-10-17", cast.asha)
        weighed(month_9, "50", cast.asha)
        assert (month_1.protocol_version, month_1.window_state) == ("8.0", "late")
        assert (month_9.protocol_version, month_9.label) == ("8.1", "Month 9")
        before = {row.key for row in selectors.schedule(person)}
        assert "CALL1" not in before
        moved = actions.move_to_version(
            participant=person, by=cast.asha, version="9.0", from_on="2026-11-02", reason="New consent"
        )
        rows = {row.key: row for row in selectors.schedule(moved)}
        assert rows["CALL1"].due is not None
        assert rows["CALL1"].due.target == dt.date(2026, 3, 12)
        month_1.refresh_from_db()
        assert (month_1.protocol_version, month_1.window_state) == ("8.0", "late")
        assert not rows["M9"].of_plan
        assert (rows["M9"].state(TODAY), rows["M9"].label) == ("in_progress", "Month 9")
        lacking = {one.key: one.forms for one in worklist.visits_without_forms([cast.mumbai], limit=50).rows}
        assert "insulin" in lacking["M9"], "its forms are asked by the version it was held under"
        changed = visits.change(
            visit=Visit.objects.get(pk=month_9.pk), by=cast.asha, happened_on="2026-10-18", reason="Misread"
        )
        assert (changed.window_state, changed.protocol_version) == ("in_window", "8.1")
        again = actions.move_to_version(
            participant=moved, by=cast.asha, version="9.0", from_on="2026-11-02", reason="New consent"
        )
        assert again.version == moved.version
        row = ProtocolAssignment.objects.get()
        assert (row.protocol_version, row.from_on, row.reason) == ("9.0", dt.date(2026, 11, 2), "New consent")
        with pytest.raises(DatabaseError, match=r"append_only|permission denied"), transaction.atomic():
            ProtocolAssignment.objects.update(protocol_version="8.0")

    def test_a_visit_recorded_afterwards_is_held_under_the_version_of_its_day(
        self, cast: Any, amended: Any
    ) -> None:
        person = a_person(cast, "8.0", "2026-01-10")
        ProtocolAssignment.objects.create(
            site=person.site, participant=person, protocol_version="8.0", from_on="2026-01-10"
        )
        moved = actions.move_to_version(
            participant=person, by=cast.asha, version="9.0", from_on="2026-06-01", reason="New consent"
        )
        found = [
            a_visit(moved, key, on, cast.asha).protocol_version
            for key, on in (
                ("SCR", "2026-01-11"),
                ("S1", "2026-03-02"),
                ("M3", "2026-05-31"),
                ("S2", "2026-06-01"),
            )
        ]
        assert found == ["8.0", "8.1", "8.1", "9.0"]
        planned = a_visit(moved, "M6", None, cast.asha, status="planned")
        assert planned.protocol_version == ""
        with pytest.raises(CrfInvalid, match="key: choice"):
            a_visit(moved, "M9", "2026-11-01", cast.asha)

    def test_pages_of_a_visit_and_a_participant_that_the_new_version_lacks(
        self, cast: Any, amended: Any, page: Any
    ) -> None:
        person = a_person(cast, "8.0", "2026-01-10")
        a_visit(person, "S1", "2026-01-20", cast.asha)
        visit = a_visit(person, "M9", "2026-10-17", cast.asha)
        actions.move_to_version(
            participant=person, by=cast.asha, version="9.0", from_on="2026-11-02", reason="New consent"
        )
        shown = page(cast.asha).get(f"/participants/{person.code}/visits/{visit.pk}/").content.decode()
        assert "does not have this visit" in shown and "version 8.1" in shown
        book = page(cast.asha).get(f"/participants/{person.code}/").content.decode()
        assert "not in this protocol" in book and "version 9.0" in book

    def test_by_page_and_by_api(self, cast: Any, amended: Any, page: Any, api: Any) -> None:
        person = a_person(cast, "8.0", "2026-01-10")
        path, url = f"/participants/{person.code}/protocol-version/", f"{URL}{person.code}/protocol-version/"
        assert page(cast.sanjay).get(path).status_code == 403
        assert page(cast.vikram).get(path).status_code == 404
        assert api(cast.vikram).get(url).status_code == 404
        assert api(cast.vikram).post(url, {}).status_code == 404
        assert api(cast.sanjay).post(url, {}).status_code == 403
        client = api(cast.asha)
        assert client.get(url).json() == {"counts": "8.1", "results": []}
        body = {"protocol_version": "9.0", "from_on": "2026-11-02"}
        assert client.post(url, body).status_code == 428
        seen = {"If-Match": f'"{person.version}"'}
        assert client.post(url, body, headers=seen).json()["errors"][0]["code"] == "reason_required"
        unknown = client.post(url, body | {"mood": 1}, headers=seen)
        assert unknown.json()["errors"][0]["code"] == "unknown_field"
        done = client.post(url, body | {"reason": "New consent"}, headers=seen)
        assert (done.status_code, done.json()["protocol_version"]) == (200, "9.0")
        (row,) = client.get(url).json()["results"]
        assert (row["protocol_version"], row["recorded_by"]) == ("9.0", "asha")
        browser = page(cast.meera)
        typed = {"protocol_version": "8.1", "from_on": "2026-11-03", "version": "99"}
        refused = browser.post(path, typed)
        assert (refused.status_code, "2026-11-03" in refused.content.decode()) == (412, True)
        person.refresh_from_db()
        typed |= {"version": str(person.version), "reason": "", "reason_category": "", "reason_text": ""}
        assert "New consent" in browser.get(path).content.decode()
        assert browser.post(path, typed).status_code == 400


@pytest.mark.django_db
def test_enrolling_assigns_the_version_in_force(cast: Any, amended: Any) -> None:
    from apps.enrolment.actions.versions import assign_at_enrolment

    case = a_case(cast)
    for day, expected in (("2026-02-28", "8.0"), ("2026-04-30", "8.1"), ("2026-05-01", "9.0")):
        assign_at_enrolment(case, PartialDate.parse(day), why="", by=cast.asha)
        assert case.protocol_version == expected
    assert ProtocolAssignment.objects.filter(participant=case).count() == 3
    published = a_case(cast, by=cast.meera, retrospective=True)
    assert not assign_at_enrolment(published, PartialDate.parse("2016-11"), why="", by=cast.meera)
    assert published.protocol_version == ""
