"""The visits of a synthetic participant: consent, history, forms, laboratory, insulin, safety. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from demo import synthetic_cells, trajectories
from demo.synthetic import (
    CHART_KEEPERS,
    LATE_SHARE,
    MISSED_REASONS,
    MISSED_SHARE,
    SCHEDULE,
    Blemish,
    Chart,
    Form,
    Person,
    SyntheticParticipant,
    Visit,
)
from demo.trajectories import Course

OFFSET = "+05:30"
WITHDRAWN_ON_DAY = 110

SAFETY_LAB = {
    # analyte: (mean, sd, decimals, unit)
    "haemoglobin": (13.2, 1.0, 1, "g/dL"),
    "wbc": (7.2, 1.4, 2, "10*3/uL"),
    "platelets": (265.0, 45.0, 0, "10*3/uL"),
    "alt": (24.0, 7.0, 0, "U/L"),
    "ast": (23.0, 6.0, 0, "U/L"),
    "bilirubin_total": (0.6, 0.15, 1, "mg/dL"),
    "creatinine": (0.72, 0.1, 2, "mg/dL"),
    "inr": (1.02, 0.06, 2, "{INR}"),
    "aptt": (29.5, 2.5, 1, "s"),
}
ANTIBODIES = ("ica", "gad65", "ia2", "znt8")
INFECTION = ("hiv", "hbsag", "hcv_ab", "syphilis_ab")
COUNT = ("haemoglobin", "wbc", "platelets")
GLYCAEMIA = ("hba1c", "c_peptide", "glucose_fasting")
# The analytes of the protocol at each visit, and the share of samples that were not taken.
ANALYTES: Mapping[str, tuple[str, ...]] = {
    "SCR": (*ANTIBODIES, *INFECTION, *SAFETY_LAB),
    "BL": GLYCAEMIA,
    "M1": COUNT,
    "S2_30": COUNT,
    "M3": (*GLYCAEMIA, *COUNT, "alt", "creatinine"),
    "M6": (*GLYCAEMIA, *COUNT, "alt", "creatinine", *ANTIBODIES),
    "M9": ("hba1c",),
    "M12": (*GLYCAEMIA, *COUNT, "alt", "creatinine", *ANTIBODIES),
    "M18": GLYCAEMIA,
}
NOT_TAKEN_SHARE = 0.012
WEIGHED = ("SCR", "BL", "S1", "M1", "S2", "S2_30", "M3", "M6", "M9", "M12", "M18")
ASKED_SYMPTOMS = ("SCR", "BL", "M1", "S2_30", "M3", "M6", "M12")
INSULIN_AT = ("BL", "D1", "D7", "M1", "S2_30", "M3", "M6", "M9", "M12", "M18")
LIFESTYLE_AT = ("BL", "M6", "M12")
CHART_AT = ("BL", "D1", "D7", "M1", "S2_30", "M3", "M6", "M9", "M12")
READINGS_AT = ("BL", "M3", "M12")
SAFETY_AT = ("S1", "D1", "D7", "M1", "S2", "S2_30", "M3", "M6", "M9", "M12", "M18")


@dataclass(frozen=True)
class Drawn:
    """What was drawn for one participant before the forms are written."""

    person: Person
    rng: np.random.Generator
    days: Mapping[str, int]
    course: Course
    weights: Mapping[str, float]
    height: float
    antibodies: Mapping[str, tuple[bool, float]]

    def on(self, key: str) -> dt.date:
        return self.person.day0 + dt.timedelta(days=self.days[key])


def participant(rng: np.random.Generator, person: Person, *, until: dt.date) -> SyntheticParticipant:
    """Everything that is to be entered for one person; nothing lies after `until`."""
    days = {
        key: day for key, day in _days(rng, person).items() if person.day0 + dt.timedelta(days=day) <= until
    }
    height = trajectories.height_cm(rng, person.sex, person.age)
    drawn = Drawn(
        person=person,
        rng=rng,
        days=days,
        course=trajectories.course(
            rng,
            tuple(days.values()),
            baseline=person.hba1c,
            answer=trajectories.response(rng) if person.control is None else 0.0,
            insulin=float(np.clip(rng.normal(0.85, 0.17), 0.4, 1.4)),
            c_peptide=float(np.clip(np.exp(rng.normal(np.log(0.32), 0.55)), 0.05, 1.2)),
        ),
        weights=dict(
            zip(
                days,
                trajectories.weights_kg(rng, person.age, height, tuple(days.values())).tolist(),
                strict=True,
            )
        ),
        height=height,
        antibodies={
            "ica": (bool(rng.random() < 0.65), float(rng.choice((20, 40, 80, 160)))),
            "gad65": (bool(rng.random() < 0.75), round(float(np.exp(rng.normal(3.6, 0.8))), 1)),
            "ia2": (bool(rng.random() < 0.5), round(float(np.exp(rng.normal(3.2, 0.8))), 1)),
            "znt8": (bool(rng.random() < 0.4), round(float(np.exp(rng.normal(3.5, 0.7))), 1)),
        },
    )
    withdrawn = Blemish.WITHDRAWAL in person.blemishes
    events = tuple(_events(drawn))
    reported = {visit for visit, _session, _form in events}
    visits = []
    for key, day in days.items():
        if withdrawn and day > WITHDRAWN_ON_DAY:
            break
        visits.append(_visit(drawn, key, day, has_event=key in reported))
    enrolled_on = drawn.on("SCR")
    sessions = synthetic_cells.sessions(drawn) if person.control is None else ()
    return SyntheticParticipant(
        person=person,
        enrolled_on=enrolled_on,
        status="withdrawn" if withdrawn else "in_follow_up",
        consents=tuple(_consents(drawn, enrolled_on)),
        history=tuple(_history(drawn, enrolled_on)),
        visits=tuple(visits),
        sessions=sessions,
        events=events,
    )


def _days(rng: np.random.Generator, person: Person) -> dict[str, int]:
    """Visit → its actual day. Most lie near the target, some after the window; order is kept."""
    found: dict[str, int] = {}
    last = -1000
    for key, (target, before, after) in SCHEDULE.items():
        spread = min(before, after, 10)
        day = target + (int(np.clip(round(rng.normal(0, spread / 2.5)), -spread, spread)) if spread else 0)
        late = after > 0 and key not in ("SCR", "BL", "S2") and rng.random() < LATE_SHARE
        if late:
            day = target + after + int(rng.integers(2, 12))
        if key == "S2" and Blemish.LATE_SESSION in person.blemishes:
            day = target + after + 6
        day = max(day, last + 1)
        found[key] = last = day
    return found


# ------------------------------------------------------------------------------------------ consent and history


def _consents(drawn: Drawn, enrolled_on: dt.date) -> Iterator[Mapping[str, Any]]:
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


def _history(drawn: Drawn, enrolled_on: dt.date) -> Iterator[Form]:
    person, rng = drawn.person, drawn.rng
    yield Form(
        "demographics",
        {
            "sex": person.sex,
            "age_at_enrolment": person.age,
            "age_basis": "birth_date",
            "country": "IN",
            "education": "primary" if person.age < 12 else "secondary" if person.age < 17 else "graduate",
            "language": str(rng.choice(("mr", "hi", "en"))),
        },
    )
    diagnosed = f"{enrolled_on.year - person.duration_years}-{int(rng.integers(1, 13)):02d}"
    ketoacidosis = bool(rng.random() < 0.35)
    values: dict[str, Any] = {
        "diagnosed_on": diagnosed,
        "diabetes_type": "type_1",
        "autoimmune": True,
        "symptoms_at_onset": ["polyuria", "polydipsia", *(["weight_loss"] if rng.random() < 0.6 else [])],
        "insulin_since": diagnosed,
        "dka_history": ketoacidosis,
        "comorbidities": ["thyroid"] if rng.random() < 0.12 else ["none"],
        "severity": str(rng.choice(("mild", "moderate", "severe"), p=(0.2, 0.6, 0.2))),
    }
    if ketoacidosis:
        values["dka_episodes"] = int(rng.integers(1, 3))
    if rng.random() < 0.8:
        values["family_history"] = bool(rng.random() < 0.2)
    else:
        values["absent"] = {"family_history": "unknown"}
    yield Form("medical-history", values)


# ----------------------------------------------------------------------------------------------------- one visit


def _visit(drawn: Drawn, key: str, day: int, *, has_event: bool) -> Visit:
    rng, person = drawn.rng, drawn.person
    may_miss = key in ("D7", "M1", "S2_30", "M3", "M6", "M9", "M18") or (
        key == "S2" and person.control is not None
    )
    if (
        may_miss
        and not has_event
        and not (person.blemishes and key in ("M3", "M6"))
        and rng.random() < MISSED_SHARE
    ):
        return Visit(key, day, None, missed_reason=str(rng.choice(MISSED_REASONS)))
    on = drawn.on(key)
    forms: list[Form] = []
    if key in WEIGHED and not (key == "S2" and person.control is not None):
        forms.append(_vital_signs(drawn, key))
    if key in ASKED_SYMPTOMS:
        forms.append(_symptoms(drawn, key))
    if key in INSULIN_AT:
        forms += _insulin(drawn, key)
    if key in LIFESTYLE_AT:
        forms.append(_lifestyle(drawn))
    for analyte in ANALYTES.get(key, ()):
        if key in ("BL", "M12") or rng.random() > NOT_TAKEN_SHARE:
            forms.append(_result(drawn, key, analyte))
    if key in SAFETY_AT:
        forms.append(Form("safety-review", {"any_event": has_event}))
    charts: tuple[Chart, ...] = (_chart(drawn, key),) if key in CHART_AT else ()
    return Visit(key, day, on, forms=tuple(forms), charts=charts)


def _vital_signs(drawn: Drawn, key: str) -> Form:
    rng, person = drawn.rng, drawn.person
    systolic = int(np.clip(rng.normal(112, 8), 92, 146))
    weight = drawn.weights[key]
    if Blemish.WEIGHT_TYPED_WRONG in person.blemishes and key == "M6":
        weight = round(weight * 1.45, 1)
    pulse = int(np.clip(rng.normal(79, 8), 58, 112))
    if Blemish.PULSE_IMPLAUSIBLE in person.blemishes and key == "M3":
        pulse = 208
    values: dict[str, Any] = {
        "weight": f"{weight:.1f}",
        "height": f"{drawn.height + max(0, 15 - person.age) * max(drawn.days[key], 0) / 365 * 1.2:.1f}",
        "systolic": systolic,
        "diastolic": min(int(np.clip(rng.normal(72, 6), 52, 92)), systolic - 15),
        "pulse": pulse,
        "temperature": f"{np.clip(rng.normal(36.7, 0.2), 36.0, 37.5):.1f}",
    }
    if key not in ("S1", "S2", "BL") and rng.random() < 0.03:
        return Form("vital-signs", _without(values, {"height": "not_done", "temperature": "not_done"}))
    if key in ("M9", "M3") and rng.random() < 0.04:
        return Form("vital-signs", _without(values, {"weight": "not_done"}))
    return Form("vital-signs", values)


def _without(values: Mapping[str, Any], reasons: Mapping[str, str]) -> dict[str, Any]:
    return {n: v for n, v in values.items() if n not in reasons} | {"absent": dict(reasons)}


def _symptoms(drawn: Drawn, key: str) -> Form:
    rng = drawn.rng
    high = drawn.course.hba1c[drawn.course.at(drawn.days[key])] > 9
    compared = (
        {"absent": {"general_health_compared": "not_applicable"}}
        if key == "SCR"
        else {"general_health_compared": str(rng.choice(("better", "same", "worse"), p=(0.3, 0.6, 0.1)))}
    )
    return Form(
        "symptoms",
        {
            "polyuria": bool(rng.random() < (0.5 if high else 0.12)),
            "polydipsia": bool(rng.random() < (0.45 if high else 0.1)),
            "fainting": bool(rng.random() < 0.01),
            "abdominal_pain": bool(rng.random() < 0.04),
            "general_health": str(rng.choice(("very_good", "good", "fair"), p=(0.2, 0.6, 0.2))),
            **compared,
        },
    )


def _insulin(drawn: Drawn, key: str) -> list[Form]:
    """Glargine once a day and aspart three times: 45 % basal, in whole units."""
    daily = float(drawn.course.insulin_per_kg[drawn.course.at(drawn.days[key])]) * drawn.weights[key]
    if daily < 1:
        stopped = {"taken": False, "dose": "0"}
        return [
            Form(
                "insulin", {"role": "basal", "product": "glargine", "brand_as_written": "Lantus", **stopped}
            ),
            Form(
                "insulin", {"role": "bolus", "product": "aspart", "brand_as_written": "NovoRapid", **stopped}
            ),
        ]
    basal, bolus = max(1, round(daily * 0.45)), max(1, round(daily * 0.55 / 3))
    if Blemish.DOSE_TYPED_WRONG in drawn.person.blemishes and key == "M3":
        basal *= 10
    return [
        Form(
            "insulin",
            {
                "role": "basal",
                "product": "glargine",
                "brand_as_written": "Lantus",
                "taken": True,
                "dose": str(min(basal, 200)),
                "frequency_per_day": 1,
            },
        ),
        Form(
            "insulin",
            {
                "role": "bolus",
                "product": "aspart",
                "brand_as_written": "NovoRapid",
                "taken": True,
                "dose": str(bolus),
                "frequency_per_day": 3,
            },
        ),
    ]


def _lifestyle(drawn: Drawn) -> Form:
    rng = drawn.rng
    return Form(
        "lifestyle",
        {
            "diet": ["carbohydrate_counted"] if rng.random() < 0.5 else ["low_sugar", "high_fibre"],
            "exercise_intensity": str(rng.choice(("light", "moderate", "vigorous"), p=(0.4, 0.5, 0.1))),
            "exercise_minutes_per_week": int(rng.integers(4, 26)) * 10,
            "adherence": str(rng.choice(("full", "partly", "not"), p=(0.45, 0.45, 0.1))),
        },
    )


# ---------------------------------------------------------------------------------------------------- laboratory


def _result(drawn: Drawn, key: str, analyte: str) -> Form:
    rng, person = drawn.rng, drawn.person
    values: dict[str, Any] = {
        "analyte": analyte,
        "context": "baseline" if key in ("SCR", "BL") else "safety" if analyte in SAFETY_LAB else "follow_up",
        "collected_on": drawn.on(key).isoformat(),
        "laboratory": f"Central laboratory, {person.site}",
    }
    if analyte in ("hba1c", "c_peptide", "glucose_fasting"):
        values |= _measured(drawn, key, analyte)
        if analyte == "c_peptide" and key != "BL" and rng.random() < 0.03:
            return Form(
                "lab-result",
                _without(values, {"reported": "not_done", "unit": "not_applicable"})
                | {"note": "Sample haemolysed; not repeated."},
            )
        return Form("lab-result", values)
    absent: dict[str, str] = {"fasting": "not_applicable"}
    if analyte in drawn.antibodies:
        positive, level = drawn.antibodies[analyte]
        values["qualitative"] = "positive" if positive else "negative"
        if analyte == "ica":
            values |= {"reported": f"{level:.0f}" if positive else "<10", "unit": "{titer}"}
        else:
            values |= {"reported": f"{level:.1f}" if positive else "<5.0", "unit": "[IU]/mL"}
    elif analyte in INFECTION:
        values["qualitative"] = "negative"
        absent |= {"reported": "not_applicable", "unit": "not_applicable"}
        return Form("lab-result", values | {"absent": absent})
    else:
        mean, sd, decimals, unit = SAFETY_LAB[analyte]
        mean += 1.2 if analyte == "haemoglobin" and person.sex == "male" and person.age > 14 else 0.0
        number = float(np.clip(rng.normal(mean, sd), mean - 2.4 * sd, mean + 2.4 * sd))
        values |= {"reported": f"{number:.{decimals}f}", "unit": unit}
    return Form("lab-result", values | {"unit_basis": "stated", "absent": absent})


def _measured(drawn: Drawn, key: str, analyte: str) -> dict[str, Any]:
    person, place = drawn.person, drawn.course.at(drawn.days[key])
    if analyte == "hba1c":
        percent = drawn.course.hba1c[place]
        # One set of PUN reports in the IFCC's unit, so that conversion is at work.
        if person.site == "PUN" and person.number % 10 == 8:
            return {
                "reported": f"{10.93 * percent - 23.5:.0f}",
                "unit": "mmol/mol",
                "unit_basis": "stated",
                "absent": {"fasting": "not_applicable"},
            }
        return {
            "reported": f"{percent:.1f}",
            "unit": "%",
            "unit_basis": "stated",
            "absent": {"fasting": "not_applicable"},
        }
    if analyte == "glucose_fasting":
        wrong = Blemish.GLUCOSE_IMPLAUSIBLE in person.blemishes and key == "M6"
        return {
            "reported": "22" if wrong else f"{drawn.course.fasting_glucose[place]:.0f}",
            "unit": "mg/dL",
            "unit_basis": "stated",
            "fasting": "fasting",
        }
    level = drawn.course.c_peptide[place]
    if person.site == "PUN":
        molar, limit = level * 0.331, 0.03
        reported = f"{molar:.3f}" if molar >= limit else f"<{limit}"
        return {
            "reported": reported,
            "unit": "nmol/L",
            "unit_basis": "stated",
            "fasting": "fasting",
            "lloq": str(limit),
        }
    reported = f"{level:.2f}" if level >= 0.1 else "<0.10"
    return {
        "reported": reported,
        "unit": "ng/mL",
        "unit_basis": "stated",
        "fasting": "fasting",
        "lloq": "0.1",
    }


def _chart(drawn: Drawn, key: str) -> Chart:
    on, rng = drawn.on(key), drawn.rng
    slots = ["fasting", "post_breakfast", "post_lunch", "post_dinner", "bedtime"]
    first = on - dt.timedelta(days=7)
    values: dict[str, Any] = {
        "period_start": first.isoformat(),
        "period_end": (on - dt.timedelta(days=1)).isoformat(),
        "slots": slots,
        "source_label": "Chart kept by the participant",
    }
    if drawn.person.number not in CHART_KEEPERS or key not in READINGS_AT:
        return Chart(
            Form("glucose-chart", values | {"transcribed": False, "note": "On paper in the site's file."})
        )
    mean = float(28.7 * drawn.course.hba1c[drawn.course.at(drawn.days[key])] - 46.7)
    above = {"fasting": -25, "post_breakfast": 25, "post_lunch": 15, "post_dinner": 20, "bedtime": 0}
    readings = tuple(
        {
            "measured_on": (first + dt.timedelta(days=day)).isoformat(),
            "slot": slot,
            "value": f"{np.clip(rng.normal(mean + above[slot], 0.24 * mean), 46, 480):.0f}",
        }
        for day in range(7)
        for slot in slots
        if rng.random() > 0.06
    )
    return Chart(Form("glucose-chart", values | {"transcribed": True}), readings)


# -------------------------------------------------------------------------------------------------------- safety


def _events(drawn: Drawn) -> Iterator[tuple[str, int | None, Form]]:
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
