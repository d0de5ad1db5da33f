"""The cell sessions of a synthetic case: harvest, product, release, infusion, observations. Pure."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from demo import synthetic_safety
from demo.synthetic import Blemish, Container, Drawn, Form, Product, Reading, Session

OFFSET = "+05:30"
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
# At the first infusion of the day, of the adipose tissue, the others are as the one before.
DRAWN_AT_FIRST = ("minus_15_min", "plus_15_min", "plus_60_min", "plus_24_h")
# mL that are taken for cultures, and that stay in the line.
SAMPLE_ML, RESIDUAL_ML = 1.0, 1.0


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
        products=tuple(
            synthetic_safety.altered(drawn.person, number, _product(drawn, number, day, component), day)
            for component in ("bm_mnc", "svf")
        ),
    )


def _at(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute))


def _said(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="seconds") + OFFSET


def _product(drawn: Drawn, number: int, day: dt.date, component: str) -> Product:
    rng, person = drawn.rng, drawn.person
    marrow = component == "bm_mnc"
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
    planned = dose = round(tnc * float(rng.uniform(0.95, 0.99)), 1)
    if Blemish.DOSE_OUT_OF_RANGE in person.blemishes and number == 2 and not marrow:
        dose = 366.0
    final = round(float(rng.uniform(45, 60)) if marrow else float(rng.uniform(12, 20)), 1)
    infused_at = _at(day, 14, 45) if marrow else _at(day, 13, 50)
    stopped_at = infused_at + dt.timedelta(minutes=int(rng.integers(30, 50)))
    reacted = Blemish.INFUSION_REACTION in person.blemishes and number == 2 and marrow
    given = round(final - SAMPLE_ML - RESIDUAL_ML, 1)
    happenings, stopped_at = _happenings(infused_at, stopped_at, given, reacted=reacted)
    return Product(
        component=component,
        plan=_plan(drawn, component, day, planned),
        harvest=_harvest(drawn, number, component, start, ended, volume),
        before=_laboratory(drawn, component, ended, final, tnc, viability),
        release={
            "decision": "conditional",
            "released_at": _said(_at(day, 13, 30)),
            "conditions": "Day-14 cultures awaited; the microbiologist telephones the investigator of any growth.",
        },
        issue=(
            Reading("issue", _said(infused_at - dt.timedelta(minutes=15))),
            _hand_over(
                "to_ward",
                infused_at - dt.timedelta(minutes=13),
                infused_at - dt.timedelta(minutes=8),
                20.0,
                1.0,
            ),
            Reading("bedside", _said(infused_at - dt.timedelta(minutes=5))),
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
                "interruptions": 1 if reacted else 0,
                "volume_ml": f"{given:.1f}",
                "residual_discarded_ml": f"{RESIDUAL_ML:.1f}",
                "total_dose": f"{dose:.1f}",
            },
        ),
        happenings=happenings,
        observations=tuple(_observations(drawn, number, component, infused_at)),
        cultures={
            "aerobic": "no_growth",
            "anaerobic": "no_growth",
            "fungal": "no_growth",
            "read_on": (day + dt.timedelta(days=14)).isoformat(),
            "absent": {"read_on": None},
        },
    )


def _plan(drawn: Drawn, component: str, day: dt.date, expected: float) -> Form:
    """The range that is planned around what the harvest is expected to give, within that of the protocol."""
    least, most = (500, 5000) if component == "bm_mnc" else (400, 1600)
    a1c = drawn.person.hba1c
    severity = "severe" if a1c >= 10 else "moderate" if a1c >= 8.5 else "mild"
    return Form(
        "dose-plan",
        {
            "component": component,
            "planned_on": day.isoformat(),
            "planned_by": "Investigator",
            "severity": severity,
            "severity_basis": f"HbA1c {a1c:.1f} % and the insulin dose at baseline",
            "age_years": drawn.person.age,
            "comorbidities": ["none"],
            "planned_low": str(max(least, int(expected * 0.6) // 10 * 10)),
            "planned_high": str(min(most, int(expected * 1.5) // 10 * 10)),
            "rationale": "As many cells as the harvest gives within the range of the protocol; no comorbid condition"
            " asks for fewer.",
        },
    )


def _happenings(
    start: dt.datetime, stop: dt.datetime, volume: float, *, reacted: bool
) -> tuple[tuple[Form, ...], dt.datetime]:
    """From the premedication to the flush, and when the infusion ends. A reaction stops it for 20 minutes."""

    def one(kind: str, at: dt.datetime, **more: Any) -> Form:
        return Form("infusion-event", {"kind": kind, "at": _said(at), **more})

    minutes = (stop - start).total_seconds() / 60
    rate = f"{volume * 60 / minutes:.1f}"
    before = start - dt.timedelta(minutes=30)
    found = [
        one("premedication", before, drug="Paracetamol", dose="15 mg/kg by mouth"),
        one("rate", start, rate_ml_h=rate),
    ]
    if reacted:
        halt = start + dt.timedelta(minutes=18)
        again = halt + dt.timedelta(minutes=20)
        stop += dt.timedelta(minutes=20)
        found += [
            one(
                "reaction", halt, reactions=["chills"], reason="Shivering; temperature 38.2 °C an hour later"
            ),
            one("interruption", halt + dt.timedelta(minutes=1), reason="Chills"),
            one("treatment", halt + dt.timedelta(minutes=4), drug="Pheniramine", dose="25 mg intravenously"),
            one("resumption", again + dt.timedelta(minutes=1), rate_ml_h=rate),
        ]
    found.append(one("flush", stop))
    return tuple(found), stop


def _hand_over(leg: str, given: dt.datetime, received: dt.datetime, low: float, span: float) -> Form:
    """The way to the laboratory, and the way to the ward."""
    away = leg == "to_laboratory"
    return Form(
        "hand-over",
        {
            "leg": leg,
            "container": "Sterile bag in a validated box with a logger",
            "from_place": "Operating theatre" if away else "Cell laboratory",
            "given_by": "Theatre nurse" if away else "Cell technologist",
            "given_at": _said(given),
            "to_place": "Cell laboratory" if away else "Ward",
            "received_by": "Cell technologist" if away else "Ward nurse",
            "received_at": _said(received),
            "temperature_min": f"{low:.1f}",
            "temperature_max": f"{low + span:.1f}",
            "condition": "intact",
        },
    )


def _container(component: str, filled: dt.datetime, final: float) -> Container:
    """One bag or syringe with all of it, out of which the sample for the cultures is taken."""
    return Container(
        Form(
            "container",
            {
                "number": 1,
                "kind": "bag" if component == "bm_mnc" else "syringe",
                "volume_ml": f"{final:.1f}",
                "lot": "BAG-2291" if component == "bm_mnc" else "SYR-1187",
                "filled_at": _said(filled),
            },
        ),
        (
            Form(
                "aliquot",
                {
                    "number": 1,
                    "purpose": "sterility",
                    "volume_ml": f"{SAMPLE_ML:.2f}",
                    "taken_at": _said(filled + dt.timedelta(minutes=5)),
                    "place": "Microbiology of the hospital",
                    "disposition": "sent",
                    "disposed_at": _said(filled + dt.timedelta(minutes=25)),
                },
            ),
        ),
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


def _laboratory(
    drawn: Drawn,
    component: str,
    ended: dt.datetime,
    final: float,
    tnc: float,
    viability: float,
) -> tuple[Form | Reading | Container, ...]:
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
            "enzyme_expires_on": expiry,
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
        Reading("collection", _said(ended + dt.timedelta(minutes=2))),
        _hand_over(
            "to_laboratory",
            ended + dt.timedelta(minutes=5),
            received,
            temperature,
            float(rng.uniform(0.5, 3)),
        ),
        Reading("receipt", _said(received + dt.timedelta(minutes=3))),
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
        _container(component, finished, final),
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
    found: list[Form] = []
    for timepoint, minutes in TIMEPOINTS.items():
        if component == "svf" and timepoint not in DRAWN_AT_FIRST:
            as_before = {
                "timepoint": timepoint,
                "observed_at": _said(infused_at + dt.timedelta(minutes=minutes)),
            }
            found.append(Form("observations", {**found[-1].values, **as_before}))
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
