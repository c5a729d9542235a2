"""Geometry as read to geometry that can be counted: ranges, repair, one projected CRS."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import LambertAzimuthalEqualAreaConversion
from pyproj.exceptions import CRSError, ProjError

from remnant.errors import InvalidInput

Geometries = NDArray[np.object_]
Bools = NDArray[np.bool_]
Box = tuple[float, float, float, float]
"""West, south, east, north. [°]"""

LONLAT = CRS.from_epsg(4326)
UTM_LIMIT_DEG = 84.0
WIDEST_DEG = 40.0
"""Width of data in longitude above which one projected CRS distorts areas and a mistaken CRS is likely. [°]"""
SMALLEST_AREA_M2 = 0.01
"""Outlines of less ground than a hand covers are what rounding left of a line. [m²]"""
POLYGON_TYPES = frozenset({3, 6})
POINT, MULTIPOINT, COLLECTION = 0, 4, 7
LINE_TYPES = frozenset({1, 2, 5})


def parsed(sources: NDArray[np.object_], parse: Callable[..., Any], *, on_invalid: str) -> Geometries:
    """(n,) geometries from WKT or WKB; None where there is none, or where it cannot be read (curves, say)."""
    try:
        return np.asarray(parse(sources, on_invalid=on_invalid), dtype=object).reshape(len(sources))
    except (NotImplementedError, shapely.errors.ShapelyError):
        out = np.full(len(sources), None, dtype=object)
    for index, source in enumerate(sources):
        with contextlib.suppress(NotImplementedError, shapely.errors.ShapelyError):
            out[index] = parse(source, on_invalid=on_invalid)
    return out


def crs_of(text: str, what: str) -> CRS:
    """A CRS from an authority code, WKT or PROJ text.

    Raises
    ------
    InvalidInput
        When PROJ does not know it.
    """
    try:
        return CRS.from_user_input(text)
    except CRSError:
        shown = text if len(text) < 60 else f"{text[:57]}…"
        raise InvalidInput(
            f"{what} must be a known CRS such as EPSG:4326; got {shown!r}. Correct it."
        ) from None


def case_crs(text: str, box: Box | None) -> CRS:
    """The projected CRS of a case: the one named, or UTM where the data lie in one zone, else an equal-area one.

    Parameters
    ----------
    text
        ``auto`` or a CRS.
    box
        Extent of region and data; needed for ``auto``. [°]

    Examples
    --------
    >>> case_crs("auto", (15.7, 42.5, 17.2, 45.3)).to_epsg(), case_crs("auto", (15.7, 42.5, 19.2, 45.3)).name
    (32633, 'WGS 84 / equal area at 43.9 N 17.4 E')
    """
    if text != "auto":
        crs = crs_of(text, "crs")
        if not crs.is_projected or any(a.unit_conversion_factor != 1.0 for a in crs.axis_info):
            raise InvalidInput(
                f'crs must be projected and in metres; got {crs.name!r}. Write crs = "auto" if in doubt.'
            )
        if crs.to_epsg() in (3857, 900913, 3395):
            raise InvalidInput(
                f'crs must keep areas; {crs.name!r} does not. Use a national grid, UTM, or crs = "auto".'
            )
        return crs
    if box is None:
        raise InvalidInput('crs = "auto" needs at least one record with a place. Name the crs of the case.')
    west, south, east, north = box
    if east - west > WIDEST_DEG:
        raise InvalidInput(
            f"the records must lie in one region; they span {east - west:.0f}° of longitude. "
            "A layer probably has swapped axes or a wrong crs; if not, name the crs of the case."
        )
    zones = [int(np.floor((lon + 180.0) / 6.0)) % 60 + 1 for lon in (west, east)]
    if (
        zones[0] == zones[1]
        and max(abs(south), abs(north)) <= UTM_LIMIT_DEG
        and (south >= 0.0) == (north >= 0.0)
    ):
        return CRS.from_epsg((32600 if south >= 0.0 else 32700) + zones[0])
    return _equal_area(round(0.5 * (south + north), 1), round(0.5 * (west + east), 1))


def _equal_area(lat: float, lon: float) -> CRS:
    name = f"{abs(lat):g} {'S' if lat < 0 else 'N'} {abs(lon):g} {'W' if lon < 0 else 'E'}"
    return CRS.from_user_input(
        ProjectedCRS(
            name=f"WGS 84 / equal area at {name}",
            geodetic_crs=LONLAT,
            conversion=LambertAzimuthalEqualAreaConversion(
                latitude_natural_origin=lat, longitude_natural_origin=lon
            ),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moved:
    """Geometry in another CRS.

    Parameters
    ----------
    is_lost
        (n,) whether the coordinates could not be transformed.
    is_ballpark
        Whether PROJ knows no datum shift, so that places may be off by a hundred metres.
    """

    geometry: Geometries
    is_lost: Bools
    is_ballpark: bool


def moved(geometry: Geometries, source: CRS, target: CRS) -> Moved:
    """Geometry from one CRS into another, x (east) first.

    Raises
    ------
    InvalidInput
        When PROJ knows no way.
    """
    if source == target:
        return Moved(geometry=geometry, is_lost=np.zeros(len(geometry), dtype=bool), is_ballpark=False)
    try:
        transformer = Transformer.from_crs(source, target, always_xy=True)
        out = shapely.transform(geometry, transformer.transform, interleaved=False)
    except (ProjError, CRSError):
        raise InvalidInput(
            f"a way from {source.name!r} to {target.name!r} must be known; there is none. Name another crs."
        ) from None
    result = np.asarray(out, dtype=object).reshape(len(geometry))
    return Moved(
        geometry=result, is_lost=has_infinite(result), is_ballpark="allpark" in str(transformer.description)
    )


def has_infinite(geometry: Geometries) -> Bools:
    """(n,) whether any coordinate is infinite or not a number."""
    coordinates, index = shapely.get_coordinates(geometry, return_index=True)
    bad = np.zeros(len(geometry), dtype=bool)
    bad[index[~np.isfinite(coordinates).all(axis=1)]] = True
    return bad


def out_of_range(geometry: Geometries, crs: CRS) -> Bools:
    """(n,) whether degrees lie outside ±180 and ±90; never for projected coordinates."""
    bad = np.zeros(len(geometry), dtype=bool)
    if crs.is_geographic:
        coordinates, index = shapely.get_coordinates(geometry, return_index=True)
        with np.errstate(invalid="ignore"):
            outside = (np.abs(coordinates[:, 0]) > 180.0) | (np.abs(coordinates[:, 1]) > 90.0)
        bad[index[outside]] = True
    return bad


def looks_like_degrees(geometry: Geometries, crs: CRS) -> Bools:
    """(n,) whether projected coordinates all lie within ±180 and ±90, which no true record does."""
    if crs.is_geographic:
        return np.zeros(len(geometry), dtype=bool)
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(boxes(geometry)) <= [180.0, 90.0, 180.0, 90.0]).all(axis=1))


def at_null_island(geometry: Geometries) -> Bools:
    """(n,) whether a geometry is the point (0, 0), which is how blank coordinates arrive."""
    is_point = shapely.get_type_id(geometry) == POINT
    with np.errstate(invalid="ignore"):
        return np.asarray(is_point & (shapely.get_x(geometry) == 0.0) & (shapely.get_y(geometry) == 0.0))


def boxes(geometry: Geometries) -> NDArray[np.float64]:
    """(n, 4) bounds, NaN where there is no geometry."""
    return np.asarray(shapely.bounds(geometry), dtype=np.float64).reshape(len(geometry), 4)


def extent(bounds: Sequence[NDArray[np.float64]]) -> Box | None:
    """The box around all bounds, or None without any."""
    stacked = np.concatenate([b[np.isfinite(b).all(axis=1)] for b in bounds]) if bounds else np.empty((0, 4))
    if not len(stacked):
        return None
    return (
        float(stacked[:, 0].min()), float(stacked[:, 1].min()),
        float(stacked[:, 2].max()), float(stacked[:, 3].max()),
    )  # fmt: skip


def touches(bounds: NDArray[np.float64], box: Box) -> Bools:
    """(n,) whether bounds and a box share a point; False for NaN."""
    with np.errstate(invalid="ignore"):
        return np.asarray(
            (bounds[:, 0] <= box[2])
            & (bounds[:, 2] >= box[0])
            & (bounds[:, 1] <= box[3])
            & (bounds[:, 3] >= box[1])
        )


def swapped(bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bounds with x and y exchanged."""
    return bounds[:, [1, 0, 3, 2]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Repaired:
    """Polygons after repair.

    Parameters
    ----------
    was_invalid
        (n,) whether the shape broke the rules of simple features (it crosses itself, say).
    has_collapsed
        (n,) whether nothing polygonal was left, so that the place is unknown.
    is_hopeless
        (n,) whether no method gave a valid outline, so that the record must be refused.
    before_m2, after_m2
        Total area of the invalid ones before and after. [m²]
    """

    geometry: Geometries
    was_invalid: Bools
    has_collapsed: Bools
    is_hopeless: Bools
    before_m2: float
    after_m2: float


_REPAIRS = ("structure", "structure", "linework")
"""Methods in turn: the first leaves a rare outline crossing itself by a rounding error, which a second pass mends."""


def repaired(geometry: Geometries) -> Repaired:
    """Valid polygons of the same ground; overlapping parts are united, never cut out of one another.

    The "structure" method keeps ground that two rings both cover, where the "linework" method would make a hole of
    it and so lower the hazard.
    """
    there = ~shapely.is_missing(geometry)
    invalid = there & ~shapely.is_valid(geometry)
    fixed = geometry.copy()
    for method in _REPAIRS:
        broken = ~shapely.is_missing(fixed) & ~shapely.is_valid(fixed)
        options = {"keep_collapsed": False} if method == "structure" else {}
        fixed[broken] = shapely.make_valid(fixed[broken], method=method, **options)
    for index in np.flatnonzero(there & ~np.isin(shapely.get_type_id(fixed), list(POLYGON_TYPES))):
        fixed[index] = _polygons(fixed[index])
    gone = there & (
        shapely.is_missing(fixed) | shapely.is_empty(fixed) | ~(shapely.area(fixed) > SMALLEST_AREA_M2)
    )
    fixed[gone] = None
    hopeless = ~shapely.is_missing(fixed) & ~shapely.is_valid(fixed)
    fixed[hopeless] = None
    return Repaired(
        geometry=fixed,
        was_invalid=invalid,
        has_collapsed=gone,
        is_hopeless=hopeless,
        before_m2=float(np.nansum(shapely.area(geometry[invalid]))),
        after_m2=float(np.nansum(shapely.area(fixed[invalid]))),
    )


def _polygons(geometry: Any) -> Any:
    """The polygonal parts of a collection, united; None if there are none."""
    parts = shapely.get_parts(geometry, return_index=False)
    kept: list[Any] = []
    for part in parts:
        kind = shapely.get_type_id(part)
        if kind in POLYGON_TYPES:
            kept.append(part)
        elif kind == COLLECTION:
            inner = _polygons(part)
            kept += [inner] if inner is not None else []
    return shapely.union_all(kept) if kept else None


def circles(geometry: Geometries, radius_m: NDArray[np.float64]) -> Geometries:
    """Shapes widened by a radius, drawn with 64 corners outside the true circle so that no ground is lost."""
    corners = 64
    outer = radius_m / np.cos(np.pi / corners)
    return np.asarray(shapely.buffer(geometry, outer, quad_segs=corners // 4), dtype=object)
