"""Many rows at once: what is copied comes out as it went in."""

from __future__ import annotations

from typing import Any

import pytest

from studyportal.imports import actions, tables
from studyportal.imports.models import Upload, UploadRow

HARD = [
    "",
    "plain",
    'a "quoted" cell',
    "back\\slash",
    "\\N",
    "tab\there",
    "two\nlines",
    "\r\n",
    "{a,b}",
    "NULL",
    "नाव, é",
    "a','b",
]


@pytest.mark.django_db
def test_texts_come_out_as_they_went_in(cast: Any, labels: Any) -> None:
    upload: Upload = actions.upload(
        importer=labels, site=cast.mumbai, content=b"label\nA\n", file_name="a.csv", by=cast.asha
    )
    names = ("site", "upload", "line", "verdict", "cells", "problems", "differences", "written_as")
    rows = [
        [upload.site_id, upload.pk, 10 + n, "same", [one, one], "[]", "[]", one] for n, one in enumerate(HARD)
    ]
    rows.append([upload.site_id, upload.pk, 99, "same", [], tables.as_json([{"column": 'a"\\b'}]), "[]", ""])
    assert tables.insert(UploadRow, names, rows) == len(rows)
    found = UploadRow.objects.filter(line__gte=10)
    assert [(row.cells, row.written_as) for row in found if row.line < 99] == [
        ([one, one], one) for one in HARD
    ]
    assert (found.get(line=99).cells, found.get(line=99).problems) == ([], [{"column": 'a"\\b'}])
    changed = [[upload.pk, 10 + n, one] for n, one in enumerate(reversed(HARD))]
    assert tables.update(UploadRow, ("upload", "line"), ("written_as",), changed) == len(HARD)
    assert [row.written_as for row in found.all() if row.line < 99] == list(reversed(HARD))
    assert tables.insert(UploadRow, names, []) == 0
