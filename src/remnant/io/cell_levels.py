"""Cells and the larger squares that stand for them when the map is looked at from afar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from remnant.io.codes import Codes
from remnant.units import Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellLevel:
    """Squares of one size, and the cell that stands for each: the one that holds most.

    Parameters
    ----------
    size_m
        Side of a square. [m]
    left_m, top_m
        Corner of the grid. [m]
    num_cols
        Squares in a row of the grid.
    key, cell
        (n_squares,) row × num_cols + column, ascending; index of the cell that stands for it.
    """

    size_m: float
    left_m: float
    top_m: float
    num_cols: int
    key: Ints
    cell: Ints

    def at(self, x: Floats, y: Floats) -> Ints:
        """Cell that stands for the square at each place, −1 where there is none."""
        col = np.floor((x - self.left_m) / self.size_m)
        row = np.floor((self.top_m - y) / self.size_m)
        inside = (col >= 0.0) & (col < self.num_cols) & (row >= 0.0) & np.isfinite(col + row)
        key = np.where(inside, np.where(inside, row, 0) * self.num_cols + np.where(inside, col, 0), -1)
        place = np.minimum(np.searchsorted(self.key, key), max(self.key.size - 1, 0))
        if not self.key.size:
            return np.full(x.shape, -1)
        return np.asarray(np.where(self.key[place] == key, self.cell[place], -1), np.int64)


def levels_of(grid: Mapping[str, float], row: Ints, col: Ints, held: Codes) -> tuple[CellLevel, ...]:
    """Cells, then squares of twice the size, and so on until few are left.

    Parameters
    ----------
    grid
        ``left_m, top_m, cell_m, num_cols`` of the cells.
    row, col
        (n_cells,) place of each, in order of row and column.
    held
        (n_cells,) what each holds: the cell with most stands for a square.
    """
    cell = np.arange(row.size)
    num_cols, size = int(grid["num_cols"]), float(grid["cell_m"])
    out = []
    while True:
        key = row * num_cols + col
        out.append(
            CellLevel(
                size_m=size, left_m=grid["left_m"], top_m=grid["top_m"], num_cols=num_cols, key=key, cell=cell
            )
        )
        if cell.size <= 1_000:
            return tuple(out)
        row, col, num_cols, size = row // 2, col // 2, (num_cols + 1) // 2, 2.0 * size
        key = row * num_cols + col
        order = np.lexsort((held[cell], key))  # the last of equal keys holds most
        last = np.append(key[order][1:] != key[order][:-1], True)
        keep = order[last]
        row, col, cell = row[keep], col[keep], cell[keep]


def write_levels(levels: Sequence[CellLevel], path: Path) -> None:
    """Write keys and cells of all levels."""
    np.savez(
        path, **{f"{name}{k}": getattr(one, name) for k, one in enumerate(levels) for name in ("key", "cell")}
    )


def read_levels(path: Path, grid: Mapping[str, float]) -> tuple[CellLevel, ...]:
    """The levels that a map folder holds."""
    with np.load(path, allow_pickle=False) as file:
        out, num_cols, size = [], int(grid["num_cols"]), float(grid["cell_m"])
        for k in range(len(file.files) // 2):
            out.append(
                CellLevel(
                    size_m=size, left_m=grid["left_m"], top_m=grid["top_m"], num_cols=num_cols,
                    key=file[f"key{k}"], cell=file[f"cell{k}"],
                )
            )  # fmt: skip
            num_cols, size = (num_cols + 1) // 2, 2.0 * size
        return tuple(out)
