"""Consent and adverse events of a synthetic participant. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from demo.synthetic import Blemish, Drawn, Form

OFFSET = "+05:30"


def events(drawn: Drawn) -> Iterator[tuple[str, int | None, Form]]:
    """Adverse events: the visit at which each is reported, the cell session that it may be linked to, the form."""
    person, rng = drawn.person, drawn.rng
    if person.control is None:
        if Blemish.HAEMATOMA in person.blemishes:
            yield (
                "D7",
                1,
                _event(
                    drawn,
                    "S1",
                    "Bruise at the iliac crest, 4 cm",
                    "harvest_haematoma",
                    1,
                    9,
                    harvest="probable",
                ),
            )
        elif rng.random() < 0.3:
            yield (
                "D1",
                1,
                _event(drawn, "S1", "Pain at the harvest site", "harvest_pain", 0, 3, harvest="probable"),
            )
        if Blemish.INFUSION_REACTION in person.blemishes:
            yield (
                "S2",
                2,
                _event(
                    drawn,
                    "S2",
                    "Fever 38.2 °C after the infusion",
                    "infusion_reaction",
                    0,
                    1,
                    product="probable",
                ),
            )
    if rng.random() < 0.22 and "M6" in drawn.days:
        words = "Glucose 58 mg/dL before lunch, sweating; corrected with sugar"
        yield "M6", None, _event(drawn, "M6", words, "hypoglycaemia", -12, 0, insulin="probable", grade="1")
    if Blemish.KETOACIDOSIS in person.blemishes:
        form = _event(
            drawn, "M9", "Diabetic ketoacidosis with vomiting", "dka", -20, 5, disease="probable", grade="3"
        )
        serious = {
            "serious": True,
            "serious_criteria": ["hospitalisation"],
            "action_taken": ["treated", "insulin_changed"],
            # How it went on is told by its follow-ups.
            "outcome": "recovering",
            "ended_on": None,
            "aware_at": f"{form.values['onset_on']}T20:40:00{OFFSET}",
            "hospital_from": form.values["onset_on"],
        }
        yield "M9", None, Form(form.key, {**form.values, **serious})


def _event(
    drawn: Drawn,
    visit: str,
    verbatim: str,
    term: str,
    after_days: int,
    lasting: int,
    *,
    grade: str = "1",
    harvest: str = "unlikely",
    product: str = "unlikely",
    insulin: str = "unlikely",
    disease: str = "unlikely",
) -> Form:
    onset = drawn.on(visit) + dt.timedelta(days=after_days)
    treated = drawn.person.control is None
    causes: dict[str, Any] = {"related_to_insulin": insulin, "related_to_disease": disease}
    absent: dict[str, str] = {}
    for name, cause in (("related_to_harvest", harvest), ("related_to_product", product)):
        if treated:
            causes[name] = cause
        else:
            absent[name] = "not_applicable"
    return Form(
        "adverse-event",
        {
            "verbatim": verbatim,
            "term": term,
            "onset_on": onset.isoformat(),
            "ended_on": (onset + dt.timedelta(days=lasting)).isoformat(),
            "grade": grade,
            "grade_dictionary": "ctcae_5",
            "serious": False,
            "outcome": "recovered",
            "action_taken": ["treated"] if term != "harvest_pain" else ["none"],
            "expectedness": "expected",
            "reporter": "Participant",
            "absent": absent,
            **causes,
        },
    )
