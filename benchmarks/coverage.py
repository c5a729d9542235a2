"""20,000 polygons of 24 vertices (mean about 140 cells) onto 2000 × 2000 cells: expected ground per cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numba
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from benchmarks.reduction import blobs
from remnant.geo import Grid, coverage, grid_over

TITLE = "Coverage of 20,000 polygons on 2000 × 2000 cells"
NUM, SIDE, VERTICES = 20_000, 2000, 24
REPEATS = 5
BASE = "exactextract, used directly"

PLANE = CRS.from_epsg(32633)  # any plane will do

Data = tuple[NDArray[np.object_], Grid]
Floats = NDArray[np.float64]


def prepare(num: int = NUM) -> Data:
    """Polygons, and a lattice of unit cells; a few polygons warm up the compiled code."""
    rng = np.random.default_rng([2026, *b"coverage"])
    centre = rng.uniform(40.0, SIDE - 40.0, (num, 2))
    shapes = blobs(centre, rng.uniform(3.0, 10.0, num), num_vertices=VERTICES, rng=rng)
    data = shapes, grid_over((0.0, 0.0, SIDE, SIDE), 1.0, 1.0)
    ours(1)((shapes[:10], data[1]))
    ours(2)((shapes[:10], data[1]))
    return data


def ours(threads: int) -> Callable[[Data], Floats]:
    """Sum of shares per cell, by this program."""

    def call(data: Data) -> Floats:
        shapes, grid = data
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        pairs = coverage(shapes, grid)
        return np.bincount(pairs.cell, pairs.share, minlength=grid.num_cells)

    return call


def direct(data: Data) -> Floats:
    """The same by exactextract: cell numbers and coverage of each polygon, then one sum."""
    import geopandas as gpd
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    shapes, grid = data
    blank = np.zeros((SIDE, SIDE), np.int8)
    raster = NumPyRasterSource(blank, xmin=0.0, ymin=0.0, xmax=SIDE, ymax=SIDE, srs_wkt=PLANE.to_wkt())
    frame = gpd.GeoDataFrame(geometry=shapes, crs=PLANE)
    table = exact_extract(raster, frame, ["cell_id", "coverage"], output="pandas")
    cell, share = np.concatenate(table["cell_id"].to_numpy()), np.concatenate(table["coverage"].to_numpy())
    return np.bincount(cell.astype(np.int64), share, minlength=grid.num_cells)


def supersampled(data: Data) -> Floats:
    """An approximation: each cell as 10 × 10 points, burnt by rasterio in strips; overlaps add up."""
    from rasterio.enums import MergeAlg
    from rasterio.features import rasterize
    from rasterio.transform import from_origin

    shapes, _ = data
    fine, strip = 10, 100
    tree = shapely.STRtree(shapes)
    parts = []
    for top in range(SIDE, 0, -strip):
        mine = shapes[tree.query(shapely.box(0.0, top - strip, SIDE, top))]
        burnt = rasterize(
            ((shape, 1) for shape in mine),
            out_shape=(strip * fine, SIDE * fine),
            transform=from_origin(0.0, top, 1.0 / fine, 1.0 / fine),
            merge_alg=MergeAlg.add,
            dtype="uint8",
        )
        blocks = burnt.reshape(strip, fine, SIDE, fine)
        parts.append(blocks.sum(axis=(1, 3), dtype=np.int64) / fine**2)
    return np.concatenate(parts).reshape(-1)


VARIANTS: Mapping[str, Callable[[Data], Any]] = {
    BASE: direct,
    "remnant.geo.coverage, 1 thread": ours(1),
    "remnant.geo.coverage, 2 threads": ours(2),
    "rasterio, 10 × 10 points per cell": supersampled,
}


def facts(data: Data, results: Mapping[str, Floats]) -> dict[str, str]:
    """Differences per cell."""
    exact = results[BASE]
    mine, rough = results["remnant.geo.coverage, 2 threads"], results["rasterio, 10 × 10 points per cell"]
    touched = exact > 0.0
    area = shapely.area(data[0]).sum()
    return {
        "touched cells": f"{int(touched.sum()):,}",
        "mean cells per polygon (area)": f"{area / NUM:.0f}",
        "greatest difference from exactextract": f"{np.abs(mine - exact).max():.1e} of a cell",
        "total against the polygons' area": f"ours {abs(mine.sum() / area - 1.0):.1e}, "
        f"exactextract {abs(exact.sum() / area - 1.0):.1e}, relative",
        "greatest difference of the 10 × 10 points": f"{np.abs(rough - exact).max():.2g} of a cell",
    }
