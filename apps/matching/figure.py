"""The love plot as a file, by matplotlib: imported where it is asked for."""

from __future__ import annotations

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from apps.matching.loveplot import LovePlot


def png(plot: LovePlot, *, footnote: str = "") -> bytes:
    """300 dpi, black on white; before hollow and round, after filled and angular."""
    figure = Figure(figsize=(7.2, 1.6 + 0.36 * max(len(plot.lines), 1)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    places = list(range(len(plot.lines)))[::-1]
    axes.axvspan(-plot.limit, plot.limit, color="0.92", zorder=0, label=plot.words["limit"])
    axes.axvline(0, color="0.3", linewidth=0.8, zorder=1)
    for when, marker, face in (("before", "o", "white"), ("after", "D", "black")):
        shown = [
            (getattr(line, when), place)
            for line, place in zip(plot.lines, places, strict=True)
            if getattr(line, when) is not None
        ]
        axes.scatter(
            [x for x, _y in shown],
            [y for _x, y in shown],
            marker=marker,
            facecolors=face,
            edgecolors="black",
            s=34,
            zorder=3,
            label=plot.words[when],
        )
    axes.set_yticks(places, [line.label for line in plot.lines])
    axes.set_ylim(-0.7, len(plot.lines) - 0.3)
    reach = max(abs(x) for x in axes.get_xlim())
    axes.set_xlim(-reach, reach)
    axes.set_xlabel(plot.words["axis"])
    axes.set_title(plot.title, loc="left", fontsize=11)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=8)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if footnote:
        figure.supxlabel(footnote, fontsize=6.5, x=0.01, ha="left", color="0.3")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=300)
    return out.getvalue()
