from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from apps.enrolment import actions as enrolment
from studyportal.deviations import actions
from studyportal.deviations.actions import Found
from tests.cast import Cast


@dataclass(frozen=True)
class Record:
    """What a rule judges: all that the kernel of deviations asks of a record."""

    pk: int
    site_id: int
    participant_id: int


@pytest.fixture
def participant(cast: Cast) -> Any:
    return enrolment.register(site=cast.mumbai, by=cast.meera, group="case", retrospective=True)


@pytest.fixture
def elsewhere(cast: Cast) -> Any:
    return enrolment.register(site=cast.pune, by=cast.meera, group="case", retrospective=True)


@pytest.fixture
def record(participant: Any) -> Record:
    return Record(7, participant.site_id, participant.pk)


@pytest.fixture
def reported(participant: Any, cast: Cast) -> Any:
    """A major one that a person reported and nobody settled yet."""
    return actions.raise_by_hand(
        participant=participant,
        description="The centrifuge stood still for an hour.",
        classification="major",
        kind="procedure",
        occurred_on="2026-11-02",
        by=cast.rao,
    )


@pytest.fixture
def found(record: Record) -> Any:
    """A minor one that a rule raised."""
    [one] = actions.reconcile(
        record=record,
        form="visit",
        found=[Found("visit_late", "M3 took place on day 130.", "minor", kind="visit")],
        by=None,
    )
    return one


def settled(deviation: Any, by: Any) -> Any:
    """Everything that a grave one needs before it is closed."""
    actions.assess(deviation=deviation, by=by, root_cause="No alarm is set on the centrifuge.")
    actions.plan_action(
        deviation=deviation,
        by=by,
        corrective_action="The product was examined again.",
        preventive_action="The alarm is set, and checked each morning.",
        responsible="Cell laboratory",
        action_due_on="2026-12-01",
    )
    return actions.report_to_committee(
        deviation=deviation, by=by, reported_on="2026-11-05", reference="EC/2026/31"
    )
