"""Hazard areas on many days: mean, interval and chance of any, without a simulated count."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

from remnant.field.area_laws import left_in_areas
from remnant.field.mixture import LONGEST_COUNT, mixture_interval, negative_binomial_size
from remnant.field.posterior import DensityPosterior
from remnant.field.remaining import Progress, Summary, never_changes, repeated
from remnant.numerics.threads import OneOrAll
from remnant.units import Floats, Ints

_LONG = 20_000  # draws times areas above which threads pay
_SEEN = 0.05  # chance of any item below which the interval is 0 to 0


def areas_over_time(
    posterior: DensityPosterior,
    days: Sequence[float],
    as_of_day: float,
    areas: Ints,
    *,
    draws: Ints | None = None,
    progress: Progress | None = None,
) -> Summary:
    """What remains in hazard areas on many days: (n_days, 4, n_areas) each.

    Chance of any item and mean are exact mixtures over draws; the interval is that of the mixture, over draws, of
    negative binomials of equal mean and variance, nothing at all where nothing ever lay there.

    Parameters
    ----------
    posterior
        Draws of the density model.
    days, as_of_day
        Asked days; the day up to which the records run. [d]
    areas
        Indices of the areas, ascending, each with ground of its own.
    draws
        Draws to mix over; default all.
    progress
        Called with the share done.
    """
    if len(days) > 1 and never_changes(posterior):
        once = areas_over_time(posterior, days[:1], as_of_day, areas, draws=draws, progress=progress)
        return repeated(once, len(days), axis=0)
    shape = (len(days), 4, areas.size)
    mean, low, high, some = (np.zeros(shape) for _ in range(4))
    for t, day in enumerate(days):
        first = 0
        for left in left_in_areas(posterior, day, as_of_day, areas, draws=draws):
            here = slice(first, first + left.area.size)
            mean[t, :, here] = left.expected.mean(axis=0).T
            some[t, :, here] = left.p_any.mean(axis=0).T
            low[t, :, here], high[t, :, here] = intervals_of(
                left.exists, left.mean, left.variance, mean[t, :, here], some[t, :, here]
            )
            first += left.area.size
        if progress is not None:
            progress((t + 1) / len(days))
    return Summary(mean=mean, q05=low, q95=high, p_any=some)


def intervals_of(
    exists: Floats, mean: Floats, variance: Floats, every_mean: Floats, p_any: Floats
) -> tuple[Floats, Floats]:
    """(4, n_areas) 5 % and 95 % points of items, from the fields of `LeftInAreas` and their means over draws.

    Parameters
    ----------
    exists
        (n_draws, n_areas) [1]
    mean, variance
        (n_draws, n_areas, 4) if anything ever lay there. [items, items²]
    every_mean, p_any
        (4, n_areas) over all draws. [items], [1]
    """
    low, high = _INTERVALS.for_work(exists.size)(exists, mean, variance, every_mean, p_any, LONGEST_COUNT)
    return low, high


def _interval_walk(
    exists: Floats, mean: Floats, variance: Floats, every_mean: Floats, p_any: Floats, longest: int
) -> tuple[Floats, Floats]:
    """(4, n_areas) 5 % and 95 % points."""
    num_draws, num_areas = exists.shape
    low, high = np.zeros((4, num_areas)), np.zeros((4, num_areas))
    for a in numba.prange(num_areas):
        par = np.zeros((num_draws, 5))
        for k in range(4):
            if p_any[k, a] <= _SEEN:
                continue
            for j in range(num_draws):
                par[j, 0] = exists[j, a]
                par[j, 1], par[j, 2] = 1e9, 0.0  # nothing
                par[j, 3] = negative_binomial_size(mean[j, a, k], variance[j, a, k])
                par[j, 4] = mean[j, a, k]
            low[k, a], high[k, a] = mixture_interval(par, every_mean[k, a], longest)
    return low, high


_INTERVALS = OneOrAll(_interval_walk, _LONG)
