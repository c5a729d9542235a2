"""One Markov chain over the number of belts, their rows and the background (reversible jump [1]_).

References
----------
.. [1] P. J. Green, "Reversible jump Markov chain Monte Carlo computation and Bayesian model determination",
   Biometrika 82 (1995) 711-732.
"""

from __future__ import annotations

import numba
import numpy as np

from remnant.field.rows.background import (
    block_counts,
    draw_density,
    log_collapsed,
    log_counts,
    pick,
    walk_hyper,
)
from remnant.field.rows.births import (
    log_extent,
    log_line,
    log_rest,
    propose_extent,
    propose_line,
    propose_rest,
)
from remnant.field.rows.layout import (
    HELD,
    LOG_APART,
    LOG_SPACING,
    MAX_BELTS,
    MAX_ROWS,
    PHASE,
    ROWS,
    THETA,
    V0,
    WIDTH,
    Data,
    Limits,
    chance_found,
    inner,
    log_prior_belt,
    place_range,
    whole,
)
from remnant.field.rows.likelihood import apparent_members, rows_log_ratio, sample_places
from remnant.field.rows.moves import NUM_LOCAL, add_row, local_move, remove_row, weave_rows
from remnant.units import Floats, Ints

_BIRTH, _DEATH, _JOIN, _PART, _HAND = 0.08, 0.16, 0.22, 0.28, 0.34
"""Cumulative shares of moves that make a single row, end one, let one join a belt, let one part from a belt, or hand a
row from belt to belt; the rest change one belt."""
_ROW, _WEAVE = (
    0.22,
    0.26,
)  # cumulative shares of adding or removing a row, and weaving, among changes of one belt
_FRESH_CHANGE = 0.15  # share of those with block densities drawn anew
SIZE, GROUND = 0, 1  # entries of `where`: block size and detection level


@inner
def lam_at(data: Data, size: int, density: Floats, lam: Floats) -> None:
    """Background density at the finds."""
    for i in range(data.x.size):
        lam[i] = density[data.block[size, i]]


@inner
def _log_prior(belts: Floats, num: int, data: Data, limits: Limits) -> float:
    total = float(limits.log_belts[num])
    for b in range(num):
        total += log_prior_belt(belts[b], data, limits)
    return total


@inner
def _background_part(
    data: Data, belts: Floats, num: int, where: Ints, hyper: Floats, density: Floats, fresh: bool,
    rng: np.random.Generator,
) -> float:  # fmt: skip
    """The part of a joint move that concerns the block densities; draws them anew where `fresh`."""
    is_row = np.zeros(data.x.size, np.int64)
    real, guessed = np.zeros(density.size), np.zeros(density.size)
    block_counts(data, where[SIZE], is_row, real)
    apparent_members(data, belts, num, is_row)
    block_counts(data, where[SIZE], is_row, guessed)
    if fresh:
        draw_density(data, where[SIZE], where[GROUND], guessed, hyper, density, rng)
    return log_collapsed(data, where[SIZE], where[GROUND], guessed, real, density, hyper)


@inner
def _change(data: Data, limits: Limits, belts: Floats, num: int, rng: np.random.Generator) -> float:
    """Change one belt in place; log ratio of the proposal."""
    choice = rng.random()
    belt = belts[whole(num, rng)]
    if choice < _ROW:
        return add_row(data, belt, limits, rng) if rng.random() < 0.5 else remove_row(data, belt, limits, rng)
    if choice < _WEAVE:
        return weave_rows(data, belt, rng)
    return local_move(whole(NUM_LOCAL, rng), data, belt, limits, rng)


@inner
def _regroup(
    data: Data, limits: Limits, belts: Floats, num: int, is_more: bool, rng: np.random.Generator
) -> float:
    """One row more, or one less, in a random belt, at a side or between its rows."""
    belt = belts[whole(num, rng)]
    if rng.random() < 0.3:
        return weave_rows(data, belt, rng)
    return add_row(data, belt, limits, rng) if is_more else remove_row(data, belt, limits, rng)


