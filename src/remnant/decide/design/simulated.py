"""Transects tried out on simulated target areas: the second route to every chance, and the only one for real tracks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.decide.design.detection import Detection
from remnant.decide.design.transects import Signal, TargetArea, Transects, p_noticed
from remnant.errors import InvalidInput
from remnant.units import Floats

_CORNERS = 48  # of a drawn ellipse; its area is set right to the last digit
_AT_ONCE = 4_000_000  # items held in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """Shares of simulated target areas that were crossed, and crossed and noticed, with standard errors.

    Parameters
    ----------
    num
        Target areas simulated. [areas]
    crossed, noticed
        Shares. [1]
    crossed_se, noticed_se
        Standard errors of the shares. [1]
    """

    num: int
    crossed: float
    noticed: float
    crossed_se: float
    noticed_se: float


def simulate_pattern(
    transects: Transects,
    target: TargetArea,
    signal: Signal,
    detection: Detection,
    *,
    num: int,
    rng: np.random.Generator,
) -> Simulated:
    """Target areas and their items drawn at random under a pattern without end; no formula of `p_detect` is used.

    Parameters
    ----------
    transects, target, signal, detection
        As for `p_detect`; a background is not simulated, so `signal` must have none.
    num
        Target areas to draw. [areas]
    rng
        Random numbers.

    Raises
    ------
    InvalidInput
        For a signal with background.
    """
    if signal.background_per_m2 > 0.0:
        raise InvalidInput("items are simulated one by one only without background; got one. Leave it out.")
    expected = max(signal.density_per_m2 * target.area_m2, 1.0)
    size = max(1, min(num, int(_AT_ONCE / expected)))
    crossed = noticed = 0
    for start in range(0, num, size):
        c, n = _one_batch(transects, target, signal, detection, min(size, num - start), rng)
        crossed, noticed = crossed + c, noticed + n
    return _shares(np.array(crossed / num), np.array(noticed / num), num)


def _one_batch(
    transects: Transects,
    target: TargetArea,
    signal: Signal,
    detection: Detection,
    num: int,
    rng: np.random.Generator,
) -> tuple[int, int]:
    angle = _angles(target, num, rng)
    begins = [rng.uniform(0.0, s, num) for s in transects.spacings_m]
    edge = np.linspace(0.0, 2.0 * np.pi, 720, endpoint=False)
    crossed = np.zeros(num, dtype=bool)
    for along, spacing, begin in zip((False, True), transects.spacings_m, begins, strict=False):
        lean = angle + (0.5 * np.pi if along else 0.0)
        a, b = 0.5 * target.length_m, 0.5 * target.width_m
        reach = (a * np.outer(np.sin(lean), np.cos(edge)) + b * np.outer(np.cos(lean), np.sin(edge))).max(
            axis=1
        )
        last = (
            np.floor((reach - begin) / spacing) * spacing + begin
        )  # the last strip that begins below the far edge
        crossed |= last + transects.width_m > -reach
    number = rng.poisson(signal.density_per_m2 * target.area_m2, num)
    of = np.repeat(np.arange(num), number)
    x, y = _points(target, angle[of], rng)
    worked = np.zeros(of.size, dtype=bool)
    for place, spacing, begin in zip((x, y), transects.spacings_m, begins, strict=False):
        worked |= np.mod(place - begin[of], spacing) < transects.width_m
    q = rng.choice(detection.draws, num)
    found = np.bincount(of[worked & (rng.uniform(size=of.size) < q[of])], minlength=num)
    return int(crossed.sum()), int((found >= signal.least_finds).sum())


def simulate_swaths(
    swaths: Any,
    site: Any,
    target: TargetArea,
    signal: Signal,
    detection: Detection,
    *,
    bearing_deg: float = 0.0,
    num: int,
    rng: np.random.Generator,
) -> Simulated:
    """Target areas dropped at random on a site, against the ground that transects cover there, as laid or as walked.

    Parameters
    ----------
    swaths
        Ground covered, as polygons in a projection. [m]
    site
        Ground on which the middle of a target area may lie. The parts of a target area beyond the site are not covered,
        so chances are lower than without an edge.
    target, signal, detection
        As for `p_detect`; the angle of the target is measured from `bearing_deg`, clockwise from grid north.
    num
        Target areas to drop. [areas]
    rng
        Random numbers.

    Returns
    -------
    Shares; the chance of noticing is averaged in closed form over items, so its error comes from places only.
    """
    ground = shapely.union_all(swaths)
    parts = shapely.get_parts(ground)
    parts = parts[shapely.area(parts) > 0.0]
    middle = points_in(site, num, rng=rng)
    angle = _angles(target, num, rng)
    shape = _ellipses(middle, angle + np.deg2rad(bearing_deg), target)
    covered = np.zeros(num)
    tree = shapely.STRtree(parts)
    which, part = tree.query(shape, predicate="intersects")
    np.add.at(covered, which, shapely.area(shapely.intersection(shape[which], parts[part])))
    hit = p_noticed(covered, signal, detection)
    return _shares(covered > 0.0, hit, num)


def points_in(site: Any, num: int, *, rng: np.random.Generator) -> Floats:
    """Points spread evenly over a polygon, (num, 2). [m]"""
    if not shapely.area(site) > 0.0:
        raise InvalidInput("the site must enclose ground; it does not. Give polygons.")
    shapely.prepare(site)
    west, south, east, north = shapely.bounds(site)
    kept: list[NDArray[np.float64]] = []
    have = 0
    while have < num:
        xy = rng.uniform((west, south), (east, north), (max(4 * (num - have), 256), 2))
        inside = xy[shapely.contains_xy(site, xy[:, 0], xy[:, 1])]
        kept.append(inside)
        have += len(inside)
    return np.concatenate(kept)[:num]


def _angles(target: TargetArea, num: int, rng: np.random.Generator) -> Floats:
    if target.angle_deg is not None:
        return np.full(num, np.deg2rad(target.angle_deg))
    return rng.uniform(0.0, np.pi, num)


def _points(target: TargetArea, angle: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Items in ellipses about the origin: x across, y along the first set of transects. (n_items,) each [m]"""
    radius, turn = np.sqrt(rng.uniform(size=angle.size)), rng.uniform(0.0, 2.0 * np.pi, angle.size)
    long = radius * np.cos(turn) * 0.5 * target.length_m
    short = radius * np.sin(turn) * 0.5 * target.width_m
    return (
        long * np.sin(angle) + short * np.cos(angle),
        long * np.cos(angle) - short * np.sin(angle),
    )


