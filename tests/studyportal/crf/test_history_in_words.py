"""A record's history on its page: words and units instead of what the database holds."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from studyportal.audit.selectors import Change, FieldChange
from studyportal.crf import registry
from studyportal.crf.display import history_in_words


def told(key: str, **fields: tuple[Any, Any]) -> dict[str, tuple[str, str]]:
    change = Change(
        at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        label="update",
        by="asha",
        source="page",
        reason="",
        request="",
        fields=tuple(FieldChange(name, name, *values) for name, values in fields.items()),
    )
    return {
        one.name: (one.before, one.after) for one in history_in_words(registry.get(key), [change])[0].fields
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # Where the record belongs never changes, so nobody needs to read its numbers.
        ({"site": (None, 1), "participant": (None, 1), "visit": (None, 1)}, {}),
        ({"weight": (Decimal("61.0"), Decimal("61.2"))}, {"weight": ("61.0 kg", "61.2 kg")}),
        ({"absent": ({}, {"weight": "not_done"})}, {"weight": ("", "Not done")}),
        (
            {"weight": (Decimal("61.0"), None), "absent": ({}, {"weight": "not_done"})},
            {"weight": ("61.0 kg", "Not done")},
        ),
        (
            {
                "weight": (None, Decimal("61.0")),
                "absent": ({"weight": "not_done", "height": "refused"}, {"height": "refused"}),
            },
            {"weight": ("Not done", "61.0 kg")},
        ),
        ({"status": ("incomplete", "complete")}, {"status": ("Incomplete", "Complete")}),
        ({"absent": (None, None)}, {}),
    ],
)
def test_vital_signs(fields: dict[str, Any], expected: dict[str, tuple[str, str]]) -> None:
    assert {
        name: tuple(v.replace("\u202f", " ").replace("\u00a0", " ") for v in pair)
        for name, pair in told("vital-signs", **fields).items()
    } == expected


def test_codes_are_words() -> None:
    assert told("lifestyle", exercise_intensity=("light", "moderate"))["exercise_intensity"] == (
        "Light",
        "Moderate",
    )


def test_what_a_record_does_not_belong_to_is_not_named() -> None:
    """An event without a visit once read “None” below its title."""
    from apps.safety.crfs import ADVERSE_EVENT
    from apps.safety.models import AdverseEvent
    from studyportal.crf.display import parents_in_words

    assert parents_in_words(ADVERSE_EVENT, AdverseEvent()) == []
