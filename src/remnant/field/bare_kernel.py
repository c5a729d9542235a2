"""The inner loops of ground without records: one walk over its cells, all draws side by side."""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from remnant.field.mixture import LONGEST_COUNT, mixture_interval
from remnant.units import Floats, Ints

_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = (
    6.93147180369123816490e-01,
    1.90821492927058770002e-10,
)  # their sum is ln 2 to 33 more bits
_ROUNDER = (
    6755399441055744.0  # 1.5 · 2^52: adding it rounds to a whole number, which then stands in the low bits
)
_LEAST_ANY = 0.05  # chance of any item up to which both ends of the 90 % interval are zero


@numba.njit(cache=True, nogil=True)
def exp_into(u: Floats, out: Floats, bits: Floats) -> None:
    """Exponential of each number within ±700, to a relative error of about 2e-16.

    Written out so that compilers turn it into vector instructions, with the same bits whatever the length. `bits` is
    room for as many numbers.
    """
    for j in range(len(u)):
        v = min(max(u[j], -700.0), 700.0)
        t = v * _LOG2_E + _ROUNDER
        n = t - _ROUNDER
        r = (v - n * _LN2_HIGH) - n * _LN2_LOW
        # Taylor's series to r^13 on |r| <= ln(2)/2
        p = 1.0 / 6227020800.0
        p = p * r + 1.0 / 479001600.0
        p = p * r + 1.0 / 39916800.0
        p = p * r + 1.0 / 3628800.0
        p = p * r + 1.0 / 362880.0
        p = p * r + 1.0 / 40320.0
        p = p * r + 1.0 / 5040.0
        p = p * r + 1.0 / 720.0
        p = p * r + 1.0 / 120.0
        p = p * r + 1.0 / 24.0
        p = p * r + 1.0 / 6.0
        p = p * r + 0.5
        p = p * r + 1.0
        p = p * r + 1.0
        out[j] = p
        bits[j] = t
    power = bits.view(np.int64)
    for j in range(len(u)):
        power[j] = (power[j] + 1023) << 52
    for j in range(len(u)):
        out[j] *= bits[j]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def mix_and_sum(
    x: Floats,
    y: Floats,
    ground: Floats,
    covariates: Floats,
    piece_start: Ints,
    piece_group: Ints,
    node: Ints,
    origin: tuple[float, float, float],
    nodes: NDArray[np.float32],
    slopes: Floats,
    table: Floats,
    first_knot: float,
    knot_step: float,
    rate: Floats,
    size: Floats,
    class_rate: Floats,
    clump: Floats,
    out: Floats,
    sums: Floats,
) -> int:
    """Fill (4, n_columns, n_cells) of mean, both quantiles and chance of any, and (n_groups, 2, n_draws) of sums.

    Returns
    -------
    How many pieces lie off the lattice.
    """
    num_draws, num_mixed, num_columns = slopes.shape[1], rate.shape[0], rate.shape[1]
    last = table.shape[1] - 1
    log_relative, relative, room = np.empty(num_draws), np.empty(num_draws), np.empty(num_draws)
    factor = np.empty(num_mixed)
    mean, some, par = np.empty(num_columns), np.empty(num_columns), np.zeros((num_mixed, 5))
    par[:, 0] = 1.0
    par[:, 1] = 1e9
    interval, beyond = np.empty(num_mixed, np.int64), np.empty(num_mixed)
    corner, weight = np.zeros(4, np.int64), np.zeros(4)
    num_lost = 0
    for p in range(len(piece_group)):
        log_relative[:] = 0.0
        if node.size:
            if not _corners(x[p], y[p], node, origin, corner, weight):
                num_lost += 1
                continue
            _add_field(log_relative, nodes, corner, weight)
        for s in range(len(slopes)):
            _add_slope(log_relative, slopes[s], covariates[p, s])
        exp_into(log_relative, relative, room)
        total = 0.0
        for c in range(piece_start[p], piece_start[p + 1]):
            total += ground[c]
            if (
                c > piece_start[p] and ground[c] == ground[c - 1]
            ):  # most cells of a piece are whole, and so alike
                out[:, :, c] = out[:, :, c - 1]
                continue
            log_ground, highest = math.log(ground[c]), 0
            for j in range(num_mixed):
                factor[j] = relative[j] * ground[c]
                place = max((log_relative[j] + log_ground - first_knot) / knot_step, 0.0)
                interval[j] = int(place)
                beyond[j] = (place - interval[j]) * knot_step
                highest = max(highest, interval[j])
            if highest <= last:
                _mix_tabulated(factor, interval, beyond, table, rate, mean, some)
            else:
                _mix_directly(factor, rate, class_rate, clump, mean, some)
            for s in range(num_columns):
                average, any_item = mean[s] / num_mixed, some[s] / num_mixed
                out[0, s, c] = average
                out[3, s, c] = any_item
                if any_item > _LEAST_ANY:
                    for j in range(num_mixed):
                        par[j, 3], par[j, 4] = size[j, s], factor[j] * rate[j, s]
                    out[1, s, c], out[2, s, c] = mixture_interval(par, average, LONGEST_COUNT)
        g = piece_group[p]
        for j in range(num_draws):
            sums[g, 0, j] += total * relative[j]
        for j in range(num_draws):
            sums[g, 1, j] += (total * relative[j]) ** 2
    return num_lost


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _corners(
    x: float, y: float, node: Ints, origin: tuple[float, float, float], corner: Ints, weight: Floats
) -> bool:
    """Bilinear weights of the four nodes around a point; whether they are all there."""
    col, row = (x - origin[0]) / origin[2], (origin[1] - y) / origin[2]
    left = min(max(int(np.floor(col)), 0), node.shape[1] - 2)
    top = min(max(int(np.floor(row)), 0), node.shape[0] - 2)
    right, down = col - left, row - top
    if right < -1e-9 or right > 1.0 + 1e-9 or down < -1e-9 or down > 1.0 + 1e-9:
        return False
    for i in range(2):
        for j in range(2):
            w = (down if i else 1.0 - down) * (right if j else 1.0 - right)
            n = node[top + i, left + j]
            if n < 0:
                if w > 1e-12:
                    return False
                n, w = 0, 0.0
            corner[2 * i + j], weight[2 * i + j] = n, w
    return True


