"""Likelihood of belts, with the finds' membership of places summed out.

A place of a row holds an item with chance ω. An item is found with the chance p of its ground, and its find lies around
the place with variance τ² (jitter) plus the error of its position. Relative to a background of density λ at the find,
a place without a find weighs ``1 − ω p`` and a place that made find i weighs ``ω N(find i − place) / λ_i``: the chance
of being found cancels. The sum over all ways in which places share out finds, each find at most once, is a walk along
the row that carries the set of finds already taken among those still in reach.
"""

from __future__ import annotations

import numpy as np

from remnant.field.rows.layout import (
    END,
    GATE,
    HELD,
    HIGH,
    LOG_APART,
    LOG_JITTER,
    LOG_SPACING,
    LOW,
    MAX_BELTS,
    MAX_ROWS,
    PHASE,
    ROWS,
    START,
    THETA,
    V0,
    Data,
    chance_found,
    inner,
    place_range,
)
from remnant.units import Floats, Ints

MAX_OPEN = 6  # finds that may be in reach of one place at a time; more than that are a cloud, not a row
_NUM_SETS = 1 << MAX_OPEN


@inner
def reach(belt: Floats, variance: float) -> float:
    """How far along the row a find may lie from its place. [m]"""
    d = np.exp(belt[LOG_SPACING])
    sd = np.sqrt(np.exp(2.0 * belt[LOG_JITTER]) + variance)
    return float(max(0.5 * d, min(1.5 * d, GATE * sd)))


@inner
def own(data: Data, belts: Floats, num_belts: int, owner: Ints, u: Floats, v: Floats) -> None:
    """Give every find to the row that passes nearest, in standard deviations; −1 where none is in reach."""
    owner[:] = -1
    nearest = np.full(data.x.size, GATE**2)
    for b in range(num_belts):
        belt = belts[b]
        c, s = np.cos(belt[THETA]), np.sin(belt[THETA])
        d, apart, last = np.exp(belt[LOG_SPACING]), np.exp(belt[LOG_APART]), int(belt[ROWS]) - 1
        jitter2 = np.exp(2.0 * belt[LOG_JITTER])
        for i in range(data.x.size):
            along, across = c * data.x[i] + s * data.y[i], c * data.y[i] - s * data.x[i]
            r = min(max(int(np.rint((across - belt[V0]) / apart)), 0), last)
            off = across - belt[V0] - r * apart
            variance = jitter2 + data.variance[i]
            if off * off >= nearest[i] * variance:
                continue
            slack = max(0.5 * d, min(1.5 * d, GATE * np.sqrt(variance)))
            if along < belt[START] + d * belt[LOW + r] - slack:
                continue
            if along > belt[END] + d * belt[HIGH + r] + slack:
                continue
            nearest[i] = off * off / variance
            owner[i], u[i], v[i] = b * MAX_ROWS + r, along, off


@inner
def sorted_members(owner: Ints, row: int, u: Floats, members: Ints) -> int:
    """Write the finds of one row into `members`, sorted along it; returns how many."""
    num = 0
    for i in range(owner.size):
        if owner[i] == row:
            k = num
            while k > 0 and u[members[k - 1]] > u[i]:
                members[k] = members[k - 1]
                k -= 1
            members[k] = i
            num += 1
    return num


@inner
def _drop_oldest(sets: Floats, num_open: int) -> None:
    for m in range(1 << (num_open - 1)):
        sets[m] = sets[2 * m] + sets[2 * m + 1]


@inner
def slide(sets: Floats, window: Ints, members: Ints, num: int, u: Floats, low: float, high: float) -> None:
    """Let finds below `low` leave the window and finds up to `high` enter it."""
    while window[0] < window[1] and u[members[window[0]]] < low:
        _drop_oldest(sets, window[1] - window[0])
        window[0] += 1
    if window[0] == window[1]:
        while window[0] < num and u[members[window[0]]] < low:
            window[0] += 1
        window[1] = window[0]
    while window[1] < num and u[members[window[1]]] <= high:
        if window[1] - window[0] == MAX_OPEN:
            _drop_oldest(sets, MAX_OPEN)
            window[0] += 1
        size = 1 << (window[1] - window[0])
        for m in range(size, 2 * size):
            sets[m] = 0.0
        window[1] += 1


