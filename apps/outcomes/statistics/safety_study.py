"""Who is followed and what happened to them, counted by group: what every safety table is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from apps.outcomes.statistics.follow_up import FollowUp, years
from apps.outcomes.statistics.masking import (
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
        self.term = np.array([text(one) or NO_TERM for one in self.events["term"]], dtype=object)
        self.terms = {**terms}
        for unknown in sorted(set(self.term) - set(terms) - {NO_TERM}):
            self.terms[unknown] = unknown.replace("_", " ").capitalize()
        if (self.term == NO_TERM).any():
            self.terms[NO_TERM] = "Not coded"
        self.procedural = np.array(
            [
                procedural(term=text(row.term), to_harvest=text(row.to_harvest), to_product=text(row.to_product),
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
        return np.array([bool(wanted & set(text(one).split(";"))) for one in self.events[column]], dtype=bool)

    def related(self, *columns: str) -> np.ndarray:
        found = np.zeros(len(self.events), dtype=bool)
        for column in columns:
            found |= self.events[column].isin(RELATED).to_numpy(dtype=bool)
        return found

    @cached_property
    def fatal(self) -> np.ndarray:
        found: np.ndarray = (
            self.having("outcome", "fatal") | (self.grade == 5) | self.having("criteria", "death")
        )
        return found

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

    def pooled_lines(self, *, section: str = "All participants, not by group") -> list[dict[str, Any]]:
        return [
            {"section": section, "line": key, "label": label, **self.cell(chosen, self.everybody)}
            for key, label, chosen in self.only_treated()
        ]


def text(value: Any) -> str:
    """A text that is there, "" for everything else that a frame may hold."""
    return value if isinstance(value, str) else ""
