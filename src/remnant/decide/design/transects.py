"""Transects: the chance that they cross a target area, and that they cross it and show it.

A target area is an ellipse in which items lie thicker than around it. Transects are strips of one width, at one
spacing in one direction (`parallel`) or in two at right angles (`square`, `rectangular`). Where the pattern begins, and
which way the target lies unless that is stated, is random; so chances are means over the offset and the angle. Given
both, the ground that a pattern covers in an ellipse is known, and the items found there are Poisson.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.special import gammainc
from scipy.stats import poisson

from remnant.decide.design.detection import Detection
from remnant.errors import InvalidInput, NotEstimable
from remnant.units import Floats

Pattern = Literal["parallel", "square", "rectangular"]
_NUM_ANGLES, _NUM_OFFSETS = (
    64,
    256,
)  # midpoints; the integrand has kinks only, so the error falls with their square
_GRID_ANGLES, _GRID_OFFSETS, _GRID_SLICES = 24, 40, 256
_BISECTIONS = 40
_COARSE_BISECTIONS = 14  # to a thousandth of a per cent, where each chance takes a while
_STEPS = 32  # spacings tried between the width and the largest useful one


@dataclass(frozen=True, slots=True, kw_only=True)
class Transects:
    """A pattern of transects.

    Parameters
    ----------
    pattern
        ``parallel``; ``square`` and ``rectangular`` have a second set at right angles.
    width_m
        Ground that one transect covers, side to side. [m]
    spacing_m, cross_spacing_m
        Distance between the middles of neighbouring transects, of the first and of the second set (equal for a square
        grid, not used for parallel ones). [m]
    """

    pattern: Pattern
    width_m: float
    spacing_m: float
    cross_spacing_m: float | None = None

    def __post_init__(self) -> None:
        if self.pattern not in get_args(Pattern):
            raise InvalidInput(
                f"pattern must be one of {', '.join(get_args(Pattern))}; got {self.pattern!r}."
            )
        if self.pattern == "rectangular" and self.cross_spacing_m is None:
            raise InvalidInput(
                "a rectangular pattern needs a second spacing; none came. Name the cross spacing."
            )
        if self.pattern != "rectangular" and self.cross_spacing_m not in (None, self.spacing_m):
            raise InvalidInput(f"a {self.pattern} pattern has one spacing; two came. Use rectangular.")
        if not (self.width_m > 0.0 and np.isfinite(self.width_m)):
            raise InvalidInput(f"transect width must be above 0 m; got {self.width_m:g}.")
        for spacing in self.spacings_m:
            if not (spacing >= self.width_m and np.isfinite(spacing)):
                raise InvalidInput(
                    f"spacing must be at least the width of a transect, {self.width_m:g} m; got {spacing:g} m. "
                    "Closer than that, all ground is covered and no design is needed."
                )

    @property
    def spacings_m(self) -> tuple[float, ...]:
        """Spacing of each set. [m]"""
        if self.pattern == "parallel":
            return (self.spacing_m,)
        return (self.spacing_m, self.cross_spacing_m or self.spacing_m)

    @property
    def covered_share(self) -> float:
        """Share of a large site that lies in a transect. [1]"""
        return float(1.0 - np.prod([1.0 - self.width_m / s for s in self.spacings_m]))

    @property
    def metres_per_km2(self) -> float:
        """Length of transects per square kilometre. [m/km²]"""
        return float(sum(1e6 / s for s in self.spacings_m))


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetArea:
    """The target area that shall not be overlooked.

    Parameters
    ----------
    length_m, width_m
        Long and short axis of the ellipse, end to end; equal for a circle. [m]
    angle_deg
        Between long axis and the first set of transects; None if any direction is as likely. [°]
    """

    length_m: float
    width_m: float
    angle_deg: float | None = None

    def __post_init__(self) -> None:
        if not (self.length_m >= self.width_m > 0.0 and np.isfinite(self.length_m)):
            raise InvalidInput(
                f"a target area has a length that is not below its width, both above 0 m; got {self.length_m:g} and "
                f"{self.width_m:g} m."
            )
        if self.angle_deg is not None and not np.isfinite(self.angle_deg):
            raise InvalidInput(f"angle must be a number of degrees; got {self.angle_deg}.")

    @property
    def area_m2(self) -> float:
        """Its ground. [m²]"""
        return float(np.pi * self.length_m * self.width_m / 4.0)

    def angles(self, num: int) -> Floats:
        """Equally likely angles to the transects: one if it is stated or does not matter. (n,) [rad]"""
        if self.angle_deg is not None:
            return np.array([np.deg2rad(self.angle_deg)])
        if self.length_m == self.width_m:
            return np.zeros(1)
        return np.asarray((np.arange(num) + 0.5) * np.pi / num)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What must be found for a target area to be noticed.

    Parameters
    ----------
    density_per_m2
        Items in the target area, above what lies around it. [1/m²]
    background_per_m2
        Signals around that the same search would count too (scrap, single items); as counted. [1/m²]
    least_finds
        Fewest finds in the crossed part that make anybody look closer. [items]
    false_alarm
        Greatest chance that background alone, over the same ground, gives that many; raises the number needed. [1]
    """

    density_per_m2: float
    background_per_m2: float = 0.0
    least_finds: int = 1
    false_alarm: float = 0.05

    def __post_init__(self) -> None:
        for words, value in (("density", self.density_per_m2), ("background", self.background_per_m2)):
            if not (value >= 0.0 and np.isfinite(value)):
                raise InvalidInput(f"{words} must be 0 or more per m²; got {value:g}.")
        if self.least_finds < 1:
            raise InvalidInput(f"finds needed must be 1 or more; got {self.least_finds}.")
        if not 0.0 < self.false_alarm < 1.0:
            raise InvalidInput(f"chance of a false alarm lies in (0, 1); got {self.false_alarm:g}.")

    def finds_needed(self, covered_m2: Floats) -> Floats:
        """Finds that count as noticing, by ground covered in the target area, same shape. [items]"""
        if self.background_per_m2 == 0.0:
            return np.full(np.shape(covered_m2), float(self.least_finds))
        by_chance = poisson.isf(self.false_alarm, self.background_per_m2 * covered_m2) + 1.0
        return np.asarray(np.maximum(by_chance, self.least_finds))