@inner
def weights(
    data: Data,
    belt: Floats,
    members: Ints,
    window: Ints,
    place: float,
    u: Floats,
    v: Floats,
    lam: Floats,
    out: Floats,
) -> None:
    """Weight of each open find as this place's, into `out`."""
    jitter2 = np.exp(2.0 * belt[LOG_JITTER])
    for k in range(window[0], window[1]):
        i = members[k]
        variance = jitter2 + data.variance[i]
        square = (u[i] - place) ** 2 + v[i] ** 2
        out[k - window[0]] = belt[HELD] * np.exp(-0.5 * square / variance) / (2.0 * np.pi * variance * lam[i])


@inner
def take(sets: Floats, num_open: int, stay: float, weight: Floats) -> None:
    """One place: it makes no find, or one of those not yet taken. In place, from large sets to small ones."""
    for m in range((1 << num_open) - 1, -1, -1):
        total = stay * sets[m]
        for k in range(num_open):
            if m >> k & 1:
                total += weight[k] * sets[m ^ (1 << k)]
        sets[m] = total


@inner
def row_log_ratio(
    data: Data, belt: Floats, r: int, level: int, members: Ints, num: int, u: Floats, v: Floats, lam: Floats
) -> float:
    """Log likelihood of one row relative to the background alone, memberships summed out."""
    sets, weight, window = np.zeros(_NUM_SETS), np.zeros(MAX_OPEN), np.zeros(2, np.int64)
    sets[0] = 1.0
    d, c, s = np.exp(belt[LOG_SPACING]), np.cos(belt[THETA]), np.sin(belt[THETA])
    across = belt[V0] + r * np.exp(belt[LOG_APART])
    slack = reach(belt, data.variance[members[0]] if num else 0.0)
    first, past = place_range(belt, r)
    log_total, product = 0.0, 1.0
    for j in range(first, past):
        place = d * (belt[PHASE + r] + j)
        stay = 1.0 - belt[HELD] * chance_found(data, level, c * place - s * across, s * place + c * across)
        slide(sets, window, members, num, u, place - slack, place + slack)
        num_open = window[1] - window[0]
        if num_open == 0:
            product *= stay
        else:
            weights(data, belt, members, window, place, u, v, lam, weight)
            take(sets, num_open, stay, weight)
            peak = sets[: 1 << num_open].max()
            if peak <= 0.0:
                return -np.inf
            sets[: 1 << num_open] /= peak
            log_total += np.log(peak)
        if product < 1e-200:
            log_total += np.log(product)
            product = 1.0
    return float(log_total + np.log(product) + np.log(sets[: 1 << (window[1] - window[0])].sum()))


@inner
def rows_log_ratio(data: Data, belts: Floats, num_belts: int, level: int, lam: Floats) -> float:
    """Log likelihood of all belts relative to the background of density `lam` (n,) at the finds."""
    n = data.x.size
    owner, members, u, v = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n), np.empty(n)
    own(data, belts, num_belts, owner, u, v)
    total = 0.0
    for b in range(num_belts):
        for r in range(int(belts[b, ROWS])):
            num = sorted_members(owner, b * MAX_ROWS + r, u, members)
            total += row_log_ratio(data, belts[b], r, level, members, num, u, v, lam)
    return total


@inner
def sample_places(
    data: Data,
    belts: Floats,
    num_belts: int,
    level: int,
    lam: Floats,
    label: Ints,
    number: Ints,
    rng: np.random.Generator,
) -> None:
    """Draw which place each find came from: `label` (n,) row or −1 for the background, `number` (n,) place."""
    n = data.x.size
    owner, members, u, v = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n), np.empty(n)
    own(data, belts, num_belts, owner, u, v)
    label[:] = -1
    for b in range(num_belts):
        for r in range(int(belts[b, ROWS])):
            row = b * MAX_ROWS + r
            num = sorted_members(owner, row, u, members)
            if num:
                _sample_row(data, belts[b], r, level, members, num, u, v, lam, row, label, number, rng)


