"""Shapes of features in the coordinates that were asked for, and asked ground in the coordinates of the shapes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from remnant.errors import InvalidInput
from remnant.io.read_features import Shapes
from remnant.io.view_tiles import tile_bounds

LONLAT = "OGC:CRS84"
_WEB = "EPSG:3857"
_MOST_LATITUDE = 85.06  # where web Mercator ends
_PIECES = 32  # of a side of a box, so that it stays where it is when it is bent

Box = tuple[float, float, float, float]


def epsg_of(crs: str) -> int | None:
    """EPSG code of a coordinate reference system; None where it has none.

    Examples
    --------
    >>> epsg_of("EPSG:32636")
    32636
    """
    told = CRS.from_user_input(crs).to_authority(auth_name="EPSG", min_confidence=100)
    return None if told is None else int(told[1])


def bounds_of(shapes: Shapes) -> Box | None:
    """West, south, east, north of all shapes that have a place, in degrees; None where none has."""
    reach = _reach(shapes)
    return None if reach is None else _transformer(_WEB, LONLAT).transform_bounds(*reach)


def ground_of(box: Box, crs: str, shapes: Shapes) -> shapely.Geometry:
    """The ground of a box, in web Mercator, as far as any shape reaches.

    Parameters
    ----------
    box
        Lower and upper corner, axes in the order of `crs`. A box in degrees whose west is above its east crosses the
        date line.
    crs
        Of the box.
    shapes
        What is to be found on it.

    Raises
    ------
    InvalidInput
        A corner is not below the other.
    """
    if box[1] > box[3] or (box[0] > box[2] and crs != LONLAT):
        raise InvalidInput(f"bbox must name the lower corner first; got {', '.join(f'{v:g}' for v in box)}.")
    if crs == LONLAT:
        return _ground_of_degrees(box)
    reach = _reach(shapes)
    if reach is None:
        return shapely.Polygon()
    reach = _transformer(_WEB, crs).transform_bounds(*reach)
    margin = max(reach[2] - reach[0], reach[3] - reach[1], 1.0)  # bent sides reach further than their corners
    within = shapely.intersection(_between(*box), shapely.box(*reach).buffer(margin))
    if within.is_empty:
        return within
    fine = shapely.segmentize(within, max(within.length / (4 * _PIECES), 1e-6))
    return _moved(np.array([fine], object), crs, _WEB)[0]


def _reach(shapes: Shapes) -> Box | None:
    """Box of all shapes; None where none has a place. [m]"""
    placed = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not placed.size:
        return None
    west, south, east, north = shapely.total_bounds(placed).tolist()
    return west, south, east, north


def _ground_of_degrees(box: Box) -> shapely.Geometry:
    limits = np.clip(box, [-180.0, -_MOST_LATITUDE] * 2, [180.0, _MOST_LATITUDE] * 2)
    (left, right), (bottom, top) = _transformer(LONLAT, _WEB).transform(limits[::2], limits[1::2])
    if left <= right:
        return _between(left, bottom, right, top)
    least, _, most, _ = tile_bounds(0, 0, 0)
    return shapely.union(_between(left, bottom, most, top), _between(least, bottom, right, top))


def _between(left: float, bottom: float, right: float, top: float) -> shapely.Geometry:
    """A box; a line or a point where it has no width or height."""
    return shapely.envelope(shapely.multipoints([[left, bottom], [right, top]]))


def geojson(shapes: Shapes, crs: str) -> list[str | None]:
    """Shapes as GeoJSON text, axes in the order of `crs`, outer rings counter-clockwise.

    Parameters
    ----------
    shapes
        (n,) in web Mercator.
    crs
        Wanted.
    """
    decimals = 8 if crs == LONLAT else 3  # a millimetre
    moved = shapely.transform(_moved(shapes, _WEB, crs), lambda at: np.round(at, decimals))
    told: list[str | None] = shapely.to_geojson(shapely.orient_polygons(moved)).tolist()
    return told


def _moved(shapes: NDArray[np.object_], source: str, target: str) -> NDArray[np.object_]:
    through = _transformer(source, target)

    def move(at: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(through.transform(at[:, 0], at[:, 1]))

    return np.asarray(shapely.transform(shapes, move))


@lru_cache(maxsize=8)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target)
