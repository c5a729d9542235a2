"""Draws of a measure, and of a difference, as a mean and a 90 % interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from remnant.units import YEAR_D, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Mean and 90 % interval over draws; NaN: unknown."""

    mean: float
    q05: float
    q95: float


def spread(values: Floats, mean: Floats | None = None) -> Spread:
    """Mean and 90 % interval of draws.

    Parameters
    ----------
    values
        (n_draws,).
    mean
        (n_draws,) what each draw expects, where that is known with less noise than `values`; default: `values`.

    Examples
    --------
    >>> spread(np.arange(101.0))
    Spread(mean=50.0, q05=5.0, q95=95.0)
    """
    if np.isnan(values).any():
        return Spread(mean=np.nan, q05=np.nan, q95=np.nan)
    low, high = np.quantile(values, [0.05, 0.95])
    return Spread(mean=float((values if mean is None else mean).mean()), q05=float(low), q95=float(high))


def p_below(values: Floats, other: Floats) -> float:
    """Chance that a measure is lower than another one, draw by draw; equal draws count as not lower. [1]

    Examples
    --------
    >>> p_below(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 2.0, 4.0, 9.0]))
    0.75
    """
    if np.isnan(values).any() or np.isnan(other).any():
        return float("nan")
    return float((values < other).mean())


def to_date(rate_per_year: Floats, days: Floats) -> Floats:
    """What a yearly rate adds up to from the first day on, by the trapezoid rule.

    Parameters
    ----------
    rate_per_year
        (n_draws, n_days) rate at each day. [1/y]
    days
        (n_days,) ascending. [d]

    Returns
    -------
    (n_draws, n_days) sums; 0 at the first day.

    Examples
    --------
    >>> to_date(np.array([[2.0, 2.0, 0.0]]), np.array([0.0, 365.25, 730.5])).tolist()
    [[0.0, 2.0, 3.0]]
    """
    steps = 0.5 * (rate_per_year[:, 1:] + rate_per_year[:, :-1]) * np.diff(days) / YEAR_D
    return np.concatenate([np.zeros((len(rate_per_year), 1)), np.cumsum(steps, axis=1)], axis=1)
