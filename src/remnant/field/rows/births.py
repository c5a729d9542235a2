"""Proposals of new rows from the finds themselves, each with the density that it is proposed with."""

from __future__ import annotations

import numpy as np

from remnant.field.rows.layout import (
    END,
    END_SHIFT,
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
    chance_found,
    frame,
    inner,
    jitter_top,
    log_beta,
    log_normal,
    log_shift,
    place_range,
    whole,
)
from remnant.units import Floats

NUDGE_M = 0.35  # by which a proposed place differs from the find that it was proposed from
_MOST_STEPS = 10  # spacings between two finds that a line is laid through
_FROM_FINDS = 0.75  # share of proposals that look at the finds; the rest come from the prior
_OPEN_ROWS = 4  # least places of a proposed row
_MOST_PLACES = 2000


@inner
def _steps(length: float, limits: Limits) -> tuple[int, int]:
    """Least and most spacings that a distance between two finds may stand for."""
    low = max(int(np.ceil(length * np.exp(-limits.log_spacing_high))), 1)
    return low, min(int(np.floor(length * np.exp(-limits.log_spacing_low))), _MOST_STEPS)


@inner
def shift_draw(rng: np.random.Generator) -> float:
    """An end shift from its prior: the difference of two geometric numbers is two-sided geometric."""
    total = 0.0
    while rng.random() < END_SHIFT:
        total += 1.0
    while rng.random() < END_SHIFT:
        total -= 1.0
    return total


@inner
def propose_line(data: Data, limits: Limits, belt: Floats, rng: np.random.Generator) -> bool:
    """Fill direction, place, spacing and phase of a single row; False where the draw failed."""
    n = data.x.size
    if n < 2 or rng.random() >= _FROM_FINDS:
        belt[THETA] = np.pi * rng.random()
        belt[V0] = data.radius_m * (2.0 * rng.random() - 1.0)
        belt[LOG_SPACING] = between(limits.log_spacing_low, limits.log_spacing_high, rng)
        belt[PHASE] = rng.random()
        return True
    i = whole(n, rng)
    if data.neighbours[i] == 0:
        return False
    k, j = whole(int(data.neighbours[i]), rng), -1
    while k >= 0:
        j += 1
        if j != i and np.hypot(data.x[j] - data.x[i], data.y[j] - data.y[i]) < data.reach_m:
            k -= 1
    low, high = _steps(np.hypot(data.x[j] - data.x[i], data.y[j] - data.y[i]), limits)
    if high < low:
        return False
    steps = low + whole(high - low + 1, rng)
    xa, ya = data.x[i] + NUDGE_M * rng.standard_normal(), data.y[i] + NUDGE_M * rng.standard_normal()
    xb, yb = data.x[j] + NUDGE_M * rng.standard_normal(), data.y[j] + NUDGE_M * rng.standard_normal()
    belt[THETA] = np.arctan2(yb - ya, xb - xa) % np.pi
    belt[LOG_SPACING] = np.log(np.hypot(xb - xa, yb - ya) / steps)
    if not limits.log_spacing_low < belt[LOG_SPACING] < limits.log_spacing_high:
        return False
    along, belt[V0] = frame(belt, xa, ya)
    belt[PHASE] = (along * np.exp(-belt[LOG_SPACING])) % 1.0
    here = int(np.rint(along * np.exp(-belt[LOG_SPACING]) - belt[PHASE]))  # the place laid at the first find
    ahead, _ = frame(belt, xb, yb)
    there = here + steps if ahead > along else here - steps
    return _place_of(data, belt, i) == here and _place_of(data, belt, j) == there


@inner
def _place_of(data: Data, belt: Floats, i: int) -> int:
    along, _ = frame(belt, data.x[i], data.y[i])
    return int(np.rint(along * np.exp(-belt[LOG_SPACING]) - belt[PHASE]))


