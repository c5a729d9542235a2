"""Areas to plan survey for: from a table of your own, or from a result folder of `remnant assess`."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from remnant.errors import InvalidInput
from remnant.io.cells import Bounds
from remnant.io.geometry import POLYGON_TYPES, case_crs
from remnant.io.score_prediction import IDS, _result_table
from remnant.io.score_tables import column, into, numbers, places, read_any, texts
from remnant.io.table import Table, sha256
from remnant.io.write_folder import MANIFEST
from remnant.units import Floats

_AREAS = {"area_m2": 1.0, "area_ha": 1e4, "area_km2": 1e6}
_DENSITIES = {"density_per_m2": 1.0, "density_per_ha": 1e-4, "density_per_km2": 1e-6}
_MEANS = ("mean", "expected_items", "expected")
_CHANCES = ("p_any", "probability", "chance")
_EXISTS = ("p_exists",)
_CHANCE = Bounds(low=0.0, high=1.0, words="a chance in [0, 1]", is_probability=True)
_NUMBER = Bounds(low=0.0, high=1e12, words="a number, 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurveyAreas:
    """Areas that survey may go to; all arrays (n,).

    Parameters
    ----------
    id
        Names.
    area_m2
        Ground. [m²]
    mean, p_any
        Items expected to be left, and chance of at least one; the second NaN where not stated. [items, 1]
    p_exists
        Chance that the area holds anything; NaN where not stated. [1]
    geometry, crs
        Outlines in a projection, None for one without a place; both None where no area has one.
    source
        What the numbers are and where they come from, with the date of the records where there is one.
    notes
        What was left out or chosen.
    """

    id: tuple[str, ...]
    area_m2: Floats
    mean: Floats
    p_any: Floats
    p_exists: Floats
    geometry: NDArray[np.object_] | None
    crs: CRS | None
    source: str
    notes: tuple[str, ...]


def read_survey_areas(
    path: Path, *, layer: str | None = None, crs: str = "", state: str = "explosive", date: str = ""
) -> SurveyAreas:
    """Read areas with what is expected in them.

    Parameters
    ----------
    path
        Result folder, or a table: ``area_id``; ``area_m2`` (or ``area_ha``, ``area_km2``, or outlines); ``mean``, or
        ``density_per_km2`` (``_per_ha``, ``_per_m2``); if known ``p_any`` and ``p_exists``.
    layer, crs
        Of a table, where it holds several layers or does not name its coordinate system.
    state, date
        Of a result folder.

    Raises
    ------
    InvalidInput
        When a column is missing or a cell cannot be read.
    """
    notes: list[str] = []
    is_result = (path / MANIFEST).is_file()
    if is_result and not (path / "summary.json").is_file():
        raise InvalidInput(
            f"{path.name} must be a result of `remnant assess`; it is another one. Name that folder."
        )
    if path.is_dir() and not is_result and path.suffix.lower() != ".gdb":
        raise InvalidInput(
            f"{path.name} must be a result folder of `remnant assess` or a table; it is neither. "
            "Assess the case first, and name the folder of its result."
        )
    table = _result_table(path, "areas", state, date, notes) if is_result else read_any(path, layer=layer)
    file = path.name
    geometry, projected = _outlines(table, crs, file)
    area, mean = _ground(table, geometry, file), _expected(table, geometry, file)
    chance, exists = (_optional(table, names, file) for names in (_CHANCES, _EXISTS))
    keep = np.isfinite(area) & (area > 0.0) & np.isfinite(mean)
    if not keep.all():
        notes.append(
            f"areas left out because their ground or what is expected there is unknown: {(~keep).sum():,}"
        )
    if not keep.any():
        raise InvalidInput(
            f"{file}: some area must have ground and an expectation; all {keep.size:,} lack one."
        )
    name = column(table, None, IDS, "the id", file)
    ids = tuple(str(r) for r in table.row) if name is None else texts(table, name)
    return SurveyAreas(
        id=tuple(i for i, k in zip(ids, keep, strict=True) if k),
        area_m2=area[keep],
        mean=mean[keep],
        p_any=chance[keep],
        p_exists=exists[keep],
        geometry=None if geometry is None else geometry[keep],
        crs=projected,
        source=_source(path, is_result=is_result),
        notes=tuple(n.replace("forecast of", "items on").replace("not scored", "left out") for n in notes),
    )


def read_site(path: Path, *, layer: str | None = None, crs: str = "") -> tuple[shapely.Geometry, CRS, str]:
    """The ground of a site as one geometry in a projection in metres, its CRS, and what the file is.

    Raises
    ------
    InvalidInput
        When the file holds no polygons, some row of it is none, or its coordinate system is not named.
    """
    table = read_any(path, layer=layer)
    found = places(table, crs, path.name)
    if found is None:
        raise InvalidInput(f"{path.name} must hold outlines; it is a table without places. Give a GIS layer.")
    geometry, source = found
    kinds = shapely.get_type_id(geometry)
    wrong = ~np.isin(kinds, list(POLYGON_TYPES))
    if wrong.any():
        raise InvalidInput(
            f"{path.name}: every row must be a polygon; {int(wrong.sum())} of {wrong.size} are not, first is row "
            f"{table.row[wrong][0]}. Draw the outline of the site."
        )
    moved, target = _to_metres(geometry, source, path.name)
    faulty = ~shapely.is_valid(moved)
    if faulty.any():
        raise InvalidInput(
            f"{path.name}: every outline must be a valid polygon; {int(faulty.sum())} of {faulty.size} are not, first "
            f"is row {table.row[faulty][0]} ({shapely.is_valid_reason(moved[faulty][0])}). Mend it."
        )
    return shapely.union_all(moved), target, f"{path.name}, SHA-256 {sha256(path)[:12]}"


def read_tracks(path: Path, width_m: float, target: CRS, *, layer: str | None = None) -> NDArray[np.object_]:
    """Ground that was covered along walked lines, as polygons of the transects' width in a CRS. (n,) [m]"""
    table = read_any(path, layer=layer)
    found = places(table, "", path.name)
    if found is None:
        raise InvalidInput(f"{path.name} must hold lines; it is a table without places. Give a GIS layer.")
    geometry = into(found[0], found[1], target, path.name)
    wrong = ~np.isin(shapely.get_type_id(geometry), (1, 5))
    if wrong.any():
        raise InvalidInput(
            f"{path.name}: every row must be a line; {int(wrong.sum())} of {wrong.size} are not, first is row "
            f"{table.row[wrong][0]}. Give the tracks as lines, not points."
        )
    return np.asarray(shapely.buffer(geometry, 0.5 * width_m, cap_style="flat"))


