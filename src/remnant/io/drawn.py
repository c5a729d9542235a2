"""What remains on ground that someone draws on the map."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

from remnant.errors import InvalidInput
from remnant.field import GroundDraws, left_on_ground
from remnant.geo import Grid, coverage
from remnant.io.read_view import ViewFiles

MOST_CELLS = 4_000_000


def totals_of(view: ViewFiles, held: GroundDraws, polygon: shapely.Geometry, date: str) -> dict[str, Any]:
    """Items on drawn ground on an asked date, by state, with the correlation of its cells.

    Parameters
    ----------
    view
        The opened map.
    held
        Its draws of cells.
    polygon
        Drawn ground, longitude and latitude.
    date
        One of the asked dates.

    Returns
    -------
    ``area_m2`` of the ground, ``reckoned_m2`` of it in cells, ``num_cells``, by state ``mean, q05, q95`` [items] and
    ``p_any`` [1].

    Raises
    ------
    InvalidInput
        For a shape that is no polygon, a date that was not asked, or ground too large for one answer.
    """
    dates = view.about["asked_dates"]
    if date not in dates:
        raise InvalidInput(f"date must be one of the asked dates ({', '.join(dates)}); got {date[:20]!r}.")
    shape = _in_case_crs(view, polygon)
    level = view.levels[0]
    box = shape.bounds
    rows = (int((level.top_m - box[3]) // level.size_m), int((level.top_m - box[1]) // level.size_m) + 1)
    cols = (int((box[0] - level.left_m) // level.size_m), int((box[2] - level.left_m) // level.size_m) + 1)
    num_rows, num_cols = rows[1] - rows[0], cols[1] - cols[0]
    if num_rows * num_cols > MOST_CELLS:
        raise InvalidInput(
            f"the drawn ground spans {num_rows * num_cols:,} cells; at most {MOST_CELLS:,} are added up. Draw less."
        )
    window = Grid(
        left_m=level.left_m + cols[0] * level.size_m, top_m=level.top_m - rows[0] * level.size_m,
        cell_m=level.size_m, block_cells=1, num_rows=num_rows, num_cols=num_cols,
    )  # fmt: skip
    pairs = coverage(np.array([shape]), window)
    row, col = window.row_col(pairs.cell)
    cell = level.at(
        np.asarray(window.left_m + (col + 0.5) * level.size_m),
        np.asarray(window.top_m - (row + 0.5) * level.size_m),
    )
    known = np.flatnonzero(cell >= 0)
    known = known[np.argsort(cell[known], kind="stable")]
    cell, share = cell[known], pairs.share[known]
    left = left_on_ground(held, cell, share, dates.index(date))
    return {
        "area_m2": float(shape.area),
        "reckoned_m2": float(share.sum() * level.size_m**2),
        "num_cells": int(cell.size),
        "date": date,
        "states": {
            state: {name: float(getattr(left, name)[k]) for name in ("mean", "q05", "q95", "p_any")}
            for k, state in enumerate(view.about["states"])
        },
    }


def _in_case_crs(view: ViewFiles, polygon: shapely.Geometry) -> shapely.Geometry:
    if polygon.geom_type not in ("Polygon", "MultiPolygon") or polygon.is_empty:
        raise InvalidInput(
            f"a polygon is wanted; got {polygon.geom_type or 'nothing'}. Draw three corners or more."
        )
    to_case = Transformer.from_crs("EPSG:4326", view.about["crs"], always_xy=True)
    shape = shapely.transform(polygon, to_case.transform, interleaved=False)
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        raise InvalidInput("the drawn ground lies outside the case's region. Draw nearer to the areas.")
    if not shape.is_valid:
        shape = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    if shape.is_empty or shape.area <= 0.0:
        raise InvalidInput(
            "the drawn shape has no ground in it. Draw three corners that are not in one line."
        )
    return shapely.orient_polygons(shape)
