"""Exact share of every cell that a polygon covers.

By Green's theorem the area of a polygon inside a cell is a sum over its edges: an edge adds the signed ground to its
right, in part in the cells that it crosses and in full in the cells further right in the same row. One walk along the
edges and one running sum per row give the exact shares, with holes and parts, for any polygon whose rings are oriented
and do not cross. This is the accumulation buffer of font rasterisers [1]_, kept in floating point.

References
----------
.. [1] R. Levien, "How the fastest font renderer in the world works", 2016: the signed-area accumulation buffer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.geo.grid import Grid

_BUFFER_CELLS = 8_000_000  # cells of bounding boxes worked on at once: 64 MB
_SHARE_NOISE = 1e-11  # rounding left behind by the running sum, far below any real share


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """Pairs of polygon and cell, sorted by polygon, then cell; all (n_pairs,).

    Parameters
    ----------
    polygon
        Index of the polygon.
    cell
        Cell number of the grid.
    share
        Share of the cell's area inside the polygon, in (0, 1]. [1]
    """

    polygon: NDArray[np.int64]
    cell: NDArray[np.int64]
    share: NDArray[np.float64]


def coverage(polygons: NDArray[np.object_], grid: Grid) -> Coverage:
    """Share of every cell that each polygon covers; ground outside the grid is left out.

    Parameters
    ----------
    polygons
        (n,) valid Polygons or MultiPolygons in the grid's plane; None and empty ones cover nothing. [m]
    grid
        The lattice.

    Examples
    --------
    >>> from remnant.geo import grid_over
    >>> pairs = coverage(np.array([shapely.box(0, 0, 75, 50)]), grid_over((0, 0, 100, 100), 50.0, 50.0))
    >>> pairs.cell.tolist(), pairs.share.tolist()
    ([2, 3], [1.0, 0.5])
    """
    parts, part_owner = shapely.get_parts(polygons, return_index=True)  # get_rings passes over MultiPolygons
    rings, ring_part = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    xy, ring_of_point = shapely.get_coordinates(rings, return_index=True)
    owner = part_owner[ring_part[ring_of_point]] if len(xy) else np.zeros(0, np.int64)
    col = (xy[:, 0] - grid.left_m) / grid.cell_m
    row = (grid.top_m - xy[:, 1]) / grid.cell_m
    is_edge = np.zeros(len(xy), np.bool_)
    is_edge[:-1] = ring_of_point[1:] == ring_of_point[:-1]
    first_edge = np.searchsorted(owner, np.arange(len(polygons) + 1))
    box = _boxes(polygons, grid)
    size = (box[:, 1] - box[:, 0]) * (box[:, 3] - box[:, 2])
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    start = 0
    while start < len(polygons):
        reach = np.cumsum(size[start:])
        stop = start + max(int(np.searchsorted(reach, _BUFFER_CELLS, side="right")), 1)
        offset = np.concatenate([[0], np.cumsum(size[start:stop])])
        buffer = np.zeros(int(offset[-1]))
        # one polygon is walked alone, so that several threads of the caller may do so at a time
        walk = _accumulate if stop - start > 1 else _accumulate_one
        walk(buffer, offset, box[start:stop], first_edge[start : stop + 1], row, col, is_edge)
        place = np.flatnonzero(np.abs(buffer) > _SHARE_NOISE)
        polygon = np.searchsorted(offset, place, side="right") - 1
        width = (box[start:stop, 3] - box[start:stop, 2])[polygon]
        local = place - offset[polygon]
        cell_row = box[start:stop, 0][polygon] + local // width
        cell_col = box[start:stop, 2][polygon] + local % width
        inside = (cell_row >= 0) & (cell_row < grid.num_rows) & (cell_col >= 0) & (cell_col < grid.num_cols)
        found.append(
            (
                (polygon + start)[inside],
                (cell_row * grid.num_cols + cell_col)[inside],
                np.clip(np.abs(buffer[place]), 0.0, 1.0)[inside],
            )
        )
        start = stop
    if not found:
        return Coverage(polygon=np.zeros(0, np.int64), cell=np.zeros(0, np.int64), share=np.zeros(0))
    polygon, cell, share = (np.concatenate(part) for part in zip(*found, strict=True))
    return Coverage(polygon=polygon, cell=cell, share=share)


def _boxes(polygons: NDArray[np.object_], grid: Grid) -> NDArray[np.int64]:
    """(n, 4) first and past-last row, first and past-last column of each polygon's bounding box.

    A box reaches at most one cell beyond the grid: ground to the west must still be walked, because an edge adds the
    ground to its right.
    """
    bounds = shapely.bounds(polygons)
    bounds = np.where(np.isnan(bounds), 0.0, bounds)
    empty = shapely.is_missing(polygons) | shapely.is_empty(polygons)
    first_row = np.floor((grid.top_m - bounds[:, 3]) / grid.cell_m)
    past_row = np.floor((grid.top_m - bounds[:, 1]) / grid.cell_m) + 1
    first_col = np.floor((bounds[:, 0] - grid.left_m) / grid.cell_m)
    past_col = np.floor((bounds[:, 2] - grid.left_m) / grid.cell_m) + 1
    box = np.stack(
        [
            np.clip(first_row, -1, grid.num_rows),
            np.clip(past_row, 0, grid.num_rows + 1),
            np.clip(first_col, -1, grid.num_cols),
            np.clip(past_col, 0, grid.num_cols + 1),
        ],
        axis=1,
    ).astype(np.int64)
    box[empty] = 0
    box[:, 1] = np.maximum(box[:, 1], box[:, 0])
    box[:, 3] = np.maximum(box[:, 3], box[:, 2])
    return box


@numba.njit(cache=True, parallel=True, nogil=True)
def _accumulate(
    buffer: NDArray[np.float64],
    offset: NDArray[np.int64],
    box: NDArray[np.int64],
    first_edge: NDArray[np.int64],
    row: NDArray[np.float64],
    col: NDArray[np.float64],
    is_edge: NDArray[np.bool_],
) -> None:
    """Fill each polygon's bounding box with signed shares."""
    for p in numba.prange(len(offset) - 1):
        _fill_box(buffer, offset[p], box[p], first_edge[p], first_edge[p + 1], row, col, is_edge)


