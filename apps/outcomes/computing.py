"""Computing a table from one consistent view of the data. Writes nothing.

This module brings pandas; the job imports it when it runs, so that web processes start without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
from django.utils.translation import gettext as _

from apps.outcomes import frames
from apps.outcomes.canonical import code_version, frame_sha256
from apps.outcomes.statistics.summaries import BaselineRule
from apps.outcomes.statistics.tables import Analyte, OutcomeTableData, hba1c_by_visit
from studyportal import protocol
from studyportal.access.models import AllSites, User
from studyportal.access.permissions import Permission

STEPS = 3
Progress = Callable[[int, int, str], None]


def silent(done: int, total: int, message: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Input:
    """Everything that a table is computed from, read at one moment."""

    participants: pd.DataFrame
    values: pd.DataFrame
    data_as_of: datetime | None
    unassigned: int

    @property
    def sha256(self) -> str:
        return frame_sha256(self.participants, self.values)


def read_hba1c(site_ids: frozenset[int] | None) -> Input:
    """Participants and HbA1c of the sites (None: all). A job reads them at one moment (studyportal.jobs)."""
    people = frames.participants_frame(site_ids)
    values = frames.hba1c_values(site_ids)
    moment = frames.latest_change(site_ids)
    known = people["group"].isin(list(protocol.current().groups))
    return Input(people[known].reset_index(drop=True), values, moment, int((~known).sum()))


def compute_hba1c(data: Input, *, include_synthetic: bool, as_of: date | None = None) -> dict[str, Any]:
    """The content of the table with its provenance: the same input gives the same content.

    `as_of`: the day on which visit windows are judged, by default the day of the last change in the data.
    """
    current = protocol.current()
    day = as_of or (data.data_as_of.date() if data.data_as_of is not None else current.study.opened_on)
    analyte: Analyte = frames.analyte_of("hba1c")
    more = [
        "As-treated: this table compares groups as they are, without matching or adjustment.",
        "HbA1c reported in mmol/mol (IFCC) is converted by NGSP % = 0.09148 × IFCC + 2.152. A result without a unit "
        "is not used until its query is answered.",
    ]
    if data.unassigned:
        more.append(f"Participants not yet assigned to a group are left out: {data.unassigned}.")
    table: OutcomeTableData = hba1c_by_visit(
        data.values,
        data.participants,
        frames.visit_plans("hba1c"),
        analyte=analyte,
        groups=list(current.groups),
        as_of=day,
        include_synthetic=include_synthetic,
        more_footnotes=more,
        baseline=BaselineRule(_baseline("hba1c_change")),
    )
    provenance = {
        "protocol_version": current.version,
        "protocol_sha256": current.sha256,
        "code_version": code_version(),
        "data_as_of": None if data.data_as_of is None else data.data_as_of.isoformat(),
        "data_sha256": data.sha256,
        "windows_judged_on": day.isoformat(),
        "include_synthetic": include_synthetic,
    }
    return {**table.as_json(), "provenance": provenance}


def _baseline(endpoint: str) -> str:
    found = protocol.current().endpoints.get(endpoint)
    return "BL" if found is None or found.baseline is None else str(found.baseline)


@dataclass(frozen=True)
class Computed:
    """A table that is computed and not yet frozen."""

    content: dict[str, Any]
    site_ids: frozenset[int] | None


def compute(
    *, by: User, include_synthetic: bool, as_of: date | None = None, progress: Progress = silent
) -> Computed:
    """The HbA1c table of the sites where `by` may run tables. Writes nothing."""
    reached = by.sites_with(Permission.RUN_OUTCOMES)
    site_ids = None if isinstance(reached, AllSites) else reached
    progress(0, STEPS, _("Reading participants and HbA1c"))
    data = read_hba1c(site_ids)
    progress(1, STEPS, _("Computing summaries and changes"))
    content = compute_hba1c(data, include_synthetic=include_synthetic, as_of=as_of)
    progress(2, STEPS, _("Freezing the table"))
    return Computed(content, site_ids)
