"""What a gamma distribution of expected items says about a cell: mean, 90 % interval, chance of at least one.

The quantiles of a gamma distribution with rate 1 depend on its shape a alone, so they are tabulated. Not the quantile q
itself but ``a · log(q / a)`` is smooth from shapes near zero, where ``q = (p Γ(a + 1))^(1/a)`` falls below the smallest
number, to shapes near 1e9, where q is almost normal; a cubic spline of it in log a holds both ends.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline
from scipy.special import gammaincinv, gammaln

from remnant.errors import InvalidInput

Floats = NDArray[np.float64]

TABLE_SHAPES = (1e-3, 1e9)
"""Shapes that the table holds; scipy answers outside it, more slowly. [1]"""

_LEVELS = (0.05, 0.95)
_KNOT_STEP = 0.01  # of log shape: a relative error of about 1e-9
_KNOTS_BEYOND = 8  # at either end, where a spline is least exact
_TOLERANCE = 1e-7  # greatest relative error between the knots, checked when the table is made
_FULL_PRECISION = 1e-290  # below it a quotient loses digits: scipy answers
_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GammaSummary:
    """Summary of λ ~ Gamma(shape, rate) per cell, and of a Poisson number of items given λ; arrays of one shape.

    Parameters
    ----------
    mean
        Expected items. [items]
    q05, q95
        Points that λ exceeds with probability 95 % and 5 %. [items]
    p_any
        Probability of at least one item. [1]
    """

    mean: Floats
    q05: Floats
    q95: Floats
    p_any: Floats


def gamma_summary(shape: ArrayLike, rate: ArrayLike, *, chunk: int = _CHUNK) -> GammaSummary:
    """Mean, 5 % and 95 % points of the expected items in each cell, and the chance of at least one item.

    Parameters
    ----------
    shape
        Shape of the gamma distribution, zero or more; zero is the limit in which nothing is there. [1]
    rate
        Its rate, above zero; broadcast with `shape`. [1/items]
    chunk
        Cells worked on at once: bounds the memory beside the results, changes no number.

    Returns
    -------
    Arrays of the broadcast shape, read-only; NaN where an input is NaN.

    Raises
    ------
    InvalidInput
        If a shape is negative or infinite, or a rate not above zero or infinite.

    Notes
    -----
    ``P(at least one) = 1 − (rate / (1 + rate))^shape`` is taken from the logarithm, so that 1e-15 keeps its digits.
    Quantiles agree with `scipy.special.gammaincinv` to a relative error below 1e-7, and are exactly zero where it is.
    The work is shared among numba's threads.

    Examples
    --------
    >>> one = gamma_summary(1.0, [2.0, 4.0])  # an exponential distribution: quantiles are −log(1 − p) / rate
    >>> one.mean.tolist(), one.q95.round(6).tolist(), one.p_any.round(6).tolist()
    ([0.5, 0.25], [1.497866, 0.748933], [0.333333, 0.2])
    """
    if chunk < 1:
        raise InvalidInput(f"chunk must be 1 or more cells; got {chunk}")
    a, b = _numbers("shape", shape), _numbers("rate", rate)
    try:
        out_shape = np.broadcast_shapes(a.shape, b.shape)
    except ValueError as error:
        raise InvalidInput(f"shape and rate must broadcast; got {a.shape} and {b.shape}") from error
    table, first_log, zero_below, exact_above = _table()
    results = np.empty((4, *out_shape))
    flat = results.reshape(4, -1)
    of_shape, of_rate = _Flat(a, out_shape), _Flat(b, out_shape)
    for start in range(0, flat.shape[1], chunk):
        part = slice(start, min(start + chunk, flat.shape[1]))
        some_a, some_b = of_shape.part(part), of_rate.part(part)
        bad, outside = _summarise(some_a, some_b, table, first_log, zero_below, exact_above, flat[:, part])
        if bad:
            _refuse(some_a, some_b, start, out_shape)
        if outside:
            _by_scipy(some_a, some_b, flat[:, part])
    results.setflags(write=False)
    mean, q05, q95, p_any = results
    return GammaSummary(mean=mean, q05=q05, q95=q95, p_any=p_any)


class _Flat:
    """Parts of a broadcast array in flat order, as contiguous floats, without ever copying the whole."""

    def __init__(self, values: NDArray[Any], shape: tuple[int, ...]) -> None:
        wide = np.broadcast_to(values, shape)
        self._single = np.float64(values.reshape(-1)[0]) if values.size == 1 else None
        self._line = wide.reshape(-1) if wide.flags.c_contiguous else None
        self._wide = wide

    def part(self, where: slice) -> Floats:
        if self._single is not None:
            return np.full(where.stop - where.start, self._single)
        some = self._wide.flat[where] if self._line is None else self._line[where]
        return np.ascontiguousarray(some, dtype=np.float64)


def _numbers(name: str, values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        raise InvalidInput(f"{name} must be real numbers; got {array.dtype}")
    return array


def _refuse(shape: Floats, rate: Floats, start: int, out_shape: tuple[int, ...]) -> None:
    """Say which cell is out of bounds."""
    for name, values, words, good in (
        ("shape", shape, "0 or more and finite", (shape >= 0.0) & np.isfinite(shape)),
        ("rate", rate, "above 0 and finite", (rate > 0.0) & np.isfinite(rate)),
    ):
        wrong = np.flatnonzero(~(good | np.isnan(values)))
        if wrong.size:
            place = tuple(int(i) for i in np.unravel_index(start + int(wrong[0]), out_shape))
            raise InvalidInput(
                f"{name} must be {words}; the first that is not is {values[wrong[0]]:g} at {place}."
            )


def _by_scipy(shape: Floats, rate: Floats, out: Floats) -> None:
    """Fill in the quantiles that the kernel marked as outside the table, by −1."""
    for level, row in zip(_LEVELS, (1, 2), strict=True):
        left = np.flatnonzero(out[row] == -1.0)
        out[row, left] = gammaincinv(shape[left], level) / rate[left]


@functools.cache
def _table() -> tuple[Floats, float, Floats, Floats]:
    """Spline coefficients of both levels, the logarithm of the first knot, and where small quantiles end.

    Returns
    -------
    (n_intervals, 8) coefficients, constant term first, of the 5 % and then the 95 % point; log shape of the first knot;
    (2,) shapes below which scipy's quantile is exactly zero; (2,) shapes from which the table is used.
    """
    low, high = (math.log(a) for a in TABLE_SHAPES)
    num = math.ceil((high - low) / _KNOT_STEP) + 1 + 2 * _KNOTS_BEYOND
    first = low - _KNOTS_BEYOND * _KNOT_STEP
    log_a: Floats = np.asarray(first + _KNOT_STEP * np.arange(num, dtype=np.float64))
    a = np.exp(log_a)
    columns, zero_below, exact_above = [], [], []
    for level in _LEVELS:
        q = gammaincinv(a, level)
        # so small a quantile is the first term of its series, to all digits
        with np.errstate(divide="ignore"):
            log_q = np.where(q > _FULL_PRECISION, np.log(q), (math.log(level) + gammaln(1.0 + a)) / a)
        spline = CubicSpline(log_a, a * (log_q - log_a))
        columns.append(spline.c[::-1].T)
        zero_below.append(_edge(level, 0.0))
        exact_above.append(max(_edge(level, _FULL_PRECISION), TABLE_SHAPES[0]))
        _check(level, spline, log_a, exact_above[-1])
    return np.ascontiguousarray(np.hstack(columns)), first, np.array(zero_below), np.array(exact_above)


def _edge(level: float, value: float) -> float:
    """The smallest shape whose quantile exceeds a tiny value, by bisection."""
    low, high = 1e-6, 1.0
    while high / low > 1.0 + 1e-14:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if gammaincinv(middle, level) > value else (middle, high)
    return high


def _check(level: float, spline: CubicSpline, log_a: Floats, exact_above: float) -> None:
    """Compare with scipy a third of the way between knots: the table is never worse than it says."""
    between = log_a[_KNOTS_BEYOND:-_KNOTS_BEYOND] + _KNOT_STEP / 3.0
    between = between[np.exp(between) >= exact_above]
    a = np.exp(between)
    error = np.abs(a * np.exp(spline(between) / a) / gammaincinv(a, level) - 1.0)
    assert error.max() < _TOLERANCE, f"table of gamma quantiles is off by {error.max():g} at {level:g}"


@numba.njit(cache=True, parallel=True, nogil=True, error_model="numpy")
def _summarise(shape, rate, table, first_log, zero_below, exact_above, out):  # type: ignore[no-untyped-def]
    """Fill (4, n) of mean, both quantiles and P(at least one); count inputs refused, and quantiles left as −1."""
    num_bad, num_left = 0, 0
    last, highest = len(table) - 1, TABLE_SHAPES[1]
    for i in numba.prange(len(shape)):
        a, b = shape[i], rate[i]
        if np.isnan(a) or np.isnan(b):
            out[0, i] = out[1, i] = out[2, i] = out[3, i] = np.nan
            # an unknown beside a value out of bounds does not excuse it
            if a < 0.0 or b <= 0.0 or np.isinf(a) or np.isinf(b):
                num_bad += 1
            continue
        if not (a >= 0.0 and b > 0.0) or np.isinf(a) or np.isinf(b):
            num_bad += 1
            continue
        if a == 0.0:
            out[0, i] = out[1, i] = out[2, i] = out[3, i] = 0.0
            continue
        out[0, i] = a / b
        # log(1 + 1/b), also where 1/b overflows
        out[3, i] = -np.expm1(-a * (np.log1p(1.0 / b) if b > 1e-300 else -np.log(b)))
        log_a = np.log(a)
        place = (log_a - first_log) / _KNOT_STEP
        k = min(max(int(place), 0), last)
        x = (place - k) * _KNOT_STEP
        for level in range(2):
            if a < zero_below[level]:
                out[1 + level, i] = 0.0
            elif a < exact_above[level] or a > highest:
                out[1 + level, i] = -1.0
                num_left += 1
            else:
                c = 4 * level
                value = table[k, c] + x * (table[k, c + 1] + x * (table[k, c + 2] + x * table[k, c + 3]))
                out[1 + level, i] = a * np.exp(value / a) / b
    return num_bad, num_left
