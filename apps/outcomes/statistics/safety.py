"""The safety tables of events: by category, term, grade and seriousness, by group, with exact intervals.

`Study` holds who is followed and what happened; each function makes one table of it. Rows are long: one for each line of
the table and group, with raw numbers. Nothing is tested: a committee reads counts, rates and intervals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from apps.outcomes.statistics.follow_up import FollowUp, years
from apps.outcomes.statistics.masking import (
    PROCEDURAL_TERMS,
    PROCEDURE_RELATED,
    RELATED,
    labels,
    procedural,
    told_by_size,
)
from apps.outcomes.statistics.proportions import clopper_pearson
from apps.outcomes.statistics.rates import exact_rate
from apps.outcomes.statistics.tables import Column

ALL = "all"
PER = 100.0  # person-years
GRADES = (1, 2, 3, 4, 5)
SEVERE = 3
CRITERIA = {
    "death": "Death",
    "life_threatening": "Life-threatening",
    "hospitalisation": "Hospitalisation, or a longer stay",
    "disability": "Disability",
    "congenital_anomaly": "Congenital anomaly",
    "important_medical_event": "Important medical event",
}
NO_TERM = "not_coded"


@dataclass(frozen=True)
class SafetyTable:
    """A finished table. kind says how it is shown: incidence, grades, counts, proportions, ratios, list."""

    key: str
    title: str
    kind: str
    columns: tuple[Column, ...]
    rows: tuple[dict[str, Any], ...]
    footnotes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain JSON types, in a fixed order."""
        content = asdict(self)
        return content | {name: list(content[name]) for name in ("columns", "rows", "footnotes")}


@dataclass(frozen=True, eq=False)
class Arm:
    """A group as a table shows it. rows: which times in a group belong to it."""

    key: str
    label: str
    rows: np.ndarray
    participants: int
    person_years: float


