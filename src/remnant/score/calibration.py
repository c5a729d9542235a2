"""Does 10 % mean 10 %: stated chances beside what happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from remnant.errors import InvalidInput
from remnant.units import Floats

NUM_BINS = 10
_LEVEL = 0.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibrationCurve:
    """Groups of places with like chances.

    Parameters
    ----------
    stated
        (n_bins,) mean chance that the forecast gave. [1]
    happened
        (n_bins,) share of the places where something was found. [1]
    low, high
        (n_bins,) 90 % interval of that share, if places were independent (Jeffreys). Neighbours are not, so the
        truth is wider. [1]
    num_places
        (n_bins,) places.
    """

    stated: Floats
    happened: Floats
    low: Floats
    high: Floats
    num_places: Floats


def chance_bins(p_any: Floats, num_bins: int = NUM_BINS) -> NDArray[np.int64]:
    """Group of each place: as many groups of like size as the chances allow, equal chances never torn apart. (n,)"""
    if num_bins < 1:
        raise InvalidInput(f"the calibration curve needs one group or more; got {num_bins}.")
    values, inverse, count = np.unique(p_any, return_inverse=True, return_counts=True)
    middle = (np.cumsum(count) - 0.5 * count) / p_any.size
    bins = np.minimum((middle * num_bins).astype(np.int64), num_bins - 1)
    _, dense = np.unique(bins, return_inverse=True)
    return np.asarray(dense.reshape(-1)[inverse.reshape(-1)], np.int64) if values.size else inverse


def calibration_curve(
    p_any: Floats, happened: NDArray[np.bool_], num_bins: int = NUM_BINS
) -> CalibrationCurve:
    """Stated chance and what happened, in groups of about equal numbers of places.

    Parameters
    ----------
    p_any
        (n,) chance of a find that was stated. [1]
    happened
        (n,) whether something was found.
    num_bins
        Groups asked for; fewer come where many places share a chance.
    """
    bins = chance_bins(p_any, num_bins)
    count = np.bincount(bins).astype(np.float64)
    yes = np.bincount(bins, happened)
    tail = 0.5 * (1.0 - _LEVEL)
    low = np.where(yes > 0, special.betaincinv(yes + 0.5, count - yes + 0.5, tail), 0.0)
    high = np.where(yes < count, special.betaincinv(yes + 0.5, count - yes + 0.5, 1.0 - tail), 1.0)
    return CalibrationCurve(
        stated=np.bincount(bins, p_any) / count, happened=yes / count, low=low, high=high, num_places=count
    )


def expected_calibration_error(
    p_any: Floats,
    happened: NDArray[np.bool_],
    weight: Floats | None = None,
    bins: NDArray[np.int64] | None = None,
) -> float:
    """Mean distance of stated chance and what happened over the groups, weighted by places. [1]

    It is above 0 even for a perfect forecast, because shares of few places scatter.

    Parameters
    ----------
    p_any, happened
        As in `calibration_curve`.
    weight
        (n,) weight of each place; one each if left out.
    bins
        Groups, if they are fixed already; see `chance_bins`.

    Examples
    --------
    >>> round(expected_calibration_error(np.array([0.2, 0.2, 0.9, 0.9]), np.array([False, False, True, True])), 3)
    0.15
    """
    group = chance_bins(p_any) if bins is None else bins
    w = np.ones(p_any.size) if weight is None else weight
    gap = np.bincount(group, w * (p_any - happened))
    return float(np.abs(gap).sum() / w.sum()) if w.sum() > 0.0 else float("nan")
