"""Where the records of a layer are: checked, moved into the case's CRS, repaired, and every loss counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy.spatial import cKDTree

from remnant.io import geometry as geo
from remnant.io.geometry import LINE_TYPES, LONLAT, MULTIPOINT, POINT, POLYGON_TYPES
from remnant.io.rows import Rows

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]
NEAR_M = 50.0
"""Events nearer to each other than this may be one event that was reported twice. [m]"""


def check_places(rows: Rows) -> Floats:
    """Bounds of every record in degrees, (n, 4); refuses coordinates that lie nowhere."""
    geometry = rows.geometry
    empty = shapely.is_empty(geometry)
    rows.log.rows(
        "warning", "empty-geometry", "records should have a place",
        "records have an outline without any corner; their place is unknown",
        "draw them anew", rows.table.row[empty].tolist(),
    )  # fmt: skip
    geometry[empty] = None
    rows.is_empty[:] = empty
    wrong = (
        ("infinite-coordinate", geo.has_infinite(geometry),
         "coordinates must be finite numbers", "some are not", "correct them"),
        (
            "coordinate-range", geo.out_of_range(geometry, rows.crs),
            f"coordinates must be degrees within ±180 and ±90, since the layer's crs is {rows.crs.name}",
            "they lie outside",
            'swap the axes if they are reversed; if they are metres, name the layer\'s crs: crs = "EPSG:…"',
        ),
        (
            "degrees-for-metres", geo.looks_like_degrees(geometry, rows.crs),
            f"coordinates must be metres, since the layer's crs is {rows.crs.name}", "they look like degrees",
            'name the layer\'s true crs: crs = "EPSG:4326"',
        ),
        (
            "zero-coordinate", geo.at_null_island(geometry) & rows.crs.is_geographic,
            "coordinates must be those of the record",
            "got 0, 0, which is how blank ones arrive", "leave them blank if the place is unknown",
        ),
    )  # fmt: skip
    for code, bad, asked, came, todo in wrong:
        for index in np.flatnonzero(bad):
            rows.refuse(int(index), code, asked, came, todo)
        geometry[bad] = None
    lonlat = geo.moved(geometry, rows.crs, LONLAT)
    for index in np.flatnonzero(lonlat.is_lost):
        rows.refuse(
            int(index), "coordinate-range", f"coordinates must lie where {rows.crs.name} is defined",
            "they lie outside",
            "name the layer's true crs, or swap the axes if they are reversed",
        )  # fmt: skip
    geometry[lonlat.is_lost] = None
    bounds = geo.boxes(lonlat.geometry)
    bounds[lonlat.is_lost] = np.nan
    return bounds


def check_region(rows: Rows, bounds: Floats, region: geo.Box) -> None:
    """Findings for records outside the region: an error where swapping the axes would bring them in."""
    known = np.isfinite(bounds).all(axis=1)
    outside = known & ~geo.touches(bounds, region)
    if not outside.any():
        return
    reversed_ = outside & geo.touches(geo.swapped(bounds), region)
    if reversed_.sum() * 2 > outside.sum():
        rows.log.rows(
            "error", "swapped-axes", "records must lie in the region of the case",
            "records lie in it only when longitude and latitude are swapped",
            "swap the two columns (lon is x, lat is y), or the axes of the file", rows.table.row[reversed_].tolist(),
        )  # fmt: skip
    else:
        rows.log.rows(
            "warning", "outside-region", "records should lie in the region of the case",
            "records lie outside; they are kept",
            "check the layer's crs and the region", rows.table.row[outside].tolist(),
        )  # fmt: skip


def _move(rows: Rows, crs: CRS) -> Geometries:
    moved = geo.moved(rows.geometry, rows.crs, crs)
    if moved.is_ballpark:
        rows.log.add(
            "warning", "datum-shift", "the shift between datums should be known", f"none is known from {rows.crs.name}",
            "places may be off by a hundred metres; convert the file with the national grid shift", count=rows.size,
        )  # fmt: skip
    out = moved.geometry.copy()
    for index in np.flatnonzero(moved.is_lost):
        rows.refuse(
            int(index),
            "coordinate-range",
            "coordinates must exist in the case's crs",
            "they do not",
            "check the crs",
        )
    out[moved.is_lost] = None
    return out


def placed_areas(rows: Rows, crs: CRS, radius_m: Floats) -> Geometries:
    """(n,) polygons in the case's CRS; a point or line becomes the ground within its radius, if it has one.

    Parameters
    ----------
    radius_m
        (n,) radius of the circle that stands for a point; NaN refuses points. [m]
    """
    out = _move(rows, crs)
    kinds = shapely.get_type_id(out)
    thin = np.isin(kinds, [POINT, MULTIPOINT, *LINE_TYPES])
    _count_mixed(rows, kinds)
    for index in np.flatnonzero(thin & ~(radius_m > 0.0)):
        rows.refuse(
            int(index), "not-an-area", f"{rows.spec.kind} must be polygons", "got a point or a line",
            "give polygons, or reported_area_m2 or precision_m so that a circle can stand for it",
        )  # fmt: skip
        out[index] = None
    round_ = thin & (radius_m > 0.0)
    out[round_] = geo.circles(out[round_], radius_m[round_])
    rows.log.rows(
        "warning", "circle-for-point", "areas should be polygons",
        "points or lines stand as circles of their size or precision",
        "give the true outline where it is known", rows.table.row[round_].tolist(),
    )  # fmt: skip
    return _repair(rows, out, shapely.is_valid(rows.geometry))


def _repair(rows: Rows, polygons: Geometries, was_valid: NDArray[np.bool_]) -> Geometries:
    fixed = geo.repaired(polygons)
    invalid = np.flatnonzero(fixed.was_invalid & ~was_valid)
    late = np.flatnonzero(fixed.was_invalid & was_valid)
    rows.log.rows(
        "note", "invalid-after-projection", "outlines should not cross themselves",
        "outlines were valid in the file and crossed themselves by a hair once projected; repaired",
        "nothing", rows.table.row[late].tolist(),
    )  # fmt: skip
    rows.log.rows(
        "note", "invalid-geometry",
        "outlines should not cross themselves",
        f"invalid outlines were repaired: "
        f"{fixed.before_m2 / 1e6:,.3f} km² before, {fixed.after_m2 / 1e6:,.3f} km² after",
        "nothing; mend them in the source when convenient", rows.table.row[invalid].tolist(),
    )  # fmt: skip
    rows.log.rows(
        "warning", "collapsed-geometry", "areas should cover ground",
        "outlines cover no ground (a line or a dot); they are kept as areas of unknown place",
        "draw them anew", rows.table.row[fixed.has_collapsed].tolist(),
    )  # fmt: skip
    for index in np.flatnonzero(fixed.is_hopeless):
        rows.refuse(
            int(index),
            "bad-geometry",
            "outlines must enclose ground",
            "this one cannot be repaired",
            "draw it anew",
        )
    return fixed.geometry


def placed_shapes(rows: Rows, crs: CRS) -> Geometries:
    """(n,) points, lines or polygons in the case's CRS; None where a record has no place, which is counted."""
    out = _move(rows, crs)
    polygons = ~shapely.is_missing(out) & (shapely.get_dimensions(out) == 2)
    out[polygons] = _repair_some(rows, out, polygons)
    null = shapely.is_missing(rows.geometry) & ~rows.is_empty
    rows.log.rows(
        "warning", "null-geometry", "records should have a place", "records have none; nothing is measured to them",
        "add the geometry where it is known", rows.table.row[null].tolist(),
    )  # fmt: skip
    return out


