"""A synthetic cohort as plain records: no database, no clock, the same for the same seed and day.

Nobody stands behind these records and no course is taken from a real participant. 24 cases and 48 controls at two
sites by default; each case has two controls of the same sex, site and index date, with age, duration of diabetes
and HbA1c within the calipers of the protocol. Blemishes are put in on purpose: see `Blemish`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from demo import trajectories
from demo.trajectories import Course

CASES = 24
CONTROLS_PER_CASE = 2
SEED = 2016
# Cases are taken in over this many days; the last of them has its month-12 visit before the day of the data.
# What the consents name; the approvals of the demo's sites are recorded under it.
ETHICS_NUMBERS: Mapping[str, str] = {"MUM": "EC/2023/017 (demo)", "PUN": "EC/P/2023/009 (demo)"}
INTAKE_DAYS = 240
FOLLOWED_DAYS = 400
# Of ten cases, the first five belong to MUM.
MUM_OF_TEN = 5

# Visit → day of the protocol and the window on either side (config/protocol/t1dm_cell_therapy.yaml).
SCHEDULE: Mapping[str, tuple[int, int, int]] = {
    "SCR": (-21, 21, 20),
    "BL": (-7, 7, 6),
    "S1": (0, 0, 0),
    "D1": (1, 0, 0),
    "D7": (7, 2, 2),
    "M1": (30, 5, 5),
    "S2": (45, 7, 7),
    "S2_30": (75, 7, 7),
    "M3": (90, 14, 14),
    "M6": (180, 14, 14),
    "M9": (270, 27, 27),
    "M12": (365, 30, 30),
    "M18": (545, 30, 30),
}
MISSED_SHARE = 0.035
LATE_SHARE = 0.05
MISSED_REASONS = (
    "Fever on the day; seen again at the next visit",
    "School examinations",
    "Travelling; could not be reached in the window",
    "No transport to the hospital",
    "Family event; declined another day",
)


class Blemish(StrEnum):
    """What is wrong on purpose with one participant, so that the portal has something to find."""

    WITHDRAWAL = "withdrawal"
    DOSE_OUT_OF_RANGE = "dose out of range"
    LATE_SESSION = "late session 2"
    NO_ASSENT = "minor without assent"
    LATE_CONSENT = "procedure before consent"
    NO_COPY = "signed copy not given"
    WEIGHT_TYPED_WRONG = "weight typed wrong"
    GLUCOSE_IMPLAUSIBLE = "implausible fasting glucose"
    PULSE_IMPLAUSIBLE = "implausible pulse"
    DOSE_TYPED_WRONG = "insulin dose typed wrong"
    KETOACIDOSIS = "ketoacidosis during follow-up"
    HAEMATOMA = "haematoma at the harvest site"
    INFUSION_REACTION = "infusion reaction"


# (case number, None) for a case, (case number, 1 or 2) for a control of it.
BLEMISHES: Mapping[tuple[int, int | None], frozenset[Blemish]] = {
    (1, None): frozenset({Blemish.HAEMATOMA}),
    (2, None): frozenset({Blemish.DOSE_OUT_OF_RANGE}),
    (2, 1): frozenset({Blemish.NO_ASSENT}),
    (2, 2): frozenset({Blemish.WEIGHT_TYPED_WRONG}),
    (4, None): frozenset({Blemish.LATE_SESSION}),
    (5, 1): frozenset({Blemish.LATE_CONSENT}),
    (6, None): frozenset({Blemish.GLUCOSE_IMPLAUSIBLE}),
    (7, None): frozenset({Blemish.WITHDRAWAL}),
    (8, 2): frozenset({Blemish.KETOACIDOSIS}),
    (9, None): frozenset({Blemish.INFUSION_REACTION}),
    (10, 1): frozenset({Blemish.NO_COPY}),
    (11, 2): frozenset({Blemish.PULSE_IMPLAUSIBLE}),
    (12, 1): frozenset({Blemish.DOSE_TYPED_WRONG}),
}
# Numbers of the cases whose set keeps glucose charts with readings.
CHART_KEEPERS = (1, 3, 8, 13)


@dataclass(frozen=True)
class Form:
    """One case report form: its key and what is typed into it."""

    key: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Chart:
    """A glucose chart with its readings (measured_on, slot, value in mg/dL)."""

    form: Form
    readings: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Visit:
    key: str
    day: int
    happened_on: dt.date | None
    missed_reason: str = ""
    forms: tuple[Form, ...] = ()
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True)
class Reading:
    """Two people read the label and the participant's code at one step, a minute apart; at: ISO 8601."""

    step: str
    at: str


@dataclass(frozen=True)
class Container:
    """What the product is filled into, and the parts that are taken out of it."""

    form: Form
    aliquots: tuple[Form, ...] = ()


