"""Laboratory results and glucose charts of a synthetic participant. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np

from demo.synthetic import CHART_KEEPERS, Blemish, Chart, Drawn, Form

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
CHART_AT = ("BL", "D1", "D7", "M1", "S2_30", "M3", "M6", "M9", "M12")
READINGS_AT = ("BL", "M3", "M12")


def result(drawn: Drawn, key: str, analyte: str) -> Form:
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
                {
                    **{n: v for n, v in values.items() if n not in ("reported", "unit")},
                    "note": "Sample haemolysed; not repeated.",
                    "absent": {"reported": "not_done", "unit": "not_applicable"},
                },
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


def chart(drawn: Drawn, key: str) -> Chart:
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
