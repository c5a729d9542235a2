"""Who uses which ground: people at known places, whose hours thin out with the distance from home."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.errors import InvalidInput
from remnant.numerics.threads import OneOrAll
from remnant.units import Floats, Ints, not_negative

REACHES = 8.0
"""An unknown number of people reaches this many times the scale; all but 0.3 % of the hours go on within it."""
_UNKNOWN_SHARE = 0.05  # an area with more of its users unknown than this gets no number
_POINTS_ACROSS = 6  # points along the shorter side of a small area
_POINTS_PER_REACH = 3.0
_MOST_POINTS = 4096
_PAIRS_AT_ONCE = 40_000_000
_SCALES = 13
_NEAR_REACHES = 20.0  # people farther than this, whose share is below 1e-8, are taken to live nearer
_LEAST_SHARE = float(np.exp(-_NEAR_REACHES))
_SMALL_REACHES = (
    0.5  # an area of a smaller radius is seen from afar as its centre and second moments: error below 0.3 %
)
_FAR_RADII = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """People at points: settlements, or pixels of a population raster.

    Parameters
    ----------
    x_m, y_m
        (n,) places in the CRS of the areas. [m]
    persons
        (n,) people who live there; NaN unknown. [persons]
    is_pixel
        Whether these are all pixels of a raster, so that unknown ones are taken to be peopled like the known ones,
        where they hold at most 5 % of the users. A place of unknown number is taken to be as large as the greatest
        known one, where even that adds at most 5 %.
    source
        Where it is from, for people who read the result.
    """

    x_m: Floats
    y_m: Floats
    persons: Floats
    is_pixel: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.x_m).all() and np.isfinite(self.y_m).all()):
            raise InvalidInput("every place of people must have coordinates; some do not. Give them.")
        if not self.x_m.shape == self.y_m.shape == self.persons.shape or self.x_m.ndim != 1:
            raise InvalidInput("x_m, y_m and persons must be lists of one length; they are not.")
        object.__setattr__(self, "persons", not_negative("persons", self.persons, allow_nan=True))


def share_of_hours(distance_m: Floats, reach_m: float) -> Floats:
    """Share of a person's hours that goes on per square metre at a distance from home. [1/m²]

    ``exp(−d / R) / (2 π R²)``: over the whole plane it is 1, so no hour is lost or made; half the hours go on within
    1.68 R.

    Examples
    --------
    >>> share_of_hours(np.array([0.0]), 1000.0).round(9).tolist()
    [1.59e-07]
    """
    return np.asarray(np.exp(-distance_m / reach_m) / (2.0 * np.pi * reach_m**2))


def users_of_areas(people: People, geometry: NDArray[np.object_], reach_m: Floats) -> Floats:
    """People whose hours go on in each area, by scale of distance: the sum of their shares of hours.

    Parameters
    ----------
    people
        Where they live.
    geometry
        (n_areas,) outlines in the same CRS, None where the place is unknown.
    reach_m
        (n_draws, n_activities) scales. [m]

    Returns
    -------
    (n_draws, n_areas, n_activities) persons; NaN where too few of those who may use an area are known.

    Notes
    -----
    Worked out at a dozen scales between the least and the greatest, and interpolated in logarithms between them.
    """
    scales = scales_of(reach_m)
    return users_between(users_by_scale(people, geometry, scales), scales, reach_m)


def scales_of(reach_m: Floats) -> Floats:
    """(n_scales,) scales from the least to the greatest, evenly spaced in logarithms. [m]"""
    least, most = float(reach_m.min()), float(reach_m.max())
    return np.geomspace(least, most, _SCALES) if most > least * (1.0 + 1e-12) else np.array([least])


def users_by_scale(people: People, geometry: NDArray[np.object_], scales_m: Floats) -> Floats:
    """(n_areas, n_scales) people whose hours go on in each area, at each scale of distance; NaN unknown."""
    table = np.full((geometry.size, scales_m.size), np.nan)
    placed = np.flatnonzero(~shapely.is_missing(geometry))
    is_known = ~np.isnan(people.persons)
    persons = np.nan_to_num(people.persons)
    step = max(1, _PAIRS_AT_ONCE // (_MOST_POINTS * scales_m.size))
    for first in range(0, placed.size, step):
        part = placed[first : first + step]
        points, start, chosen, ground = _point_sets(geometry[part], scales_m)
        known, seen, unknown, is_near = _HOURS.for_work(
            part.size * scales_m.size * people.x_m.size * int(np.ceil(len(points) / chosen.size))
        )(people.x_m, people.y_m, persons, is_known, points, start, chosen, ground, scales_m)
        if people.is_pixel:
            # a few unknown pixels are peopled like the known ones
            with np.errstate(divide="ignore", invalid="ignore"):
                scaled = np.where(unknown > 0.0, known * (unknown + seen) / seen, known)
            table[part] = np.where(unknown > _UNKNOWN_SHARE * (unknown + seen), np.nan, scaled)
        else:
            # at most as many as in the greatest known place; where even that adds little, it is counted in
            more = unknown * persons.max(initial=0.0)
            is_much = more > _UNKNOWN_SHARE * (known + more) if persons.any() else unknown > 0.0
            table[part] = np.where(is_much & is_near, np.nan, known + more)
    return table


def users_between(table: Floats, scales_m: Floats, reach_m: Floats) -> Floats:
    """(n_draws, n_areas, n_activities) values of a table (n_areas, n_scales) between its scales."""
    if scales_m.size == 1:
        return np.broadcast_to(
            table[:, 0][None, :, None], (len(reach_m), len(table), reach_m.shape[1])
        ).copy()
    place = (np.log(reach_m) - np.log(scales_m[0])) / (np.log(scales_m[1]) - np.log(scales_m[0]))
    left: Ints = np.clip(place.astype(np.int64), 0, scales_m.size - 2)
    weight = np.clip(place - left, 0.0, 1.0)[:, :, None]
    by_scale = np.ascontiguousarray(table.T)
    is_zero = (table <= 0.0).any(axis=1)
    with np.errstate(divide="ignore"):
        logs = np.log(by_scale)
    logs[:, is_zero] = 0.0
    out = np.exp((1.0 - weight) * logs[left] + weight * logs[left + 1])  # (draws, activities, areas)
    if is_zero.any():
        some = by_scale[:, is_zero]
        out[:, :, is_zero] = (1.0 - weight) * some[left] + weight * some[left + 1]
    return np.asarray(out.transpose(0, 2, 1))


def _point_sets(shapes: NDArray[np.object_], scales_m: Floats) -> tuple[Floats, Ints, Ints, Floats]:
    """Points that stand for each area at each scale.

    Returns
    -------
    (n_points, 2) points of all sets; (n_sets + 1,) where each begins; (n_areas, n_scales) which set goes with which
    scale; (n_areas,) ground. [m, m²]
    """
    sets: list[Floats] = []
    chosen = np.zeros((shapes.size, scales_m.size), np.int64)
    ground = shapely.area(shapes)
    for a, shape in enumerate(shapes):
        steps = _steps(shape, scales_m)
        for k, step in enumerate(steps.tolist()):
            if k == 0 or step != steps[k - 1]:
                sets.append(_points(shape, step))
            chosen[a, k] = len(sets) - 1
    start = np.concatenate([[0], np.cumsum([len(s) for s in sets])]).astype(np.int64)
    return np.concatenate(sets), start, chosen, ground


def _steps(outline: shapely.Geometry, scales_m: Floats) -> Floats:
    """(n_scales,) distance of points, finer than the scale and than the area. [m]"""
    left, bottom, right, top = outline.bounds
    width, height = right - left, top - bottom
    return np.asarray(
        np.maximum(
            np.minimum(min(width, height) / _POINTS_ACROSS, scales_m / _POINTS_PER_REACH),
            np.sqrt(width * height / _MOST_POINTS),
        )
    )


def _points(outline: shapely.Geometry, step: float) -> Floats:
    """(n, 2) points spread evenly over an area. [m]"""
    left, bottom, right, top = outline.bounds
    if not step > 0.0:
        return np.asarray(shapely.get_coordinates(outline)[:1])
    x, y = np.meshgrid(np.arange(left + 0.5 * step, right, step), np.arange(bottom + 0.5 * step, top, step))
    inside = shapely.contains_xy(outline, x.ravel(), y.ravel())
    if not inside.any():
        return np.asarray(shapely.get_coordinates(outline.representative_point()))
    return np.stack([x.ravel()[inside], y.ravel()[inside]], axis=1)


def _hours_walk(
    x_m: Floats, y_m: Floats, persons: Floats, is_known: NDArray[np.bool_], points: Floats, start: Ints,
    chosen: Ints, ground: Floats, scales: Floats,
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:  # fmt: skip
    """(n_areas, n_scales) known users, share of hours of the known and the unknown, whether an unknown one is near."""
    num_areas, num_scales = chosen.shape
    known, seen = np.zeros((num_areas, num_scales)), np.zeros((num_areas, num_scales))
    unknown, is_near = np.zeros((num_areas, num_scales)), np.zeros((num_areas, num_scales), np.bool_)
    for a in numba.prange(num_areas):
        for k in range(num_scales):
            first, last = start[chosen[a, k]], start[chosen[a, k] + 1]
            num, reach = last - first, scales[k]
            cx, cy = points[first:last, 0].mean(), points[first:last, 1].mean()
            radius, xx, xy, yy = 0.0, 0.0, 0.0, 0.0
            for i in range(first, last):
                dx, dy = points[i, 0] - cx, points[i, 1] - cy
                radius = max(radius, np.sqrt(dx * dx + dy * dy))
                xx += dx * dx / num
                xy += dx * dy / num
                yy += dy * dy / num
            radius += np.sqrt(ground[a] / num)
            is_small = radius < _SMALL_REACHES * reach
            for p in range(len(x_m)):
                dx, dy = x_m[p] - cx, y_m[p] - cy
                away = np.sqrt(dx * dx + dy * dy)
                edge = away - radius
                if edge > _NEAR_REACHES * reach:
                    share = _LEAST_SHARE  # next to nothing: too high
                elif is_small and away > _FAR_RADII * radius:
                    # second moments of the points: they stand for an area that is small beside reach and distance
                    along = (dx * dx * xx + 2.0 * dx * dy * xy + dy * dy * yy) / (away * away)
                    across = xx + yy - along
                    share = np.exp(-away / reach) * (
                        1.0 + 0.5 * along / (reach * reach) - 0.5 * across / (away * reach)
                    )
                else:
                    share = 0.0
                    for i in range(first, last):
                        ox, oy = x_m[p] - points[i, 0], y_m[p] - points[i, 1]
                        share += np.exp(-np.sqrt(ox * ox + oy * oy) / reach)
                    share /= num
                if is_known[p]:
                    known[a, k] += persons[p] * share
                    seen[a, k] += share
                else:
                    unknown[a, k] += share
                    is_near[a, k] |= edge <= REACHES * reach
            whole = ground[a] / (2.0 * np.pi * reach * reach)
            known[a, k] *= whole
            seen[a, k] *= whole
            unknown[a, k] *= whole
    return known, seen, unknown, is_near


_HOURS = OneOrAll(_hours_walk, 200_000)