@dataclass(frozen=True)
class Product:
    """A product from its plan and harvest to its infusion, in the order of entry. `before`: up to the release.

    release and infusion None: it is not decided, or never given. discard: instead of an infusion.
    """

    component: str
    plan: Form
    harvest: Form
    before: tuple[Form | Reading | Container, ...]
    release: Mapping[str, Any] | None
    issue: tuple[Form | Reading, ...] = ()
    infusion: Form | None = None
    happenings: tuple[Form, ...] = ()
    observations: tuple[Form, ...] = ()
    cultures: Mapping[str, Any] | None = None
    discard: Form | None = None


@dataclass(frozen=True)
class Session:
    number: int
    form: Form
    donor_tests: Form
    products: tuple[Product, ...]


@dataclass(frozen=True)
class Person:
    """What is drawn once: everything else follows from it."""

    number: int
    control: int | None
    site: str
    sex: str
    age: int
    duration_years: int
    day0: dt.date
    hba1c: float
    blemishes: frozenset[Blemish]

    @property
    def group(self) -> str:
        return "case" if self.control is None else "control"

    @property
    def label(self) -> str:
        return f"Synthetic case {self.number:02d}" + (
            "" if self.control is None else f", control {self.control}"
        )

    @property
    def case_label(self) -> str:
        return f"Synthetic case {self.number:02d}"


@dataclass(frozen=True)
class SyntheticParticipant:
    """A participant with everything that is to be entered, in the order in which it happened."""

    person: Person
    screened_on: dt.date
    enrolled_on: dt.date
    consents: tuple[Mapping[str, Any], ...]
    history: tuple[Form, ...]
    visits: tuple[Visit, ...]
    sessions: tuple[Session, ...] = ()
    later: tuple[Mapping[str, Any], ...] = ()  # what is signed after the visits, such as an amendment
    events: tuple[tuple[str, int | None, Form], ...] = field(default=())  # (visit, session, adverse event)
    endings: tuple[Form, ...] = ()  # loss to follow-up, then end of study


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


def people(
    *, seed: int, until: dt.date, cases: int = CASES, controls: int = CONTROLS_PER_CASE
) -> list[Person]:
    """The cases, each followed by its controls. until: the day of the data; nothing lies after it."""
    found: list[Person] = []
    for number, sequence in enumerate(np.random.SeedSequence(seed).spawn(cases), start=1):
        rng = np.random.default_rng(sequence)
        day0 = until - dt.timedelta(days=FOLLOWED_DAYS + int(rng.integers(0, INTAKE_DAYS)))
        case = Person(
            number=number,
            control=None,
            site="MUM" if (number - 1) % 10 < MUM_OF_TEN else "PUN",
            sex="female" if rng.random() < 0.5 else "male",
            age=_age(rng, number),
            duration_years=int(rng.integers(2, 7)),
            day0=_working_day(day0),
            hba1c=trajectories.baseline_hba1c(rng),
            blemishes=BLEMISHES.get((number, None), frozenset()),
        )
        found.append(case)
        found += [_control(rng, case, which) for which in range(1, controls + 1)]
    return found


def _age(rng: np.random.Generator, number: int) -> int:
    """A third are minors. Nobody of an age whose band of consent changes before the month-12 visit of a case."""
    if number % 3 == 2:
        return int(rng.choice((9, 10, 13, 14, 15)))
    return int(rng.integers(19, 33))


def _control(rng: np.random.Generator, case: Person, which: int) -> Person:
    age = case.age + int(rng.integers(-1, 2)) * (0 if case.age in (9, 13, 15, 19) else 1)
    return Person(
        number=case.number,
        control=which,
        site=case.site,
        sex=case.sex,
        age=age,
        duration_years=max(1, case.duration_years + int(rng.integers(-1, 2))),
        day0=case.day0,
        hba1c=float(np.clip(case.hba1c + np.clip(rng.normal(0.0, 0.4), -0.9, 0.9), 7.6, 13.5)),
        blemishes=BLEMISHES.get((case.number, which), frozenset()),
    )


def _working_day(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=max(0, day.weekday() - 4))


def cohort(
    *, seed: int = SEED, until: dt.date, cases: int = CASES, controls: int = CONTROLS_PER_CASE
) -> list[SyntheticParticipant]:
    """The whole cohort: each case, then its controls."""
    from demo import synthetic_visits

    everyone = people(seed=seed, until=until, cases=cases, controls=controls)
    streams = np.random.SeedSequence([seed, 1]).spawn(len(everyone))
    return [
        synthetic_visits.participant(np.random.default_rng(stream), person, until=until)
        for stream, person in zip(streams, everyone, strict=True)
    ]
