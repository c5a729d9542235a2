"""The lattice of square cells, and the larger blocks in which items clump."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.errors import InvalidInput

MAX_CELLS = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Square cells aligned to blocks; row 0 is the northern edge. Cell numbers are ``row * num_cols + col``.

    Parameters
    ----------
    left_m, top_m
        North-western corner, a multiple of the block size. [m]
    cell_m
        Side of a cell. [m]
    block_cells
        Side of a block, in cells.
    num_rows, num_cols
        Size, whole blocks.
    """

    left_m: float
    top_m: float
    cell_m: float
    block_cells: int
    num_rows: int
    num_cols: int

    @property
    def num_cells(self) -> int:
        """Cells in the lattice, most of which may hold no record."""
        return self.num_rows * self.num_cols

    @property
    def cell_area_m2(self) -> float:
        """Area of one cell. [m²]"""
        return self.cell_m**2

    def row_col(self, cell: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and column of cell numbers."""
        return cell // self.num_cols, cell % self.num_cols

    def block(self, cell: NDArray[np.int64]) -> NDArray[np.int64]:
        """Block number of each cell."""
        row, col = self.row_col(cell)
        return (row // self.block_cells) * (self.num_cols // self.block_cells) + col // self.block_cells

    def block_centre(self, block: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Place of the centre of blocks. [m]"""
        row, col = np.divmod(block, self.num_cols // self.block_cells)
        side = self.cell_m * self.block_cells
        return np.asarray(self.left_m + (col + 0.5) * side), np.asarray(self.top_m - (row + 0.5) * side)

    def boxes(self, cell: NDArray[np.int64]) -> NDArray[np.object_]:
        """Square polygons of cell numbers. [m]"""
        row, col = self.row_col(cell)
        left, top = self.left_m + col * self.cell_m, self.top_m - row * self.cell_m
        return np.asarray(shapely.box(left, top - self.cell_m, left + self.cell_m, top))

    def cell_at(self, x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cell number of each point; −1 outside the lattice."""
        col = np.floor((x_m - self.left_m) / self.cell_m).astype(np.int64)
        row = np.floor((self.top_m - y_m) / self.cell_m).astype(np.int64)
        inside = (col >= 0) & (col < self.num_cols) & (row >= 0) & (row < self.num_rows)
        return np.where(inside, row * self.num_cols + col, -1)


def grid_over(bounds_m: tuple[float, float, float, float], cell_m: float, block_m: float) -> Grid:
    """The lattice over (left, bottom, right, top), grown to whole blocks on a fixed lattice of the plane.

    Blocks lie at multiples of their size, so that adding a record elsewhere never moves them.

    Examples
    --------
    >>> grid = grid_over((10.0, 10.0, 390.0, 210.0), 50.0, 200.0)
    >>> grid.num_rows, grid.num_cols, grid.left_m, grid.top_m
    (8, 8, 0.0, 400.0)
    """
    left, bottom = (np.floor(v / block_m) for v in bounds_m[:2])
    right, top = (np.ceil(v / block_m) for v in bounds_m[2:])
    block_cells = round(block_m / cell_m)
    rows, cols = (int(max(n, 1)) * block_cells for n in (top - bottom, right - left))
    if rows * cols > MAX_CELLS:
        raise InvalidInput(
            f"cells of {cell_m:g} m over {(right - left) * block_m / 1e3:,.0f} × "
            f"{(top - bottom) * block_m / 1e3:,.0f} km are {rows * cols:,} cells, more than {MAX_CELLS:,}; "
            "take larger cells, or look for a record that lies far from the others"
        )
    return Grid(
        left_m=float(left * block_m),
        top_m=float(top * block_m),
        cell_m=cell_m,
        block_cells=block_cells,
        num_rows=rows,
        num_cols=cols,
    )
