"""Corners of an area's outline, as a team takes them into a satellite receiver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from remnant.io.read_results import Results
from remnant.units import Floats

MAX_CORNERS = 120
"""Most corners that a dossier prints; a finer outline is followed within a stated distance."""
_FIRST_M = 0.5  # first distance tried [m]
_WGS84 = "EPSG:4326"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corners:
    """Corners of one area; all arrays are (n,).

    Parameters
    ----------
    points
        In the CRS of the result.
    latitude_deg, longitude_deg
        In WGS 84. [°]
    part
        Which piece of the area, from 0.
    is_hole
        Whether the corner is one of a hole in that piece.
    next_m, next_deg
        Distance [m] and bearing from true north [°] on the ellipsoid to the next corner of its ring.
    num_all
        Corners of the outline as it is on record.
    within_m
        How far the printed outline may be from it; 0: all corners are here. [m]
    """

    points: tuple[shapely.Point, ...]
    latitude_deg: Floats
    longitude_deg: Floats
    part: NDArray[np.int64]
    is_hole: NDArray[np.bool_]
    next_m: Floats
    next_deg: Floats
    num_all: int
    within_m: float


def corners_of(results: Results, row: int) -> Corners | None:
    """The corners of an area, all or as many as a dossier prints; None where its place is unknown."""
    shape = results.areas.geometry.iloc[row]
    if shape is None or shape.is_empty:
        return None
    num_all, within = _num(shape), 0.0
    drawn = shape
    while _num(drawn) > MAX_CORNERS:
        within = 2.0 * within or _FIRST_M
        simple = shape.simplify(within, preserve_topology=True)
        if within > max(shape.length, 1.0):
            break
        drawn = simple
    xy, part, is_hole, ring = [], [], [], []
    for p, piece in enumerate(shapely.get_parts(drawn)):
        for r, line in enumerate(shapely.get_rings(piece)):
            corners = shapely.get_coordinates(line)[:-1]
            xy.append(corners)
            part += [p] * len(corners)
            is_hole += [r > 0] * len(corners)
            ring.append(len(corners))
    points = np.concatenate(xy)
    lon, lat = pyproj.Transformer.from_crs(results.crs, _WGS84, always_xy=True).transform(
        points[:, 0], points[:, 1]
    )
    following = np.concatenate(
        [np.roll(np.arange(n), -1) + s for n, s in zip(ring, np.cumsum([0, *ring]), strict=False)]
    )
    bearing, _, distance = pyproj.Geod(ellps="WGS84").inv(lon, lat, lon[following], lat[following])
    return Corners(
        points=tuple(shapely.points(points)), latitude_deg=lat, longitude_deg=lon, part=np.array(part),
        is_hole=np.array(is_hole), next_m=distance, next_deg=np.mod(bearing, 360.0), num_all=num_all, within_m=within,
    )  # fmt: skip


def _num(shape: shapely.Geometry) -> int:
    """Corners of a polygon or of several; the last of a ring repeats the first."""
    return int(sum(len(shapely.get_coordinates(r)) - 1 for r in shapely.get_rings(shapely.get_parts(shape))))
