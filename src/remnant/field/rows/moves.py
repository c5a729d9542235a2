"""Metropolis moves of belts: each writes a trial into place and returns what the acceptance ratio needs beside it.

All lengths of steps are drawn from a wide range, so that nothing has to be tuned; spacing and row distance move on the
log scale. A move that changes the spacing keeps the places next to a pivot where they are, which stretches the phases:
the Jacobian is the ratio of the spacings, once per row.
"""

from __future__ import annotations

import numpy as np

from remnant.field.rows.births import (
    log_apart,
    log_middle,
    log_phase,
    propose_apart,
    propose_middle,
    propose_phase,
    shift_draw,
    shift_rows,
)
from remnant.field.rows.layout import (
    END,
    HELD,
    HIGH,
    LOG_APART,
    LOG_JITTER,
    LOG_SPACING,
    LOW,
    MAX_ROWS,
    PHASE,
    ROWS,
    START,
    THETA,
    V0,
    Data,
    Limits,
    between,
    inner,
    log_beta,
    log_shift,
    whole,
)
from remnant.units import Floats

NUM_LOCAL = 13


@inner
def local_move(kind: int, data: Data, belt: Floats, limits: Limits, rng: np.random.Generator) -> float:
    """Change a belt in place, its number of rows apart; log of proposal ratio and Jacobian, NaN if impossible."""
    size = np.exp(between(-3.5, 0.7, rng))
    r = whole(int(belt[ROWS]), rng)
    if kind == 0:
        _turn(belt, size, rng)
        return 0.0
    if kind == 1:
        return _stretch(belt, size, rng)
    if kind == 2:
        return _fold(belt, rng)
    if kind == 3:  # across
        belt[V0] += size * rng.standard_normal()
        return 0.0
    if kind == 4:  # all rows along
        by = size * rng.standard_normal() * np.exp(-belt[LOG_SPACING])
        for k in range(int(belt[ROWS])):
            belt[PHASE + k] = (belt[PHASE + k] + by) % 1.0
        return 0.0
    if kind == 5:  # one row along
        belt[PHASE + r] = (belt[PHASE + r] + size * rng.standard_normal() * np.exp(-belt[LOG_SPACING])) % 1.0
        return 0.0
    if kind == 6:
        old = belt[PHASE + r]
        belt[PHASE + r] = propose_phase(data, belt, r, rng)
        return log_phase(data, belt, r, old) - log_phase(data, belt, r, belt[PHASE + r])
    if kind == 7:
        _apart(belt, r, size, rng)
        return 0.0
    if kind == 8:
        _ends(belt, size, rng)
        return 0.0
    if kind == 9:
        part = LOW if rng.random() < 0.5 else HIGH
        belt[part + r] += 1.0 if rng.random() < 0.5 else -1.0
        return 0.0
    if kind == 10:
        logit = np.log(belt[HELD] / (1.0 - belt[HELD])) + size * rng.standard_normal()
        held = 1.0 / (1.0 + np.exp(-logit))
        ratio = np.log(held * (1.0 - held)) - np.log(belt[HELD] * (1.0 - belt[HELD]))
        belt[HELD] = held
        return float(ratio)
    if kind == 11:
        return _respace(data, belt, limits, size, rng)
    belt[LOG_JITTER] += size * rng.standard_normal()
    return 0.0


@inner
def _turn(belt: Floats, size: float, rng: np.random.Generator) -> None:
    """Turn about a point of the belt, all its places with it."""
    share = rng.random()
    u = belt[START] + share * (belt[END] - belt[START])
    v = belt[V0] + 0.5 * (belt[ROWS] - 1.0) * np.exp(belt[LOG_APART])
    c, s = np.cos(belt[THETA]), np.sin(belt[THETA])
    x, y = c * u - s * v, s * u + c * v
    angle = belt[THETA] + 2.0 * size * rng.standard_normal() / (belt[END] - belt[START])
    c, s = np.cos(angle), np.sin(angle)
    new_u, new_v = c * x + s * y, c * y - s * x
    _slip(belt, new_u - u)
    belt[V0] += new_v - v
    belt[THETA] = angle
    if not 0.0 <= angle < np.pi:
        _reverse(belt)


