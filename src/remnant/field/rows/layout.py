"""How the compiled code sees finds, ground and belts: plain arrays in coordinates centred on the area.

A belt is one line of an array: direction, place of its first row, extent, spacing, row distance, chance that a place
held an item, jitter, number of rows; then for each row its phase (in spacings) and by how many places it begins and
ends earlier or later than the belt. Along the belt `u` is counted from the foot of the area's centre, so that the
places of row r are ``u = spacing · (phase_r + j)`` for the whole numbers j between its ends.
"""

from __future__ import annotations

from collections.abc import Callable
from math import lgamma
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from remnant.units import Floats, Ints

_Function = TypeVar("_Function", bound=Callable[..., object])


def inner(function: _Function) -> _Function:
    """Compiled, and called by compiled code only: wrappers for Python would double the time to compile.

    The compiler's cache of a caller does not see a change in what it calls: after editing one of these functions,
    remove ``__pycache__`` of this folder.
    """
    njit: Any = numba.njit  # its stubs leave out the two wrappers
    options = {"cache": True, "nogil": True, "error_model": "numpy"}
    return cast(_Function, njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)(function))


MAX_BELTS = 4
MAX_ROWS = 8
THETA, V0, START, END, LOG_SPACING, LOG_APART, HELD, LOG_JITTER, ROWS = range(9)
PHASE, LOW, HIGH = 9, 9 + MAX_ROWS, 9 + 2 * MAX_ROWS
WIDTH = 9 + 3 * MAX_ROWS
END_SHIFT = 0.35  # ratio of the two-sided geometric prior of a row's ends, in places
GATE = 3.5  # standard deviations within which a find may belong to a row


class Data(NamedTuple):
    """Everything that does not change while sampling.

    `x, y` (n,) finds, centred; `variance` (n,) of their positions, per axis [m²]; `is_searched` (n,) whether a search
    of known outcome made the find possible; `block` (n_sizes, n) block of each find per block size; `log_p` (n_levels,
    n) logarithm of the chance of being found at the find; `p_found` (n_levels, ny, nx) smoothed over the jitter, zero
    outside the area; `exposure` (n_sizes, n_levels, n_blocks) searched ground [m²]; `num_blocks` (n_sizes,);
    `left_m, top_m, cell_m` place the raster; `radius_m` of the disc around the area; `neighbours` (n,) finds within
    `reach_m`.
    """

    x: Floats
    y: Floats
    variance: Floats
    is_searched: NDArray[np.bool_]
    block: Ints
    log_p: Floats
    p_found: Floats
    exposure: Floats
    num_blocks: Ints
    left_m: float
    top_m: float
    cell_m: float
    radius_m: float
    neighbours: Floats
    reach_m: float


class Limits(NamedTuple):
    """Priors as numbers: ends of the log-uniform ranges, shapes of the beta, tables of log probabilities."""

    log_spacing_low: float
    log_spacing_high: float
    log_apart_low: float
    log_apart_high: float
    log_jitter_low: float
    log_jitter_high: float
    jitter_share: float  # greatest jitter as a share of the spacing
    held_a: float
    held_b: float
    shortest_m: float
    log_belts: Floats
    log_rows: Floats
    log_level: float  # centre and spread of the log background density, and of the log clump shape
    spread_level: float
    log_clump: float
    spread_clump: float


@inner
def frame(belt: Floats, x: float, y: float) -> tuple[float, float]:
    """Coordinates along and across a belt."""
    c, s = np.cos(belt[THETA]), np.sin(belt[THETA])
    return c * x + s * y, c * y - s * x


@inner
def place_range(belt: Floats, r: int) -> tuple[int, int]:
    """First and past-last place number of row r."""
    d = np.exp(belt[LOG_SPACING])
    first = np.ceil(belt[START] / d + belt[LOW + r] - belt[PHASE + r])
    past = np.ceil(belt[END] / d + belt[HIGH + r] - belt[PHASE + r])
    return int(first), int(past)