def p_traverse(transects: Transects, target: TargetArea) -> float:
    """Chance that some part of a transect crosses the target area. [1]

    Returns
    -------
    Mean over angles of ``1 − Π_sets (1 − min(1, (d + w) / s))``: a strip of width w meets a convex shape exactly when
    their shadows across the strip do, and d is the target's width in that direction. For a circle of diameter d and
    parallel transects ``min(1, (d + w) / s)``.

    Examples
    --------
    >>> lines = Transects(pattern="parallel", width_m=2.0, spacing_m=100.0)
    >>> round(p_traverse(lines, TargetArea(length_m=50.0, width_m=50.0)), 12)
    0.52
    """
    missed = np.ones(1)
    for half, spacing in zip(_shadows(target, _NUM_ANGLES * 16), transects.spacings_m, strict=False):
        missed = missed * (1.0 - np.minimum(1.0, (2.0 * half + transects.width_m) / spacing))
    return float(1.0 - missed.mean())


def p_detect(transects: Transects, target: TargetArea, signal: Signal, detection: Detection) -> float:
    """Chance that transects cross the target area and find enough there to notice it. [1]

    Returns
    -------
    Mean over offsets, angles and q of ``P(Poisson((q λ + b) A) ≥ k(A))`` with A the ground covered in the target area,
    λ its density, b the background and k the finds needed. Where two sets cross, ground counts once: a second look is
    no second chance for an item that is hard to find.

    Examples
    --------
    >>> from remnant.decide.design.detection import detection_of
    >>> lines = Transects(pattern="parallel", width_m=2.0, spacing_m=100.0)
    >>> wide = TargetArea(length_m=50.0, width_m=50.0)
    >>> round(p_detect(lines, wide, Signal(density_per_m2=0.02), detection_of(0.9, source="example")), 2)
    0.37
    """
    covered = covered_ground(transects, target)
    return float(p_noticed(covered, signal, detection).mean())