@inner
def _hand_over(data: Data, limits: Limits, belts: Floats, num: int, rng: np.random.Generator) -> float:
    """A row less in one belt, a row more in another."""
    if num < 2:
        return np.nan
    giver = whole(num, rng)
    taker = (giver + 1 + whole(num - 1, rng)) % num
    return remove_row(data, belts[giver], limits, rng) + add_row(data, belts[taker], limits, rng)


@inner
def _ended(belts: Floats, num: int, dead: Floats, rng: np.random.Generator) -> bool:
    """Take a random single row away into `dead`; False where the belt drawn has more rows."""
    if num == 0:
        return False
    at = whole(num, rng)
    dead[:] = belts[at]
    belts[at] = belts[num - 1]
    return bool(dead[ROWS] == 1.0)


@inner
def _born(
    data: Data, limits: Limits, belts: Floats, num: int, where: Ints, lam: Floats, rng: np.random.Generator
) -> float:
    """Put a new single row at a random position; log of reverse over forward density."""
    if num == MAX_BELTS:
        return np.nan
    belt = np.zeros(WIDTH)
    if not propose_line(data, limits, belt, rng):
        return np.nan
    propose_rest(limits, belt, rng)
    if not propose_extent(data, belt, where[GROUND], lam, rng):
        return np.nan
    at = whole(num + 1, rng)
    belts[num] = belts[at]
    belts[at] = belt
    return -_log_born(data, limits, belt, where, lam)


@inner
def _log_born(data: Data, limits: Limits, belt: Floats, where: Ints, lam: Floats) -> float:
    extent = log_extent(data, belt, where[GROUND], lam)
    if extent == -np.inf:
        return extent
    return extent + log_line(data, limits, belt) + log_rest(limits, belt)


@inner
def step(
    data: Data, limits: Limits, belts: Floats, num: int, where: Ints, hyper: Floats, density: Floats, lam: Floats,
    now: float, rng: np.random.Generator,
) -> tuple[int, float]:  # fmt: skip
    """One Metropolis step of the belts, in place; number of belts and log of (row likelihood times prior)."""
    trial, new_density, new_lam = belts.copy(), density.copy(), lam.copy()
    fresh = rng.random() < 0.5
    choice, new_num, ratio = rng.random(), num, 0.0
    dead = np.zeros(WIDTH)
    is_death = _BIRTH <= choice < _JOIN
    if choice < _BIRTH or _JOIN <= choice < _PART:
        if choice >= _BIRTH:
            if num == 0:
                return num, now
            ratio = _regroup(data, limits, trial, num, False, rng)
        ratio += _born(data, limits, trial, num, where, lam, rng)
        new_num = num + 1
    elif is_death:
        if not _ended(trial, num, dead, rng):
            return num, now
        new_num = num - 1
        if choice >= _DEATH:
            if new_num == 0:
                return num, now
            ratio = _regroup(data, limits, trial, new_num, True, rng)
    else:
        if num == 0:
            return num, now
        if choice < _HAND:
            ratio = _hand_over(data, limits, trial, num, rng)
        else:
            fresh = fresh and rng.random() < 2.0 * _FRESH_CHANGE
            ratio = _change(data, limits, trial, num, rng)
    if np.isnan(ratio):
        return num, now
    prior = _log_prior(trial, new_num, data, limits)
    if prior == -np.inf:
        return num, now
    if fresh:
        ratio -= _background_part(data, belts, num, where, hyper, density, False, rng)
        ratio += _background_part(data, trial, new_num, where, hyper, new_density, True, rng)
        lam_at(data, where[SIZE], new_density, new_lam)
    if is_death:
        ratio += _log_born(data, limits, dead, where, new_lam)
        if ratio == -np.inf:
            return num, now
    then = prior + rows_log_ratio(data, trial, new_num, where[GROUND], new_lam)
    if np.log(rng.random()) < then - now + ratio:
        belts[:] = trial
        density[:] = new_density
        lam[:] = new_lam
        return new_num, then
    return num, now


