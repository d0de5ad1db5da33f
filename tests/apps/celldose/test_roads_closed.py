"""Roads by which something would be infused that should not be: found by a hostile reader, each closed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.celldose import crfs, gates
from apps.celldose.models import IdentityCheck, Infusion
from apps.celldose.product_file import product_file
from apps.enrolment.actions import register
from studyportal.crf.errors import CrfInvalid, Refused
from tests.apps.celldose.conftest import Journey, at, save
from tests.apps.celldose.readings import read
from tests.cast import Cast


def refused(act: Any, **values: Any) -> list[str]:
    with pytest.raises(Refused) as caught:
        act(**values)
    assert not Infusion.objects.exists()
    return [problem.code for problem in caught.value.problems]


def correct(journey: Journey, spec: Any, step: str, **values: Any) -> Any:
    return save(spec, journey.asha, record=journey.made[step], reason="read again", **values)


# --- what the release rested on --------------------------------------------------------------------------


def test_a_result_that_is_taken_back_after_the_release_bars(journey: Journey) -> None:
    """Not failing, not pending: gone. The decision was taken on it all the same."""
    journey.upto("bedside")
    correct(
        journey,
        crfs.VIABILITY,
        "viability",
        viability_percent="",
        absent={"viability_percent": "not_done"},
    )
    assert refused(journey.make_infusion) == ["evaluation_outdated"]


def test_an_expiry_that_is_made_later_after_the_release_bars(journey: Journey) -> None:
    journey.upto("bedside")
    correct(journey, crfs.HARVEST, "harvest", ended_at=at(10, 30))
    assert refused(journey.make_infusion) == ["evaluation_outdated"]


def test_an_earlier_expiry_is_judged_by_itself(journey: Journey) -> None:
    journey.upto("bedside")
    correct(journey, crfs.HARVEST, "harvest", ended_at=at(9, 45))
    assert journey.make_infusion().pk


# --- whose label was read --------------------------------------------------------------------------------


def test_another_identifier_after_the_check_asks_for_another_check(journey: Journey) -> None:
    journey.upto("bedside")
    correct(journey, crfs.CELL_PRODUCT, "product", product_identifier="D-002")
    codes = refused(journey.make_infusion)
    assert "identity_unchecked_issue" in codes and "identity_unchecked_bedside" in codes


def test_an_identifier_that_is_corrected_after_the_infusion_leaves_what_was_read(journey: Journey) -> None:
    journey.upto("infusion")
    correct(journey, crfs.CELL_PRODUCT, "product", product_identifier="D-002")
    assert product_file(journey.product.pk).identity["bedside"].matches is True


def test_an_infusion_does_not_start_before_the_check_at_the_bedside(journey: Journey) -> None:
    journey.upto("bedside")
    assert refused(journey.make_infusion, started_at=at(14, 50)) == ["identity_after_start"]
    assert journey.make_infusion(started_at=at(15)).pk  # the same minute is no contradiction


def test_one_person_alone_checks_no_identity_of_a_transcribed_case_that_is_treated_now(cast: Cast) -> None:
    """Registered out of a paper, and treated after the study opened: two accounts, as for everybody."""
    case = register(site=cast.mumbai, by=cast.meera, group="case", retrospective=True)
    journey = Journey(case, cast.meera, cast.rao)
    journey.open(performed_on="2016-11")
    journey.upto("product", harvest={"started_at": None, "ended_at": None})
    assert journey._identity("collection", "2016-11-03T10:00:00+05:30", {}).pk
    product = journey.product
    product.harvest.started_at = dt.datetime.fromisoformat(at(9))
    named = IdentityCheck(
        product=product, participant=case, site=case.site, checked_at=product.harvest.started_at
    )
    found = gates.identity_check_gate(named, cast.meera)
    assert [problem.code for problem in found] == ["identity_needs_two_accounts"]


def test_the_second_of_two_on_the_spot_types_no_time(journey: Journey, cast: Cast) -> None:
    """Else a reading would wait for a second person for hours, by a time that this one types."""
    journey.upto("product")
    first = read(journey.product, "collection", cast.asha)
    with pytest.raises(CrfInvalid) as caught:
        read(
            journey.product,
            "collection",
            cast.nikhil,
            first.read_at + dt.timedelta(minutes=1),
            witness_of=first,
        )
    assert [problem.code for problem in caught.value.problems] == ["not_on_the_spot"]
