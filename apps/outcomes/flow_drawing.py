"""The flow as a figure in the manner of STROBE: boxes, side boxes and arrows with their places. Pure; no Django.

One layout serves the page, the SVG file and the PNG file. The stages stand in the middle with their side boxes to
the right; below them one column for each of the two groups, level row by row, with side boxes outwards. Losses
have a solid frame, what is pending a dashed one. The visits after the primary one branch off at the inner side.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from apps.outcomes.statistics.flow import Counts, Flow, Step, StepPlan

WIDTH = 960
LINE = 15  # from one line of text to the next
PAD = 9  # between frame and text
GAP = 24  # the least height of an arrow
CHARACTER, STRONG = 6.1, 7.1  # the mean width of a character at 12 px, plain and strong
STAGE_X, STAGE_WIDTH = 350, 260
STAGE_SIDE_X, STAGE_SIDE_WIDTH = 640, 320
# Left of a column's boxes, of its side boxes, and the inner line past the primary visit, per column.
COLUMN_X, COLUMN_WIDTH = (230, 510), 220
SIDE_X, SIDE_WIDTH = (0, 750), 210
INNER_X = (465, 495)
NOTE_LINE = 14


@dataclass(frozen=True)
class Words:
    """What the figure says; whoever draws it gives the words in the reader's language."""

    step: Callable[[StepPlan], str]
    reason: Callable[[str], str]
    manner: Callable[[StepPlan, Counts], Sequence[str]]  # further lines of a box
    lost: Callable[[StepPlan, int], str]
    pending: Callable[[StepPlan, int], str]
    number: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Line:
    x: float
    y: float
    text: str
    strong: bool = False
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Box:
    """kind: step, analysed, lost or pending."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    lines: tuple[Line, ...]

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line through its points with a head at the last; dashed for people who change their group."""

    points: tuple[tuple[float, float], ...]
    dashed: bool = False
    head: bool = True

    @property
    def path(self) -> str:
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in self.points)

    @property
    def head_path(self) -> str:
        """A triangle at the end, along the last stretch."""
        (x0, y0), (x, y) = self.points[-2:]
        if x == x0:
            back = -7 if y > y0 else 7
            return f"M{x:g} {y:g}L{x - 4:g} {y + back:g}L{x + 4:g} {y + back:g}z"
        back = -7 if x > x0 else 7
        return f"M{x:g} {y:g}L{x + back:g} {y - 4:g}L{x + back:g} {y + 4:g}z"


@dataclass(frozen=True)
class Drawing:
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    notes: tuple[Line, ...]


def draw(flow: Flow, words: Words, *, notes: Sequence[str] = ()) -> Drawing:
    """The figure of a flow with two groups; `notes` stand below it, wrapped to its width."""
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    y = 1.0
    above: Box | None = None
    for step in (one for one in flow.steps if one.plan.kind == "stage"):
        if above is not None:
            y = _aside(step, words, above.middle, above.bottom, STAGE_SIDE_X, STAGE_SIDE_WIDTH, boxes, arrows)
        box = _box(step, words, STAGE_X, y, STAGE_WIDTH)
        if above is not None:
            arrows.append(Arrow(((above.middle, above.bottom), (box.middle, box.y))))
        boxes.append(box)
        above, y = box, box.bottom
    assert above is not None
    y = _columns(flow, words, above, boxes, arrows)
    lines: list[Line] = []
    for note in notes:
        for text in textwrap.wrap(note, int(WIDTH / CHARACTER)) or [""]:
            lines.append(Line(0, y + 24 + NOTE_LINE * len(lines), text))
    height = y + (30 + NOTE_LINE * len(lines) if lines else 6)
    return Drawing(WIDTH, int(height), tuple(boxes), tuple(arrows), tuple(lines))


