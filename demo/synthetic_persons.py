"""Consent and adverse events of a synthetic participant. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from demo.synthetic import Blemish, Drawn, Form
from demo.synthetic_history import READS_NOT, WITHDRAWN_ON_DAY

OFFSET = "+05:30"


def consents(drawn: Drawn, enrolled_on: dt.date) -> Iterator[Mapping[str, Any]]:
    person = drawn.person
    late = Blemish.LATE_CONSENT in person.blemishes
    signed_on = enrolled_on + dt.timedelta(days=9 if late else -1)
    purposes = [
        "participation",
        *(["procedure"] if person.control is None else []),
        "data_sharing",
        "future_contact",
    ]
    language = str(drawn.rng.choice(("English", "Hindi", "Marathi"), p=(0.3, 0.3, 0.4)))
    shared = {
        "document_version": "2.0",
        "document_language": language,
        "ethics_approval_number": f"SYNTHETIC-{person.site}-EC-017",
        "ethics_approval_validity": (person.day0 + dt.timedelta(days=900)).isoformat(),
        "signed_on": signed_on.isoformat(),
        "signed_at": f"{signed_on.isoformat()}T{int(drawn.rng.integers(9, 17)):02d}:{int(drawn.rng.integers(0, 60)):02d}:00{OFFSET}",
        "age_at_signature": person.age,
        "obtained_by": f"Investigator, {person.site}",
        "audio_visual": "recorded",
        "copy_given": Blemish.NO_COPY not in person.blemishes,
    }
    not_asked = {"witness": "not_applicable"}
    if (witness := READS_NOT.get((person.number, person.control))) is not None:
        shared["witness"], not_asked = witness, {}
    if person.age >= 18:
        absent = not_asked | {"lar_relationship_proof": "not_applicable"}
        yield {"kind": "consent", "signer": "participant", "purposes": purposes, **shared, "absent": absent}
    else:
        parent = str(drawn.rng.choice(("mother", "father")))
        proof = "Birth certificate seen"
        yield {
            "kind": "lar_consent",
            "signer": parent,
            "purposes": purposes,
            "lar_relationship_proof": proof,
            **shared,
            "absent": not_asked,
        }
        if Blemish.NO_ASSENT not in person.blemishes:
            kind = "written_assent" if person.age >= 12 else "oral_assent"
            absent = not_asked | {"lar_relationship_proof": "not_applicable"}
            yield {
                "kind": kind,
                "signer": "participant",
                "purposes": ["participation"],
                **shared,
                "absent": absent,
            }
    if Blemish.WITHDRAWAL in person.blemishes:
        day = person.day0 + dt.timedelta(days=WITHDRAWN_ON_DAY)
        yield {
            "kind": "withdrawal",
            "signer": "participant" if person.age >= 18 else "father",
            "withdrawal_scopes": ["visits", "new_data"],
            "signed_on": day.isoformat(),
            "age_at_signature": person.age,
            "obtained_by": f"Investigator, {person.site}",
            "note": "Moved to another city. Data collected so far may be used.",
            "absent": {
                "document_version": "not_applicable",
                "document_language": "not_applicable",
                "ethics_approval_number": "not_applicable",
                "ethics_approval_validity": "not_applicable",
                "lar_relationship_proof": "not_applicable",
                "witness": "not_applicable",
                "audio_visual": "not_applicable",
                "copy_given": "not_applicable",
            },
        }


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
