"""Classic point patterns, whole blocks held out: how well counts of unseen land are predicted, beside packages of R.

Every method gets the same cells, the same columns of covariates and the same folds, and is scored with all that it can
say of the counts: draws of the expected counts with the uncertainty of coefficients, surface and hyper-parameters, and
its own clumping. Three scores, all in nats and larger where better: of the counts of cells one by one, of the totals of
held-out blocks, and of the points under the predicted intensity (Poisson log-likelihood of the mean).
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy.special import gammaln, logsumexp

from benchmarks.measure import Skip
from benchmarks.peers import r_versions
from remnant.field.counts import CountEvidence
from remnant.field.latent import LatentModel, sample_latent
from remnant.field.lattice import lattice_over
from remnant.numerics import link_of
from remnant.units import Floats, Ints

TITLE = "Classic point patterns: counts of held-out blocks"
REPEATS = 1
BASE = None
ROOT = Path(__file__).resolve().parents[1]
SCRIPT = Path(__file__).parent / "peers" / "point_patterns.R"
FOLDS, DRAWS = 5, 1000
PEERS = {
    "spatstat ppm": "ppm",
    "spatstat kppm, LGCP": "kppm_lgcp",
    "spatstat kppm, Thomas": "kppm_thomas",
    "mgcv gam, thin plate": "gam_tp",
    "mgcv gam, gp": "gam_gp",
}
SIDES_M = {"bei": (25.0, 125.0), "gorillas": (150.0, 750.0)}  # of cells, of blocks
SLOPE_SD = (
    0.5  # a column moves density by a factor between about 1/5 and 5 over two standard deviations (90 %)
)
LEAST_AREA = 0.05  # of a cell within the window: below it, the cell is left out for everybody


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pattern:
    """Points counted on cells.

    Parameters
    ----------
    x, y, area
        (n,) centres of cells [m] and ground within the window. [m²]
    count
        (n,) points.
    columns
        (n, k) standardised covariates.
    block, fold
        (n,) numbers.
    points
        (n_points, 3) x, y and fold.
    """

    x: Floats
    y: Floats
    area: Floats
    count: Floats
    columns: Floats
    block: Ints
    fold: Ints
    points: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prediction:
    """What a method says of unseen cells.

    Parameters
    ----------
    mean
        (n, n_draws) expected counts given a draw.
    size
        (n, n_draws) negative binomial size; infinite: Poisson.
    block_size
        (n_folds,) size of block totals where it is a property of the block, else NaN.
    """

    mean: Floats
    size: Floats
    block_size: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """Predictions of all patterns, and what they took."""

    predictions: Mapping[str, Prediction]
    measured: Mapping[str, float] = field(default_factory=dict)


Data = Mapping[str, Pattern]


def folder() -> Path:
    """Where the patterns are."""
    return Path(os.environ.get("REMNANT_DATA", ROOT.parent / "shared" / "data")) / "point_patterns"


def prepare() -> Data:
    """Both patterns on cells; a small fit warms up the compiled code."""
    if not folder().is_dir():
        raise Skip("the point patterns are not here (REMNANT_DATA names no folder that holds them)")
    data = {name: pattern(name) for name in SIDES_M}
    predict_fold(data["bei"], 0, draws=10)
    return data


def grid_of(name: str) -> tuple[Floats, Floats, Floats]:
    """Values (rows from the north) of an ASCII grid, and x and y of its pixel centres; no data is NaN."""
    path = folder() / f"{name}.asc"
    with path.open() as lines:
        head = {key: float(value) for key, value in (next(lines).split() for _ in range(7))}
        values = np.loadtxt(lines)
    values[values == head["NODATA_value"]] = np.nan
    rows, cols = values.shape
    x = head["xllcorner"] + head["dx"] * (np.arange(cols) + 0.5)
    return values, x, head["yllcorner"] + head["dy"] * (rows - np.arange(rows) - 0.5)


def window_of(name: str) -> shapely.Geometry:
    """The window of a pattern."""
    window = json.loads((folder() / f"{name}_window.json").read_text("utf-8"))
    if window["type"] == "rectangle":
        return shapely.box(window["xrange"][0], window["yrange"][0], window["xrange"][1], window["yrange"][1])
    return shapely.Polygon(np.column_stack([window["bdry"][0]["x"], window["bdry"][0]["y"]]))


def pattern(name: str) -> Pattern:
    """Cells of one pattern with their covariates, blocks and folds."""
    side, block_side = SIDES_M[name]
    window = window_of(name)
    left, bottom, right, top = window.bounds
    cols, rows = int(np.ceil((right - left) / side)), int(np.ceil((top - bottom) / side))
    x, y = (
        v.ravel()
        for v in np.meshgrid(left + side * (np.arange(cols) + 0.5), bottom + side * (np.arange(rows) + 0.5))
    )
    area = shapely.area(
        shapely.intersection(shapely.box(x - side / 2, y - side / 2, x + side / 2, y + side / 2), window)
    )
    points = pd.read_csv(folder() / f"{name}_points.csv")[["x", "y"]].to_numpy()
    col = np.minimum((points[:, 0] - left) // side, cols - 1)
    cell = (np.minimum((points[:, 1] - bottom) // side, rows - 1) * cols + col).astype(np.int64)
    kept = area >= LEAST_AREA * side**2
    columns = np.column_stack(
        [columns_of(path.stem, x, y, kept, side) for path in sorted(folder().glob(f"{name}_*.asc"))]
    )
    scale = block_side
    block = (np.floor((y - bottom) / scale) * 1000 + np.floor((x - left) / scale)).astype(np.int64)
    _, block = np.unique(block, return_inverse=True)
    rng = np.random.default_rng([2026, *name.encode()])
    fold = (rng.permutation(block.max() + 1) % FOLDS)[block]
    here = kept[cell]
    count = np.bincount(cell[here], minlength=x.size).astype(np.float64)
    return Pattern(
        x=x[kept],
        y=y[kept],
        area=area[kept],
        count=count[kept],
        columns=columns,
        block=block[kept],
        fold=fold[kept],
        points=np.column_stack([points[here], fold[cell[here]]]),
    )


def columns_of(name: str, x: Floats, y: Floats, kept: Ints, side: float) -> Floats:
    """(n_kept, k) columns of one grid: its mean over each cell, standardised, or its classes as indicators."""
    values, px, py = grid_of(name)
    is_class = (folder() / f"{name}.legend.json").is_file()
    known = np.argwhere(~np.isnan(values))
    place, value = np.column_stack([px[known[:, 1]], py[known[:, 0]]]), values[tuple(known.T)]
    tree = shapely.STRtree(shapely.points(place))
    centre = shapely.points(np.column_stack([x[kept], y[kept]]))
    near = value[tree.nearest(centre)]  # at the centre, or the nearest known pixel
    if is_class:
        classes, counts = np.unique(near, return_counts=True)
        used = classes[counts >= 0.05 * near.size]
        base = classes[np.argmax(counts)]
        return np.column_stack([near == c for c in used if c != base]).astype(np.float64)
    boxes = shapely.box(x[kept] - side / 2, y[kept] - side / 2, x[kept] + side / 2, y[kept] + side / 2)
    cell, pixel = tree.query(boxes)
    total, number = (np.bincount(cell, w, minlength=near.size) for w in (value[pixel], np.ones(pixel.size)))
    mean = np.where(number > 0, total / np.maximum(number, 1), near)
    return ((mean - mean.mean()) / mean.std())[:, None]


def predict_fold(data: Pattern, fold: int, draws: int = DRAWS) -> tuple[Floats, Floats]:
    """Expected counts (n_unseen, n_draws) of one fold and clump sizes (n_draws,), by this program from the others."""
    seen = data.fold != fold
    side = float(np.sqrt(data.area.max()))
    lattice = lattice_over(data.x, data.y, side, 3.0 * side)
    read = lattice.interpolation(data.x, data.y)
    reach = float(max(np.ptp(data.x), np.ptp(data.y)))
    average = float(data.count[seen].sum() / data.area[seen].sum())
    level, clump = (
        link_of(low, high, is_probability=False)
        for low, high in ((average / 10.0, average * 3.0), (0.3, 30.0))
    )
    model = LatentModel(
        lattice=lattice,
        read=read[seen],
        likelihood=CountEvidence(found=data.count[seen], exposure=data.area[seen], level=level, clump=clump),
        range_m=link_of(2.0 * side, reach, is_probability=False),
        spread=link_of(np.log(1.3), np.log(10.0), is_probability=False),
        covariates=data.columns[seen],
        slope_mean=np.zeros(data.columns.shape[1]),
        slope_sd=np.full(data.columns.shape[1], SLOPE_SD),
    )
    found = sample_latent(model, num_draws=draws, rng=np.random.default_rng([2026, fold]))
    log_density = np.log(level.value(found.z[:, 0])) + read[~seen] @ found.nodes.T
    log_density = log_density + data.columns[~seen] @ found.slopes.T
    return np.exp(log_density) * data.area[~seen, None], clump.value(found.z[:, 1])


def ours(data: Data) -> Run:
    """All folds of all patterns."""
    predictions = {}
    for name, cells in data.items():
        mean, size = np.empty((2, cells.count.size, DRAWS))
        for fold in range(FOLDS):
            mean[cells.fold == fold], size[cells.fold == fold] = predict_fold(cells, fold)
        predictions[name] = Prediction(mean=mean, size=size, block_size=np.full(FOLDS, np.nan))
    return Run(predictions=predictions)


def theirs(method: str, data: Data) -> Run:
    """The same by a package of R, in a process of its own for each pattern; without the start of R."""
    predictions, took = {}, {"wall_s": 0.0, "cpu_s": 0.0, "peak_mb": 0.0}
    for name, cells in data.items():
        with tempfile.TemporaryDirectory() as place:
            write_for_r(cells, Path(place), SIDES_M[name])
            command = shutil.which("Rscript") or "Rscript"
            child = os.posix_spawn(command, [command, str(SCRIPT), method, place], os.environ)
            _, status = os.waitpid(child, 0)
            if status != 0:
                raise RuntimeError(
                    f"{SCRIPT.name} {method} ended with code {os.waitstatus_to_exitcode(status)}"
                )
            wall, cpu, peak_mb = np.loadtxt(Path(place) / f"{method}.took.csv", delimiter=",")
            took["wall_s"] += wall
            took["cpu_s"] += cpu
            took["peak_mb"] = max(took["peak_mb"], peak_mb)
            mean = np.loadtxt(Path(place) / f"{method}.mean.csv", delimiter=",", ndmin=2)
            size = pd.read_csv(Path(place) / f"{method}.size.csv", header=None).to_numpy(np.float64)
        per_cell = np.broadcast_to(size[cells.fold, 0][:, None], mean.shape)
        predictions[name] = Prediction(mean=mean, size=per_cell, block_size=size[:, 1])
    return Run(predictions=predictions, measured=took)


def write_for_r(cells: Pattern, place: Path, sides: tuple[float, float]) -> None:
    """The tables that the script reads."""
    table = {"x": cells.x, "y": cells.y, "area": cells.area, "count": cells.count, "fold": cells.fold}
    table |= {f"c{k + 1}": column for k, column in enumerate(cells.columns.T)}
    pd.DataFrame(table).to_csv(place / "cells.csv", index=False)
    pd.DataFrame(cells.points, columns=["x", "y", "fold"]).to_csv(place / "points.csv", index=False)
    (place / "side.txt").write_text(f"{sides[0]} {sides[1]}\n", "ascii")


def log_counts(count: Floats, mean: Floats, size: Floats) -> Floats:
    """Log probability of counts, negative binomial or (infinite size) Poisson."""
    mean = np.maximum(mean, 1e-300)
    finite = np.where(np.isfinite(size), size, 1.0)
    clumped = gammaln(count + finite) - gammaln(finite) + count * np.log(mean / (mean + finite))
    clumped = clumped - finite * np.log1p(mean / finite)
    return np.where(np.isfinite(size), clumped, count * np.log(mean) - mean) - gammaln(count + 1.0)


def scores(cells: Pattern, told: Prediction) -> dict[str, Floats]:
    """Per block: log score of its cells, of its total, and of its points."""
    count, draws = cells.count[:, None], np.log(told.mean.shape[1])
    by_cell = logsumexp(log_counts(count, told.mean, told.size), axis=1) - draws
    num = cells.block.max() + 1

    def per_block(values: Floats) -> Floats:
        return np.stack([np.bincount(cells.block, column, minlength=num) for column in values.T], axis=1)

    mean = per_block(told.mean)
    excess = per_block(told.mean**2 / told.size)  # of the variance over the mean, given a draw
    size = np.where(excess > 0.0, mean**2 / np.maximum(excess, 1e-300), np.inf)
    fold = np.zeros(num, np.int64)
    fold[cells.block] = cells.fold
    whole = told.block_size[fold][:, None]
    size = np.where(np.isnan(whole), size, whole)
    total = np.bincount(cells.block, cells.count, minlength=num)[:, None]
    by_total = logsumexp(log_counts(total, mean, size), axis=1) - draws
    average = told.mean.mean(axis=1)
    by_point = cells.count * np.log(np.maximum(average, 1e-300) / cells.area) - average
    used = np.bincount(cells.block, minlength=num) > 0
    return {
        "cells": np.bincount(cells.block, by_cell, minlength=num)[used],
        "block totals": by_total[used],
        "points": np.bincount(cells.block, by_point, minlength=num)[used],
    }


VARIANTS: Mapping[str, Callable[[Data], Run]] = {"remnant": ours} | (
    {name: functools.partial(theirs, method) for name, method in PEERS.items()}
    if shutil.which("Rscript")
    else {}
)


def facts(data: Data, results: Mapping[str, Run]) -> dict[str, str]:
    """Sizes, scores of this program, and by how much the others are better or worse (negative), ± standard error."""
    words: dict[str, Any] = {"peers": r_versions("spatstat", "mgcv") or "left out: Rscript was not found"}
    for name, cells in data.items():
        words[name] = (
            f"{cells.count.sum():.0f} points, {cells.count.size} cells of {SIDES_M[name][0]:g} m, "
            f"{cells.columns.shape[1]} columns, {np.unique(cells.block).size} blocks in {FOLDS} folds"
        )
        base = scores(cells, results["remnant"].predictions[name])
        for kind, values in base.items():
            words[f"{name}, {kind}, remnant"] = f"{values.sum():.1f}"
            for peer in results:
                if peer == "remnant":
                    continue
                gap = scores(cells, results[peer].predictions[name])[kind] - values
                error = gap.std(ddof=1) * np.sqrt(gap.size)
                words[f"{name}, {kind}, {peer} against remnant"] = f"{gap.sum():+.1f} ± {error:.1f}"
    return words
