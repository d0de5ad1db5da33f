"""A participant of Mumbai, one of Pune, a form that a check asks about, and a question of a person."""

from __future__ import annotations

from typing import Any

import pytest

from apps.enrolment import actions as enrolment
from apps.visits import actions as visits
from studyportal.crf import actions as crf
from studyportal.crf.registry import get
from studyportal.queries import actions
from studyportal.queries.models import Query


@pytest.fixture
def participant(cast: Any) -> Any:
    return enrolment.register(site=cast.mumbai, by=cast.meera, group="case", retrospective=True)


@pytest.fixture
def elsewhere(cast: Any) -> Any:
    return enrolment.register(site=cast.pune, by=cast.meera, group="case", retrospective=True)


@pytest.fixture
def visit(cast: Any, participant: Any) -> Any:
    return visits.record(participant=participant, key="BL", by=cast.asha, happened_on="2016-11-01")


class Vitals:
    """The vital signs of the visit; `type(temperature)` saves them. Above 38 °C the check `fever` asks."""

    def __init__(self, cast: Any, visit: Any) -> None:
        self.cast, self.visit, self.record = cast, visit, None

    def type(self, temperature: str, **more: Any) -> Any:
        given: dict[str, Any] = (
            {"participant": self.visit.participant, "parents": {"visit": self.visit}}
            if self.record is None
            else {"record": self.record}
        )
        raw = {"temperature": temperature}
        self.record = crf.save(
            get("vital-signs"), raw=raw, by=self.cast.asha, complete=False, **given, **more
        )
        return self.record

    @property
    def query(self) -> Query:
        assert self.record is not None
        return Query.objects.get(form="vital-signs", object_id=self.record.pk, code="fever")


@pytest.fixture
def vitals(cast: Any, visit: Any) -> Vitals:
    return Vitals(cast, visit)


@pytest.fixture
def query(cast: Any, participant: Any) -> Query:
    return actions.raise_query(participant=participant, message="Which insulin?", by=cast.meera)
