"""A small cohort: two cases and four controls at Mumbai, a case and two controls at Pune."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from apps.enrolment.models import Demographics, MedicalHistory, Participant
from apps.labs.models import LabResult
from apps.matching import actions
from apps.matching.models import MatchingRun
from apps.visits.models import Visit
from tests.apps.enrolment.factories import a_case, a_control, enrolled
from tests.cast import Cast, api, cast, page

__all__ = ["api", "cast", "page"]

DAY0 = "2024-02-01"


def somebody(
    cast: Cast,
    group: str,
    *,
    site: Any = None,
    sex: str | None = "female",
    age: int | None = 20,
    diagnosed: str | None = "2019-01-01",
    hba1c: str | None = "8.5",
    day0: str | None = DAY0,
    since: str = "2024-01-01",
    **more: Any,
) -> Participant:
    """A participant with everything that matching looks at."""
    place = site or cast.mumbai
    by = cast.asha if place == cast.mumbai else cast.vikram
    made = (a_case if group == "case" else a_control)(cast, site=place, by=by, **more)
    person = enrolled(made, since)
    own = {"site": place, "participant": person, "status": "complete"}
    Demographics.objects.create(**own, sex=sex, age_at_enrolment=age)
    MedicalHistory.objects.create(**own, diagnosed_on=diagnosed)
    if hba1c is not None:
        LabResult.objects.create(
            **own, analyte="hba1c", context="baseline", collected_on=since, reported=hba1c, unit="%",
            number_canonical=hba1c,
        )  # fmt: skip
    if group == "case" and day0 is not None:
        Visit.objects.create(
            site=place, participant=person, key="S1", status="done", happened_on=day0, anchor="session_1"
        )
    return person


@dataclass
class Cohort:
    case: Participant
    second: Participant
    pune_case: Participant
    controls: list[Participant]
    pune_controls: list[Participant]


@pytest.fixture
def cohort(cast: Cast) -> Cohort:
    return Cohort(
        case=somebody(cast, "case", age=20),
        second=somebody(cast, "case", age=30, day0="2024-02-11"),
        pune_case=somebody(cast, "case", age=40, site=cast.pune),
        controls=[somebody(cast, "control", age=age) for age in (20, 21, 30, 31)],
        pune_controls=[somebody(cast, "control", age=age, site=cast.pune) for age in (40, 50)],
    )


Propose = Callable[..., MatchingRun]


@pytest.fixture
def propose(cast: Cast, eager_jobs: None, django_capture_on_commit_callbacks: Any) -> Propose:
    """`propose(ratio=1)` matches as a job and gives the run."""

    def asked(by: Any = None, **raw: Any) -> MatchingRun:
        with django_capture_on_commit_callbacks(execute=True):
            job = actions.start(raw={"seed": 1} | raw, by=by or cast.sanjay)
        job.refresh_from_db()
        assert job.state == "done", job.error
        return MatchingRun.objects.get(pk=job.result["run"])

    return asked


@pytest.fixture
def frozen(cast: Cast, cohort: Cohort, propose: Propose) -> MatchingRun:
    run = propose(ratio=1)
    actions.review(run=run, by=cast.meera)
    actions.freeze(run=run, by=cast.meera)
    return run