def p_noticed(covered_m2: Floats, signal: Signal, detection: Detection) -> Floats:
    """Chance that enough is found, by ground covered in the target area, same shape. [1]"""
    needed = signal.finds_needed(covered_m2)
    out = np.zeros(np.shape(covered_m2))
    for q in detection.draws:
        mean = (q * signal.density_per_m2 + signal.background_per_m2) * covered_m2
        out += np.where(covered_m2 > 0.0, gammainc(needed, mean), 0.0)
    return np.asarray(out / detection.draws.size)


def covered_ground(transects: Transects, target: TargetArea) -> Floats:
    """Ground of the target area inside transects, for equally likely offsets and angles. (n_angles, n_offsets…) [m²]"""
    if transects.pattern == "parallel":
        shadow = _shadows(target, _NUM_ANGLES)[0]
        offsets = (np.arange(_NUM_OFFSETS) + 0.5) / _NUM_OFFSETS * transects.spacing_m
        return np.stack([_in_strips(h, offsets, transects, target) for h in shadow])
    return np.stack([_in_grid(angle, transects, target) for angle in target.angles(_GRID_ANGLES)])


def _shadows(target: TargetArea, num: int) -> tuple[Floats, Floats]:
    """Half widths of the target across the first and across the second set of transects, by angle. [m]"""
    angle = target.angles(num)
    a, b = 0.5 * target.length_m, 0.5 * target.width_m
    return np.hypot(a * np.sin(angle), b * np.cos(angle)), np.hypot(a * np.cos(angle), b * np.sin(angle))


def _below(t: Floats) -> Floats:
    """Share of a unit disc with its coordinate below t."""
    t = np.clip(t, -1.0, 1.0)
    return np.asarray(0.5 + (t * np.sqrt(1.0 - t * t) + np.arcsin(t)) / np.pi)


def _in_strips(half: float, offsets: Floats, transects: Transects, target: TargetArea) -> Floats:
    """Ground of an ellipse in parallel strips: an ellipse is a disc, stretched, so its slices are those of a disc."""
    reach = int(np.ceil((half + transects.width_m) / transects.spacing_m)) + 1
    middles = offsets[:, None] + np.arange(-reach - 1, reach + 1) * transects.spacing_m
    w = 0.5 * transects.width_m
    return np.asarray(
        target.area_m2 * (_below((middles + w) / half) - _below((middles - w) / half)).sum(axis=1)
    )


def _in_grid(angle: float, transects: Transects, target: TargetArea) -> Floats:
    """Ground of an ellipse in either of two sets of strips, (n_offsets, n_offsets) [m²].

    The ellipse is cut into thin slices along the first set. A slice lies in its strips for a share that is known, and
    on the rest the second set covers a length that is known: both are running totals of a periodic pattern.
    """
    a, b = 0.5 * target.length_m, 0.5 * target.width_m
    half = float(np.hypot(a * np.sin(angle), b * np.cos(angle)))
    lean = (a * a - b * b) * np.sin(angle) * np.cos(angle) / half**2  # of the middles of the slices
    edges = np.linspace(-half, half, _GRID_SLICES + 1)
    x = 0.5 * (edges[1:] + edges[:-1])
    step = edges[1] - edges[0]
    ground = target.area_m2 * np.diff(_below(edges / half))  # (slices,)
    chord = ground / step
    first, second = transects.spacings_m
    u, v = ((np.arange(_GRID_OFFSETS) + 0.5) / _GRID_OFFSETS * s for s in (first, second))
    w = transects.width_m
    inside = (
        _covered(edges[1:], u, w, first) - _covered(edges[:-1], u, w, first)
    ) / step  # (offsets, slices)
    top, bottom = lean * x + 0.5 * chord, lean * x - 0.5 * chord
    length = _covered(top, v, w, second) - _covered(bottom, v, w, second)
    return np.asarray((inside @ ground)[:, None] + (1.0 - inside) @ (length * step).T)


