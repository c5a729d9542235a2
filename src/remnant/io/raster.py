"""Rasters as surfaces: GeoTIFF, ASCII grid and whatever else GDAL reads, in any CRS, only where the case lies."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from rasterio import Affine
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from remnant.errors import InvalidInput
from remnant.evidence import Surface
from remnant.io.geometry import crs_of
from remnant.units import Floats

Bounds = tuple[float, float, float, float]
"""Left, bottom, right, top in the case's CRS. [m]"""
_LARGEST_PIXELS = 200_000_000
_FIRST_NODES, _MOST_NODES = 17, 1025  # nodes of the table into the raster, along the longer side
_TABLE_ERROR_PIXELS = 0.02  # what the table may be off between its nodes: far below what a covariate can tell
_BLANK_NUMBERS = (-9999.0, -99999.0, -32768.0, -3.4028234663852886e38)
"""Numbers that programs write where they know nothing."""


def read_surface(
    path: Path, *, crs: CRS, extent: Bounds, file_crs: str | None, band: int | None, nodata: float | None
) -> Surface:
    """One band of a raster over the extent of a case, unknown where the file says NODATA.

    Parameters
    ----------
    crs
        Of the case.
    extent
        Ground that must be covered as far as the raster does. [m]
    file_crs
        What the case says of the file's CRS; None where the file names it.
    nodata
        A number that means unknown, besides what the file itself says.

    Raises
    ------
    InvalidInput
        A file that is no raster, has no CRS, no such band, or no pixel where the case lies.
    """
    read = _read(path, crs, extent, file_crs, band, nodata)
    (left, top, step, column, row), window, values = read.table, read.window, read.values
    column -= window.col_off
    row -= window.row_off
    return Surface(values=values, left_m=left, top_m=top, step_m=step, column=column, row=row)


def read_pixels(
    path: Path, *, crs: CRS, extent: Bounds, file_crs: str | None = None, band: int | None = None
) -> tuple[Floats, Floats, Floats]:
    """(num_rows, num_cols) place of the centre of every pixel in a case's CRS, and its value; NaN unknown. [m]

    Pixels that the extent reaches and the raster does not hold are unknown; arguments as in `read_surface`.
    """
    read = _read(path, crs, extent, file_crs, band, None)
    (_, _, _, column, row), window, known, to_own = read.table, read.window, read.values, read.to_own
    first_col, first_row = (
        min(int(np.floor(np.nanmin(v))), int(o)) for v, o in ((column, window.col_off), (row, window.row_off))
    )
    last_col = max(int(np.ceil(np.nanmax(column))) + 1, int(window.col_off) + known.shape[1])
    last_row = max(int(np.ceil(np.nanmax(row))) + 1, int(window.row_off) + known.shape[0])
    if (last_col - first_col) * (last_row - first_row) > _LARGEST_PIXELS:
        raise InvalidInput(
            f"a raster may hold {_LARGEST_PIXELS:,} pixels where people are asked for. Make a coarser copy"
        )
    values = np.full((last_row - first_row, last_col - first_col), np.nan)
    r, c = int(window.row_off) - first_row, int(window.col_off) - first_col
    values[r : r + known.shape[0], c : c + known.shape[1]] = known
    cols, rows = np.meshgrid(np.arange(first_col, last_col) + 0.5, np.arange(first_row, last_row) + 0.5)
    east = to_own.a * cols + to_own.b * rows + to_own.c
    north = to_own.d * cols + to_own.e * rows + to_own.f
    x, y = Transformer.from_crs(read.own, crs, always_xy=True).transform(east, north)
    return np.asarray(x), np.asarray(y), values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Read:
    """The part of a raster where a case lies: its pixels, and the lattice that leads to them."""

    values: NDArray[np.floating]
    window: Window
    table: tuple[float, float, float, Floats, Floats]
    own: CRS
    to_own: Affine


def _read(
    path: Path, crs: CRS, extent: Bounds, file_crs: str | None, band: int | None, nodata: float | None
) -> _Read:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as source:
                index = _band(source, band)
                own = _raster_crs(source, file_crs)
                table = _table(source, own, crs, extent)
                window = _window(source, *table[3:])
                values = _values(source, index, window, nodata)
                return _Read(values=values, window=window, table=table, own=own, to_own=source.transform)
    except RasterioError as error:
        words = " ".join(str(error).replace(str(path.parent), "").split())[:160]
        raise InvalidInput(
            f"the file must be a raster that can be read; GDAL says: {words.rstrip('.')}. "
            "It may be cut off or of another format"
        ) from None


def _band(source: rasterio.DatasetReader, band: int | None) -> int:
    if band is None and source.count != 1:
        raise InvalidInput(
            f"one band must be named; the raster holds {source.count}. Write band = 1, or another"
        )
    if band is not None and band > source.count:
        raise InvalidInput(f"band {band} must be in the raster; it holds {source.count}. Correct band")
    return band or 1


