"""A small import of the tests: entries of the screening log by label, with a day, and a note that goes nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils import timezone

from apps.enrolment.actions.numbers import next_screening_numbers
from apps.enrolment.models import ScreeningEntry
from studyportal.access.permissions import Permission
from studyportal.crf.partial_date import PartialDate, PartialDateError
from studyportal.imports import tables
from studyportal.imports.cells import code, text
from studyportal.imports.errors import CellRefused
from studyportal.imports.registry import Column, Difference, Importer, Judged, Problem, Row, Verdict


def partial(raw: str) -> PartialDate:
    try:
        return PartialDate.parse(raw)
    except PartialDateError as error:
        raise CellRefused(error.code, str(error)) from None


def judge(rows: Sequence[Row], *, site: Any, by: Any, hold: bool) -> Iterator[Verdict]:
    if hold:
        next_screening_numbers(site, 0)
    labels = [row.values["label"] for row in rows]
    there = {one.source_key: one for one in ScreeningEntry.objects.filter(site=site, source_key__in=labels)}
    for row in rows:
        found = there.get(row.values["label"])
        wanted = row.values.get("enrolled_on")
        if row.values.get("group") == "control" and wanted is None:
            yield Verdict("refused", (Problem("enrolled_on", "needed", "A control has a day."),))
        elif found is None:
            yield Verdict("ready")
        elif wanted is None or found.screened_on == wanted:
            yield Verdict("same", target=found)
        else:
            before = str(found.screened_on or "")
            difference = Difference("enrolled_on", before, str(wanted), bool(before))
            yield Verdict("changed", differences=(difference,), target=found)


def commit(
    new: Sequence[Judged], changed: Sequence[Judged], *, site: Any, by: Any, reason: Any
) -> Mapping[int, str]:
    lines = [one.row.line for one in new]
    numbers = dict(zip(lines, next_screening_numbers(site, len(new)), strict=True))
    now = timezone.now()
    names = ("site", "number", "source_key", "screened_on", "considered_for", "sex", "referral", "outcome", "reason_code",
             "reason_text", "note", "synthetic", "retrospective", "version", "entered_by", "created_at", "updated_at")  # fmt: skip
    tables.insert(
        ScreeningEntry, names,
        ((site.pk, numbers[one.row.line], one.row.values["label"], one.row.values.get("enrolled_on"),
          one.row.values.get("group") or "", "", "", "open", "", "", "", False, True, 1, by.pk, now, now) for one in new),
    )  # fmt: skip
    for one in changed:
        one.verdict.target.screened_on = one.row.values["enrolled_on"]
        one.verdict.target.version += 1
        one.verdict.target.save()
        numbers[one.row.line] = one.verdict.target.number
    return numbers


LABELS = Importer(
    key="test-labels",
    title="Labels",
    permission=Permission.REGISTER_PARTICIPANTS,
    columns=(
        Column("label", "Label", required=True, read=text(60), help="The label.", example="A-17"),
        Column("enrolled_on", "Enrolled on", read=partial),
        Column("group", "Group", read=code(lambda: [("case", "Case"), ("control", "Control")])),
        Column("note", "Note", read=text(200, lines=True)),
    ),
    key_columns=("label",),
    judge=judge,
    commit=commit,
    holds_none="the labels hold none",
)
