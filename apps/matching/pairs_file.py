"""Pairs as they are pasted or uploaded: case, control and, if there is one, the set."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.utils.translation import gettext as _

from studyportal.crf.outcomes import Problem

HEADINGS = ("case", "control", "set")
LARGEST = 2_000_000  # characters


def read(text: str) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The pairs, in order, and what is wrong with the file as a whole. Separated by comma, semicolon or tab."""
    text = text.lstrip("\ufeff").strip()
    if not text:
        return [], [Problem("pairs", "required", _("Paste the pairs, or choose the file."))]
    if len(text) > LARGEST or "\x00" in text:
        return [], [Problem("pairs", "file", _("This is no list of pairs: it is too long, or no text."))]
    first = text.splitlines()[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(map(str.strip, row))]
    except csv.Error:
        return [], [Problem("pairs", "file", _("The text is no CSV. Write one pair a line, case,control."))]
    headings = [cell.strip().lower() for cell in rows[0]] if rows else []
    if "case" not in headings or "control" not in headings:
        return [], [
            Problem(
                "pairs",
                "headings",
                _("The first line names the columns: case, control and, if there is one, set."),
            )
        ]
    if unknown := [cell for cell in headings if cell not in HEADINGS]:
        return [], [
            Problem(
                "pairs",
                "headings",
                _("There is no column %s here. Columns: case, control, set.") % ", ".join(unknown)[:100],
            )
        ]
    pairs, problems = [], []
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(headings):
            problems.append(
                Problem(
                    f"pairs.{number - 1}",
                    "columns",
                    _("%(found)d columns instead of %(wanted)d.")
                    % {"found": len(row), "wanted": len(headings)},
                )
            )
            continue
        pairs.append({name: cell.strip() for name, cell in zip(headings, row, strict=True)})
    return pairs, problems
