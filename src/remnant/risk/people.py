"""Who uses which ground: people at known places, whose hours thin out with the distance from home."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.errors import InvalidInput
from remnant.units import Floats, Ints, not_negative

REACHES = 8.0
"""An unknown number of people reaches this many times the scale; all but 0.3 % of the hours go on within it."""
_UNKNOWN_SHARE = 0.05  # an area with more of its users unknown than this gets no number
_POINTS_ACROSS = 6  # points along the shorter side of a small area
_POINTS_PER_REACH = 3.0
_MOST_POINTS = 4096
_PAIRS_AT_ONCE = 4_000_000
_NEAR_REACHES = 20.0  # people farther than this, whose share is below 1e-8, are taken to live nearer


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
        Whether these are all pixels of a raster, so that unknown ones are weighed by the share of users they may hold;
        of places, one unknown number leaves every area in its reach unknown.
    """

    x_m: Floats
    y_m: Floats
    persons: Floats
    is_pixel: bool = False

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
    least, most = float(reach_m.min()), float(reach_m.max())
    scales = np.geomspace(least, most, 13) if most > least * (1.0 + 1e-12) else np.array([least])
    table = np.full((geometry.size, scales.size), np.nan)
    for a in np.flatnonzero(~shapely.is_missing(geometry)):
        for k, scale in enumerate(scales):
            points, area_m2 = _points(geometry[a], float(scale))
            table[a, k] = _users(people, points, area_m2, float(scale))
    return _between(table, scales, reach_m)


def _between(table: Floats, scales: Floats, reach_m: Floats) -> Floats:
    """(n_draws, n_areas, n_activities) values of a table (n_areas, n_scales) between its scales."""
    if scales.size == 1:
        return np.broadcast_to(
            table[:, 0][None, :, None], (len(reach_m), len(table), reach_m.shape[1])
        ).copy()
    place = (np.log(reach_m) - np.log(scales[0])) / (np.log(scales[1]) - np.log(scales[0]))
    left: Ints = np.clip(place.astype(np.int64), 0, scales.size - 2)
    weight = np.clip(place - left, 0.0, 1.0)[:, None, :]
    low, high = (np.moveaxis(table[:, i], 0, 1) for i in (left, left + 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.exp((1.0 - weight) * np.log(low) + weight * np.log(high))
    straight = (1.0 - weight) * low + weight * high
    return np.asarray(np.where((low > 0.0) & (high > 0.0), logs, straight))


def _users(people: People, points: Floats, area_m2: float, reach_m: float) -> float:
    """People whose hours go on in an area given by points of equal weight; NaN unknown."""
    centre = points.mean(axis=0)
    radius = float(np.hypot(*(points - centre).T).max(initial=0.0)) + np.sqrt(area_m2 / len(points))
    edge = np.hypot(people.x_m - centre[0], people.y_m - centre[1]) - radius
    share = (
        share_of_hours(np.maximum(edge, 0.0), reach_m) * area_m2
    )  # far off, where it is next to nothing: too high
    near = np.flatnonzero(edge <= _NEAR_REACHES * reach_m)
    step = max(1, _PAIRS_AT_ONCE // len(points))
    for first in range(0, near.size, step):
        part = near[first : first + step]
        away = np.hypot(
            people.x_m[part, None] - points[None, :, 0], people.y_m[part, None] - points[None, :, 1]
        )
        share[part] = share_of_hours(away, reach_m).mean(axis=1) * area_m2
    is_known = ~np.isnan(people.persons)
    known = float(people.persons[is_known] @ share[is_known])
    seen, unknown = float(share[is_known].sum()), float(share[~is_known].sum())
    if not people.is_pixel and (edge[~is_known] <= REACHES * reach_m).any():
        return np.nan
    if not people.is_pixel or unknown == 0.0:
        return known
    if unknown > _UNKNOWN_SHARE * (unknown + seen):
        return np.nan
    return known * (unknown + seen) / seen  # the few unknown pixels are peopled like the known ones


def _points(outline: shapely.Geometry, reach_m: float) -> tuple[Floats, float]:
    """(n, 2) points spread evenly over an area, finer than the reach, and its area. [m, m²]"""
    left, bottom, right, top = outline.bounds
    area = float(outline.area)
    side = min(right - left, top - bottom)
    step = max(
        min(side / _POINTS_ACROSS, reach_m / _POINTS_PER_REACH),
        np.sqrt((right - left) * (top - bottom) / _MOST_POINTS),
    )
    if not step > 0.0:
        return np.asarray(shapely.get_coordinates(outline)[:1]), area
    x, y = np.meshgrid(np.arange(left + 0.5 * step, right, step), np.arange(bottom + 0.5 * step, top, step))
    inside = shapely.contains_xy(outline, x.ravel(), y.ravel())
    if not inside.any():
        return np.asarray(shapely.get_coordinates(outline.representative_point())), area
    return np.stack([x.ravel()[inside], y.ravel()[inside]], axis=1), area
