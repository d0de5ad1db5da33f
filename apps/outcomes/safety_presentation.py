"""Stored safety tables as pages and files show them: the only place where their numbers are rounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from apps.outcomes.statistics import format as fmt
from studyportal.api.csv_cells import as_csv as csv_text
from studyportal.ui.parts import Cell, Column
from studyportal.ui.pdf import Sheets

Table = Mapping[str, Any]
PIVOTED = ("incidence", "counts")
SHOWN_ROWS = 500  # of a listing on a page; the file has all
PRINTED_ROWS = 1000
HIDDEN = ("section", "line")  # keys for scripts
LINE_KEYS = ("section", "line", "label")


def titles() -> dict[str, str]:
    """Key → title of a table, in the language in use; what is not here keeps the title it was frozen with."""
    return {
        "follow-up": _("Participants and follow-up"),
        "overview": _("Overview"),
        "serious": _("Serious events"),
        "by-term": _("By event"),
        "by-grade": _("By grade"),
        "ratios": _("Ratio of rates"),
        "by-period": _("By time"),
        "causality": _("Causality"),
        "completeness": _("Completeness"),
        "products": _("Products"),
        "near-misses": _("Near misses"),
        "deviations": _("Deviations"),
        "deaths": _("Deaths, listed"),
        "serious-list": _("Serious, listed"),
        "special-list": _("Special interest, listed"),
        "products-list": _("Product defects, listed"),
    }


def table_of(content: Mapping[str, Any], key: str) -> Table | None:
    return next((table for table in content["tables"] if table["key"] == key), None)


# --- Pages -----------------------------------------------------------------------------------------------


def shown(table: Table) -> tuple[list[Column], list[list[Any]]]:
    """Headings and rows as a page shows them: groups side by side where a line is counted by group."""
    if table["kind"] in PIVOTED:
        return _pivoted(table)
    if table["kind"] == "proportions":
        return _by_stratum(table)
    columns = [column for column in table["columns"] if column["key"] not in HIDDEN]
    heads = [
        Column(column["label"], numeric=column["kind"] != "text", unit=_unit(column)) for column in columns
    ]
    rows = [[plain(row, column) for column in columns] for row in table["rows"][:SHOWN_ROWS]]
    return heads, rows


def _pivoted(table: Table) -> tuple[list[Column], list[list[Any]]]:
    arms = _arms(table)
    columns = [Column(_("Event") if table["kind"] == "incidence" else _("What"))]
    for label in arms.values():
        if table["kind"] == "incidence":
            columns += [
                Column(_("%(group)s: participants") % {"group": label}, numeric=True),
                Column(_("%(group)s: events; per 100 person-years") % {"group": label}, numeric=True),
            ]
        else:
            columns.append(Column(label, numeric=True))
    rows = []
    for (section, _line, label), by_arm in _lines(table).items():
        cells: list[Any] = [Cell(label, detail=section if section not in label else "")]
        for arm in arms:
            row = by_arm.get(arm)
            if table["kind"] == "incidence":
                cells += (
                    [Cell(_("not by group")), Cell("")]
                    if row is None
                    else [
                        Cell(_affected(row), detail=_span(row, "percent"), nowrap=True),
                        Cell(_events(row), detail=_span(row, "rate"), nowrap=True),
                    ]
                )
            else:
                cells.append(fmt.DASH if row is None else _counted(row))
        rows.append(cells)
    return columns, rows


def _by_stratum(table: Table) -> tuple[list[Column], list[list[Any]]]:
    """Shares with each stratum in a column: all, by component, by site."""
    strata = list(dict.fromkeys(row["stratum"] for row in table["rows"]))
    lines: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in table["rows"]:
        lines.setdefault(row["line"], {})[row["stratum"]] = row
    columns = [Column(_("What")), *(Column(stratum, numeric=True) for stratum in strata)]
    rows = []
    for by_stratum in lines.values():
        first = next(iter(by_stratum.values()))
        words = (
            _("of %(denominator)s") % {"denominator": first["denominator"]} if first["denominator"] else ""
        )
        rows.append(
            [
                Cell(first["label"], detail=words),
                *(
                    Cell(_share(by_stratum[stratum]), detail=_bounds(by_stratum[stratum]), nowrap=True)
                    for stratum in strata
                ),
            ]
        )
    return columns, rows


def _share(row: Mapping[str, Any]) -> str:
    if row["of"] is None:
        return str(row["n"])
    return f"{row['n']}/{row['of']} ({fmt.number(row['percent'], 1)} %)"


def _bounds(row: Mapping[str, Any]) -> str:
    return "" if row["low"] is None else f"[{fmt.number(row['low'], 1)}, {fmt.number(row['high'], 1)}]"


def _arms(table: Table) -> dict[str, str]:
    """Groups of the table in order, all participants last."""
    found = {row["group"]: row["group_label"] for row in table["rows"]}
    return {key: found[key] for key in sorted(found, key=lambda key: (key == "all", list(found).index(key)))}


def _lines(table: Table) -> dict[tuple[str, str, str], dict[str, Mapping[str, Any]]]:
    found: dict[tuple[str, str, str], dict[str, Mapping[str, Any]]] = {}
    for row in table["rows"]:
        section, line, label = (row[name] for name in LINE_KEYS)
        found.setdefault((section, line, label), {})[row["group"]] = row
    return found


def _affected(row: Mapping[str, Any]) -> str:
    return f"{row['with_event']}/{row['participants']} ({fmt.number(row['percent'], 1)} %)"


def _events(row: Mapping[str, Any]) -> str:
    return f"{row['events']}; {fmt.number(row['rate'], 2)}"


def _span(row: Mapping[str, Any], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if low is None and high is None:
        return ""
    decimals = 1 if name == "percent" else 2
    return f"[{fmt.number(low, decimals)}, {fmt.number(high, decimals)}]"


def _counted(row: Mapping[str, Any]) -> str:
    value = row["value"]
    if row["unit"]:
        return f"{fmt.number(value, 1)} {_('years') if row['unit'] == 'a' else _('days')}"
    if row["of"]:
        return f"{value}/{row['of']} ({fmt.number(row['percent'], 1)} %)"
    return fmt.DASH if value is None else str(value)


def plain(row: Mapping[str, Any], column: Mapping[str, Any]) -> Any:
    """One value of a long table, rounded."""
    key, value = column["key"], row[column["key"]]
    if key == "group":
        return row.get("group_label", value)
    if column["kind"] == "value":
        return fmt.number(value, 1 if column["unit"] == "%" else 2)
    return fmt.DASH if value is None else value


def _unit(column: Mapping[str, Any]) -> str:
    return "" if column["unit"] in (None, "/(100.a)") else str(column["unit"])


# --- Files -----------------------------------------------------------------------------------------------


def as_csv(table: Table) -> str:
    """The rows with unrounded numbers; what is not defined is empty."""
    keys = [column["key"] for column in table["columns"]]
    return csv_text(keys, ([row[key] for key in keys] for row in table["rows"]))


def as_pdf(content: Mapping[str, Any], *, title: str, about: Sequence[tuple[str, str]], sha256: str) -> bytes:
    """All tables on paper, with footnotes and provenance. The same tables give the same bytes."""
    sheets = Sheets(title=title, footer=title, footer_code=f"SHA-256 {sha256}")
    sheets.heading(title)
    for label, value in about:
        sheets.pair(label, value)
    sheets.gap()
    for note in content["footnotes"]:
        sheets.paragraph(note)
    for table in content["tables"]:
        _printed(sheets, table)
    return sheets.finish()


def _printed(sheets: Sheets, table: Table) -> None:
    sheets.gap()
    with sheets.together():
        sheets.heading(table["title"], level=2)
        for note in table["footnotes"]:
            sheets.paragraph(note, quiet=True)
        if not table["rows"]:
            sheets.paragraph(_("None."))
    if table["kind"] in PIVOTED:
        _printed_by_group(sheets, table)
        return
    columns = [column for column in table["columns"] if column["key"] not in HIDDEN]
    for row in table["rows"][:PRINTED_ROWS]:
        with sheets.together():
            sheets.line()
            sheets.flow(
                [
                    (f"{column['label']}{_in_unit(column)}", str(plain(row, column)))
                    for column in columns
                    if row[column["key"]] not in (None, "")
                ]
            )
    if len(table["rows"]) > PRINTED_ROWS:
        left = len(table["rows"]) - PRINTED_ROWS
        sheets.paragraph(_("%(n)d more rows are in the CSV file.") % {"n": left})


def _printed_by_group(sheets: Sheets, table: Table) -> None:
    arms, section = _arms(table), ""
    for (own, _line, label), by_arm in _lines(table).items():
        with sheets.together():
            if own != section:
                section = own
                sheets.gap(4.0)
                sheets.heading(own, level=2)
            sheets.line()
            sheets.paragraph(label)
            sheets.flow(
                [(name, _told(table, by_arm.get(arm))) for arm, name in arms.items() if arm in by_arm]
            )


def _told(table: Table, row: Mapping[str, Any] | None) -> str:
    if row is None:
        return fmt.DASH
    if table["kind"] == "counts":
        return _counted(row)
    share, rate = _span(row, "percent"), _span(row, "rate")
    return _("%(share)s %(share_span)s, events %(events)s %(rate_span)s per 100 person-years") % {
        "share": _affected(row), "share_span": share, "events": _events(row), "rate_span": rate,
    }  # fmt: skip


def _in_unit(column: Mapping[str, Any]) -> str:
    unit = _unit(column)
    return f" ({unit})" if unit else ""
