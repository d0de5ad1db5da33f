from __future__ import annotations

from collections.abc import Iterator

import pytest

from studyportal.imports import registry
from studyportal.imports.registry import Importer
from tests.studyportal.imports.labels import LABELS


@pytest.fixture
def labels() -> Iterator[Importer]:
    registry.register(LABELS)
    yield LABELS
    registry.forget(LABELS.key)
