"""The figures of a case's report: map, close-ups, curves over time. Same input, same bytes."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

from remnant.assessment import Assessment
from remnant.io.write_colours import AREA_BREAKS, CELL_BREAKS, OUTLINE, SCALE, UNKNOWN, class_labels

_WIDTH_IN = 7.4
_MAP_DPI = 190
_MAX_PIXELS = 1600  # of the picture of assessed ground; finer cells are joined
_GROUND = "#efece4"
_INK = "#1c1b22"
_NICE = (1.0, 2.0, 5.0)
_VISIBLE = 0.1  # least change, as a share of a panel's height, for which a log time axis is worth its oddness
_PANELS = ("explosive", "armed", "expired", "dud")
_LINE = {"explosive": "#5b0f52", "armed": "#b3234e", "expired": "#c9762b", "dud": "#5c5a66"}
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "svg.hashsalt": "remnant",
    "svg.fonttype": "path",
    "axes.edgecolor": "#8b8893",
    "axes.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "hatch.color": UNKNOWN,
}


def map_png(result: Assessment, close: Sequence[int], districts: gpd.GeoDataFrame | None) -> str | None:
    """The whole case as a PNG data URI; None where no hazard area has a place and no cell exists.

    Parameters
    ----------
    close
        Rows of the areas that the close-ups show; the map marks them A, B, …
    districts
        Outlines to draw, or None.
    """
    bounds = _bounds(result)
    if bounds is None:
        return None
    with mpl.rc_context(_STYLE):
        west, south, east, north = _padded(bounds, 0.03)
        height = float(np.clip(_WIDTH_IN * (north - south) / (east - west), 3.0, 9.0))
        figure = Figure(figsize=(_WIDTH_IN, height + 0.75))
        axes = figure.add_axes((0.005, 0.75 / (height + 0.75), 0.99, height / (height + 0.75) - 0.005))
        _frame(axes, (west, south, east, north), _WIDTH_IN * 0.99 / height)
        _draw_ground(axes, result)
        if districts is not None:
            _draw_outlines(axes, districts.geometry.to_numpy(), "#9b97a6", 0.7)
        _draw_areas(axes, result)
        for letter, row in zip("ABCDEF", close, strict=False):
            point = result.areas.geometry.iloc[row].representative_point()
            axes.annotate(
                letter, (point.x, point.y), xytext=(9, 9), textcoords="offset points", weight="bold", color=_INK,
                bbox={"boxstyle": "circle,pad=0.25", "fc": "white", "ec": _INK, "lw": 0.7},
                arrowprops={"arrowstyle": "-", "lw": 0.7, "color": _INK}, zorder=9,
            )  # fmt: skip
        _scale_bar(axes)
        _north_arrow(axes)
        _legend(figure, AREA_BREAKS, "Chance of at least one explosive item in the area", ground=True)
        return _png(figure)


def close_up_png(result: Assessment, close: Sequence[int]) -> str | None:
    """Cells in and around some areas as a PNG data URI; None where there are none."""
    if not close:
        return None
    with mpl.rc_context(_STYLE):
        columns = min(len(close), 3)
        lines = -(-len(close) // columns)
        side = _WIDTH_IN / columns
        height = lines * side + 0.65
        figure = Figure(figsize=(_WIDTH_IN, height))
        for k, row in enumerate(close):
            line, column = divmod(k, columns)
            axes = figure.add_axes(
                (
                    column / columns + 0.006,
                    (0.65 + (lines - 1 - line) * side + 0.04) / height,
                    1 / columns - 0.012,
                    (side - 0.08) / height,
                )
            )
            geometry = result.areas.geometry.iloc[row]
            _frame(axes, _padded(geometry.bounds, 0.25), 1.0)
            _draw_cells(axes, result)
            _draw_outlines(axes, result.areas.geometry.to_numpy(), OUTLINE, 0.7)
            _draw_outlines(axes, np.array([geometry], dtype=object), _INK, 1.6)
            axes.text(0.03, 0.97, "ABCDEF"[k], transform=axes.transAxes, va="top", weight="bold", size=10,
                      bbox={"boxstyle": "circle,pad=0.25", "fc": "white", "ec": _INK, "lw": 0.7}, zorder=9)  # fmt: skip
            _scale_bar(axes)
        cell = float(result.cells.attrs["cell_m"])
        _legend(
            figure, CELL_BREAKS, f"Chance of at least one explosive item in a cell of {cell:g} m × {cell:g} m"
        )
        return _png(figure)


def curve_svg(result: Assessment) -> tuple[str, bool] | None:
    """Items over time with their 90 % band as inline SVG, and whether the time axis is logarithmic."""
    curve = result.curve
    if curve.empty:
        return None
    years = np.array([(d - result.as_of).days / 365.25 for d in curve["date"]])
    is_log = _changes_early(curve, years)
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH_IN, 4.6), layout="constrained")
        grid = figure.subplots(2, 2, sharex=True)
        for axes, state in zip(grid.ravel(), _PANELS, strict=True):
            rows = (curve["state"] == state).to_numpy()
            _draw_curve(axes, result, curve[rows], years[rows], state, is_log=is_log)
        for axes in grid[1]:
            axes.set_xlabel(f"years after {result.as_of.isoformat()}" + (" (log scale)" if is_log else ""))
        return _svg(figure, "Number of items over time"), is_log


def _draw_curve(
    axes: Axes,
    result: Assessment,
    rows: pd.DataFrame,
    years: NDArray[np.float64],
    state: str,
    *,
    is_log: bool,
) -> None:
    order = np.argsort(years, kind="stable")
    x = years[order]
    low, mean, high = (rows[n].to_numpy(dtype=np.float64)[order] for n in ("q05", "mean", "q95"))
    axes.fill_between(x, low, high, color=_LINE[state], alpha=0.18, lw=0, label="90 % interval")
    axes.plot(x, mean, color=_LINE[state], lw=1.6, label="expected")
    asked = [(d - result.as_of).days / 365.25 for d in result.dates]
    inside = [a for a in asked if a <= x[-1]]
    axes.plot(
        inside,
        np.interp(inside, x, mean),
        "o",
        ms=4,
        mfc="white",
        mec=_LINE[state],
        clip_on=False,
        zorder=4,
        label="dates asked for",
    )
    axes.set_title(
        {"dud": "Duds", "explosive": "All explosive items"}.get(state, f"{state.capitalize()} items"),
        loc="left", size=9, weight="bold",
    )  # fmt: skip
    axes.set_ylabel("items")
    axes.set_ylim(0.0, max(1.0, 1.08 * float(np.nanmax(high, initial=0.0))))
    axes.yaxis.set_major_formatter(lambda v, _: f"{v:,.0f}" if v == round(v) else f"{v:g}")
    axes.grid(axis="y", color="#e3e0e8", lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if is_log:
        axes.set_xscale("symlog", linthresh=0.01)
        axes.set_xticks([0, 0.01, 0.1, 1, 10], ["0", "4 days", "5 weeks", "1", "10"])
        axes.minorticks_off()
    axes.set_xlim(0.0, float(x[-1]))
    if state == "explosive":
        axes.legend(frameon=False, fontsize=7, loc="upper right")


def _changes_early(curve: pd.DataFrame, years: NDArray[np.float64]) -> bool:
    """Whether some state makes most of a visible change in the first year, which a linear axis would hide."""
    for state in _PANELS:
        rows = (curve["state"] == state).to_numpy()
        x, mean = years[rows], curve.loc[rows, "mean"].to_numpy(dtype=np.float64)
        if not (x <= 0.0).any():
            continue
        first_year = abs(float(mean[np.argmax(np.where(x <= 1.0, x, -1.0))] - mean[np.argmin(x)]))
        if first_year > max(_VISIBLE * np.nanmax(mean, initial=0.0), 0.5 * np.ptp(mean)):
            return True
    return False


def _bounds(result: Assessment) -> tuple[float, float, float, float] | None:
    known = result.areas.geometry.dropna()
    if len(known):
        west, south, east, north = known.total_bounds
        return float(west), float(south), float(east), float(north)
    if not result.cells.sizes["cell"]:
        return None
    extent = _grid_extent(result, result.cells["row"].values, result.cells["col"].values)
    return extent[0], extent[2], extent[1], extent[3]


def _grid_extent(
    result: Assessment, row: NDArray[np.int64], col: NDArray[np.int64]
) -> tuple[float, float, float, float]:
    """West, east, south and north of a window of the grid. [m]"""
    attrs = result.cells.attrs
    size, left, top = float(attrs["cell_m"]), float(attrs["left_m"]), float(attrs["top_m"])
    return (
        left + float(col.min()) * size,
        left + float(col.max() + 1) * size,
        top - float(row.max() + 1) * size,
        top - float(row.min()) * size,
    )


def _padded(bounds: Sequence[float], share: float) -> tuple[float, float, float, float]:
    west, south, east, north = bounds
    pad = max(share * max(east - west, north - south), 50.0)
    return west - pad, south - pad, east + pad, north + pad


def _frame(axes: Axes, bounds: tuple[float, float, float, float], aspect: float) -> None:
    """Set limits that hold the bounds and fill a panel of that aspect (width over height)."""
    west, south, east, north = bounds
    width, height = max(east - west, (north - south) * aspect), max(north - south, (east - west) / aspect)
    x, y = 0.5 * (west + east), 0.5 * (south + north)
    axes.set_xlim(x - 0.5 * width, x + 0.5 * width)
    axes.set_ylim(y - 0.5 * height, y + 0.5 * height)
    axes.set_autoscale_on(False)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor("#fbfaf7")


def _draw_ground(axes: Axes, result: Assessment) -> None:
    """The ground that has cells, in one pale tone."""
    cells = result.cells
    if not cells.sizes["cell"]:
        return
    row, col = cells["row"].values.astype(np.int64), cells["col"].values.astype(np.int64)
    step = max(1, -(-int(max(np.ptp(row), np.ptp(col)) + 1) // _MAX_PIXELS))
    r, c = (row - row.min()) // step, (col - col.min()) // step
    picture = np.full((int(r.max()) + 1, int(c.max()) + 1), np.nan)
    picture[r, c] = 1.0
    west, _, _, north = _grid_extent(result, row, col)
    size = float(cells.attrs["cell_m"]) * step
    extent = (west, west + picture.shape[1] * size, north - picture.shape[0] * size, north)
    axes.imshow(picture, extent=extent, cmap=ListedColormap([_GROUND]), interpolation="nearest", zorder=1,
                aspect="equal")  # fmt: skip


def _draw_cells(axes: Axes, result: Assessment) -> None:
    """The cells inside the frame, coloured by the chance of any explosive item."""
    cells = result.cells
    attrs = cells.attrs
    size, left, top = float(attrs["cell_m"]), float(attrs["left_m"]), float(attrs["top_m"])
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    row, col = cells["row"].values, cells["col"].values
    inside = np.flatnonzero(
        (col >= (x0 - left) / size - 1)
        & (col <= (x1 - left) / size)
        & (row >= (top - y1) / size - 1)
        & (row <= (top - y0) / size)
    )
    if not inside.size:
        return
    r, c = row[inside].astype(np.int64), col[inside].astype(np.int64)
    state = cells["state"].values.astype(str).tolist().index("explosive")
    chance = cells["p_any"].values[0, state, inside]
    squares = [shapely.box(left + b * size, top - (a + 1) * size, left + (b + 1) * size, top - a * size)
               for a, b in zip(r[np.isnan(chance)], c[np.isnan(chance)], strict=True)]  # fmt: skip
    picture = np.full((int(np.ptp(r)) + 1, int(np.ptp(c)) + 1), np.nan)
    picture[r - r.min(), c - c.min()] = chance
    norm = BoundaryNorm([-1.0, *CELL_BREAKS, 2.0], len(SCALE))
    axes.imshow(picture, extent=_grid_extent(result, r, c), cmap=ListedColormap(SCALE), norm=norm,
                interpolation="nearest", aspect="equal", zorder=1)  # fmt: skip
    _fill(axes, np.array(squares, dtype=object), "white", hatch="////", edge=UNKNOWN)


def _draw_areas(axes: Axes, result: Assessment) -> None:
    """Areas by class of chance, the highest class on top; outlines keep small ones visible."""
    long = result.area_results
    rows = long.loc[(long["date"] == result.dates[0]) & (long["state"] == "explosive")]
    chance = rows.set_index("area")["p_any"].reindex(np.arange(len(result.areas))).to_numpy(dtype=np.float64)
    geometry = result.areas.geometry.to_numpy()
    has_place = ~shapely.is_missing(geometry)
    _fill(axes, geometry[has_place & np.isnan(chance)], "white", hatch="////", edge=UNKNOWN, zorder=2.0)
    group = np.digitize(chance, AREA_BREAKS)
    for k, colour in enumerate(SCALE):
        edge = "#b79a4a" if k == 0 else colour  # the palest class needs a darker edge on paper
        _fill(
            axes,
            geometry[has_place & ~np.isnan(chance) & (group == k)],
            colour,
            edge=edge,
            zorder=3.0 + k / 10,
        )


def _fill(
    axes: Axes, shapes: NDArray[np.object_], colour: str, *, hatch: str = "", edge: str, zorder: float = 2.0
) -> None:
    patches = [PathPatch(_outline(shape)) for shape in shapes]
    if patches:
        axes.add_collection(
            PatchCollection(
                patches, facecolor=colour, edgecolor=edge, hatch=hatch or None, lw=0.5, zorder=zorder
            )
        )


def _draw_outlines(axes: Axes, shapes: NDArray[np.object_], colour: str, width: float) -> None:
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    near = shapes[~shapely.is_missing(shapes)]
    near = near[shapely.intersects(near, shapely.box(x0, y0, x1, y1))]
    patches = [PathPatch(_outline(shape)) for shape in near]
    axes.add_collection(PatchCollection(patches, facecolor="none", edgecolor=colour, lw=width, zorder=5))


def _outline(shape: Any) -> Outline:
    """A polygon with holes, or several, as one compound path."""
    rings = shapely.get_rings(shapely.get_parts(shape))
    if not len(rings):
        return Outline(np.empty((0, 2)))
    return Outline.make_compound_path(
        *(Outline(shapely.get_coordinates(ring), closed=True) for ring in rings)
    )


def _scale_bar(axes: Axes) -> None:
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    target = (east - west) / 5.0
    power = 10.0 ** np.floor(np.log10(target))
    length = max(n * power for n in _NICE if n * power <= target)
    x, y = west + 0.03 * (east - west), south + 0.035 * (north - south)
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.plot([x, x + length], [y, y], color="white", lw=5, solid_capstyle="butt", zorder=8)
    axes.plot([x, x + length], [y, y], color=_INK, lw=2.4, solid_capstyle="butt", zorder=9)
    axes.annotate(text, (x + 0.5 * length, y), xytext=(0, 4), textcoords="offset points", ha="center",
                  va="bottom", size=7.5, zorder=9,
                  bbox={"boxstyle": "square,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.75})  # fmt: skip


def _north_arrow(axes: Axes) -> None:
    axes.annotate("", (0.965, 0.965), xytext=(0.965, 0.895), xycoords="axes fraction",
                  arrowprops={"arrowstyle": "-|>", "lw": 1.2, "color": _INK, "mutation_scale": 12},
                  zorder=9)  # fmt: skip
    axes.text(0.965, 0.885, "N", transform=axes.transAxes, ha="center", va="top", weight="bold", zorder=9)


def _legend(figure: Figure, breaks: tuple[float, ...], title: str, *, ground: bool = False) -> None:
    handles = [
        Patch(fc=c, ec="#8b8893", lw=0.4, label=t) for c, t in zip(SCALE, class_labels(breaks), strict=True)
    ]
    handles.append(Patch(fc="white", ec=UNKNOWN, hatch="////", lw=0.4, label="unknown"))
    if ground:
        handles.append(Patch(fc=_GROUND, ec="#c9c4b8", lw=0.4, label="other ground with cells"))
    figure.legend(handles=handles, title=title, loc="lower center", ncols=4, frameon=False, fontsize=7.5,
                  title_fontsize=8, columnspacing=1.4, handlelength=1.6, borderaxespad=0.1)  # fmt: skip


def _png(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_MAP_DPI, metadata={"Software": None})
    text = base64.b64encode(buffer.getvalue()).decode("ascii")
    # A line break (legal in a data URI) where chance spells a word that a search of the page must not find.
    return "data:image/png;base64," + re.sub("(?i)(sa)(?=fe)", r"\1\n", text)


def _svg(figure: Figure, title: str) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    return text.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
