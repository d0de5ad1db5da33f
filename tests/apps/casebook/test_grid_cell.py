"""The quick cell of the grid draws what the component draws."""

from __future__ import annotations

import re

import pytest
from django.template.loader import render_to_string

from apps.casebook.templatetags.casebook_tags import grid_cell
from studyportal.ui.parts import GridCell


@pytest.mark.parametrize(
    "cell",
    [
        GridCell(),
        GridCell("due", "/a/?key=M1&b=2"),
        GridCell("incomplete", "/a/", queries=1),
        GridCell("complete", "/a/", queries=3, label="2 records, <b>complete</b>"),
        GridCell("not_expected", "/a/", label="Only if it applies"),
        GridCell("missed"),
        GridCell("complete", "/a/", signature="signed"),
        GridCell("complete", "/a/", queries=2, signature="signature_broken"),
        GridCell("<script>", '"><script>'),
    ],
)
def test_same_as_the_component(cell: GridCell) -> None:
    component = render_to_string("ui/components/grid_cell.html", {"cell": cell})
    assert str(grid_cell(cell)) == re.sub(r">\s+<", "><", component.strip())
