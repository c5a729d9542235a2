"""Tables of forecasts and of outcomes, from whichever file they come."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from remnant.errors import InvalidInput
from remnant.io.case_file import near
from remnant.io.cells import Bounds, UnreadableCellError, is_blank, number_of, text_of
from remnant.io.geometry import crs_of, moved
from remnant.io.sheets import read_sheet, read_text
from remnant.io.table import PARQUETS, SHEETS, TEXTS, Table
from remnant.io.vector import read_parquet, read_vector
from remnant.units import Floats

LONGITUDES = ("lon", "longitude", "lng", "long", "longitud_x")
LATITUDES = ("lat", "latitude", "latitud_y")
_EASTINGS, _NORTHINGS = ("x", "easting", "x_m"), ("y", "northing", "y_m")
_LONLAT = "EPSG:4326"


def read_any(path: Path, *, layer: str | None = None) -> Table:
    """A CSV, a sheet, a (Geo)Parquet or a GIS layer as a table.

    Raises
    ------
    InvalidInput
        When the file is not there, cannot be read or holds nothing.
    """
    if not path.exists():
        raise InvalidInput(f"{path.name} must exist; it is not there. Check the path.")
    if path.is_dir() and path.suffix.lower() != ".gdb":
        raise InvalidInput(f"{path.name} must be a file; it is a folder. Name the file in it.")
    suffix = path.suffix.lower()
    try:
        if suffix in TEXTS:
            table = read_text(path, encoding=None, skip_rows=0)
        elif suffix in SHEETS:
            table = read_sheet(path, sheet=layer, skip_rows=0)
        elif suffix in PARQUETS:
            table = read_parquet(path)
        else:
            table = read_vector(path, layer=layer, encoding=None)
    except OSError as error:
        raise InvalidInput(f"{path.name} must be readable; {error.strerror or error}.") from None
    except InvalidInput as error:
        raise InvalidInput(
            f"{path.name}: {error}".replace('Write layer = "…".', "Name it: --layer.")
        ) from None
    if table.row.size == 0:
        raise InvalidInput(f"{path.name} must hold records; it is empty.")
    return table


def column(table: Table, asked: str | None, usual: Sequence[str], what: str, file: str) -> str | None:
    """Name of a column: the one asked for, else the first usual one (any case) that is there, else None."""
    if asked is not None:
        if asked not in table.cells:
            raise InvalidInput(
                f"{file}: column {asked!r} for {what} must be there; it is not. "
                f"{near(asked, list(table.cells))}There are: {', '.join(list(table.cells)[:20])}."
            )
        return asked
    lower = {name.lower(): name for name in reversed(list(table.cells))}
    return next((lower[u] for u in usual if u in lower), None)


def numbers(table: Table, name: str, bounds: Bounds, file: str) -> Floats:
    """A column as numbers, NaN where blank; the first cell that cannot be read refuses the file."""
    out = np.full(table.row.size, np.nan)
    for i, cell in enumerate(table.cells[name]):
        if is_blank(cell):
            continue
        try:
            out[i] = number_of(cell, bounds)
        except UnreadableCellError as error:
            raise InvalidInput(
                f"{file}, row {table.row[i]}: {name} must be {bounds.words}; got {error}. {error.todo}."
            ) from None
    return out


def texts(table: Table, name: str) -> tuple[str, ...]:
    """A column as text; empty where blank."""
    return tuple("" if is_blank(c) else text_of(c) for c in table.cells[name])


def places(table: Table, crs_text: str, file: str) -> tuple[NDArray[np.object_], CRS] | None:
    """Geometry of every row (None where there is none) and its CRS; None where the table has no places at all."""
    if table.geometry is not None:
        text = crs_text or table.crs
        if not text:
            raise InvalidInput(
                f"{file} must say its coordinate system; it does not. Name it, such as EPSG:32633, with --crs."
            )
        return table.geometry, crs_of(text, f"crs of {file}")
    x, y = (column(table, None, names, "place", file) for names in (LONGITUDES, LATITUDES))
    text = crs_text or _LONLAT
    bounds = (Bounds(low=-180, high=180, words="degrees"), Bounds(low=-90, high=90, words="degrees"))
    if x is None or y is None:
        x, y = (column(table, None, names, "place", file) for names in (_EASTINGS, _NORTHINGS))
        if x is None or y is None:
            return None
        if not crs_text:
            raise InvalidInput(
                f"{file} has columns {x} and {y}, but no coordinate system. Name it, such as EPSG:32633, with --crs."
            )
        any_number = Bounds(low=-1e9, high=1e9, words="a coordinate")
        bounds = (any_number, any_number)
    px, py = numbers(table, x, bounds[0], file), numbers(table, y, bounds[1], file)
    is_known = ~np.isnan(px) & ~np.isnan(py)
    out = np.full(table.row.size, None, dtype=object)
    out[is_known] = shapely.points(px[is_known], py[is_known])
    return out, crs_of(text, f"crs of {file}")


def into(geometry: NDArray[np.object_], source: CRS, target: CRS, file: str) -> NDArray[np.object_]:
    """Geometry in another CRS; places that it cannot hold refuse the file."""
    result = moved(geometry, source, target)
    if result.is_lost.any():
        raise InvalidInput(
            f"{file}: every place must fit into {target.name!r}; {int(result.is_lost.sum())} do not. "
            "Is the coordinate system right?"
        )
    return result.geometry
