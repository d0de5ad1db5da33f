"""The figure: nothing overlaps, everything is inside, every text has its place."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from apps.outcomes.flow_drawing import WIDTH, Words, draw
from apps.outcomes.statistics.flow import TREATED_LATER, Ending, FlowPlan, InGroup, Person, count
from apps.outcomes.statistics.plan import VisitPlan

BOTH = ("case", "control")
VISITS = tuple(
    VisitPlan(f"M{month}", f"Month {month}", 30 * month, 30 * month + 14, BOTH)
    for month in (1, 3, 6, 12, 18, 24)
)
PLAN = FlowPlan({"case": True, "control": False}, VISITS, "M12")
DAY0 = date(2024, 1, 1)
WORDS = Words(
    step=lambda step: step.key,
    reason=lambda code: code,
    manner=lambda step, counts: [f"{name} {n}" for name, n in counts.manner.items()],
    lost=lambda step, n: f"Went no further: n = {n}",
    pending=lambda step, n: f"Still pending: n = {n}",
    number=lambda n: f"n = {n}",
)


def people() -> list[Person]:
    said = {"eligible": True, "consented": True, "enrolled": True}
    many = [
        Person("a", "MUM", eligible=False, failing=("a_criterion_with_a_long_name_that_has_to_be_wrapped",)),
        Person("b", "MUM"),
        Person("c", "MUM", eligible=True, ended=Ending("declined")),
        Person("d", "MUM", **said),
    ]
    for number in range(60):
        ended = Ending(("withdrawn", "lost", "died")[number % 3], DAY0 + timedelta(days=20 * number))
        group = InGroup(
            "case" if number % 2 else "control",
            placed=number % 7 > 0,
            day0=DAY0,
            ended=ended if number % 4 else None,
            visits={"M3": "missed"} if number % 5 == 0 else {"M12": "done"},
            baseline=True,
            value=number % 3 > 0,
        )
        many.append(Person(f"p{number}", "MUM", groups=(group,), **said))
    control = InGroup("control", placed=True, day0=DAY0, ended=Ending(TREATED_LATER, DAY0))
    many.append(Person("x", "MUM", groups=(control, InGroup("case", came_from="control")), **said))
    return many


@pytest.mark.parametrize("persons", [[], people()])
def test_boxes_neither_overlap_nor_leave_the_picture(persons):
    drawing = draw(count(persons, PLAN, as_of=date(2026, 1, 1)), WORDS, notes=["A note. " * 40])
    boxes = drawing.boxes
    for box in boxes:
        assert box.x >= 0 and box.x + box.width <= WIDTH
        assert box.y >= 0 and box.bottom <= drawing.height
        for line in box.lines:
            assert box.y < line.y < box.bottom
    for index, one in enumerate(boxes):
        for other in boxes[index + 1 :]:
            apart = (
                one.x + one.width <= other.x
                or other.x + other.width <= one.x
                or one.bottom <= other.y
                or other.bottom <= one.y
            )
            assert apart, (one, other)
    assert all(line.y <= drawing.height for line in drawing.notes)


def test_arrows_go_down_or_aside_and_end_at_a_box():
    drawing = draw(count(people(), PLAN, as_of=date(2026, 1, 1)), WORDS)
    for arrow in drawing.arrows:
        for (x0, y0), (x, y) in pairwise(arrow.points):
            assert x0 == x or y0 == y
            assert y >= y0
        x, y = arrow.points[-1]
        assert any(
            (x in (box.x, box.x + box.width) and box.y <= y <= box.bottom)
            or (box.x <= x <= box.x + box.width and y == box.y)
            for box in drawing.boxes
        ), arrow


def test_no_arrow_crosses_a_box():
    drawing = draw(count(people(), PLAN, as_of=date(2026, 1, 1)), WORDS)
    for arrow in drawing.arrows:
        for (x0, y0), (x, y) in pairwise(arrow.points):
            for box in drawing.boxes:
                inside_x = min(x0, x) < box.x + box.width and max(x0, x) > box.x
                inside_y = min(y0, y) < box.bottom and max(y0, y) > box.y
                assert not (inside_x and inside_y), (arrow, box)


def test_every_number_of_the_flow_stands_in_the_figure():
    flow = count(people(), PLAN, as_of=date(2026, 1, 1))
    said = [line.text for box in draw(flow, WORDS).boxes for line in box.lines]
    for step in flow.steps:
        assert f"{step.key}: n = {step.counts.n}" in said
        if step.counts.lost:
            assert f"Went no further: n = {sum(step.counts.lost.values())}" in said
        if step.counts.pending:
            assert f"Still pending: n = {sum(step.counts.pending.values())}" in said


def test_who_came_over_is_drawn_between_the_groups():
    flow = count(people(), PLAN, as_of=date(2026, 1, 1))
    assert [arrow.dashed for arrow in draw(flow, WORDS).arrows].count(True) == 1
