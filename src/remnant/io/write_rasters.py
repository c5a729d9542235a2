"""Results as Cloud-Optimized GeoTIFFs, written piece by piece from the cells that exist."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.enums import Resampling
from rasterio.shutil import copy as copy_raster
from rasterio.windows import Window

from remnant.io.write_colours import CELL_BREAKS
from remnant.io.write_styles import raster_qml

BANDS = ("mean", "q05", "q95", "p_any")
_BLOCK = 512  # pixels; the tile size of the files
_CACHE_MB = 256
_THREADS = 2  # files at a time; GDAL works outside Python's lock
_OVERVIEWS_UNTIL = 512  # pixels of the smallest overview


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterFrame:
    """Place and size of a raster; metadata that all files of a result share."""

    crs: str
    cell_m: float
    left_m: float
    top_m: float
    num_rows: int
    num_cols: int
    units: tuple[str, ...]
    descriptions: tuple[str, ...]


Piece = tuple[int, int, NDArray[np.float32]]
"""First row, first column, and (n_bands, rows, cols) values."""


def write_cogs(cells: xr.Dataset, folder: Path) -> tuple[Path, ...]:
    """Write one file per date and state, with its style; bands are mean, q05, q95 and p_any; NaN where no cell is.

    Parameters
    ----------
    cells
        The cells of an assessment (see `remnant.assessment.Assessment.cells`).
    folder
        An existing folder.

    Returns
    -------
    Paths ``<state>_<date>.tif``, by date and state.

    Notes
    -----
    Only blocks that hold a cell are ever in memory or in the file, so a country on a fine grid stays small. Overview
    pixels are means of the cells below them, for looking at; count with the full resolution.
    """
    blocks = _blocks(cells)
    dates = cells["date"].values.astype("datetime64[D]").astype(str).tolist()
    states = cells["state"].values.astype(str).tolist()
    frame = _frame(cells)

    def write(place: tuple[int, int]) -> Path:
        values = np.stack([cells[name].values[place] for name in BANDS]).astype(np.float32)
        path = folder / raster_name(states[place[1]], dates[place[0]])
        return write_cog(path, frame, _pieces(values, cells, blocks), states[place[1]], dates[place[0]])

    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        return tuple(pool.map(write, itertools.product(range(len(dates)), range(len(states)))))


def raster_name(state: str, date: str) -> str:
    """Name of the file of a state and date."""
    return f"{state}_{date}.tif"


def write_cog(path: Path, frame: RasterFrame, pieces: Iterable[Piece], state: str, date: str) -> Path:
    """Write one file with its style; it appears whole or not at all.

    Parameters
    ----------
    pieces
        Values, in pieces that start at multiples of 512 pixels; what none of them covers is unknown.
    """
    draft, whole = path.with_suffix(".tmp.tif"), path.with_suffix(".whole.tif")
    style = raster_qml(BANDS.index("p_any") + 1, CELL_BREAKS)
    path.with_suffix(".qml").write_text(style, encoding="utf-8", newline="\n")
    with rasterio.Env(GDAL_CACHEMAX=_CACHE_MB, SPARSE_OK_OVERVIEW="YES", COMPRESS_OVERVIEW="ZSTD"):
        _write_draft(draft, frame, pieces, {"date": date, "state": state})
        copy_raster(
            draft,
            whole,
            driver="COG",
            compress="DEFLATE",
            predictor="YES",
            blocksize=_BLOCK,
            bigtiff="IF_SAFER",
            overviews="AUTO",
            sparse_ok="YES",
        )
    draft.unlink()
    whole.replace(path)
    return path


def _frame(cells: xr.Dataset) -> RasterFrame:
    attrs = cells.attrs
    return RasterFrame(
        crs=str(attrs["crs"]),
        cell_m=float(attrs["cell_m"]),
        left_m=float(attrs["left_m"]),
        top_m=float(attrs["top_m"]),
        num_rows=int(attrs["num_rows"]),
        num_cols=int(attrs["num_cols"]),
        units=tuple(str(cells[name].attrs["units"]) for name in BANDS),
        descriptions=tuple(str(cells[name].attrs["long_name"]) for name in BANDS),
    )


def _blocks(cells: xr.Dataset) -> list[NDArray[np.int64]]:
    """Positions of the cells of each block of the grid that has any."""
    key = (cells["row"].values // _BLOCK).astype(np.int64) * (int(cells.attrs["num_cols"]) // _BLOCK + 1)
    key += cells["col"].values.astype(np.int64) // _BLOCK
    order = np.argsort(key, kind="stable")
    return [part for part in np.split(order, np.flatnonzero(np.diff(key[order])) + 1) if part.size]


def _pieces(
    values: NDArray[np.float32], cells: xr.Dataset, blocks: list[NDArray[np.int64]]
) -> Iterator[Piece]:
    """Blocks of the grid that hold any cell."""
    num_rows, num_cols = int(cells.attrs["num_rows"]), int(cells.attrs["num_cols"])
    row, col = cells["row"].values.astype(np.int64), cells["col"].values.astype(np.int64)
    for part in blocks:
        top, left = int(row[part[0]]) // _BLOCK * _BLOCK, int(col[part[0]]) // _BLOCK * _BLOCK
        height, width = min(_BLOCK, num_rows - top), min(_BLOCK, num_cols - left)
        tile = np.full((len(BANDS), height, width), np.nan, dtype=np.float32)
        tile[:, row[part] - top, col[part] - left] = values[:, part]
        yield top, left, tile


def _write_draft(path: Path, frame: RasterFrame, pieces: Iterable[Piece], tags: dict[str, str]) -> None:
    """A sparse tiled file with overviews: what the COG driver then only has to arrange."""
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=frame.num_rows,
        width=frame.num_cols,
        count=len(BANDS),
        dtype="float32",
        nodata=np.nan,
        crs=frame.crs,
        transform=Affine(frame.cell_m, 0.0, frame.left_m, 0.0, -frame.cell_m, frame.top_m),
        tiled=True,
        blockxsize=_BLOCK,
        blockysize=_BLOCK,
        compress="ZSTD",
        interleave="BAND",
        sparse_ok=True,
        bigtiff="IF_SAFER",
    ) as file:
        file.descriptions = frame.descriptions
        file.units = frame.units
        file.update_tags(
            **tags, bands=", ".join(BANDS), nodata="NaN: outside the cells of the assessment, or unknown"
        )
        for top, left, values in pieces:
            file.write(values, window=Window(left, top, values.shape[2], values.shape[1]))
    factors = _overview_factors(max(frame.num_rows, frame.num_cols))
    if factors:
        with rasterio.open(path, "r+") as file:
            file.build_overviews(factors, Resampling.average)


def _overview_factors(size: int) -> list[int]:
    factors = []
    factor = 2
    while size > _OVERVIEWS_UNTIL * factor // 2:
        factors.append(factor)
        factor *= 2
    return factors