def _outlines(table: Table, crs: str, file: str) -> tuple[NDArray[np.object_] | None, CRS | None]:
    if table.geometry is None:
        return None, None
    found = places(table, crs, file)
    assert found is not None
    if shapely.is_missing(found[0]).all():
        return None, None
    return _to_metres(*found, file)


def _to_metres(geometry: NDArray[np.object_], source: CRS, file: str) -> tuple[NDArray[np.object_], CRS]:
    """In the file's own projection if it keeps areas in metres, else in one made for the place."""
    known = geometry[~shapely.is_missing(geometry)]
    if source.is_projected:
        with contextlib.suppress(InvalidInput):  # feet, or a Mercator: moved below
            text = source.to_wkt() if source.to_epsg() is None else f"EPSG:{source.to_epsg()}"
            return geometry, case_crs(text, None)
    bounds = shapely.total_bounds(known)
    if source.is_geographic and not (np.abs(bounds) <= [180.0, 90.0, 180.0, 90.0]).all():
        raise InvalidInput(
            f"{file}: degrees lie within ±180 and ±90; coordinates reach {np.abs(bounds).max():,.0f}. "
            "The coordinates are probably metres: name their system with --crs, such as EPSG:32633."
        )
    box = Transformer.from_crs(source, 4326, always_xy=True).transform_bounds(*bounds)
    target = case_crs("auto", (float(box[0]), float(box[1]), float(box[2]), float(box[3])))
    return into(geometry, source, target, file), target


def _ground(table: Table, geometry: NDArray[np.object_] | None, file: str) -> Floats:
    name = column(table, None, tuple(_AREAS), "the ground of an area", file)
    if name is not None:
        return numbers(table, name, _NUMBER, file) * _AREAS[name.lower()]
    if geometry is None:
        raise InvalidInput(
            f"{file} must state the ground of each area: a column area_m2, area_ha or area_km2."
        )
    return np.where(shapely.is_missing(geometry), np.nan, shapely.area(geometry))


def _expected(table: Table, geometry: NDArray[np.object_] | None, file: str) -> Floats:
    name = column(table, None, _MEANS, "the items expected", file)
    if name is not None:
        return numbers(table, name, _NUMBER, file)
    name = column(table, None, tuple(_DENSITIES), "the density", file)
    if name is None:
        raise InvalidInput(
            f"{file} must say what is expected in each area: a column mean (items) or density_per_km2; it has "
            f"{', '.join(list(table.cells)[:20])}."
        )
    return numbers(table, name, _NUMBER, file) * _DENSITIES[name.lower()] * _ground(table, geometry, file)


def _optional(table: Table, names: tuple[str, ...], file: str) -> Floats:
    name = column(table, None, names, "a chance", file)
    return np.full(table.row.size, np.nan) if name is None else numbers(table, name, _CHANCE, file)


def _source(path: Path, *, is_result: bool) -> str:
    if not is_result:
        return f"{path.name}, SHA-256 {sha256(path)[:12]}"
    try:
        told = json.loads((path / "summary.json").read_text(encoding="utf-8"))
        return f"result of remnant for {told['name']}, records up to {told['as_of']}"
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInput(f"{path.name} must hold the summary of a result; {error}. Run it again.") from None