@inner
def _sample_row(
    data: Data, belt: Floats, r: int, level: int, members: Ints, num: int, u: Floats, v: Floats, lam: Floats,
    row: int, label: Ints, number: Ints, rng: np.random.Generator,
) -> None:  # fmt: skip
    """Walk forward keeping all sets, then back, drawing who took what."""
    first, past = place_range(belt, r)
    size = max(past - first, 0)
    before, after = np.zeros((size, _NUM_SETS)), np.zeros((size, _NUM_SETS))
    windows, stays = np.zeros((size, 2), np.int64), np.zeros(size)
    sets, weight, window = np.zeros(_NUM_SETS), np.zeros((size, MAX_OPEN)), np.zeros(2, np.int64)
    sets[0] = 1.0
    d, c, s = np.exp(belt[LOG_SPACING]), np.cos(belt[THETA]), np.sin(belt[THETA])
    across = belt[V0] + r * np.exp(belt[LOG_APART])
    slack = reach(belt, data.variance[members[0]])
    for k in range(size):
        place = d * (belt[PHASE + r] + first + k)
        stays[k] = 1.0 - belt[HELD] * chance_found(
            data, level, c * place - s * across, s * place + c * across
        )
        slide(sets, window, members, num, u, place - slack, place + slack)
        windows[k] = window
        num_open = window[1] - window[0]
        sets[: 1 << num_open] /= sets[: 1 << num_open].max()
        before[k] = sets
        weights(data, belt, members, window, place, u, v, lam, weight[k])
        take(sets, num_open, stays[k], weight[k])
        after[k] = sets
    chosen = 0
    for k in range(size - 1, -1, -1):
        low, high = windows[k]
        chosen = _consistent(after[k], low, high, windows, k, chosen, rng)
        taken = _who(before[k], stays[k], weight[k], high - low, chosen, rng)
        if taken >= 0:
            chosen ^= 1 << taken
            label[members[low + taken]] = row
            number[members[low + taken]] = first + k


@inner
def _consistent(
    after: Floats, low: int, high: int, windows: Ints, k: int, later: int, rng: np.random.Generator
) -> int:
    """A set after place k that agrees with `later`, the set of the next place, on the finds that both see."""
    fixed, wanted = 0, 0
    if k + 1 < windows.shape[0]:
        next_low, next_high = windows[k + 1]
        for i in range(max(low, next_low), min(high, next_high)):
            fixed |= 1 << (i - low)
            if later >> (i - next_low) & 1:
                wanted |= 1 << (i - low)
    total = 0.0
    for m in range(1 << (high - low)):
        if m & fixed == wanted:
            total += after[m]
    rest = rng.random() * total
    chosen = wanted
    for m in range(1 << (high - low)):
        if m & fixed == wanted and after[m] > 0.0:
            chosen = m
            rest -= after[m]
            if rest < 0.0:
                break
    return chosen


@inner
def _who(
    before: Floats, stay: float, weight: Floats, num_open: int, chosen: int, rng: np.random.Generator
) -> int:
    """Which open find this place made, −1 for none."""
    total = stay * before[chosen]
    for k in range(num_open):
        if chosen >> k & 1:
            total += weight[k] * before[chosen ^ (1 << k)]
    rest = rng.random() * total - stay * before[chosen]
    if rest < 0.0:
        return -1
    for k in range(num_open):
        if chosen >> k & 1:
            rest -= weight[k] * before[chosen ^ (1 << k)]
            if rest < 0.0:
                return k
    return -1


@inner
def apparent_members(data: Data, belts: Floats, num_belts: int, out: Ints) -> None:
    """Mark finds that lie at a place of a row, whatever the background (1), and all others (0)."""
    n = data.x.size
    owner, u, v = np.empty(n, np.int64), np.empty(n), np.empty(n)
    own(data, belts, num_belts, owner, u, v)
    assert num_belts <= MAX_BELTS
    for i in range(n):
        out[i] = 0
        if owner[i] >= 0:
            belt = belts[owner[i] // MAX_ROWS]
            d = np.exp(belt[LOG_SPACING])
            turns = u[i] / d - belt[PHASE + owner[i] % MAX_ROWS]
            variance = np.exp(2.0 * belt[LOG_JITTER]) + data.variance[i]
            if (d * (turns - np.rint(turns))) ** 2 < 9.0 * variance:
                out[i] = 1
