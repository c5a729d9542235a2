"""A whole country by tiles: its evidence weighed once, then each tile of its ground by itself, and totals over all.

Blocks of ground that a record touches are worked out with the evidence, as in any assessment. On all other ground of
the region nothing is known but its place: a tile of it is a function of the posterior draws and the tile's number, so
tiles can be worked out in any order, on any machine, and again after an interruption, with the same numbers. They give
what remains in each cell, and the two sums per draw and district from which totals are made (see
`remnant.field.bare`), so totals keep the correlation that the draws hold.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant._version import __version__
from remnant.assessment import Assessment, answer
from remnant.errors import InvalidInput
from remnant.evidence import Case, Covariate, Scaling, design_matrix
from remnant.field import (
    BareGround,
    FieldPosterior,
    bare_cells,
    bare_counts,
    bare_ground,
    bare_rates,
    never_changes,
)
from remnant.geo import Grid, Window, labels_at_centres, patch_cells, share_inside, windows
from remnant.units import KM2_M2, Floats, Ints
from remnant.weighing import Counts, Progress, Rest, Weighed, weigh

TILE_CELLS = 1024
"""About how many cells a tile has along a side: whole patches, no fewer."""
VARIABLES = ("mean", "q05", "q95", "p_any")
"""What a tile gives of each cell, in this order."""
_LEAST_SHARE = 1e-9  # of a cell; less is what rounding leaves of a boundary
_KEPT_BITS = 15  # of the 23 binary digits of a single-precision fraction: five decimal ones
_one_at_a_time = threading.Lock()  # for geometry, and for covariates, which may use all of numba's threads


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileJob:
    """What all tiles share; goes to every worker.

    Parameters
    ----------
    grid, region
        All cells, and the polygon that counts. [m]
    district
        (n_districts,) polygons for which totals are wanted. [m]
    bare
        The posterior, arranged for ground without records.
    covariates, scaling
        Of the field model, as in its fit; None without covariates.
    """

    grid: Grid
    region: shapely.Geometry
    district: NDArray[np.object_]
    bare: BareGround
    covariates: tuple[Covariate, ...]
    scaling: Scaling | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileTask:
    """One tile: its place, and what remains in its cells that records touch.

    Parameters
    ----------
    number
        From 0, by row, then column, over the whole grid.
    row, col
        (n_known,) place within the window of cells that were worked out with the evidence.
    values
        (4, n_dates, 4, n_known) what remains there, by `VARIABLES`, date and state.
    """

    number: int
    window: Window
    row: Ints
    col: Ints
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileResult:
    """What remains in a tile.

    Parameters
    ----------
    values
        (4, n_dates, 4, rows, cols) by `VARIABLES`, date and state; NaN outside the region. Means and chances are
        rounded to five digits.
    patch, district
        (n_sums,) patch of the grid, and district (−1: none), that each sum is of.
    sums
        (n_sums, 2, n_draws) see `remnant.field.BareCells`.
    ground_m2
        (n_sums,) bare ground. [m²]
    num_cells
        Cells with a value.
    """

    number: int
    window: Window
    values: NDArray[np.float32]
    patch: Ints
    district: Ints
    sums: Floats
    ground_m2: Floats
    num_cells: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileSums:
    """The part of a tile's result that totals are made of; see `TileResult`."""

    patch: Ints
    district: Ints
    sums: Floats
    ground_m2: Floats
    num_cells: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Country:
    """A case whose evidence is weighed and whose ground is divided into tiles."""

    weighed: Weighed
    job: TileJob
    tile_cells: int
    tasks: tuple[TileTask, ...]

    @property
    def num_dates(self) -> int:
        """Asked dates."""
        return len(self.weighed.case.dates)