@inner
def log_line(data: Data, limits: Limits, belt: Floats) -> float:
    """Log density with which `propose_line` draws a line, per radian, metre, log metre and phase."""
    n = data.x.size
    prior = -np.log(np.pi * 2.0 * data.radius_m * (limits.log_spacing_high - limits.log_spacing_low))
    if abs(belt[V0]) >= data.radius_m:
        prior = -np.inf
    if n < 2:
        return float(prior)
    d = np.exp(belt[LOG_SPACING])
    near, place, chance = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n)
    c, s, num = np.cos(belt[THETA]), np.sin(belt[THETA]), 0
    for i in range(n):
        along, across = c * data.x[i] + s * data.y[i], c * data.y[i] - s * data.x[i]
        if abs(across - belt[V0]) < 6.0 * NUDGE_M:
            turns = along / d - belt[PHASE]
            near[num], place[num] = i, int(np.rint(turns))
            off = d * (turns - place[num])
            chance[num] = np.exp(-0.5 * ((across - belt[V0]) ** 2 + off**2) / NUDGE_M**2)
            num += 1
    total = 0.0
    for a in range(num):
        for b in range(a):
            i, j = near[a], near[b]
            steps = abs(place[a] - place[b])
            if steps == 0 or steps > _MOST_STEPS:
                continue
            length = np.hypot(data.x[i] - data.x[j], data.y[i] - data.y[j])
            low, high = _steps(length, limits)
            if length < data.reach_m and low <= steps <= high:
                either = 1.0 / data.neighbours[i] + 1.0 / data.neighbours[j]
                total += either / (high - low + 1) * chance[a] * chance[b] * (steps * d) * (steps * d) * d
    total *= _FROM_FINDS / (n * (2.0 * np.pi * NUDGE_M**2) ** 2)
    return float(np.log(total + (1.0 - _FROM_FINDS) * np.exp(prior)))


@inner
def _gains(data: Data, belt: Floats, level: int, lam: Floats, gains: Floats) -> tuple[int, int]:
    """Running sums of the log gain of each place on a line across the area; first place, and how many."""
    d, c, s = np.exp(belt[LOG_SPACING]), np.cos(belt[THETA]), np.sin(belt[THETA])
    half = np.sqrt(max(data.radius_m**2 - belt[V0] ** 2, 0.0))
    first = int(np.ceil(-half / d - belt[PHASE]))
    num = min(int(np.floor(half / d - belt[PHASE])) - first + 1, _MOST_PLACES)
    if num < _OPEN_ROWS:
        return first, 0
    found = np.zeros(num)
    jitter2 = np.exp(2.0 * belt[LOG_JITTER])
    for i in range(data.x.size):
        along, across = frame(belt, data.x[i], data.y[i])
        variance = jitter2 + data.variance[i]
        off = across - belt[V0]
        turns = along / d - belt[PHASE]
        k = int(np.rint(turns)) - first
        if 0 <= k < num and off * off < 16.0 * variance:
            square = off * off + (d * (turns - np.rint(turns))) ** 2
            found[k] += np.exp(-0.5 * square / variance) / (2.0 * np.pi * variance * lam[i])
    gains[0] = 0.0
    for k in range(num):
        place = d * (belt[PHASE] + first + k)
        stay = 1.0 - belt[HELD] * chance_found(
            data, level, c * place - s * belt[V0], s * place + c * belt[V0]
        )
        gains[k + 1] = gains[k] + np.log(stay + belt[HELD] * found[k])
    return first, num


@inner
def _tails(gains: Floats, num: int, tails: Floats) -> float:
    """Log sums over the last place of a row that begins at each place; returns the log sum of all."""
    total, tail = -np.inf, -np.inf
    for k in range(num - _OPEN_ROWS, -1, -1):
        tail = np.logaddexp(tail, gains[k + _OPEN_ROWS])
        tails[k] = tail
        total = np.logaddexp(total, tail - gains[k])
    return total


