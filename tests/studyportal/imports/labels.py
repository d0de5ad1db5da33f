"""A small import of the tests: participants by label, with the day of enrolment and a note that goes nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apps.enrolment import rules
from apps.enrolment.models import CodeSequence, Participant
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
        CodeSequence.objects.get_or_create(site=site)
        CodeSequence.objects.select_for_update().get(site=site)
    there = {
        participant.label: participant
        for participant in Participant.objects.filter(
            site=site, label__in=[row.values["label"] for row in rows]
        )
    }
    for row in rows:
        found = there.get(row.values["label"])
        wanted = row.values.get("enrolled_on")
        if row.values.get("group") == "control" and wanted is None:
            yield Verdict("refused", (Problem("enrolled_on", "needed", "A control has a day."),))
        elif found is None:
            yield Verdict("ready")
        elif wanted is None or found.enrolled_on == wanted:
            yield Verdict("same", target=found)
        else:
            before = str(found.enrolled_on or "")
            difference = Difference("enrolled_on", before, str(wanted), bool(before))
            yield Verdict("changed", differences=(difference,), target=found)


def commit(
    new: Sequence[Judged], changed: Sequence[Judged], *, site: Any, by: Any, reason: Any
) -> Mapping[int, str]:
    sequence = CodeSequence.objects.get(site=site)
    first = sequence.last + 1
    sequence.last += len(new)
    sequence.save()
    codes = {
        one.row.line: rules.participant_code(site.code, number) for number, one in enumerate(new, start=first)
    }
    now = Participant._meta.get_field("created_at").pre_save(Participant(), True)
    names = ("site", "code", "group", "status", "synthetic", "retrospective", "label", "enrolled_on", "version",
             "registered_by", "created_at", "updated_at")  # fmt: skip
    tables.insert(
        Participant, names,
        ((site.pk, codes[one.row.line], one.row.values.get("group") or "unassigned", "screening", False, False,
          one.row.values["label"], one.row.values.get("enrolled_on"), 1, by.pk, now, now) for one in new),
    )  # fmt: skip
    for one in changed:
        one.verdict.target.enrolled_on = one.row.values["enrolled_on"]
        one.verdict.target.version += 1
        one.verdict.target.save()
        codes[one.row.line] = one.verdict.target.code
    return codes


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
