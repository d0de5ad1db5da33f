"""Rows within a form: what is taken and refused, kept, shown, posted and exported."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import models
from django.http import QueryDict
from django.utils import timezone

from studyportal.crf import fields as f
from studyportal.crf.fields.rows import MOST_TOLD, RowsInvalid
from studyportal.crf.rows_view import EMPTY, rows_view


class Kind(models.TextChoices):
    ORAL = "oral", "By mouth"
    OTHER = "other", "Other"


def table(**more: Any) -> f.RowsField:
    made = f.RowsField(
        "Medicines",
        columns={
            "name": f.TextField("Medicine", max_length=20),
            "dose": f.QuantityField("Dose", unit="mg", decimals=1, minimum=0, maximum=1000),
            "kind": f.CodedField("Kind", codes=Kind, required=False),
            "since": f.PartialDateField("Since", required=False),
            "given": f.YesNoField("Given", required=False),
        },
        **more,
    )
    made.set_attributes_from_name("medicines")
    return made


FIXED = [{"planned": "-10"}, {"planned": "0"}, {"planned": "15"}]


def timed() -> f.RowsField:
    made = f.RowsField(
        "Samples",
        columns={
            "planned": f.CountField("Planned", unit="min", minimum=-60, maximum=600),
            "at": f.ClockField("At"),
        },
        fixed=lambda: FIXED,
    )
    made.set_attributes_from_name("samples")
    return made


ASPIRIN = {"name": "Aspirin", "dose": 75, "kind": "oral", "since": "2016-11", "given": True}
STORED = {
    "name": "Aspirin",
    "dose": "75.0",
    "kind": "oral",
    "since": "2016-11",
    "given": "true",
    "absent": {},
}


# --- refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("no rows", "type"),
        ("{}", "type"),
        ({"name": "Aspirin"}, "type"),
        (3, "type"),
        (True, "type"),
        ("[" * 100_000, "type"),
        ([{"name": "a"}] * 51, "max_rows"),
    ],
)
def test_what_is_no_list_of_rows_is_refused(raw: Any, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        table().parse(raw)
    assert refused.value.code == code
    assert not isinstance(refused.value, RowsInvalid)


@pytest.mark.parametrize(
    ("row", "place", "code"),
    [
        ("Aspirin", "medicines.1", "type"),
        (["Aspirin"], "medicines.1", "type"),
        ({"names": "Aspirin"}, "medicines.1.names", "unknown_field"),
        ({"name": "x" * 21}, "medicines.1.name", "max_length"),
        ({"name": "half \ud800"}, "medicines.1.name", "surrogate"),
        ({"name": "a\x00"}, "medicines.1.name", "nul_character"),
        ({"name": 7}, "medicines.1.name", "type"),
        ({"dose": "12,5"}, "medicines.1.dose", "ambiguous_number"),
        ({"dose": "-0.1"}, "medicines.1.dose", "min_value"),
        ({"dose": "1000.1"}, "medicines.1.dose", "max_value"),
        ({"dose": {"value": 75, "unit": "g"}}, "medicines.1.dose", "unit"),
        ({"kind": "rectal"}, "medicines.1.kind", "unknown_code"),
        ({"since": "2015-02-29"}, "medicines.1.since", "impossible_date"),
        ({"since": "2099-01-01"}, "medicines.1.since", "in_future"),
        ({"name": "a", "absent": {"dose": "because"}}, "medicines.1.dose", "absent_reason"),
        ({"name": "a", "absent": {"doses": "unknown"}}, "medicines.1.doses", "unknown_field"),
        ({"name": "a", "absent": "unknown"}, "medicines.1.absent", "type"),
        ({"dose": {"absent": ["unknown"]}}, "medicines.1.dose", "absent_reason"),
        ({"dose": 1, "absent": {"dose": "unknown"}}, "medicines.1.dose", "value_and_absent"),
    ],
)
def test_each_wrong_cell_is_named(row: Any, place: str, code: str) -> None:
    with pytest.raises(RowsInvalid) as refused:
        table().parse([row])
    assert (refused.value.cells[0].field_of("medicines"), refused.value.cells[0].code) == (place, code)


def test_every_wrong_cell_is_told_and_blank_rows_keep_the_numbers_of_the_page() -> None:
    with pytest.raises(RowsInvalid) as refused:
        table().parse(
            [{"name": "", "dose": " "}, {"name": "a", "dose": "x"}, {}, {"kind": "x", "given": "?"}]
        )
    assert [one.field_of("medicines") for one in refused.value.cells] == [
        "medicines.2.dose",
        "medicines.4.kind",
        "medicines.4.given",
    ]


def test_a_pasted_sheet_is_answered_within_limits() -> None:
    """5,000 cells with text in the number: too many rows are one message, many wrong cells are counted."""
    with pytest.raises(ValidationError) as refused:
        table().parse([{"name": "a", "dose": "text"}] * 2500)
    assert refused.value.code == "max_rows" and "2500" in refused.value.messages[0]
    wide = table(maximum=200)
    with pytest.raises(RowsInvalid) as many:
        wide.parse([{"name": "a", "dose": "text"}] * 150)
    assert len(many.value.cells) == MOST_TOLD + 1
    assert many.value.cells[-1].code == "more" and "50" in many.value.cells[-1].message


def test_no_two_fixed_rows_are_the_same() -> None:
    with pytest.raises(RowsInvalid) as refused:
        timed().parse([{"planned": 0, "at": "08:00"}, {"planned": "0", "at": "08:10"}])
    assert refused.value.cells[0].field_of("samples") == "samples.2.planned"
    assert refused.value.cells[0].code == "row_twice"


@pytest.mark.parametrize("column", [f.RowsField("Rows in rows"), f.TextField("T", derived=True)])
def test_what_cannot_be_a_column(column: Any) -> None:
    with pytest.raises(ValueError, match="cannot be a column"):
        f.RowsField("Rows", columns={"it": column})


# --- what is taken ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        (None, None),
        ("", None),
        ("null", None),
        ([], None),
        ("[]", None),
        ([{}, {"name": " ", "absent": {}}], None),
        ([ASPIRIN], [STORED]),
        (json.dumps([ASPIRIN]), [STORED]),
        ([{"name": {"value": "Aspirin"}, "dose": {"value": 75, "unit": "mg"}, "kind": "oral", "since": "2016-11",
           "given": "yes"}], [STORED]),
        ([{"name": "Aspirin", "dose": {"absent": "unknown"}}],
         [{"name": "Aspirin", "dose": None, "kind": None, "since": None, "given": None,
           "absent": {"dose": "unknown"}}]),
        ([{"name": "الأسبرين 💊"}],
         [{"name": "الأسبرين 💊", "dose": None, "kind": None, "since": None, "given": None, "absent": {}}]),
        ([{"since": "2016-02-29"}],
         [{"name": None, "dose": None, "kind": None, "since": "2016-02-29", "given": None, "absent": {}}]),
    ],
)  # fmt: skip
def test_rows_are_kept_as_texts(raw: Any, stored: Any) -> None:
    assert table().parse(raw) == stored


def test_what_is_kept_is_read_again_as_it_is() -> None:
    field = table()
    value = field.parse([ASPIRIN, {"name": "Iron", "absent": {"dose": "not_recorded"}}])
    assert field.parse(field.as_text(value)) == value
    assert field.parse(field.as_json(value)) == value
    assert field.as_json(value)[0] == ASPIRIN | {"dose": "75.0", "absent": {}}
    assert field.typed(value)[0].values["given"] is True
    json.dumps(value)


def test_a_cell_that_no_longer_fits_is_shown_as_it_was_written() -> None:
    """Limits that were narrowed later break no page."""
    field = table()
    old = [STORED | {"dose": "5000", "kind": "gone"}]
    assert field.typed(old)[0].values["dose"] == "5000"
    assert "5000" in field.for_people(old) and "gone" in field.for_people(old)
    assert field.as_json(old)[0]["dose"] == "5000"


def test_what_a_complete_form_lacks() -> None:
    field = table(minimum=2)
    value = field.parse([{"name": "Aspirin"}])
    assert [(place, code) for place, code, _said in field.lacking(value)] == [
        ("medicines.1.dose", "required"),
        ("medicines", "min_rows"),
    ]
    assert field.lacking(field.parse([ASPIRIN, ASPIRIN])) == []
    assert field.lacking(None) == []


def test_of_fixed_rows_all_stay_once_one_says_something() -> None:
    field = timed()
    assert field.parse([*FIXED]) is None
    value = field.parse([{"planned": "-10", "at": "7:50"}, *FIXED[1:]])
    assert value is not None
    assert [row["planned"] for row in value] == ["-10", "0", "15"]
    assert [place for place, _code, _said in field.lacking(value)] == ["samples.2.at", "samples.3.at"]


def test_a_moment_means_the_same_in_any_zone() -> None:
    field = f.RowsField("R", columns={"at": f.MomentField("At")})
    field.set_attributes_from_name("r")
    with timezone.override("Asia/Kolkata"):
        value = field.parse([{"at": "2016-11-03T08:00"}])
        assert value == [{"at": "2016-11-03T02:30:00Z", "absent": {}}]
        assert "08:00" in field.for_people(value)
    with timezone.override("UTC"):
        assert field.typed(value)[0].values["at"] == dt.datetime(2016, 11, 3, 2, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("7:05", "07:05"), ("07.05", "07:05"), ("2359", "23:59"), ("7h05", "07:05"), (" ", None)],
)
def test_times_of_day(typed: str, kept: str | None) -> None:
    assert f.ClockField("At").parse(typed) == kept


@pytest.mark.parametrize("typed", ["24:00", "7:60", "7", "noon", "07:05:00", "७:०५", "-1:00"])
def test_what_is_no_time_of_day(typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        f.ClockField("At").parse(typed)
    assert refused.value.code == "invalid_time"


# --- shown -----------------------------------------------------------------------------------------------


def test_rows_in_words() -> None:
    field = table()
    value = field.parse([ASPIRIN, {"name": "Iron", "absent": {"dose": "unknown"}}])
    assert field.for_people(value) == "1. Aspirin, 75.0 mg, By mouth, Nov 2016, Yes; 2. Iron, Unknown"


def test_a_history_shows_the_rows_that_changed() -> None:
    field = table()
    before = field.parse([{"name": "A"}, {"name": "B"}, {"name": "C"}])
    after = field.parse([{"name": "A"}, {"name": "B", "dose": 5}, {"name": "C"}, {"name": "D"}])
    assert field.changed_for_people(before, after) == ("2. B", "2. B, 5.0 mg; 4. D")
    assert field.changed_for_people(before, before) == ("", "")
    assert field.changed_for_people(None, before)[1] == "1. A; 2. B; 3. C"


# --- pages -----------------------------------------------------------------------------------------------


def posted(text: str) -> QueryDict:
    return QueryDict(text)


def test_what_a_browser_posts_in_the_order_of_the_page() -> None:
    field = table()
    raw = field.posted(
        posted("medicines-7-name=Iron&absent-medicines-7-dose=unknown&medicines-0-name=Aspirin&medicines-0-dose=75"
               "&medicines-x-name=no&other-0-name=no&medicines-12345-name=no")
    )  # fmt: skip
    assert [row["name"] for row in raw] == ["Aspirin", "Iron"]
    value = field.parse(raw)
    assert value is not None
    assert value[1]["absent"] == {"dose": "unknown"}
    assert field.posted(posted("")) == []
    assert field.posted(posted("medicines=[{}]")) == "[{}]"


def test_a_draft_keeps_the_cells() -> None:
    names = ["medicines-0-name", "absent-medicines-0-dose", "medicines-0-password", "csrfmiddlewaretoken"]
    assert table().controls(names) == names[:2]


def test_places_of_problems_lead_to_controls() -> None:
    field = table()
    assert field.place_of("medicines.2.dose") == ("medicines-1-dose", "Medicines, row 2, Dose")
    assert field.place_of("medicines.2") == ("medicines", "Medicines, row 2")
    assert field.place_of("medicines") is None
    assert field.place_of("other.2.dose") is None


def test_a_page_has_empty_rows_and_keeps_what_was_typed() -> None:
    field = table()
    value = field.parse([ASPIRIN])
    view = rows_view(field, value, None, {}, disabled=False)
    assert len(view.rows) == 1 + EMPTY
    assert [cell.name for cell in view.rows[0].cells][:2] == ["medicines-0-name", "medicines-0-dose"]
    assert view.rows[0].cells[4].value is True
    assert view.blank.cells[0].name == "medicines-__row__-name"
    assert len(rows_view(field, value, None, {}, disabled=True).rows) == 1
    assert len(rows_view(table(maximum=2), value, None, {}, disabled=False).rows) == 2
    typed = [{"name": "<b>x</b>", "dose": "1,5", "absent": {"since": "unknown"}}]
    again = rows_view(field, value, typed, {"medicines.1.dose": ["No."]}, disabled=False)
    assert (again.rows[0].cells[1].value, again.rows[0].cells[1].errors) == ("1,5", ["No."])
    assert again.rows[0].cells[3].absent == "unknown"


def test_fixed_rows_are_shown_and_not_added_to() -> None:
    view = rows_view(timed(), None, None, {}, disabled=False)
    assert view.fixed
    assert [row.cells[0].derived for row in view.rows] == ["-10 min", "0 min", "15 min"]
    assert view.rows[0].cells[0].widget == "fixed"


# --- exports ---------------------------------------------------------------------------------------------


def test_rows_have_columns_of_their_own() -> None:
    field = table()
    assert [column.name for column in field.columns()] == ["medicines_rows"]
    names = [column.name for column in field.row_columns()]
    assert names[:5] == ["row", "name", "name_absent", "dose", "dose_absent"]
    assert {"since", "since_precision", "since_from", "since_to"} <= set(names)
    free = {column.name for column in field.row_columns() if column.free_text}
    assert free == {"name"}, "typed text is guarded against formulas"
