"""Forecasts from nothing but where past events were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy import optimize, spatial, special, stats

from remnant.errors import InvalidInput
from remnant.score.baselines import fit_logistic
from remnant.score.folds import Folds
from remnant.score.forecast import Forecast, forecast
from remnant.score.proper import count_log_score
from remnant.units import Floats, Ints

Signal = Callable[[Floats, Floats, Floats, Floats], Floats]
"""(event_x, event_y, x, y) → (n,) a number that grows with the events expected at each place."""

_DISTANCE_M = 1000.0  # one step of distance that matters: log(1 + d / 1 km)
_REACH = 6.0  # bandwidths beyond which a Gaussian kernel is below 2e-8 of its height
_CHUNK = 20_000
_LEAST_DENSITY = 1e-4  # events per km² that stand for none, so that the logarithm exists


def distance_to_nearest_m(event_x: Floats, event_y: Floats, x: Floats, y: Floats, k: int = 1) -> Floats:
    """Distance of each place to the k-th nearest past event. (n,) [m]

    Examples
    --------
    >>> distance_to_nearest_m(np.array([0.0]), np.array([0.0]), np.array([3.0]), np.array([4.0])).tolist()
    [5.0]
    """
    if event_x.size < k:
        raise InvalidInput(
            f"the distance to event number {k} needs as many; there are {event_x.size} by the cut. "
            "Move the cut, or leave this comparison out."
        )
    tree = spatial.cKDTree(np.column_stack([event_x, event_y]))
    distance, _ = tree.query(np.column_stack([x, y]), k=[k])
    return np.asarray(distance[:, 0])


def kernel_density_per_m2(
    event_x: Floats, event_y: Floats, x: Floats, y: Floats, bandwidth_m: float
) -> Floats:
    """Past events per square metre, smoothed by a Gaussian kernel. (n,) [1/m²]

    Parameters
    ----------
    event_x, event_y
        (n_events,) past events. [m]
    x, y
        (n,) places. [m]
    bandwidth_m
        Standard deviation of the kernel. [m]
    """
    if not bandwidth_m > 0.0:
        raise InvalidInput(f"the bandwidth must be above 0 m; got {bandwidth_m:g}.")
    out = np.zeros(x.size)
    if event_x.size == 0:
        return out
    points, count = np.unique(np.column_stack([event_x, event_y]), axis=0, return_counts=True)
    tree, at = spatial.cKDTree(points), np.column_stack([x, y])
    for first in range(0, len(at), _CHUNK):
        part = spatial.cKDTree(at[first : first + _CHUNK])
        near = part.sparse_distance_matrix(tree, _REACH * bandwidth_m, output_type="coo_matrix")
        kernel = np.exp(-0.5 * np.square(near.data / bandwidth_m)) * count[near.col]
        out[first : first + _CHUNK] = np.bincount(near.row, kernel, part.n)
    return out / (2.0 * np.pi * bandwidth_m**2)


def nearness(k: int = 1) -> Signal:
    """Less log(1 + distance to the k-th nearest past event / 1 km)."""

    def signal(event_x: Floats, event_y: Floats, x: Floats, y: Floats) -> Floats:
        return -np.log1p(distance_to_nearest_m(event_x, event_y, x, y, k) / _DISTANCE_M)

    return signal


def smoothed(bandwidth_m: float) -> Signal:
    """Logarithm of the kernel density of past events."""

    def signal(event_x: Floats, event_y: Floats, x: Floats, y: Floats) -> Floats:
        density = kernel_density_per_m2(event_x, event_y, x, y, bandwidth_m)
        return np.asarray(np.log(density * 1e6 + _LEAST_DENSITY))

    return signal


def calibrated(name: str, signal: Floats, found: Floats, folds: Folds) -> Forecast:
    """A signal turned into chances by a logistic curve that is refit on the other folds for each fold.

    Parameters
    ----------
    name
        For a reader.
    signal
        (n,) grows with the expected find, made from what was known before the outcomes.
    found
        (n,) outcomes; NaN is unknown and never learned from. [items]
    folds
        The split. Without one, the forecast only ranks.
    """
    if folds.kind == "none":
        return forecast(name, rank=signal)
    known = ~np.isnan(found)
    chance = np.zeros(signal.size)
    for part, learn, test in folds.held_out():
        use = learn & known
        if not use.any():
            raise InvalidInput(f"{name} has nothing to learn from outside of {part}. Take other folds.")
        level, slope = fit_logistic(signal[use], (found[use] > 0).astype(np.float64))
        chance[test] = special.expit(level + slope * signal[test])
    return forecast(name, p_any=chance)


def from_past_events(
    name: str,
    signal: Signal,
    event_x: Floats,
    event_y: Floats,
    event_day: Floats,
    event_place: Ints,
    x_m: Floats,
    y_m: Floats,
    *,
    cut_day: float,
    last_day: float,
    inner_day: float,
    read_by: Literal["value", "rank"] = "value",
) -> tuple[Forecast, float]:
    """Events per place from a cut to a last day, learned from the events up to the cut alone.

    How a signal turns into numbers is learned one step earlier in time: from the signal of the events up to an inner
    day, and the events from there to the cut. The same curve is then applied to the signal of all events up to the cut.

    Parameters
    ----------
    name
        For a reader.
    signal
        Such as `nearness` or ``smoothed(2000.0)``.
    event_x, event_y, event_day
        (n_events,) all events; those after the cut are not looked at. [m, m, d]
    event_place
        (n_events,) number of the place in which each lies; −1 outside of all.
    x_m, y_m
        (n,) places. [m]
    cut_day, last_day, inner_day
        Last day that may be learned from, last day forecast, and the inner day. [d]
    read_by
        ``value``: the curve is read at the signal, which expects more events as they pile up, because distances shrink
        and densities grow; ``rank``: at the signal's rank among the places, which expects as many events per day as
        came from the inner day to the cut.

    Returns
    -------
    The forecast, a negative binomial for each place, and the mean log score that its curve had on the inner step, by
    which variants (bandwidths) can be chosen without looking past the cut.
    """
    if not inner_day < cut_day < last_day:
        raise InvalidInput(
            "the inner day must come before the cut, and the cut before the last day; they do not."
        )
    first, known = event_day <= inner_day, event_day <= cut_day
    counted = known & ~first & (event_place >= 0)
    inner = np.bincount(event_place[counted], minlength=x_m.size).astype(np.float64)
    before = signal(event_x[first], event_y[first], x_m, y_m)
    level, slope, size = fit_counts(before, inner)
    by_cut = signal(event_x[known], event_y[known], x_m, y_m)
    stretch = (last_day - cut_day) / (cut_day - inner_day)
    read = by_cut
    if read_by == "rank":
        read = np.interp(stats.rankdata(by_cut) - 1.0, np.arange(before.size), np.sort(before))
    mean = stretch * np.exp(level + slope * read)
    inner_score = float(count_log_score(np.exp(level + slope * before), np.array(size), inner).mean())
    return forecast(name, mean=mean, size=size, rank=by_cut if slope >= 0.0 else -by_cut), inner_score


def fit_counts(signal: Floats, found: Floats) -> tuple[float, float, float]:
    """Level and slope of the logarithm of the mean along a signal, and size of the negative binomial about it.

    By maximum likelihood, with a slight pull of the slope to 0 and of the size to 1.

    Parameters
    ----------
    signal
        (n,) grows with the expected number.
    found
        (n,) numbers. [items]
    """
    centre, scale = float(signal.mean()), float(signal.std()) or 1.0
    s = (signal - centre) / scale
    start = np.array([np.log((found.sum() + 0.5) / found.size), 0.0, 0.0])

    def loss(b: Floats) -> tuple[float, Floats]:
        mean, size = np.exp(np.clip(b[0] + b[1] * s, -50.0, 50.0)), float(np.exp(np.clip(b[2], -12.0, 12.0)))
        value = -count_log_score(mean, np.array(size), found).sum() + 0.5 * (
            0.01 * b[1] ** 2 + 0.1 * b[2] ** 2
        )
        slack = (mean - found) * size / (size + mean)
        by_size = (
            special.digamma(found + size) - special.digamma(size) + np.log(size / (size + mean))
            + (mean - found) / (size + mean)
        )  # fmt: skip
        gradient = np.array([slack.sum(), slack @ s + 0.01 * b[1], -size * by_size.sum() + 0.1 * b[2]])
        return float(value), gradient

    b = optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[(-40, 40), (-20, 20), (-10, 10)]
    ).x
    slope = float(b[1]) / scale
    return float(b[0]) - slope * centre, slope, float(np.exp(b[2]))
