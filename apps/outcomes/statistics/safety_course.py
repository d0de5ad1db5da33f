"""The safety tables around the events: who was followed for how long, when events came, what they are put down to, how
the groups' rates compare, and how complete the records are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from apps.outcomes.statistics.follow_up import AFTER, BEFORE, NO_TIME, PRESENT, years
from apps.outcomes.statistics.rates import rate_ratio
from apps.outcomes.statistics.safety import INCIDENCE, INTERVALS, SEVERE, Arm, SafetyTable, Study
from apps.outcomes.statistics.tables import Column

STATES = {
    PRESENT: "In follow-up at the cut-off",
    "completed": "Completed",
    "withdrawn": "Withdrew",
    "ended": "Ended for another reason",
    "lost": "Lost to follow-up",
    "died": "Died",
    "treated": "Control who was treated later, censored",
}
#: First and last day from Day 0, both counted; None: without end.
PERIODS: tuple[tuple[int, int | None], ...] = ((0, 1), (2, 30), (31, 90), (91, 180), (181, 365), (366, None))
CAUSES = {
    "to_harvest": "Harvest",
    "to_product": "Cell product",
    "to_insulin": "Insulin",
    "to_disease": "Disease",
}
CATEGORIES = {
    "certain": "Certain",
    "probable": "Probable or likely",
    "possible": "Possible",
    "unlikely": "Unlikely",
    "conditional": "Conditional or unclassified",
    "unassessable": "Unassessable",
    "": "Not assessed",
}

COUNTS = (
    Column("section", "Section", "text"),
    Column("line", "Line", "text"),
    Column("label", "What", "text"),
    Column("group", "Group", "text"),
    Column("value", "Number", "count"),
    Column("of", "Of", "count"),
    Column("percent", "Share", "value", "%"),
    Column("unit", "Unit", "text"),
)


def _count(
    line: str,
    label: str,
    arm: Arm,
    value: float | None,
    *,
    of: int | None = None,
    unit: str = "",
    section: str = "",
) -> dict[str, Any]:
    share = None if not of or value is None else 100 * value / of
    return {
        "section": section, "line": line, "label": label, "group": arm.key, "group_label": arm.label,
        "value": value, "of": of, "percent": share, "unit": unit,
    }  # fmt: skip


def followed(study: Study) -> SafetyTable:
    """Participants, person-years and how follow-up ended, by group: the denominators of everything else."""
    people = study.follow.people
    days, state = people["days"].to_numpy(dtype=float), people["state"].to_numpy(dtype=object)
    if study.masked:  # only a control can be treated later
        state = np.where(state == "treated", PRESENT, state)
    shown = {key: label for key, label in STATES.items() if not (study.masked and key == "treated")}
    rows: list[dict[str, Any]] = []
    for arm in study.arms:
        own = days[arm.rows]
        rows += [
            _count("participants", "Participants with Day 0", arm, arm.participants),
            _count("person_years", "Person-years", arm, arm.person_years, unit="a"),
        ]
        for line, label, share in (("median", "Follow-up, median", 0.5), ("q1", "Follow-up, first quartile", 0.25),
                                   ("q3", "Follow-up, third quartile", 0.75)):  # fmt: skip
            rows.append(
                _count(line, label, arm, float(np.quantile(own, share)) if len(own) else None, unit="d")
            )
        rows.append(
            _count("longest", "Follow-up, longest", arm, float(own.max()) if len(own) else None, unit="d")
        )
        rows += [
            _count(
                key,
                label,
                arm,
                int((arm.rows & (state == key)).sum()),
                of=int(arm.rows.sum()),
                section="How it stands",
            )
            for key, label in shown.items()
        ]
    order = {line: number for number, line in enumerate(dict.fromkeys(row["line"] for row in rows))}
    rows.sort(key=lambda row: order[row["line"]])
    return SafetyTable(
        "follow-up", "Participants and follow-up", "counts", COUNTS, tuple(rows),
        (
            "Followed from Day 0 (session 1 of a case, index date of a control) to the first of: end of participation, the"
            " last day on which anything is known of the participant, and the cut-off. Both ends count; a year has 365.25"
            " days.",
        ),
    )  # fmt: skip


def by_period(study: Study) -> SafetyTable:
    """Any, severe and serious events by time from Day 0, each period with its own person-years."""
    day = study.events["day"].to_numpy(dtype=float)
    days = study.follow.people["days"].to_numpy(dtype=float)
    rows: list[dict[str, Any]] = []
    for first, last in PERIODS:
        upper = np.inf if last is None else last + 1
        time = np.clip(np.minimum(days, upper) - first, 0, None)
        inside = (day >= first) & (day < upper)
        name = f"Days {first} to {last}" if last is not None else f"From day {first}"
        for key, label, chosen in (
            ("any", "any event", inside),
            ("serious", "serious", inside & study.serious),
            ("severe", "grade 3 or more", inside & (study.grade >= SEVERE)),
        ):
            rows += [
                {
                    "section": name, "line": f"{key}_{first}", "label": f"{name}: {label}",
                    **study.cell(chosen & study.by_group, arm, person_years=years(time[arm.rows].sum())),
                    **_still(study, arm, time),
                }
                for arm in study.arms
            ]  # fmt: skip
    for row in rows:
        _share_of(row)
    rows += study.lines(
        [("unknown", "Day of onset not known", np.isnan(day))], section="Day of onset not known"
    )
    return SafetyTable(
        "by-period", "Adverse events by time from Day 0", "incidence", INCIDENCE, tuple(rows),
        (*INTERVALS, "Participants of a period are those who were followed on at least one of its days; day 0 is Day 0."),
    )  # fmt: skip


def _still(study: Study, arm: Arm, time: np.ndarray) -> dict[str, Any]:
    person = study.follow.people["person"].to_numpy(dtype=int)
    return {"participants": len(np.unique(person[arm.rows & (time > 0)]))}


def _share_of(row: dict[str, Any]) -> None:
    """The share of those who were followed in the period."""
    from apps.outcomes.statistics.proportions import clopper_pearson

    share = clopper_pearson(row["with_event"], row["participants"])
    for name, value in (
        ("percent", share.estimate),
        ("percent_low", share.low),
        ("percent_high", share.high),
    ):
        row[name] = None if value is None else value * 100


def by_cause(study: Study) -> SafetyTable:
    """Events by what they are put down to and how surely. Masked: without harvest and product."""
    causes = {
        key: label
        for key, label in CAUSES.items()
        if not (study.masked and key in ("to_harvest", "to_product"))
    }
    rows = []
    for cause, name in causes.items():
        said = np.array([one if isinstance(one, str) else "" for one in study.events[cause]], dtype=object)
        categories = {**CATEGORIES, **{other: other for other in sorted(set(said) - set(CATEGORIES))}}
        for category, label in categories.items():
            chosen = (said == category) & study.by_group
            for arm in study.arms:
                total = study.count(study.by_group, arm)
                rows.append(
                    _count(
                        f"{cause}_{category or 'none'}",
                        label,
                        arm,
                        study.count(chosen, arm),
                        of=total,
                        section=name,
                    )
                )
    return SafetyTable(
        "causality", "Events by causality", "counts", COUNTS, tuple(rows),
        ("WHO-UMC categories as the investigator gave them; the denominator is all counted events of the group.",),
    )  # fmt: skip


RATIOS = (
    Column("line", "Line", "text"),
    Column("label", "Event", "text"),
    Column("events", "Events", "count"),
    Column("person_years", "Person-years", "value", "a"),
    Column("reference_events", "Events, reference", "count"),
    Column("reference_years", "Person-years, reference", "value", "a"),
    Column("ratio", "Ratio of rates", "value"),
    Column("ratio_low", "Lower bound, 95 %", "value"),
    Column("ratio_high", "Upper bound, 95 %", "value"),
)


def ratios(study: Study) -> SafetyTable | None:
    """The rate of the first group ÷ that of the second, with exact intervals; None unless two groups are shown."""
    own = study.arms[:-1]
    if len(own) != 2 or not all(arm.person_years for arm in own):
        return None
    first, second = own
    every = np.ones(len(study.events), dtype=bool)
    lines = [
        ("any", "Any adverse event", every),
        ("serious", "Serious", study.serious),
        ("severe", "Grade 3 or more", study.grade >= SEVERE),
        *((key, label, study.term == key) for key, label in study.terms.items()),
    ]
    rows = []
    for key, label, chosen in lines:
        counted = [study.count(chosen & study.by_group, arm) for arm in own]
        if key not in ("any", "serious", "severe") and not sum(counted):
            continue
        ratio = rate_ratio(counted[0], first.person_years, counted[1], second.person_years)
        rows.append(
            {
                "line": key, "label": label,
                "events": counted[0], "person_years": first.person_years,
                "reference_events": counted[1], "reference_years": second.person_years,
                "ratio": ratio.estimate, "ratio_low": ratio.low, "ratio_high": ratio.high,
            }
        )  # fmt: skip
    return SafetyTable(
        "ratios", f"Ratio of rates, {first.label} ÷ {second.label}", "ratios", RATIOS, tuple(rows),
        (
            "Exact conditional intervals, two-sided 95 %. Without an event in the reference there is no ratio and no upper"
            " bound. Many lines are looked at: some intervals exclude 1 by chance alone.",
            "Groups are compared as they are, without matching or adjustment.",
            "Terms without any event are left out here; they stand in the table by term.",
        ),
    )  # fmt: skip


def completeness(study: Study) -> SafetyTable:
    """What the tables could not count, and what is missing on the events: for all participants together."""
    everything, counted = study.follow.events, study.events
    arm, total = study.everybody, len(study.events)

    def empty(column: str) -> int:
        return sum(1 for one in counted[column] if one is None or one != one or one == "")

    place = everything["place"]
    rows = [
        _count("counted", "Events counted", arm, total, of=len(everything), section="Where events lie"),
        *(
            _count(key, label, arm, int((place == where).sum()), of=len(everything), section="Where events lie")
            for key, label, where in (
                ("before", "Before Day 0: not counted", BEFORE),
                ("after", "After the end of follow-up: not counted", AFTER),
                ("no_time", "Of participants without follow-up: not counted", NO_TIME),
            )
        ),
        _count("later", "After the cut-off: left out", arm, study.follow.later, section="Where events lie"),
        *(
            _count(f"no_{column}", label, arm, empty(column), of=total, section="Missing on counted events")
            for column, label in (
                ("term", "No coded term"), ("grade", "No grade"), ("serious", "No answer on seriousness"),
                ("outcome", "No outcome"), ("expected", "No expectedness"),
            )
        ),
        _count("no_day", "Day of onset not known", arm, int(counted["day"].isna().sum()), of=total,
               section="Missing on counted events"),
        _count("incomplete", "Form not complete", arm, int((~counted["complete"].astype(bool)).sum()), of=total,
               section="Missing on counted events"),
    ]  # fmt: skip
    rows += [
        _count(
            f"left_out_{number}", f"Participants without follow-up: {why}", arm, count, section="Participants"
        )
        for number, (why, count) in enumerate(study.follow.left_out.items(), start=1)
    ]
    return SafetyTable(
        "completeness", "What is counted, and what is missing", "counts", COUNTS, tuple(rows),
        ("An event without an answer on seriousness, or without a grade, is in no line that asks for one.",),
    )  # fmt: skip


#: One row per deviation that stands.
DEVIATION_COLUMNS = ("participant", "classification", "kind", "on", "synthetic")


def by_deviation(study: Study, deviations: pd.DataFrame, kinds: Mapping[str, str]) -> SafetyTable:
    """Protocol deviations by class and kind. By group only: what was departed from tells who was treated."""
    group_of = dict(zip(study.follow.people["participant"], study.follow.people["group"], strict=True))
    rows = []
    for classification in ("critical", "major", "minor"):
        of_class = deviations.loc[deviations["classification"] == classification]
        for kind, label in (("any", "Any"), *kinds.items()):
            chosen = of_class if kind == "any" else of_class.loc[of_class["kind"] == kind]
            groups = chosen["participant"].map(group_of)
            for arm in study.arms:
                mine = groups.notna() if arm.key == "all" else groups == arm.key
                rows.append(
                    _count(
                        f"{classification}_{kind}",
                        label,
                        arm,
                        int(mine.sum()),
                        section=classification.capitalize(),
                    )
                )
    return SafetyTable(
        "deviations", "Protocol deviations", "counts", COUNTS, tuple(rows),
        ("Deviations of participants with follow-up, in the group of today; those that are no longer present are left out.",),
    )  # fmt: skip