def _ellipses(middle: Floats, bearing: Floats, target: TargetArea) -> NDArray[np.object_]:
    """(n,) ellipses with their long axis at a bearing, as polygons of exactly their area."""
    turn = np.linspace(0.0, 2.0 * np.pi, _CORNERS, endpoint=False)
    grow = np.sqrt(np.pi / (0.5 * _CORNERS * np.sin(2.0 * np.pi / _CORNERS)))
    long = 0.5 * grow * target.length_m * np.cos(turn)
    short = 0.5 * grow * target.width_m * np.sin(turn)
    x = middle[:, :1] + np.outer(np.sin(bearing), long) + np.outer(np.cos(bearing), short)
    y = middle[:, 1:] + np.outer(np.cos(bearing), long) - np.outer(np.sin(bearing), short)
    return np.asarray(shapely.polygons(np.stack([x, y], axis=-1)))


def _shares(crossed: Any, noticed: Any, num: int) -> Simulated:
    first, second = float(np.mean(crossed)), float(np.mean(noticed))
    spread = np.std(noticed) if np.ndim(noticed) else np.sqrt(second * (1.0 - second))
    return Simulated(
        num=num,
        crossed=first,
        noticed=second,
        crossed_se=float(np.sqrt(first * (1.0 - first) / num)),
        noticed_se=float(spread / np.sqrt(num)),
    )
