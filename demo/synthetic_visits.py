"""A synthetic participant put together, and the visits: vital signs, symptoms, insulin, diet and exercise. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np

from demo import (
    synthetic_cells,
    synthetic_consents,
    synthetic_forms,
    synthetic_history,
    synthetic_labs,
    synthetic_persons,
    trajectories,
)
from demo.synthetic import (
    LATE_SHARE,
    MISSED_REASONS,
    MISSED_SHARE,
    SCHEDULE,
    Blemish,
    Chart,
    Drawn,
    Form,
    Person,
    SyntheticParticipant,
    Visit,
)

WEIGHED = ("SCR", "BL", "S1", "M1", "S2", "S2_30", "M3", "M6", "M9", "M12", "M18")
ASKED_SYMPTOMS = ("SCR", "BL", "M1", "S2_30", "M3", "M6", "M12")
INSULIN_AT = ("BL", "D1", "D7", "M1", "S2_30", "M3", "M6", "M9", "M12", "M18")
LIFESTYLE_AT = ("BL", "M6", "M12")
SAFETY_AT = ("S1", "D1", "D7", "M1", "S2", "S2_30", "M3", "M6", "M9", "M12", "M18")


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
    events = tuple(synthetic_persons.events(drawn))
    reported = {visit for visit, _session, _form in events}
    visits = []
    for key, day in days.items():
        if withdrawn and day > synthetic_history.WITHDRAWN_ON_DAY:
            break
        visits.append(_visit(drawn, key, day, has_event=key in reported))
    screening = drawn.on("SCR")
    # Nobody is enrolled before consent: who signed late was enrolled late, after the visit of screening.
    late = Blemish.LATE_CONSENT in person.blemishes
    sessions = synthetic_cells.sessions(drawn) if person.control is None else ()
    # Drawn in this order since the first cohort. What is read best is drawn after what is signed, so it is put in later.
    signed = tuple(synthetic_consents.consents(drawn, screening, until))
    history = (
        *synthetic_history.history(drawn, screening),
        *synthetic_forms.medicines(drawn, screening),
    )
    language = synthetic_consents.language_of(history)
    consents = tuple({**one, "document_language": language} if "form" in one else one for one in signed)
    first_signed = min(dt.date.fromisoformat(one["signed_on"]) for one in consents)
    attended, endings = synthetic_history.ended(drawn, tuple(visits), until)
    return SyntheticParticipant(
        person=person,
        screened_on=min(screening - dt.timedelta(days=2), first_signed - dt.timedelta(days=1)),
        enrolled_on=screening + dt.timedelta(days=10 if late else 0),
        consents=consents,
        later=tuple(synthetic_consents.again(drawn, consents, language, until)),
        history=history,
        visits=tuple(synthetic_forms.with_changes(person, attended)),
        sessions=sessions,
        events=events,
        endings=endings,
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
    for analyte in synthetic_labs.ANALYTES.get(key, ()):
        if key in ("BL", "M12") or rng.random() > synthetic_labs.NOT_TAKEN_SHARE:
            forms.append(synthetic_labs.result(drawn, key, analyte))
    forms += synthetic_forms.at_visit(drawn, key)
    if key in SAFETY_AT:
        forms.append(Form("safety-review", {"any_event": has_event}))
    charts: tuple[Chart, ...] = (synthetic_labs.chart(drawn, key),) if key in synthetic_labs.CHART_AT else ()
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