class Study:
    """Who is followed and what happened to them, as the tables count it.

    groups: group → its label. terms: code → label of an event, in the order of the tables. letters: group → letter for
    a masked version, None for one by group. Masked, `arms` has letters (or only all participants, where sizes tell),
    and events that only treated people can have are apart: `pooled` instead of `chosen`.
    """

    def __init__(
        self,
        follow: FollowUp,
        groups: Mapping[str, str],
        terms: Mapping[str, str],
        *,
        letters: Mapping[str, str] | None = None,
    ) -> None:
        self.follow, self.groups, self.letters = follow, dict(groups), letters
        self.events = follow.counted.reset_index(drop=True)
        self.at = self.events["at"].to_numpy(dtype=int)
        self._person = follow.people["person"].to_numpy(dtype=int)
        self._days = follow.people["days"].to_numpy(dtype=float)
        self.person = self._person[self.at]
        self.grade = self.events["grade"].to_numpy(dtype=float)
        self.serious = np.array(
            [one is True or one is np.True_ for one in self.events["serious"]], dtype=bool
        )
        self.term = np.array([_text(one) or NO_TERM for one in self.events["term"]], dtype=object)
        self.terms = {**terms}
        for unknown in sorted(set(self.term) - set(terms) - {NO_TERM}):
            self.terms[unknown] = unknown.replace("_", " ").capitalize()
        if (self.term == NO_TERM).any():
            self.terms[NO_TERM] = "Not coded"
        self.procedural = np.array(
            [
                procedural(term=_text(row.term), to_harvest=_text(row.to_harvest), to_product=_text(row.to_product),
                           linked=bool(row.linked))
                for row in self.events.itertuples(index=False)
            ],
            dtype=bool,
        )  # fmt: skip

    @property
    def masked(self) -> bool:
        return self.letters is not None

    @cached_property
    def told_by_size(self) -> bool:
        """Whether a masked version shows no groups because their sizes would tell."""
        own = self._of_groups({group: group for group in self.groups})
        return told_by_size([arm.participants for arm in own]) or told_by_size(
            [arm.person_years for arm in own]
        )

    @cached_property
    def everybody(self) -> Arm:
        return self._arm(ALL, "All participants", np.ones(len(self._days), dtype=bool))

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """The groups in the order of the protocol or of their letters, then all participants."""
        if self.letters is None:
            own = self._of_groups(self.groups)
        elif self.told_by_size:
            own = ()
        else:
            names = labels(self.letters)
            found = {self.letters[arm.key]: arm for arm in self._of_groups(self.groups)}
            own = tuple(
                Arm(
                    letter,
                    names[letter],
                    found[letter].rows,
                    found[letter].participants,
                    found[letter].person_years,
                )
                for letter in sorted(found)
            )
        return (*own, self.everybody)

    def _of_groups(self, names: Mapping[str, str]) -> tuple[Arm, ...]:
        of = self.follow.people["group"].to_numpy(dtype=object)
        return tuple(self._arm(group, label, of == group) for group, label in names.items())

    def _arm(self, key: str, label: str, rows: np.ndarray) -> Arm:
        return Arm(key, label, rows, len(np.unique(self._person[rows])), years(self._days[rows].sum()))

    # --- Which events ------------------------------------------------------------------------------------

    @cached_property
    def by_group(self) -> np.ndarray:
        """The events that are counted by group."""
        return ~self.procedural if self.masked else np.ones(len(self.events), dtype=bool)

    def having(self, column: str, *codes: str) -> np.ndarray:
        """Events of which the ;-joined or single code in the column is one of the codes."""
        wanted = set(codes)
        return np.array(
            [bool(wanted & set(_text(one).split(";"))) for one in self.events[column]], dtype=bool
        )

    def related(self, *columns: str) -> np.ndarray:
        found = np.zeros(len(self.events), dtype=bool)
        for column in columns:
            found |= self.events[column].isin(RELATED).to_numpy(dtype=bool)
        return found

    @cached_property
    def fatal(self) -> np.ndarray:
        return self.having("outcome", "fatal") | (self.grade == 5) | self.having("criteria", "death")

    def only_treated(self) -> Iterable[tuple[str, str, np.ndarray]]:
        """Masked: the lines that are shown for all participants together."""
        if self.masked:
            yield PROCEDURE_RELATED, "Procedure-related, any", self.procedural
            yield f"{PROCEDURE_RELATED}_serious", "Procedure-related, serious", self.procedural & self.serious
            yield f"{PROCEDURE_RELATED}_fatal", "Procedure-related, fatal", self.procedural & self.fatal

    # --- Counting ----------------------------------------------------------------------------------------

    def people_with(self, chosen: np.ndarray, arm: Arm) -> int:
        return len(np.unique(self.person[chosen & arm.rows[self.at]]))

    def count(self, chosen: np.ndarray, arm: Arm) -> int:
        return int((chosen & arm.rows[self.at]).sum())

    def cell(self, chosen: np.ndarray, arm: Arm, *, person_years: float | None = None) -> dict[str, Any]:
        """How often, in how many, of how many, in how much time. person_years: of a part of the follow-up."""
        time = arm.person_years if person_years is None else person_years
        affected, events = self.people_with(chosen, arm), self.count(chosen, arm)
        share = clopper_pearson(affected, arm.participants)
        rate = exact_rate(events, time, per=PER)
        return {
            "group": arm.key,
            "group_label": arm.label,
            "participants": arm.participants,
            "with_event": affected,
            **{
                name: None if value is None else value * 100
                for name, value in (
                    ("percent", share.estimate), ("percent_low", share.low), ("percent_high", share.high)
                )
            },
            "events": events,
            "person_years": time,
            "rate": rate.estimate,
            "rate_low": rate.low,
            "rate_high": rate.high,
        }  # fmt: skip

    def lines(
        self, asked: Iterable[tuple[str, str, np.ndarray]], *, section: str = ""
    ) -> list[dict[str, Any]]:
        """Rows of an incidence table: each line by group, of the events that are shown by group."""
        return [
            {"section": section, "line": key, "label": label, **self.cell(chosen & self.by_group, arm)}
            for key, label, chosen in asked
            for arm in self.arms
        ]

    def pooled_lines(self, *, section: str = "Procedure-related, all participants") -> list[dict[str, Any]]:
        return [
            {"section": section, "line": key, "label": label, **self.cell(chosen, self.everybody)}
            for key, label, chosen in self.only_treated()
        ]


