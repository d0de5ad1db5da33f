"""The safety tables of events: by category, term, grade and seriousness, by group, with exact intervals.

Each function makes one table of a `Study`. Rows are long: one for each line of the table and group, with raw numbers.
Nothing is tested: a committee reads counts, rates and intervals.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from apps.outcomes.statistics.masking import PROCEDURAL_TERMS, PROCEDURE_RELATED
from apps.outcomes.statistics.proportions import clopper_pearson
from apps.outcomes.statistics.safety_study import Arm, SafetyTable, Study, text
from apps.outcomes.statistics.tables import Column

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
    dictionaries = sorted({text(one) for one in study.events["dictionary"]} - {""})
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
