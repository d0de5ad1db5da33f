from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from studyportal.ui.icons import ICONS
from studyportal.ui.states import STATES, TONES, state_of
from studyportal.ui.templatetags.ui_tags import (
    attributes,
    human_date,
    human_date_text,
    human_unit_text,
    icon,
    quantity,
)


class Partial:
    """As `crf.PartialDate` shows itself."""

    precision = "month"

    def __str__(self) -> str:
        return "2016-11"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        ("", "—"),
        ("2016-13", "2016-13"),
        ("soon", "soon"),
        ("2016-11-03", "3 Nov 2016"),
        ("2016-11", "Nov 2016"),
        ("2016", "2016"),
        ("age:12", "age 12"),
        (Partial(), "Nov 2016"),
        (date(2016, 11, 12), "12 Nov 2016"),
        (datetime(2016, 11, 12, 9, 5), "12 Nov 2016, 09:05"),
    ],
)
def test_dates_as_people_read_them(value: object, text: str):
    assert human_date_text(value) == text


def test_a_moment_is_shown_in_the_zone_of_the_site():
    with timezone.override("Asia/Kolkata"):
        assert human_date_text(datetime(2016, 11, 12, 20, 0, tzinfo=UTC)) == "13 Nov 2016, 01:30"
    assert human_date_text(datetime(2016, 11, 12, 20, 0, tzinfo=UTC)) == "12 Nov 2016, 20:00 UTC"


def test_a_date_carries_its_exact_value():
    assert human_date(date(2016, 11, 12)) == '<time datetime="2016-11-12">12 Nov 2016</time>'


def test_a_text_that_is_no_date_is_escaped():
    assert human_date("<b>") == "&lt;b&gt;"


@pytest.mark.parametrize(
    ("ucum", "text"),
    [
        ("", ""), ("1", ""), ("%", "%"), ("kg", "kg"), ("kg/m2", "kg/m²"), ("mm[Hg]", "mmHg"), ("Cel", "°C"),
        ("10*6", "10⁶"), ("10*6/kg", "10⁶/kg"), ("10*9/L", "10⁹/L"), ("[IU]/kg", "IU/kg"), ("/min", "/min"),
        ("U/kg/d", "U/kg/d"), ("ug/mL", "µg/mL"), ("10*6.{cells}", "10⁶ cells"), ("{score}", "score"), ("mmol/mol", "mmol/mol"),
        ("mL/min/{1.73_m2}", "mL/min/1.73 m2"), ("a", "years"), ("pmol/L", "pmol/L"),
    ],
)  # fmt: skip
def test_units_as_people_write_them(ucum: str, text: str):
    assert human_unit_text(ucum) == text


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "kg", "—"),
        (Decimal("61.20"), "kg", "61.20"),
        (7.4, "%", "7.4"),
        ("<0.1", "ng/mL", "&lt;0.1"),
        (1200, "", "1200"),
    ],
)
def test_a_number_comes_with_its_unit(value: object, unit: str, shown: str):
    html = quantity(value, unit)
    assert f">{shown}" in html
    assert (unit in html) == (value is not None)


def test_attributes_are_escaped_and_false_ones_left_out():
    html = attributes(
        {"hx-post": "/a?b=1&c=2", "required": True, "hidden": False, "title": None, "data-x": '"'}
    )
    assert html == ' required hx-post="/a?b=1&amp;c=2" data-x="&quot;"'
    assert attributes(None) == ""


@pytest.mark.parametrize(
    ("changes", "query"),
    [("page=2", "?group=case&page=2"), ("group=None", "?"), ('group="control"', "?group=control")],
)
def test_query_strings_are_rebuilt(changes: str, query: str):
    template = Template("{% load ui_tags %}{% query_string " + changes + " as q %}{{ q|safe }}")
    request = RequestFactory().get("/participants/?group=case")
    assert template.render(Context({"request": request})) == query


def test_icons_are_silent_unless_they_are_given_words():
    assert 'aria-hidden="true"' in icon("lock")
    assert 'aria-label="Locked &lt;"' in icon("lock", "Locked <")


def test_an_unknown_state_shows_its_own_words():
    assert state_of("half_done").label == "Half done"


@pytest.mark.parametrize("key", STATES)
def test_every_state_has_a_tone_an_icon_and_words(key: str):
    state = STATES[key]
    assert state.tone in TONES
    assert state.icon in ICONS
    assert str(state.label)


def test_a_card_takes_content():
    html = Template("{% load ui_tags %}{% card title=title %}<p>{{ x }}</p>{% endcard %}").render(
        Context({"x": "<i>", "title": "A <b>"})
    )
    assert "A &lt;b&gt;" in html
    assert "<p>&lt;i&gt;</p>" in html
