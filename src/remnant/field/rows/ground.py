"""The searched ground of one area and its finds, as rasters and points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.errors import InvalidInput
from remnant.field.rows.layout import Data
from remnant.units import Floats, Ints, not_negative, probability

_BLUR_M = 0.5  # items lie about this far from their places, so the chance of being found is smoothed by it
_EDGE_M = 2.0  # a find this close to searched ground was made by that search
_MOST_NEIGHBOURS = 40
_MOST_BLOCKS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchedGround:
    """One area as square cells, with the chance that an item in them would have been found by now.

    Parameters
    ----------
    left_m, top_m
        North-western corner. [m]
    cell_m
        Side of a cell. [m]
    inside
        (ny, nx) whether a cell's centre lies in the area; row 0 is the northern edge.
    p_found
        (n_levels, ny, nx) chance of having been found, zero where nobody searched. The levels are equally likely
        before the evidence: they carry what is not known about detection. [1]
    """

    left_m: float
    top_m: float
    cell_m: float
    inside: NDArray[np.bool_]
    p_found: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "p_found", probability("p_found", self.p_found))
        if self.p_found.ndim != 3 or self.p_found.shape[1:] != self.inside.shape:
            raise InvalidInput(
                f"p_found must be (n_levels, {self.inside.shape[0]}, {self.inside.shape[1]}), as the area's cells are; "
                f"got {self.p_found.shape}."
            )
        if not self.inside.any():
            raise InvalidInput("the area holds no cell centre. Give a larger area or smaller cells.")
        if self.p_found.max() >= 1.0:
            raise InvalidInput("p_found must stay below 1: no search is certain to find everything.")

    @property
    def area_m2(self) -> float:
        """Ground inside the area. [m²]"""
        return float(self.inside.sum()) * self.cell_m**2

    def centres(self) -> tuple[Floats, Floats]:
        """(nx,) and (ny,) coordinates of the cells' centres. [m]"""
        ny, nx = self.inside.shape
        x = self.left_m + (np.arange(nx) + 0.5) * self.cell_m
        y = self.top_m - (np.arange(ny) + 0.5) * self.cell_m
        return np.asarray(x, np.float64), np.asarray(y, np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointFinds:
    """Items found at points; all (n,).

    Parameters
    ----------
    x_m, y_m
        Place. [m]
    sd_m
        Standard deviation of the position, per axis. [m]
    """

    x_m: Floats
    y_m: Floats
    sd_m: Floats

    def __post_init__(self) -> None:
        not_negative("sd_m", self.sd_m)
        if not (self.x_m.shape == self.y_m.shape == self.sd_m.shape):
            raise InvalidInput("x_m, y_m and sd_m of finds must have one entry per find.")
        if not (np.isfinite(self.x_m).all() and np.isfinite(self.y_m).all()):
            raise InvalidInput("finds need finite coordinates. Leave out those without a place.")


def centre_of(ground: SearchedGround) -> tuple[float, float]:
    """Middle of the area's cells. [m]"""
    x, y = ground.centres()
    row, col = np.nonzero(ground.inside)
    return float(x[col].mean()), float(y[row].mean())


def data_of(finds: PointFinds, ground: SearchedGround, block_m: tuple[float, ...]) -> tuple[Data, Ints]:
    """Finds and ground as the compiled code reads them, in coordinates about the area's middle.

    Also the block of each cell, (n_sizes, ny, nx), −1 outside the area.
    """
    cx, cy = centre_of(ground)
    x, y = finds.x_m - cx, finds.y_m - cy
    grid_x, grid_y = np.meshgrid(ground.centres()[0] - cx, ground.centres()[1] - cy)
    reached = np.hypot(np.abs(grid_x), np.abs(grid_y))[ground.inside].max() + ground.cell_m
    p_inside = np.where(ground.inside, ground.p_found, 0.0)
    at_find, log_p = _at_finds(finds, ground, p_inside)
    sizes = [s for s in block_m if ground.area_m2 / s**2 < _MOST_BLOCKS] or [max(block_m)]
    blocks = [_blocks_of(x, y, grid_x, grid_y, ground, p_inside, s) for s in sizes]
    exposure = np.zeros((len(sizes), ground.p_found.shape[0], max(b[1].shape[1] for b in blocks)))
    cell_block = np.full((len(sizes), *ground.inside.shape), -1, np.int64)
    for k, (_, searched, of_cell) in enumerate(blocks):
        cell_block[k, ground.inside] = of_cell
        exposure[k, :, : searched.shape[1]] = searched
    blur = _BLUR_M / ground.cell_m
    apart = np.hypot(x[:, None] - x, y[:, None] - y) if x.size else np.zeros((0, 0))
    reach = _reach(apart)
    data = Data(
        x=np.ascontiguousarray(x),
        y=np.ascontiguousarray(y),
        variance=np.ascontiguousarray(finds.sd_m**2),
        is_searched=at_find,
        block=np.stack([b[0] for b in blocks]),
        log_p=log_p,
        p_found=np.stack([ndimage.gaussian_filter(p, blur, mode="constant") for p in p_inside]),
        exposure=exposure,
        num_blocks=np.array([b[1].shape[1] for b in blocks], np.int64),
        left_m=ground.left_m - cx,
        top_m=ground.top_m - cy,
        cell_m=ground.cell_m,
        radius_m=float(reached),
        neighbours=(apart < reach).sum(axis=1) - 1.0,
        reach_m=reach,
    )
    return data, cell_block


def _at_finds(
    finds: PointFinds, ground: SearchedGround, p_inside: Floats
) -> tuple[NDArray[np.bool_], Floats]:
    """Whether each find lies on searched ground, and the log chance of being found there, (n,) and (n_levels, n)."""
    width = 2 * int(np.ceil(_EDGE_M / ground.cell_m)) + 1
    near = ndimage.maximum_filter(p_inside, size=(1, width, width), mode="constant")
    ny, nx = ground.inside.shape
    col = np.floor((finds.x_m - ground.left_m) / ground.cell_m).astype(np.int64)
    row = np.floor((ground.top_m - finds.y_m) / ground.cell_m).astype(np.int64)
    on = (row >= 0) & (row < ny) & (col >= 0) & (col < nx)
    row, col = np.clip(row, 0, ny - 1), np.clip(col, 0, nx - 1)
    exact, wide = p_inside[:, row, col], near[:, row, col]
    chance = np.where(exact > 0.0, exact, wide) * on
    searched = (chance > 0.0).all(axis=0)
    return searched, np.log(np.where(searched, np.maximum(chance, 1e-12), 1.0))


def _blocks_of(
    x: Floats,
    y: Floats,
    grid_x: Floats,
    grid_y: Floats,
    ground: SearchedGround,
    p_inside: Floats,
    size_m: float,
) -> tuple[Ints, Floats, Ints]:
    """Block of each find, searched ground of each block (n_levels, n_blocks), and block of each cell inside."""

    def key(px: Floats, py: Floats) -> Ints:
        return np.floor(px / size_m).astype(np.int64) * 1_000_003 + np.floor(py / size_m).astype(np.int64)

    cells = key(grid_x[ground.inside], grid_y[ground.inside])
    known, index = np.unique(np.concatenate([cells, key(x, y)]), return_inverse=True)
    of_cell: Ints = index[: cells.size].astype(np.int64)
    of_find: Ints = index[cells.size :].astype(np.int64)
    per_cell = np.stack([np.bincount(of_cell, p[ground.inside], known.size) for p in p_inside])
    searched: Floats = np.asarray(per_cell * ground.cell_m**2, np.float64)
    return of_find, searched, of_cell


def _reach(apart: Floats) -> float:
    """Distance within which a find has about as many neighbours as lines are laid through."""
    n = len(apart)
    if n <= _MOST_NEIGHBOURS + 1:
        return float("inf")
    return float(np.median(np.partition(apart, _MOST_NEIGHBOURS, axis=1)[:, _MOST_NEIGHBOURS]))