def place_ends(belt: Floats, r: int) -> tuple[float, float]:
    """Position along the belt of the first and the last place of row r; for Python. [m]"""
    d = float(np.exp(belt[LOG_SPACING]))
    first = np.ceil(belt[START] / d + belt[LOW + r] - belt[PHASE + r])
    past = np.ceil(belt[END] / d + belt[HIGH + r] - belt[PHASE + r])
    return d * float(belt[PHASE + r] + first), d * float(belt[PHASE + r] + past - 1.0)


@inner
def chance_found(data: Data, level: int, x: float, y: float) -> float:
    """Chance that an item at a place would have been found by now; zero outside the area."""
    col = int(np.floor((x - data.left_m) / data.cell_m))
    row = int(np.floor((data.top_m - y) / data.cell_m))
    if row < 0 or col < 0 or row >= data.p_found.shape[1] or col >= data.p_found.shape[2]:
        return 0.0
    return float(data.p_found[level, row, col])


@inner
def jitter_top(log_spacing: float, limits: Limits) -> float:
    """Logarithm of the greatest jitter that the prior gives a spacing."""
    return float(min(limits.log_jitter_high, log_spacing + np.log(limits.jitter_share)))


@inner
def log_shift(k: float) -> float:
    """Prior of a row's end shift, in places."""
    return float(np.log((1.0 - END_SHIFT) / (1.0 + END_SHIFT)) + abs(k) * np.log(END_SHIFT))


@inner
def log_prior_belt(belt: Floats, data: Data, limits: Limits) -> float:
    """Prior density of one belt, −inf outside its ranges."""
    num = int(belt[ROWS])
    length = belt[END] - belt[START]
    middle_u = 0.5 * (belt[START] + belt[END])
    middle_v = belt[V0] + 0.5 * (num - 1) * np.exp(belt[LOG_APART])
    top = jitter_top(belt[LOG_SPACING], limits)
    inside = (
        middle_u**2 + middle_v**2 < data.radius_m**2
        and limits.shortest_m < length < 2.0 * data.radius_m
        and limits.log_spacing_low < belt[LOG_SPACING] < limits.log_spacing_high
        and limits.log_apart_low < belt[LOG_APART] < limits.log_apart_high
        and limits.log_jitter_low < belt[LOG_JITTER] < top
        and 0.0 < belt[HELD] < 1.0
    )
    if not inside:
        return -np.inf
    total = -np.log(np.pi * data.radius_m**2) - np.log(np.pi)
    total -= np.log(2.0 * data.radius_m - limits.shortest_m)
    total -= np.log(limits.log_spacing_high - limits.log_spacing_low)
    total -= np.log(limits.log_apart_high - limits.log_apart_low)
    total -= np.log(top - limits.log_jitter_low)
    total += log_beta(belt[HELD], limits.held_a, limits.held_b) + limits.log_rows[num]
    for r in range(num):
        total += log_shift(belt[LOW + r]) + log_shift(belt[HIGH + r])
    return float(total)


@inner
def log_beta(p: float, a: float, b: float) -> float:
    """Log density of the beta distribution."""
    return float(lgamma(a + b) - lgamma(a) - lgamma(b) + (a - 1.0) * np.log(p) + (b - 1.0) * np.log1p(-p))


@inner
def log_normal(x: float, sd: float) -> float:
    """Log density of a centred normal."""
    return float(-0.5 * (x / sd) ** 2 - np.log(sd) - 0.9189385332046727)


@inner
def whole(num: int, rng: np.random.Generator) -> int:
    """A whole number below `num`, all equally likely."""
    return min(int(rng.random() * num), num - 1)


@inner
def between(low: float, high: float, rng: np.random.Generator) -> float:
    """A number between two, all equally likely."""
    return low + (high - low) * rng.random()