@numba.njit(cache=True, nogil=True)
def _add_field(log_x: Floats, nodes: NDArray[np.float32], corner: Ints, weight: Floats) -> None:
    a, b, c, d = nodes[corner[0]], nodes[corner[1]], nodes[corner[2]], nodes[corner[3]]
    wa, wb, wc, wd = weight[0], weight[1], weight[2], weight[3]
    for j in range(len(log_x)):
        log_x[j] += wa * a[j] + wb * b[j] + wc * c[j] + wd * d[j]


@numba.njit(cache=True, nogil=True)
def _add_slope(log_x: Floats, slope: Floats, value: float) -> None:
    for j in range(len(log_x)):
        log_x[j] += value * slope[j]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _mix_tabulated(
    factor: Floats, interval: Ints, beyond: Floats, table: Floats, rate: Floats, mean: Floats, some: Floats
) -> None:
    """Sums over draws of the expected number and of the chance of any, for the four states of each date.

    Draws run in the inner loop with one variable per state, so that the sums stay in registers.
    """
    for t in range(table.shape[2]):
        m0 = m1 = m2 = m3 = p0 = p1 = p2 = p3 = 0.0
        for j in range(len(table)):
            c, r, d, x = table[j, interval[j], t], rate[j, 4 * t : 4 * t + 4], beyond[j], factor[j]
            m0 += x * r[0]
            m1 += x * r[1]
            m2 += x * r[2]
            m3 += x * r[3]
            p0 += x * (c[0, 0] + d * (c[1, 0] + d * (c[2, 0] + d * c[3, 0])))
            p1 += x * (c[0, 1] + d * (c[1, 1] + d * (c[2, 1] + d * c[3, 1])))
            p2 += x * (c[0, 2] + d * (c[1, 2] + d * (c[2, 2] + d * c[3, 2])))
            p3 += x * (c[0, 3] + d * (c[1, 3] + d * (c[2, 3] + d * c[3, 3])))
        mean[4 * t], mean[4 * t + 1], mean[4 * t + 2], mean[4 * t + 3] = m0, m1, m2, m3
        some[4 * t], some[4 * t + 1], some[4 * t + 2], some[4 * t + 3] = p0, p1, p2, p3


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _mix_directly(
    factor: Floats, rate: Floats, class_rate: Floats, clump: Floats, mean: Floats, some: Floats
) -> None:
    """The same from the formula, for cells beyond the table."""
    mean[:] = 0.0
    some[:] = 0.0
    for j in range(len(rate)):
        for s in range(len(mean)):
            log_none = 0.0
            for k in range(class_rate.shape[1]):
                log_none -= clump[j] * math.log1p(factor[j] * class_rate[j, k, s] / clump[j])
            mean[s] += factor[j] * rate[j, s]
            some[s] -= math.expm1(log_none)
