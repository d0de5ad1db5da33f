"""Charts as plain data: what is to be shown, and where each mark stands. Pure; no Django.

A chart object holds what a page knows (series, bands, marks). `layouts` computes the drawing twice, for wide and
for narrow places; the stylesheet shows the one that fits. `table` is the same content as rows, for those who read
numbers. Templates: `ui/charts/line.html`, `profile.html`, `bars.html`.
"""

from studyportal.ui.drawing.bars import Bar, BarList
from studyportal.ui.drawing.line import LineChart
from studyportal.ui.drawing.parts import Band, DataTable, Mark, Point, Series
from studyportal.ui.drawing.profile import ProfileChart, ProfileDay

__all__ = [
    "Band",
    "Bar",
    "BarList",
    "DataTable",
    "LineChart",
    "Mark",
    "Point",
    "ProfileChart",
    "ProfileDay",
    "Series",
]
