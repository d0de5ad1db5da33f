import re
from datetime import date

import pytest
from django.template.loader import render_to_string

from studyportal.ui.charts import Band, Bar, BarList, LineChart, Mark, Point, ProfileChart, ProfileDay, Series
from studyportal.ui.drawing.line import placed_marks
from studyportal.ui.drawing.parts import marker_path, number_text, segments
from studyportal.ui.drawing.scales import Linear
from studyportal.ui.gallery import bar_list, dated_chart, line_chart, profile_chart


def test_a_profile_day_must_have_a_reading_or_none_for_each_slot():
    with pytest.raises(ValueError, match="12 Nov has 1 readings for 2 slots"):
        ProfileChart("p", "Glucose", ("Fasting", "Bedtime"), (ProfileDay("12 Nov", (100,)),))


def test_a_bar_cannot_be_negative():
    with pytest.raises(ValueError, match="Falls"):
        BarList("b", "Events", (Bar("Falls", -1),))


@pytest.mark.parametrize(
    ("places", "paths"),
    [
        ([], ()),
        ([(0, 1)], ()),
        ([(0, 1), (2, 3)], ("M0 1L2 3",)),
        ([(0, 1), (2, 3), None, (4, 5), (6, 7)], ("M0 1L2 3", "M4 5L6 7")),
        ([None, (0, 1), None, (4, 5), None], ()),
    ],
)
def test_gaps_break_the_line(places: list[tuple[float, float] | None], paths: tuple[str, ...]):
    assert segments(places) == paths


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "—"), (7.0, "7"), (7.25, "7.25"), (-0.0001, "0"), (-1.5, "−1.5"), (1200, "1200")],
)
def test_numbers_for_people(value: float | None, text: str):
    assert number_text(value) == text


def test_series_differ_by_shape_not_only_by_colour():
    assert len({marker_path(shape, 5, 5) for shape in ("circle", "square", "triangle", "diamond")}) == 4


def test_every_mark_stays_within_the_drawing():
    for layout in line_chart().layouts:
        frame = layout.frame
        for series in layout.series:
            for spot in series.spots:
                assert frame.left <= spot.x <= frame.right
                assert frame.top <= spot.y <= frame.bottom


def test_a_missing_value_is_a_gap_in_the_line_and_a_dash_in_the_table():
    chart = LineChart(
        "x", "HbA1c", (Series("Her", (Point(0, 9.1), Point(3, None), Point(6, 7.2), Point(9, 7))),), "%"
    )
    drawn = chart.layouts[0].series[0]
    assert (len(drawn.paths), len(drawn.spots)) == (1, 3)
    assert ("3", "—") in chart.table.rows


def test_the_table_joins_series_and_marks_by_time():
    chart = LineChart(
        "x", "Insulin", (Series("Her", (Point(date(2016, 8, 3), 52),)),), "U/d",
        events=(Mark(date(2016, 11, 12), "Infusion 1"),),
    )  # fmt: skip
    assert chart.table.columns == ("", "Her (U/d)", "")
    assert chart.table.rows == (("3 Aug 2016", "52", ""), ("12 Nov 2016", "", "Infusion 1"))


def test_an_open_band_near_the_values_is_visible():
    chart = LineChart(
        "x", "HbA1c", (Series("Her", (Point(0, 9), Point(6, 7.1))),), bands=(Band("Target", None, 7),)
    )
    assert all(layout.bands[0].height > 5 for layout in chart.layouts)


def test_a_far_band_does_not_squeeze_the_values():
    chart = LineChart(
        "x", "CRP", (Series("Her", (Point(0, 1), Point(6, 2))),), bands=(Band("Sepsis", 100, None),)
    )
    assert chart.layouts[0].frame.y_ticks[-1].label == "2.0"
    assert chart.layouts[0].bands == ()


def test_a_single_value_and_no_value_can_be_drawn():
    single = LineChart("x", "HbA1c", (Series("Her", (Point(0, 9),)),))
    assert single.layouts[0].series[0].spots
    assert LineChart("x", "HbA1c", (Series("Her", ()),)).is_empty


def test_labels_of_marks_do_not_overlap_and_become_numbers_when_too_many():
    scale = Linear(0, 100, 0, 300)
    marks, numbered = placed_marks(
        [Mark(0, "Infusion 1"), Mark(5, "Infusion 2"), Mark(60, "Infusion 3")], scale, 300
    )
    assert [mark.row for mark in marks] == [0, 1, 0]
    assert not numbered
    marks, numbered = placed_marks([Mark(n, f"Infusion {n}") for n in range(9)], scale, 300)
    assert numbered
    assert [mark.label for mark in marks] == [str(n) for n in range(1, 10)]


def test_quartiles_of_a_slot():
    slot = profile_chart().layouts[0].slots[0]
    assert (slot.n, slot.lower, slot.median, slot.upper) == (4, 125.75, 135, 145.25)
    assert slot.box_height > 0


def test_long_labels_of_bars_wrap_in_the_narrow_drawing():
    wide, narrow = bar_list().layouts
    assert len(wide.bars[0].lines) == 1
    assert len(narrow.bars[0].lines) == 2
    assert narrow.height > wide.height


@pytest.mark.parametrize(
    ("template", "chart"),
    [("line", line_chart()), ("line", dated_chart()), ("profile", profile_chart()), ("bars", bar_list())],
)
def test_drawings_speak_and_carry_their_numbers(template: str, chart: object):
    html = render_to_string(f"ui/charts/{template}.html", {"chart": chart})
    assert html.count('role="img"') == 2
    assert html.count("<details") == 1
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids)) == 4
    for labelled in re.findall(r'aria-labelledby="([^"]+)"', html):
        assert set(labelled.split()) <= set(ids)
    assert " style=" not in html


def test_drawings_keep_decimal_points_in_every_language(settings):
    from django.utils import translation

    with translation.override("de"):
        html = render_to_string("ui/charts/line.html", {"chart": line_chart()})
    assert not re.search(r'(?:x1|x2|y1|y2|width|height|x|y)="\d+,\d', html)
