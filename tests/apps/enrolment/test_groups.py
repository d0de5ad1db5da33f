"""Groups are events: assigned, treated later, corrected; and the match of a control."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from apps.consent import actions as consent
from apps.enrolment import actions
from apps.enrolment.models import GroupEvent
from apps.enrolment.rules.groups import Entry, Spell, spells
from apps.enrolment.selectors import spells_for
from apps.visits import actions as visits
from studyportal.crf.errors import CrfInvalid, ReasonRequired, StaleVersion
from studyportal.crf.partial_date import PartialDate
from tests.apps.enrolment.factories import a_case, a_control, enrolled

INDEX = dt.date(2024, 3, 1)


def on(text: str) -> PartialDate:
    return PartialDate.parse(text)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], ()),
        ([Entry("assigned", "case", on("2024-01"))], (Spell("case", on("2024-01")),)),
        (
            [
                Entry("assigned", "control", on("2024-01-10")),
                Entry("crossed_over", "case", on("2024-09-01"), INDEX, 7),
            ],
            (
                Spell("control", on("2024-01-10"), on("2024-09-01"), "treated", INDEX, 7),
                Spell("case", on("2024-09-01")),
            ),
        ),
        (
            [Entry("assigned", "control", None), Entry("corrected", "case", on("2024-02"))],
            (Spell("case", on("2024-02")),),
        ),
        ([Entry("assigned", "control", None), Entry("corrected", "unassigned", None)], ()),
        # The crossing over was the error: the control goes on.
        (
            [
                Entry("assigned", "control", on("2024-01-10")),
                Entry("crossed_over", "case", on("2024-09-01"), INDEX, 7),
                Entry("corrected", "control", None),
            ],
            (Spell("control", on("2024-01-10")),),
        ),
    ],
)
def test_spells(entries: list[Entry], expected: tuple[Spell, ...]) -> None:
    assert spells(entries) == expected


@pytest.mark.parametrize(
    ("day", "holds"),
    [("2024-01-09", False), ("2024-01-10", True), ("2024-08-31", True), ("2024-09-01", False)],
)
def test_a_spell_is_over_on_the_day_of_its_end(day: str, holds: bool) -> None:
    spell = Spell("control", on("2024-01-10"), on("2024-09-01"), "treated")
    assert spell.holds_on(dt.date.fromisoformat(day)) is holds


@pytest.mark.django_db
class TestRefused:
    def test_a_group_that_is_none(self, cast: Any) -> None:
        with pytest.raises(CrfInvalid, match="group: choice"):
            actions.assign_group(participant=a_case(cast), group="friend", by=cast.asha)

    def test_a_given_group_needs_a_reason(self, cast: Any) -> None:
        with pytest.raises(ReasonRequired):
            actions.assign_group(participant=a_case(cast), group="control", by=cast.asha)

    def test_a_stale_page(self, cast: Any) -> None:
        case = a_case(cast)
        with pytest.raises(StaleVersion):
            actions.assign_group(
                participant=case, group="control", by=cast.asha, reason="Mistyped", expected_version=1
            )

    def test_whoever_was_treated_is_no_control(self, cast: Any) -> None:
        case = a_case(cast)
        visits.record(participant=case, key="S1", by=cast.asha, happened_on="2024-03-01")
        with pytest.raises(CrfInvalid, match="group: treated"):
            actions.assign_group(participant=case, group="control", by=cast.asha, reason="Mistyped")

    @pytest.mark.parametrize(
        ("treated_on", "code"), [("2023-12-31", "before_enrolment"), ("2099-01-01", "in_future"), ("", "required"), ("soon", "invalid_date")]
    )  # fmt: skip
    def test_treated_on_an_impossible_day(self, cast: Any, treated_on: str, code: str) -> None:
        control = enrolled(a_control(cast), "2024-01-10")
        with pytest.raises(CrfInvalid, match=f"treated_on: {code}"):
            actions.cross_over(participant=control, treated_on=treated_on, by=cast.asha, reason="Treated")

    def test_only_a_control_is_treated_later(self, cast: Any) -> None:
        with pytest.raises(CrfInvalid, match="not_a_control"):
            actions.cross_over(
                participant=a_case(cast), treated_on="2024-05-01", by=cast.asha, reason="Treated"
            )

    def test_a_control_matched_to_itself(self, cast: Any) -> None:
        control = a_control(cast)
        with pytest.raises(CrfInvalid, match="matched_case: self"):
            actions.match(participant=control, matched_case=control, index_date=INDEX, by=cast.asha)

    def test_a_control_matched_to_a_control(self, cast: Any) -> None:
        with pytest.raises(CrfInvalid, match="matched_case: not_a_case"):
            actions.match(
                participant=a_control(cast), matched_case=a_control(cast), index_date=INDEX, by=cast.asha
            )

    def test_a_case_has_no_match(self, cast: Any) -> None:
        with pytest.raises(CrfInvalid, match="matched_case: controls_only"):
            actions.match(participant=a_case(cast), matched_case=a_case(cast), index_date=INDEX, by=cast.asha)

    def test_an_index_date_before_enrolment(self, cast: Any) -> None:
        control = enrolled(a_control(cast), "2024-06-01")
        with pytest.raises(CrfInvalid, match="index_date: before_enrolment"):
            actions.match(participant=control, matched_case=None, index_date=INDEX, by=cast.asha)

    def test_an_index_date_before_consent(self, cast: Any) -> None:
        control = a_control(cast)
        consent.record_event(
            participant=control,
            kind="consent",
            by=cast.asha,
            signed_on="2024-06-01",
            signer="participant",
            age_at_signature=30,
            purposes=["participation"],
        )
        with pytest.raises(CrfInvalid, match="index_date: before_consent"):
            actions.match(participant=control, matched_case=None, index_date=INDEX, by=cast.asha)

    def test_an_index_date_that_is_not_day_0(self, cast: Any) -> None:
        case = a_case(cast)
        visits.record(participant=case, key="S1", by=cast.asha, happened_on="2024-04-01")
        with pytest.raises(CrfInvalid, match="index_date: not_day0"):
            actions.match(participant=a_control(cast), matched_case=case, index_date=INDEX, by=cast.asha)

    def test_a_case_without_a_day_0_gives_none(self, cast: Any) -> None:
        with pytest.raises(CrfInvalid, match="index_date: day0_unknown"):
            actions.match(participant=a_control(cast), matched_case=a_case(cast), by=cast.asha)

    def test_an_event_stays(self, cast: Any) -> None:
        a_case(cast)
        for change in (lambda e: e.update(reason="other"), lambda e: e.delete()):
            with pytest.raises(DatabaseError), transaction.atomic():
                change(GroupEvent.objects.all())

    def test_only_controls_cross_over(self, cast: Any) -> None:
        case = a_case(cast)
        with pytest.raises(IntegrityError, match="groupevent_control_becomes_case"), transaction.atomic():
            GroupEvent.objects.create(
                site=cast.mumbai,
                participant=case,
                kind="crossed_over",
                group="control",
                previous_group="case",
            )


@pytest.mark.django_db
def test_a_control_who_is_treated_is_censored_and_becomes_a_case(cast: Any) -> None:
    case = a_case(cast)
    visits.record(participant=case, key="S1", by=cast.asha, happened_on="2024-03-01")
    control = enrolled(a_control(cast), "2024-01-10")
    control = actions.match(participant=control, matched_case=case, by=cast.asha)
    assert (control.index_date, control.matched_case, control.status) == (INDEX, case, "in_follow_up")

    treated = actions.cross_over(
        participant=control, treated_on="2024-09-01", by=cast.rao, reason="Asked for it"
    )
    assert (treated.group, treated.index_date, treated.matched_case) == ("case", None, None)
    before, after = spells_for([treated])[treated.pk]
    assert (before.group, before.ends, before.ended_by) == ("control", on("2024-09-01"), "treated")
    assert (before.index_date, before.matched_case_id) == (INDEX, case.pk)
    assert (after.group, after.starts, after.ends) == ("case", on("2024-09-01"), None)
    newest = GroupEvent.objects.filter(participant=treated).last()
    assert newest is not None and (newest.kind, newest.reason, newest.recorded_by) == (
        "crossed_over",
        "Asked for it",
        cast.rao,
    )


@pytest.mark.django_db
def test_a_match_that_was_given_changes_with_a_reason(cast: Any) -> None:
    control = a_control(cast, index_date=INDEX)
    with pytest.raises(ReasonRequired):
        actions.match(participant=control, matched_case=None, index_date="2024-04-01", by=cast.asha)
    moved = actions.match(
        participant=control, matched_case=None, index_date="2024-04-01", by=cast.asha, reason="New match"
    )
    assert moved.index_date == dt.date(2024, 4, 1)
    same = actions.match(participant=moved, matched_case=None, index_date="2024-04-01", by=cast.asha)
    assert same.version == moved.version


URL = "/api/v1/participants/"


@pytest.mark.django_db
def test_by_api_every_act_names_the_version(cast: Any, api: Any) -> None:
    control = a_control(cast)
    url = f"{URL}{control.code}/"
    client = api(cast.asha)
    assert api(cast.vikram).post(f"{url}groups/", {"group": "case"}).status_code == 404
    assert api(cast.sanjay).post(f"{url}groups/", {"group": "case"}).status_code == 403
    for act in ("groups", "match", "treated-later", "enrolment"):
        assert client.post(f"{url}{act}/", {}).status_code == 428
        assert client.post(f"{url}{act}/", {}, headers={"If-Match": '"99"'}).status_code in (400, 412)
    seen = {"If-Match": f'"{control.version}"'}
    assert client.patch(url, {"group": "case"}, headers=seen).json()["errors"][0]["code"] == "read_only"
    wrong = client.post(f"{url}groups/", {"group": "case"}, headers=seen)
    assert wrong.json()["errors"][0]["code"] == "reason_required"
    done = client.post(
        f"{url}treated-later/", {"treated_on": "2024-05-01", "reason": "Asked for it"}, headers=seen
    )
    assert (done.status_code, done.json()["group"]) == (200, "case")
    kinds = [row["kind"] for row in client.get(f"{url}groups/").json()["results"]]
    assert kinds == ["assigned", "crossed_over"]
