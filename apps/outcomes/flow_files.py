"""The flow as files: CSV, SVG, PNG and the content of the JSON. Each carries its provenance."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from apps.outcomes import flow_words
from apps.outcomes.flow_counting import Counted
from apps.outcomes.flow_drawing import Drawing, draw
from apps.outcomes.statistics.flow import Counts, Step
from studyportal.api.csv_cells import as_csv

CSV_COLUMNS = (
    "step", "step_label", "follows", "group", "visit", "site", "what", "reason", "reason_label", "n",
    "as_of", "read_at", "protocol_version", "code_version", "sites", "synthetic",
)  # fmt: skip
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
    "png": "image/png",
}
PNG_DPI = 160


def figure(counted: Counted, *, notes: bool) -> Drawing:
    """The drawing; with `notes`, its provenance and how to read it stand below."""
    lines = (counted.line(), *reading_notes()) if notes else ()
    return draw(counted.flow, flow_words.words(), notes=lines)


def reading_notes() -> tuple[str, ...]:
    return (
        _(
            "Who is enrolled has passed every step before it. A missed visit ends nobody: a person is at a visit when it "
            "was done or missed, when a later one was done, or when its window closed without a record."
        ),
        _(
            "Beside an arrow: who was at the step before and went no further, one reason each; dashed, who is not yet due or "
            "not yet decided."
        ),
        _(
            "A control who is treated later is censored among the controls on that day and counted among the cases from "
            "then on; the persons in a group are those of the arrow and those who came over."
        ),
    )


def body_of(kind: str, counted: Counted) -> bytes:
    """The bytes of a file. kind: csv, svg or png."""
    if kind == "csv":
        return as_csv(CSV_COLUMNS, rows_of(counted)).encode()
    if kind == "svg":
        return svg_of(counted).encode()
    return png_of(counted)


def name_of(kind: str, counted: Counted) -> str:
    where = counted.asked.site or ("study" if counted.whole_study else "sites")
    return f"flow_{where}_{counted.flow.as_of.isoformat()}.{kind}"


def rows_of(counted: Counted) -> Iterator[tuple[object, ...]]:
    """One row per step × site × what is counted × reason, with the provenance in every row.

    what: n, joined, done, missed, no_record, recorded, unrecorded, lost, pending or crossed.
    """
    provenance = counted.provenance
    tail = (
        provenance["as_of"],
        provenance["read_at"],
        provenance["protocol_version"],
        provenance["code_version"],
        ";".join(provenance["sites"]),
        provenance["synthetic"],
    )
    for step in counted.flow.steps:
        plan = step.plan
        head = (plan.key, flow_words.step_label(plan), plan.parent, plan.group, plan.visit)
        for site, counts in step.sites.items():
            yield *head, site, "n", "", "", counts.n, *tail
            if counts.joined:
                yield *head, site, "joined", "", "", counts.joined, *tail
            for name, number in counts.manner.items():
                yield *head, site, name, "", "", number, *tail
            for what, reasons in (
                ("lost", counts.lost),
                ("pending", counts.pending),
                ("crossed", counts.crossed),
            ):
                for reason, number in reasons.items():
                    label = flow_words.reason_label(reason)
                    yield *head, site, what, reason, label, number, *tail


def svg_of(counted: Counted) -> str:
    """A figure that stands by itself: light, with its own font and without a stylesheet."""
    drawing = figure(counted, notes=True)
    context = {"drawing": drawing, "title": title_of(counted), "desc": flow_words.summary(counted.flow)}
    return render_to_string("outcomes/flow_file.svg", context).strip() + "\n"


def title_of(counted: Counted) -> str:
    return _("Flow of participants, %(sites)s, as of %(day)s") % {
        "sites": counted.asked.site or ", ".join(counted.sites),
        "day": counted.flow.as_of.isoformat(),
    }


def png_of(counted: Counted) -> bytes:
    """The same layout drawn by matplotlib, which is brought only here. Its font has no Devanagari: English."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Polygon, Rectangle

    with translation.override("en"):
        drawing = figure(counted, notes=True)
    margin = 16
    width, height = drawing.width + 2 * margin, drawing.height + 2 * margin
    picture = Figure(figsize=(width / 96, height / 96), dpi=PNG_DPI, facecolor="white")
    FigureCanvasAgg(picture)
    axes = picture.add_axes((0, 0, 1, 1))
    axes.set_xlim(-margin, drawing.width + margin)
    axes.set_ylim(drawing.height + margin, -margin)
    axes.set_axis_off()
    for arrow in drawing.arrows:
        xs, ys = zip(*arrow.points, strict=True)
        axes.add_line(
            Line2D(xs, ys, color="#333333", linewidth=0.9, linestyle="--" if arrow.dashed else "-", zorder=1)
        )
        axes.add_patch(
            Polygon(_triangle(arrow.head_path), closed=True, color="#333333", linewidth=0, zorder=2)
        )
    for box in drawing.boxes:
        axes.add_patch(
            Rectangle(
                (box.x, box.y), box.width, box.height, facecolor="white", edgecolor="#333333",
                linewidth=1.6 if box.kind == "analysed" else 0.9,
                linestyle="--" if box.kind == "pending" else "-", zorder=2,
            )
        )  # fmt: skip
    for line in (*(line for box in drawing.boxes for line in box.lines), *drawing.notes):
        axes.text(
            line.x, line.y, line.text, fontsize=7.6, color="#1a1a1a", zorder=3, parse_math=False,
            fontweight="bold" if line.strong else "normal",
            horizontalalignment="center" if line.anchor == "middle" else "left", verticalalignment="baseline",
        )  # fmt: skip
    out = io.BytesIO()
    picture.savefig(out, format="png", metadata={"Title": title_of(counted), "Description": counted.line()})
    return out.getvalue()


def _triangle(path: str) -> list[tuple[float, float]]:
    """The corners of `Arrow.head_path`."""
    corners = [part.split(" ") for part in path.removeprefix("M").removesuffix("z").split("L")]
    return [(float(x), float(y)) for x, y in corners]


def as_json(counted: Counted) -> dict[str, Any]:
    """The answer of the API: provenance, and every step with its arrow, in all and by site."""
    return {
        "provenance": counted.provenance,
        "reconciles": not counted.differences,
        "differences": list(counted.differences),
        "primary_visit": counted.flow.primary,
        "steps": [_step(step) for step in counted.flow.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    plan = step.plan
    return {
        "key": plan.key,
        "label": flow_words.step_label(plan),
        "kind": plan.kind,
        "follows": plan.parent or None,
        "group": plan.group or None,
        "visit": plan.visit or None,
        **_counts(step.counts),
        "sites": {site: _counts(counts) for site, counts in step.sites.items()},
    }


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        "n": counts.n,
        "joined": counts.joined,
        "manner": dict(counts.manner),
        "lost": _reasons(counts.lost),
        "pending": _reasons(counts.pending),
        "gone": _reasons(counts.gone),
        "waiting": counts.waiting,
        "treated_later": dict(counts.crossed),
    }


def _reasons(reasons: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"reason": code, "label": flow_words.reason_label(code), "n": number}
        for code, number in reasons.items()
    ]
