"""Moments in addresses: read with their offset, refused by name when the calendar does not have them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from studyportal.api.filters import MomentField


@pytest.mark.parametrize(
    "text", ["nonsense", "2016-13-01T00:00", "9999-12-31T23:59:00-10:00", "0001-01-01T00:00:00+05:00"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        MomentField().clean(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2016-11-03T14:30+05:30", dt.datetime(2016, 11, 3, 9, 0, tzinfo=dt.UTC)),
        ("2016-11-03T14:30:00Z", dt.datetime(2016, 11, 3, 14, 30, tzinfo=dt.UTC)),
        # PostgreSQL refuses an offset beyond 15:59 hours.
        ("2016-11-03T00:00:00-22:22", dt.datetime(2016, 11, 3, 22, 22, tzinfo=dt.UTC)),
    ],
)
def test_a_moment_is_read_with_its_offset(text: str, moment: dt.datetime) -> None:
    assert MomentField().clean(text) == moment


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:00-10:00", "2016-11-03T00:00:00-22:22"])
def test_lists_answer_any_moment(cast: Any, api: Any, moment: str) -> None:
    answer = api(cast.asha).get("/api/v1/participants/", {"updated_since": moment})
    assert answer.status_code == (400 if moment.startswith("9999") else 200)
    if answer.status_code == 400:
        assert [error["field"] for error in answer.json()["errors"]] == ["updated_since"]
