"""The lattice in patches: pieces of fixed size that ground is laid over and added up in, whatever a run does at once.

Whoever works through a country takes several patches at a time. Because each patch is a function of its own place
alone, results do not depend on how many were taken together, nor in which order.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.geo.coverage import coverage
from remnant.geo.grid import Grid
from remnant.units import Floats, Ints

_PATCH_CELLS = 256  # at least so many cells along a side: what a processor's cache holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Rows and columns of a grid, half-open."""

    row: int
    past_row: int
    col: int
    past_col: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.past_row - self.row, self.past_col - self.col

    def grid(self, grid: Grid) -> Grid:
        """The cells of the window as a grid of their own."""
        return Grid(
            left_m=grid.left_m + self.col * grid.cell_m,
            top_m=grid.top_m - self.row * grid.cell_m,
            cell_m=grid.cell_m,
            block_cells=grid.block_cells,
            num_rows=self.shape[0],
            num_cols=self.shape[1],
        )

    def box(self, grid: Grid) -> shapely.Polygon:
        """Its outline. [m]"""
        left, top = grid.left_m + self.col * grid.cell_m, grid.top_m - self.row * grid.cell_m
        rows, cols = self.shape
        return shapely.box(left, top - rows * grid.cell_m, left + cols * grid.cell_m, top)


def patch_cells(grid: Grid) -> int:
    """Side of a patch, whole blocks. [cells]"""
    return grid.block_cells * math.ceil(_PATCH_CELLS / grid.block_cells)


def windows(grid: Grid, side: int, within: Window | None = None) -> Iterator[Window]:
    """Squares of `side` cells that make up a grid, or a window of it, by row, then column; smaller at the far edges.

    Examples
    --------
    >>> grid = Grid(left_m=0.0, top_m=0.0, cell_m=1.0, block_cells=1, num_rows=2, num_cols=5)
    >>> [(w.row, w.col, w.shape) for w in windows(grid, 3)]
    [(0, 0, (2, 3)), (0, 3, (2, 2))]
    """
    w = Window(row=0, past_row=grid.num_rows, col=0, past_col=grid.num_cols) if within is None else within
    for row, col in itertools.product(range(w.row, w.past_row, side), range(w.col, w.past_col, side)):
        yield Window(
            row=row, past_row=min(row + side, w.past_row), col=col, past_col=min(col + side, w.past_col)
        )


def share_inside(shape: shapely.Geometry, grid: Grid, window: Window) -> Floats:
    """(rows, cols) share of each cell of a window that a polygon covers; exact. [1]

    Preparing the polygon (`shapely.prepare`) makes windows that lie wholly inside or outside it quick.
    """
    box = window.box(grid)
    if not shapely.intersects(shape, box):
        return np.zeros(window.shape)
    if shapely.contains_properly(shape, box):
        return np.ones(window.shape)
    pairs = coverage(np.array([shape]), window.grid(grid))
    share = np.zeros(window.shape)
    share.reshape(-1)[pairs.cell] = pairs.share
    return share


def shares_of_cells(shape: shapely.Geometry, grid: Grid, cells: Ints) -> Floats:
    """(n,) share of cells, by number, that a polygon covers; the same numbers as patch by patch. [1]"""
    side = patch_cells(grid)
    row, col = grid.row_col(cells)
    across = -(-grid.num_cols // side)
    patch = (row // side) * across + col // side
    order = np.argsort(patch, kind="stable")
    starts = np.flatnonzero(np.diff(patch[order], prepend=-1))
    shapely.prepare(shape)
    out = np.zeros(cells.size)
    for mine in np.split(order, starts[1:]) if cells.size else ():
        r, c = (int(v) for v in divmod(patch[mine[0]], across))
        window = Window(
            row=r * side,
            past_row=min((r + 1) * side, grid.num_rows),
            col=c * side,
            past_col=min((c + 1) * side, grid.num_cols),
        )
        out[mine] = share_inside(shape, grid, window)[row[mine] - window.row, col[mine] - window.col]
    return out


def cells_inside(shape: shapely.Geometry, grid: Grid) -> Ints:
    """Numbers of all cells that a polygon covers any part of, ascending."""
    shapely.prepare(shape)
    found = []
    for window in windows(grid, patch_cells(grid)):
        row, col = np.nonzero(share_inside(shape, grid, window))
        found.append((row + window.row) * grid.num_cols + col + window.col)
    return np.sort(np.concatenate(found)) if found else np.zeros(0, np.int64)


def num_cells_inside(shape: shapely.Geometry, grid: Grid) -> int:
    """About how many cells a polygon covers any part of: its ground, and half a cell along its boundary."""
    return int(shapely.area(shape) / grid.cell_area_m2 + 0.5 * shapely.length(shape) / grid.cell_m)


def whole_blocks(cells: Ints, grid: Grid) -> Ints:
    """Numbers of all cells of the blocks that any of the cells lies in, ascending."""
    blocks = np.unique(grid.block(cells))
    across, side = grid.num_cols // grid.block_cells, grid.block_cells
    step = np.arange(side)
    inside = (step[:, None] * grid.num_cols + step).reshape(-1)
    corner = (blocks // across) * side * grid.num_cols + (blocks % across) * side
    return np.sort((corner[:, None] + inside).reshape(-1))


def labels_at_centres(polygons: NDArray[np.object_], grid: Grid, window: Window) -> Ints:
    """(rows, cols) which polygon holds the centre of each cell of a window: the first of them, −1 for none.

    Examples
    --------
    >>> grid = Grid(left_m=0.0, top_m=2.0, cell_m=1.0, block_cells=1, num_rows=2, num_cols=3)
    >>> halves = np.array([shapely.box(0, 0, 1.6, 2), shapely.box(0, 0, 3, 1)])
    >>> labels_at_centres(halves, grid, Window(row=0, past_row=2, col=0, past_col=3)).tolist()
    [[0, 0, -1], [0, 0, 1]]
    """
    label = np.full(window.shape, -1, np.int64)
    part = window.grid(grid)
    for p in np.sort(shapely.STRtree(polygons).query(window.box(grid)))[::-1]:
        parts = shapely.get_rings(shapely.get_parts(polygons[p : p + 1]))
        xy, ring = shapely.get_coordinates(parts, return_index=True)
        crossed = np.zeros((window.shape[0], window.shape[1] + 1), np.bool_)
        _cross(
            crossed,
            (part.top_m - xy[:, 1]) / part.cell_m - 0.5,
            (xy[:, 0] - part.left_m) / part.cell_m - 0.5,
            ring.astype(np.int64),
        )
        label[np.logical_xor.accumulate(crossed, axis=1)[:, :-1]] = p
    return label


@numba.njit(cache=True, nogil=True)
def _cross(crossed: NDArray[np.bool_], row: Floats, col: Floats, ring: Ints) -> None:
    """Turn over, in each row of centres that an edge crosses, the first centre to its right."""
    num_rows, num_cols = crossed.shape[0], crossed.shape[1] - 1
    for e in range(len(ring) - 1):
        if ring[e] != ring[e + 1] or row[e] == row[e + 1]:
            continue
        low, high = min(row[e], row[e + 1]), max(row[e], row[e + 1])
        slope = (col[e + 1] - col[e]) / (row[e + 1] - row[e])
        for r in range(max(int(np.ceil(low)), 0), min(int(np.ceil(high)), num_rows)):
            right = np.ceil(col[e] + (r - row[e]) * slope)
            if right <= num_cols:
                c = max(int(right), 0)
                crossed[r, c] = not crossed[r, c]
