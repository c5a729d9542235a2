"""Where people live: a table of places with their population, or a raster of persons per pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from remnant.errors import InvalidInput
from remnant.io.cells import Bounds
from remnant.io.geometry import crs_of
from remnant.io.raster import read_pixels
from remnant.io.score_tables import column, into, numbers, places, read_any
from remnant.risk import People
from remnant.units import Floats

RASTERS = frozenset({".tif", ".tiff", ".asc", ".bil", ".flt", ".vrt", ".img"})
_PERSONS = ("persons", "population", "people", "inhabitants", "pop")
_COUNT = Bounds(low=0.0, high=1e9, words="a number of people, 0 or more")
_MOST_PIXELS = 20_000  # blocks of pixels that are summed first, so that many areas stay quick


def read_people(
    path: Path, *, crs: str, geometry: NDArray[np.object_], reach_m: float, file_crs: str = ""
) -> People:
    """People near some areas, in the CRS of the case.

    Parameters
    ----------
    path
        A raster of persons per pixel, or a table or layer with a column ``persons`` (or ``population``) and a place:
        points, or columns ``lon, lat`` or ``x, y``. A blank cell and a pixel without data are unknown, not zero.
    crs, geometry
        Of the case; (n_areas,) outlines, None where the place is unknown.
    reach_m
        How far from the areas people count. [m]
    file_crs
        Of the file, where it does not say.

    Raises
    ------
    InvalidInput
        With file and row, for what cannot be read; when no area has a place.
    """
    target = crs_of(crs, "crs")
    placed = geometry[~shapely.is_missing(geometry)]
    if not placed.size:
        raise InvalidInput("people need areas with a place; none of the case has one. Add outlines.")
    if path.suffix.lower() in RASTERS:
        return _of_raster(path, target, placed, reach_m, file_crs)
    return _of_table(path, target, file_crs)


def _of_table(path: Path, crs: CRS, file_crs: str) -> People:
    file = path.name
    table = read_any(path)
    name = column(table, None, _PERSONS, "people", file)
    if name is None:
        raise InvalidInput(
            f"{file}: a column persons must be there; it is not. There are: {', '.join(list(table.cells)[:20])}. "
            "Rename the one with the number of people."
        )
    found = places(table, file_crs, file)
    if found is None:
        raise InvalidInput(f"{file}: columns lon and lat, or x and y, must be there; they are not. Add them.")
    missing = np.flatnonzero(shapely.is_missing(found[0]))
    if missing.size:
        raise InvalidInput(
            f"{file}, row {table.row[missing[0]]}: a place of people needs coordinates; there are none. Give them, or "
            "remove the row if nobody lives there."
        )
    points = shapely.centroid(into(found[0], found[1], crs, file))
    return People(
        x_m=shapely.get_x(points), y_m=shapely.get_y(points), persons=numbers(table, name, _COUNT, file)
    )


def _of_raster(path: Path, crs: CRS, placed: NDArray[np.object_], reach_m: float, file_crs: str) -> People:
    if not path.is_file():
        raise InvalidInput(f"{path.name} must exist; it is not there. Check the path.")
    left, bottom, right, top = (float(v) for v in shapely.total_bounds(placed))
    extent = (left - reach_m, bottom - reach_m, right + reach_m, top + reach_m)
    try:
        x, y, persons = read_pixels(path, crs=crs, extent=extent, file_crs=file_crs or None)
    except InvalidInput as error:
        raise InvalidInput(f"{path.name}: {error}.") from None
    if (persons < 0.0).any():
        raise InvalidInput(
            f"{path.name}: persons per pixel must be 0 or more; the least is {np.nanmin(persons):g}. If that means "
            "unknown, mark it as NODATA in the file."
        )
    side = int(np.ceil(np.sqrt(persons.size / _MOST_PIXELS)))
    blocks = [_summed(v, side) for v in (x, y)]
    known = _summed(np.where(np.isnan(persons), 0.0, 1.0), side)
    total = _summed(np.nan_to_num(persons), side)
    full = _summed(np.ones_like(persons), side)
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = np.where(known >= 0.5 * full, total * full / known, np.nan)
    return People(
        x_m=(blocks[0] / full).ravel(), y_m=(blocks[1] / full).ravel(), persons=whole.ravel(), is_pixel=True
    )


def _summed(values: Floats, side: int) -> Floats:
    """Sums over square blocks of pixels; those at the edge may be smaller."""
    rows, cols = (np.arange(0, n, side) for n in values.shape)
    return np.asarray(np.add.reduceat(np.add.reduceat(values, rows, axis=0), cols, axis=1))
