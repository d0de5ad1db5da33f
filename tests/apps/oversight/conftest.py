"""Participants, consent and a form, made through the actions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pytest

from apps.consent import actions as consent
from apps.enrolment import actions as enrolment
from apps.visits import actions as visits
from studyportal.audit import acting
from studyportal.crf import actions as crf
from studyportal.crf.registry import get
from tests.apps.enrolment.factories import enrolled
from tests.cast import Cast


class Records:
    """What the auditor's tests need: participants with visits, consent and one weight."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast

    def participant(self, site: Any = None, **more: Any) -> Any:
        participant = enrolment.register(
            site=site or self.cast.mumbai, by=self.cast.meera, **({"group": "case"} | more)
        )
        return enrolled(participant, "2026-02-01")

    def visit(self, participant: Any, key: str = "S1", happened_on: str = "2026-03-02") -> Any:
        return visits.record(participant=participant, key=key, by=self.cast.meera, happened_on=happened_on)

    def consent(self, participant: Any, kind: str = "consent", **stated: Any) -> Any:
        return consent.record_event(
            participant=participant, kind=kind, by=self.cast.meera, **({"signed_on": "2026-03-01"} | stated)
        )

    def consents(self, participant: Any, notes: Iterable[str]) -> list[Any]:
        """A consent of another day for each note: the same one is not recorded twice."""
        first = dt.date(2025, 1, 1)
        return [
            self.consent(participant, note=note, signed_on=(first + dt.timedelta(days=day)).isoformat())
            for day, note in enumerate(notes)
        ]

    def weight(self, visit: Any, weight: str, record: Any = None, reason: str | None = None) -> Any:
        raw = {
            "weight": weight,
            "absent": dict.fromkeys(("height", "systolic", "diastolic", "pulse"), "not_done"),
        }
        with acting(source="page"):
            return crf.save(
                get("vital-signs"),
                raw=raw,
                by=self.cast.asha,
                parents={"visit": visit},
                record=record,
                reason=reason,
            )


@pytest.fixture
def records(cast: Cast) -> Records:
    return Records(cast)
