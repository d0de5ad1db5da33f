"""What judges is pure: no Django behind a rule, a check, a bar or a criterion."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import apps.celldose

PURE = ("rules.py", "checks.py", "lifecycle.py", "release.py")


@pytest.mark.parametrize("name", PURE)
def test_no_django_and_no_records(name: str) -> None:
    tree = ast.parse((Path(apps.celldose.__file__).parent / name).read_text())
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    ]
    allowed = ("apps.celldose.rules", "studyportal.crf.outcomes")
    assert not [
        one for one in imported if one.startswith(("django", "apps.", "studyportal.")) and one not in allowed
    ]
