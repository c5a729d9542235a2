"""What every map of a report has: frame, outlines, scale bar, north arrow, and the picture as text."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from numpy.typing import NDArray

from remnant.assessment import Assessment
from remnant.io.write_colours import UNKNOWN

WIDTH_IN = 7.4
INK = "#1c1b22"
_MAP_DPI = 190
_NICE = (1.0, 2.0, 5.0)
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "svg.hashsalt": "remnant",
    "svg.fonttype": "path",
    "axes.edgecolor": "#8b8893",
    "axes.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "hatch.color": UNKNOWN,
}


def bounds_of(result: Assessment) -> tuple[float, float, float, float] | None:
    """West, south, east and north of what has a place; None where nothing has."""
    known = result.areas.geometry.dropna()
    if len(known):
        west, south, east, north = known.total_bounds
        return float(west), float(south), float(east), float(north)
    if not result.cells.sizes["cell"]:
        return None
    extent = grid_extent(result, result.cells["row"].values, result.cells["col"].values)
    return extent[0], extent[2], extent[1], extent[3]


def grid_extent(
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


def padded(bounds: Sequence[float], share: float) -> tuple[float, float, float, float]:
    """Bounds with a margin, a share of the larger side. [m]"""
    west, south, east, north = bounds
    pad = max(share * max(east - west, north - south), 50.0)
    return west - pad, south - pad, east + pad, north + pad


def frame(axes: Axes, bounds: tuple[float, float, float, float], aspect: float) -> None:
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


def draw_outlines(axes: Axes, shapes: NDArray[np.object_], colour: str, width: float) -> None:
    """Outlines of the shapes that lie within the frame."""
    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    near = shapes[~shapely.is_missing(shapes)]
    near = near[shapely.intersects(near, shapely.box(x0, y0, x1, y1))]
    patches = [PathPatch(outline(shape)) for shape in near]
    axes.add_collection(PatchCollection(patches, facecolor="none", edgecolor=colour, lw=width, zorder=5))


def outline(shape: Any) -> Outline:
    """A polygon with holes, or several, as one compound path."""
    rings = shapely.get_rings(shapely.get_parts(shape))
    if not len(rings):
        return Outline(np.empty((0, 2)))
    return Outline.make_compound_path(
        *(Outline(shapely.get_coordinates(ring), closed=True) for ring in rings)
    )


def round_length(most: float) -> float:
    """The longest of 1, 2, 5, 10, 20, … that is no longer than `most`.

    Examples
    --------
    >>> round_length(640.0), round_length(0.02)
    (500.0, 0.02)
    """
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(n * power for n in _NICE if n * power <= most))


def scale_bar(axes: Axes) -> None:
    """A bar of a round length."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    length = round_length((east - west) / 5.0)
    x, y = west + 0.03 * (east - west), south + 0.035 * (north - south)
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.plot([x, x + length], [y, y], color="white", lw=5, solid_capstyle="butt", zorder=8)
    axes.plot([x, x + length], [y, y], color=INK, lw=2.4, solid_capstyle="butt", zorder=9)
    axes.annotate(text, (x + 0.5 * length, y), xytext=(0, 4), textcoords="offset points", ha="center",
                  va="bottom", size=7.5, zorder=9,
                  bbox={"boxstyle": "square,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.75})  # fmt: skip


def north_arrow(axes: Axes) -> None:
    """An arrow to grid north."""
    axes.annotate("", (0.965, 0.965), xytext=(0.965, 0.895), xycoords="axes fraction",
                  arrowprops={"arrowstyle": "-|>", "lw": 1.2, "color": INK, "mutation_scale": 12},
                  zorder=9)  # fmt: skip
    axes.text(0.965, 0.885, "N", transform=axes.transAxes, ha="center", va="top", weight="bold", zorder=9)


def png_uri(figure: Figure) -> str:
    """A figure as the address of a picture inside the page."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_MAP_DPI, metadata={"Software": None})
    text = base64.b64encode(buffer.getvalue()).decode("ascii")
    # A line break (legal in a data URI) where chance spells a word that a search of the page must not find.
    return "data:image/png;base64," + re.sub("(?i)(sa)(?=fe)", r"\1\n", text)
