"""Two maps of a density field side by side: how much more or fewer, and how far that could be off."""

from __future__ import annotations

from itertools import pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from remnant.assessment import Assessment
from remnant.numerics import Z95
from remnant.report.map_parts import (
    STYLE,
    WIDTH_IN,
    bounds_of,
    draw_outlines,
    frame,
    north_arrow,
    padded,
    png_uri,
    scale_bar,
)

_DIVERGING = ("#2b4a8c", "#6f93c4", "#b9cde3", "#ebe8e0", "#fbc08a", "#dd6a35", "#8c1c2e")
"""Seven steps from dark blue (fewer) over near white to dark red (more); told apart by all kinds of colour vision."""
_WIDTHS = ("#f3eef7", "#d6cbe3", "#b09fca", "#8069a5", "#4e3a74", "#241a3c")
"""Six steps from pale to dark violet: the darker, the less is known."""
_FACTORS = ((1.1, 1.25, 1.5), (1.25, 1.6, 2.5), (1.4, 2.0, 4.0), (1.5, 3.0, 8.0))
_WITHIN = (1.5, 2.0, 3.0, 5.0, 10.0)
_INK = "#4a4a4a"
_MAX_MAPS = 3
_GAP = 0.012  # of the width, around each panel


def field_map_png(result: Assessment) -> str | None:
    """The maps as a PNG data URI; None where there is no field or nothing has a place."""
    field, bounds = result.field, bounds_of(result)
    if field is None or bounds is None:
        return None
    with mpl.rc_context({**STYLE, "hatch.color": "#6b6773", "hatch.linewidth": 0.5}):
        west, south, east, north = padded(bounds, 0.04)
        side = WIDTH_IN / 2.0 - 2.0 * _GAP * WIDTH_IN
        height = float(np.clip(side * (north - south) / (east - west), 2.0, 5.2))
        rows = min(len(field.names), _MAX_MAPS)
        top, bottom = 0.3, 0.95
        total = rows * (height + top) + bottom
        figure = Figure(figsize=(WIDTH_IN, total))
        breaks = factor_breaks(field.mean)
        for k in range(rows):
            name = f": {field.names[k]}" if field.names[k] else ""
            low = (total - (k + 1) * (height + top)) / total
            panels = (
                (
                    "Density over that of a typical place",
                    np.exp(field.mean[k]),
                    breaks,
                    _DIVERGING,
                    "#6b6773",
                ),
                ("How far it may be off, 90 %", np.exp(Z95 * field.sd[k]), _WITHIN, _WIDTHS, "#f3eef7"),
            )
            for column, (title, picture, edges, colours, hatch) in enumerate(panels):
                axes = figure.add_axes((0.5 * column + _GAP, low, 0.5 - 2.0 * _GAP, height / total))
                frame(axes, (west, south, east, north), side / height)
                _draw(axes, result, picture, field.untold[k], edges, colours, hatch)
                axes.set_title(title + name, loc="left", size=8.5, weight="bold")
                if column == 0:
                    scale_bar(axes)
                    north_arrow(axes)
        _legends(figure, breaks)
        return png_uri(figure)


def factor_breaks(mean: NDArray[np.float64]) -> tuple[float, ...]:
    """Limits between the seven classes of a map of factors, symmetric about 1, to suit what it shows.

    Examples
    --------
    >>> factor_breaks(np.log(np.array([0.4, 1.0, 3.0])))
    (0.4, 0.625, 0.8, 1.25, 1.6, 2.5)
    """
    far = float(np.exp(np.nanmax(np.abs(mean), initial=0.0)))
    steps = next((s for s in _FACTORS if far <= 1.5 * s[-1]), _FACTORS[-1])
    return (*(1.0 / s for s in steps[::-1]), *steps)


def _draw(
    axes: Axes,
    result: Assessment,
    picture: NDArray[np.float64],
    untold: NDArray[np.bool_],
    edges: tuple[float, ...],
    colours: tuple[str, ...],
    hatch: str,
) -> None:
    field = result.field
    assert field is not None
    rows, cols = picture.shape
    size = field.pixel_m
    extent = (field.left_m, field.left_m + cols * size, field.top_m - rows * size, field.top_m)
    norm = BoundaryNorm([0.0, *edges, 1e12], len(colours))
    axes.imshow(
        picture, extent=extent, cmap=ListedColormap(list(colours)), norm=norm, interpolation="nearest",
        aspect="equal", zorder=1,
    )  # fmt: skip
    if untold.any() and min(picture.shape) > 1:
        x = field.left_m + (np.arange(cols) + 0.5) * size
        y = field.top_m - (np.arange(rows) + 0.5) * size
        hatched = axes.contourf(
            x, y, untold.astype(np.float64), levels=[0.5, 1.5], colors="none", hatches=["////"], zorder=2
        )
        hatched.set_edgecolor(hatch)
        hatched.set_linewidth(0.0)
    draw_outlines(axes, result.areas.geometry.to_numpy(), "white", 1.4)
    draw_outlines(axes, result.areas.geometry.to_numpy(), _INK, 0.7)


def factor_text(value: float) -> str:
    """A factor as ×2 or ÷3.

    Examples
    --------
    >>> factor_text(2.0), factor_text(1.0 / 3.0), factor_text(0.8)
    ('×2', '÷3', '÷1.25')
    """
    return f"×{value:.3g}" if value >= 1.0 else f"÷{1.0 / value:.3g}"


def _legends(figure: Figure, breaks: tuple[float, ...]) -> None:
    words = [factor_text(b) for b in breaks]
    middle = len(words) // 2
    ends = [f"below {words[0]}", *(f"{a} to {b}" for a, b in pairwise(words))]
    ends[middle] = "about as typical"
    labels = [*ends, f"above {words[-1]}"]
    within = [
        f"within ×÷{_WITHIN[0]:g}",
        *(f"up to ×÷{w:g}" for w in _WITHIN[1:]),
        f"beyond ×÷{_WITHIN[-1]:g}",
    ]
    for place, colours, texts in ((0.25, _DIVERGING, labels), (0.75, _WIDTHS, within)):
        handles = [Patch(fc=c, ec="#8b8893", lw=0.4, label=t) for c, t in zip(colours, texts, strict=True)]
        handles.append(
            Patch(fc="white", ec="#6b6773", hatch="////", lw=0.4, label="the records say next to nothing")
        )
        legend = figure.legend(
            handles=handles, loc="lower center", bbox_to_anchor=(place, 0.0), ncols=2, frameon=False,
            fontsize=7, columnspacing=1.2, handlelength=1.6, borderaxespad=0.1,
        )  # fmt: skip
        figure.add_artist(legend)