@inner
def _untaken(data: Data, belts: Floats, num: int, label: Ints, number: Ints, out: Floats) -> None:
    """For each detection level, the log chance that the places without a find show none."""
    out[:] = 0.0
    for b in range(num):
        belt = belts[b]
        d, c, s = np.exp(belt[LOG_SPACING]), np.cos(belt[THETA]), np.sin(belt[THETA])
        for r in range(int(belt[ROWS])):
            across = belt[V0] + r * np.exp(belt[LOG_APART])
            first, past = place_range(belt, r)
            taken = np.zeros(max(past - first, 0), np.bool_)
            for i in range(label.size):
                if label[i] == b * MAX_ROWS + r:
                    taken[number[i] - first] = True
            for j in range(first, past):
                u = d * (belt[PHASE + r] + j)
                if not taken[j - first]:
                    for level in range(out.size):
                        p = chance_found(data, level, c * u - s * across, s * u + c * across)
                        out[level] += np.log1p(-belt[HELD] * p)


@inner
def refresh(
    data: Data, limits: Limits, belts: Floats, num: int, where: Ints, hyper: Floats, density: Floats, lam: Floats,
    label: Ints, number: Ints, rng: np.random.Generator,
) -> None:  # fmt: skip
    """Draw the memberships, then all that is conjugate given them: detection level, block size, clumps."""
    sample_places(data, belts, num, where[GROUND], lam, label, number, rng)
    is_row = (label >= 0).astype(np.int64)
    counts = np.zeros(density.size)
    block_counts(data, where[SIZE], is_row, counts)
    levels = np.zeros(data.log_p.shape[0])
    if levels.size > 1:
        _untaken(data, belts, num, label, number, levels)
        for k in range(levels.size):
            levels[k] += log_counts(data, where[SIZE], k, counts, hyper)
            for i in range(data.x.size):
                if data.is_searched[i]:
                    levels[k] += data.log_p[k, i]
        where[GROUND] = pick(levels, rng)
    sizes = np.zeros(data.num_blocks.size)
    for k in range(sizes.size):
        block_counts(data, k, is_row, counts)
        sizes[k] = log_counts(data, k, where[GROUND], counts, hyper)
    where[SIZE] = pick(sizes, rng)
    block_counts(data, where[SIZE], is_row, counts)
    walk_hyper(data, where[SIZE], where[GROUND], counts, hyper, limits, rng)
    draw_density(data, where[SIZE], where[GROUND], counts, hyper, density, rng)
    lam_at(data, where[SIZE], density, lam)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def run_chain(
    data: Data, limits: Limits, start: Floats, num: int, num_burn: int, num_keep: int, num_steps: int,
    out_belts: Floats, out_num: Ints, out_label: Ints, out_number: Ints, out_hyper: Floats, out_where: Ints,
    out_score: Floats, rng: np.random.Generator,
) -> None:  # fmt: skip
    """Run a chain from the belts of `start`; fill the outputs, one entry per kept draw.

    The score is the log of prior times likelihood with memberships and block densities summed out.
    """
    belts = np.zeros((MAX_BELTS + 1, WIDTH))
    belts[:MAX_BELTS] = start
    where, hyper = np.zeros(2, np.int64), np.array([limits.log_level, limits.log_clump])
    where[GROUND] = whole(data.log_p.shape[0], rng)
    where[SIZE] = whole(data.num_blocks.size, rng)
    density, lam = np.ones(data.exposure.shape[2]), np.ones(data.x.size)
    label, number = np.full(data.x.size, -1), np.zeros(data.x.size, np.int64)
    _background_part(data, belts, num, where, hyper, density, True, rng)
    lam_at(data, where[SIZE], density, lam)
    for sweep in range(num_burn + num_keep):
        refresh(data, limits, belts, num, where, hyper, density, lam, label, number, rng)
        now = _log_prior(belts, num, data, limits)
        now += rows_log_ratio(data, belts, num, where[GROUND], lam)
        k = sweep - num_burn
        if k >= 0:
            out_belts[k], out_num[k] = belts[:MAX_BELTS], num
            out_label[k], out_number[k], out_hyper[k], out_where[k] = label, number, hyper, where
            out_score[k] = now + _background_part(data, belts, num, where, hyper, density, False, rng)
        for _ in range(num_steps):
            num, now = step(data, limits, belts, num, where, hyper, density, lam, now, rng)
