"""The regimen over visits, and what a positive pregnancy test bars."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apps.enrolment import actions as enrolment
from apps.visits import selectors
from apps.visits.crfs import INSULIN, PREGNANCY_TEST
from apps.visits.models import InsulinUse
from studyportal.crf import actions as crf
from studyportal.crf.errors import CrfInvalid, Refused
from studyportal.crf.registry import get
from studyportal.queries.models import Query, QueryState
from tests.apps.visits.factories import a_visit, on_insulin, weighed
from tests.cast import Cast


def a_case(cast: Cast, **more: Any) -> Any:
    return enrolment.register(site=cast.mumbai, by=cast.meera, group="case", **{"retrospective": True} | more)


def open_codes() -> set[str]:
    return set(Query.objects.filter(form="insulin", state=QueryState.OPEN).values_list("code", flat=True))


@pytest.mark.django_db
def test_a_change_without_a_reason_is_refused(cast: Cast) -> None:
    visit = a_visit(a_case(cast), "BL", "2016-11-01", cast.asha)
    with pytest.raises(CrfInvalid) as refused:
        on_insulin(visit, cast.asha, change="increased")
    assert [(one.field, one.code) for one in refused.value.problems] == [("change_reason", "required")]
    with pytest.raises(CrfInvalid) as refused:
        on_insulin(visit, cast.asha, change="unchanged", change_reason="growth")
    assert [(one.field, one.code) for one in refused.value.problems] == [("change_reason", "not_asked")]
    on_insulin(visit, cast.asha, change="started", absent={"change_reason": "not_recorded"})


@pytest.mark.django_db
def test_a_dose_that_changed_is_asked_about_until_it_is_explained(cast: Cast) -> None:
    person = a_case(cast)
    first, second = (
        a_visit(person, key, day, cast.asha) for key, day in (("BL", "2016-11-01"), ("M1", "2016-12-03"))
    )
    before = on_insulin(first, cast.asha)
    later = on_insulin(second, cast.asha, dose="6")
    assert open_codes() == {"dose_change_unexplained"}
    crf.save(
        INSULIN,
        raw={"change": "decreased", "change_reason": "need_fell"},
        by=cast.asha,
        record=later,
        reason="Asked",
    )
    assert open_codes() == set()
    # The dose before is mended: what is said of the later one no longer fits.
    crf.save(INSULIN, raw={"dose": "6"}, by=cast.asha, record=before, reason="Read wrong")
    assert open_codes() == {"dose_change_disagrees"}


@pytest.mark.django_db
def test_the_visit_before_is_the_last_one_that_has_insulins(cast: Cast) -> None:
    person = a_case(cast)
    first, _empty, third = (
        a_visit(person, key, day, cast.asha)
        for key, day in (("BL", "2016-11-01"), ("M1", "2016-12-03"), ("M3", "2017-02-01"))
    )
    # Entered the other way round: the days decide.
    last = on_insulin(third, cast.asha, dose="8")
    assert selectors.dose_before(last) is None
    on_insulin(first, cast.asha)
    assert selectors.dose_before(InsulinUse.objects.select_related("visit").get(pk=last.pk)) == 10
    other = on_insulin(third, cast.asha, role="bolus", product="aspart", frequency_per_day=3)
    assert selectors.dose_before(other) == 0, "the visit before has other insulins only"


@pytest.mark.django_db
def test_regimen_on_casebook_and_api(cast: Cast, api: Any, page: Any, django_assert_num_queries: Any) -> None:
    person = a_case(cast)
    first, second = (
        a_visit(person, key, day, cast.asha) for key, day in (("BL", "2016-11-01"), ("M1", "2016-12-03"))
    )
    weighed(first, "50", cast.asha)
    on_insulin(first, cast.asha)
    on_insulin(second, cast.asha, dose="6", change="decreased", change_reason="need_fell")
    with django_assert_num_queries(1):
        (periods,) = selectors.periods_of([person.pk]).values()
    assert [(p.units_per_day, p.ongoing) for p in periods] == [(Decimal(10), False), (Decimal(6), True)]
    url = f"/api/v1/participants/{person.code}/insulin/"
    assert api(None).get(url).status_code == 401
    assert api(cast.norole).get(url).status_code == 403
    assert api(cast.vikram).get(url).status_code == 404
    body = api(cast.asha).get(url).json()
    assert [(one["first"], one["last"], one["why"]) for one in body["periods"]] == [
        ("2016-11-01", "2016-12-03", ""),
        ("2016-12-03", None, "need_fell"),
    ]
    assert [
        (one["key"], one["units_per_day"], one["units_per_kg"], one["lacking"]) for one in body["visits"]
    ] == [
        ("BL", "10.000", "0.200", ""),
        ("M1", "6.000", None, "weight missing"),
    ]
    text = page(cast.asha).get(person.get_absolute_url()).content.decode()
    assert (
        "Needs less than before" in text and "still taken" in text and "Not derivable: weight missing" in text
    )


# --- pregnancy ---------------------------------------------------------------------------------------------


def taken(visit: Any, by: Any, result: str, on: str | None = None) -> Any:
    raw = {"needed": True, "specimen": "urine", "result": result, "tested_on": on}
    return crf.save(PREGNANCY_TEST, raw=raw, by=by, parents={"visit": visit})


def a_harvest(person: Any, by: Any) -> Any:
    session = crf.save(get("cell-session"), raw={}, by=by, participant=person, complete=False)
    return crf.save(
        get("harvest"), raw={}, by=by, participant=person, parents={"session": session}, complete=False
    )


def bars(person: Any, by: Any) -> set[str]:
    try:
        a_harvest(person, by)
    except Refused as refused:
        return {one.code for one in refused.problems}
    return set()


@pytest.mark.django_db
def test_a_positive_test_bars_a_harvest_until_a_later_one_is_negative(cast: Cast) -> None:
    person = a_case(cast, retrospective=False)
    visit = a_visit(person, "BL", "2024-03-01", cast.asha)
    assert "pregnancy_positive" not in bars(person, cast.rao)
    taken(visit, cast.asha, "positive", "2024-03-01")
    assert set(Query.objects.filter(form="pregnancy-test").values_list("code", flat=True)) == {
        "pregnancy_positive"
    }
    assert "pregnancy_positive" in bars(person, cast.rao)
    taken(visit, cast.asha, "negative", "2024-02-20")
    taken(visit, cast.asha, "unclear", "2024-03-09")
    assert "pregnancy_positive" in bars(person, cast.rao), "an earlier or an unclear one lifts nothing"
    taken(visit, cast.asha, "negative", "2024-03-10")
    assert "pregnancy_positive" not in bars(person, cast.rao)


@pytest.mark.django_db
def test_the_past_is_recorded_as_it_was(cast: Cast) -> None:
    person = a_case(cast)
    taken(a_visit(person, "BL", "2016-11-01", cast.asha), cast.asha, "positive")
    assert "pregnancy_positive" not in bars(person, cast.rao)
