"""A stored table as a page and a file show it: the only place where its numbers are rounded."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.outcomes.statistics import format as fmt
from studyportal.ui.charts import LineChart, Point, Series
from studyportal.ui.parts import Cell, Column


def page_columns(unit: str) -> list[Column]:
    """Headings of the table of a page; one per cell of `page_rows`."""
    return [
        Column(_("Visit")),
        Column(_("Group")),
        Column(_("Expected"), numeric=True),
        Column("n", numeric=True),
        Column(_("Missing"), numeric=True),
        Column(_("Mean (SD)"), numeric=True, unit=unit),
        Column(_("Median [Q1, Q3]"), numeric=True, unit=unit),
        Column(_("Range"), numeric=True, unit=unit),
        Column(_("Change: pairs"), numeric=True),
        Column(_("Change: missing"), numeric=True),
        Column(_("Change: mean (SD)"), numeric=True, unit=unit),
        Column(_("Change: median [Q1, Q3]"), numeric=True, unit=unit),
    ]


def page_rows(content: Mapping[str, Any], groups: Mapping[str, str]) -> list[list[Any]]:
    decimals = content["analyte"]["decimals"]
    rows = []
    for row in content["rows"]:
        day = _("day %(day)s") % {"day": row["day"]}
        cells: list[Any] = [
            Cell(row["visit_label"], detail=f"{row['visit']}, {day}"),
            groups.get(row["group"], row["group"]),
            row["expected"],
            row["n"],
            Cell(row["missing"], detail=reasons(row["missing_reasons"])),
            fmt.mean_sd(row["mean"], row["sd"], decimals),
            fmt.median_quartiles(row["median"], row["q1"], row["q3"], decimals),
            fmt.span(row["minimum"], row["maximum"], decimals),
        ]
        if row["change_n"] is None:
            cells += [_("baseline"), "", "", ""]
        else:
            cells += [
                row["change_n"],
                Cell(row["change_missing"], detail=reasons(row["change_missing_reasons"])),
                fmt.mean_sd(row["change_mean"], row["change_sd"], decimals, signed=True),
                fmt.median_quartiles(
                    row["change_median"], row["change_q1"], row["change_q3"], decimals, signed=True
                ),
            ]
        rows.append(cells)
    return rows


def reasons(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{why.replace('_', ' ')}: {number}" for why, number in counted.items())


def chart(content: Mapping[str, Any], groups: Mapping[str, str]) -> LineChart:
    """Mean by visit, one line per group."""
    series = []
    for group, label in groups.items():
        points = tuple(
            Point(row["day"], row["mean"], note=f"n = {row['n']}")
            for row in content["rows"]
            if row["group"] == group
        )
        if points:
            series.append(Series(label, points))
    analyte = content["analyte"]
    return LineChart(
        key=content["key"],
        title=_("Mean %(analyte)s by visit and group") % {"analyte": analyte["label"]},
        unit=analyte["unit"],
        x_label=_("Days from day 0"),
        series=tuple(series),
    )


def as_csv(content: Mapping[str, Any]) -> str:
    """The rows with unrounded numbers; what is not defined is empty."""
    keys = [column["key"] for column in content["columns"]]
    header = [*keys, "note", "missing_reasons", "change_missing_reasons"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in content["rows"]:
        values = [row[key] for key in keys] + [
            row["note"],
            reasons(row["missing_reasons"]),
            reasons(row["change_missing_reasons"]),
        ]
        writer.writerow(["" if value is None else value for value in values])
    return out.getvalue()
