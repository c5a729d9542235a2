"""A map of areas coloured by the class that each belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from numpy.typing import NDArray

from remnant.report.map_parts import STYLE, frame, north_arrow, outline, padded, png_uri, scale_bar

_WIDTH, _HEIGHT = 7.4, 5.2


def class_map(
    outlines: gpd.GeoDataFrame,
    kind: NDArray[Any],
    colours: Mapping[str, str],
    names: Mapping[str, str] | None = None,
) -> str:
    """The areas by class as a picture in a data address; empty where no place is known.

    Parameters
    ----------
    outlines
        Areas and points; those without a place are left out.
    kind
        (n,) class of each.
    colours
        Class → colour; drawn and named in this order.
    names
        Class → what the legend says; default the class itself.
    """
    shapes = outlines.geometry.to_numpy()
    known = ~shapely.is_missing(shapes)
    if not known.any():
        return ""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        west, south, east, north = shapely.total_bounds(shapes[known])
        frame(axes, padded((west, south, east, north), 0.05), _WIDTH / _HEIGHT)
        for name, colour in colours.items():
            mine = shapes[known & (np.asarray(kind) == name)]
            if mine.size:
                _draw(axes, mine, colour)
                axes.plot([], [], "s", color=colour, label=(names or {}).get(name, name))
        if outlines.crs is None or outlines.crs.is_projected:
            scale_bar(axes)
        north_arrow(axes)
        figure.legend(loc="outside lower center", ncols=6, frameon=False)
        return png_uri(figure)


def _draw(axes: Axes, shapes: NDArray[Any], colour: str) -> None:
    is_point = shapely.get_dimensions(shapes) == 0
    xy = shapely.get_coordinates(shapely.centroid(shapes[is_point]))
    axes.plot(xy[:, 0], xy[:, 1], "o", ms=4, color=colour)
    patches = [PathPatch(outline(s)) for s in shapes[~is_point]]
    axes.add_collection(PatchCollection(patches, facecolor=colour, edgecolor="#1c1b22", lw=0.3))
