"""The time before the study of a synthetic participant, how time in the study is interrupted, and how it ends. Pure.

What was drawn before these fields came stays as it was: the new ones have a stream of their own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

import numpy as np

from demo.synthetic import Blemish, Drawn, Form, Visit

WITHDRAWN_ON_DAY = 110
UNITS = {"ica": "{titer}", "gad65": "[IU]/mL", "ia2": "[IU]/mL", "znt8": "[IU]/mL"}
# An adult who cannot read, and the witness who signed with the participant.
READS_NOT: Mapping[tuple[int, int | None], str] = {(18, 1): "Ward sister, not of the study"}


class Ending(StrEnum):
    """What happens to a few participants after their first half year."""

    LOST_AND_FOUND = "lost after month 6, found before month 12"
    LOST = "lost after month 12"
    ELSEWHERE = "moved to another study after month 12"


# (case number, None) for a case, (case number, 1 or 2) for a control of it: nobody with a blemish.
ENDINGS: Mapping[tuple[int, int | None], Ending] = {
    (3, 1): Ending.LOST_AND_FOUND,
    (10, 2): Ending.LOST_AND_FOUND,
    (13, 1): Ending.LOST,
    (15, 2): Ending.LOST,
    (20, 2): Ending.ELSEWHERE,
}


def reads(drawn: Drawn) -> bool:
    return (drawn.person.number, drawn.person.control) not in READS_NOT


def history(drawn: Drawn, enrolled_on: dt.date) -> Iterator[Form]:
    """Demographics, medical history, antibodies at diagnosis, stays in hospital."""
    person, rng = drawn.person, drawn.rng
    more = rng.spawn(1)[0]
    schooling = "primary" if person.age < 12 else "secondary" if person.age < 17 else "graduate"
    language = str(rng.choice(("mr", "hi", "en")))
    yield Form(
        "demographics",
        {
            "sex": person.sex,
            "age_at_enrolment": person.age,
            "age_basis": "birth_date",
            "country": "IN",
            "education": schooling if reads(drawn) else "none",
            "language": language,
            **_background(drawn, more),
        },
    )
    year = enrolled_on.year - person.duration_years
    month = int(rng.integers(1, 13))
    diagnosed = f"{year}-{month:02d}"
    ketoacidosis = bool(rng.random() < 0.35)
    at_diagnosis = ketoacidosis and bool(more.random() < 0.7)
    values: dict[str, Any] = {
        "diagnosed_on": diagnosed,
        "diabetes_type": "type_1",
        "autoimmune": True,
        "symptoms_at_onset": [
            "polyuria",
            "polydipsia",
            *(["weight_loss"] if rng.random() < 0.6 else []),
            *(["ketoacidosis"] if at_diagnosis else []),
        ],
        "insulin_since": diagnosed,
        "dka_history": ketoacidosis,
        "comorbidities": ["thyroid"] if rng.random() < 0.12 else ["none"],
        "severity": str(rng.choice(("mild", "moderate", "severe"), p=(0.2, 0.6, 0.2))),
    }
    if ketoacidosis:
        values["dka_episodes"] = int(rng.integers(1, 3))
        values["dka_at_diagnosis"] = at_diagnosis
    if at_diagnosis:
        values["dka_severity_at_diagnosis"] = str(
            more.choice(("mild", "moderate", "severe"), p=(0.4, 0.4, 0.2))
        )
    absent: dict[str, str] = {}
    if rng.random() < 0.8:
        values["family_history"] = bool(rng.random() < 0.2)
    else:
        absent["family_history"] = "unknown"
    values |= _onset(more) | _treatment(more) | _family(more, in_family=values.get("family_history") is True)
    if person.sex == "female" and person.age >= 18:
        values["pregnancies"] = int(more.poisson(0.5))
    else:
        absent["pregnancies"] = "not_applicable"
    yield Form("medical-history", values | {"absent": absent})
    yield from _antibodies(drawn, more, diagnosed)
    if ketoacidosis:
        yield _stay(more, diagnosed if at_diagnosis else f"{min(year + 1, enrolled_on.year - 1)}")


def _background(drawn: Drawn, rng: np.random.Generator) -> dict[str, Any]:
    person = drawn.person
    student = person.age < 18 or (person.age < 24 and rng.random() < 0.5)
    work = str(rng.choice(("employed", "self_employed", "homemaker", "not_working"), p=(0.5, 0.2, 0.2, 0.1)))
    background: dict[str, Any] = {
        "home_state": "maharashtra"
        if rng.random() < 0.9
        else str(rng.choice(("gujarat", "karnataka", "goa"))),
        "setting": "urban" if rng.random() < 0.75 else "rural",
        "occupation": "student" if student else work,
    }
    if person.age < 12:
        # The representative reads and signs; the child is told.
        return background | {"absent": {"can_read": "not_applicable"}}
    return background | {"can_read": reads(drawn)}


def _onset(rng: np.random.Generator) -> dict[str, Any]:
    c_peptide = round(float(np.clip(np.exp(rng.normal(np.log(0.35), 0.6)), 0.1, 1.5)), 1)
    return {
        "diagnosis_basis": ["random_glucose", "hba1c"] if rng.random() < 0.6 else ["fasting_glucose"],
        "diagnosis_source": str(rng.choice(("hospital_record", "doctors_letter", "told"), p=(0.6, 0.3, 0.1))),
        "symptom_weeks": str(int(rng.integers(1, 9))),
        "c_peptide_at_diagnosis": "<0.1" if c_peptide <= 0.1 else f"{c_peptide}",
        "c_peptide_unit": "ng/mL",
        "c_peptide_state": str(rng.choice(("fasting", "random"), p=(0.6, 0.4))),
    }


def _treatment(rng: np.random.Generator) -> dict[str, Any]:
    regimen = str(rng.choice(("basal_bolus", "premixed", "pump"), p=(0.75, 0.2, 0.05)))
    severe = bool(rng.random() < 0.25)
    return {
        "prior_treatments": [regimen, *(["diet_exercise"] if rng.random() < 0.7 else [])],
        "severe_hypoglycaemia": severe,
        **({"severe_hypoglycaemia_last_year": int(rng.integers(0, 3))} if severe else {}),
    }


def _family(rng: np.random.Generator, *, in_family: bool) -> dict[str, Any]:
    family: dict[str, Any] = {"family_autoimmune": ["mother"] if rng.random() < 0.1 else ["none"]}
    if in_family:
        first = str(rng.choice(("sibling", "father", "second_degree")))
        type_1 = bool(rng.random() < 0.4)
        family["family_type_1"] = [first] if type_1 else ["none"]
        family["family_type_2"] = ["none"] if type_1 else [first]
    return family


def _antibodies(drawn: Drawn, rng: np.random.Generator, diagnosed: str) -> Iterator[Form]:
    """What is positive at screening was so at diagnosis; some antibodies have become negative since."""
    found = {
        key: positive or bool(rng.random() < 0.3) for key, (positive, _number) in drawn.antibodies.items()
    }
    if not any(found.values()):
        found["gad65"] = True
    # The positive ones first, as people enter them: negative ones alone would be asked about.
    for key, positive in sorted(found.items(), key=lambda one: not one[1]):
        if key in ("ica", "znt8") and not positive and rng.random() < 0.5:
            yield Form("antibody-at-diagnosis", {"antibody": key, "result": "not_tested"})
            continue
        number = round(float(drawn.antibodies[key][1] * rng.uniform(1.0, 1.6)), 0 if key == "ica" else 1)
        reported = f"{number:g}" if positive else "<10" if key == "ica" else "<5.0"
        yield Form(
            "antibody-at-diagnosis",
            {
                "antibody": key,
                "result": "positive" if positive else "negative",
                "reported": reported,
                "unit": UNITS[key],
                "collected_on": diagnosed,
                "assay": "Immunofluorescence" if key == "ica" else "ELISA",
            },
        )


def _stay(rng: np.random.Generator, when: str) -> Form:
    days = int(rng.integers(3, 9))
    intensive = bool(rng.random() < 0.4)
    return Form(
        "hospitalisation",
        {
            "reason": "dka",
            "admitted_on": when,
            "duration_days": days,
            "hospital_kind": str(rng.choice(("government", "private", "own"))),
            "intensive_care": intensive,
            **({"intensive_care_days": min(days, int(rng.integers(1, 4)))} if intensive else {}),
            "document_seen": "discharge_summary",
        },
    )


# --------------------------------------------------------------------------------- interruption and end


def ended(
    drawn: Drawn, visits: tuple[Visit, ...], until: dt.date
) -> tuple[tuple[Visit, ...], tuple[Form, ...]]:
    """The visits as they took place in spite of loss or end, and the forms that say so; nothing lies after `until`."""
    person = drawn.person
    if Blemish.WITHDRAWAL in person.blemishes:
        day = person.day0 + dt.timedelta(days=WITHDRAWN_ON_DAY)
        return visits, (_end(day, "withdrew", visits),) if day <= until else ()
    ending = ENDINGS.get((person.number, person.control))
    if ending is Ending.LOST_AND_FOUND:
        return _lost_and_found(drawn, visits, until)
    if ending is None or not any(visit.key == "M12" for visit in visits):
        return visits, ()
    kept = tuple(visit for visit in visits if visit.key != "M18")
    last = drawn.on("M12")
    if ending is Ending.LOST:
        declared, closed = last + dt.timedelta(days=75), last + dt.timedelta(days=120)
        if declared > until:
            return visits, ()
        loss = Form("lost-to-follow-up", _loss(last, declared, attempts=4) | {"reason": "moved"})
        return kept, (loss, _end(closed, "lost", kept)) if closed <= until else (loss,)
    moved = last + dt.timedelta(days=30)
    if moved > until:
        return visits, ()
    where = {"treated_where": "A study of another cell product, in another city"}
    return kept, (_end(moved, "treated_elsewhere", kept, **where),)


def _lost_and_found(
    drawn: Drawn, visits: tuple[Visit, ...], until: dt.date
) -> tuple[tuple[Visit, ...], tuple[Form, ...]]:
    """Not seen at month 9, and back before month 12."""
    before = [visit for visit in visits if visit.happened_on and visit.day < drawn.days.get("M9", 0)]
    if not before or "M12" not in drawn.days:
        return visits, ()
    last = before[-1].happened_on
    assert last is not None
    kept = tuple(
        replace(
            visit,
            happened_on=None,
            forms=(),
            charts=(),
            missed_reason="Could not be reached; see the form “Lost to follow-up”",
        )
        if visit.key == "M9"
        else visit
        for visit in visits
    )
    found = drawn.on("M12") - dt.timedelta(days=12)
    loss = _loss(last, last + dt.timedelta(days=95), attempts=3) | {
        "reason": "work_or_school",
        "found_again": True,
        "found_on": found.isoformat(),
        "found_how": "relative",
    }
    return kept, (Form("lost-to-follow-up", loss),)


def _loss(last_contact: dt.date, declared: dt.date, *, attempts: int) -> dict[str, Any]:
    return {
        "last_contact_on": last_contact.isoformat(),
        "declared_on": declared.isoformat(),
        "attempts": attempts,
        "attempt_methods": ["phone", "letter", "relative"],
        "vital_status": "alive",
    }


def _end(day: dt.date, reason: str, visits: tuple[Visit, ...], **more: Any) -> Form:
    seen = [visit.happened_on for visit in visits if visit.happened_on is not None]
    return Form(
        "end-of-study",
        {"ended_on": day.isoformat(), "reason": reason, "last_visit_on": seen[-1].isoformat(), **more},
    )