def _raster_crs(source: rasterio.DatasetReader, named: str | None) -> CRS:
    if source.transform.is_identity:
        raise InvalidInput("a raster must say where it lies; this one does not. Georeference it in a GIS")
    if named is not None:
        return crs_of(named, "crs")
    if not source.crs:
        raise InvalidInput(
            'the raster must name its CRS; it does not (no .prj, say). Name it in the covariate: crs = "EPSG:…"'
        )
    return crs_of(source.crs.to_wkt(), "the raster's crs")


def _table(
    source: rasterio.DatasetReader, own: CRS, crs: CRS, extent: Bounds
) -> tuple[float, float, float, Floats, Floats]:
    """Lattice over the extent, and where each of its nodes lies among the pixels."""
    left, bottom, right, top = extent
    try:
        transformer = Transformer.from_crs(crs, own, always_xy=True)
    except ProjError:
        raise InvalidInput(
            f"a way from {crs.name!r} to {own.name!r} must be known; there is none. Name the raster's true crs"
        ) from None
    to_pixel = ~source.transform

    def pixels(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        east, north = transformer.transform(x, y)
        east, north = (np.where(np.isfinite(v), v, np.nan) for v in (east, north))
        column = to_pixel.a * east + to_pixel.b * north + to_pixel.c
        row = to_pixel.d * east + to_pixel.e * north + to_pixel.f
        return np.asarray(column - 0.5), np.asarray(row - 0.5)

    longest = max(right - left, top - bottom, 1.0)
    num = 2 if own == crs else _FIRST_NODES
    while True:
        step = longest / (num - 1)
        columns, rows = (
            max(int(np.ceil(side / step - 1e-9)), 1) + 1 for side in (right - left, top - bottom)
        )
        x, y = np.meshgrid(left + step * np.arange(columns), top - step * np.arange(rows))
        column, row = pixels(x, y)
        if own == crs or num * 2 - 1 > _MOST_NODES:
            break
        half = pixels(x[:-1, :-1] + 0.5 * step, y[:-1, :-1] - 0.5 * step)
        off = max(_gap(column, half[0]), _gap(row, half[1]))
        if not off > _TABLE_ERROR_PIXELS:
            break
        num = num * 2 - 1
    return left, top, step, column, row


def _gap(table: Floats, middle: Floats) -> float:
    """How far bilinear values of a table are from the true ones in the middle of its cells."""
    between = 0.25 * (table[:-1, :-1] + table[1:, :-1] + table[:-1, 1:] + table[1:, 1:])
    gap = np.abs(between - middle)
    return float(np.nanmax(gap)) if np.isfinite(gap).any() else 0.0


def _window(source: rasterio.DatasetReader, column: Floats, row: Floats) -> Window:
    """Pixels that the table reaches, and two around them."""
    known = np.isfinite(column) & np.isfinite(row)
    ends = [(0, 0), (0, 0)]
    if known.any():
        ends = [
            (max(int(np.floor(v[known].min())) - 2, 0), min(int(np.ceil(v[known].max())) + 3, size))
            for v, size in ((column, source.width), (row, source.height))
        ]
    (c0, c1), (r0, r1) = ends
    if c1 <= c0 or r1 <= r0:
        raise InvalidInput(
            "the raster must cover some ground of the case; it does not. Check its crs and region"
        )
    if (c1 - c0) * (r1 - r0) > _LARGEST_PIXELS:
        raise InvalidInput(
            f"a raster may hold {_LARGEST_PIXELS:,} pixels where the case lies; it holds {(c1 - c0) * (r1 - r0):,}. "
            "Make a coarser copy: pixels as large as the cells are enough"
        )
    return Window(c0, r0, c1 - c0, r1 - r0)


def _values(
    source: rasterio.DatasetReader, band: int, window: Window, nodata: float | None
) -> NDArray[np.floating]:
    masked = source.read(band, window=window, masked=True)
    if np.iscomplexobj(masked):
        raise InvalidInput("a raster must hold plain numbers; it holds complex ones. Choose another band")
    exact_in_32 = masked.dtype.itemsize <= 2 or masked.dtype == np.float32
    values: NDArray[np.floating] = np.asarray(masked.data, dtype=np.float32 if exact_in_32 else np.float64)
    unknown = np.ma.getmaskarray(masked) | ~np.isfinite(values)
    if nodata is not None:
        unknown |= values == values.dtype.type(nodata)
    values = np.where(unknown, values.dtype.type(np.nan), values)
    for blank in _BLANK_NUMBERS:
        num = int((values == values.dtype.type(blank)).sum())
        if num:
            raise InvalidInput(
                f"unknown pixels must be marked; {num:,} pixels hold {blank:g}, which mostly stands for unknown, "
                f"and the file names no such NODATA. Write nodata = {blank:g} in the covariate"
            )
    if source.scales[band - 1] != 1.0 or source.offsets[band - 1] != 0.0:
        values = np.asarray(values * source.scales[band - 1] + source.offsets[band - 1], np.float64)
    if np.isnan(values).all():
        raise InvalidInput(
            "the raster must be known somewhere in the case; all its pixels there are NODATA. Check it"
        )
    return values
