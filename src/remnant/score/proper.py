"""Proper scores: the best expected score goes to whoever states what he believes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from remnant.errors import InvalidInput
from remnant.units import Floats

_POISSON_SIZE = 1e7  # sizes above which a negative binomial is a Poisson to the precision of the closed form
_SERIES_SIZE = 60.0  # sizes above which the closed form of the CRPS loses digits, and the sum is taken


def bernoulli_log_score(p_any: Floats, happened: NDArray[np.bool_]) -> Floats:
    """Logarithm of the chance that the forecast gave to what happened; 0 is best. (n,) [nat]

    A find where the forecast said that none was possible scores minus infinity, and is meant to.

    Examples
    --------
    >>> bernoulli_log_score(np.array([0.5, 1.0]), np.array([True, True])).round(3).tolist()
    [-0.693, 0.0]
    """
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(happened, np.log(p_any), np.log1p(-p_any)))


def brier_score(p_any: Floats, happened: NDArray[np.bool_]) -> Floats:
    """Squared distance of the chance from 1 (found) or 0 (not found); 0 is best. (n,) [1]"""
    return np.asarray(np.square(p_any - happened))


def count_log_score(mean: Floats, size: Floats, found: Floats) -> Floats:
    """Logarithm of the chance of the number found; 0 is best. (n,) [nat]

    Parameters
    ----------
    mean
        (n,), or (n_draws, n) for a mixture of equal parts. [items]
    size
        Size of the negative binomial, broadcast to `mean`; infinite for a Poisson. [1]
    found
        (n,) whole numbers. [items]

    Examples
    --------
    >>> count_log_score(np.array([2.0]), np.array([np.inf]), np.array([0.0])).tolist()
    [-2.0]
    """
    log_p = _log_pmf(mean, np.broadcast_to(size, mean.shape), np.broadcast_to(found, mean.shape))
    return log_p if mean.ndim == 1 else np.asarray(special.logsumexp(log_p, axis=0) - np.log(len(mean)))


def _log_pmf(mean: Floats, size: Floats, found: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        poisson = special.xlogy(found, mean) - mean - special.gammaln(found + 1.0)
        r = np.where(size < _POISSON_SIZE, size, 1.0)
        log_choose = -special.betaln(r, found + 1.0) - np.log(r + found)
        gathered = log_choose - r * np.log1p(mean / r) + special.xlogy(found, mean / (r + mean))
    return np.asarray(np.where(size < _POISSON_SIZE, gathered, poisson))


def p_any_of(mean: Floats, size: Floats) -> Floats:
    """Chance of at least one item of a negative binomial (infinite size: Poisson), or of a mixture of them. (n,) [1]"""
    r = np.broadcast_to(size, mean.shape)
    finite = np.where(np.isfinite(r), r, 1.0)
    none = np.where(np.isfinite(r), np.exp(-finite * np.log1p(mean / finite)), np.exp(-mean))
    return np.asarray(1.0 - (none if mean.ndim == 1 else none.mean(axis=0)))


def matching_size(mean: Floats, p_any: Floats) -> Floats:
    """Size of the negative binomial that has this mean and this chance of any item. (n,) [1]

    Infinite (a Poisson) where the chance is as large as a mean allows: a forecast that is more even than a Poisson has
    no negative binomial.

    Examples
    --------
    >>> p = p_any_of(np.array([3.0]), np.array([0.5]))
    >>> matching_size(np.array([3.0]), p).round(6).tolist()
    [0.5]
    """
    p = np.clip(p_any, 0.0, 1.0)
    spread = (mean > 0.0) & (p < -np.expm1(-mean) * (1.0 - 1e-9)) & (p > 0.0)
    target = -np.log1p(-np.where(spread, p, 0.5))
    m = np.where(spread, mean, 1.0)
    low, high = np.full(m.shape, -40.0), np.full(m.shape, 40.0)  # of log size
    for _ in range(80):
        middle = 0.5 * (low + high)
        r = np.exp(middle)
        is_small = r * np.log1p(m / r) < target
        low, high = np.where(is_small, middle, low), np.where(is_small, high, middle)
    return np.asarray(np.where(spread, np.exp(0.5 * (low + high)), np.inf))


def crps_poisson(mean: Floats, found: Floats) -> Floats:
    """Continuous ranked probability score of Poisson forecasts, in closed form [1]_; 0 is best. (n,) [items]

    References
    ----------
    .. [1] W. Wei, L. Held, "Calibration tests for count data", TEST 23, 2014, 787–805.
    """
    below = stats.poisson.cdf(found, mean)
    at = stats.poisson.pmf(found, mean)
    half_gap = mean * (special.ive(0, 2.0 * mean) + special.ive(1, 2.0 * mean))
    return np.asarray((found - mean) * (2.0 * below - 1.0) + 2.0 * mean * at - half_gap)


def crps_negative_binomial(mean: Floats, size: Floats, found: Floats) -> Floats:
    """Continuous ranked probability score of negative binomial forecasts; 0 is best. (n,) [items]

    The closed form [1]_ for small sizes; the sum over counts where that form loses digits; a Poisson for sizes without
    end. The score has the unit of the forecast: an error of one item costs about one.

    Parameters
    ----------
    mean, size, found
        (n,) as in `count_log_score`.

    References
    ----------
    .. [1] A. Jordan, F. Krüger, S. Lerch, "Evaluating probabilistic forecasts with scoringRules", J. Stat. Softw.
       90(12), 2019, appendix A.

    Examples
    --------
    >>> crps_negative_binomial(np.array([2.0]), np.array([1.0]), np.array([0.0])).round(6).tolist()
    [0.8]
    """
    mean, size, found = np.broadcast_arrays(
        np.asarray(mean, float), np.asarray(size, float), np.asarray(found, float)
    )
    out = np.where(mean > 0.0, 0.0, found).astype(np.float64)
    there = mean > 0.0
    is_poisson = there & (size >= _POISSON_SIZE)
    is_closed = there & (size <= _SERIES_SIZE)
    out[is_poisson] = crps_poisson(mean[is_poisson], found[is_poisson])
    out[is_closed] = _crps_closed(mean[is_closed], size[is_closed], found[is_closed])
    for i in np.flatnonzero(there & ~is_poisson & ~is_closed):
        out[i] = _crps_sum(mean[i], size[i], found[i])
    return out


def _crps_closed(mean: Floats, size: Floats, found: Floats) -> Floats:
    p = size / (size + mean)
    below = stats.nbinom.cdf(found, size, p)
    below_one = stats.nbinom.cdf(found - 1.0, size + 1.0, p)
    gap = special.hyp2f1(size + 1.0, 0.5, 2.0, -4.0 * (1.0 - p) / np.square(p))
    return np.asarray(found * (2.0 * below - 1.0) - mean / p * (p * (2.0 * below_one - 1.0) + gap))


def _crps_sum(mean: float, size: float, found: float) -> float:
    """Sum of (F(k) − [found ≤ k])² over all counts that carry weight."""
    p = size / (size + mean)
    sd = np.sqrt(mean / p)
    first = max(0, int(min(mean - 12.0 * sd, found)))
    last = int(max(mean + 14.0 * sd + 20.0, found)) + 1
    k = np.arange(first, last + 1)
    return float(np.square(stats.nbinom.cdf(k, size, p) - (k >= found)).sum())


def crps_draws(draws: Floats, found: Floats, *, is_fair: bool = False) -> Floats:
    """Continuous ranked probability score of forecasts given as draws; 0 is best. (n,) [items]

    Parameters
    ----------
    draws
        (n_draws, n) equally likely values. [items]
    found
        (n,) what was found. [items]
    is_fair
        Score the distribution that the draws come from, without bias for their number, instead of the draws themselves.

    Examples
    --------
    >>> crps_draws(np.array([[0.0], [4.0]]), np.array([1.0])).tolist()
    [1.0]
    """
    num = len(draws)
    if num < 2:
        raise InvalidInput(f"a forecast by draws needs two draws or more; got {num}. Give a mean instead.")
    ordered = np.sort(draws, axis=0)
    rank = 2.0 * np.arange(num) - (num - 1.0)
    pairs = num * (num - 1.0) if is_fair else float(num) ** 2
    gap = np.tensordot(rank, ordered, axes=1) / pairs  # half of the mean distance of two draws
    return np.asarray(np.abs(draws - found).mean(axis=0) - gap)


def crps_quantiles(levels: Floats, quantiles: Floats, found: Floats) -> Floats:
    """Continuous ranked probability score of forecasts given as quantiles; 0 is best. (n,) [items]

    Between two levels the distribution is taken as even; below the first and above the last all of the weight stands on
    that quantile. So few quantiles score a coarse forecast, in closed form; compare only scores of equal levels.

    Parameters
    ----------
    levels
        (n_levels,) rising, inside (0, 1). [1]
    quantiles
        (n_levels, n), not falling along the levels. [items]
    found
        (n,) what was found. [items]

    Examples
    --------
    >>> crps_quantiles(np.array([0.25, 0.75]), np.array([[0.0], [4.0]]), np.array([2.0])).round(4).tolist()
    [0.5833]
    """
    check_quantiles(levels, quantiles)
    below, above = quantiles[0], quantiles[-1]
    score = np.maximum(below - found, 0.0) + np.maximum(found - above, 0.0)
    for i in range(len(levels) - 1):
        left, right = quantiles[i], quantiles[i + 1]
        width = right - left
        at = np.clip(found, left, right)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(width > 0.0, (levels[i + 1] - levels[i]) / width, 0.0)
        middle = levels[i] + slope * (at - left)
        score += _square_integral(levels[i], middle, at - left)
        score += _square_integral(1.0 - levels[i + 1], 1.0 - middle, right - at)
    return np.asarray(score)


def _square_integral(a: Floats | float, b: Floats | float, length: Floats) -> Floats:
    """Integral of the square of a straight line from a to b over a length."""
    return np.asarray(length * (a * a + a * b + b * b) / 3.0)


def check_quantiles(levels: Floats, quantiles: Floats) -> None:
    """Refuse levels outside (0, 1) or not rising, and quantiles that fall along them."""
    if len(levels) < 2 or (np.diff(levels) <= 0.0).any() or levels[0] <= 0.0 or levels[-1] >= 1.0:
        raise InvalidInput(
            f"quantile levels must be two or more, rising, inside (0, 1); got {np.asarray(levels).tolist()}. "
            "Write 0.05 for 5 %."
        )
    falling = (np.diff(quantiles, axis=0) < 0.0).any(axis=0)
    if falling.any():
        raise InvalidInput(
            f"a higher level must not have a lower quantile; it has in {int(falling.sum())} of {falling.size} places, "
            f"first in number {int(np.flatnonzero(falling)[0])}. Are the columns swapped?"
        )


def interval_holds(low: Floats, high: Floats, found: Floats) -> NDArray[np.bool_]:
    """Whether an interval, ends included, holds what was found. (n,)"""
    return (found >= low) & (found <= high)