INCIDENCE = (
    Column("section", "Section", "text"),
    Column("line", "Line", "text"),
    Column("label", "Event", "text"),
    Column("group", "Group", "text"),
    Column("participants", "Participants", "count"),
    Column("with_event", "Participants with an event", "count"),
    Column("percent", "Of participants", "value", "%"),
    Column("percent_low", "Lower bound, 95 %", "value", "%"),
    Column("percent_high", "Upper bound, 95 %", "value", "%"),
    Column("events", "Events", "count"),
    Column("person_years", "Person-years", "value", "a"),
    Column("rate", "Events per 100 person-years", "value", "/(100.a)"),
    Column("rate_low", "Lower bound, 95 %", "value", "/(100.a)"),
    Column("rate_high", "Upper bound, 95 %", "value", "/(100.a)"),
)

INTERVALS = (
    "Intervals are exact, two-sided 95 %: Clopper–Pearson for participants, Poisson for rates (events over person-time)."
    " With no event the upper bound is that of a one-sided 97.5 % interval: −ln 0.025 = 3.69 divided by the person-time.",
    "A rate counts every event, also a second one of the same participant; its interval holds when events come"
    " independently. Read it beside the number of participants.",
)


def overview(study: Study) -> SafetyTable:
    """Participants with any event, and with those that a committee asks for first."""
    every = np.ones(len(study.events), dtype=bool)
    related = study.related("to_harvest", "to_product")
    asked: list[tuple[str, str, np.ndarray]] = [
        ("any", "Any adverse event", every),
        ("serious", "Serious", study.serious),
        ("severe", "Grade 3 or more", study.grade >= SEVERE),
        ("life_threatening", "Grade 4 or more", study.grade >= 4),
        ("fatal", "Fatal", study.fatal),
        ("special", "Of special interest", study.events["special"].isin([True]).to_numpy(dtype=bool)),
        ("to_insulin", "Related to insulin", study.related("to_insulin")),
        ("to_disease", "Related to the disease", study.related("to_disease")),
        ("open", "Not resolved", study.having("outcome", "recovering", "not_recovered")),
    ]
    if not study.masked:
        unexpected = study.having("expected", "unexpected")
        asked += [
            ("to_harvest", "Related to the harvest", study.related("to_harvest")),
            ("to_product", "Related to the cell product", study.related("to_product")),
            ("serious_related", "Serious and related to harvest or product", study.serious & related),
            ("susar", "Serious, related and unexpected", study.serious & related & unexpected),
            ("delayed", "Session delayed or cancelled",
             study.having("actions", "session_delayed", "session_cancelled")),
            ("interrupted", "Infusion interrupted or stopped", study.having("actions", "infusion_interrupted")),
            ("stopped", "Withdrawn from treatment", study.having("actions", "withdrawn")),
        ]  # fmt: skip
    return SafetyTable(
        "overview",
        "Overview of adverse events",
        "incidence",
        INCIDENCE,
        (*study.lines(asked), *study.pooled_lines()),
        (
            *INTERVALS,
            "Related: certain, probable or possible (WHO-UMC). Serious (a criterion is met) and severe (the grade) are two"
            " things.",
        ),
    )