def _columns(flow: Flow, words: Words, above: Box, boxes: list[Box], arrows: list[Arrow]) -> float:
    """The columns of the groups, drawn row by row; returns where they end."""
    columns = [flow.of_group(group) for group in flow.groups[: len(COLUMN_X)]]
    fork = above.bottom + GAP / 2
    y = above.bottom + GAP
    latest: list[dict[str, Box]] = [{} for _ in columns]
    for row in range(max((len(column) for column in columns), default=0)):
        here = [(number, column[row]) for number, column in enumerate(columns) if row < len(column)]
        if row:
            # What stands beside the arrows decides where the row begins, for all columns alike.
            y = max(
                _aside(
                    step, words, _stem(number, step, flow.primary), y, SIDE_X[number], SIDE_WIDTH,
                    boxes, arrows, leftwards=number == 0,
                )
                for number, step in here
            )  # fmt: skip
        ends = []
        for number, step in here:
            box = _box(step, words, COLUMN_X[number], y, COLUMN_WIDTH)
            boxes.append(box)
            before = latest[number].get(step.plan.parent)
            if before is None:
                arrows.append(
                    Arrow(((above.middle, above.bottom), (above.middle, fork), (box.middle, fork), (box.middle, y)))
                )  # fmt: skip
            elif _branches(step, flow.primary):
                inner, edge = INNER_X[number], COLUMN_X[number] + (COLUMN_WIDTH if number == 0 else 0)
                start, end = before.y + before.height / 2, box.y + box.height / 2
                arrows.append(Arrow(((edge, start), (inner, start), (inner, end), (edge, end))))
            else:
                arrows.append(Arrow(((before.middle, before.bottom), (box.middle, y))))
            latest[number][step.key] = box
            ends.append(box.bottom)
        if row == 0 and len(here) == len(COLUMN_X):
            _changes(here, latest, arrows)
        y = max(ends)
    return y


def _branches(step: Step, primary: str) -> bool:
    """Whether a step follows the primary visit past the box of who is analysed."""
    return step.plan.kind == "visit" and step.plan.parent == f"{step.plan.group}.{primary}"


def _stem(number: int, step: Step, primary: str) -> float:
    return INNER_X[number] if _branches(step, primary) else COLUMN_X[number] + COLUMN_WIDTH / 2


def _changes(
    here: Sequence[tuple[int, Step]], latest: Sequence[Mapping[str, Box]], arrows: list[Arrow]
) -> None:
    """A dashed arrow between the heads of the groups where people came over."""
    for number, step in here:
        if step.counts.joined:
            to, other = latest[number][step.key], 1 - number
            y = to.y + to.height / 2
            inner = (COLUMN_X[0] + COLUMN_WIDTH, COLUMN_X[1])
            arrows.append(Arrow(((inner[other], y), (inner[number], y)), dashed=True))


def _box(step: Step, words: Words, x: float, y: float, width: float) -> Box:
    counts = step.counts
    title = f"{words.step(step.plan)}: {words.number(counts.n)}"
    lines = [(text, True) for text in _wrapped(title, width, STRONG)]
    lines += [(text, False) for one in words.manner(step.plan, counts) for text in _wrapped(one, width)]
    kind = "analysed" if step.plan.kind == "analysed" else "step"
    return _framed(kind, x, y, width, lines, centred=True)


def _aside(
    step: Step,
    words: Words,
    stem: float,
    y: float,
    x: float,
    width: float,
    boxes: list[Box],
    arrows: list[Arrow],
    *,
    leftwards: bool = False,
) -> float:
    """Side boxes of the arrow to a step, from `y` down; returns where the step's own box begins."""
    sides = (
        ("lost", step.counts.lost, words.lost),
        ("pending", step.counts.pending, words.pending),
    )
    low = y + GAP / 2
    drawn = False
    for kind, counted, heading in sides:
        if not counted:
            continue
        lines = [(text, True) for text in _wrapped(heading(step.plan, sum(counted.values())), width, STRONG)]
        for reason, number in counted.items():
            said = f"{words.reason(reason)}: {words.number(number)}"
            lines += [(text, False) for text in _wrapped(said, width)]
        box = _framed(kind, x, low, width, lines, centred=False)
        boxes.append(box)
        edge = box.x + box.width if leftwards else box.x
        level = box.y + box.height / 2
        arrows.append(Arrow(((stem, level), (edge, level))))
        low, drawn = box.bottom + 8, True
    return low + 4 if drawn else y + GAP


def _wrapped(text: str, width: float, character: float = CHARACTER) -> list[str]:
    return textwrap.wrap(text, int((width - 2 * PAD) / character)) or [""]


def _framed(
    kind: str, x: float, y: float, width: float, lines: Sequence[tuple[str, bool]], *, centred: bool
) -> Box:
    at, anchor = (x + width / 2, "middle") if centred else (x + PAD, "start")
    placed = tuple(
        Line(at, y + PAD + 11 + LINE * index, text, strong, anchor)
        for index, (text, strong) in enumerate(lines)
    )
    return Box(kind, x, y, width, 2 * PAD + LINE * len(lines), placed)
