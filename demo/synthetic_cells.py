"""The cell sessions of a synthetic case: harvest, product, release, infusion, observations. Pure."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from demo.synthetic import Blemish, Drawn, Form, Product, Session

OFFSET = "+05:30"
# Stands for the participant's code, which only the portal gives.
CODE = "@code"
TIMEPOINTS = {
    "minus_15_min": -15,
    "start": 0,
    "plus_15_min": 15,
    "plus_30_min": 30,
    "plus_60_min": 60,
    "plus_2_h": 120,
    "plus_4_h": 240,
    "plus_24_h": 1440,
}
# The fuller series is taken at the second infusion of the day, the bone marrow's.
FIRST_INFUSION = ("minus_15_min", "plus_15_min", "plus_60_min", "plus_24_h")
LETTER = {"bm_mnc": "B", "svf": "F"}


def sessions(drawn: Drawn) -> tuple[Session, ...]:
    """Session 1 on Day 0 and session 2 on the day of its visit."""
    return tuple(
        _session(drawn, number, drawn.on(key)) for number, key in ((1, "S1"), (2, "S2")) if key in drawn.days
    )


def _session(drawn: Drawn, number: int, day: dt.date) -> Session:
    sampled = (day - dt.timedelta(days=int(drawn.rng.integers(4, 15)))).isoformat()
    tests: dict[str, Any] = {}
    for marker in ("hiv", "hbv", "hcv", "syphilis"):
        tests |= {marker: "negative", f"{marker}_sampled_on": sampled}
    return Session(
        number=number,
        form=Form(
            "cell-session", {"number": number, "planned_on": day.isoformat(), "performed_on": day.isoformat()}
        ),
        donor_tests=Form("donor-tests", tests),
        products=tuple(_product(drawn, number, day, component) for component in ("bm_mnc", "svf")),
    )


def _at(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute))


def _said(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="seconds") + OFFSET


def _product(drawn: Drawn, number: int, day: dt.date, component: str) -> Product:
    rng, person = drawn.rng, drawn.person
    marrow = component == "bm_mnc"
    identifier = f"SYN-{person.site}-{person.number:02d}-{number}{LETTER[component]}"
    start = _at(day, 9, int(rng.integers(0, 15)) if marrow else 45 + int(rng.integers(0, 10)))
    ended = start + dt.timedelta(minutes=int(rng.integers(25, 45)))
    # Adipose yields stay below the 2 ×10⁶/mL that the protocol holds plausible, so more tissue is taken.
    volume = round(float(rng.normal(120, 15)) if marrow else float(np.clip(rng.normal(390, 25), 350, 450)), 0)
    per_ml = (
        float(np.clip(rng.normal(14, 3), 8, 24))
        if marrow
        else float(np.clip(rng.normal(1.55, 0.12), 1.35, 1.9))
    )
    tnc = round(volume * per_ml, 1)
    viability = round(float(np.clip(rng.normal(91 if marrow else 86, 3), 78, 98)), 1)
    dose = round(tnc * float(rng.uniform(0.95, 0.99)), 1)
    if Blemish.DOSE_OUT_OF_RANGE in person.blemishes and number == 2 and not marrow:
        dose = 366.0
    final = round(float(rng.uniform(45, 60)) if marrow else float(rng.uniform(12, 20)), 1)
    infused_at = _at(day, 14, 45) if marrow else _at(day, 13, 50)
    stopped_at = infused_at + dt.timedelta(minutes=int(rng.integers(30, 50)))
    return Product(
        component=component,
        harvest=_harvest(drawn, number, component, start, ended, volume),
        identifier=identifier,
        before=_laboratory(drawn, component, identifier, ended, final, tnc, viability),
        release=Form(
            "release",
            {
                "decision": "conditional",
                "released_at": _said(_at(day, 13, 30)),
                "conditions": "Day-14 cultures awaited; the microbiologist telephones the investigator of any growth.",
            },
        ),
        issue=(
            _identity("issue", identifier, infused_at - dt.timedelta(minutes=15)),
            _identity("bedside", identifier, infused_at - dt.timedelta(minutes=5)),
        ),
        infusion=Form(
            "infusion",
            {
                "route": "intravenous",
                "line": "peripheral",
                "filter_used": True,
                "filter_microns": "200" if marrow else "100",
                "premedication": "Paracetamol 15 mg/kg",
                "started_at": _said(infused_at),
                "stopped_at": _said(stopped_at),
                "interruptions": 0,
                "volume_ml": f"{final - 1:.1f}",
                "residual_discarded_ml": "1.0",
                "total_dose": f"{dose:.1f}",
            },
        ),
        observations=tuple(_observations(drawn, number, component, infused_at)),
        cultures={
            "aerobic": "no_growth",
            "anaerobic": "no_growth",
            "fungal": "no_growth",
            "read_on": (day + dt.timedelta(days=14)).isoformat(),
            "absent": {"read_on": None},
        },
    )


def _harvest(
    drawn: Drawn, number: int, component: str, start: dt.datetime, ended: dt.datetime, volume: float
) -> Form:
    marrow = component == "bm_mnc"
    haematoma = marrow and number == 1 and Blemish.HAEMATOMA in drawn.person.blemishes
    values: dict[str, Any] = {
        "tissue": "bone_marrow" if marrow else "adipose",
        "anatomical_site": "posterior_iliac_crest" if marrow else "abdomen",
        "laterality": "bilateral" if marrow else str(drawn.rng.choice(("left", "right"))),
        "volume_ml": f"{volume:.0f}",
        "anaesthesia": "local" if drawn.person.age >= 14 else "sedation",
        "anticoagulant": "acd_a" if marrow else "none",
        "operator": f"Surgeon, {drawn.person.site}",
        "started_at": _said(start),
        "ended_at": _said(ended),
        "complications": ["haematoma"] if haematoma else ["none"],
    }
    return Form("harvest", values)


def _identity(step: str, identifier: str, at: dt.datetime) -> Form:
    return Form(
        "identity-check",
        {
            "step": step,
            "checked_at": _said(at),
            "first_person": "Nurse 1",
            "second_person": "Technologist 2" if step in ("receipt", "issue") else "Nurse 4",
            "identifier_read": identifier,
            "participant_code_read": CODE,
        },
    )


def _laboratory(
    drawn: Drawn,
    component: str,
    identifier: str,
    ended: dt.datetime,
    final: float,
    tnc: float,
    viability: float,
) -> tuple[Form, ...]:
    """From the collection to what the release is judged by; cultures are pending."""
    rng, marrow = drawn.rng, component == "bm_mnc"
    received = ended + dt.timedelta(minutes=20)
    started = received + dt.timedelta(minutes=10)
    finished = started + dt.timedelta(minutes=int(rng.integers(95, 125)))
    measured = finished + dt.timedelta(minutes=15)
    expiry = (ended + dt.timedelta(days=int(rng.integers(120, 500)))).date().isoformat()
    temperature = float(rng.uniform(18, 21))
    process: dict[str, Any] = {
        "sop": "SOP-CELL-04" if marrow else "SOP-CELL-07",
        "sop_version": "3",
        "method": "density_gradient" if marrow else "enzymatic",
        "operators": "Technologist 2, technologist 5",
        "started_at": _said(started),
        "ended_at": _said(finished),
        "final_volume_ml": f"{final:.1f}",
        "storage": "room_temperature",
    }
    if not marrow:
        process |= {
            "enzyme": "Collagenase, clinical grade",
            "enzyme_lot": f"COL-{int(rng.integers(100, 999))}",
            "enzyme_minutes": int(rng.integers(40, 60)),
            "enzyme_temperature": "37.0",
        }
    phenotype: dict[str, Any]
    if marrow:
        percent = float(np.clip(rng.normal(1.4, 0.4), 0.5, 3.0))
        phenotype = {
            "cd34_percent": f"{percent:.2f}",
            "cd34_count": f"{tnc * percent / 100:.2f}",
            "cd45_percent": f"{np.clip(rng.normal(96, 1.5), 90, 99):.1f}",
        }
    else:
        phenotype = {
            "stromal_percent": f"{np.clip(rng.normal(24, 6), 10, 42):.1f}",
            "cd90_percent": f"{np.clip(rng.normal(62, 8), 35, 85):.1f}",
            "cd73_percent": f"{np.clip(rng.normal(55, 8), 30, 80):.1f}",
            "cd105_percent": f"{np.clip(rng.normal(38, 8), 15, 65):.1f}",
        }
    return (
        _identity("collection", identifier, ended + dt.timedelta(minutes=2)),
        Form(
            "transport",
            {
                "container": "Sterile bag in a validated box",
                "temperature_min": f"{temperature:.1f}",
                "temperature_max": f"{temperature + float(rng.uniform(0.5, 3)):.1f}",
                "received_at": _said(received),
                "received_by": "Technologist 2",
            },
        ),
        _identity("receipt", identifier, received + dt.timedelta(minutes=3)),
        Form("processing", process),
        Form(
            "reagent-lot",
            {
                "reagent": "Density gradient medium" if marrow else "Ringer's lactate",
                "lot": f"L{int(rng.integers(10000, 99999))}",
                "expires_on": expiry,
            },
        ),
        Form(
            "viability",
            {
                "viability_percent": f"{viability:.1f}",
                "method": "seven_aad" if marrow else "fluorescent_counter",
                "measured_at": _said(measured),
            },
        ),
        Form(
            "cell-counts",
            {
                "tnc": f"{tnc:.1f}",
                "mnc": f"{tnc * (0.93 if marrow else 0.88):.1f}",
                "viable": f"{tnc * viability / 100:.1f}",
            },
        ),
        Form("phenotype", {"panel": component, **phenotype, "cfu_f": int(rng.integers(20, 400))}),
        Form(
            "microbiology",
            {
                "sampled_on": ended.date().isoformat(),
                "gram_stain": "negative",
                "aerobic": "pending",
                "anaerobic": "pending",
                "fungal": "pending",
                "endotoxin": "<0.5" if rng.random() < 0.8 else f"{rng.uniform(0.5, 1.5):.2f}",
                "absent": {"read_on": "pending"},
            },
        ),
    )


def _observations(drawn: Drawn, number: int, component: str, infused_at: dt.datetime) -> list[Form]:
    rng = drawn.rng
    reacted = Blemish.INFUSION_REACTION in drawn.person.blemishes and number == 2 and component == "bm_mnc"
    found = []
    for timepoint, minutes in TIMEPOINTS.items():
        if component == "svf" and timepoint not in FIRST_INFUSION:
            continue
        fever = reacted and timepoint in ("plus_60_min", "plus_2_h")
        systolic = int(np.clip(rng.normal(112, 8), 92, 140))
        found.append(
            Form(
                "observations",
                {
                    "timepoint": timepoint,
                    "observed_at": _said(infused_at + dt.timedelta(minutes=minutes)),
                    "temperature": f"{38.2 if fever else np.clip(rng.normal(36.8, 0.2), 36.2, 37.4):.1f}",
                    "pulse": int(np.clip(rng.normal(82, 8), 60, 110)),
                    "systolic": systolic,
                    "diastolic": min(int(np.clip(rng.normal(72, 6), 55, 88)), systolic - 15),
                    "respiratory_rate": int(np.clip(rng.normal(17, 2), 12, 22)),
                    "oxygen_saturation": int(np.clip(rng.normal(98, 1), 95, 100)),
                    "reactions": ["fever", "chills"] if fever else ["none"],
                },
            )
        )
    return found