def by_term(study: Study) -> SafetyTable:
    """Every term with its incidence and rate, also those that never happened."""
    return SafetyTable(
        "by-term",
        "Adverse events by term",
        "incidence",
        INCIDENCE,
        (*study.lines(_of_terms(study)), *study.pooled_lines()),
        (*INTERVALS, "A participant counts once in each line, and may count in several lines."),
    )


def serious(study: Study) -> SafetyTable:
    """Serious events: any, by criterion and by term."""
    rows = [
        *study.lines([("any", "Any serious event", study.serious)]),
        *study.lines(
            ((key, label, study.serious & study.having("criteria", key)) for key, label in CRITERIA.items()),
            section="By criterion",
        ),
        *study.lines(
            ((key, label, chosen & study.serious) for key, label, chosen in _of_terms(study)),
            section="By term",
        ),
        *study.pooled_lines(),
    ]
    return SafetyTable(
        "serious", "Serious adverse events", "incidence", INCIDENCE, tuple(rows),
        (*INTERVALS, "An event may meet several criteria."),
    )  # fmt: skip


def _of_terms(study: Study) -> Iterable[tuple[str, str, np.ndarray]]:
    for key, label in study.terms.items():
        if not (study.masked and key in PROCEDURAL_TERMS):
            yield key, label, study.term == key


GRADE_COLUMNS = (
    Column("line", "Line", "text"),
    Column("label", "Event", "text"),
    Column("group", "Group", "text"),
    Column("participants", "Participants", "count"),
    *(Column(f"grade_{grade}", f"Worst grade {grade}", "count") for grade in GRADES),
    Column("not_graded", "Not graded", "count"),
    Column("with_event", "Any grade", "count"),
    Column("severe", "Grade 3 or more", "count"),
    Column("severe_percent", "Grade 3 or more, of participants", "value", "%"),
    Column("severe_low", "Lower bound, 95 %", "value", "%"),
    Column("severe_high", "Upper bound, 95 %", "value", "%"),
)


def by_grade(study: Study) -> SafetyTable:
    """Participants by the worst grade of each term."""
    every = np.ones(len(study.events), dtype=bool)
    rows = [
        {"line": key, "label": label, **_grades(study, chosen & study.by_group, arm)}
        for key, label, chosen in (("any", "Any adverse event", every), *_of_terms(study))
        for arm in study.arms
    ]
    if study.masked:
        rows.append(
            {"line": PROCEDURE_RELATED, "label": "Procedure-related, any",
             **_grades(study, study.procedural, study.everybody)}
        )  # fmt: skip
    dictionaries = sorted({_text(one) for one in study.events["dictionary"]} - {""})
    return SafetyTable(
        "by-grade", "Participants by worst grade", "grades", GRADE_COLUMNS, tuple(rows),
        (
            "Each participant counts once in a line, at the worst grade that was recorded; “not graded” has none.",
            f"Grades by {', '.join(dictionaries) or 'no dictionary'}; every event keeps the version of its own.",
            "Intervals of grade 3 or more: Clopper–Pearson, two-sided 95 %.",
        ),
    )  # fmt: skip


def _grades(study: Study, chosen: np.ndarray, arm: Arm) -> dict[str, Any]:
    mine = chosen & arm.rows[study.at]
    people, number = np.unique(study.person[mine], return_inverse=True)
    worst = np.zeros(len(people))
    np.maximum.at(worst, number, np.nan_to_num(study.grade[mine], nan=0.0))
    counted = np.bincount(worst.astype(int), minlength=6)
    severe = int(counted[SEVERE:].sum())
    share = clopper_pearson(severe, arm.participants)
    return {
        "group": arm.key,
        "group_label": arm.label,
        "participants": arm.participants,
        **{f"grade_{grade}": int(counted[grade]) for grade in GRADES},
        "not_graded": int(counted[0]),
        "with_event": len(people),
        "severe": severe,
        "severe_percent": None if share.estimate is None else share.estimate * 100,
        "severe_low": None if share.low is None else share.low * 100,
        "severe_high": None if share.high is None else share.high * 100,
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
