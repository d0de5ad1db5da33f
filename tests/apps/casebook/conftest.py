"""A small cohort made through the actions, as people make it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.enrolment import actions as enrolment
from apps.visits import actions as visits
from studyportal.crf import actions as crf
from studyportal.crf.registry import get
from tests.cast import Cast

TODAY = dt.date(2026, 6, 1)


class Cohort:
    """`cohort.case(day_0=…)` registers a case treated on that day; `cohort.control(index=…)` a control."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast

    def case(
        self, *, day_0: dt.date | str | None = None, by: Any = None, site: Any = None, **more: Any
    ) -> Any:
        site = site or self.cast.mumbai
        by = by or (self.cast.asha if site == self.cast.mumbai else self.cast.vikram)
        participant = enrolment.register(site=site, by=by, group="case", **more)
        if day_0 is not None:
            visits.record(participant=participant, key="S1", by=by, happened_on=str(day_0))
        return participant

    def control(self, *, index: dt.date, **more: Any) -> Any:
        return enrolment.register(
            site=self.cast.mumbai,
            by=self.cast.asha,
            group="control",
            index_date=index,
            **more,
        )

    def visit(self, participant: Any, key: str, happened_on: str = "", **more: Any) -> Any:
        return visits.record(
            participant=participant, key=key, by=self.cast.meera, happened_on=happened_on, **more
        )

    def form(
        self, key: str, participant: Any = None, *, complete: bool = True, visit: Any = None, **raw: Any
    ) -> Any:
        parents = {} if visit is None else {"visit": visit}
        return crf.save(
            get(key), raw=raw, by=self.cast.meera, participant=participant, parents=parents, complete=complete
        )


@pytest.fixture
def cohort(cast: Cast) -> Cohort:
    return Cohort(cast)
