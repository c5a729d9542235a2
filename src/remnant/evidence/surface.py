"""A raster in any CRS, read at points of the case's CRS."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from remnant.errors import InvalidInput
from remnant.units import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surface:
    """Values on the pixels of a raster, and where each point of the case's plane lies among the pixels.

    The way from the plane into the raster is a table on a coarse lattice, so that a raster keeps its own pixels in its
    own CRS and no value is resampled twice.

    Parameters
    ----------
    values
        (num_rows, num_cols) values of the pixels, north or south up; NaN unknown.
    left_m, top_m, step_m
        Lattice of the table: node (r, c) lies at x = left_m + c·step_m, y = top_m − r·step_m. [m]
    column, row
        (at least 2, at least 2) place of each lattice node among the pixels: 0 is the centre of the first one, NaN
        where there is no way. [pixels]
    """

    values: NDArray[np.floating]
    left_m: float
    top_m: float
    step_m: float
    column: Floats
    row: Floats

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.size == 0:
            raise InvalidInput(f"a surface must have rows and columns; got shape {self.values.shape}")
        if self.column.shape != self.row.shape or self.column.ndim != 2 or min(self.column.shape) < 2:
            raise InvalidInput("the table of a surface must have two rows and two columns or more")
        if not self.step_m > 0.0:
            raise InvalidInput(f"step_m must be above 0; got {self.step_m:g}")

    @classmethod
    def north_up(
        cls, values: NDArray[np.floating], *, left_m: float, top_m: float, pixel_m: float
    ) -> Surface:
        """A raster that is in the case's CRS already: its north-western corner and the side of a pixel. [m]"""
        num_rows, num_cols = values.shape
        step = pixel_m * max(num_rows, num_cols)
        column, row = np.meshgrid([-0.5, step / pixel_m - 0.5], [-0.5, step / pixel_m - 0.5])
        return cls(values=values, left_m=left_m, top_m=top_m, step_m=step, column=column, row=row)

    def at(self, x_m: Floats, y_m: Floats, *, is_nearest: bool = False) -> Floats:
        """(n,) values at points: bilinear between pixel centres, or that of the pixel; NaN unknown.

        A point on an unknown pixel is unknown; beside one, the known neighbours carry its weight.

        Examples
        --------
        >>> s = Surface.north_up(np.array([[1.0, 3.0], [5.0, np.nan]]), left_m=0.0, top_m=20.0, pixel_m=10.0)
        >>> s.at(np.array([10.0, 5.0, 15.0, 40.0]), np.array([15.0, 15.0, 5.0, 0.0])).tolist()
        [2.0, 1.0, nan, nan]
        """
        return np.asarray(
            _read(
                self.values, self.column, self.row, self.left_m, self.top_m, self.step_m,
                np.ascontiguousarray(x_m, np.float64), np.ascontiguousarray(y_m, np.float64), is_nearest,
            )
        )  # fmt: skip


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _read(values, column, row, left, top, step, x, y, is_nearest):  # type: ignore[no-untyped-def]
    num_rows, num_cols = values.shape
    out = np.full(x.size, np.nan)
    for i in range(x.size):
        c, r = (x[i] - left) / step, (top - y[i]) / step
        if not (c >= 0.0 and r >= 0.0 and c <= column.shape[1] - 1 and r <= column.shape[0] - 1):
            continue
        u, v = _between(column, c, r), _between(row, c, r)
        if not (u >= -0.5 and v >= -0.5 and u < num_cols - 0.5 and v < num_rows - 0.5):
            continue
        own = values[int(np.floor(v + 0.5)), int(np.floor(u + 0.5))]
        if np.isnan(own) or is_nearest:
            out[i] = own
            continue
        u, v = min(max(u, 0.0), num_cols - 1.0), min(max(v, 0.0), num_rows - 1.0)
        c0, r0 = min(int(u), max(num_cols - 2, 0)), min(int(v), max(num_rows - 2, 0))
        total, weight = 0.0, 0.0
        for dr in range(2):
            for dc in range(2):
                w = (u - c0 if dc else 1.0 - u + c0) * (v - r0 if dr else 1.0 - v + r0)
                if w > 0.0 and not np.isnan(values[r0 + dr, c0 + dc]):
                    total += w * values[r0 + dr, c0 + dc]
                    weight += w
        out[i] = total / weight
    return out


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _between(table, c, r):  # type: ignore[no-untyped-def]
    c0, r0 = min(int(c), table.shape[1] - 2), min(int(r), table.shape[0] - 2)
    a, b = c - c0, r - r0
    upper = (1.0 - a) * table[r0, c0] + a * table[r0, c0 + 1]
    lower = (1.0 - a) * table[r0 + 1, c0] + a * table[r0 + 1, c0 + 1]
    return (1.0 - b) * upper + b * lower