def placed_events(rows: Rows, crs: CRS) -> Geometries:
    """(n,) points or polygons in the case's CRS."""
    out = _move(rows, crs)
    kinds = shapely.get_type_id(out)
    _count_mixed(rows, kinds)
    single = (kinds == MULTIPOINT) & (shapely.get_num_geometries(out) == 1)
    out[single] = shapely.get_geometry(out[single], 0)
    kinds = shapely.get_type_id(out)
    for index in np.flatnonzero(np.isin(kinds, [MULTIPOINT, *LINE_TYPES])):
        rows.refuse(
            int(index), "not-an-event-place", f"{rows.spec.kind} must be points or polygons",
            "got several points or a line",
            "give one record per event",
        )  # fmt: skip
        out[index] = None
    broad = ~shapely.is_missing(out) & (kinds != POINT)
    out[broad] = _repair_some(rows, out, broad)
    return out


def _repair_some(rows: Rows, geometry: Geometries, which: NDArray[np.bool_]) -> Geometries:
    only = np.full(len(geometry), None, dtype=object)
    only[which] = geometry[which]
    return _repair(rows, only, shapely.is_valid(rows.geometry))[which]


def _count_mixed(rows: Rows, kinds: NDArray[np.signedinteger[Any]]) -> None:
    families = {
        "points": int(np.isin(kinds, [POINT, MULTIPOINT]).sum()),
        "lines": int(np.isin(kinds, list(LINE_TYPES)).sum()),
        "polygons": int(np.isin(kinds, list(POLYGON_TYPES)).sum()),
        "collections": int((kinds == geo.COLLECTION).sum()),
    }
    met = {name: num for name, num in families.items() if num}
    if len(met) > 1:
        words = ", ".join(f"{num:,} {name}" for name, num in met.items())
        rows.log.add(
            "note",
            "mixed-geometry",
            "a layer should hold one kind of geometry",
            f"got {words}",
            "check that it is meant",
            count=rows.size,
        )