@inner
def _slip(belt: Floats, by_m: float) -> None:
    belt[START] += by_m
    belt[END] += by_m
    for k in range(int(belt[ROWS])):
        belt[PHASE + k] = (belt[PHASE + k] + by_m * np.exp(-belt[LOG_SPACING])) % 1.0


@inner
def _reverse(belt: Floats) -> None:
    """The same belt seen from its other end, so that the direction lies in [0, π)."""
    num = int(belt[ROWS])
    belt[THETA] = belt[THETA] % np.pi
    belt[START], belt[END] = -belt[END], -belt[START]
    belt[V0] = -(belt[V0] + (num - 1) * np.exp(belt[LOG_APART]))
    phase, low, high = np.empty(num), np.empty(num), np.empty(num)
    for k in range(num):
        other = num - 1 - k
        phase[k] = (-belt[PHASE + other]) % 1.0
        low[k], high[k] = -belt[HIGH + other], -belt[LOW + other]
    belt[PHASE : PHASE + num], belt[LOW : LOW + num], belt[HIGH : HIGH + num] = phase, low, high


@inner
def _stretch(belt: Floats, size: float, rng: np.random.Generator) -> float:
    """Another spacing about a pivot: a small step, or one that shifts a place to its neighbour's at some distance."""
    pivot = between(belt[START], belt[END], rng)
    old = np.exp(belt[LOG_SPACING])
    if rng.random() < 0.7:
        step = 0.7 * size * rng.standard_normal() / (belt[END] - belt[START])
    else:
        k = whole(40, rng) + 1.0
        step = np.log((k + 1.0) / k) * (1.0 if rng.random() < 0.5 else -1.0)
    new = old * np.exp(step)
    for r in range(int(belt[ROWS])):
        j = np.rint(pivot / old - belt[PHASE + r])
        place = old * (belt[PHASE + r] + j)
        if abs(place - pivot) >= 0.5 * new:
            return np.nan
        belt[PHASE + r] = (place / new) % 1.0
    belt[LOG_SPACING] += step
    return float(-step * belt[ROWS])


@inner
def _fold(belt: Floats, rng: np.random.Generator) -> float:
    """Half the spacing with half as many items each, or the reverse; end shifts stay."""
    num = int(belt[ROWS])
    if rng.random() < 0.5:
        belt[LOG_SPACING] -= np.log(2.0)
        for r in range(num):
            belt[PHASE + r] = (2.0 * belt[PHASE + r]) % 1.0
        belt[HELD] *= 0.5
        return float(-np.log(2.0))
    belt[LOG_SPACING] += np.log(2.0)
    for r in range(num):
        belt[PHASE + r] = 0.5 * (belt[PHASE + r] + (1.0 if rng.random() < 0.5 else 0.0))
    belt[HELD] *= 2.0
    return float(np.log(2.0))


@inner
def _respace(data: Data, belt: Floats, limits: Limits, size: float, rng: np.random.Generator) -> float:
    """A spacing that is a simple multiple of the old one, all phases fitted anew, and perhaps another filling."""
    num, ratio = int(belt[ROWS]), 0.0
    for r in range(num):
        ratio += log_middle(data, belt, r, belt[PHASE + r])
    a, b = 1.0 + whole(4, rng), 1.0 + whole(4, rng)
    belt[LOG_SPACING] += np.log(a / b) + 0.7 * size * rng.standard_normal() / (belt[END] - belt[START])
    if rng.random() < 0.5:
        old = log_beta(belt[HELD], limits.held_a, limits.held_b)
        yes, no = rng.standard_gamma(limits.held_a), rng.standard_gamma(limits.held_b)
        belt[HELD] = yes / (yes + no)
        ratio += old - log_beta(belt[HELD], limits.held_a, limits.held_b)
    for r in range(num):
        belt[PHASE + r] = propose_middle(data, belt, r, rng)
        ratio -= log_middle(data, belt, r, belt[PHASE + r])
    return ratio


@inner
def _apart(belt: Floats, r: int, size: float, rng: np.random.Generator) -> None:
    """Another row distance, row r staying where it is."""
    old = np.exp(belt[LOG_APART])
    belt[LOG_APART] += 0.5 * size * rng.standard_normal()
    belt[V0] += r * (old - np.exp(belt[LOG_APART]))


