"""Participants for tests."""

from __future__ import annotations

from typing import Any

from apps.enrolment import actions
from apps.enrolment.crfs import DEMOGRAPHICS
from apps.enrolment.models import Participant, ScreeningEntry
from studyportal.audit import acting
from studyportal.crf.actions import save


def a_case(cast: Any, *, site: Any = None, by: Any = None, **more: Any) -> Participant:
    """A case at Mumbai, registered by Asha."""
    return actions.register(site=site or cast.mumbai, by=by or cast.asha, group="case", **more)


def a_control(cast: Any, *, site: Any = None, by: Any = None, **more: Any) -> Participant:
    return actions.register(site=site or cast.mumbai, by=by or cast.asha, group="control", **more)


def enrolled(participant: Participant, on: str) -> Participant:
    """As if every gate had been passed: the tests of what comes after begin here."""
    with acting(source="command"):
        Participant.objects.filter(pk=participant.pk).update(enrolled_on=on)
        ScreeningEntry.objects.filter(participant=participant).update(
            screened_on=on, outcome="enrolled", outcome_on=on
        )
    participant.refresh_from_db()
    return actions.refresh_status(participant=participant, by=participant.registered_by)


def demographics_of(participant: Participant, by: Any, **more: Any) -> Any:
    raw = {"sex": "female", "age_at_enrolment": 17, "age_basis": "stated", "country": "IN"} | more
    return save(DEMOGRAPHICS, raw=raw, by=by, participant=participant)
