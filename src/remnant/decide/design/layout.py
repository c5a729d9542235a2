"""Where to walk and what to look at: transects laid over a site, and units of a lot drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.decide.design.transects import Transects
from remnant.errors import InvalidInput
from remnant.units import Floats

MOST_LINES = 20_000
"""Most transects in a layout. [lines]"""
MOST_SQUARES = 4_000_000
"""Most units that a lot may be cut into. [units]"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransectLayout:
    """Transects laid over a site.

    Parameters
    ----------
    line
        (n,) middle lines inside the site. [m]
    swath
        (n,) ground that each covers inside the site. [m]
    family
        (n,) 1 or 2: which set of the pattern.
    bearing_deg
        (n,) direction, clockwise from grid north. [°]
    """

    line: NDArray[np.object_]
    swath: NDArray[np.object_]
    family: NDArray[np.int64]
    bearing_deg: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitLayout:
    """Units of a lot that were drawn for inspection.

    Parameters
    ----------
    square
        (n,) units as squares, in the order in which they were drawn. [m]
    num_units
        Units in the lot: all that touch the site. [units]
    unit_m
        Side of a unit. [m]
    """

    square: NDArray[np.object_]
    num_units: int
    unit_m: float


def lay_transects(
    site: Any, transects: Transects, *, bearing_deg: float = 0.0, rng: np.random.Generator
) -> TransectLayout:
    """Transects over a site, beginning at a random offset: only so do the chances of the pattern hold for it.

    Parameters
    ----------
    site
        Ground to survey, a polygon or several, in a projection. [m]
    transects
        The pattern.
    bearing_deg
        Direction of the first set, clockwise from grid north. [°]
    rng
        Draws the offset of each set.

    Raises
    ------
    InvalidInput
        When the site holds no ground, or the pattern has more lines than anybody walks.
    """
    if not shapely.area(site) > 0.0:
        raise InvalidInput("the site must enclose ground; it does not. Give polygons.")
    if not np.isfinite(bearing_deg):
        raise InvalidInput(f"bearing must be a number of degrees; got {bearing_deg}.")
    lines, swaths, family, bearings = [], [], [], []
    for number, spacing in enumerate(transects.spacings_m):
        bearing = (bearing_deg + 90.0 * number) % 360.0
        line, swath = _lay_set(site, transects.width_m, spacing, bearing, float(rng.uniform()))
        lines.append(line)
        swaths.append(swath)
        family.append(np.full(line.size, number + 1))
        bearings.append(np.full(line.size, bearing % 180.0))
    return TransectLayout(
        line=np.concatenate(lines),
        swath=np.concatenate(swaths),
        family=np.concatenate(family).astype(np.int64),
        bearing_deg=np.concatenate(bearings),
    )


def _lay_set(
    site: Any, width_m: float, spacing_m: float, bearing_deg: float, offset: float
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Lines and swaths of one set of parallel transects, from side to side; those outside of the site are dropped."""
    angle = np.deg2rad(bearing_deg)
    ahead, aside = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
    xy = shapely.get_coordinates(site)
    origin = xy.mean(axis=0)  # small numbers, so that nothing is lost to rounding
    across, along = (xy - origin) @ aside, (xy - origin) @ ahead
    first = int(np.ceil((across.min() - width_m) / spacing_m - offset))
    last = int(np.floor((across.max() + width_m) / spacing_m - offset))
    if last - first >= MOST_LINES:
        raise InvalidInput(
            f"a layout has at most {MOST_LINES:,} transects in one direction; this spacing of {spacing_m:g} m gives "
            f"{last - first + 1:,}. Lay out a smaller part of the site."
        )
    place = (np.arange(first, last + 1) + offset) * spacing_m
    ends = np.array([along.min() - 1.0, along.max() + 1.0])
    start, end = (origin + place[:, None] * aside + e * ahead for e in ends)
    w = 0.5 * width_m * aside
    full = shapely.polygons(np.stack([start - w, end - w, end + w, start + w], axis=1))
    shapely.prepare(site)
    swath = shapely.intersection(full, site)
    line = shapely.intersection(shapely.linestrings(np.stack([start, end], axis=1)), site)
    keep = shapely.area(swath) > 0.0
    return line[keep], swath[keep]


def draw_units(site: Any, unit_m: float, num_sampled: int, *, rng: np.random.Generator) -> UnitLayout:
    """Units of a lot drawn at random without replacement, each as likely.

    Parameters
    ----------
    site
        Ground of the lot, in a projection. Every square that touches it is a unit: no ground is left out. [m]
    unit_m
        Side of a unit. [m]
    num_sampled
        Units to draw. [units]
    rng
        Draws them.
    """
    corner, column, row = _squares(site, unit_m)
    if num_sampled > column.size:
        raise InvalidInput(f"at most all {column.size:,} units can be drawn; {num_sampled:,} were asked.")
    pick = rng.permutation(column.size)[:num_sampled]
    left, bottom = corner[0] + column[pick] * unit_m, corner[1] + row[pick] * unit_m
    return UnitLayout(
        square=np.asarray(shapely.box(left, bottom, left + unit_m, bottom + unit_m)),
        num_units=column.size,
        unit_m=unit_m,
    )


def count_units(site: Any, unit_m: float) -> int:
    """Squares of a side that touch a site. [units]"""
    return int(_squares(site, unit_m)[1].size)


def _squares(site: Any, unit_m: float) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """South-western corner of a grid, and column and row of every square that shares ground with the site."""
    if not (unit_m > 0.0 and np.isfinite(unit_m)):
        raise InvalidInput(f"the side of a unit must be above 0 m; got {unit_m:g}.")
    if not shapely.area(site) > 0.0:
        raise InvalidInput("the site must enclose ground; it does not. Give polygons.")
    west, south, east, north = shapely.bounds(site)
    corner = np.floor(np.array([west, south]) / unit_m) * unit_m
    num_x, num_y = (
        int(np.ceil((far - near) / unit_m)) for far, near in ((east, corner[0]), (north, corner[1]))
    )
    if num_x * num_y > MOST_SQUARES:
        raise InvalidInput(
            f"a lot is cut into at most {MOST_SQUARES:,} squares; a side of {unit_m:g} m gives {num_x * num_y:,}. "
            "Use larger units, or one task at a time."
        )
    shapely.prepare(site)
    column, row = (index.ravel() for index in np.meshgrid(np.arange(num_x), np.arange(num_y)))
    left, bottom = corner[0] + column * unit_m, corner[1] + row * unit_m
    squares = shapely.box(left, bottom, left + unit_m, bottom + unit_m)
    touches = shapely.intersects(site, squares) & ~shapely.touches(site, squares)
    return corner, column[touches], row[touches]