def _covered(x: Floats, offsets: Floats, width: float, spacing: float) -> Floats:
    """Running length of strips that begin at each offset, (n_offsets, n_x). [m]"""
    turns = (x - offsets[:, None]) / spacing
    whole = np.floor(turns)
    return np.asarray(whole * width + np.minimum((turns - whole) * spacing, width))


def widest_spacing(
    transects: Transects,
    target: TargetArea,
    goal: float,
    *,
    signal: Signal | None = None,
    detection: Detection | None = None,
) -> float:
    """The widest spacing at which the chance still reaches a goal. [m]

    Parameters
    ----------
    transects
        Pattern and width; a rectangular one keeps the proportion of its spacings. Its spacing is not read otherwise.
    target
        What shall not be overlooked.
    goal
        Chance to reach. [1]
    signal, detection
        Given: chance of crossing and noticing; left out: of crossing.

    Raises
    ------
    NotEstimable
        When the goal is not reached even where all ground is covered.

    Examples
    --------
    >>> lines = Transects(pattern="parallel", width_m=2.0, spacing_m=100.0)
    >>> round(widest_spacing(lines, TargetArea(length_m=50.0, width_m=50.0), 0.9), 2)
    57.78
    """
    if not 0.0 < goal < 1.0:
        raise InvalidInput(f"the chance to reach lies in (0, 1); got {goal:g}. 0.95 is 95 %.")

    def chance(spacing: float) -> float:
        at = with_spacing(transects, spacing)
        if signal is None or detection is None:
            return p_traverse(at, target)
        return p_detect(at, target, signal, detection)

    narrowest = transects.width_m * max(1.0, transects.spacing_m / transects.spacings_m[-1])
    if chance(narrowest) < goal:
        raise NotEstimable(
            f"a chance of {100 * goal:g} % is asked; with all ground covered it is {100 * chance(narrowest):.3g} %. "
            "Use a better detector, fewer finds needed or a larger or denser target area."
        )
    widest = (target.length_m + transects.width_m) / goal * 4.0
    tried = np.geomspace(narrowest, max(widest, 2.0 * narrowest), _STEPS)
    low = narrowest
    for high in tried[1:].tolist():
        if chance(high) < goal:
            break
        low = high
    for _ in range(_BISECTIONS if signal is None else _COARSE_BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if chance(middle) >= goal else (low, middle)
    return low


def with_spacing(transects: Transects, spacing_m: float) -> Transects:
    """The pattern at another spacing, with its proportion kept."""
    ratio = transects.spacings_m[-1] / transects.spacings_m[0]
    return Transects(
        pattern=transects.pattern,
        width_m=transects.width_m,
        spacing_m=spacing_m,
        cross_spacing_m=spacing_m * ratio if transects.pattern == "rectangular" else None,
    )


def p_there_though_unseen(prior: float, p_detected: float) -> float:
    """Chance that a target area is there although the transects showed none (Bayes' rule). [1]

    Examples
    --------
    >>> round(p_there_though_unseen(0.3, 0.9), 3)
    0.041
    """
    if not (0.0 <= prior <= 1.0 and 0.0 <= p_detected <= 1.0):
        raise InvalidInput(f"chances lie in [0, 1]; got {prior:g} and {p_detected:g}.")
    missed = prior * (1.0 - p_detected)
    return missed / (missed + 1.0 - prior) if missed + 1.0 - prior > 0.0 else 0.0
