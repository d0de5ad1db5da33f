"""What judges is pure: no Django behind a rule, a check, a bar or a criterion."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import apps.celldose

HOME = Path(apps.celldose.__file__).parent
PURE = [
    *HOME.glob("rules/*.py"),
    *HOME.glob("checks/*.py"),
    *HOME.glob("lifecycle/*.py"),
    HOME / "release.py",
]


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(HOME)))
def test_no_django_and_no_records(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    ]
    allowed = (
        "apps.celldose.rules",
        "apps.celldose.checks",
        "apps.celldose.lifecycle",
        "studyportal.crf.outcomes",
        "studyportal.crf.moments",
        "studyportal.words",
    )
    assert not [
        one
        for one in imported
        if one.startswith(("django", "apps.", "studyportal.")) and not one.startswith(allowed)
    ]
