"""Many points against few shapes: distance to the nearest, the polygon that they lie in, events around them.

Points are taken in groups that lie together (runs along a Morton curve [1]_). With centre c and radius r of a group,
the nearest line of each of its points lies within ``distance(c) + 2r`` of c, by the triangle inequality; so a tree is
asked once per group and only a handful of candidates are measured point by point. The result is exact.

References
----------
.. [1] G. M. Morton, "A computer oriented geodetic data base", IBM, 1966.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.units import Floats, Ints

_GROUP = 64  # points asked for together
_GROUPS_AT_ONCE = 16_384  # keeps the lists of candidates to some tens of megabytes
_ROUNDING = 1e-6  # slack on the reach of a group, relative to the size of coordinates


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Groups:
    """Points `order[start[g]:start[g + 1]]` lie within `radius` of `centre`."""

    order: Ints
    start: Ints
    centre: Floats
    radius: Floats


def distance_m(x_m: Floats, y_m: Floats, segments: Floats, polygons: NDArray[np.object_]) -> Floats:
    """(n,) distance to the nearest segment; 0 inside polygons.

    Parameters
    ----------
    segments
        (m, 4) x and y of both ends, equal for a point, m at least 1; outlines of the polygons among them. [m]
    polygons
        (p,) polygons, perhaps none. [m]

    Examples
    --------
    >>> line = np.array([[0.0, 0.0, 10.0, 0.0]])
    >>> distance_m(np.array([5.0, 13.0]), np.array([2.0, 4.0]), line, np.empty(0, object)).tolist()
    [2.0, 5.0]
    """
    out = np.empty(x_m.size)
    tree = shapely.STRtree(_lines(segments))
    for groups in _in_groups(x_m, y_m):
        points = shapely.points(groups.centre)
        (_, _), reach = _nearest(tree, points)
        wide = reach + 2.0 * groups.radius
        pairs = tree.query(points, predicate="dwithin", distance=wide + _ROUNDING * (1.0 + wide))
        first, candidate = _lists(pairs, groups.radius.size)
        _shortest(out, x_m, y_m, groups.order, groups.start, first, candidate, segments)
    if polygons.size:
        out[polygon_at(x_m, y_m, segments, polygons) >= 0] = 0.0
    return out


def polygon_at(x_m: Floats, y_m: Floats, segments: Floats, polygons: NDArray[np.object_]) -> Ints:
    """(n,) index of the first polygon that each point lies in or on; −1 in none.

    Parameters
    ----------
    segments
        (m, 4) the outlines of all polygons, see `segments_of`. [m]
    """
    out = np.full(x_m.size, -1, np.int64)
    shapely.prepare(polygons)
    edges, tree = shapely.STRtree(_lines(segments)), shapely.STRtree(polygons)
    for groups in _in_groups(x_m, y_m):
        (_, _), reach = _nearest(edges, shapely.points(groups.centre))
        size = np.diff(groups.start)
        crossed = reach <= groups.radius * (1.0 + _ROUNDING) + _ROUNDING
        at_centre = _first_polygon(tree, polygons, groups.centre[:, 0], groups.centre[:, 1])
        found = np.repeat(at_centre, size)
        single = np.flatnonzero(np.repeat(crossed, size))
        mine = groups.order[single]
        found[single] = _first_polygon(tree, polygons, x_m[mine], y_m[mine])
        out[groups.order] = found
    return out


def events_around(x_m: Floats, y_m: Floats, places: Floats, reach_m: Floats, weight: Floats) -> Floats:
    """(n,) weighted number of events around each point: Σ weight·(1 − (d/reach)²)² over events nearer than their reach.

    Divided by π·reach²/3 that is the density of a quartic kernel [1]_.

    Parameters
    ----------
    places
        (m, 2) x and y of events. [m]
    reach_m, weight
        (m,) distance beyond which an event counts nothing, and what it counts at its own place. [m], [1]

    References
    ----------
    .. [1] B. W. Silverman, "Density Estimation", Chapman & Hall, 1986, eq. 4.5.

    Examples
    --------
    >>> one = np.array([[0.0, 0.0]])
    >>> events_around(np.array([0.0, 60.0, 100.0]), np.zeros(3), one, np.array([100.0]), np.ones(1)).round(4).tolist()
    [1.0, 0.4096, 0.0]
    """
    out = np.zeros(x_m.size)
    if not len(places):
        return out
    # many events share a place: they are one with their summed weight
    rows, which = np.unique(np.column_stack([places, reach_m]), axis=0, return_inverse=True)
    summed = np.bincount(which.reshape(-1), weights=weight)
    tree = shapely.STRtree(shapely.points(rows[:, :2]))
    longest = float(rows[:, 2].max())
    for groups in _in_groups(x_m, y_m):
        wide = (longest + groups.radius) * (1.0 + _ROUNDING)
        pairs = tree.query(shapely.points(groups.centre), predicate="dwithin", distance=wide)
        first, candidate = _lists(pairs, groups.radius.size)
        _add_events(out, x_m, y_m, groups.order, groups.start, first, candidate, rows, summed)
    return out


def segments_of(geometry: NDArray[np.object_]) -> Floats:
    """(m, 4) straight pieces of points, lines and outlines; a point is a piece of no length. [m]

    Examples
    --------
    >>> segments_of(np.array([shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 0), (1, 1)])])).tolist()
    [[1.0, 2.0, 1.0, 2.0], [0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 1.0, 1.0]]
    """
    parts = shapely.get_parts(shapely.get_parts(geometry))  # twice: collections may hold multiparts
    rings, owner = shapely.get_rings(parts, return_index=True)
    curves = parts.copy()
    curves[np.unique(owner)] = None
    curves = np.concatenate([curves, rings])
    xy, index = shapely.get_coordinates(curves, return_index=True)
    together = index[1:] == index[:-1]
    lone = np.bincount(index, minlength=len(curves))[index] == 1
    pieces = np.concatenate([xy[:-1][together], xy[1:][together]], axis=1)
    return np.concatenate([np.tile(xy[lone], 2), pieces])


def _lines(segments: Floats) -> NDArray[np.object_]:
    return np.asarray(shapely.linestrings(segments.reshape(-1, 2, 2)))


def _nearest(tree: shapely.STRtree, points: NDArray[np.object_]) -> tuple[Ints, Floats]:
    pairs, distance = tree.query_nearest(points, return_distance=True, all_matches=False)
    return pairs, np.asarray(distance)


def _first_polygon(tree: shapely.STRtree, polygons: NDArray[np.object_], x: Floats, y: Floats) -> Ints:
    point, polygon = tree.query(shapely.points(x, y))
    inside = shapely.intersects_xy(polygons[polygon], x[point], y[point])
    out = np.full(x.size, len(polygons), np.int64)
    np.minimum.at(out, point[inside], polygon[inside])
    return np.where(out == len(polygons), -1, out)


def _in_groups(x: Floats, y: Floats) -> Iterator[_Groups]:
    """Points in groups that lie together, some thousands of groups at a time."""
    order = np.argsort(_morton(x, y), kind="stable").astype(np.int64)
    for begin in range(0, x.size, _GROUP * _GROUPS_AT_ONCE):
        mine = order[begin : begin + _GROUP * _GROUPS_AT_ONCE]
        first = np.arange(0, mine.size, _GROUP)
        ends = np.append(first, mine.size)
        low = np.stack([np.minimum.reduceat(v[mine], first) for v in (x, y)], axis=1)
        high = np.stack([np.maximum.reduceat(v[mine], first) for v in (x, y)], axis=1)
        yield _Groups(
            order=mine,
            start=ends,
            centre=0.5 * (low + high),
            radius=0.5 * np.hypot(high[:, 0] - low[:, 0], high[:, 1] - low[:, 1]),
        )


def _morton(x: Floats, y: Floats) -> NDArray[np.uint64]:
    """(n,) place of each point along a Morton curve: the bits of x and y in turn."""
    code = np.zeros(x.size, np.uint64)
    if not x.size:
        return code
    side = max(float(np.ptp(x)), float(np.ptp(y)), 1e-9)
    for shift, v in enumerate((x, y)):
        bits = ((v - v.min()) * (65535.0 / side)).astype(np.uint64)
        for width, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
            bits = (bits | (bits << np.uint64(width))) & np.uint64(mask)
        code |= bits << np.uint64(shift)
    return code


def _lists(pairs: Ints, num_groups: int) -> tuple[Ints, Ints]:
    """Candidates of each group g: ``candidate[first[g]:first[g + 1]]``."""
    group, candidate = pairs
    order = np.argsort(group, kind="stable")
    return np.searchsorted(group[order], np.arange(num_groups + 1)), candidate[order]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _shortest(out, x, y, order, start, first, candidate, segments):  # type: ignore[no-untyped-def]
    for g in range(start.size - 1):
        for i in order[start[g] : start[g + 1]]:
            best = np.inf
            for s in candidate[first[g] : first[g + 1]]:
                ax, ay = segments[s, 0], segments[s, 1]
                ux, uy = segments[s, 2] - ax, segments[s, 3] - ay
                px, py = x[i] - ax, y[i] - ay
                square = ux * ux + uy * uy
                if square > 0.0:
                    t = min(max((px * ux + py * uy) / square, 0.0), 1.0)
                    px -= t * ux
                    py -= t * uy
                best = min(best, px * px + py * py)
            out[i] = np.sqrt(best)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _add_events(out, x, y, order, start, first, candidate, rows, weight):  # type: ignore[no-untyped-def]
    for g in range(start.size - 1):
        for i in order[start[g] : start[g + 1]]:
            total = 0.0
            for e in candidate[first[g] : first[g + 1]]:
                dx, dy = x[i] - rows[e, 0], y[i] - rows[e, 1]
                rest = 1.0 - (dx * dx + dy * dy) / (rows[e, 2] * rows[e, 2])
                if rest > 0.0:
                    total += weight[e] * rest * rest
            out[i] = total
