"""Forms that came with protocol 1.4: quality of life, complications, the meal test, pregnancy tests, other medicines. Pure.

Each draws from a stream of its own, named by the person and the form, so that what was drawn before they came stays as
it was. What is said of a change of insulin is no draw at all: it follows from the doses of the visits that took place.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from demo.synthetic import SEED, Drawn, Form, Person, Visit

QUALITY_AT = ("BL", "M6", "M12")
MEAL_AT = ("BL", "M6", "M12")
COMPLICATIONS_AT = ("BL", "M12")
PREGNANCY_AT = ("S1", "S2")
# Where the test may have been left out, with its reason.
MEAL_NOT_DONE_SHARE = 0.05
MEAL_MINUTES = (-10, 0, 15, 30, 60, 90, 120)
# From this age on a test is asked for; below, it is recorded why not.
MENARCHE = 13

TROUBLE = ("not", "slightly", "moderately", "much", "very_much")
METHODS = {
    "retinopathy": "fundus_photo",
    "nephropathy": "albuminuria",
    "neuropathy": "monofilament",
    "foot": "examination",
    "cardiovascular": "ecg",
    "skin": "examination",
    "thyroid": "blood",
    "coeliac": "blood",
}
MEDICINES: Sequence[dict[str, Any]] = (
    {"medicine": "Cholecalciferol", "atc": "A11CC05", "indication": "Low vitamin D", "dose": "60000",
     "dose_unit": "[IU]", "frequency": "weekly", "route": "oral"},
    {"medicine": "Ferrous fumarate", "atc": "B03AA02", "indication": "Iron deficiency", "dose": "200",
     "dose_unit": "mg", "frequency": "daily", "route": "oral"},
    {"medicine": "Paracetamol", "atc": "N02BE01", "indication": "Headache", "dose": "500",
     "dose_unit": "mg", "frequency": "as_needed", "route": "oral"},
    {"medicine": "Levothyroxine", "atc": "H03AA01", "indication": "Hypothyroidism", "dose": "50",
     "dose_unit": "ug", "frequency": "daily", "route": "oral"},
)  # fmt: skip


def _stream(person: Person, what: str) -> np.random.Generator:
    return np.random.default_rng([SEED, person.number, person.control or 0, zlib.crc32(what.encode())])


def at_visit(drawn: Drawn, key: str) -> Iterator[Form]:
    """The forms of protocol 1.4 at one visit."""
    person = drawn.person
    if key in QUALITY_AT:
        yield _quality(_stream(person, f"quality {key}"), person, key)
    if key in MEAL_AT:
        yield _meal(_stream(person, f"meal {key}"), person, key)
    if key in COMPLICATIONS_AT:
        yield _complications(_stream(person, f"complications {key}"), person)
    if key in PREGNANCY_AT and person.control is None and person.sex == "female":
        yield _pregnancy(person)


def medicines(drawn: Drawn, enrolled_on: dt.date) -> Iterator[Form]:
    """What a participant takes besides insulin: most take nothing."""
    rng = _stream(drawn.person, "medicines")
    for medicine in MEDICINES:
        if rng.random() >= 0.12:
            continue
        began = enrolled_on - dt.timedelta(days=int(rng.integers(20, 400)))
        ended = began + dt.timedelta(days=int(rng.integers(5, 15)))
        ongoing = bool(rng.random() < 0.6)
        course = {"ongoing": True} if ongoing else {"ongoing": False, "stopped_on": ended.isoformat()}
        yield Form("concomitant-medication", {**medicine, "started_on": f"{began:%Y-%m}", **_month(course)})


def _month(course: dict[str, Any]) -> dict[str, Any]:
    return {name: value[:7] if isinstance(value, str) else value for name, value in course.items()}


def _quality(rng: np.random.Generator, person: Person, key: str) -> Form:
    # After the first months life is a little easier in both groups: attention does that.
    level = float(np.clip(rng.normal(1.4 if key == "BL" else 1.0, 0.6), 0, 4))

    def answer() -> int:
        return int(np.clip(round(rng.normal(level, 0.6)), 0, 4))

    items = {name: TROUBLE[answer()] for name in ("tired", "sleep", "mood", "diabetes_worry", "daily_life")}
    overall = int(np.clip(round(rng.normal(100 - level * 22, 8)), 20, 100))
    return Form(
        "quality-of-life",
        {
            "answered_by": "participant" if person.age >= 12 else "with_help",
            "overall": overall,
            **items,
        },
    )


def _meal(rng: np.random.Generator, person: Person, key: str) -> Form:
    if key != "BL" and rng.random() < MEAL_NOT_DONE_SHARE:
        return Form(
            "mixed-meal-test", {"done": False, "not_done_reason": "Fasting glucose too high on the day"}
        )
    start = 8 * 60 + int(rng.integers(0, 9)) * 5
    series = f"{person.number:02d}{person.control or 0}{key}"
    samples = []
    for minute in MEAL_MINUTES:
        at = start + minute + (int(rng.integers(0, 3)) if minute > 0 else 0)
        samples.append(
            {
                "planned": minute,
                "sampled": True,
                "at": f"{at // 60:02d}:{at % 60:02d}",
                "glucose_tube": f"G{series}{minute:+d}",
                "c_peptide_tube": f"C{series}{minute:+d}",
            }
        )
    if rng.random() < 0.06:
        samples[-1] = {"planned": MEAL_MINUTES[-1], "sampled": False}
    return Form(
        "mixed-meal-test",
        {
            "done": True,
            "fasting_hours": f"{9 + int(rng.integers(0, 8)) / 2:.1f}",
            "insulin_withheld": True,
            "meal": "Liquid meal, 6 mL per kg",
            "meal_amount": int(rng.integers(24, 37)) * 10,
            "meal_started_at": f"{start // 60:02d}:{start % 60:02d}",
            "meal_minutes": int(rng.integers(4, 9)),
            "meal_finished": True,
            "vomited": False,
            "samples": samples,
        },
    )


def _complications(rng: np.random.Generator, person: Person) -> Form:
    known = set()
    if person.duration_years >= 10 and rng.random() < 0.4:
        known.add("retinopathy")
    hypertrophy = bool(rng.random() < 0.2)
    if hypertrophy:
        known.add("skin")
    values: dict[str, Any] = {
        "screens": [
            {"domain": domain, "result": "known" if domain in known else "none", "method": method}
            for domain, method in METHODS.items()
        ],
        "monofilament_points": 20,
        "lipohypertrophy": hypertrophy,
    }
    if hypertrophy:
        values["lipohypertrophy_where"] = "Abdomen"
    return Form("complications", values)


def _pregnancy(person: Person) -> Form:
    if person.age < MENARCHE:
        return Form("pregnancy-test", {"needed": False, "not_needed_because": "before_menarche"})
    return Form("pregnancy-test", {"needed": True, "specimen": "urine", "result": "negative"})


def with_changes(person: Person, visits: Sequence[Visit]) -> list[Visit]:
    """Each insulin with what changed against the visit before, and why."""
    before: dict[tuple[str, str], Decimal] | None = None
    found = []
    for visit in visits:
        doses = {_insulin(form): _daily(form) for form in visit.forms if form.key == "insulin"}
        if doses:
            forms = tuple(_explained(person, form, before) for form in visit.forms)
            visit, before = replace(visit, forms=forms), doses
        found.append(visit)
    return found


def _explained(person: Person, form: Form, before: dict[tuple[str, str], Decimal] | None) -> Form:
    if form.key != "insulin" or before is None:
        return form
    old, now = before.get(_insulin(form), Decimal(0)), _daily(form)
    if now == old:
        return replace(form, values={**form.values, "change": "unchanged"})
    change = "started" if old == 0 else "stopped" if now == 0 else "increased" if now > old else "decreased"
    if change in ("started", "increased"):
        reason = "growth" if person.age < 16 and old and now < old * Decimal("1.1") else "glucose_high"
    else:
        reason = "need_fell" if person.control is None or change == "stopped" else "glucose_low"
    return replace(form, values={**form.values, "change": change, "change_reason": reason})


def _insulin(form: Form) -> tuple[str, str]:
    return form.values["role"], form.values["product"]


def _daily(form: Form) -> Decimal:
    return Decimal(form.values["dose"]) * int(form.values.get("frequency_per_day", 1))