def count_unknown(rows: Rows, geometry: Geometries, effect: str) -> None:
    """The warning for records without a place, and the note that accounts for every record of the layer."""
    unknown = shapely.is_missing(geometry)
    unknown[sorted(rows.bad)] = False
    null = unknown & shapely.is_missing(rows.geometry) & ~rows.is_empty
    rows.log.rows(
        "warning", "null-geometry", "records should have a place", f"records have none; {effect}",
        "add the geometry where it is known", rows.table.row[null].tolist(),
    )  # fmt: skip
    num_bad, num_unknown = len(rows.bad), int(unknown.sum())
    read = rows.size + rows.num_left_out
    parts = [f"{rows.size - num_bad - num_unknown:,} used with place", f"{num_unknown:,} of unknown place"]
    parts += [f"{num_bad:,} refused"] if num_bad else []
    parts += [f"{rows.num_left_out:,} left out by the case's own filter"] if rows.num_left_out else []
    rows.log.add(
        "note", "records-read", "every record is accounted for", f"{read:,} records read: {', '.join(parts)}",
        "nothing",
        count=read,
    )  # fmt: skip


def count_duplicates(rows: Rows, geometry: Geometries) -> NDArray[np.bool_]:
    """(n,) whether a record repeats an earlier one in place and in every attribute but its id; shown, never merged."""
    there = ~shapely.is_missing(geometry)
    shapes = shapely.to_wkb(geometry)
    columns = [cells for name, cells in rows.table.cells.items() if name != rows.spec.columns.id]
    seen: dict[tuple[object, ...], int] = {}
    repeats = np.zeros(rows.size, dtype=bool)
    pairs: list[str] = []
    for index in np.flatnonzero(there):
        key = (shapes[index], *(repr(c[index]) for c in columns))
        first = seen.setdefault(key, int(index))
        if first != index:
            repeats[index] = True
            pairs.append(f"{rows.table.row[index]} repeats {rows.table.row[first]}")
    if pairs:
        shown = "; ".join(pairs[:20]) + (f"; and {len(pairs) - 20:,} more" if len(pairs) > 20 else "")
        rows.log.add(
            "warning", "duplicate-record", "a record should come once",
            f"{len(pairs):,} records repeat an earlier one in place and every attribute but the id (row {shown}); "
            "all are kept",
            "if they are one event or area, delete the repeats in the source: each counts as evidence of its own",
            count=len(pairs),
        )  # fmt: skip
    return repeats


def near_others(xy: Floats, day: Floats) -> NDArray[np.bool_]:
    """(n,) whether another event lies within 50 m on the same day, or either day is unknown.

    Coincident events are counted, not paired, so that thousands at one town's centroid cost nothing.

    Parameters
    ----------
    xy
        (n, 2) places. [m]
    day
        (n,) days, NaN unknown. [d]

    Examples
    --------
    >>> near_others(np.array([[0.0, 0.0], [30.0, 0.0], [60.0, 0.0]]), np.array([1.0, 1.0, 2.0])).tolist()
    [True, True, False]
    """
    near = np.zeros(len(xy), dtype=bool)
    unknown = np.isnan(day)
    if unknown.any():
        near[unknown] = _crowded(xy)[unknown]
        distance, _ = cKDTree(xy[unknown]).query(xy[~unknown])
        near[~unknown] = distance <= NEAR_M
    order = np.flatnonzero(~unknown)[np.argsort(day[~unknown], kind="stable")]
    ends = np.flatnonzero(np.diff(day[order])) + 1
    for group in np.split(order, ends):
        if group.size > 1:
            near[group] |= _crowded(xy[group])
    return near


def _crowded(xy: Floats) -> NDArray[np.bool_]:
    """(n,) whether another of the places lies within 50 m."""
    places, index, num = np.unique(xy, axis=0, return_inverse=True, return_counts=True)
    within = np.asarray(cKDTree(places).query_ball_point(places, NEAR_M, return_length=True))
    return np.asarray((num > 1) | (within > 1))[index.ravel()]


def count_near(rows: Rows, geometry: Geometries, day: Floats, repeats: NDArray[np.bool_]) -> None:
    """A note for events that lie within 50 m of another one of the same day, or of no known day."""
    points = np.flatnonzero((shapely.get_type_id(geometry) == POINT) & ~repeats)
    near = points[near_others(shapely.get_coordinates(geometry[points]), day[points])]
    rows.log.rows(
        "note", "near-duplicate", "events should be distinct",
        f"events lie within {NEAR_M:g} m of another one of the same or no known date; all are kept",
        "check whether some were reported twice", rows.table.row[near].tolist(),
    )  # fmt: skip
