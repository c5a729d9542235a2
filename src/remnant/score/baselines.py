"""Forecasts that know nothing but where things are: what any model must beat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy import optimize, spatial, special

from remnant.errors import InvalidInput
from remnant.score.folds import Folds
from remnant.score.forecast import Forecast, forecast
from remnant.units import Floats

Fit = Callable[[Floats, Floats, Floats, Floats, Floats], Floats]
"""(learn_x, learn_y, learn_found, x, y) → chance of a find at each (x, y)."""

_BANDWIDTHS = 9
_TRIED = 1500
_FEWEST = 10  # places below which a bandwidth cannot be chosen
_DISTANCE_M = 1000.0  # one step of distance that matters: log(1 + d / 1 km)
_CHUNK = 2_000_000  # pairs held at once


def held_out(name: str, fit: Fit, x_m: Floats, y_m: Floats, found: Floats, folds: Folds) -> Forecast:
    """A baseline refit on the other folds for each fold, so that no place helps to forecast itself.

    Parameters
    ----------
    name
        For a reader.
    fit
        Such as `prevalence` or `nearest_neighbours`.
    x_m, y_m
        (n,) places. [m]
    found
        (n,) outcomes; NaN is unknown and never learned from. [items]
    folds
        The split.

    Returns
    -------
    Chances for all n places (places that are never held out: those of a fit to all others).
    """
    if folds.kind == "none":
        raise InvalidInput(
            f"{name} must be learned from other places than it is tested on; there are no folds. Choose a split."
        )
    chance = np.full(found.size, np.nan)
    known = ~np.isnan(found)
    for part, learn, test in folds.held_out():
        use = learn & known
        if not use.any():
            raise InvalidInput(f"{name} has nothing to learn from outside of {part}. Take other folds.")
        chance[test] = fit(x_m[use], y_m[use], (found[use] > 0).astype(np.float64), x_m[test], y_m[test])
    rest = np.isnan(chance)
    chance[rest] = float((found[known] > 0).mean())
    return forecast(name, p_any=chance)


def prevalence(learn_x: Floats, learn_y: Floats, learn_found: Floats, x: Floats, y: Floats) -> Floats:
    """The same chance everywhere: the share of places with a find, with one half added to both sides."""
    return np.full(x.size, (learn_found.sum() + 0.5) / (learn_found.size + 1.0))


def nearest_neighbours(k: int = 25, weights: Literal["equal", "inverse distance"] = "equal") -> Fit:
    """Share of the k nearest places that had a find, with one half added to both sides, so that none is impossible.

    Parameters
    ----------
    k
        Neighbours.
    weights
        All alike, or by one over the distance.
    """

    def fit(learn_x: Floats, learn_y: Floats, learn_found: Floats, x: Floats, y: Floats) -> Floats:
        num = min(k, learn_x.size)
        distance, index = spatial.cKDTree(np.column_stack([learn_x, learn_y])).query(
            np.column_stack([x, y]), k=np.arange(1, num + 1)
        )
        w = np.ones(distance.shape) if weights == "equal" else 1.0 / np.maximum(distance, 1.0)
        share = (w * learn_found[index]).sum(axis=1) / w.sum(axis=1)
        return np.asarray((num * share + 0.5) / (num + 1.0))

    return fit


def nearest_find(learn_x: Floats, learn_y: Floats, learn_found: Floats, x: Floats, y: Floats) -> Floats:
    """Chance from the distance to the nearest place with a find, by a logistic curve of log(1 + distance / 1 km)."""
    points = np.column_stack([learn_x, learn_y])
    is_find = learn_found > 0
    if is_find.sum() < 2 or is_find.all():
        return prevalence(learn_x, learn_y, learn_found, x, y)
    tree = spatial.cKDTree(points[is_find])
    distance, _ = tree.query(points, k=[1, 2])
    own = np.where(is_find, distance[:, 1], distance[:, 0])  # a place does not count as its own neighbour
    there, _ = tree.query(np.column_stack([x, y]))
    level, slope = fit_logistic(-np.log1p(own / _DISTANCE_M), is_find.astype(np.float64))
    return np.asarray(special.expit(level - slope * np.log1p(there / _DISTANCE_M)))


def kernel_share(bandwidth_m: float | None = None) -> Fit:
    """Kernel-weighted share of places with a find; the bandwidth by leave-one-out log score if not given. [m]"""

    def fit(learn_x: Floats, learn_y: Floats, learn_found: Floats, x: Floats, y: Floats) -> Floats:
        common = (learn_found.sum() + 0.5) / (learn_found.size + 1.0)
        learn = np.column_stack([learn_x, learn_y])
        width = bandwidth_m or _best_bandwidth_m(learn, learn_found, common)
        yes, total = _kernel_sums(learn, learn_found, np.column_stack([x, y]), width)
        return np.asarray((yes + common) / (total + 1.0))

    return fit


def _best_bandwidth_m(points: Floats, found: Floats, common: float) -> float:
    """Bandwidth under which places (at most 1,500 of them, evenly taken) are forecast best from all others."""
    if len(points) < _FEWEST:
        return _DISTANCE_M
    spacing, _ = spatial.cKDTree(points).query(points, k=[2])
    extent = float(np.ptp(points, axis=0).max())
    lowest = max(float(np.median(spacing)), extent / 1000.0, 1e-9)
    tried = np.unique(np.linspace(0, len(points) - 1, min(len(points), _TRIED)).astype(np.int64))
    best, best_score = lowest, -np.inf
    for width in np.geomspace(lowest, max(extent / 4.0, 2.0 * lowest), _BANDWIDTHS):
        yes, total = _kernel_sums(points, found, points[tried], width)
        own = found[tried]
        p = np.clip(
            (yes - own + common) / total, 1e-12, 1.0 - 1e-12
        )  # less the place itself, plus one of the common
        score = float((special.xlogy(own, p) + special.xlog1py(1.0 - own, -p)).mean())
        if score > best_score:
            best, best_score = float(width), score
    return best


def _kernel_sums(points: Floats, found: Floats, at: Floats, width_m: float) -> tuple[Floats, Floats]:
    """Sums of a Gaussian kernel of height 1 over the finds and over all points, at each place."""
    yes, total = np.empty(len(at)), np.empty(len(at))
    step = max(1, _CHUNK // max(len(points), 1))
    for first in range(0, len(at), step):
        rows = slice(first, first + step)
        kernel = np.exp(-0.5 * spatial.distance.cdist(at[rows], points, "sqeuclidean") / width_m**2)
        yes[rows], total[rows] = kernel @ found, kernel.sum(axis=1)
    return yes, total


def fit_logistic(score: Floats, happened: Floats) -> tuple[float, float]:
    """Level and slope of the chance as a logistic curve of a score, by maximum likelihood with a slight pull to 0.

    Parameters
    ----------
    score
        (n,) grows with the expected find.
    happened
        (n,) 1 where something was found, else 0.
    """
    centre, scale = float(score.mean()), float(score.std()) or 1.0
    s = (score - centre) / scale

    def loss(b: Floats) -> tuple[float, Floats]:
        eta = b[0] + b[1] * s
        value = float(np.logaddexp(0.0, eta).sum() - happened @ eta + 0.5 * 1e-3 * (b @ b))
        slack = special.expit(eta) - happened
        return value, np.array([slack.sum() + 1e-3 * b[0], slack @ s + 1e-3 * b[1]])

    b = optimize.minimize(loss, np.zeros(2), jac=True, method="BFGS").x
    slope = float(b[1]) / scale
    return float(b[0]) - slope * centre, slope