@numba.njit(cache=True, nogil=True)
def _accumulate_one(
    buffer: NDArray[np.float64],
    offset: NDArray[np.int64],
    box: NDArray[np.int64],
    first_edge: NDArray[np.int64],
    row: NDArray[np.float64],
    col: NDArray[np.float64],
    is_edge: NDArray[np.bool_],
) -> None:
    """The same for a single polygon, in the caller's own thread."""
    _fill_box(buffer, offset[0], box[0], first_edge[0], first_edge[1], row, col, is_edge)


@numba.njit(cache=True, nogil=True)
def _fill_box(
    buffer: NDArray[np.float64],
    base: int,
    box: NDArray[np.int64],
    first_edge: int,
    past_edge: int,
    row: NDArray[np.float64],
    col: NDArray[np.float64],
    is_edge: NDArray[np.bool_],
) -> None:
    """Fill one polygon's bounding box with signed shares."""
    row0, row1, col0, col1 = box[0], box[1], box[2], box[3]
    width = col1 - col0
    if width == 0 or row1 == row0:
        return
    for e in range(first_edge, past_edge):
        if is_edge[e]:
            _add_edge(buffer, base, row0, row1, col0, width, row[e], col[e], row[e + 1], col[e + 1])
    for r in range(row1 - row0):
        # the carry of each cell was put into the next one as a step; steps are summed along the row
        total = 0.0
        for c in range(width):
            total += buffer[base + r * width + c]
            buffer[base + r * width + c] = total


@numba.njit(cache=True, nogil=True)
def _add_edge(
    buffer: NDArray[np.float64],
    base: int,
    row0: int,
    row1: int,
    col0: int,
    width: int,
    ya: float,
    xa: float,
    yb: float,
    xb: float,
) -> None:
    """Add one edge: in each row, the ground to its right, as steps along the row."""
    if ya == yb:
        return
    sign = 1.0
    if ya > yb:
        ya, xa, yb, xb, sign = yb, xb, ya, xa, -1.0
    slope = (xb - xa) / (yb - ya)
    first = max(int(np.floor(ya)), row0)
    last = min(int(np.ceil(yb)), row1)
    for r in range(first, last):
        y_top, y_bottom = max(ya, float(r)), min(yb, float(r + 1))
        if y_bottom <= y_top:
            continue
        x_in = min(max(xa + (y_top - ya) * slope, min(xa, xb)), max(xa, xb)) - col0
        x_out = min(max(xa + (y_bottom - ya) * slope, min(xa, xb)), max(xa, xb)) - col0
        height = y_bottom - y_top
        left, right = min(x_in, x_out), max(x_in, x_out)
        line = base + (r - row0) * width
        if right <= 0.0:  # west of the box: all of the row lies to the right
            buffer[line] += sign * height
            continue
        if left >= width:
            continue
        per_x = height / (right - left) if right > left else 0.0
        if left < 0.0:  # part of it west of the box
            if right > left:
                buffer[line] += sign * per_x * (0.0 - left)
                height -= per_x * (0.0 - left)
            left = 0.0
        c = int(np.floor(left))
        c_last = int(np.floor(right))
        if c == c_last:
            share = height * (c + 1 - 0.5 * (left + right))
            buffer[line + c] += sign * share
            if c + 1 < width:
                buffer[line + c + 1] += sign * (height - share)
            continue
        while c <= c_last and c < width:
            x0, x1 = max(left, float(c)), min(right, float(c + 1))
            dy = per_x * (x1 - x0)
            share = dy * (c + 1 - 0.5 * (x0 + x1))
            buffer[line + c] += sign * share
            if c + 1 < width:
                buffer[line + c + 1] += sign * (dy - share)
            c += 1