def prepare(
    case: Case,
    *,
    seed: int | None = None,
    tile_cells: int = TILE_CELLS,
    progress: Progress | None = None,
) -> Country:
    """Weigh a case's evidence and divide its region into tiles.

    Parameters
    ----------
    case
        With a region.
    seed
        Overrides the case's seed.
    tile_cells
        Wanted side of a tile; changes no number. [cells]
    progress
        Called with the name of the step and the share done of it.
    """
    if case.region is None:
        raise InvalidInput(
            "a case is worked out by tiles over a region, and this one names none. Add the country's outline to "
            'case.toml: [grid] with region = {file = "country.gpkg"}; or leave out --tiles.'
        )
    if tile_cells < 1:
        raise InvalidInput(f"tile_cells must be 1 or more; got {tile_cells}")
    weighed = weigh(case, seed=seed, progress=progress, by_tiles=True)
    grid, posterior = weighed.reduction.grid, weighed.posterior
    days = weighed.days[:1] if never_changes(posterior) else weighed.days
    job = TileJob(
        grid=grid,
        region=case.region,
        district=case.districts.geometry,
        bare=bare_ground(
            case, posterior, days, weighed.as_of_day, weighed.mixed, cell_area_m2=grid.cell_area_m2
        ),
        covariates=case.covariates if isinstance(posterior, FieldPosterior) else (),
        scaling=posterior.design.scaling if isinstance(posterior, FieldPosterior) else None,
    )
    side = -(-tile_cells // patch_cells(grid)) * patch_cells(grid)
    return Country(weighed=weighed, job=job, tile_cells=side, tasks=_tasks(weighed, job, side))


def _tasks(weighed: Weighed, job: TileJob, side: int) -> tuple[TileTask, ...]:
    """Tiles that hold any ground of the region or any cell that records touch."""
    grid, cells = job.grid, weighed.reduction.cells
    row, col = grid.row_col(cells)
    across = -(-grid.num_cols // side)
    tile = (row // side) * across + col // side
    order = np.argsort(tile, kind="stable")
    bounds = np.searchsorted(tile[order], np.arange(across * -(-grid.num_rows // side) + 1))
    shapely.prepare(job.region)
    tasks = []
    for number, window in enumerate(windows(grid, side)):
        mine = order[bounds[number] : bounds[number + 1]]
        if mine.size or shapely.intersects(job.region, window.box(grid)):
            values = np.stack([getattr(weighed.in_cells, name)[:, :, mine] for name in VARIABLES])
            tasks.append(
                TileTask(
                    number=number,
                    window=window,
                    row=row[mine] - window.row,
                    col=col[mine] - window.col,
                    values=_rounded(values),
                )
            )
    return tuple(tasks)


def run_tile(job: TileJob, task: TileTask) -> TileResult:
    """What remains in one tile: a function of its arguments alone."""
    with _one_at_a_time:
        shapely.prepare(job.region)
    num_dates = task.values.shape[1]
    values = np.full((len(VARIABLES), num_dates, 4, *task.window.shape), np.nan, np.float32)
    known = np.zeros(task.window.shape, np.bool_)
    known[task.row, task.col] = True
    across = -(-job.grid.num_cols // patch_cells(job.grid))
    patch, district, sums, ground = [], [], [], []
    for window in windows(job.grid, patch_cells(job.grid), task.window):
        top, left = window.row - task.window.row, window.col - task.window.col
        here = (..., slice(top, top + window.shape[0]), slice(left, left + window.shape[1]))
        found = _patch(job, window, known[here], values[here])
        if found is not None:
            labels, sum_of, ground_of = found
            number = (window.row // patch_cells(job.grid)) * across + window.col // patch_cells(job.grid)
            patch.append(np.full(labels.size, number, np.int64))
            district.append(labels)
            sums.append(sum_of)
            ground.append(ground_of)
    values[..., task.row, task.col] = task.values
    num_draws = job.bare.order.size
    return TileResult(
        number=task.number,
        window=task.window,
        values=values,
        patch=np.concatenate([*patch, np.zeros(0, np.int64)]),
        district=np.concatenate([*district, np.zeros(0, np.int64)]),
        sums=np.concatenate([*sums, np.zeros((0, 2, num_draws))]),
        ground_m2=np.concatenate([*ground, np.zeros(0)]),
        num_cells=int(np.isfinite(values[0, 0, 3]).sum()),
    )


def _patch(
    job: TileJob, window: Window, known: NDArray[np.bool_], values: NDArray[np.float32]
) -> tuple[Ints, Floats, Floats] | None:
    """Fill in the bare ground of one patch; districts that it is in, with sums and ground, or None if there is none."""
    grid = job.grid
    # GEOS keeps notes in a prepared polygon while it works with it: one thread at a time
    with _one_at_a_time:
        share = share_inside(job.region, grid, window)
        district = labels_at_centres(job.district, grid, window)
    row, col = np.nonzero((share > _LEAST_SHARE) & ~known)
    if row.size == 0:
        return None
    label = district[row, col]
    part = window.grid(grid)
    block = part.block(row * part.num_cols + col)
    order = np.lexsort((label, block))
    row, col, label, block = row[order], col[order], label[order], block[order]
    starts = np.flatnonzero(np.concatenate([[True], (block[1:] != block[:-1]) | (label[1:] != label[:-1])]))
    labels, group = np.unique(label, return_inverse=True)
    x, y = part.block_centre(block[starts])
    ground = share[row, col] * grid.cell_area_m2
    found = bare_cells(
        job.bare,
        x,
        y,
        ground,
        _columns(job, x, y),
        np.append(starts, row.size),
        group.reshape(-1)[starts].astype(np.int64),
        labels.size,
    )
    for v, name in enumerate(VARIABLES):
        values[v][:, :, row, col] = _rounded(getattr(found.cells, name))
    return (
        labels,
        found.sums,
        np.bincount(group.reshape(-1), ground, minlength=labels.size).astype(np.float64),
    )


def _columns(job: TileJob, x: Floats, y: Floats) -> Floats:
    """(n, n_covariates) standardised covariates at the centres of blocks."""
    if not job.covariates or job.scaling is None:
        return np.zeros((x.size, 0))
    with _one_at_a_time:
        return design_matrix(job.covariates, x, y, scaling=job.scaling).columns


def _rounded(values: Floats) -> NDArray[np.float32]:
    """Single precision, rounded to `_KEPT_BITS` so that files pack well; whole numbers below 65,536 and NaN stay."""
    bits = values.astype(np.float32).view(np.uint32)
    dropped = np.uint32(23 - _KEPT_BITS)
    half = np.uint32((1 << (23 - _KEPT_BITS - 1)) - 1)
    even = (bits >> dropped) & np.uint32(1)
    kept = (bits + half + even) & np.uint32(~((1 << (23 - _KEPT_BITS)) - 1) & 0xFFFFFFFF)
    return np.where(np.isfinite(values), kept, bits).view(np.float32)


def fingerprint(country: Country) -> str:
    """SHA-256 of everything that tiles depend on: a folder of tiles may only be added to by runs that agree on it."""
    job, weighed = country.job, country.weighed
    digest = hashlib.sha256()
    facts = {
        "version": __version__,
        "seed": weighed.seed,
        "dates": [d.isoformat() for d in weighed.case.dates],
        "crs": weighed.case.crs,
        "grid": [job.grid.left_m, job.grid.top_m, job.grid.cell_m, job.grid.block_cells, *_shape(job.grid)],
        "tile_cells": country.tile_cells,
        "inputs": dict(sorted(weighed.case.inputs.items())),
    }
    digest.update(json.dumps(facts, sort_keys=True).encode())
    for shape in (job.region, *job.district):
        digest.update(shapely.to_wkb(shape) if shape is not None else b"none")
    bare = job.bare
    arrays: list[NDArray[np.generic]] = [bare.order, bare.rate, bare.clump, bare.nodes, bare.slopes]
    for task in country.tasks:
        arrays += [task.row, task.col, task.values]
    for array in arrays:
        digest.update(str((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _shape(grid: Grid) -> tuple[int, int]:
    return grid.num_rows, grid.num_cols


def finish(country: Country, tiles: Iterable[TileSums]) -> Assessment:
    """The assessment of a country whose tiles are done.

    Its `cells` are those that records touch; all others are in the tiles.

    Parameters
    ----------
    tiles
        Sums of every tile, in any order.
    """
    weighed = country.weighed
    parts = list(tiles)
    names = [str(n) for n in weighed.case.districts.name]
    sums = _by_district(parts, len(names))
    seed = [weighed.seed, *b"rest"]
    asked = _counts(weighed, weighed.days, sums, seed)
    ahead = _counts(weighed, weighed.curve_days, sums, seed)
    by_group: dict[str, Counts] = {}
    for label, items in asked.items():
        scopes = ("outside hazard areas", "all", *((f"district {names[label]}",) if label >= 0 else ()))
        for scope in scopes:
            by_group[scope] = by_group[scope] + items if scope in by_group else items
    over_time = {"all": np.sum(list(ahead.values()), axis=0)} if ahead else {}
    result = answer(weighed, Rest(by_group=by_group, over_time=over_time))
    ground = float(sum(p.ground_m2.sum() for p in parts))
    return replace(
        result,
        provenance={
            **result.provenance,
            "region_cells": sum(p.num_cells for p in parts),
            "region_km2": round(float(shapely.area(country.job.region)) / KM2_M2, 6),
            "region_km2_without_records": round(ground / KM2_M2, 6),
        },
    )


def _by_district(parts: Sequence[TileSums], num_districts: int) -> dict[int, Floats]:
    """District (−1: none) → (2, n_draws) sums, added in the order of patches whatever tile they came in."""
    patch, district = (np.concatenate([getattr(p, n) for p in parts]) for n in ("patch", "district"))
    sums = np.concatenate([p.sums for p in parts])
    order = np.lexsort((patch, district))
    out: dict[int, Floats] = {}
    for i in order.tolist():
        label = int(district[i])
        out[label] = out[label] + sums[i] if label in out else sums[i]
    assert all(label < num_districts for label in out)
    return out


def _counts(
    weighed: Weighed, days: Sequence[float], sums: dict[int, Floats], seed: Sequence[int]
) -> dict[int, Counts]:
    """District → (n_draws, n_days, 3) items on bare ground."""
    rate, clump = bare_rates(weighed.case, weighed.posterior, days, weighed.as_of_day)
    return {
        label: bare_counts(rate, clump, of, seed=[*seed, label + 1]) for label, of in sorted(sums.items())
    }
