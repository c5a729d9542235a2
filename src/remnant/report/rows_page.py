"""The page of one area's rows: the finding in words, two maps, the figures, what was left out."""

from __future__ import annotations

import base64
import io
from typing import Any

import matplotlib as mpl
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure

from remnant.field.rows import Estimate, RowAnswer, p_in_row, row_lines

_SCALE = (
    "#fff1bd",
    "#fdcf7f",
    "#f79a4f",
    "#dd5a3d",
    "#a8234f",
    "#5b0f52",
)  # as the map styles; never green for low
_STYLE: Any = {
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.color": "#c3cad8",
    "hatch.linewidth": 0.6,
}
_LINE_DRAWS = 40


def render_rows(answer: RowAnswer) -> str:
    """The page as one HTML text that needs nothing else."""
    summary = answer.summary
    total = summary.missing[-1]
    shares = [(k, p) for k, p in enumerate(summary.p_num_rows) if p >= 0.005]
    last = len(summary.p_num_rows) - 1
    template = Environment(
        loader=PackageLoader("remnant.report"), autoescape=True, undefined=StrictUndefined
    ).get_template("rows.html.j2")
    return template.render(
        area=answer.evidence.area_id,
        case=answer.case_name,
        as_of=answer.as_of.isoformat(),
        words=summary.words,
        total=f"{total.q05:.0f} to {total.q95:.0f} items (90 % interval, middle {total.median:.0f})",
        p_any_missing=_percent(summary.p_any_missing),
        weak=summary.disagreement > 0.3,
        disagreement=_percent(summary.disagreement),
        picture=base64.b64encode(_picture(answer)).decode(),
        lines=_LINE_DRAWS,
        cell=f"{answer.evidence.ground.cell_m:g}",
        figures=[_row(e) for e in (*summary.pattern, *summary.missing)],
        num_rows=", ".join(f"{k}{' or more' if k == last else ''}: {_percent(float(p))}" for k, p in shares),
        num_finds=answer.evidence.finds.x_m.size,
        searched=_percent(answer.evidence.searched_share),
        notes=answer.evidence.notes,
        version=answer.version,
        seed=answer.seed,
    )


def _percent(share: float) -> str:
    if 0.0 < share < 0.005 or 0.995 < share < 1.0:
        return "below 1 %" if share < 0.5 else "above 99 %"
    return f"{100.0 * share:.0f} %"


def _row(estimate: Estimate) -> tuple[str, str, str, str]:
    unit = "" if estimate.unit == "1" else f" [{estimate.unit}]"
    points = (estimate.q05, estimate.median, estimate.q95)
    digits = 0 if estimate.unit in ("items", "rows", "°") else 2
    texts = ["unknown" if np.isnan(p) else f"{p:.{digits}f}" for p in points]
    return f"{estimate.name}{unit}", texts[0], texts[1], texts[2]


def _picture(answer: RowAnswer) -> bytes:
    ground = answer.evidence.ground
    ny, nx = ground.inside.shape
    wide = nx >= 1.6 * ny
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9.5, 9.5 if wide else 5.2), layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(2, 1) if wide else figure.subplots(1, 2)
        _draw_rows(left, answer)
        shown = np.ma.masked_invalid(np.maximum(answer.missing.p_any, 1e-5))
        colours = LinearSegmentedColormap.from_list("chance", _SCALE)
        extent = (
            ground.left_m,
            ground.left_m + nx * ground.cell_m,
            ground.top_m - ny * ground.cell_m,
            ground.top_m,
        )
        scale = LogNorm(max(float(shown.min()), 1e-4), max(float(shown.max()), 1e-3))
        drawn = right.imshow(shown, extent=extent, cmap=colours, norm=scale, interpolation="nearest")
        figure.colorbar(drawn, ax=right, label="chance of a missing item in the cell", shrink=0.8)
        right.set_title("what is missing", loc="left")
        for axes in (left, right):
            axes.set_xlim(extent[:2])
            axes.set_ylim(extent[2:])
            axes.set_aspect("equal")
            axes.ticklabel_format(style="plain", useOffset=False)
            axes.tick_params(labelsize=7)
            axes.locator_params(nbins=4)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=140, metadata={"Software": None})
    return file.getvalue()


def _draw_rows(axes: Axes, answer: RowAnswer) -> None:
    posterior, ground, finds = answer.posterior, answer.evidence.ground, answer.evidence.finds
    x, y = ground.centres()
    searched = np.where(ground.inside, ground.p_found.mean(axis=0), 0.0)
    if (searched > 0.0).any() and searched.shape[0] > 1 and searched.shape[1] > 1:
        axes.contourf(x, y, searched, levels=[1e-6, 1.0], colors=["#eef1f6"], hatches=["///"])
    axes.contour(
        x,
        y,
        np.pad(ground.inside, 1)[1:-1, 1:-1].astype(float),
        levels=[0.5],
        colors="#4a4a4a",
        linewidths=0.8,
    )
    draws = np.unique(np.linspace(0, posterior.num_belts.size - 1, _LINE_DRAWS, dtype=np.int64))
    for draw in draws.tolist():
        for ends in row_lines(posterior, draw):
            axes.plot(ends[:, 0], ends[:, 1], color="#3b5b8c", linewidth=0.7, alpha=0.35, zorder=2)
    chance = p_in_row(posterior)
    shade = LinearSegmentedColormap.from_list("row", ("#f2a34b", "#5b0f52"))
    axes.scatter(
        finds.x_m,
        finds.y_m,
        c=chance,
        cmap=shade,
        vmin=0.0,
        vmax=1.0,
        s=14,
        zorder=3,
        edgecolors="white",
        linewidths=0.4,
    )
    axes.set_title("finds, and rows that may hold them", loc="left")
