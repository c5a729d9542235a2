"""Regions that a case file names: where records are expected, and the ground for all of which results are wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from pyproj import CRS

from remnant.errors import InvalidInput
from remnant.io import geometry as geo
from remnant.io import places
from remnant.io.case_file import Region, case_path, expand, read_case_file
from remnant.io.findings import FindingLog
from remnant.io.geometry import LONLAT
from remnant.io.layer_section import Layer
from remnant.io.layers import read_rows
from remnant.io.rows import Rows

_EDGE_DEG = 0.05  # a box's edge is cut into pieces of this length, which stay true when it is projected


def region_box(region: Region, folder: Path, what: str) -> geo.Box:
    """Extent of a region in degrees.

    Parameters
    ----------
    what
        Key of the case file that names it.
    """
    if region.bbox is not None:
        west, south, east, north = region.bbox
        return west, south, east, north
    rows = _rows(region, folder, what)
    box = geo.extent([places.check_places(rows)])
    if box is None or rows.log.has_errors:
        raise InvalidInput(
            f"{what} must hold polygons with usable coordinates; it does not. Check its file and crs."
        )
    return box


def region_ground(region: Region, folder: Path, what: str, crs: CRS) -> shapely.Geometry:
    """A region as one valid polygon in the case's CRS, with its holes and islands."""
    if region.bbox is not None:
        outline = shapely.segmentize(shapely.box(*region.bbox), _EDGE_DEG)
        moved = geo.moved(np.array([outline], dtype=object), LONLAT, crs)
        polygons, is_lost = moved.geometry, bool(moved.is_lost[0])
    else:
        rows = _rows(region, folder, what)
        polygons = places.placed_areas(rows, crs, np.full(rows.size, np.nan))
        is_lost = rows.log.has_errors
    ground = shapely.union_all(polygons[~shapely.is_missing(polygons)])
    if is_lost or not shapely.area(ground) > 0.0:
        raise InvalidInput(
            f"{what} must hold polygons that enclose ground in the case's crs; it does not. Check its file, layer and "
            "crs."
        )
    return ground


def _rows(region: Region, folder: Path, what: str) -> Rows:
    assert region.file is not None
    layer = Layer(kind="districts", file=region.file, layer=region.layer, crs=region.crs)
    log = FindingLog(layer=what)
    rows = read_rows(layer, expand(region.file, folder), log, {})
    if rows is None:
        found = log.found[0]
        raise InvalidInput(f"{what}: {found.asked}; {found.came}. {found.todo}")
    return rows


def read_region(path: Path | str, crs: str) -> shapely.Geometry | None:
    """The [region] of a case as ground in its CRS; None where the case names none. [m]

    Parameters
    ----------
    path
        Case folder or case.toml.
    crs
        Projected CRS of the case.
    """
    file = case_path(Path(path))
    region = read_case_file(file).region
    return (
        None if region is None else region_ground(region, file.parent, "region", geo.crs_of(crs, "the case"))
    )
