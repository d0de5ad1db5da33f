"""A small synthetic cohort goes through the same rules and gates as real data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from apps.celldose.models import Infusion, Release
from apps.consent.selectors import findings_of
from apps.enrolment import actions as enrolment
from apps.enrolment.models import Participant
from apps.labs.models import GlucoseReading
from apps.visits.models import Visit
from demo import cast as demo_cast
from demo import load_synthetic
from studyportal.access.models import Membership, User
from studyportal.audit.selectors import history_of
from studyportal.deviations.models import Deviation
from studyportal.queries.models import Query

UNTIL = dt.date(2026, 3, 31)


def test_the_command_refuses_outside_of_demo_mode(settings: Any) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="not in demo mode"):
        call_command("load_demo", url="http://127.0.0.1:1")


def test_the_command_refuses_an_address_that_is_none(settings: Any) -> None:
    settings.DEMO = True
    with pytest.raises(CommandError, match="no address of a portal"):
        call_command("load_demo", url="127.0.0.1")


@pytest.mark.django_db
def test_the_command_says_that_the_portal_does_not_answer(settings: Any) -> None:
    settings.DEMO = True
    with pytest.raises(CommandError, match=r"does not answer .* Start it"):
        call_command("load_demo", url="http://127.0.0.1:1", stdout=StringIO())


@pytest.mark.django_db
def test_the_cast_is_added_once_and_left_alone() -> None:
    assert {"MUM", "PUN", "asha", "vikram", "rao", "meera", "sanjay", "farah", "admin"} <= set(
        demo_cast.ensure()
    )
    asha = User.objects.get(username="asha")
    assert asha.check_password(demo_cast.PASSWORD)
    assert not User.objects.get(username="iyer").has_usable_password()
    asha.set_password("changed by hand")
    asha.save()
    memberships = Membership.objects.count()
    assert demo_cast.ensure() == []
    assert Membership.objects.count() == memberships
    assert User.objects.get(username="asha").check_password("changed by hand")


@pytest.mark.django_db
def test_an_interrupted_load_goes_on_with_the_first_who_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    demo_cast.ensure()
    entered: list[str] = []

    def enter(planned: Any, crew: Any, case: Participant | None) -> Participant:
        person = planned.person
        if len(entered) == 2:
            entered.append("")
            enrolment.register(site=crew.site, by=crew.coordinator, synthetic=True, label=person.label)
            raise RuntimeError("the power went")
        entered.append(person.label)
        group = "case" if person.control is None else "control"
        assert (case is None) == (person.control is None)
        return enrolment.register(
            site=crew.site,
            by=crew.coordinator,
            synthetic=True,
            label=person.label,
            group=group,
            matched_case=case,
        )

    monkeypatch.setattr(load_synthetic, "enter", enter)
    with pytest.raises(RuntimeError, match="the power went"):
        load_synthetic.load(until=UNTIL, cases=2)
    assert Participant.objects.count() == 2
    loaded = load_synthetic.load(until=UNTIL, cases=2)
    assert (loaded.there, len(loaded.created)) == (2, 4)
    assert Participant.objects.values("label").distinct().count() == Participant.objects.count() == 6


@pytest.fixture(scope="module")
def cohort(django_db_setup: None, django_db_blocker: Any) -> Iterator[load_synthetic.Loaded]:
    """Two cases with a control each, loaded once and rolled back after the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        demo_cast.ensure()
        yield load_synthetic.load(until=UNTIL, cases=2, controls=1)
        transaction.set_rollback(True)


@pytest.mark.slow
class TestLoaded:
    def test_everybody_is_marked_as_synthetic(self, cohort: load_synthetic.Loaded) -> None:
        people = Participant.objects.all()
        assert len(cohort.created) == people.count() == 4
        assert all(one.synthetic and one.label.startswith("Synthetic") for one in people)

    def test_controls_carry_the_case_and_its_day_0(self, cohort: load_synthetic.Loaded) -> None:
        for control in Participant.objects.filter(group="control"):
            day0 = Visit.objects.get(participant=control.matched_case, key="S1").happened_on
            assert control.index_date == day0.exact

    def test_every_product_was_released_before_it_was_infused(self, cohort: load_synthetic.Loaded) -> None:
        assert Infusion.objects.count() == 8
        for infusion in Infusion.objects.select_related("product"):
            release = Release.objects.get(product=infusion.product)
            assert release.evaluation is not None and release.criteria_failed == 0
            assert release.released_by.username == "rao"
            assert release.released_at < infusion.started_at
            assert infusion.dose_per_kg is not None

    def test_the_dose_out_of_range_is_a_deviation_and_a_query(self, cohort: load_synthetic.Loaded) -> None:
        assert Deviation.objects.get(code="dose_outside_range").classification == "major"
        assert Query.objects.get(code="dose_outside_range").state == "open"

    def test_the_consent_gap_is_a_finding_and_the_others_have_none(
        self, cohort: load_synthetic.Loaded
    ) -> None:
        found = {p.label: {f.code for f in findings_of(p)} for p in Participant.objects.all()}
        assert "assent_missing" in found.pop("Synthetic case 02, control 1")
        assert not any(found.values())

    def test_history_says_why(self, cohort: load_synthetic.Loaded) -> None:
        first = history_of(Participant.objects.order_by("id")[0])[-1]
        assert (first.source, first.reason, first.by) == ("command", load_synthetic.REASON, "asha")

    def test_charts_carry_readings(self, cohort: load_synthetic.Loaded) -> None:
        assert GlucoseReading.objects.count() > 100

    def test_loading_again_changes_nothing(self, cohort: load_synthetic.Loaded) -> None:
        visits, queries = Visit.objects.count(), Query.objects.count()
        again = load_synthetic.load(until=UNTIL, cases=2, controls=1)
        assert (again.there, again.created) == (4, [])
        assert (Visit.objects.count(), Query.objects.count()) == (visits, queries)
