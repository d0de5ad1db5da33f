"""Adverse events for the tests of safety."""

from __future__ import annotations

from typing import Any

from apps.labs.crfs import LAB_RESULT
from apps.labs.models import LabResult
from apps.safety.actions import follow_ups
from apps.safety.crfs import ADVERSE_EVENT, DKA_EPISODE, HYPOGLYCAEMIA_EPISODE
from apps.safety.models import AdverseEvent, FollowUp
from studyportal.crf.actions import save

EVENT: dict[str, Any] = {
    "verbatim": "Bruise at the hip",
    "term": "harvest_haematoma",
    "onset_on": "2024-03-02",
    "ended_on": "2024-03-06",
    "grade": "1",
    "grade_dictionary": "ctcae_5",
    "serious": False,
    "outcome": "recovered",
    "action_taken": ["none"],
    "related_to_product": "unlikely",
    "related_to_harvest": "possible",
    "expectedness": "expected",
}
GOING_ON: dict[str, Any] = {
    "verbatim": "Fever 38.4 °C",
    "term": "fever",
    "ended_on": None,
    "outcome": "not_recovered",
    "related_to_harvest": "unlikely",
    "aware_at": "2024-03-03T10:00",
    "follow_up_due_on": "2024-03-10",
}
FOLLOW: dict[str, Any] = {
    "seen_on": "2024-03-05",
    "aware_at": "2024-03-05T09:00",
    "grade": "1",
    "serious": False,
    "outcome": "recovering",
    "action_taken": ["treated"],
    "course": "Temperature falling",
    "next_due_on": "2024-03-12",
}
DKA: dict[str, Any] = {
    "began_on": "2024-03-02",
    "sampled_at": "2024-03-02T18:00",
    "glucose": "420",
    "known_diabetes": True,
    "ph": "7.15",
    "ph_venous": True,
    "bicarbonate": "9",
    "ketones_blood": "5.1",
    "ketonuria": "large",
    "mental_status": "drowsy",
    "precipitant": "insulin_omitted",
    "criteria": "ispad_2022",
}
HYPO: dict[str, Any] = {
    "happened_at": "2024-03-02T03:00",
    "glucose": "48",
    "symptoms": ["neuroglycopenic"],
    "needed_help": True,
    "nocturnal": True,
    "treatment": ["glucagon"],
    "criteria": "ada_ispad",
}


def an_event(by: Any, participant: Any, *, parents: Any = None, **more: Any) -> AdverseEvent:
    made: AdverseEvent = save(
        ADVERSE_EVENT, raw=EVENT | more, by=by, participant=participant, parents=parents or {}
    )
    return made


def an_open_event(by: Any, participant: Any, **more: Any) -> AdverseEvent:
    return an_event(by, participant, **(GOING_ON | more))


def a_follow_up(by: Any, event: AdverseEvent, *, complete: bool = True, **more: Any) -> FollowUp:
    return follow_ups.record(event=event, by=by, raw=FOLLOW | more, complete=complete)


def a_dka(by: Any, event: AdverseEvent, **more: Any) -> Any:
    return save(DKA_EPISODE, raw=DKA | more, by=by, parents={"event": event})


def a_hypoglycaemia(by: Any, event: AdverseEvent, **more: Any) -> Any:
    return save(HYPOGLYCAEMIA_EPISODE, raw=HYPO | more, by=by, parents={"event": event})


def a_result(by: Any, participant: Any, analyte: str, reported: str, unit: str, **more: Any) -> LabResult:
    raw = {
        "analyte": analyte,
        "context": "safety",
        "collected_on": "2024-03-02",
        "reported": reported,
        "unit": unit,
        "fasting": "random",
    } | more
    made: LabResult = save(LAB_RESULT, raw=raw, by=by, participant=participant, complete=False)
    return made
