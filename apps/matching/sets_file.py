"""The sets of a run as CSV: one line per control that the person may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse

from apps.matching import selectors
from apps.matching.models import MatchingRun
from studyportal.access.models import User
from studyportal.api.csv_cells import as_csv
from studyportal.audit.looks import log_look


def header(run: MatchingRun) -> list[str]:
    compared = [key for key, _label, _unit in selectors.columns_compared(run)]
    values = [f"{who}_{key}" for key in compared for who in ("case", "control")]
    return [
        "run", "version", "set", "case", "control", "control_site", "place", "controls_in_set", "index_date", "distance",
        *values,
    ]  # fmt: skip


def rows(run: MatchingRun, user: User) -> Iterator[list[Any]]:
    """case is empty where it is of a site that the person does not see."""
    version = selectors.state_of(run).version
    compared = [key for key, _label, _unit in selectors.columns_compared(run)]
    for one in selectors.sets(run, user, selectors.set_numbers(run, user)):
        case = None if one.case is None else one.case.participant.code
        for control in one.controls:
            pairs = [control.values.get(key) or (None, None) for key in compared]
            yield [
                run.pk, version, one.number, case, control.participant.code, control.site.code, control.order, one.size,
                one.index_date.isoformat(), control.distance, *(value for pair in pairs for value in pair),
            ]  # fmt: skip


def response(run: MatchingRun, user: User) -> HttpResponse:
    name = f"matching-{run.pk}-sets.csv"
    log_look(what="matched_sets_file", by=user, detail=name)
    return HttpResponse(
        as_csv(header(run), rows(run, user)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