@inner
def _ends(belt: Floats, size: float, rng: np.random.Generator) -> None:
    """Another start or end of the belt, in metres or in places."""
    by = 3.0 * size * rng.standard_normal()
    if rng.random() < 0.5:
        by = np.exp(belt[LOG_SPACING]) * (whole(9, rng) - 4)
    if rng.random() < 0.5:
        belt[START] += by
    else:
        belt[END] += by


@inner
def add_row(data: Data, belt: Floats, limits: Limits, rng: np.random.Generator) -> float:
    """Another row at one side; log of reverse over forward proposal density, NaN if impossible."""
    num = int(belt[ROWS])
    if num == MAX_ROWS:
        return np.nan
    at_start = rng.random() < 0.5
    ratio = 0.0
    if num == 1:
        side = -1.0 if at_start else 1.0
        apart = propose_apart(data, limits, belt, side, rng)
        if not limits.log_apart_low < apart < limits.log_apart_high:
            return np.nan
        ratio -= log_apart(data, limits, belt, side, apart)
        ratio -= np.log(limits.log_apart_high - limits.log_apart_low)  # the reverse draws it from the prior
        belt[LOG_APART] = apart
    belt[ROWS] = num + 1.0
    if at_start:
        shift_rows(belt, 1)
        belt[V0] -= np.exp(belt[LOG_APART])
    r = 0 if at_start else num
    belt[LOW + r], belt[HIGH + r] = shift_draw(rng), shift_draw(rng)
    belt[PHASE + r] = propose_phase(data, belt, r, rng)
    return (
        ratio
        - log_phase(data, belt, r, belt[PHASE + r])
        - log_shift(belt[LOW + r])
        - log_shift(belt[HIGH + r])
    )


@inner
def remove_row(data: Data, belt: Floats, limits: Limits, rng: np.random.Generator) -> float:
    """One row less at one side: the reverse of `add_row`."""
    num = int(belt[ROWS])
    if num == 1:
        return np.nan
    at_start = rng.random() < 0.5
    r = 0 if at_start else num - 1
    ratio = log_phase(data, belt, r, belt[PHASE + r]) + log_shift(belt[LOW + r]) + log_shift(belt[HIGH + r])
    if at_start:
        shift_rows(belt, -1)
        belt[V0] += np.exp(belt[LOG_APART])
    belt[ROWS] = num - 1.0
    if num == 2:
        side = -1.0 if at_start else 1.0
        ratio += log_apart(data, limits, belt, side, belt[LOG_APART])
        ratio += np.log(limits.log_apart_high - limits.log_apart_low)
        belt[LOG_APART] = between(limits.log_apart_low, limits.log_apart_high, rng)
    return ratio


@inner
def weave_rows(data: Data, belt: Floats, rng: np.random.Generator) -> float:
    """A row between each two, or every second row away; log of reverse over forward density, NaN if impossible."""
    num = int(belt[ROWS])
    ratio = 0.0
    if rng.random() < 0.5:
        if num < 2 or 2 * num - 1 > MAX_ROWS:
            return np.nan
        for r in range(num - 1, 0, -1):
            for part in (PHASE, LOW, HIGH):
                belt[part + 2 * r] = belt[part + r]
        belt[ROWS] = 2.0 * num - 1.0
        belt[LOG_APART] -= np.log(2.0)
        for r in range(1, 2 * num - 1, 2):
            belt[LOW + r], belt[HIGH + r] = shift_draw(rng), shift_draw(rng)
            belt[PHASE + r] = propose_phase(data, belt, r, rng)
            ratio -= (
                log_phase(data, belt, r, belt[PHASE + r])
                + log_shift(belt[LOW + r])
                + log_shift(belt[HIGH + r])
            )
        return ratio
    if num < 3 or num % 2 == 0:
        return np.nan
    for r in range(1, num, 2):
        ratio += (
            log_phase(data, belt, r, belt[PHASE + r]) + log_shift(belt[LOW + r]) + log_shift(belt[HIGH + r])
        )
    for r in range(1, num // 2 + 1):
        for part in (PHASE, LOW, HIGH):
            belt[part + r] = belt[part + 2 * r]
    belt[ROWS] = num // 2 + 1.0
    belt[LOG_APART] += np.log(2.0)
    return ratio
