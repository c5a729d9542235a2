"""Where people live: a table of places with their population, or a raster of persons per pixel."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from remnant.errors import InvalidInput
from remnant.evidence import Case
from remnant.io.cells import Bounds, is_blank
from remnant.io.geometry import crs_of
from remnant.io.raster import read_pixels
from remnant.io.score_tables import LATITUDES, LONGITUDES, column, into, numbers, places, read_any
from remnant.io.table import Table, sha256
from remnant.risk import REACHES, People
from remnant.units import KM_M, Floats

RASTERS = frozenset({".tif", ".tiff", ".asc", ".bil", ".flt", ".vrt", ".img"})
_PERSONS = ("persons", "population", "people", "inhabitants", "pop")
_PLACES = (LONGITUDES, LATITUDES, ("x", "easting", "x_m"), ("y", "northing", "y_m"))
_COUNT = Bounds(low=0.0, high=1e9, words="a number of people, 0 or more")
_MOST_PIXELS = 20_000  # blocks of pixels that are summed first, so that many areas stay quick
_COMMA = re.compile(r"^[+-]?\d+,\d+$")
_GROUPS = re.compile(r"^[+-]?\d{1,3}(,\d{3})+$")
_FAR = 3.0  # times the reach: people who all live farther off are in the wrong place


def people_of_case(path: Path, case: Case, *, file_crs: str = "", option: str = "--crs") -> People:
    """People near the hazard areas of a case, as far off as its activities reach; see `read_people`."""
    reach_km = max((a.reach.high for a in case.catalogue.activities.values()), default=1.0)
    return read_people(
        path, crs=case.crs, geometry=case.areas.geometry, reach_m=REACHES * KM_M * reach_km, file_crs=file_crs,
        option=option,
    )  # fmt: skip


def read_people(
    path: Path, *, crs: str, geometry: NDArray[np.object_], reach_m: float, file_crs: str = "",
    option: str = "--crs",
) -> People:  # fmt: skip
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
    option
        What the user writes to name it.

    Raises
    ------
    InvalidInput
        With file and row, for what cannot be read; when no area has a place; when nobody lives anywhere near.
    """
    target = crs_of(crs, "crs")
    placed = geometry[~shapely.is_missing(geometry)]
    if not placed.size:
        raise InvalidInput("people need areas with a place; none of the case has one. Add outlines.")
    try:
        if path.suffix.lower() in RASTERS:
            people = _of_raster(path, target, placed, reach_m, file_crs)
        else:
            people = _of_table(path, target, file_crs)
            _check_near(people, placed, reach_m, path.name)
    except InvalidInput as error:
        raise InvalidInput(_for_people(str(error), option)) from None
    return replace(people, source=f"{path.name}, sha256 {sha256(path)}")


def _for_people(words: str, option: str) -> str:
    """What a general reader says, in words that fit a file of people."""
    for general, mine in (
        (r"with --crs\.", f"with {option}."),
        (r'Name it in the covariate: crs = "EPSG:…"', f"Name it, such as EPSG:32633, with {option}"),
        (r"Write nodata = (\S+) in the covariate", r"Mark \1 as NODATA in the file"),
        (r" and skip_rows| Check skip_rows\.", ""),
        (r"Write band = 1, or another", "Make a copy with the band of persons alone"),
        (r"Check its crs and region", f"Check its coordinate system ({option}) and extent"),
        (r"Name the raster's true crs", f"Name its true coordinate system with {option}"),
        (r'if it is a decimal comma, write decimal = "," in the layer; else remove the comma',
         "write decimals with a point, and no separators between thousands"),
    ):  # fmt: skip
        words = re.sub(general, mine, words)
    return words


def _check_near(people: People, placed: NDArray[np.object_], reach_m: float, file: str) -> None:
    """Refuse places that all lie far from all areas: a wrong coordinate system would look like nobody living there."""
    left, bottom, right, top = shapely.total_bounds(placed)
    dx = np.maximum(np.maximum(left - people.x_m, people.x_m - right), 0.0)
    dy = np.maximum(np.maximum(bottom - people.y_m, people.y_m - top), 0.0)
    nearest = float(np.hypot(dx, dy).min())
    if nearest > _FAR * reach_m:
        raise InvalidInput(
            f"{file}: people must live within reach of the areas; the nearest place is {nearest / KM_M:,.0f} km from "
            "them. Are its coordinates, their order and their system right? If nobody lives near, add a place near the "
            "areas with 0 persons."
        )


def _with_points(table: Table, names: list[str], degrees: list[str]) -> Table:
    """Columns whose numbers all read as decimal commas, and none as thousands (no degree has these), with points."""
    cells = dict(table.cells)
    for name in names:
        said = [str(c).strip() for c in cells[name] if not is_blank(c)]
        with_comma = [t for t in said if "," in t]
        if (
            with_comma
            and all(_COMMA.match(t) for t in with_comma)
            and (name in degrees or not any(_GROUPS.match(t) for t in with_comma))
            and not any("." in t for t in said)
        ):
            cells[name] = np.array(
                [c if is_blank(c) else str(c).replace(",", ".") for c in cells[name]], object
            )
    return replace(table, cells=cells)


def _of_table(path: Path, crs: CRS, file_crs: str) -> People:
    file = path.name
    table = read_any(path)
    name = column(table, None, _PERSONS, "people", file)
    if name is None:
        raise InvalidInput(
            f"{file}: a column persons must be there; it is not. There are: {', '.join(list(table.cells)[:20])}. "
            "Rename the one with the number of people."
        )
    asked = [column(table, None, names, "place", file) for names in _PLACES]
    found_in = [c for c in asked if c is not None]
    table = _with_points(table, [name, *found_in], [c for c in asked[:2] if c is not None])
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