@inner
def propose_extent(data: Data, belt: Floats, level: int, lam: Floats, rng: np.random.Generator) -> bool:
    """Fill where a single row begins and ends, by what its places gain; False where no row fits."""
    gains, tails = np.empty(_MOST_PLACES + 1), np.empty(_MOST_PLACES)
    first, num = _gains(data, belt, level, lam, gains)
    if num == 0:
        return False
    total = _tails(gains, num, tails)
    rest, start = rng.random(), num - _OPEN_ROWS
    for k in range(num - _OPEN_ROWS + 1):
        rest -= np.exp(tails[k] - gains[k] - total)
        if rest < 0.0:
            start = k
            break
    rest, last = rng.random(), num - 1
    for k in range(start + _OPEN_ROWS - 1, num):
        rest -= np.exp(gains[k + 1] - tails[start])
        if rest < 0.0:
            last = k
            break
    d = np.exp(belt[LOG_SPACING])
    belt[LOW], belt[HIGH] = shift_draw(rng), shift_draw(rng)
    belt[START] = d * (belt[PHASE] + first + start - rng.random() - belt[LOW])
    belt[END] = d * (belt[PHASE] + first + last + 1.0 - rng.random() - belt[HIGH])
    return True


@inner
def log_extent(data: Data, belt: Floats, level: int, lam: Floats) -> float:
    """Log density with which `propose_extent` draws a row's ends, per metre each."""
    gains, tails = np.empty(_MOST_PLACES + 1), np.empty(_MOST_PLACES)
    first, num = _gains(data, belt, level, lam, gains)
    low, past = place_range(belt, 0)
    start, last = low - first, past - 1 - first
    if num == 0 or start < 0 or last >= num or last - start + 1 < _OPEN_ROWS:
        return -np.inf
    total = _tails(gains, num, tails)
    shifts = log_shift(belt[LOW]) + log_shift(belt[HIGH])
    return float(gains[last + 1] - gains[start] - total - 2.0 * belt[LOG_SPACING] + shifts)


@inner
def propose_rest(limits: Limits, belt: Floats, rng: np.random.Generator) -> None:
    """Chance of holding an item, jitter and row distance of a single row, from the prior."""
    yes, no = rng.standard_gamma(limits.held_a), rng.standard_gamma(limits.held_b)
    belt[HELD] = yes / (yes + no)
    belt[LOG_JITTER] = between(limits.log_jitter_low, jitter_top(belt[LOG_SPACING], limits), rng)
    belt[LOG_APART] = between(limits.log_apart_low, limits.log_apart_high, rng)
    belt[ROWS] = 1.0


@inner
def log_rest(limits: Limits, belt: Floats) -> float:
    """Log density with which `propose_rest` draws."""
    span = jitter_top(belt[LOG_SPACING], limits) - limits.log_jitter_low
    apart = limits.log_apart_high - limits.log_apart_low
    return float(log_beta(belt[HELD], limits.held_a, limits.held_b) - np.log(span) - np.log(apart))


_UNIFORM_PHASE = 0.3


@inner
def _near_row(data: Data, belt: Floats, r: int, turns: Floats) -> int:
    """Positions, in spacings, of the finds beside row r; how many."""
    across0, num = belt[V0] + r * np.exp(belt[LOG_APART]), 0
    for i in range(data.x.size):
        along, across = frame(belt, data.x[i], data.y[i])
        close = 3.0 * np.sqrt(np.exp(2.0 * belt[LOG_JITTER]) + data.variance[i])
        if abs(across - across0) < close and belt[START] < along < belt[END]:
            turns[num] = along * np.exp(-belt[LOG_SPACING])
            num += 1
    return num


@inner
def propose_phase(data: Data, belt: Floats, r: int, rng: np.random.Generator) -> float:
    """A phase for row r: through one of the finds beside it, or any."""
    turns = np.empty(data.x.size)
    num = _near_row(data, belt, r, turns)
    if num == 0 or rng.random() < _UNIFORM_PHASE:
        return rng.random()
    sd = NUDGE_M * np.exp(-belt[LOG_SPACING])
    return float((turns[whole(num, rng)] + sd * rng.standard_normal()) % 1.0)


