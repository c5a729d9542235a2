"""The figures of a case's report: map, close-ups, curves over time. Same input, same bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence

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
from numpy.typing import NDArray

from remnant.assessment import Assessment
from remnant.io.write_colours import AREA_BREAKS, CELL_BREAKS, OUTLINE, SCALE, UNKNOWN, class_labels
from remnant.report.map_parts import (
    INK,
    STYLE,
    WIDTH_IN,
    bounds_of,
    draw_outlines,
    frame,
    grid_extent,
    north_arrow,
    outline,
    padded,
    png_uri,
    scale_bar,
)

_MAX_PIXELS = 1600  # of the picture of assessed ground; finer cells are joined
_GROUND = "#efece4"
_VISIBLE = 0.1  # least change, as a share of a panel's height, for which a log time axis is worth its oddness
_PANELS = ("explosive", "armed", "expired", "dud")
CURVE_COLOURS = {"explosive": "#5b0f52", "armed": "#b3234e", "expired": "#c9762b", "dud": "#5c5a66"}


def map_png(result: Assessment, close: Sequence[int], districts: gpd.GeoDataFrame | None) -> str | None:
    """The whole case as a PNG data URI; None where no hazard area has a place and no cell exists.

    Parameters
    ----------
    close
        Rows of the areas that the close-ups show; the map marks them A, B, …
    districts
        Outlines to draw, or None.
    """
    bounds = bounds_of(result)
    if bounds is None:
        return None
    with mpl.rc_context(STYLE):
        west, south, east, north = padded(bounds, 0.03)
        height = float(np.clip(WIDTH_IN * (north - south) / (east - west), 3.0, 9.0))
        figure = Figure(figsize=(WIDTH_IN, height + 0.75))
        axes = figure.add_axes((0.005, 0.75 / (height + 0.75), 0.99, height / (height + 0.75) - 0.005))
        frame(axes, (west, south, east, north), WIDTH_IN * 0.99 / height)
        _draw_ground(axes, result)
        if districts is not None:
            draw_outlines(axes, districts.geometry.to_numpy(), "#9b97a6", 0.7)
        _draw_areas(axes, result)
        for letter, row in zip("ABCDEF", close, strict=False):
            point = result.areas.geometry.iloc[row].representative_point()
            axes.annotate(
                letter, (point.x, point.y), xytext=(9, 9), textcoords="offset points", weight="bold", color=INK,
                bbox={"boxstyle": "circle,pad=0.25", "fc": "white", "ec": INK, "lw": 0.7},
                arrowprops={"arrowstyle": "-", "lw": 0.7, "color": INK}, zorder=9,
            )  # fmt: skip
        scale_bar(axes)
        north_arrow(axes)
        _legend(figure, AREA_BREAKS, "Chance of at least one explosive item in the area", ground=True)
        return png_uri(figure)


def close_up_png(result: Assessment, close: Sequence[int]) -> str | None:
    """Cells in and around some areas as a PNG data URI; None where there are none."""
    if not close:
        return None
    with mpl.rc_context(STYLE):
        columns = min(len(close), 3)
        lines = -(-len(close) // columns)
        side = WIDTH_IN / columns
        height = lines * side + 0.65
        figure = Figure(figsize=(WIDTH_IN, height))
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
            frame(axes, padded(geometry.bounds, 0.25), 1.0)
            _draw_cells(axes, result)
            draw_outlines(axes, result.areas.geometry.to_numpy(), OUTLINE, 0.7)
            draw_outlines(axes, np.array([geometry], dtype=object), INK, 1.6)
            axes.text(0.03, 0.97, "ABCDEF"[k], transform=axes.transAxes, va="top", weight="bold", size=10,
                      bbox={"boxstyle": "circle,pad=0.25", "fc": "white", "ec": INK, "lw": 0.7}, zorder=9)  # fmt: skip
            scale_bar(axes)
        cell = float(result.cells.attrs["cell_m"])
        _legend(
            figure, CELL_BREAKS, f"Chance of at least one explosive item in a cell of {cell:g} m × {cell:g} m"
        )
        return png_uri(figure)


def curve_svg(result: Assessment) -> tuple[str, bool] | None:
    """Items over time with their 90 % band as inline SVG, and whether the time axis is logarithmic."""
    curve = result.curve
    if curve.empty:
        return None
    years = np.array([(d - result.as_of).days / 365.25 for d in curve["date"]])
    is_log = changes_early(curve, years)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 4.6), layout="constrained")
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
    axes.fill_between(x, low, high, color=CURVE_COLOURS[state], alpha=0.18, lw=0, label="90 % interval")
    axes.plot(x, mean, color=CURVE_COLOURS[state], lw=1.6, label="expected")
    asked = [(d - result.as_of).days / 365.25 for d in result.dates]
    inside = [a for a in asked if a <= x[-1]]
    axes.plot(
        inside,
        np.interp(inside, x, mean),
        "o",
        ms=4,
        mfc="white",
        mec=CURVE_COLOURS[state],
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


def changes_early(curve: pd.DataFrame, years: NDArray[np.float64]) -> bool:
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
    west, _, _, north = grid_extent(result, row, col)
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
    axes.imshow(picture, extent=grid_extent(result, r, c), cmap=ListedColormap(SCALE), norm=norm,
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
    patches = [PathPatch(outline(shape)) for shape in shapes]
    if patches:
        axes.add_collection(
            PatchCollection(
                patches, facecolor=colour, edgecolor=edge, hatch=hatch or None, lw=0.5, zorder=zorder
            )
        )


def _legend(figure: Figure, breaks: tuple[float, ...], title: str, *, ground: bool = False) -> None:
    handles = [
        Patch(fc=c, ec="#8b8893", lw=0.4, label=t) for c, t in zip(SCALE, class_labels(breaks), strict=True)
    ]
    handles.append(Patch(fc="white", ec=UNKNOWN, hatch="////", lw=0.4, label="unknown"))
    if ground:
        handles.append(Patch(fc=_GROUND, ec="#c9c4b8", lw=0.4, label="other ground with cells"))
    figure.legend(handles=handles, title=title, loc="lower center", ncols=4, frameon=False, fontsize=7.5,
                  title_fontsize=8, columnspacing=1.4, handlelength=1.6, borderaxespad=0.1)  # fmt: skip


def _svg(figure: Figure, title: str) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    return text.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
