"""Draws of a measure, and of a difference, as a mean and a 90 % interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
    method: Literal["linear", "inverted_cdf"] = "linear" if np.isfinite(values).all() else "inverted_cdf"
    low, high = np.quantile(values, [0.05, 0.95], method=method)
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


def to_date(per_year: Floats, accidents: Floats, items: Floats, days: Floats) -> Floats:
    """What harm adds up to from the first day on, while items that function are gone.

    Parameters
    ----------
    per_year, accidents
        (n_draws, n_areas, n_days) casualties and accidents expected within a year from each day. [persons/y], [1/y]
    items
        (n_draws, n_areas, n_days) explosive items there on each day, were nobody hurt before. [items]
    days
        (n_days,) ascending. [d]

    Returns
    -------
    (n_draws, n_days) casualties; 0 at the first day. [persons]

    Notes
    -----
    Within a year from a day on which N items lie there, A = N (1 − exp(−k)) of them function, so each does at the rate
    ``k = −ln(1 − A / N)``, and harm begins at the rate ``H k / (1 − exp(−k))``. Between two days of the grid both are
    taken to be their averages; what has functioned before is taken off all states alike. Exact for items that do not
    change.

    Examples
    --------
    >>> a = np.full((1, 1, 3), 100.0 * -np.expm1(-0.1))
    >>> to_date(2.0 * a, a, np.full((1, 1, 3), 100.0), np.array([0.0, 365.25, 3652.5])).round(3).tolist()
    [[0.0, 19.033, 126.424]]
    """
    met = np.divide(accidents, items, out=np.zeros_like(accidents), where=items > 0.0)
    rate = -np.log1p(-np.minimum(met, 1.0 - 1e-12))
    begins = per_year * np.divide(rate, -np.expm1(-rate), out=np.ones_like(rate), where=rate > 0.0)
    years = np.diff(days) / YEAR_D
    rate, begins = (0.5 * (v[:, :, 1:] + v[:, :, :-1]) for v in (rate, begins))
    lost = rate * years
    left = np.exp(
        -np.concatenate([np.zeros_like(lost[:, :, :1]), np.cumsum(lost, axis=2)[:, :, :-1]], axis=2)
    )
    share = np.divide(-np.expm1(-lost), lost, out=np.ones_like(lost), where=lost > 0.0)
    steps = (begins * years * share * left).sum(axis=1)
    return np.concatenate([np.zeros((len(steps), 1)), np.cumsum(steps, axis=1)], axis=1)