@inner
def log_phase(data: Data, belt: Floats, r: int, phase: float) -> float:
    """Log density with which `propose_phase` draws."""
    turns = np.empty(data.x.size)
    num = _near_row(data, belt, r, turns)
    if num == 0:
        return 0.0
    sd = NUDGE_M * np.exp(-belt[LOG_SPACING])
    total = 0.0
    for k in range(num):
        off = phase - turns[k] - np.rint(phase - turns[k])
        for turn in range(-3, 4):
            total += np.exp(log_normal(off + turn, sd))
    return float(np.log(_UNIFORM_PHASE + (1.0 - _UNIFORM_PHASE) * total / num))


_CENTRED_UNIFORM = 0.05


@inner
def _middle_phase(data: Data, belt: Floats, r: int) -> tuple[float, float]:
    """Phase that fits the finds beside row r best, and how well it is known; both in spacings."""
    turns = np.empty(data.x.size)
    num, east, north = _near_row(data, belt, r, turns), 0.0, 0.0
    for k in range(num):
        east += np.cos(2.0 * np.pi * turns[k])
        north += np.sin(2.0 * np.pi * turns[k])
    sd = (
        1.3
        * np.sqrt((np.exp(2.0 * belt[LOG_JITTER]) + NUDGE_M**2) / max(num, 1))
        * np.exp(-belt[LOG_SPACING])
    )
    return (np.arctan2(north, east) / (2.0 * np.pi)) % 1.0, min(sd, 0.4)


@inner
def propose_middle(data: Data, belt: Floats, r: int, rng: np.random.Generator) -> float:
    """A phase for row r near the one that fits the finds beside it best, or any."""
    middle, sd = _middle_phase(data, belt, r)
    if rng.random() < _CENTRED_UNIFORM:
        return rng.random()
    return (middle + sd * rng.standard_normal()) % 1.0


@inner
def log_middle(data: Data, belt: Floats, r: int, phase: float) -> float:
    """Log density with which `propose_middle` draws."""
    middle, sd = _middle_phase(data, belt, r)
    off, total = phase - middle - np.rint(phase - middle), 0.0
    for turn in range(-3, 4):
        total += np.exp(log_normal(off + turn, sd))
    return float(np.log(_CENTRED_UNIFORM + (1.0 - _CENTRED_UNIFORM) * total))


@inner
def propose_apart(data: Data, limits: Limits, belt: Floats, side: float, rng: np.random.Generator) -> float:
    """Log distance of a second row: through one of the finds on its side, or from the prior. NaN: failed."""
    if data.x.size == 0 or rng.random() < 0.5:
        return between(limits.log_apart_low, limits.log_apart_high, rng)
    i = whole(data.x.size, rng)
    _, across = frame(belt, data.x[i], data.y[i])
    away = side * (across - belt[V0]) + NUDGE_M * rng.standard_normal()
    return np.log(away) if away > 0.0 else np.nan


@inner
def log_apart(data: Data, limits: Limits, belt: Floats, side: float, proposed: float) -> float:
    """Log density with which `propose_apart` draws, per log metre."""
    inside = limits.log_apart_low < proposed < limits.log_apart_high
    total = 1.0 / (limits.log_apart_high - limits.log_apart_low) if inside else 0.0
    if data.x.size == 0:
        return float(np.log(total))
    away, near = np.exp(proposed), 0.0
    for i in range(data.x.size):
        _, across = frame(belt, data.x[i], data.y[i])
        near += np.exp(log_normal(away - side * (across - belt[V0]), NUDGE_M))
    return float(np.log(0.5 * total + 0.5 * near * away / data.x.size))


@inner
def shift_rows(belt: Floats, by: int) -> None:
    """Renumber the rows of a belt, upwards (by = 1) or downwards (by = −1)."""
    for part in (PHASE, LOW, HIGH):
        if by > 0:
            for r in range(MAX_ROWS - 1, 0, -1):
                belt[part + r] = belt[part + r - 1]
        else:
            for r in range(MAX_ROWS - 1):
                belt[part + r] = belt[part + r + 1]
