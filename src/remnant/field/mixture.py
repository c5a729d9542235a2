"""Intervals of mixtures of counts: each draw gives a negative binomial, or one of two where existence is in doubt."""

from __future__ import annotations

import math

import numba
import numpy as np

from remnant.units import Floats

LONGEST_COUNT = 2000  # counts in a cell above this are taken as continuous
_NORMAL_SHAPE = 200.0  # Gamma shapes above which the cube root is taken as normal
_SMALLEST = 1e-290  # chance of no item below which a count distribution is not walked


@numba.njit(cache=True, nogil=True)
def negative_binomial_size(mean: float, variance: float) -> float:
    """Size of the negative binomial of a mean and variance; very large stands for Poisson."""
    if variance - mean <= 1e-9 * mean:
        return 1e9
    return mean * mean / (variance - mean)


@numba.njit(cache=True, nogil=True)
def mixture_interval(par: Floats, mean: float, longest: int) -> tuple[float, float]:
    """5 % and 95 % points of a mixture of zero-inflated negative binomials.

    Parameters
    ----------
    par
        (n_draws, 5) chance of the second of two counts; size and mean of the first, size and mean of the second.
    mean
        Mean of the mixture. [items]
    longest
        Counts above this are taken as continuous.
    """
    low, high = _count_quantiles(par, mean, longest)
    if high < 0.0:
        low, high = _long_quantile(par, 0.05), _long_quantile(par, 0.95)
    return low, high


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _count_quantiles(par: Floats, mean: float, longest: int) -> tuple[float, float]:
    """5 % and 95 % points of a mixture of zero-inflated negative binomials; −1 where counts are too long."""
    num = len(par)
    if mean > 0.25 * longest:
        return -1.0, -1.0
    pmf = np.zeros((num, 2))
    for j in range(num):
        for b in range(2):
            size, m = par[j, 1 + 2 * b], par[j, 2 + 2 * b]
            pmf[j, b] = np.exp(-size * np.log1p(m / size)) if m > 0.0 else 1.0
            if pmf[j, b] < _SMALLEST:  # too small to be walked up from
                return -1.0, -1.0
    low, high, total = -1.0, -1.0, 0.0
    for count in range(longest):
        for j in range(num):
            total += ((1.0 - par[j, 0]) * pmf[j, 0] + par[j, 0] * pmf[j, 1]) / num
        if low < 0.0 and total >= 0.05 - 1e-12:
            low = float(count)
        if total >= 0.95 - 1e-12:
            high = float(count)
            break
        for j in range(num):
            for b in range(2):
                size, m = par[j, 1 + 2 * b], par[j, 2 + 2 * b]
                pmf[j, b] *= (size + count) / (count + 1.0) * (m / (size + m)) if m > 0.0 else 0.0
    return low, high


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _long_quantile(par: Floats, level: float) -> float:
    """A point of the mixture where counts are long: each negative binomial is taken as the Gamma of its moments."""
    num = len(par)
    high = 1.0
    for j in range(num):
        size, m = par[j, 3], par[j, 4]
        high = max(high, m + 12.0 * np.sqrt(m + m * m / size))
    low = 0.0
    while high - low > 0.25 and high - low > 1e-4 * high:
        middle = 0.5 * (low + high)
        below = 0.0
        for j in range(num):
            below += (1.0 - par[j, 0]) * _below(middle, par[j, 1], par[j, 2])
            below += par[j, 0] * _below(middle, par[j, 3], par[j, 4])
        if below >= level * num:
            high = middle
        else:
            low = middle
    return float(np.floor(high))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _below(count: float, size: float, mean: float) -> float:
    """Chance that a negative binomial is not above a count, by the Gamma of equal mean and variance."""
    if mean <= 0.0:
        return 1.0
    a = mean / (1.0 + mean / size)
    x = (count + 0.5) * a / mean
    if a > _NORMAL_SHAPE:  # cube root of a Gamma is nearly normal (Wilson and Hilferty, 1931)
        return 0.5 * math.erfc(-((x / a) ** (1.0 / 3.0) - 1.0 + 1.0 / (9.0 * a)) * 3.0 * math.sqrt(a / 2.0))
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1.0:  # series, DLMF 8.7.1
        term = 1.0 / a
        total = term
        n = a
        while term > 1e-10 * total:
            n += 1.0
            term *= x / n
            total += term
        return min(front * total, 1.0)
    b = x + 1.0 - a  # continued fraction, DLMF 8.9.2, by Lentz's method
    c = 1e300
    d = 1.0 / b
    fraction = d
    for i in range(1, 500):
        step = -i * (i - a)
        b += 2.0
        d = 1.0 / (step * d + b)
        c = b + step / c
        fraction *= d * c
        if abs(d * c - 1.0) < 1e-10:
            break
    return max(1.0 - front * fraction, 0.0)
