"""Where an imprecisely located record may lie: shares over cells, never a snapped point."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.special import ndtr

from remnant.geo import Coverage, Grid, coverage
from remnant.units import Floats

_RAYLEIGH_95 = 2.447746830680816  # radius that holds 95 % of a round normal, in standard deviations
_REACH = 1.1  # the square that is spread over, in units of the 95 % radius
EXACT_M = 0.01  # a precision below a centimetre is a point


def spread_over_cells(geometry: NDArray[np.object_], precision_m: Floats, grid: Grid) -> Coverage:
    """Share of each record in each cell; shares of a record add up to 1.

    Parameters
    ----------
    geometry
        (n,) points or polygons; None has no share anywhere. A polygon is spread evenly over its area.
    precision_m
        (n,) radius that holds the true place with 95 % probability: a round normal. [m]
    grid
        The lattice; it must reach as far as the spread (else the share outside is put on the cells inside).
    """
    kind = shapely.get_dimensions(geometry)
    areal = np.flatnonzero(kind == 2)
    even = coverage(geometry[areal], grid)
    total = np.bincount(even.polygon, even.share, minlength=areal.size)
    points = np.flatnonzero((kind == 0) | (kind == 1))
    centre = shapely.centroid(geometry[points])
    x, y = shapely.get_x(centre), shapely.get_y(centre)
    sigma = np.maximum(precision_m[points], EXACT_M) / _RAYLEIGH_95
    reach = np.ceil(_REACH * precision_m[points] / grid.cell_m).astype(np.int64)
    parts = [(areal[even.polygon], even.cell, even.share / total[even.polygon])]
    for size in np.unique(reach):
        some = np.flatnonzero(reach == size)
        offset = np.arange(-size, size + 1)
        col0 = np.floor((x[some] - grid.left_m) / grid.cell_m).astype(np.int64)
        row0 = np.floor((grid.top_m - y[some]) / grid.cell_m).astype(np.int64)
        col, row = col0[:, None] + offset, row0[:, None] + offset
        left = grid.left_m + col * grid.cell_m - x[some, None]
        top = grid.top_m - row * grid.cell_m - y[some, None]
        scale = sigma[some, None]
        share_x = ndtr((left + grid.cell_m) / scale) - ndtr(left / scale)
        share_y = ndtr(top / scale) - ndtr((top - grid.cell_m) / scale)
        share = share_y[:, :, None] * share_x[:, None, :]
        inside = ((row >= 0) & (row < grid.num_rows))[:, :, None] & ((col >= 0) & (col < grid.num_cols))[
            :, None, :
        ]
        share = np.where(inside, share, 0.0)
        share /= np.maximum(share.sum(axis=(1, 2), keepdims=True), 1e-300)
        cell = row[:, :, None] * grid.num_cols + col[:, None, :]
        kept = share > 1e-6
        record = np.broadcast_to(points[some][:, None, None], share.shape)[kept]
        parts.append((record, cell[kept], share[kept]))
    record, cells, shares = (np.concatenate(p) for p in zip(*parts, strict=True))
    order = np.lexsort((cells, record))
    return Coverage(polygon=record[order], cell=cells[order], share=shares[order])
